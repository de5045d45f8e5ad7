#include "base/check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/testing_certificate.h"
#include "net/testing_side.h"
#include "net/tls.h"
#include "smtpd/relay_session.h"
#include "smtpd/relay_text.h"

#define EVENTS_MAX 16384
#define MESSAGES_MAX 3

/*
 * A server that plays a script, a line a step:
 *   S text    say the line         C text   the next line has to be this
 *   s text    say it without an end of line; "\\n" is LF, "\\r" CR, "\\0" NUL
 *   TLS       the handshake        CLOSE    end the connection
 *   WAIT      let what was said arrive by itself
 */
struct play {
	struct loop *loop;
	struct side server;
	struct relay_session *session;
	struct tls_context *server_tls, *client_tls;
	struct relay_text text;
	struct relay_message messages[MESSAGES_MAX];
	size_t message_count, message_at;
	struct buf events;	/* what the owner was told */
	size_t ended;
	bool frees_on_result;
};

static const struct slice two[] = { { "ann@a.test", 10 }, { "bob@a.test", 10 } };
static const struct slice accented[] = { { "ann@a.test", 10 }, { "\xc3\xa4@a.test", 9 } };
static const char short_text[] = "Subject: x\r\n\r\n.dot\r\n";

static void
on_secret(void *ctx)
{
	struct play *p = ctx;

	relay_session_secret(p->session, SLICE("open sesame"));
}

static void
on_idle(void *ctx)
{
	struct play *p = ctx;

	buf_printf(&p->events, "idle%s;", relay_session_is_secure(p->session) ? " tls" : "");
	if (p->message_at < p->message_count)
		relay_session_send(p->session, &p->messages[p->message_at++]);
	else
		relay_session_quit(&p->session);
	p->ended += p->session == NULL;
}

static const char *const verdicts[] = {
	[RELAY_SENT] = "sent",
	[RELAY_LATER] = "later",
	[RELAY_FAILED] = "failed",
	[RELAY_AGAIN] = "again",
};

static void
on_result(void *ctx, uint32_t i, const struct relay_result *r)
{
	struct play *p = ctx;

	buf_printf(&p->events, "%u %s", i, verdicts[r->verdict]);
	if (r->verdict != RELAY_SENT && r->verdict != RELAY_AGAIN)
		buf_printf(&p->events, " %s", r->enhanced);
	buf_append(&p->events, r->is_doubtful ? SLICE(" doubtful;") : SLICE(";"));
	if (p->frees_on_result) {
		relay_session_free(&p->session);
		p->ended++;
	}
}

static void
on_end(void *ctx, enum relay_end end, const struct relay_result *r)
{
	static const char *const ends[] = {
		[RELAY_END_LOST] = "lost",
		[RELAY_END_REFUSED] = "refused",
		[RELAY_END_TLS] = "tls",
	};
	struct play *p = ctx;

	buf_printf(&p->events, "%s %s %s;", ends[end], verdicts[r->verdict], r->enhanced);
	relay_session_free(&p->session);
	p->ended++;
}

static const struct relay_session_handler handler = { on_secret, on_idle, on_result, on_end };

static void
play_open(struct play *p, const struct relay_peer *how)
{
	struct relay_peer peer = *how;
	int fds[2];

	*p = (struct play){ .loop = loop_new(), .events = buf_init(EVENTS_MAX) };
	testing_pair(fds);
	side_open(&p->server, p->loop, fds[0]);
	relay_text_of(&p->text, slice_from_cstr(short_text));
	for (size_t i = 0; i < MESSAGES_MAX; i++)
		p->messages[i] = (struct relay_message){ .sender = SLICE("me@our.test"),
			.recipients = two, .count = 2, .text = &p->text };
	p->message_count = 1;
	if (peer.tls_mode != RELAY_TLS_OFF) {
		CHECK_STATUS(tls_server_new("cert.pem", "key.pem", TLS_FLOOR_1_2, SLICE(""),
		    &p->server_tls, NULL), STATUS_OK);
		CHECK_STATUS(tls_client_new("cert.pem", &p->client_tls, NULL), STATUS_OK);
	}
	peer.tls = p->client_tls;
	if (peer.host.len == 0)
		peer.host = SLICE("mail.test");
	peer.address = SLICE("192.0.2.1");
	peer.port = 25;
	peer.hello = SLICE("our.test");
	peer.patience_s = peer.patience_s == 0 ? 60 : peer.patience_s;
	p->session = relay_session_new(p->loop, fds[1], &peer, &handler, p);
}

static void
play_clear(struct play *p)
{
	relay_session_free(&p->session);
	side_clear(&p->server);
	testing_turn(p->loop, 0);
	tls_context_free(&p->server_tls);
	tls_context_free(&p->client_tls);
	buf_clear(&p->events);
	loop_free(&p->loop);
}

static void
say(struct play *p, struct slice text)
{
	struct buf out = buf_init(4096);

	while (text.len > 0) {
		size_t n = slice_find_byte(text, '\\');

		buf_append(&out, slice_sub(text, 0, n));
		text = slice_skip(text, n);
		if (text.len < 2)
			break;
		buf_append_byte(&out, text.ptr[1] == 'n' ? '\n' : text.ptr[1] == 'r' ? '\r' : '\0');
		text = slice_skip(text, 2);
	}
	conn_write(p->server.conn, buf_slice(&out));
	buf_clear(&out);
}

/* The next line that came in; the test fails when there is none. */
static void
expect(struct play *p, struct slice want)
{
	struct slice line = SLICE("");
	size_t used = 0;
	unsigned turns = 0;

	while (line_take(buf_slice(&p->server.got), 65536, &line, &used) != STATUS_OK &&
	    turns++ < 2000)
		testing_turn(p->loop, 1);
	if (!slice_equal(line, want))
		print_error("got \"%.*s\", want \"%.*s\" (events %.*s)\n", SLICE_ARG(line),
		    SLICE_ARG(want), SLICE_ARG(buf_slice(&p->events)));
	CHECK(slice_equal(line, want));
	buf_consume(&p->server.got, used);
}

static void
perform(struct play *p, const char *const *script)
{
	for (; *script != NULL; script++) {
		struct slice step = slice_from_cstr(*script);

		if (slice_equal(step, SLICE("TLS"))) {
			size_t secure = p->server.secure;

			conn_start_tls(p->server.conn, p->server_tls, NULL);
			for (unsigned n = 0; p->server.secure == secure && p->server.ended == 0 &&
			     n < 2000; n++)
				testing_turn(p->loop, 1);
		} else if (slice_equal(step, SLICE("WAIT"))) {
			testing_turn(p->loop, 20);
		} else if (slice_equal(step, SLICE("CLOSE"))) {
			testing_turn(p->loop, 1);
			conn_finish(&p->server.conn);
		} else if (step.ptr[0] == 'C') {
			expect(p, slice_skip(step, 2));
		} else {
			say(p, slice_skip(step, 2));
			if (step.ptr[0] == 'S')
				conn_write(p->server.conn, SLICE("\r\n"));
		}
	}
}

struct row {
	const char *name;
	struct relay_peer how;
	const char *script[48];
	const char *events;
	size_t messages;
};

#define GREET "S 220 mx ready", "C EHLO our.test"
#define PLAIN_GREET GREET, "S 250 mx"
#define FAST_GREET GREET, "S 250-mx", "S 250-PIPELINING", "S 250 SIZE 1000"
#define TEXT_LINES "C Subject: x", "C ", "C ..dot", "C ."
#define OFF .tls_mode = RELAY_TLS_OFF

static void
run_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct play p;

		play_open(&p, &rows[i].how);
		if (rows[i].messages > 0)
			p.message_count = rows[i].messages;
		perform(&p, rows[i].script);
		for (unsigned n = 0; p.ended == 0 && n < 5000; n++)
			testing_turn(p.loop, 1);
		if (!slice_equal(buf_slice(&p.events), slice_from_cstr(rows[i].events)))
			print_error("%s\n", rows[i].name);
		CHECK_SLICE(buf_slice(&p.events), rows[i].events);
		play_clear(&p);
	}
}

static void
messages_are_sent_and_verdicts_told(void **state)
{
	static const struct row rows[] = {
		{ "step by step", { OFF }, { PLAIN_GREET, "C MAIL FROM:<me@our.test>", "S 250 ok",
		    "C RCPT TO:<ann@a.test>", "S 250", "C RCPT TO:<bob@a.test>", "S 251 will forward",
		    "C DATA", "S 354 go", TEXT_LINES, "S 250 2.0.0 taken", "C QUIT" },
		    "idle;0 sent;1 sent;idle;", 1 },
		{ "pipelined", { OFF }, { FAST_GREET, "C MAIL FROM:<me@our.test> SIZE=20",
		    "C RCPT TO:<ann@a.test>", "C RCPT TO:<bob@a.test>", "C DATA",
		    "S 250 ok", "S 250 ok", "S 550 5.1.1 nobody", "S 354 go", TEXT_LINES,
		    "S 250 taken", "C QUIT" }, "idle;1 failed 5.1.1;0 sent;idle;", 1 },
		{ "a second message begins with RSET", { OFF }, { PLAIN_GREET,
		    "C MAIL FROM:<me@our.test>", "S 250 ok", "C RCPT TO:<ann@a.test>", "S 250 ok",
		    "C RCPT TO:<bob@a.test>", "S 451 4.7.1 greylisted", "C DATA", "S 354 go",
		    TEXT_LINES, "S 554 5.7.1 spam", "C RSET", "S 250 ok",
		    "C MAIL FROM:<me@our.test>", "S 451 no", "C QUIT" },
		    "idle;1 later 4.7.1;0 failed 5.7.1;idle;0 later 4.3.0;1 later 4.3.0;idle;", 2 },
		{ "nobody is taken", { OFF }, { PLAIN_GREET, "C MAIL FROM:<me@our.test>",
		    "S 250 ok", "C RCPT TO:<ann@a.test>", "S 550 no", "C RCPT TO:<bob@a.test>",
		    "S 450 no", "C QUIT" }, "idle;0 failed 5.1.0;1 later 4.2.0;idle;", 1 },
		{ "nobody is taken, but a text is waited for", { OFF }, { FAST_GREET,
		    "C MAIL FROM:<me@our.test> SIZE=20", "C RCPT TO:<ann@a.test>",
		    "C RCPT TO:<bob@a.test>", "C DATA", "S 250 ok", "S 550 no", "S 550 no",
		    "S 354 go", "C .", "S 554 no recipients", "C QUIT" },
		    "idle;0 failed 5.1.0;1 failed 5.1.0;idle;", 1 },
		{ "the sender is refused", { OFF }, { FAST_GREET,
		    "C MAIL FROM:<me@our.test> SIZE=20", "C RCPT TO:<ann@a.test>",
		    "C RCPT TO:<bob@a.test>", "C DATA", "S 550 5.1.8 who?", "S 503 no", "S 503 no",
		    "S 503 no", "C QUIT" }, "idle;0 failed 5.1.8;1 failed 5.1.8;idle;", 1 },
		{ "the text is refused at DATA", { OFF }, { FAST_GREET,
		    "C MAIL FROM:<me@our.test> SIZE=20", "C RCPT TO:<ann@a.test>",
		    "C RCPT TO:<bob@a.test>", "C DATA", "S 250 ok", "S 250 ok", "S 250 ok",
		    "S 451 4.3.2 busy", "C QUIT" }, "idle;0 later 4.3.2;1 later 4.3.2;idle;", 1 },
		{ "too many recipients go again", { OFF }, { PLAIN_GREET,
		    "C MAIL FROM:<me@our.test>", "S 250 ok", "C RCPT TO:<ann@a.test>", "S 250 ok",
		    "C RCPT TO:<bob@a.test>", "S 452 4.5.3 enough", "C DATA", "S 354 go", TEXT_LINES,
		    "S 250 ok", "C QUIT" }, "idle;1 again;0 sent;idle;", 1 },
		{ "HELO only", { OFF }, { GREET, "S 502 what?", "C HELO our.test", "S 250 mx",
		    "C MAIL FROM:<me@our.test>", "S 421 4.3.2 closing", "CLOSE" },
		    "idle;0 later 4.3.2;1 later 4.3.2;refused later 4.3.2;", 1 },
		{ "LMTP answers for each", { OFF, .is_lmtp = true }, { "S 220 mx",
		    "C LHLO our.test", "S 250-mx", "S 250 PIPELINING", "C MAIL FROM:<me@our.test>",
		    "C RCPT TO:<ann@a.test>", "C RCPT TO:<bob@a.test>", "C DATA", "S 250 ok",
		    "S 250 ok", "S 250 ok", "S 354 go", TEXT_LINES, "S 250 ok", "S 552 5.2.2 full",
		    "C QUIT" }, "idle;0 sent;1 failed 5.2.2;idle;", 1 },
		{ "LMTP lost between two answers", { OFF, .is_lmtp = true }, { "S 220 mx",
		    "C LHLO our.test", "S 250-mx", "S 250 PIPELINING", "C MAIL FROM:<me@our.test>",
		    "C RCPT TO:<ann@a.test>", "C RCPT TO:<bob@a.test>", "C DATA", "S 250 ok",
		    "S 250 ok", "S 250 ok", "S 354 go", TEXT_LINES, "S 250 ok", "CLOSE" },
		    "idle;0 sent;1 later 4.4.2 doubtful;lost later 4.4.2;", 1 },
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
what_a_server_does_wrong_costs_one_attempt(void **state)
{
	static const struct row rows[] = {
		{ "no greeting", { OFF }, { "CLOSE" }, "lost later 4.4.2;", 1 },
		{ "busy", { OFF }, { "S 421 4.3.2 later" }, "refused later 4.3.2;", 1 },
		{ "refusing", { OFF }, { "S 554 5.7.1 go away" }, "refused later 4.7.1;", 1 },
		{ "never takes mail", { OFF }, { "S 521 no mail here" }, "refused failed 5.3.2;", 1 },
		{ "no SMTP", { OFF }, { "S +OK POP3 ready" }, "lost later 4.5.0;", 1 },
		{ "codes that differ", { OFF }, { "S 220-a", "S 221 b" }, "lost later 4.5.0;", 1 },
		{ "cut greeting", { OFF }, { "s 220-", "CLOSE" }, "lost later 4.4.2;", 1 },
		{ "NUL and bare CR", { OFF }, { "s 220 a\\0b\\rc\\r\\n", "C EHLO our.test", "CLOSE" },
		    "lost later 4.4.2;", 1 },
		{ "bare LF and no text", { OFF }, { "s 220\\n", "C EHLO our.test", "s 250\\n",
		    "C MAIL FROM:<me@our.test>", "CLOSE" },
		    "idle;0 later 4.4.2;1 later 4.4.2;lost later 4.4.2;", 1 },
		{ "speaks while idle", { OFF }, { GREET, "s 250 mx\\r\\n250 ok\\r\\n" },
		    "lost later 4.4.2;", 1 },
		{ "answers what was not asked", { OFF }, { PLAIN_GREET, "C MAIL FROM:<me@our.test>",
		    "s 250 ok\\r\\n250 ok\\r\\n250 ok\\r\\n" }, "idle;0 later 4.5.0;1 later 4.5.0;"
		    "lost later 4.5.0;", 1 },
		{ "takes a text that did not come yet", { OFF }, { FAST_GREET,
		    "C MAIL FROM:<me@our.test> SIZE=20", "C RCPT TO:<ann@a.test>",
		    "C RCPT TO:<bob@a.test>", "C DATA", "S 250 ok", "S 250 ok", "S 250 ok",
		    "s 354 go\\r\\n250 taken\\r\\n" }, "idle;0 later 4.5.0 doubtful;"
		    "1 later 4.5.0 doubtful;refused later 4.5.0;", 1 },
		{ "closes before the text ends", { OFF }, { PLAIN_GREET, "C MAIL FROM:<me@our.test>",
		    "S 250 ok", "C RCPT TO:<ann@a.test>", "S 250 ok", "C RCPT TO:<bob@a.test>",
		    "S 250 ok", "C DATA", "CLOSE" },
		    "idle;0 later 4.4.2;1 later 4.4.2;lost later 4.4.2;", 1 },
		{ "closes after the dot", { OFF }, { PLAIN_GREET, "C MAIL FROM:<me@our.test>",
		    "S 250 ok", "C RCPT TO:<ann@a.test>", "S 250 ok", "C RCPT TO:<bob@a.test>",
		    "S 550 no", "C DATA", "S 354 go", TEXT_LINES, "CLOSE" },
		    "idle;1 failed 5.1.0;0 later 4.4.2 doubtful;lost later 4.4.2;", 1 },
		{ "garbage after the dot", { OFF }, { PLAIN_GREET, "C MAIL FROM:<me@our.test>",
		    "S 250 ok", "C RCPT TO:<ann@a.test>", "S 250 ok", "C RCPT TO:<bob@a.test>",
		    "S 550 no", "C DATA", "S 354 go", TEXT_LINES, "S hello" },
		    "idle;1 failed 5.1.0;0 later 4.5.0 doubtful;lost later 4.5.0;", 1 },
		{ "closed while the session was kept", { OFF }, { PLAIN_GREET,
		    "C MAIL FROM:<me@our.test>", "S 250 ok", "C RCPT TO:<ann@a.test>", "S 250 ok",
		    "C RCPT TO:<bob@a.test>", "S 550 no", "C DATA", "S 354 go", TEXT_LINES,
		    "S 250 ok", "C RSET", "S 421 idle too long", "CLOSE" },
		    "idle;1 failed 5.1.0;0 sent;idle;0 again;1 again;refused later 4.3.0;", 2 },
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

static void
endless_replies_end_the_session(void **state)
{
	static char line[3000];
	struct play p;

	(void)state;
	play_open(&p, &(struct relay_peer){ OFF });
	memset(line, 'x', sizeof(line));
	memcpy(line, "220 ", 4);
	conn_write(p.server.conn, slice_make(line, sizeof(line)));
	testing_until(p.loop, &p.ended, 1);
	CHECK_SLICE(buf_slice(&p.events), "lost later 4.5.0;");
	play_clear(&p);
	play_open(&p, &(struct relay_peer){ OFF });
	for (unsigned i = 0; i < RELAY_LINES_MAX + 1; i++)
		conn_write(p.server.conn, SLICE("220-more\r\n"));
	testing_until(p.loop, &p.ended, 1);
	CHECK_SLICE(buf_slice(&p.events), "lost later 4.5.0;");
	play_clear(&p);
	play_open(&p, &(struct relay_peer){ OFF, .patience_s = 1 });
	conn_write(p.server.conn, SLICE("220 slow"));
	testing_until(p.loop, &p.ended, 1);
	CHECK_SLICE(buf_slice(&p.events), "lost later 4.4.2;");
	play_clear(&p);
}

static void
tls_is_used_as_the_route_says(void **state)
{
	static const struct row rows[] = {
		{ "required and offered", { .tls_mode = RELAY_TLS_REQUIRE }, { GREET, "S 250-mx",
		    "S 250 STARTTLS", "C STARTTLS", "S 220 go", "TLS", "C EHLO our.test", "S 250 mx",
		    "C MAIL FROM:<me@our.test>", "S 550 no", "C QUIT" },
		    "idle tls;0 failed 5.1.8;1 failed 5.1.8;idle tls;", 1 },
		{ "first", { .tls_mode = RELAY_TLS_REQUIRE, .is_tls_first = true }, { "TLS",
		    "S 220 mx", "C EHLO our.test", "S 250 mx", "C MAIL FROM:<me@our.test>", "S 550 no",
		    "C QUIT" }, "idle tls;0 failed 5.1.8;1 failed 5.1.8;idle tls;", 1 },
		{ "required, not offered", { .tls_mode = RELAY_TLS_REQUIRE }, { PLAIN_GREET },
		    "refused later 4.7.4;", 1 },
		{ "required, refused", { .tls_mode = RELAY_TLS_REQUIRE }, { GREET, "S 250-mx",
		    "S 250 STARTTLS", "C STARTTLS", "S 454 no" }, "refused later 4.7.4;", 1 },
		{ "required, another name", { .tls_mode = RELAY_TLS_REQUIRE,
		    .host = { "other.test", 10 } }, { GREET, "S 250-mx", "S 250 STARTTLS",
		    "C STARTTLS", "S 220 go", "TLS" }, "tls later 4.7.5;", 1 },
		{ "bytes ahead of TLS", { .tls_mode = RELAY_TLS_REQUIRE }, { GREET, "S 250-mx",
		    "S 250 STARTTLS", "C STARTTLS", "s 220 go\\r\\n250 evil\\r\\n" },
		    "refused later 4.7.5;", 1 },
		{ "tried, not offered", { .tls_mode = RELAY_TLS_TRY }, { PLAIN_GREET,
		    "C MAIL FROM:<me@our.test>", "S 550 no", "C QUIT" },
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;", 1 },
		{ "tried, refused", { .tls_mode = RELAY_TLS_TRY }, { GREET, "S 250-mx",
		    "S 250 STARTTLS", "C STARTTLS", "S 454 no", "C MAIL FROM:<me@our.test>", "S 550 no",
		    "C QUIT" }, "idle;0 failed 5.1.8;1 failed 5.1.8;idle;", 1 },
		{ "off, offered", { OFF }, { GREET, "S 250-mx", "S 250 STARTTLS",
		    "C MAIL FROM:<me@our.test>", "S 550 no", "C QUIT" },
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;", 1 },
		{ "no handshake", { .tls_mode = RELAY_TLS_TRY }, { GREET, "S 250-mx",
		    "S 250 STARTTLS", "C STARTTLS", "S 220 go", "WAIT", "S this is no TLS" },
		    "tls later 4.7.5;", 1 },
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

#define USER .user = { "ann", 3 }

static void
logins_hide_the_secret_unless_told_otherwise(void **state)
{
	static const struct row rows[] = {
		{ "PLAIN in clear, wanted so", { OFF, USER }, { GREET, "S 250-mx",
		    "S 250 AUTH LOGIN PLAIN", "C AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==", "S 235 ok",
		    "C MAIL FROM:<me@our.test>", "S 550 no", "C QUIT" },
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;", 1 },
		{ "LOGIN in its old form", { OFF, USER }, { GREET, "S 250-mx", "S 250 AUTH=LOGIN",
		    "C AUTH LOGIN", "S 334 VXNlcm5hbWU6", "C YW5u", "S 334 UGFzc3dvcmQ6",
		    "C b3BlbiBzZXNhbWU=", "S 535 5.7.8 wrong" }, "refused later 4.7.8;", 1 },
		{ "CRAM-MD5 in clear", { .tls_mode = RELAY_TLS_TRY, USER }, { GREET, "S 250-mx",
		    "S 250 AUTH PLAIN CRAM-MD5", "C AUTH CRAM-MD5",
		    "S 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
		    "C YW5uIGQ1NjgxNzE5ZWZmNmQ5ZDU4MDZhNzE5ZjhmNjMyYTQz", "S 235 ok",
		    "C MAIL FROM:<me@our.test>", "S 550 no", "C QUIT" },
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;", 1 },
		{ "no secret in clear", { .tls_mode = RELAY_TLS_TRY, USER }, { GREET, "S 250-mx",
		    "S 250 AUTH PLAIN LOGIN" }, "refused later 4.7.0;", 1 },
		{ "no AUTH", { OFF, USER }, { PLAIN_GREET }, "refused later 4.7.0;", 1 },
		{ "no such mechanism after all", { OFF, USER }, { GREET, "S 250-mx",
		    "S 250 AUTH PLAIN CRAM-MD5", "C AUTH CRAM-MD5", "S 504 not here",
		    "C AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==", "S 535 wrong" },
		    "refused later 4.7.8;", 1 },
		{ "a challenge too many", { OFF, USER }, { GREET, "S 250-mx", "S 250 AUTH LOGIN",
		    "C AUTH LOGIN", "S 334 ", "C YW5u", "S 334 ", "C b3BlbiBzZXNhbWU=", "S 334 ",
		    "C *", "S 501 given up" }, "refused later 4.7.8;", 1 },
		{ "challenges without end", { OFF, USER }, { GREET, "S 250-mx", "S 250 AUTH LOGIN",
		    "C AUTH LOGIN", "S 334 ", "C YW5u", "S 334 ", "C b3BlbiBzZXNhbWU=", "S 334 ",
		    "C *", "S 334 ", "C *", "S 334 " }, "refused later 4.5.0;", 1 },
		{ "under TLS", { .tls_mode = RELAY_TLS_REQUIRE, USER }, { GREET, "S 250-mx",
		    "S 250 STARTTLS", "C STARTTLS", "S 220 go", "TLS", "C EHLO our.test", "S 250-mx",
		    "S 250 AUTH CRAM-MD5 PLAIN", "C AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==",
		    "S 454 4.7.0 later" }, "refused later 4.7.0;", 1 },
	};

	(void)state;
	run_rows(rows, ARRAY_LEN(rows));
}

/* What is not even asked of a server that does not offer it. */
static void
messages_that_do_not_fit_are_settled_before(void **state)
{
	static const struct {
		const char *offer, *text, *sender;
		const struct slice *recipients;
		const char *mail, *events;
	} rows[] = {
		{ "SIZE 5", "longer", "me@our.test", two, NULL,
		    "idle;0 failed 5.3.4;1 failed 5.3.4;idle;" },
		{ "SIZE 0", "longer\r\n", "", two, "C MAIL FROM:<> SIZE=8",
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;" },
		{ "HELP", "\xe4\r\n", "me@our.test", two, NULL,
		    "idle;0 failed 5.6.3;1 failed 5.6.3;idle;" },
		{ "8BITMIME", "\xe4\r\n", "me@our.test", two,
		    "C MAIL FROM:<me@our.test> BODY=8BITMIME",
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;" },
		{ "HELP", "x\r\n", "me@our.test", accented, "C MAIL FROM:<me@our.test>",
		    "idle;1 failed 5.6.7;0 failed 5.1.8;idle;" },
		{ "SMTPUTF8", "x\r\n", "me@our.test", accented,
		    "C MAIL FROM:<me@our.test> SMTPUTF8",
		    "idle;0 failed 5.1.8;1 failed 5.1.8;idle;" },
		{ "HELP", "x\r\n", "\xc3\xa4@our.test", two, NULL,
		    "idle;0 failed 5.6.7;1 failed 5.6.7;idle;" },
		{ "HELP", "x\r\n", "a>\r\nRCPT TO:<b", two, NULL,
		    "idle;0 failed 5.1.7;1 failed 5.1.7;idle;" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct play p;
		char offer[40];
		const char *script[] = { GREET, "S 250-mx", offer, rows[i].mail, "S 550 no", NULL };

		snprintf(offer, sizeof(offer), "S 250 %s", rows[i].offer);
		play_open(&p, &(struct relay_peer){ OFF });
		relay_text_of(&p.text, slice_from_cstr(rows[i].text));
		p.messages[0].sender = slice_from_cstr(rows[i].sender);
		p.messages[0].recipients = rows[i].recipients;
		perform(&p, script);
		expect(&p, SLICE("QUIT"));
		CHECK_SLICE(buf_slice(&p.events), rows[i].events);
		play_clear(&p);
	}
}

static void
texts_arrive_dot_stuffed_with_crlf_only(void **state)
{
	static const char *const script[] = { PLAIN_GREET, "C MAIL FROM:<me@our.test>", "S 250 ok",
		"C RCPT TO:<ann@a.test>", "S 250 ok", "C RCPT TO:<bob@a.test>", "S 250 ok", "C DATA",
		"S 354 go", "C a", "C ..", "C b", "C ", "C c", "C ..x", "C .", "S 250 ok", "C QUIT",
		NULL };
	static const char flawed[] = "a\n.\rb\r\r\nc\0\r\n\0.x";
	struct buf big = buf_init(SIDE_TEXT_MAX);
	struct play p;

	(void)state;
	play_open(&p, &(struct relay_peer){ OFF });
	relay_text_of(&p.text, slice_make(flawed, sizeof(flawed) - 1));
	CHECK(p.text.is_flawed);
	perform(&p, script);
	play_clear(&p);

	/* Much more than what may wait in a connection's output. */
	play_open(&p, &(struct relay_peer){ OFF });
	while (big.len < 3 * 1024 * 1024)
		buf_append(&big, SLICE(".line\r\n"));
	relay_text_of(&p.text, buf_slice(&big));
	CHECK(!p.text.is_flawed);
	perform(&p, (const char *[]){ PLAIN_GREET, "C MAIL FROM:<me@our.test>", "S 250 ok",
	    "C RCPT TO:<ann@a.test>", "S 250 ok", "C RCPT TO:<bob@a.test>", "S 250 ok", "C DATA",
	    "S 354 go", NULL });
	for (unsigned n = 0; p.server.got.len < big.len / 7 * 8 + 3 && n < 5000; n++)
		testing_turn(p.loop, 1);
	CHECK_U64(p.server.got.len, big.len / 7 * 8 + 3);
	CHECK(slice_ends(buf_slice(&p.server.got), SLICE("..line\r\n.\r\n")));
	buf_reset(&p.server.got);
	perform(&p, (const char *[]){ "S 250 ok", "C QUIT", NULL });
	play_clear(&p);
	buf_clear(&big);
}

static void
an_early_refusal_of_a_long_text_counts(void **state)
{
	struct buf big = buf_init(SIDE_TEXT_MAX);
	struct play p;

	(void)state;
	play_open(&p, &(struct relay_peer){ OFF });
	while (big.len < 4 * 1024 * 1024)
		buf_append(&big, SLICE("a line of a text\r\n"));
	relay_text_of(&p.text, buf_slice(&big));
	perform(&p, (const char *[]){ PLAIN_GREET, "C MAIL FROM:<me@our.test>", "S 250 ok",
	    "C RCPT TO:<ann@a.test>", "S 250 ok", "C RCPT TO:<bob@a.test>", "S 250 ok", "C DATA",
	    NULL });
	conn_pause(p.server.conn);
	perform(&p, (const char *[]){ "S 354 go", "S 552 5.3.4 too much", NULL });
	testing_until(p.loop, &p.ended, 1);
	CHECK_SLICE(buf_slice(&p.events),
	    "idle;0 failed 5.3.4;1 failed 5.3.4;refused failed 5.3.4;");
	play_clear(&p);
	buf_clear(&big);
}

/* Whenever the connection breaks, each recipient has one result, and an owner may be gone. */
static void
a_connection_may_break_at_every_step(void **state)
{
	static const char *const script[] = { FAST_GREET, "C MAIL FROM:<me@our.test> SIZE=20",
		"C RCPT TO:<ann@a.test>", "C RCPT TO:<bob@a.test>", "C DATA", "S 250 ok", "S 250 ok",
		"S 250 ok", "S 354 go", TEXT_LINES, "S 250 taken" };

	(void)state;
	for (size_t cut = 0; cut < 2 * ARRAY_LEN(script); cut++) {
		const char *part[ARRAY_LEN(script) + 2] = { 0 };
		size_t steps = cut / 2;
		struct play p;

		for (size_t i = 0; i < steps; i++)
			part[i] = script[i];
		part[steps] = "CLOSE";
		play_open(&p, &(struct relay_peer){ OFF });
		p.frees_on_result = cut % 2 == 1;
		perform(&p, part);
		testing_until(p.loop, &p.ended, 1);
		CHECK(p.frees_on_result || steps < 6 ||
		    slice_find(buf_slice(&p.events), SLICE("1 ")) < p.events.len);
		play_clear(&p);
	}
}

static int
make_certificate(void **state)
{
	char folder[] = "/tmp/relay_session_test.XXXXXX";

	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return 1;
	testing_certificate();
	return 0;
}

static int
remove_certificate(void **state)
{
	char folder[64];

	(void)state;
	if (getcwd(folder, sizeof(folder)) == NULL)
		return 1;
	return unlink("cert.pem") | unlink("key.pem") | rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_sent_and_verdicts_told),
		cmocka_unit_test(what_a_server_does_wrong_costs_one_attempt),
		cmocka_unit_test(endless_replies_end_the_session),
		cmocka_unit_test(tls_is_used_as_the_route_says),
		cmocka_unit_test(logins_hide_the_secret_unless_told_otherwise),
		cmocka_unit_test(messages_that_do_not_fit_are_settled_before),
		cmocka_unit_test(texts_arrive_dot_stuffed_with_crlf_only),
		cmocka_unit_test(an_early_refusal_of_a_long_text_counts),
		cmocka_unit_test(a_connection_may_break_at_every_step),
	};

	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
