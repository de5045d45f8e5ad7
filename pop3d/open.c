#include "pop3d/open.h"

#include "base/log.h"
#include "net/handover.h"
#include "net/loop.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"
#include "store/client.h"
#include "store/grant.h"

static void
fail(struct pop3_session *s, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, st == STATUS_BUSY ? LOG_WARN : LOG_ERROR, "pop3.maildrop.failed", s->sid);
	log_u64(&l, "account", s->account);
	log_status(&l, st, why);
	log_end(&l);
	session_bye(s, "-ERR [SYS/TEMP] the mailbox cannot be opened now, please try again later");
}

static void
opened(struct pop3_session *s)
{
	struct log_line l;
	uint32_t count;
	uint64_t bytes;

	maildrop_total(s->drop, &count, &bytes);
	log_begin(&l, LOG_INFO, "pop3.session.opened", s->sid);
	log_slice(&l, "login", buf_slice(&s->login));
	log_slice(&l, "peer", buf_slice(&s->peer));
	log_u64(&l, "messages", count);
	log_u64(&l, "bytes", bytes);
	log_end(&l);
	timer_free(&s->timer);
	session_enter(s, POP3_TRANSACTION);
	conn_printf(s->conn, "+OK logged in, %u messages\r\n", count);
	session_resume(s);
}

/* Other sessions have their turn between two parts. */
static void
load_part(void *ctx)
{
	struct pop3_session *s = ctx;
	struct problem why = { 0 };
	enum status st = maildrop_load(s->drop, s->sid, &why);

	if (st == STATUS_PENDING)
		timer_set(s->timer, 0);
	else if (st == STATUS_OK)
		opened(s);
	else
		fail(s, st, &why);
	session_turn(s);
}

static void
on_store_session(void *ctx, enum status st, const struct store_result *r,
    const struct problem *why)
{
	struct pop3_session *s = ctx;

	(void)r;
	s->store_call = 0;
	if (st != STATUS_OK) {
		fail(s, st, why);
		session_turn(s);
		return;
	}
	s->drop = maildrop_new(s->host->store, s->account);
	s->timer = timer_new(s->host->loop, load_part, s);
	load_part(s);
}

static uint32_t
count_account(const struct pop3_host *h, uint32_t account)
{
	uint32_t n = 0;

	for (const struct pop3_session *s = h->sessions; s != NULL; s = s->next)
		n += s->account == account;
	return n;
}

void
open_session(struct pop3_host *h, int fd, const struct handover *from)
{
	struct pop3_session *s = session_new(h, fd, from->sid);
	struct grant grant;
	enum status st = grant_peek(from->grant, &grant);

	session_enter(s, POP3_OPENING);
	session_wait(s);
	conn_preload(s->conn, from->input);
	buf_append(&s->peer, from->peer);
	buf_append(&s->login, from->login);
	buf_append(&s->grant, from->grant);
	if (st != STATUS_OK) {
		fail(s, st, NULL);
		session_turn(s);
		return;
	}
	if (count_account(h, grant.account) >= h->settings->account_max) {
		session_bye(s, "-ERR [IN-USE] too many sessions of this account");
		session_turn(s);
		return;
	}
	s->account = grant.account;
	s->login_mark = grant.login_mark;
	s->store_call = store_session(h->changes, buf_slice(&s->grant), on_store_session, s);
}
