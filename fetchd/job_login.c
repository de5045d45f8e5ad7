/* From a host's name to a mailbox that is open. */
#include "base/base64.h"
#include "base/mem.h"
#include "fetchd/job_internal.h"
#include "net/dial.h"
#include "net/tls.h"

#define LOGIN_LINE_MAX 255	/* RFC 2449 s.4: no longer command is sure to be read */

/*
 * What lies in the instance is reached from where we are: the folders above may
 * be closed to us.  Gives; mem_free(); NULL: the system's.
 */
static char *
ca_file(const struct job *j)
{
	struct slice path = j->account->fetch.ca_path;
	struct slice instance = j->host->instance;
	struct buf near = buf_init(path.len + 3);
	char *file;

	if (path.len == 0)
		return NULL;
	if (instance.len == 0 || !slice_starts(path, instance))
		return mem_dup(path);
	buf_append(&near, SLICE("../"));
	buf_append(&near, slice_skip(path, instance.len));
	file = mem_dup(buf_slice(&near));
	buf_clear(&near);
	return file;
}

static enum status
make_tls(struct job *j, struct problem *why)
{
	char *ca = ca_file(j);
	enum status st = account_checks_certificate(j->account)
	    ? tls_client_new(ca, &j->tls, why) : tls_client_new_unchecked(&j->tls, why);

	mem_free(ca);
	return st;
}

static void
on_secure(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;

	if (!job_check(j, "TLS", st, reply, why))
		return;
	job_enter(j, j->step == JOB_DIAL ? JOB_GREETING : JOB_CAPA);
}

static void
start_tls(struct job *j)
{
	struct problem why = { 0 };
	char *name;
	enum status st = make_tls(j, &why);

	if (st != STATUS_OK) {
		job_fail(j, st, &why);
		return;
	}
	name = mem_dup(j->account->fetch.host);
	pop3_client_start_tls(j->client, j->tls, name, on_secure);
	mem_free(name);
}

static void
on_dialed(void *ctx, enum status st, int fd, const struct problem *why)
{
	struct job *j = ctx;

	j->dial = NULL;
	if (st != STATUS_OK) {
		job_fail(j, st, why);
		return;
	}
	j->client = pop3_client_new(j->host->loop, fd, j);
	if (j->account->fetch.protocol == FETCH_POP3S)
		start_tls(j);
	else
		job_enter(j, JOB_GREETING);
}

void
job_dial(struct job *j)
{
	const struct policy_fetch *f = &j->account->fetch;

	j->dial = dial_start(j->host->loop, f->host, f->port, FETCH_DIAL_MS, on_dialed, j);
}

static void
on_greeting(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why)
{
	struct job *j = ctx;

	if (job_check(j, "connecting", st, reply, why))
		job_enter(j, JOB_CAPA);
}

void
job_greeting(struct job *j)
{
	job_ask(j, SLICE(""), on_greeting);
}

static enum status
capa_line(void *ctx, struct slice line, struct problem *why)
{
	struct job *j = ctx;

	(void)why;
	j->capa |= pop3_capa_parse(line);
	return STATUS_OK;
}

/* In clear, TLS is used where there is any; where it is demanded, no login without it. */
static void
on_capa(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;
	const struct policy_fetch *f = &j->account->fetch;

	if (st != STATUS_DENIED && !job_check(j, "CAPA", st, reply, why))
		return;
	if (pop3_client_is_secure(j->client) || f->protocol == FETCH_POP3_PLAIN)
		job_enter(j, JOB_SECRET);
	else if (j->capa & POP3_CAPA_STLS)
		job_enter(j, JOB_STLS);
	else if (f->protocol == FETCH_POP3)
		job_enter(j, JOB_SECRET);
	else
		job_fail_text(j, STATUS_DENIED, "the server offers no TLS (STLS), and no password "
		    "is sent without it");
}

void
job_capa(struct job *j)
{
	const struct pop3_ask ask = {
		.command = SLICE("CAPA"),
		.answer = POP3_ANSWER_LINES,
		.deadline_s = FETCH_COMMAND_S,
		.max = FETCH_CAPA_LINES_MAX,
		.part = capa_line,
		.done = on_capa,
	};

	j->capa = 0;	/* what was said in clear counts no more after TLS */
	pop3_client_ask(j->client, &ask);
}

static void
on_stls(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;

	if (job_check(j, "STLS", st, reply, why))
		start_tls(j);
}

void
job_stls(struct job *j)
{
	job_ask(j, SLICE("STLS"), on_stls);
}

static void
on_secret(void *ctx, enum status st, struct slice secret)
{
	struct job *j = ctx;

	j->policy_call = 0;
	if (st == STATUS_OK)
		st = buf_append(&j->secret, secret);
	if (st != STATUS_OK)
		job_fail_text(j, st, "the password cannot be had from policyd");
	else if (slice_find_byte(secret, '\n') < secret.len ||
	    slice_find_byte(secret, '\r') < secret.len ||
	    slice_find_byte(secret, '\0') < secret.len)
		job_fail_text(j, STATUS_SYNTAX, "the password holds a line end or a NUL");
	else
		job_enter(j, JOB_LOGIN);
}

void
job_secret(struct job *j)
{
	j->policy_call = policy_fetch_secret(j->host->policy, j->account->fetch.id, on_secret, j);
}

static void
logged_in(struct job *j)
{
	buf_wipe(&j->secret);
	job_enter(j, JOB_UIDL);
}

static void
on_logged_in(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why)
{
	struct job *j = ctx;

	if (job_check(j, "login", st, reply, why))
		logged_in(j);
}

/* Append the message of RFC 4616 in base64. */
static void
put_plain(struct job *j, struct buf *out)
{
	struct buf message = buf_init(8192);

	buf_append_byte(&message, '\0');
	buf_append(&message, j->account->fetch.user);
	buf_append_byte(&message, '\0');
	buf_append(&message, buf_slice(&j->secret));
	base64_encode(out, buf_slice(&message));
	buf_wipe(&message);
}

static void
send_plain(struct job *j)
{
	struct buf line = buf_init(16384);

	put_plain(j, &line);
	job_ask(j, buf_slice(&line), on_logged_in);
	buf_wipe(&line);
}

static void
on_challenge(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why)
{
	struct job *j = ctx;

	if (!job_check(j, "login", st, reply, why))
		return;
	if (reply->kind == POP3_REPLY_GO_ON)
		send_plain(j);
	else
		job_fail_text(j, STATUS_SYNTAX, "login: the server asks for no password");
}

static void
login_plain(struct job *j)
{
	struct buf line = buf_init(16384);

	buf_append(&line, SLICE("AUTH PLAIN "));
	put_plain(j, &line);
	if (line.len + 2 <= LOGIN_LINE_MAX)
		job_ask(j, buf_slice(&line), on_logged_in);
	else
		job_ask(j, SLICE("AUTH PLAIN"), on_challenge);
	buf_wipe(&line);
}

static void
on_user(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;
	struct buf line = buf_init(8192);

	if (!job_check(j, "login", st, reply, why))
		return;
	buf_append(&line, SLICE("PASS "));
	buf_append(&line, buf_slice(&j->secret));
	job_ask(j, buf_slice(&line), on_logged_in);
	buf_wipe(&line);
}

static void
login_user(struct job *j)
{
	struct buf line = buf_init(8192);

	buf_append(&line, SLICE("USER "));
	buf_append(&line, j->account->fetch.user);
	job_ask(j, buf_slice(&line), on_user);
	buf_clear(&line);
}

void
job_login(struct job *j)
{
	struct slice user = j->account->fetch.user;

	if (slice_find_byte(user, '\n') < user.len || slice_find_byte(user, '\r') < user.len ||
	    slice_find_byte(user, '\0') < user.len)
		job_fail_text(j, STATUS_SYNTAX, "the user name holds a line end or a NUL");
	else if (j->capa & POP3_CAPA_SASL_PLAIN)
		login_plain(j);
	else
		login_user(j);
}
