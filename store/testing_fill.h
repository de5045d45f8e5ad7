/*
 * testing_fill.h -- what tests do to a store: mail comes in by plans, messages
 * go, the journal is sealed, and all of it is found whole.
 * Include base/check.h first.
 */
#ifndef STORE_TESTING_FILL_H
#define STORE_TESTING_FILL_H

#include <stdlib.h>

#include "base/mem.h"
#include "store/digest.h"
#include "store/journal.h"
#include "store/plan.h"
#include "store/seal.h"
#include "store/segment_row.h"
#include "store/testing_check.h"
#include "store/text.h"
#include "store/verify.h"

#define TESTING_RECEIVED_AT 1700000000

/* A plan is carried out with this text; what it says of the text is filled in. */
static inline const struct job *
testing_plan(struct testing *t, struct slice text, struct plan *p)
{
	struct buf digest = buf_init(DIGEST_RECORD_MAX), b = buf_init(1 << 20);
	int fd = testing_memfd(text);
	struct job *j = NULL;

	p->mid = SLICE("k3v7q2m9tzae");
	p->sid = SLICE("s");
	if (p->received_at == 0)
		p->received_at = TESTING_RECEIVED_AT;
	p->size_bytes = (uint32_t)text.len;
	sha256_of(text, p->sha256);
	digest_compute(text, &digest);
	p->digest = buf_slice(&digest);
	CHECK_STATUS(plan_encode(p, &b), STATUS_OK);
	CHECK_STATUS(job_of_plan(buf_slice(&b), fd, &j, NULL), STATUS_OK);
	close(fd);
	buf_clear(&digest);
	buf_clear(&b);
	return testing_run(t, j);
}

/* A message from outside for ME and OTHER, archived, queued, written down. */
static inline void
testing_deliver(struct testing *t, struct slice text, struct slice recipients)
{
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_DELIVER, .account = OTHER, .role = MAILBOX_JUNK },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_IN, .sender = SLICE("a@b.test"),
		    .recipients = recipients },
		{ .kind = ACTION_QUEUE, .sender = SLICE("a@b.test"), .recipients = SLICE("c@d.test"),
		    .route = 1 },
		{ .kind = ACTION_FETCHED, .fetch = 3, .uidl = slice_sub(text, 0, 40) },
		{ .kind = ACTION_AUDIT, .audit_kind = SLICE("mail"), .actor = SLICE("x"),
		    .subject = SLICE("abc"), .detail = SLICE("line\n") },
	};
	struct plan p = { .action_count = ARRAY_LEN(actions), .actions = actions };

	CHECK_STATUS(testing_plan(t, text, &p)->status, STATUS_OK);
}

/*
 * So many people that a digest and an envelope are too long for their rows: a
 * field To, and the recipients of an envelope.
 */
static inline void
testing_crowd(struct buf *field, struct buf *recipients)
{
	buf_printf(field, "To: ");
	for (int i = 0; i < 120; i++) {
		buf_printf(field, "person%d@department.example.test,\r\n\t", i);
		buf_printf(recipients, "person%d@department.example.test\n", i);
	}
	buf_printf(field, "end@d.test\r\n");
	buf_printf(recipients, "end@d.test");
}

/* A UID, or * for the largest there can be. */
static inline uint32_t
testing_uid(struct slice text)
{
	return slice_equal(text, SLICE("*")) ? UINT32_MAX : (uint32_t)strtoul(text.ptr, NULL, 10);
}

/* A set as it is written: "1:3,7", "2:*". */
static inline struct uidset
testing_uids(const char *text)
{
	struct slice rest = slice_from_cstr(text);
	struct uidset s = uidset_init();

	while (rest.len > 0) {
		struct slice last = slice_take_until(&rest, ','), first = slice_take_until(&last, ':');

		if (last.len == 0)
			last = first;
		CHECK_STATUS(uidset_add(&s, testing_uid(first), testing_uid(last)), STATUS_OK);
	}
	return s;
}

/* A request about messages of these UIDs. */
static inline const struct job *
testing_on_uids(struct testing *t, uint32_t account, uint16_t type, struct store_work w,
    const char *uids)
{
	const struct job *j;

	w.uids = testing_uids(uids);
	j = testing_work(t, account, type, &w);
	uidset_clear(&w.uids);
	return j;
}

/* Messages go to the trash; the number of that change. */
static inline uint64_t
testing_expunge(struct testing *t, uint32_t account, uint32_t mailbox, const char *uids)
{
	struct store_work w = { .mailbox = mailbox, .mode = EXPUNGE_ALL };
	const struct job *j = testing_on_uids(t, account, STORE_EXPUNGE, w, uids);

	CHECK_STATUS(j->status, STATUS_OK);
	return j->result.change;
}

/* Journal rows of the changes [first, last], of the UID of that number, so many seconds apart. */
static inline void
testing_journal(struct testing *t, uint64_t first, uint64_t last, uint32_t apart_s)
{
	struct journal_row row = { .op = JOURNAL_FLAGGED, .account = ME, .mailbox = 3 };
	struct change c = { .sid = SLICE("k3v7q2m9tzae"), .actor = ME };
	struct uidset uids = uidset_init();

	CHECK_STATUS(txn_begin_write(store_env(t->store), &c.txn, NULL), STATUS_OK);
	for (c.number = first; c.number <= last; c.number++) {
		c.now_s = c.number * apart_s;
		c.journal_part = 0;
		uidset_clear(&uids);
		CHECK_STATUS(uidset_add(&uids, (uint32_t)c.number, (uint32_t)c.number), STATUS_OK);
		CHECK_STATUS(journal_put(&c, &row, &uids, NULL), STATUS_OK);
	}
	CHECK_STATUS(txn_commit(&c.txn, NULL), STATUS_OK);
	uidset_clear(&uids);
}

/* Seal one part of the journal from before then; how many rows it had. */
static inline uint32_t
testing_seal(struct testing *t, uint64_t before_s)
{
	struct txn *txn = testing_read(t);
	struct job *j = NULL;
	uint32_t rows;

	CHECK_STATUS(job_of_seal(txn, before_s, &j, NULL), STATUS_OK);
	txn_abort(&txn);
	if (j == NULL)
		return 0;
	rows = seal_rows(j);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
	return rows;
}

/* Bytes that no codec makes smaller, and a NUL behind them; mem_free() it. */
static inline char *
testing_noise(uint32_t seed, size_t len)
{
	char *text = mem_array(char, len + 1);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = (char)(seed >> 25 | 0x80);
	}
	return text;
}

/* The row of a text, without what it borrows; its id is 0: there is none. */
static inline struct text_row
testing_text(struct testing *t, uint64_t id)
{
	struct txn *txn = testing_read(t);
	struct text_row row = { 0 };
	enum status st = text_get(txn, id, &row, NULL);

	CHECK(st == STATUS_OK || st == STATUS_ABSENT);
	txn_abort(&txn);
	if (st != STATUS_OK)
		row.id = 0;
	row.mid = row.digest = SLICE("");
	row.digest_len = 0;
	return row;
}

/* One reference more to a text, or one less. */
static inline void
testing_refer(struct testing *t, uint64_t text, int32_t change)
{
	struct txn *txn;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(text_refer(txn, text, change, NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
}

/* What is counted of a segment. */
static inline struct segment_row
testing_segment(struct testing *t, uint32_t segment)
{
	struct txn *txn = testing_read(t);
	struct segment_row row;

	CHECK_STATUS(segment_row_get(txn, segment, &row, NULL), STATUS_OK);
	txn_abort(&txn);
	return row;
}

/* Tells what verify found, as a failure. */
static inline void
testing_found(void *ctx, const struct verify_finding *f)
{
	(void)ctx;
	fail_msg("%.*s %.*s: %.*s", SLICE_ARG(f->table), SLICE_ARG(f->key), SLICE_ARG(f->what));
}

/* Nothing is wrong with a store that nobody writes. */
static inline void
testing_verify(const char *path)
{
	struct verify_hooks hooks = { testing_found, NULL, NULL };
	struct problem why = { "" };

	if (verify_store(path, &hooks, &why) != STATUS_OK)
		fail_msg("%s", why.text);
}

/* Close it, find it whole, go on. */
static inline void
testing_check_whole(struct testing *t)
{
	testing_close(t);
	testing_verify(t->path);
	testing_open(t);
}

/* A store of its own for each test, filled and closed. */
static inline int
testing_setup_closed(void **state, void (*fill)(struct testing *t))
{
	testing_setup(state);
	fill(*state);
	testing_close(*state);
	return 0;
}

/* The store is closed by then. */
static inline int
testing_teardown_closed(void **state)
{
	struct testing *t = *state;

	scratch_remove(t->path);
	return 0;
}

#endif
