#include "base/clock.h"
#include "base/log.h"
#include "net/ipc.h"
#include "store/counters.h"
#include "store/fetched.h"
#include "store/former.h"
#include "store/keep.h"
#include "store/limits.h"
#include "store/message_id.h"
#include "store/plan_client.h"
#include "store/stored.h"
#include "store/upkeep.h"

/*
 * store-plan.sock: policyd has plans executed, and asks what it must know
 * before it decides.
 */

#define KEYS_MAX (64u * 1024 * 1024)

static void
plan_refuse(struct ipc_peer *peer, const struct ipc_frame *frame, enum status st,
    const struct problem *why)
{
	struct buf b = buf_init(1024);

	answer_put(st, why, &b);
	ipc_send(peer, frame->type, frame->request, buf_slice(&b), -1);
	buf_clear(&b);
}

/* What we say ourselves is known not to have happened, unlike an answer that does not come. */
static enum status
plan_status(enum status st)
{
	return st == STATUS_BUSY ? STATUS_LIMIT : st;
}

/* STORE_PLAN: answered by plan_answer() when it is on disk. */
static enum status
plan_execute_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    struct problem *why)
{
	struct job *j = NULL;
	enum status st;

	st = job_of_plan(frame->payload, frame->fd, &j, why);
	if (st != STATUS_OK)
		return st;
	j->peer = ipc_peer_id(peer);
	j->request = frame->request;
	return plan_status(stored_submit(s, &j, why));
}

/* STORE_ACCOUNT_SET: answered when it is on disk. */
static enum status
plan_limits_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    struct problem *why)
{
	struct job *j = NULL;
	enum status st = job_of_limits(frame->payload, &j, why);

	if (st != STATUS_OK)
		return st;
	j->peer = ipc_peer_id(peer);
	j->request = frame->request;
	return stored_submit(s, &j, why);
}

/* STORE_THREAD: u32 count, u64 keys -> u32 count, u32 accounts. */
static enum status
plan_thread_frame(struct txn *t, struct slice payload, struct buf *out, struct problem *why)
{
	struct reader in = reader_of(payload);
	uint32_t count = read_u32le(&in);
	struct message_id_row row;
	struct counters n;
	enum status st;

	if (count > THREAD_KEYS_MAX || in.rest.len != (size_t)count * 8) {
		problem_set(why, "the question cannot be read");
		return STATUS_CORRUPT;
	}
	st = counters_get(t, &n, why);
	put_u32le(out, count);
	for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
		row.author = 0;
		st = message_id_find(t, read_u64le(&in), n.text, &row, why);
		if (st == STATUS_ABSENT)
			st = STATUS_OK;
		put_u32le(out, row.author);
	}
	return st;
}

/*
 * STORE_FETCHED: u32 fetch, u32 count, slices, and behind them u64 sizes where any is known
 *   -> u32 count, u64 stored_at each, and behind them u8 is_removed each where any is true.
 */
static enum status
plan_fetched_frame(struct txn *t, struct slice payload, struct buf *out, struct problem *why)
{
	struct reader in = reader_of(payload);
	uint32_t fetch = read_u32le(&in), count = read_u32le(&in);
	struct reader sizes;
	struct buf removed = buf_init(FETCHED_UIDLS_MAX);
	bool is_any_removed = false;
	enum status st = STATUS_OK;

	if (count > FETCHED_UIDLS_MAX || count > in.rest.len / 4)
		reader_fail(&in);
	sizes = in;
	for (uint32_t i = 0; reader_ok(&sizes) && i < count; i++)
		read_slice(&sizes);
	if (!reader_ok(&sizes) || (sizes.rest.len > 0 && sizes.rest.len != (size_t)count * 8)) {
		problem_set(why, "the question cannot be read");
		return STATUS_CORRUPT;
	}
	put_u32le(out, count);
	for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
		uint64_t size_bytes = sizes.rest.len > 0 ? read_u64le(&sizes) : 0;
		struct fetched_row row = { 0 };
		bool is_known, is_removed;

		st = fetched_get(t, fetch, read_slice(&in), &row, why);
		is_known = fetched_is_known(&row, size_bytes);
		is_removed = is_known && row.removal == FETCHED_REMOVED;
		put_u64le(out, is_known ? row.stored_at : 0);
		put_u8(&removed, is_removed);
		is_any_removed = is_any_removed || is_removed;
	}
	if (is_any_removed)
		buf_append(out, buf_slice(&removed));
	buf_clear(&removed);
	return st;
}

/* STORE_FETCHED_MARK: answered when it is on disk. */
static enum status
plan_mark_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    struct problem *why)
{
	struct job *j = NULL;
	enum status st = job_of_mark(frame->payload, &j, why);

	if (st != STATUS_OK)
		return st;
	j->peer = ipc_peer_id(peer);
	j->request = frame->request;
	return stored_submit(s, &j, why);
}

/* STORE_FETCHED_KEEP: keep_piece_put() form -> nothing; the last piece may start a job. */
static enum status
plan_keep_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    struct txn *t, struct problem *why)
{
	struct buf keys = buf_init(KEYS_MAX);
	struct keep_piece piece;
	uint64_t since = 0;
	struct job *j;
	enum status st;

	st = keep_piece_read(frame->payload, &piece);
	if (st != STATUS_OK) {
		problem_set(why, "the list cannot be read");
		return st;
	}
	st = keep_hear(s->keep, &piece, t, clock_now_s(), &keys, &since, why);
	if (st == STATUS_OK && keys.len > 0) {
		j = job_of_keys(&keys, since);
		j->peer = ipc_peer_id(peer);
		j->request = frame->request;
		st = stored_submit(s, &j, why);
		if (st == STATUS_OK)
			st = STATUS_PENDING;
	}
	buf_clear(&keys);
	return st;
}

/* STORE_ARCHIVE_HEAD: nothing -> u64 store id, u64 entry, its hash. */
static enum status
plan_head_frame(const struct stored *s, struct txn *t, struct buf *out, struct problem *why)
{
	struct counters n;
	enum status st = counters_get(t, &n, why);

	if (st != STATUS_OK)
		return st;
	put_u64le(out, store_id(s->store));
	put_u64le(out, n.archive);
	buf_append(out, slice_make(n.archive_hash, sizeof(n.archive_hash)));
	return STATUS_OK;
}

/* STORE_ACCOUNT_REMOVE: account_remove_put() form -> nothing, when it is on disk. */
static enum status
plan_account_remove_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    struct problem *why)
{
	struct job *j = NULL;
	enum status st = job_of_account_remove(frame->payload, &j, why);

	if (st != STATUS_OK)
		return st;
	j->peer = ipc_peer_id(peer);
	j->request = frame->request;
	return stored_submit(s, &j, why);
}

static enum status
plan_ask(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame, struct buf *out,
    struct problem *why)
{
	struct txn *t;
	enum status st;

	st = txn_begin_read(store_env(s->store), &t, why);
	if (st != STATUS_OK)
		return st;
	if (frame->type == STORE_THREAD)
		st = plan_thread_frame(t, frame->payload, out, why);
	else if (frame->type == STORE_ACCOUNT_USE)
		st = use_answer(t, frame->payload, out, why);
	else if (frame->type == STORE_FETCHED)
		st = plan_fetched_frame(t, frame->payload, out, why);
	else if (frame->type == STORE_ARCHIVE_HEAD)
		st = plan_head_frame(s, t, out, why);
	else
		st = plan_keep_frame(s, peer, frame, t, why);
	txn_abort(&t);
	return st;
}

static enum status
plan_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct stored *s = ctx;
	struct buf b = buf_init(IPC_FRAME_MAX);
	struct problem why = { "" };
	enum status st;

	switch (frame->type) {
	case STORE_LOGINS:
		return work_logins(s, frame->payload);
	case STORE_PLAN:
		st = plan_execute_frame(s, peer, frame, &why);
		if (st == STATUS_OK)
			return STATUS_OK;
		break;
	case STORE_ACCOUNT_SET:
		st = plan_limits_frame(s, peer, frame, &why);
		if (st == STATUS_OK)
			return STATUS_OK;
		break;
	case STORE_FETCHED_MARK:
		st = plan_mark_frame(s, peer, frame, &why);
		if (st == STATUS_OK)
			return STATUS_OK;
		break;
	case STORE_ACCOUNT_REMOVE:
		st = plan_account_remove_frame(s, peer, frame, &why);
		if (st == STATUS_OK)
			return STATUS_OK;
		break;
	case STORE_ACCOUNT_USE:
	case STORE_THREAD:
	case STORE_FETCHED:
	case STORE_FETCHED_KEEP:
	case STORE_ARCHIVE_HEAD:
		answer_put(STATUS_OK, NULL, &b);
		st = plan_ask(s, peer, frame, &b, &why);
		if (st == STATUS_OK)
			ipc_send(peer, frame->type, frame->request, buf_slice(&b), -1);
		break;
	default:
		return STATUS_CORRUPT;
	}
	buf_clear(&b);
	if (st != STATUS_OK && st != STATUS_PENDING)
		plan_refuse(peer, frame, st, &why);
	return STATUS_OK;
}

static void
plan_close(void *ctx, struct ipc_peer *peer)
{
	(void)ctx;
	(void)peer;
}

static void
plan_log(const struct job *j)
{
	struct buf sid = buf_init(64);
	const char *text = NULL;
	struct log_line l;

	buf_append(&sid, slice_sub(j->sid, 0, 63));
	if (buf_cstr(&sid, &text) != STATUS_OK)
		text = NULL;
	log_begin(&l, LOG_INFO, j->status == STATUS_OK ? "store.plan.done" : "store.plan.refused",
	    text);
	log_slice(&l, "mid", j->plan.mid);
	if (j->status == STATUS_OK) {
		log_u64(&l, "change", j->result.change);
		log_u64(&l, "text", j->text_id);
		log_u64(&l, "actions", j->plan.action_count);
	} else {
		log_status(&l, j->status, &j->why);
	}
	log_end(&l);
	buf_clear(&sid);
}

void
plan_answer(struct stored *s, const struct job *j)
{
	struct buf b = buf_init(1024);

	if (j->type == STORE_ACCOUNT_REMOVE && j->status == STATUS_OK)
		upkeep_wake(s->upkeep);
	answer_put(j->type == STORE_PLAN ? plan_status(j->status) : j->status, &j->why, &b);
	if (j->type == STORE_PLAN) {
		plan_log(j);
		if (j->status == STATUS_OK) {
			queue_ended(s, &j->plan);
			put_u64le(&b, j->result.change);
			put_u64le(&b, j->text_id);
		}
	}
	ipc_send_to(s->plan, j->peer, j->type, j->request, buf_slice(&b), -1);
	buf_clear(&b);
}

void
plan_server_new(struct stored *s, int listen_fd)
{
	static const struct ipc_server_handler handler = { NULL, plan_frame, plan_close };

	s->keep = keep_new();
	s->plan = ipc_server_new(s->loop, listen_fd, s->plan_users.uids, s->plan_users.count,
	    &handler, s);
}

void
plan_server_free(struct stored *s)
{
	ipc_server_free(&s->plan);
	keep_free(&s->keep);
}
