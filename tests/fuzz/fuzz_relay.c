/*
 * Any bytes are what the next server says in a whole session: greeting, EHLO,
 * login, two messages.  Whatever it says, each recipient gets one result with an
 * enhanced code and printable words, and the session ends once.  The same bytes
 * are the original that a notice quotes, which has to be 7-bit with CRLF.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "net/loop.h"
#include "smtpd/bounce.h"
#include "smtpd/relay_session.h"
#include "smtpd/relay_text.h"

#define MESSAGES 2
#define RECIPIENTS 2
#define SERVER_MAX 60000	/* what a socket takes at once */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
	struct loop *loop;
	struct relay_session *session;
	struct relay_message message;
	struct relay_text text;
	unsigned sent, results[MESSAGES][RECIPIENTS], ends;
};

static void
on_secret(void *ctx)
{
	struct owner *o = ctx;

	relay_session_secret(o->session, SLICE("open sesame"));
}

static void
on_idle(void *ctx)
{
	struct owner *o = ctx;

	if (o->sent < MESSAGES) {
		o->sent++;
		relay_session_send(o->session, &o->message);
	}
}

static void
check_result(const struct relay_result *r)
{
	ASSERT(memchr(r->text, '\0', sizeof(r->text)) != NULL);
	for (const char *c = r->text; *c != '\0'; c++)
		ASSERT(*c >= ' ' && *c < 127);
	if (r->verdict == RELAY_LATER || r->verdict == RELAY_FAILED)
		ASSERT(r->enhanced[0] == '4' || r->enhanced[0] == '5');
}

static void
on_result(void *ctx, uint32_t i, const struct relay_result *r)
{
	struct owner *o = ctx;

	ASSERT(o->sent > 0 && i < RECIPIENTS && o->results[o->sent - 1][i]++ == 0);
	check_result(r);
}

static void
on_end(void *ctx, enum relay_end end, const struct relay_result *r)
{
	struct owner *o = ctx;

	(void)end;
	check_result(r);
	ASSERT(o->ends++ == 0);
	for (unsigned m = 0; m < o->sent; m++)
		for (unsigned i = 0; i < RECIPIENTS; i++)
			ASSERT(o->results[m][i] == 1);
	loop_stop(o->loop);
}

static void
run_session(struct slice said, unsigned way)
{
	static const struct relay_session_handler handler = { on_secret, on_idle, on_result,
		on_end };
	static const struct slice recipients[RECIPIENTS] = { { "ann@a.test", 10 },
		{ "\xc3\xa4@a.test", 9 } };
	static const struct smtp_dsn_rcpt wishes[RECIPIENTS] = {
		{ SMTP_NOTIFY_SUCCESS, { "rfc822;ann@a.test", 17 } }, { 0 } };
	struct owner o = { .loop = loop_new() };
	struct relay_peer peer = {
		.host = SLICE("mx.a.test"),
		.address = SLICE("192.0.2.1"),
		.hello = SLICE("our.test"),
		.is_lmtp = way & 1,
		.tls_mode = RELAY_TLS_OFF,
		.user = way & 2 ? SLICE("me") : SLICE(""),
		.patience_s = 60,
	};
	int fds[2];

	relay_text_of(&o.text, SLICE("Subject: x\r\n\r\n.dot\nbare\r\n"));
	o.message = (struct relay_message){ .sender = SLICE("me@our.test"),
		.recipients = recipients, .count = RECIPIENTS, .text = &o.text,
		.dsn = { SMTP_RET_HDRS, SLICE("QQ1") }, .wishes = wishes };
	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	ASSERT(write(fds[0], said.ptr, said.len) == (ssize_t)said.len);
	ASSERT(shutdown(fds[0], SHUT_WR) == 0);
	o.session = relay_session_new(o.loop, fds[1], &peer, &handler, &o);
	loop_run(o.loop);
	relay_session_free(&o.session);
	close(fds[0]);
	loop_free(&o.loop);
}

static void
write_notice(struct slice original)
{
	struct relay_result r = relay_result_make("5.1.1", original);
	struct bounce_recipient recipient = { slice_sub(original, 0, 300),
		slice_sub(original, 0, 100), &r };
	struct bounce b = {
		.hostname = SLICE("our.test"),
		.domain = SLICE("our.test"),
		.mid = SLICE("mid"),
		.author = SLICE("me@our.test"),
		.dsn = { SMTP_RET_FULL, slice_sub(original, 0, 100) },
		.recipients = &recipient,
		.count = 1,
		.text = original,
	};
	struct buf out = buf_init(BOUNCE_MAX);

	bounce_write(&b, &out);
	ASSERT(buf_status(&out) == STATUS_OK);
	for (size_t i = 0; i < out.len; i++) {
		ASSERT(!ascii_is_8bit(out.ptr[i]) && out.ptr[i] != '\0');
		ASSERT((out.ptr[i] == '\n') == (i > 0 && out.ptr[i - 1] == '\r'));
	}
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size);

	if (size == 0)
		return 0;
	run_session(slice_sub(input, 1, SERVER_MAX), data[0]);
	write_notice(input);
	return 0;
}
