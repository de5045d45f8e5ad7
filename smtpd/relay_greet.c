/* From a new connection to a session that can take mail: hello, TLS, login. */
#include "base/mem.h"
#include "net/conn.h"
#include "smtpd/relay_session_internal.h"

void
relay_hello(struct relay_session *s)
{
	s->features = (struct relay_features){ 0 };
	s->is_extended = true;
	relay_session_enter(s, RELAY_GREET);
	relay_session_say(s, "%s %s", s->how.is_lmtp ? "LHLO" : "EHLO", s->hello);
}

void
relay_on_greeting(struct relay_session *s)
{
	if (relay_judge(RELAY_CONNECT, &s->reply).verdict == RELAY_SENT)
		relay_hello(s);
	else
		relay_session_end_reply(s, RELAY_CONNECT);
}

/* Log in, where the route says so; then the session is ready. */
static void
log_in(struct relay_session *s)
{
	bool is_secure = conn_is_secure(s->conn);

	if (s->how.user.len == 0) {
		relay_session_rest(s);
		return;
	}
	s->mechanism = relay_auth_choose(s->features.auth, is_secure,
	    s->how.tls_mode == RELAY_TLS_OFF);
	s->auth_step = 0;
	if (s->mechanism != RELAY_AUTH_NONE) {
		relay_session_enter(s, RELAY_SECRET);
		s->handler->on_secret(s->ctx);
	} else {
		relay_session_end_text(s, RELAY_END_REFUSED, "4.7.0", s->features.auth == 0
		    ? "the server offers no login (AUTH) that we know"
		    : "the server offers no TLS, and the password is not shown without it");
	}
}

/* TLS where it is offered or demanded, then the login. */
static void
go_on(struct relay_session *s)
{
	bool is_offered = s->features.offers & RELAY_STARTTLS;

	if (conn_is_secure(s->conn) || s->how.tls_mode == RELAY_TLS_OFF) {
		log_in(s);
	} else if (is_offered) {
		relay_session_enter(s, RELAY_STARTTLS_ASKED);
		relay_session_say(s, "STARTTLS");
	} else if (s->how.tls_mode == RELAY_TLS_TRY) {
		log_in(s);
	} else {
		relay_session_end_text(s, RELAY_END_REFUSED, "4.7.4",
		    "the server offers no TLS (STARTTLS), and the route demands it");
	}
}

void
relay_on_hello(struct relay_session *s)
{
	if (relay_judge(RELAY_HELLO, &s->reply).verdict == RELAY_SENT) {
		go_on(s);
	} else if (s->reply.code >= 500 && s->is_extended && !s->how.is_lmtp) {
		/* RFC 5321 s.3.2: older servers know HELO only. */
		s->is_extended = false;
		relay_session_enter(s, RELAY_GREET);
		relay_session_say(s, "HELO %s", s->hello);
	} else {
		relay_session_end_reply(s, RELAY_HELLO);
	}
}

void
relay_on_starttls(struct relay_session *s)
{
	if (relay_judge(RELAY_TLS, &s->reply).verdict != RELAY_SENT) {
		if (s->how.tls_mode == RELAY_TLS_TRY && s->reply.code != 421)
			log_in(s);
		else
			relay_session_end_reply(s, RELAY_TLS);
		return;
	}
	/* An attacker on the way can put replies here that would count as said under TLS. */
	if (conn_input(s->conn).len > 0) {
		relay_session_end_text(s, RELAY_END_REFUSED, "4.7.5",
		    "the server sent bytes ahead of TLS");
		return;
	}
	s->is_greeting_over = true;
	relay_session_enter(s, RELAY_SHAKING);
	conn_start_tls(s->conn, s->how.tls, s->host);
}

void
relay_on_secure(struct relay_session *s)
{
	if (s->is_greeting_over)
		relay_hello(s);		/* RFC 3207 s.4.2: what was said in clear counts no more */
	else
		relay_session_enter(s, RELAY_GREETING);
}

/* Login */

#define AUTH_STEPS_MAX 4	/* the longest has two; then a "*" has to be understood */

static void
say_secretly(struct relay_session *s, struct buf *line)
{
	conn_write(s->conn, buf_slice(line));
	conn_write(s->conn, SLICE("\r\n"));
	buf_wipe(line);
}

static void
begin_login(struct relay_session *s)
{
	struct buf line = buf_init(RELAY_AUTH_LINE_MAX);

	relay_auth_begin(s->mechanism, s->how.user, buf_slice(&s->secret), &line);
	relay_session_enter(s, RELAY_LOGIN);
	say_secretly(s, &line);
}

void
relay_session_secret(struct relay_session *s, struct slice secret)
{
	if (s->state != RELAY_SECRET)
		return;
	s->depth++;
	if (secret.len == 0 || secret.len > RELAY_SECRET_MAX) {
		relay_session_end_text(s, RELAY_END_REFUSED, "4.7.0",
		    "the route's password cannot be had");
	} else {
		buf_wipe(&s->secret);
		(void)buf_append(&s->secret, secret);
		begin_login(s);
	}
	if (--s->depth == 0 && s->is_freed)
		mem_free(s);
}

static void
answer_challenge(struct relay_session *s)
{
	struct buf line = buf_init(RELAY_AUTH_LINE_MAX);
	struct slice text = slice_from_cstr(s->reply.text);

	relay_session_enter(s, RELAY_LOGIN);
	if (relay_auth_answer(s->mechanism, s->auth_step++, text, s->how.user,
	    buf_slice(&s->secret), &line) != STATUS_OK) {
		buf_reset(&line);
		(void)buf_append(&line, SLICE("*"));	/* RFC 4954 s.4: we give up */
	}
	say_secretly(s, &line);
}

/* A mechanism may be refused that the server cannot do for us; a wrong password is not tried again. */
static void
login_refused(struct relay_session *s)
{
	bool is_wrong_password = s->reply.code == 535 && s->mechanism != RELAY_AUTH_CRAM_MD5;

	s->features.auth &= ~(unsigned)s->mechanism;
	s->mechanism = relay_auth_choose(s->features.auth, conn_is_secure(s->conn),
	    s->how.tls_mode == RELAY_TLS_OFF);
	s->auth_step = 0;
	if (is_wrong_password || s->reply.code < 500 || s->mechanism == RELAY_AUTH_NONE)
		relay_session_end_reply(s, RELAY_AUTH);
	else
		begin_login(s);
}

void
relay_on_login(struct relay_session *s)
{
	if (s->reply.code == 334 && s->auth_step < AUTH_STEPS_MAX)
		answer_challenge(s);
	else if (relay_judge(RELAY_AUTH, &s->reply).verdict == RELAY_SENT)
		relay_session_rest(s);
	else
		login_refused(s);
}
