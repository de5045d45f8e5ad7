/*
 * testing.h -- a store with its committer and loop inside a test: requests go
 * through jobs and batches as in stored, without sockets.
 * Include base/check.h first.
 */
#ifndef STORE_TESTING_H
#define STORE_TESTING_H

#include <string.h>
#include <unistd.h>

#include "net/ipc.h"
#include "net/loop.h"
#include "store/committer.h"
#include "store/scratch.h"
#include "store/segment.h"
#include "store/store.h"

#define TESTING_KEY SLICE("the key of the grants")

struct testing {
	char path[SCRATCH_PATH_MAX];
	struct loop *loop;
	struct store *store;
	struct committer *committer;
	struct job *done;	/* of the last testing_wait() */
	unsigned waiting;
	uint64_t floor_bytes;
};

/* Takes what the committer gives back; testing_wait() looks at it. */
static inline void
testing_done(void *ctx, struct job *jobs, bool is_changed)
{
	struct testing *t = ctx;
	struct job *j;

	(void)is_changed;
	while ((j = jobs) != NULL) {
		jobs = j->next;
		j->next = t->done;
		t->done = j;
		if (--t->waiting == 0)
			loop_stop(t->loop);
	}
}

static inline void
testing_open(struct testing *t)
{
	struct committer_spec spec = { .segment_size = SEGMENT_SIZE_MIN,
		.floor_bytes = t->floor_bytes, .done = testing_done, .ctx = t };
	struct problem why = { "" };

	t->loop = loop_new();
	if (store_open(t->path, ENV_WRITE, &t->store, &why) != STATUS_OK ||
	    committer_new(t->store, t->loop, &spec, &t->committer, &why) != STATUS_OK)
		fail_msg("%s", why.text);
}

/* Free the jobs of the last testing_wait(). */
static inline void
testing_forget(struct testing *t)
{
	while (t->done != NULL) {
		struct job *j = t->done;

		t->done = j->next;
		job_free(&j);
	}
}

static inline void
testing_close(struct testing *t)
{
	testing_forget(t);
	committer_free(&t->committer);
	store_close(&t->store);
	loop_free(&t->loop);
}

/* A store of its own for each test. */
static inline int
testing_setup(void **state)
{
	static struct testing t;

	memset(&t, 0, sizeof(t));
	scratch_make(t.path);
	testing_open(&t);
	*state = &t;
	return 0;
}

/* Close and remove it. */
static inline int
testing_teardown(void **state)
{
	struct testing *t = *state;

	testing_close(t);
	scratch_remove(t->path);
	return 0;
}

/* Takes the job; several make one batch, perhaps. */
static inline void
testing_submit(struct testing *t, struct job **j)
{
	t->waiting++;
	committer_submit(t->committer, j);
}

/* Until all that was submitted is done; the jobs are in t->done. */
static inline void
testing_wait(struct testing *t)
{
	if (t->waiting > 0)
		loop_run(t->loop);
}

/* Run one job; it is there until the next is run. */
static inline const struct job *
testing_run(struct testing *t, struct job *j)
{
	testing_forget(t);
	testing_submit(t, &j);
	testing_wait(t);
	return t->done;
}

/* A sealed memfd with this text. */
static inline int
testing_memfd(struct slice text)
{
	int fd;

	CHECK_STATUS(memfd_new(&fd, NULL), STATUS_OK);
	CHECK(write(fd, text.ptr, text.len) == (ssize_t)text.len);
	CHECK_STATUS(memfd_seal(fd, NULL), STATUS_OK);
	return fd;
}

/* Append a grant that allows an account everything. */
static inline void
testing_grant(uint32_t account, struct buf *out)
{
	struct grant g = {
		.account = account,
		.rights = GRANT_CHANGE,
		.login = SLICE("zhang@acme.test"),
		.sid = SLICE("k3v7q2m9tzae"),
	};

	grant_seal(&g, TESTING_KEY, out);
}

/* A decoded request, not submitted. */
static inline struct job *
testing_job(uint32_t account, uint16_t type, struct store_work *w, int fd)
{
	struct buf grant = buf_init(GRANT_MAX), b = buf_init(REQUEST_MAX);
	struct problem why = { "" };
	struct job *j = NULL;

	testing_grant(account, &grant);
	w->grant = buf_slice(&grant);
	CHECK_STATUS(work_encode(type, w, &b), STATUS_OK);
	if (job_of_work(type, buf_slice(&b), fd, TESTING_KEY, 1795516611, &j, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	buf_clear(&b);
	buf_clear(&grant);
	return j;
}

/* A request of an account, carried out; what it gave is there until the next. */
static inline const struct job *
testing_work(struct testing *t, uint32_t account, uint16_t type, struct store_work *w)
{
	return testing_run(t, testing_job(account, type, w, -1));
}

/* Messages with these texts, flags and keywords, to be appended. */
static inline struct job *
testing_append_job(uint32_t account, uint32_t mailbox, const char *const *texts, uint32_t count,
    uint64_t flags, const char *keywords)
{
	struct store_append_message messages[STORE_APPEND_MAX] = { { 0 } };
	struct store_work w = { .mailbox = mailbox, .message_count = count, .messages = messages };
	struct buf all = buf_init(1 << 26);
	struct job *j;
	int fd;

	for (uint32_t i = 0; i < count; i++) {
		struct slice text = slice_from_cstr(texts[i]);

		messages[i].at = (uint32_t)all.len;
		messages[i].size_bytes = (uint32_t)text.len;
		messages[i].internal_at = 1700000000 + i;
		messages[i].internal_zone = 480;
		messages[i].flags = flags;
		messages[i].keywords = slice_from_cstr(keywords);
		messages[i].digest = SLICE("");
		sha256_of(text, messages[i].sha256);
		buf_append(&all, text);
	}
	fd = testing_memfd(buf_slice(&all));
	j = testing_job(account, STORE_APPEND, &w, fd);
	close(fd);
	buf_clear(&all);
	return j;
}

/* One message; returns its UID. */
static inline uint32_t
testing_append(struct testing *t, uint32_t account, uint32_t mailbox, const char *text,
    uint64_t flags, const char *keywords)
{
	const struct job *j;

	j = testing_run(t, testing_append_job(account, mailbox, &text, 1, flags, keywords));
	CHECK_STATUS(j->status, STATUS_OK);
	return j->result.target.ranges[0].first;
}

/* A reading transaction; txn_abort() it. */
static inline struct txn *
testing_read(struct testing *t)
{
	struct txn *txn;

	CHECK_STATUS(txn_begin_read(store_env(t->store), &txn, NULL), STATUS_OK);
	return txn;
}

/* Id of a mailbox; 0: there is none of that name. */
static inline uint32_t
testing_mailbox(struct testing *t, uint32_t account, const char *name)
{
	struct txn *txn = testing_read(t);
	struct mailbox_row row = { 0 };

	if (mailbox_find(txn, account, slice_from_cstr(name), &row, NULL) != STATUS_OK)
		row.id = 0;
	txn_abort(&txn);
	return row.id;
}

/* The set is written as text. */
static inline void
testing_check_set(const struct uidset *s, const char *text)
{
	struct buf b = buf_init(1 << 20);

	uidset_print(s, &b);
	CHECK_SLICE(buf_slice(&b), text);
	buf_clear(&b);
}

/* An account with its folders. */
static inline void
testing_account(struct testing *t, uint32_t account)
{
	struct store_work w = { 0 };

	CHECK_STATUS(testing_work(t, account, STORE_SESSION, &w)->status, STATUS_OK);
}

#endif
