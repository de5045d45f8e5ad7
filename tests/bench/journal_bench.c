/*
 * journal_bench DIRECTORY [ROWS]: what a client that comes back waits for, and
 * what sealing holds the writer for, with so many rows in the journal: of a
 * hundred mailboxes by turns, every fifth an expunge.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/committer.h"
#include "store/journal.h"
#include "store/seal.h"
#include "store/sealed.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/vanished.h"

#define ROWS 1000000u
#define MAILBOXES 100u
#define BATCH 10000u
#define ROUNDS 20

struct bench {
	struct store *store;
	struct loop *loop;
	struct committer *committer;
	uint64_t expunged[MAILBOXES];	/* change of the last one */
	uint64_t rows;
	bool is_failed;
};

static void
must(enum status st, const struct problem *why)
{
	if (st == STATUS_OK)
		return;
	fprintf(stderr, "journal_bench: %s\n", why->text);
	exit(1);
}

static void
row_put(struct bench *b, struct change *c, struct folder *f)
{
	struct journal_row row = { .op = JOURNAL_FLAGGED, .account = 7, .before = SLICE("12345678"),
		.after = SLICE("12345678") };
	struct uidset uids = uidset_init();
	struct problem why = { "" };
	uint32_t box = (uint32_t)(c->number / 5 % MAILBOXES), uid = (uint32_t)c->number;

	must(uidset_add(&uids, uid, uid), &why);
	row.mailbox = f->row.id = box;
	f->expunged_before = b->expunged[box];
	if (c->number % 5 == 0) {
		must(journal_put_expunged(c, f, &uids, &why), &why);
		b->expunged[box] = c->number;
	} else {
		must(journal_put(c, &row, &uids, &why), &why);
	}
	uidset_clear(&uids);
}

static void
fill(struct bench *b)
{
	struct folder *f = mem_new(struct folder);
	struct change c = { .actor = 7, .sid = SLICE("k3v7q2m9tzae"), .now_s = 1700000000 };
	struct problem why = { "" };

	while (c.number < b->rows) {
		must(txn_begin_write(store_env(b->store), &c.txn, &why), &why);
		for (unsigned i = 0; i < BATCH && c.number < b->rows; i++) {
			c.number++;
			c.journal_part = 0;
			row_put(b, &c, f);
		}
		must(txn_commit(&c.txn, &why), &why);
	}
	mem_free(f);
}

static bool
note_expunged(void *ctx, const struct journal_row *row)
{
	if (row->op == JOURNAL_EXPUNGED && row->mailbox == 1)
		++*(uint64_t *)ctx;
	return true;
}

static void
report(const char *what, uint64_t count, double ms)
{
	printf("| %s | %llu | %.2f |\n", what, (unsigned long long)count, ms);
	fflush(stdout);
}

/* The answer for one mailbox whose last so many expunges are asked for. */
static void
measure_chain(struct bench *b, uint64_t expunges)
{
	struct mailbox_row row = { .id = 1, .expunge_modseq = b->expunged[1] };
	uint64_t behind = expunges * 5 * MAILBOXES, began, count = 0;
	uint64_t since = row.expunge_modseq > behind ? row.expunge_modseq - behind : 0;
	struct problem why = { "" };
	struct txn *t;

	began = clock_monotonic_ms();
	for (int i = 0; i < ROUNDS; i++) {
		struct uidset gone = uidset_init();

		must(txn_begin_read(store_env(b->store), &t, &why), &why);
		must(vanished_since(t, &row, since, &gone, &why), &why);
		txn_abort(&t);
		count = uidset_size(&gone);
		uidset_clear(&gone);
	}
	report("expunges of one mailbox, along their chain", count,
	    (double)(clock_monotonic_ms() - began) / ROUNDS);
}

static void
measure_walk(struct bench *b)
{
	struct problem why = { "" };
	uint64_t count = 0, began = clock_monotonic_ms();
	struct txn *t;

	must(txn_begin_read(store_env(b->store), &t, &why), &why);
	must(journal_each(t, 0, note_expunged, &count, &why), &why);
	txn_abort(&t);
	report("rows of the journal, all of them walked", b->rows,
	    (double)(clock_monotonic_ms() - began));
}

static void
on_done(void *ctx, struct job *jobs, bool is_changed)
{
	struct bench *b = ctx;

	b->is_failed = !is_changed || jobs->status != STATUS_OK;
	job_free(&jobs);
	loop_stop(b->loop);
}

static struct job *
next_part(struct bench *b)
{
	struct problem why = { "" };
	struct job *j;
	struct txn *t;

	must(txn_begin_read(store_env(b->store), &t, &why), &why);
	must(job_of_seal(t, UINT64_MAX, &j, &why), &why);
	txn_abort(&t);
	return j;
}

static void
measure_sealing(struct bench *b)
{
	uint64_t parts = 0, bytes = 0, reading = 0, writing = 0, longest = 0;
	struct job *j;

	for (;; parts++) {
		uint64_t began = clock_monotonic_ms(), read_at;

		j = next_part(b);
		if (j == NULL)
			break;
		bytes += j->text_bytes;
		read_at = clock_monotonic_ms();
		committer_submit(b->committer, &j);
		loop_run(b->loop);
		if (b->is_failed)
			must(STATUS_IO, &(struct problem){ "a part could not be sealed" });
		reading += read_at - began;
		writing += clock_monotonic_ms() - read_at;
		if (clock_monotonic_ms() - read_at > longest)
			longest = clock_monotonic_ms() - read_at;
	}
	report("parts sealed: reading and compressing one", parts, (double)reading / (double)parts);
	report("parts sealed: the writer is held for one", parts, (double)writing / (double)parts);
	report("parts sealed: at the longest", parts, (double)longest);
	printf("\n%.1f bytes a row in segments.\n", (double)bytes / (double)b->rows);
}

int
main(int argc, char **argv)
{
	struct bench b = { .rows = argc > 2 ? strtoull(argv[2], NULL, 10) : ROWS };
	struct committer_spec spec = { .segment_size = SEGMENT_SIZE, .done = on_done, .ctx = &b };
	struct problem why = { "" };

	if (argc < 2 || b.rows == 0) {
		fprintf(stderr, "usage: journal_bench DIRECTORY [ROWS]\n");
		return 2;
	}
	b.loop = loop_new();
	must(store_open(argv[1], ENV_WRITE, &b.store, &why), &why);
	must(committer_new(b.store, b.loop, &spec, &b.committer, &why), &why);
	fill(&b);
	printf("| %llu rows in the journal: | number | ms |\n|---|---|---|\n",
	    (unsigned long long)b.rows);
	measure_chain(&b, 1);
	measure_chain(&b, 100);
	measure_chain(&b, b.rows / 5 / MAILBOXES < 2000 ? b.rows / 5 / MAILBOXES : 2000);
	measure_walk(&b);
	measure_sealing(&b);
	committer_free(&b.committer);
	store_close(&b.store);
	loop_free(&b.loop);
	return 0;
}
