#include "policy/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "policy/auth.h"
#include "policy/envelope.h"
#include "policy/identity.h"
#include "policy/lan.h"
#include "policy/limits.h"
#include "policy/logins.h"
#include "policy/policyd.h"
#include "policy/protocol.h"
#include "store/grant.h"

struct table *
sessions_new(void)
{
	return table_new();
}

static void
session_free(void *value)
{
	struct session *s = value;

	auth_login_free(&s->login);
	mem_free(s->sid);
	mem_free(s->peer);
	mem_free(s);
}

void
sessions_free(struct table **t)
{
	table_free(t, session_free);
}

enum status
session_open(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_session opened;
	struct session *s, *before;
	enum status st = policy_session_read(frame->payload, &opened);

	if (st != STATUS_OK)
		return st;
	if (table_count(sessions) >= SESSIONS_MAX)
		return STATUS_LIMIT;
	s = mem_new(struct session);
	s->policyd = p;
	s->ipc_peer = ipc_peer_id(peer);
	s->sid = mem_dup(opened.sid);
	s->peer = mem_dup(opened.peer);
	s->service = (enum policy_service)opened.service;
	s->is_secure = opened.is_secure;
	s->is_lan = lan_has(&p->lan, opened.peer);
	before = table_put(sessions, opened.sid, s);
	if (before != NULL)
		session_free(before);
	return STATUS_OK;
}

enum status
session_close(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct slice sid;
	struct session *s;
	enum status st = policy_sid_read(frame->payload, &sid);

	(void)p;
	(void)peer;
	if (st != STATUS_OK)
		return st;
	s = table_remove(sessions, sid);
	if (s != NULL)
		session_free(s);
	return STATUS_OK;
}

static void
put_sasl_answer(struct session *s, const struct auth_result *r, struct buf *out)
{
	struct buf sealed = buf_init(GRANT_MAX), origin = buf_init(ORIGIN_MAX);
	struct policy_sasl_answer a = { .is_done = r->is_done, .challenge = r->challenge };

	if (r->is_done) {
		struct grant g = {
			.account = r->account,
			.rights = GRANT_CHANGE,
			.issued_at = clock_now_s(),
			.login = r->login,
			.sid = slice_from_cstr(s->sid),
			.login_mark = r->mark,
		};

		buf_printf(&origin, "%s %s", s->sid, s->peer);
		g.origin = buf_slice(&origin);
		grant_seal(&g, buf_slice(&s->policyd->grant_key), &sealed);
		a.account = r->account;
		a.login = r->login;
		a.grant = buf_slice(&sealed);
		s->account = r->account;
		s->mark = r->mark;
	}
	policy_sasl_answer_put(out, &a);
	buf_clear(&sealed);
	buf_clear(&origin);
}

static void
sasl_done(void *ctx, enum status st, const struct auth_result *r, const struct problem *why)
{
	struct session *s = ctx;
	struct buf out = buf_init(IPC_FRAME_MAX);

	uint32_t request = s->request;
	struct problem changed = { "" };

	s->request = 0;
	if (st == STATUS_OK && r->is_done && r->mark != login_mark_now(s->policyd, r->account)) {
		problem_set(&changed, "the account has just been changed");
		why = &changed;
		st = STATUS_BUSY;
	}
	policy_answer_put(&out, st, why);
	if (st == STATUS_OK)
		put_sasl_answer(s, r, &out);
	(void)ipc_send_to(s->policyd->service, s->ipc_peer, POLICY_SASL, request,
	    buf_slice(&out), -1);
	buf_wipe(&out);
}

struct ending {
	struct ipc_peer *peer;
	uint32_t account;
	uint64_t mark;
};

static bool
session_end(void *ctx, struct slice sid, void *value)
{
	const struct ending *e = ctx;
	struct session *s = value;
	struct buf out = buf_init(POLICY_SID_MAX + 4);

	if (s->account != e->account || s->mark == e->mark || s->service != SERVICE_SUBMISSION)
		return true;
	s->account = 0;
	policy_sid_put(&out, sid);
	ipc_send(e->peer, POLICY_SESSION_END, 0, buf_slice(&out), -1);
	buf_clear(&out);
	return true;
}

void
sessions_end(struct table *sessions, struct ipc_peer *peer, uint32_t account, uint64_t mark)
{
	struct ending e = { peer, account, mark };

	table_each(sessions, session_end, &e);
}

static void
refuse(struct ipc_peer *peer, const struct ipc_frame *frame, enum status st, const char *text)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	struct problem why = { 0 };

	problem_set(&why, "%s", text);
	policy_answer_put(&out, st, &why);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_clear(&out);
}

enum status
session_sasl(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_sasl_step step;
	struct session *s;
	enum status st = policy_sasl_step_read(frame->payload, &step);

	if (st != STATUS_OK)
		return st;
	s = table_get(sessions, step.sid);
	if (s == NULL) {
		refuse(peer, frame, STATUS_BUSY, "the session is not known");
		return STATUS_OK;
	}
	if (s->service == SERVICE_SMTP) {
		refuse(peer, frame, STATUS_ABSENT, "no login on this port");
		return STATUS_OK;
	}
	if (s->account != 0) {
		refuse(peer, frame, STATUS_SYNTAX, "logged in already");
		return STATUS_OK;
	}
	if (s->request != 0) {
		refuse(peer, frame, STATUS_BUSY, "the step before is not answered yet");
		return STATUS_OK;
	}
	if (s->login == NULL)
		s->login = auth_login_new(p->auth, slice_from_cstr(s->peer),
		    slice_from_cstr(s->sid));
	s->request = frame->request;
	auth_step(s->login, step.mechanism, step.has_message, step.message, sasl_done, s);
	mem_wipe((void *)(uintptr_t)step.message.ptr, step.message.len);
	return STATUS_OK;
}

/* Nothing more is taken for somebody who is full; then stored has to be asked. */
static bool
ask_room(struct policyd *p, struct slice recipient, struct ipc_peer *peer,
    const struct ipc_frame *frame)
{
	struct identity whom = identity_find(p->directory, recipient);

	return limits_ask_room(p->limits, &whom, ipc_peer_id(peer), frame->request);
}

enum status
session_path(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	struct policy_path path;
	struct policy_reply reply;
	const struct session *s;
	enum status st = policy_path_read(frame->payload, &path);

	if (st != STATUS_OK)
		return st;
	s = table_get(sessions, path.sid);
	if (s == NULL)
		reply = envelope_reply(REPLY_NO_SESSION);
	else if (frame->type == POLICY_MAIL)
		reply = envelope_sender(p->directory, &(struct envelope_peer){ s->service,
		    s->account, s->is_lan }, path.sender);
	else
		reply = envelope_recipient(p->directory, &(struct envelope_peer){ s->service,
		    s->account, s->is_lan }, path.sender, path.recipient);
	if (frame->type == POLICY_RECIPIENT && reply.code == 250 &&
	    ask_room(p, path.recipient, peer, frame)) {
		buf_clear(&out);
		return STATUS_OK;
	}
	policy_answer_put(&out, STATUS_OK, NULL);
	policy_reply_put(&out, &reply);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_clear(&out);
	return STATUS_OK;
}
