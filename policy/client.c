#include "policy/client.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/table.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "policy/client_internal.h"
#include "policy/protocol.h"
#include "policy/relay_protocol.h"

struct policy_client {
	struct loop *loop;
	struct ipc_client *ipc;
	void (*on_notice)(void *ctx, uint16_t type, uint32_t fetch);
	void *ctx;
	void (*on_end)(void *ctx, struct slice sid);
	void *end_ctx;
	struct table *sessions;	/* sid -> struct buf *: what SESSION_OPEN said */
	struct call *calls;
	uint32_t last_number;
};

void
policy_client_on_end(struct policy_client *c, void (*on_end)(void *ctx, struct slice sid),
    void *ctx)
{
	c->on_end = on_end;
	c->end_ctx = ctx;
}

static void
end_arrived(struct policy_client *c, struct slice payload)
{
	struct slice sid;

	if (policy_sid_read(payload, &sid) == STATUS_OK && c->on_end != NULL)
		c->on_end(c->end_ctx, sid);
}

static void
notice_arrived(void *ctx, struct ipc_frame *frame)
{
	struct policy_client *c = ctx;
	uint32_t fetch;

	if (frame->type == POLICY_SESSION_END) {
		end_arrived(c, frame->payload);
		return;
	}
	if (frame->type != POLICY_FETCH_CHANGED && frame->type != POLICY_FETCH_RUN)
		return;
	if (policy_fetch_id_read(frame->payload, &fetch) != STATUS_OK)
		return;
	if (c->on_notice != NULL)
		c->on_notice(c->ctx, frame->type, fetch);
}

static bool
session_tell(void *ctx, struct slice sid, void *value)
{
	struct policy_client *c = ctx;
	const struct buf *opened = value;

	(void)sid;
	ipc_notify(c->ipc, POLICY_SESSION_OPEN, buf_slice(opened));
	return true;
}

static void
connected(void *ctx)
{
	struct policy_client *c = ctx;

	table_each(c->sessions, session_tell, c);
	/* A policyd that was just started knows no fetchd until it is asked for the list. */
	if (c->on_notice != NULL)
		c->on_notice(c->ctx, POLICY_FETCH_CHANGED, 0);
}

struct policy_client *
policy_client_new(struct loop *l, const char *path,
    void (*on_notice)(void *ctx, uint16_t type, uint32_t fetch), void *ctx)
{
	struct policy_client *c = mem_new(struct policy_client);

	c->loop = l;
	c->on_notice = on_notice;
	c->ctx = ctx;
	c->sessions = table_new();
	c->ipc = ipc_client_new(l, path, notice_arrived, connected, c);
	return c;
}

/* Afterwards neither policy_cancel() nor policy_client_free() finds it. */
static void
call_unlink(struct call *call)
{
	struct policy_client *c = call->client;

	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		c->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
}

static void
call_free(struct call *call)
{
	timer_free(&call->fails_soon);
	mem_free(call);
}

static void
call_drop(struct call *call)
{
	if (call->ipc_call != 0)
		ipc_cancel(call->client->ipc, call->ipc_call);
	call_unlink(call);
	call_free(call);
}

static void
session_free(void *value)
{
	struct buf *opened = value;

	buf_clear(opened);
	mem_free(opened);
}

void
policy_client_free(struct policy_client **client)
{
	struct policy_client *c = *client;

	if (c == NULL)
		return;
	*client = NULL;
	while (c->calls != NULL)
		call_drop(c->calls);
	ipc_client_free(&c->ipc);
	table_free(&c->sessions, session_free);
	mem_free(c);
}

void
policy_cancel(struct policy_client *c, uint32_t number)
{
	for (struct call *call = c->calls; call != NULL; call = call->next) {
		if (call->number != number)
			continue;
		call_drop(call);
		return;
	}
}

/* Tell the caller that there is no answer but st. */
static void
call_fail(struct call *call, enum status st, const struct problem *why)
{
	switch (call->kind) {
	case ANSWER_SASL:
		call->done.sasl(call->ctx, st, NULL, why);
		break;
	case ANSWER_REPLY:
		call->done.reply(call->ctx, st, NULL);
		break;
	case ANSWER_LIST:
		call->done.list(call->ctx, st, NULL, 0);
		break;
	case ANSWER_SECRET:
		call->done.secret(call->ctx, st, (struct slice){ 0 });
		break;
	case ANSWER_KNOWN:
		call->done.known(call->ctx, st, NULL, 0);
		break;
	case ANSWER_FETCHED:
		call->done.fetched(call->ctx, st, why);
		break;
	case ANSWER_ROUTE:
		call->done.route(call->ctx, st, NULL);
		break;
	}
}

static enum status
give_list(struct call *call, struct reader *in)
{
	struct policy_fetch *list;
	uint32_t count;
	enum status st = policy_fetch_list_read(in, &list, &count);

	if (st != STATUS_OK)
		return st;
	call->done.list(call->ctx, STATUS_OK, list, count);
	mem_free(list);
	return STATUS_OK;
}

static enum status
give_known(struct call *call, struct reader *in)
{
	struct fetch_known *known;
	uint32_t count;
	enum status st = policy_known_read(in, &known, &count);

	if (st != STATUS_OK)
		return st;
	call->done.known(call->ctx, STATUS_OK, known, count);
	mem_free(known);
	return STATUS_OK;
}

static enum status
give_secret(struct call *call, struct reader *in)
{
	struct slice secret;
	enum status st = policy_secret_read(in, &secret);

	if (st != STATUS_OK)
		return st;
	call->done.secret(call->ctx, STATUS_OK, secret);
	/* The frame's memory is ours until we return: nobody reads it after us. */
	mem_wipe((void *)(uintptr_t)secret.ptr, secret.len);
	return STATUS_OK;
}

/* Read what is behind an OK and give it; CORRUPT before anything was given. */
static enum status
call_give(struct call *call, struct reader *in)
{
	struct policy_sasl_answer sasl;
	struct policy_reply reply;
	struct policy_route route;
	enum status st = STATUS_CORRUPT;

	switch (call->kind) {
	case ANSWER_SASL:
		st = policy_sasl_answer_read(in, &sasl);
		if (st == STATUS_OK)
			call->done.sasl(call->ctx, STATUS_OK, &sasl, NULL);
		break;
	case ANSWER_REPLY:
		st = policy_reply_read(in, &reply);
		if (st == STATUS_OK)
			call->done.reply(call->ctx, STATUS_OK, &reply);
		break;
	case ANSWER_LIST:
		st = give_list(call, in);
		break;
	case ANSWER_SECRET:
		st = give_secret(call, in);
		break;
	case ANSWER_KNOWN:
		st = give_known(call, in);
		break;
	case ANSWER_FETCHED:
		st = reader_at_end(in) ? STATUS_OK : STATUS_CORRUPT;
		if (st == STATUS_OK)
			call->done.fetched(call->ctx, STATUS_OK, NULL);
		break;
	case ANSWER_ROUTE:
		st = policy_route_read(in, &route);
		if (st == STATUS_OK)
			call->done.route(call->ctx, STATUS_OK, &route);
		break;
	}
	return st;
}

static void
answer_arrived(void *ctx, enum status st, struct ipc_frame *frame)
{
	struct call *call = ctx;
	struct problem why = { 0 };
	enum status answer = STATUS_BUSY;
	struct reader in;

	call_unlink(call);
	if (st == STATUS_OK) {
		in = reader_of(frame->payload);
		if (policy_answer_read(&in, &answer, &why) != STATUS_OK) {
			answer = STATUS_BUSY;
			problem_set(&why, "policyd's answer cannot be read");
		}
	}
	if (answer == STATUS_OK && call_give(call, &in) != STATUS_OK) {
		answer = STATUS_BUSY;
		problem_set(&why, "policyd's answer cannot be read");
	}
	if (answer != STATUS_OK) {
		problem_set(&why, "policyd does not answer");
		call_fail(call, answer, &why);
	}
	call_free(call);
}

static void
call_failed_soon(void *ctx)
{
	struct call *call = ctx;
	struct problem why = { 0 };

	problem_set(&why, "too large a request");
	call_unlink(call);
	call_fail(call, STATUS_LIMIT, &why);
	call_free(call);
}

struct call *
policy_call_new(struct policy_client *c, enum answer_kind kind, void *ctx)
{
	struct call *call = mem_new(struct call);

	call->client = c;
	call->kind = kind;
	call->ctx = ctx;
	if (++c->last_number == 0)
		c->last_number = 1;
	call->number = c->last_number;
	call->next = c->calls;
	if (c->calls != NULL)
		c->calls->prev = call;
	c->calls = call;
	return call;
}

uint32_t
policy_call_ask(struct call *call, uint16_t type, struct buf *payload, int fd,
    uint32_t deadline_ms)
{
	struct policy_client *c = call->client;

	if (buf_status(payload) == STATUS_OK) {
		call->ipc_call = ipc_call(c->ipc, type, buf_slice(payload), fd, deadline_ms,
		    answer_arrived, call);
	} else {
		call->fails_soon = timer_new(c->loop, call_failed_soon, call);
		timer_set(call->fails_soon, 0);
	}
	buf_wipe(payload);
	return call->number;
}

void
policy_session_open(struct policy_client *c, const struct policy_session *s)
{
	struct buf *opened = mem_new(struct buf), *before;

	*opened = buf_init(IPC_FRAME_MAX);
	policy_session_put(opened, s);
	before = table_put(c->sessions, s->sid, opened);
	if (before != NULL)
		session_free(before);
	if (ipc_client_is_connected(c->ipc))
		ipc_notify(c->ipc, POLICY_SESSION_OPEN, buf_slice(opened));
}

void
policy_session_close(struct policy_client *c, struct slice sid)
{
	struct buf *opened = table_get(c->sessions, sid);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	if (opened == NULL)
		return;
	policy_sid_put(&payload, sid);
	(void)table_remove(c->sessions, sid);
	session_free(opened);
	ipc_notify(c->ipc, POLICY_SESSION_CLOSE, buf_slice(&payload));
	buf_clear(&payload);
}

uint32_t
policy_sasl(struct policy_client *c, struct slice sid, struct slice mechanism, bool has_message,
    struct slice message, policy_sasl_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_SASL, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);
	struct policy_sasl_step step = {
		.sid = sid,
		.mechanism = mechanism,
		.has_message = has_message,
		.message = message,
	};

	call->done.sasl = done;
	policy_sasl_step_put(&payload, &step);
	return policy_call_ask(call, POLICY_SASL, &payload, -1, SASL_DEADLINE_MS);
}

uint32_t
policy_login(struct policy_client *c, struct slice sid, struct slice name, struct slice password,
    policy_sasl_done *done, void *ctx)
{
	struct buf message = buf_init(IPC_FRAME_MAX);
	uint32_t number;

	(void)buf_append_byte(&message, '\0');
	(void)buf_append(&message, name);
	(void)buf_append_byte(&message, '\0');
	(void)buf_append(&message, password);
	number = policy_sasl(c, sid, SLICE("PLAIN"), true, buf_slice(&message), done, ctx);
	buf_wipe(&message);
	return number;
}

static uint32_t
ask_path(struct policy_client *c, uint16_t type, const struct policy_path *path,
    policy_reply_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_REPLY, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	call->done.reply = done;
	policy_path_put(&payload, path);
	return policy_call_ask(call, type, &payload, -1, PATH_DEADLINE_MS);
}

uint32_t
policy_mail(struct policy_client *c, struct slice sid, struct slice sender,
    policy_reply_done *done, void *ctx)
{
	struct policy_path path = { .sid = sid, .sender = sender };

	return ask_path(c, POLICY_MAIL, &path, done, ctx);
}

uint32_t
policy_recipient(struct policy_client *c, struct slice sid, struct slice sender,
    struct slice recipient, policy_reply_done *done, void *ctx)
{
	struct policy_path path = { .sid = sid, .sender = sender, .recipient = recipient };

	return ask_path(c, POLICY_RECIPIENT, &path, done, ctx);
}

uint32_t
policy_submit(struct policy_client *c, const struct policy_submission *s, int text,
    policy_reply_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_REPLY, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	call->done.reply = done;
	policy_submission_put(&payload, s);
	return policy_call_ask(call, POLICY_SUBMIT, &payload, text, SUBMIT_DEADLINE_MS);
}

uint32_t
policy_fetch_list(struct policy_client *c, policy_fetch_list_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_LIST, ctx);
	struct buf payload = buf_init(0);

	call->done.list = done;
	return policy_call_ask(call, POLICY_FETCH_LIST, &payload, -1, LIST_DEADLINE_MS);
}

uint32_t
policy_fetch_secret(struct policy_client *c, uint32_t fetch, policy_secret_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_SECRET, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	call->done.secret = done;
	policy_fetch_id_put(&payload, fetch);
	return policy_call_ask(call, POLICY_FETCH_SECRET, &payload, -1, LIST_DEADLINE_MS);
}

static uint32_t
ask_uidls(struct policy_client *c, uint16_t type, const struct policy_uidls *u,
    policy_known_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_KNOWN, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	call->done.known = done;
	if (u->count <= POLICY_UIDLS_MAX)
		policy_uidls_put(&payload, u);
	else
		payload.is_over = true;
	return policy_call_ask(call, type, &payload, -1, KNOWN_DEADLINE_MS);
}

uint32_t
policy_fetch_known(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, policy_known_done *done, void *ctx)
{
	struct policy_uidls u = { fetch, false, uidls, sizes, count };

	return ask_uidls(c, POLICY_FETCH_KNOWN, &u, done, ctx);
}

uint32_t
policy_fetch_removing(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, policy_known_done *done, void *ctx)
{
	struct policy_uidls u = { fetch, false, uidls, sizes, count };

	return ask_uidls(c, POLICY_FETCH_REMOVING, &u, done, ctx);
}

uint32_t
policy_fetch_removed(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, policy_known_done *done, void *ctx)
{
	struct policy_uidls u = { fetch, false, uidls, sizes, count };

	return ask_uidls(c, POLICY_FETCH_REMOVED, &u, done, ctx);
}

uint32_t
policy_fetch_keep(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    uint32_t count, bool is_last, policy_known_done *done, void *ctx)
{
	struct policy_uidls u = {
		.fetch = fetch,
		.is_last = is_last,
		.uidls = uidls,
		.count = count,
	};

	return ask_uidls(c, POLICY_FETCH_KEEP, &u, done, ctx);
}

uint32_t
policy_fetch_submit(struct policy_client *c, const struct policy_fetched *f, int text,
    policy_fetched_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_FETCHED, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	call->done.fetched = done;
	policy_fetched_put(&payload, f);
	return policy_call_ask(call, POLICY_FETCH_SUBMIT, &payload, text, SUBMIT_DEADLINE_MS);
}

void
policy_fetch_report(struct policy_client *c, const struct policy_fetch_report *r)
{
	struct buf payload = buf_init(IPC_FRAME_MAX);

	policy_report_put(&payload, r);
	ipc_notify(c->ipc, POLICY_FETCH_REPORT, buf_slice(&payload));
	buf_clear(&payload);
}
