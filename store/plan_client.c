#include "store/plan_client.h"

#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "store/archive_verify.h"
#include "store/asker.h"
#include "store/former.h"
#include "store/keep.h"
#include "store/request.h"

#define LISTS_MAX 64		/* outside mailboxes whose lists are being told at the same time */

struct plan_client {
	struct asker *asker;
	void (*connected)(void *ctx);
	void *connected_ctx;
	uint32_t list_count;
	struct telling {	/* how far a list of what is outside has been told */
		uint32_t fetch;
		uint64_t list;
		uint32_t pieces;
	} lists[LISTS_MAX];
};

static void
on_connected(void *ctx)
{
	struct plan_client *c = ctx;

	if (c->connected != NULL)
		c->connected(c->connected_ctx);
}

struct plan_client *
plan_client_new(struct loop *l, const char *path)
{
	struct plan_client *c = mem_new(struct plan_client);

	c->asker = asker_new(l, path, on_connected, NULL, c);
	return c;
}

void
plan_client_on_connected(struct plan_client *c, void (*connected)(void *ctx), void *ctx)
{
	c->connected = connected;
	c->connected_ctx = ctx;
}

void
plan_client_free(struct plan_client **cp)
{
	struct plan_client *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	asker_free(&c->asker);
	mem_free(c);
}

void
plan_cancel(struct plan_client *c, uint32_t call)
{
	asker_cancel(c->asker, call);
}

static void
execute_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	plan_done *done = (plan_done *)fn;
	uint64_t change = 0;

	(void)frame;
	if (st == STATUS_OK) {
		change = read_u64le(in);
		read_u64le(in);
		if (!reader_at_end(in))
			st = STATUS_BUSY;
	}
	done(ctx, st, change, why);
}

uint32_t
plan_execute(struct plan_client *c, const struct plan *p, int text, plan_done *done, void *ctx)
{
	struct buf b = buf_init(REQUEST_MAX);

	if (plan_encode(p, &b) != STATUS_OK)
		b.is_over = true;
	return asker_ask(c->asker, STORE_PLAN, &b, text, execute_answered, (asker_fn *)done, ctx);
}

static void
remove_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	plan_done *done = (plan_done *)fn;

	(void)frame;
	if (st == STATUS_OK && !reader_at_end(in))
		st = STATUS_BUSY;
	done(ctx, st, 0, why);
}

uint32_t
plan_account_remove(struct plan_client *c, uint32_t account, struct slice login, plan_done *done,
    void *ctx)
{
	struct buf b = buf_init(1024);

	account_remove_put(account, login, &b);
	return asker_ask(c->asker, STORE_ACCOUNT_REMOVE, &b, -1, remove_answered,
	    (asker_fn *)done, ctx);
}

static void
thread_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	thread_done *done = (thread_done *)fn;
	uint32_t accounts[THREAD_KEYS_MAX] = { 0 }, count = 0;

	(void)frame;
	(void)why;
	if (st == STATUS_OK) {
		count = read_u32le(in);
		for (uint32_t i = 0; i < count && i < THREAD_KEYS_MAX; i++)
			accounts[i] = read_u32le(in);
		if (!reader_at_end(in))
			st = STATUS_BUSY;
	}
	done(ctx, st, accounts, st == STATUS_OK ? count : 0);
}

uint32_t
plan_thread(struct plan_client *c, const uint64_t *keys, uint32_t count, thread_done *done,
    void *ctx)
{
	struct buf b = buf_init(4 + THREAD_KEYS_MAX * 8);

	put_u32le(&b, count);
	for (uint32_t i = 0; i < count && i < THREAD_KEYS_MAX; i++)
		put_u64le(&b, keys[i]);
	if (count > THREAD_KEYS_MAX)
		b.is_over = true;
	return asker_ask(c->asker, STORE_THREAD, &b, -1, thread_answered, (asker_fn *)done, ctx);
}

static void
fetched_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	fetched_done *done = (fetched_done *)fn;
	struct fetch_known *known = NULL;
	uint32_t count = 0;

	(void)frame;
	(void)why;
	if (st == STATUS_OK) {
		count = read_u32le(in);
		if (count > FETCHED_UIDLS_MAX || (in->rest.len != (size_t)count * 8 &&
		    in->rest.len != (size_t)count * 9))
			st = STATUS_BUSY;
	}
	if (st == STATUS_OK) {
		known = mem_array(struct fetch_known, count);
		for (uint32_t i = 0; i < count; i++)
			known[i].stored_at = read_u64le(in);
		for (uint32_t i = 0; i < count && in->rest.len > 0; i++)
			known[i].is_removed = read_u8(in) != 0;
	}
	done(ctx, st, known, st == STATUS_OK ? count : 0);
	mem_free(known);
}

static void
uidls_put(const struct slice *uidls, uint32_t count, struct buf *out)
{
	put_u32le(out, count);
	for (uint32_t i = 0; i < count && i < FETCHED_UIDLS_MAX; i++)
		put_slice(out, uidls[i]);
	if (count > FETCHED_UIDLS_MAX)
		out->is_over = true;
}

uint32_t
plan_fetched(struct plan_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, fetched_done *done, void *ctx)
{
	struct buf b = buf_init(REQUEST_MAX);

	put_u32le(&b, fetch);
	uidls_put(uidls, count, &b);
	for (uint32_t i = 0; sizes != NULL && i < count && i < FETCHED_UIDLS_MAX; i++)
		put_u64le(&b, sizes[i]);
	return asker_ask(c->asker, STORE_FETCHED, &b, -1, fetched_answered, (asker_fn *)done, ctx);
}

/* The list of a fetch account being told, begun where there is none; it has one more piece now. */
static struct keep_piece
telling_next(struct plan_client *c, uint32_t fetch, bool is_last)
{
	struct keep_piece piece = { .fetch = fetch, .is_last = is_last };
	struct telling *t;
	uint32_t i;

	for (i = 0; i < c->list_count && c->lists[i].fetch != fetch; i++)
		;
	if (i == c->list_count) {
		if (i == LISTS_MAX)	/* the store holds no more either: the oldest is lost */
			i = 0;
		else
			c->list_count++;
		c->lists[i] = (struct telling){ fetch, id_random_u64(), 0 };
	}
	t = &c->lists[i];
	piece.list = t->list;
	piece.index = t->pieces++;
	if (is_last)
		*t = c->lists[--c->list_count];
	return piece;
}

static void
keep_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	fetched_done *done = (fetched_done *)fn;

	(void)frame;
	(void)why;
	if (st == STATUS_OK && !reader_at_end(in))
		st = STATUS_BUSY;
	done(ctx, st, NULL, 0);
}

uint32_t
plan_fetched_mark(struct plan_client *c, uint32_t fetch, uint8_t removal,
    const struct slice *uidls, const uint64_t *sizes, uint32_t count, fetched_done *done,
    void *ctx)
{
	struct buf b = buf_init(REQUEST_MAX);

	put_u32le(&b, fetch);
	put_u8(&b, removal);
	for (uint32_t i = 0; i < count && i < FETCHED_UIDLS_MAX; i++) {
		put_slice(&b, uidls[i]);
		put_u64le(&b, sizes != NULL ? sizes[i] : 0);
	}
	if (count > FETCHED_UIDLS_MAX)
		b.is_over = true;
	return asker_ask(c->asker, STORE_FETCHED_MARK, &b, -1, keep_answered, (asker_fn *)done, ctx);
}

uint32_t
plan_fetched_keep(struct plan_client *c, uint32_t fetch, const struct slice *uidls,
    uint32_t count, bool is_last, fetched_done *done, void *ctx)
{
	struct keep_piece piece = telling_next(c, fetch, is_last);
	struct buf names = buf_init(REQUEST_MAX), b = buf_init(REQUEST_MAX);

	uidls_put(uidls, count, &names);
	piece.uidls = buf_slice(&names);
	keep_piece_put(&piece, &b);
	if (buf_status(&names) != STATUS_OK)
		b.is_over = true;
	buf_clear(&names);
	return asker_ask(c->asker, STORE_FETCHED_KEEP, &b, -1, keep_answered, (asker_fn *)done, ctx);
}

static void
head_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	head_done *done = (head_done *)fn;
	struct archive_head head = { 0 };
	uint64_t store = 0;
	struct slice hash;

	(void)frame;
	(void)why;
	if (st == STATUS_OK) {
		store = read_u64le(in);
		head.entry = read_u64le(in);
		hash = read_bytes(in, sizeof(head.hash));
		if (reader_at_end(in))
			memcpy(head.hash, hash.ptr, sizeof(head.hash));
		else
			st = STATUS_BUSY;
	}
	done(ctx, st, store, &head);
}

uint32_t
plan_head(struct plan_client *c, head_done *done, void *ctx)
{
	struct buf b = buf_init(16);

	return asker_ask(c->asker, STORE_ARCHIVE_HEAD, &b, -1, head_answered, (asker_fn *)done, ctx);
}

static void
limits_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	limits_done *done = (limits_done *)fn;

	(void)frame;
	if (st == STATUS_OK && !reader_at_end(in))
		st = STATUS_BUSY;
	done(ctx, st, why);
}

uint32_t
plan_limits(struct plan_client *c, const struct account_limits *rows, uint32_t count,
    limits_done *done, void *ctx)
{
	struct buf b = buf_init(REQUEST_MAX);

	limits_put(rows, count, &b);
	return asker_ask(c->asker, STORE_ACCOUNT_SET, &b, -1, limits_answered, (asker_fn *)done,
	    ctx);
}

void
plan_logins(struct plan_client *c, const struct login_row *rows, uint32_t count, bool is_all)
{
	struct buf b = buf_init(IPC_FRAME_MAX);

	logins_put(rows, count, is_all, &b);
	if (buf_status(&b) == STATUS_OK)
		asker_tell(c->asker, STORE_LOGINS, buf_slice(&b));
	buf_clear(&b);
}

static void
use_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	use_done *done = (use_done *)fn;
	struct account_use *use = NULL;
	uint32_t count = 0;

	(void)frame;
	(void)why;
	if (st == STATUS_OK && use_read(in, &use, &count) != STATUS_OK)
		st = STATUS_BUSY;
	done(ctx, st, use, count);
	mem_free(use);
}

uint32_t
plan_use(struct plan_client *c, const uint32_t *accounts, uint32_t count, use_done *done,
    void *ctx)
{
	struct buf b = buf_init(REQUEST_MAX);

	use_ask_put(accounts, count, &b);
	return asker_ask(c->asker, STORE_ACCOUNT_USE, &b, -1, use_answered, (asker_fn *)done, ctx);
}
