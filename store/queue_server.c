#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "store/lease.h"
#include "store/queue_order.h"
#include "store/request.h"
#include "store/stored.h"
#include "store/text.h"

/*
 * store-queue.sock: relayd takes what is due, reads texts, and says what
 * became of each entry.  A lease lives in memory, as long as the connection of
 * who took it: after a crash of either side the entry is simply due again.
 * relayd talks to strangers: of all texts it gets those that are queued.
 */

#define TEXT_PIECE (256u * 1024)

/* What one question takes. */
struct taking {
	struct stored *stored;
	struct txn *txn;
	uint64_t peer;
	uint32_t left, count;
	struct buf items;
	enum status st;
	struct problem *why;
};

/* One that cannot be read is passed over, and named once in the life of a connection. */
static void
log_damaged(uint64_t id, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "store.queue.damaged", NULL);
	log_u64(&l, "entry", id);
	log_status(&l, st, why);
	log_end(&l);
}

static bool
take_one(void *ctx, uint64_t id)
{
	struct taking *t = ctx;
	struct leases *l = t->stored->leases;
	struct problem why = { "" };
	struct queue_item item;
	struct spool_row row;
	struct text_row text;
	enum status st;

	if (leases_has(l, id))
		return true;
	if (t->left == 0 || leases_count(l) == LEASES_MAX)
		return false;
	st = spool_get(t->txn, id, &row, &why);
	if (st == STATUS_OK)
		st = text_get(t->txn, row.text, &text, &why);
	if (st == STATUS_CORRUPT || st == STATUS_ABSENT) {
		log_damaged(id, st, &why);
		leases_begin(l, id, t->peer, 0);
		return true;
	}
	t->st = st;
	if (st != STATUS_OK) {
		*t->why = why;
		return false;
	}
	item = queue_item_of(&row, text.size_bytes);
	queue_item_put(&item, &t->items);
	leases_begin(l, id, t->peer, row.text);
	t->count++;
	t->left--;
	return true;
}

static enum status
take_frame(struct stored *s, struct ipc_peer *peer, struct slice payload, struct buf *out,
    struct problem *why)
{
	struct reader in = reader_of(payload);
	struct taking t = { .stored = s, .peer = ipc_peer_id(peer), .left = read_u32le(&in),
		.items = buf_init(REQUEST_MAX), .why = why };
	uint64_t now_s = read_u64le(&in), next_due_at = 0;
	enum status st;

	if (!reader_at_end(&in) || t.left > QUEUE_TAKE_MAX)
		return STATUS_CORRUPT;
	st = txn_begin_read(store_env(s->store), &t.txn, why);
	if (st != STATUS_OK)
		return st;
	st = spool_each_due(t.txn, now_s, take_one, &t, &next_due_at, why);
	txn_abort(&t.txn);
	if (st == STATUS_CORRUPT)
		log_damaged(0, st, why);
	/* What was taken has to be told, or nobody sends it while this connection lasts. */
	st = t.count > 0 || st == STATUS_CORRUPT ? STATUS_OK : st == STATUS_OK ? t.st : st;
	put_u32le(out, t.count);
	buf_append(out, buf_slice(&t.items));
	put_u64le(out, next_due_at);
	buf_clear(&t.items);
	return st;
}

static enum status
text_copy(struct store *store, const struct text_row *row, int fd, struct problem *why)
{
	char *piece = mem_zeroed(1, TEXT_PIECE);
	enum status st = STATUS_OK;

	for (uint32_t at = 0; at < row->size_bytes && st == STATUS_OK; at += TEXT_PIECE) {
		uint32_t len = row->size_bytes - at < TEXT_PIECE ? row->size_bytes - at
								 : TEXT_PIECE;

		st = text_read(store, row, at, len, piece, why);
		if (st == STATUS_OK && pwrite(fd, piece, len, at) != (ssize_t)len) {
			problem_set(why, "no memory for the text");
			st = STATUS_BUSY;
		}
	}
	mem_free(piece);
	return st == STATUS_OK ? memfd_seal(fd, why) : st;
}

struct search {
	uint64_t text;
	bool is_found;
};

static bool
has_text(void *ctx, const struct spool_row *row)
{
	struct search *q = ctx;

	q->is_found = row->text == q->text;
	return !q->is_found;
}

/* Who has it in hand asks, but for a relayd that was cut off and has not taken it again yet. */
static bool
is_queued(struct stored *s, struct txn *t, uint64_t text)
{
	struct search q = { text, leases_has_text(s->leases, text) };

	if (!q.is_found)
		(void)!spool_each(t, 0, has_text, &q, NULL);
	return q.is_found;
}

static enum status
text_find(struct stored *s, uint64_t id, struct text_row *row, struct problem *why)
{
	struct txn *t;
	enum status st = txn_begin_read(store_env(s->store), &t, why);

	if (st != STATUS_OK)
		return st;
	if (is_queued(s, t, id)) {
		st = text_get(t, id, row, why);
	} else {
		problem_set(why, "text %llu is not queued", (unsigned long long)id);
		st = STATUS_DENIED;
	}
	if (st == STATUS_OK)
		row->mid = row->digest = SLICE("");	/* end with the transaction */
	txn_abort(&t);
	return st;
}

static enum status
text_frame(struct stored *s, struct slice payload, struct buf *out, int *fd, struct problem *why)
{
	struct reader in = reader_of(payload);
	uint64_t id = read_u64le(&in);
	struct text_row row;
	enum status st;

	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	st = text_find(s, id, &row, why);
	if (st != STATUS_OK)
		return st;
	put_u32le(out, row.size_bytes);
	st = memfd_new(fd, why);
	return st == STATUS_OK ? text_copy(s->store, &row, *fd, why) : st;
}

static enum status
settle_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    struct problem *why)
{
	struct job *j = NULL;
	enum status st = job_of_order(STORE_QUEUE_SETTLE, frame->payload, &j, why);

	if (st != STATUS_OK)
		return st;
	j->peer = ipc_peer_id(peer);
	j->request = frame->request;
	return stored_submit(s, &j, why);
}

static enum status
queue_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct stored *s = ctx;
	struct buf b = buf_init(IPC_FRAME_MAX);
	struct problem why = { "" };
	int fd = -1;
	enum status st = STATUS_CORRUPT;

	answer_put(STATUS_OK, NULL, &b);
	if (frame->type == STORE_QUEUE_TAKE)
		st = take_frame(s, peer, frame->payload, &b, &why);
	else if (frame->type == STORE_QUEUE_TEXT)
		st = text_frame(s, frame->payload, &b, &fd, &why);
	else if (frame->type == STORE_QUEUE_SETTLE)
		st = settle_frame(s, peer, frame, &why);
	if (st != STATUS_OK) {
		buf_reset(&b);
		answer_put(st, &why, &b);
	}
	if (st != STATUS_OK || frame->type != STORE_QUEUE_SETTLE)
		ipc_send(peer, frame->type, frame->request, buf_slice(&b), st == STATUS_OK ? fd : -1);
	if (fd >= 0)
		close(fd);
	buf_clear(&b);
	return STATUS_OK;
}

/* What it had taken is due again. */
static void
queue_close(void *ctx, struct ipc_peer *peer)
{
	struct stored *s = ctx;

	leases_end_peer(s->leases, ipc_peer_id(peer));
	s->queue_peer = 0;
}

static void
queue_open(void *ctx, struct ipc_peer *peer)
{
	struct stored *s = ctx;

	s->queue_peer = ipc_peer_id(peer);
}

void
queue_answer(struct stored *s, const struct job *j)
{
	struct buf b = buf_init(1024);

	if (j->status == STATUS_OK || j->status == STATUS_ABSENT)
		leases_end(s->leases, j->order.id);
	answer_put(j->status, &j->why, &b);
	ipc_send_to(s->queue, j->peer, j->type, j->request, buf_slice(&b), -1);
	buf_clear(&b);
}

void
queue_ended(struct stored *s, const struct plan *p)
{
	for (uint32_t i = 0; i < p->action_count; i++)
		if (p->actions[i].kind == ACTION_QUEUE_END)
			leases_end(s->leases, p->actions[i].entry);
}

void
queue_tell_due(struct stored *s)
{
	if (s->queue_peer != 0)
		ipc_send_to(s->queue, s->queue_peer, STORE_QUEUE_DUE, 0, SLICE(""), -1);
}

void
queue_server_new(struct stored *s, int listen_fd)
{
	static const struct ipc_server_handler handler = { queue_open, queue_frame, queue_close };

	s->leases = leases_new();
	s->queue = ipc_server_new(s->loop, listen_fd, s->queue_users.uids, s->queue_users.count,
	    &handler, s);
}

void
queue_server_free(struct stored *s)
{
	ipc_server_free(&s->queue);
	leases_free(&s->leases);
}
