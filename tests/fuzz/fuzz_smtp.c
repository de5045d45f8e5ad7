/*
 * Any bytes are what an SMTP client says in a whole session.  Whatever comes,
 * the server says whole reply lines only, the same ones whether the bytes come
 * at once or singly, and a text that reaches policyd has CRLF line ends, no NUL,
 * and somebody to go to.  The first byte says which port it is, and what policyd
 * answers.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/admission.h"
#include "net/ipc.h"
#include "net/line.h"
#include "net/loop.h"
#include "net/tls.h"
#include "policy/client.h"
#include "smtpd/server.h"
#include "smtpd/session.h"
#include "wire/smtp_dsn.h"
#include "wire/smtp_reply.h"

#define SAID_MAX 50000		/* what a socket takes at once */
#define SINGLY_MAX 250
#define HEARD_MAX (16 * 1024 * 1024)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- policyd: answers from the loop, as the true one does ---- */

struct question {
	policy_reply_done *done;	/* NULL: cancelled */
	void *ctx;
};

struct policy_client {
	struct loop *loop;
	unsigned way;
	struct question open;	/* a session has one at a time */
};

static void
answer_question(void *ctx)
{
	static const struct policy_reply yes = { 250, SLICE("2.0.0"), SLICE("fine") };
	static const struct policy_reply no = { 550, SLICE("5.7.1"), SLICE("no") };
	struct policy_client *c = ctx;
	struct question q = c->open;

	c->open.done = NULL;
	if (q.done == NULL)
		return;
	if ((c->way & 12) == 12)
		q.done(q.ctx, STATUS_BUSY, NULL);
	else
		q.done(q.ctx, STATUS_OK, c->way & 4 ? &no : &yes);
}

static uint32_t
ask(struct policy_client *c, policy_reply_done *done, void *ctx)
{
	ASSERT(c->open.done == NULL);
	c->open = (struct question){ done, ctx };
	loop_post(c->loop, answer_question, c);
	return 1;
}

void
policy_session_open(struct policy_client *c, const struct policy_session *s)
{
	(void)c;
	ASSERT(s->sid.len > 0);
}

void
policy_session_close(struct policy_client *c, struct slice sid)
{
	(void)c;
	(void)sid;
}

void
policy_cancel(struct policy_client *c, uint32_t call)
{
	ASSERT(call == 1);
	c->open.done = NULL;
}

uint32_t
policy_sasl(struct policy_client *c, struct slice sid, struct slice mechanism, bool has_message,
    struct slice message, policy_sasl_done *done, void *ctx)
{
	(void)c;
	(void)sid;
	(void)mechanism;
	(void)has_message;
	(void)message;
	(void)done;
	(void)ctx;
	abort();	/* there is no login without TLS */
}

uint32_t
policy_mail(struct policy_client *c, struct slice sid, struct slice sender,
    policy_reply_done *done, void *ctx)
{
	(void)sid;
	(void)sender;
	return ask(c, done, ctx);
}

uint32_t
policy_recipient(struct policy_client *c, struct slice sid, struct slice sender,
    struct slice recipient, policy_reply_done *done, void *ctx)
{
	(void)sid;
	(void)sender;
	ASSERT(recipient.len > 0);
	return ask(c, done, ctx);
}

static void
check_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		ASSERT(text.ptr[i] != '\0');
		ASSERT(text.ptr[i] != '\n' || (i > 0 && text.ptr[i - 1] == '\r'));
		ASSERT(text.ptr[i] != '\r' || (i + 1 < text.len && text.ptr[i + 1] == '\n'));
	}
}

/* S16: what is wanted to be told holds no line end, in whatever form, and travels. */
static void
check_wishes(const struct policy_submission *s)
{
	struct buf wire = buf_init(SMTP_ENVID_MAX + SMTP_ORCPT_MAX + 64);
	struct smtp_dsn_mail mail;
	struct smtp_dsn_rcpt rcpt;

	for (uint32_t i = 0; i < s->recipient_count; i++) {
		struct reader in;

		buf_reset(&wire);
		smtp_dsn_mail_put(&s->dsn, &wire);
		smtp_dsn_rcpt_put(&s->wishes[i], &wire);
		in = reader_of(buf_slice(&wire));
		smtp_dsn_mail_read(&in, &mail);
		smtp_dsn_rcpt_read(&in, &rcpt);
		ASSERT(buf_status(&wire) == STATUS_OK && reader_at_end(&in));
	}
	buf_clear(&wire);
}

uint32_t
policy_submit(struct policy_client *c, const struct policy_submission *s, int text,
    policy_reply_done *done, void *ctx)
{
	struct slice map;

	ASSERT(s->recipient_count > 0 && s->prefix_len <= s->size_bytes);
	ASSERT(memfd_sealed_check(text, s->size_bytes, NULL) == STATUS_OK);
	ASSERT(memfd_map(text, s->size_bytes, &map, NULL) == STATUS_OK);
	check_text(map);
	memfd_unmap(&map);
	check_wishes(s);
	return ask(c, done, ctx);
}

/* ---- the client ---- */

struct client {
	struct loop *loop;
	struct watch *watch;
	int fd;
	struct slice left;
	size_t step;
	struct buf heard;
};

static void
client_ready(void *ctx, unsigned events)
{
	struct client *c = ctx;
	char bytes[65536];
	ssize_t n;

	if (events & WATCH_WRITE) {
		n = send(c->fd, c->left.ptr, c->left.len < c->step ? c->left.len : c->step,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		c->left = n < 0 ? SLICE("") : slice_skip(c->left, (size_t)n);
		if (c->left.len == 0) {
			(void)shutdown(c->fd, SHUT_WR);
			watch_want(c->watch, WATCH_READ);
		}
	}
	n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0)
		(void)buf_append(&c->heard, slice_make(bytes, (size_t)n));
	else if (n == 0)
		loop_stop(c->loop);
}

static void
check_replies(struct slice heard)
{
	struct smtp_reply_line reply;

	while (heard.len > 0) {
		struct slice line;
		size_t used;

		ASSERT(line_take(heard, SMTP_REPLY_LINE_MAX + 2, &line, &used) == STATUS_OK);
		ASSERT(smtp_reply_parse(line, &reply) == STATUS_OK);
		heard = slice_skip(heard, used);
	}
}

static void
play(struct slice said, unsigned way, size_t step, struct buf *heard)
{
	static struct smtp_settings settings = { .message_max = 100000, .in_flight = 1000000,
		.recipients_max = 100, .connections_max = 10, .login_places = 10,
		.address_max = 10, .account_max = 10, .command_patience_s = 60,
		.data_deadline_s = 600, .data_grace_s = 600, .data_rate = 1,
		.login_deadline_s = 600, .lull_s = 600, .receipts_outside = true };
	static struct tls_context *tls;	/* handshakes fail: it needs no certificate */
	struct policy_client policy = { .loop = loop_new(), .way = way };
	struct smtp_server server = { .loop = policy.loop, .settings = &settings,
		.policy = &policy, .hostname = buf_init(64), .budget = { .max = 1000000 } };
	struct client client = { .loop = policy.loop, .left = said, .step = step,
		.heard = buf_init(HEARD_MAX) };
	int fds[2];

	if (tls == NULL)
		ASSERT(tls_client_new_unchecked(&tls, NULL) == STATUS_OK);
	server.tls = tls;
	server.outside = admission_new(10, 10);
	server.arrivals = admission_new(10, 10);
	server.accounts = admission_new(10, 10);
	(void)buf_append(&server.hostname, SLICE("mail.test"));
	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	client.fd = fds[0];
	client.watch = watch_new(policy.loop, fds[0], client_ready, &client);
	watch_want(client.watch, WATCH_READ | WATCH_WRITE);
	session_new(&server, fds[1], way & 1 ? SERVICE_SUBMISSION : SERVICE_SMTP, false);
	if (way & 2)
		(void)buf_append(&server.sessions->login, SLICE("ann@test"));
	loop_run(policy.loop);
	while (server.sessions != NULL)
		session_kill(server.sessions);
	watch_free(&client.watch);
	close(fds[0]);
	loop_free(&policy.loop);
	admission_free(&server.outside);
	admission_free(&server.arrivals);
	admission_free(&server.accounts);
	buf_clear(&server.hostname);
	*heard = client.heard;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_open("fuzz", LOG_ERROR);
	return 0;
}

/* What differs each time: ids, and what a handshake says behind STARTTLS. */
static void
forget_chance(struct buf *heard)
{
	struct slice rest = buf_slice(heard);
	size_t at = slice_find(rest, SLICE("\r\n\x16\x03"));

	if (at < rest.len)
		buf_truncate(heard, at + 2);
	rest = buf_slice(heard);
	while (rest.len > 0) {
		struct slice line = slice_take_until(&rest, '\n');

		at = slice_find(line, SLICE(" fine "));
		if (at < line.len && line.len > at + 7)
			memset(heard->ptr + (line.ptr - heard->ptr) + at + 6, 'x', line.len - at - 7);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice said;
	struct buf heard, again;

	if (size == 0)
		return 0;
	said = slice_sub(slice_make(data, size), 1, SAID_MAX);
	play(said, data[0], SAID_MAX, &heard);
	forget_chance(&heard);
	check_replies(buf_slice(&heard));
	if (said.len <= SINGLY_MAX) {
		play(said, data[0], 1, &again);
		forget_chance(&again);
		ASSERT(slice_equal(buf_slice(&heard), buf_slice(&again)));
		buf_clear(&again);
	}
	buf_clear(&heard);
	return 0;
}
