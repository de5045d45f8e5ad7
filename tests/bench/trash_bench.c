/*
 * trash_bench DIRECTORY [MESSAGES]: how long the writer is held by a slice of a
 * removal (an account's messages to its trash) and of a purge, by messages a
 * slice, beside a commit of one row; in a store of so many messages of 100
 * accounts, of which the first is removed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/account.h"
#include "store/digest.h"
#include "store/former.h"
#include "store/job.h"
#include "store/limits.h"
#include "store/message_id.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/trash_order.h"

#define ACCOUNTS 100
#define FILL 20000		/* messages a transaction */
#define SLICES 20		/* measured of each size */
#define FIRST 1			/* the account that is removed */

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "trash_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
must(enum status st, const struct problem *why)
{
	if (st == STATUS_OK)
		return;
	fprintf(stderr, "trash_bench: %s %s\n", status_name(st), why->text);
	exit(1);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The writer while something is done; how long that took. */
struct writer {
	struct txn *txn;
	struct counters n;
	struct change c;
	double began_ms;
};

static void
writer_begin(struct store *s, struct writer *w)
{
	struct problem why = { "" };

	w->began_ms = now_ms();
	must(txn_begin_write(store_env(s), &w->txn, &why), &why);
	must(counters_get(w->txn, &w->n, &why), &why);
	w->c = (struct change){ .txn = w->txn, .counters = &w->n, .number = ++w->n.change,
		.now_s = clock_now_s(), .sid = SLICE("trash_bench") };
}

static double
writer_commit(struct writer *w)
{
	struct problem why = { "" };

	must(counters_put(w->txn, &w->n, &why), &why);
	must(txn_commit(&w->txn, &why), &why);
	return now_ms() - w->began_ms;
}

static double
job_time(struct store *s, struct job *j)
{
	struct problem why = { "" };
	struct writer w;

	writer_begin(s, &w);
	w.c.sid = j->sid;
	must(j->run(j, &w.c, &why), &why);
	job_free(&j);
	return writer_commit(&w);
}

/* A message of 4 KB whose text nobody wrote: only its rows matter here. */
static void
text_and_message_put(struct writer *w, uint64_t n, struct slice digest)
{
	struct text_row text = { .id = ++w->n.text, .mid = SLICE("k3v7q2m9tzae"), .size_bytes = 4096,
		.segment = 1, .segment_at = 4096, .head_len = RECORD_HEAD_LEN,
		.digest_len = (uint32_t)digest.len, .digest = digest };
	struct message_id_row id = { .text = text.id };
	struct message_row row = { .text = text.id, .size_bytes = 4096 };
	struct problem why = { "" };
	struct account_row a;
	struct folder f;
	struct digest d;

	memcpy(text.sha256, &n, sizeof(n));
	must(digest_decode(digest, &d), &why);
	id.key = message_id_key(d.message_id);
	must(text_put(w->txn, &text, 1, &why), &why);
	must(message_id_put(w->txn, &id, &why), &why);
	must(account_need(&w->c, FIRST + (uint32_t)(n % ACCOUNTS), &a, &why), &why);
	must(folder_open(&w->c, a.id, a.inbox, &f, &why), &why);
	must(folder_add(&w->c, &f, &row, 0, &why), &why);
	must(folder_save(&w->c, &f, &why), &why);
}

static void
fill(struct store *s, uint64_t messages)
{
	struct buf digest = buf_init(DIGEST_RECORD_MAX), text = buf_init(4096);
	struct writer w;

	for (uint64_t n = 0; n < messages; n++) {
		if (n % FILL == 0)
			writer_begin(s, &w);
		buf_reset(&text);
		buf_reset(&digest);
		buf_printf(&text, "From: \"Zhang San\" <zhang@acme.test>\r\nTo: li@customer.example\r\n"
		    "Subject: Re: quotation %llu for lamps\r\nMessage-ID: <%llu@acme.test>\r\n\r\nx\r\n",
		    (unsigned long long)n, (unsigned long long)n);
		digest_compute(buf_slice(&text), &digest);
		text_and_message_put(&w, n, buf_slice(&digest));
		if (n % FILL == FILL - 1 || n + 1 == messages)
			writer_commit(&w);
	}
	buf_clear(&digest);
	buf_clear(&text);
}

static void
account_end(struct store *s)
{
	struct account_limits limits = { .account = FIRST, .trash_days = 1 };
	struct problem why = { "" };
	struct buf b = buf_init(1024);
	struct job *j;

	limits_put(&limits, 1, &b);
	must(job_of_limits(buf_slice(&b), &j, &why), &why);
	job_time(s, j);
	buf_reset(&b);
	account_remove_put(FIRST, SLICE("zhang@acme.test"), &b);
	must(job_of_account_remove(buf_slice(&b), &j, &why), &why);
	job_time(s, j);
	buf_clear(&b);
}

static struct job *
next_job(struct store *s, const char *what, uint32_t slice)
{
	struct problem why = { "" };
	struct job *j;
	struct txn *t;

	must(txn_begin_read(store_env(s), &t, &why), &why);
	if (strcmp(what, "removal") == 0) {
		j = job_of_leaving(t);
		if (j != NULL)
			j->slice = slice;
	} else {
		j = job_of_expired(s, t, clock_now_s() + 2 * 86400, slice);
	}
	txn_abort(&t);
	return j;
}

static void
measure(struct store *s, const char *what)
{
	static const uint32_t sizes[] = { 50, 100, 200, 500 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		double sum = 0, most = 0, empty = 0;
		struct writer w;
		struct job *j;
		unsigned n;

		for (n = 0; n < SLICES && (j = next_job(s, what, sizes[i])) != NULL; n++) {
			double took = job_time(s, j);

			sum += took;
			most = took > most ? took : most;
			writer_begin(s, &w);
			empty += writer_commit(&w);
		}
		if (n > 0)
			printf("%-8s %5u a slice: %7.2f ms, at most %7.2f; a commit of one row %6.2f ms; "
			    "%5.3f ms a message beyond it\n", what, sizes[i], sum / n, most, empty / n,
			    (sum - empty) / n / sizes[i]);
	}
}

int
main(int argc, char **argv)
{
	struct problem why = { "" };
	struct store *s;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: trash_bench DIRECTORY [MESSAGES]\n");
		return 2;
	}
	if (mkdir(argv[1], 0700) != 0)
		die(argv[1]);
	must(store_open(argv[1], ENV_WRITE, &s, &why), &why);
	fill(s, argc > 2 ? strtoull(argv[2], NULL, 10) : 100000);
	account_end(s);
	measure(s, "removal");
	while (true) {
		struct job *j = next_job(s, "removal", 500);

		if (j == NULL)
			break;
		job_time(s, j);
	}
	measure(s, "purge");
	store_close(&s);
	return 0;
}
