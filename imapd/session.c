#include "imapd/session.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "imapd/capability.h"
#include "imapd/command.h"
#include "imapd/selected.h"
#include "imapd/settings.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "net/handover.h"
#include "net/loop.h"
#include "store/account.h"
#include "store/client.h"
#include "store/grant.h"
#include "store/store.h"

#define CODE_MAX (4 * 1024 * 1024)		/* COPYUID of the longest sets */

static const struct reader_limits limits = {
	.line = 64 * 1024,
	.literal = 64 * 1024,
	.total = 1024 * 1024,
};

static const struct {
	const char *name;
	unsigned next;		/* set of IN(state) we may go to */
} states[IMAP_STATE_COUNT] = {
	[IMAP_OPENING] = { "opening", IN(IMAP_AUTHENTICATED) | IN(IMAP_CLOSED) },
	[IMAP_AUTHENTICATED] = { "authenticated", IN(IMAP_SELECTED) | IN(IMAP_CLOSED) },
	[IMAP_SELECTED] = { "selected", IN(IMAP_AUTHENTICATED) | IN(IMAP_CLOSED) },
	[IMAP_CLOSED] = { "closed", 0 },
};

void
session_enter(struct imap_session *s, enum imap_state next)
{
	ASSERT(states[s->state].next & IN(next));
	log_event(LOG_DEBUG, "imap.session.entered", s->sid, "state", states[next].name);
	s->state = next;
}

void
session_close(struct imap_session *s, const char *why)
{
	if (s->state == IMAP_CLOSED)
		return;
	log_event(LOG_INFO, "imap.session.closed", s->sid, "why", why);
	if (s->run.call != 0)
		store_cancel(s->worker->client, s->run.call);
	s->run.call = 0;
	if (s->timer != NULL)
		timer_stop(s->timer);
	s->is_idle = false;
	conn_close(&s->conn);
	session_enter(s, IMAP_CLOSED);
	worker_leave(s->worker, s);
}

void
session_bye(struct imap_session *s, const char *text)
{
	if (s->state == IMAP_CLOSED)
		return;
	/* Between two slices of an answer a literal may be open: our words would be taken for its. */
	if (s->run.step == NULL)
		conn_printf(s->conn, "* BYE %s\r\n", text);
	conn_finish(&s->conn);
	session_close(s, text);
}

void
session_free(struct imap_session **s)
{
	struct imap_session *old = *s;

	*s = NULL;
	if (old == NULL)
		return;
	command_clear(old);
	selected_close(&old->selected);
	timer_free(&old->timer);
	conn_close(&old->conn);
	command_reader_clear(&old->reader);
	buf_wipe(&old->grant);
	mem_free(old->login);
	mem_free(old->peer);
	mem_free(old);
}

/* Whoever has begun a line ends it in time. */
static void
watch_line(struct imap_session *s, bool is_begun)
{
	if (is_begun == s->is_in_line)
		return;
	s->is_in_line = is_begun;
	conn_set_deadline(s->conn, is_begun ? s->worker->settings->command_deadline_s : 0);
}

/* A line or a literal is as it is; a client that breaks them has lost us anyway. */
bool
session_take_command(struct imap_session *s)
{
	size_t used;
	enum reader_event event = command_reader_feed(&s->reader, conn_input(s->conn), &used);

	conn_consume(s->conn, used);
	watch_line(s, event == READER_MORE);
	switch (event) {
	case READER_MORE:
		return false;
	case READER_COMMAND:
		/* iOS sends an empty line before a command now and then. */
		if (command_reader_text(&s->reader).len == 0)
			command_reader_reset(&s->reader);
		else
			command_begin(s);
		return true;
	case READER_LITERAL:
		command_literal(s);
		return true;
	case READER_BAD_LINE:
		command_refuse_line(s, "Lines end in CRLF and hold no NUL");
		return true;
	case READER_TOO_LONG:
		session_bye(s, "Command too long");
		return false;
	}
	return false;
}

struct discard {
	uint64_t left;
	enum status status;
};

/* The literal is over: the rest of the command is read and forgotten, further literals too. */
static bool
take_discarded(struct imap_session *s)
{
	struct discard *d = s->run.data;
	struct slice in = conn_input(s->conn);
	size_t used = in.len < d->left ? in.len : (size_t)d->left;
	enum status st = d->status;
	enum reader_event event;

	if (d->left > 0) {
		conn_consume(s->conn, used);
		d->left -= used;
		return used > 0;
	}
	event = command_reader_feed(&s->reader, in, &used);
	conn_consume(s->conn, used);
	switch (event) {
	case READER_MORE:
		return false;
	case READER_LITERAL:
		/* One that waits for our word never gets it. */
		if (s->reader.literal.is_sync)
			break;
		d->left = s->reader.literal.size_bytes;
		command_reader_reset(&s->reader);
		return true;
	case READER_COMMAND:
	case READER_BAD_LINE:
		break;
	case READER_TOO_LONG:
		session_bye(s, "Command too long");
		return false;
	}
	s->take = session_take_command;
	command_finish(s, st);
	return true;
}

static void
free_data(void **data)
{
	mem_free(*data);
	*data = NULL;
}

void
session_discard(struct imap_session *s, uint64_t n, int st)
{
	struct discard *d = mem_new(struct discard);

	d->left = n;
	d->status = (enum status)st;
	if (s->run.data_free != NULL)
		s->run.data_free(&s->run.data);
	s->run.data = d;
	s->run.data_free = free_data;
	command_reader_reset(&s->reader);
	s->take = take_discarded;
}

/* Who does not read what we answer is not heard on. */
static void
on_input(void *ctx)
{
	struct imap_session *s = ctx;

	while (s->state != IMAP_CLOSED && !conn_is_paused(s->conn) &&
	    conn_output_pending(s->conn) < CONN_OUTPUT_HIGH &&
	    conn_input(s->conn).len != 0 && s->take(s))
		;
}

void
session_resume(struct imap_session *s)
{
	if (s->state != IMAP_CLOSED && conn_is_paused(s->conn))
		conn_resume(s->conn);
}

static void
run_step(struct imap_session *s)
{
	void (*step)(struct imap_session *) = s->run.step;

	s->run.step = NULL;
	if (step != NULL && s->state != IMAP_CLOSED)
		step(s);
}

static void
on_drained(void *ctx)
{
	struct imap_session *s = ctx;

	if (conn_output_pending(s->conn) >= CONN_OUTPUT_HIGH)
		return;
	run_step(s);
	on_input(s);
	session_changed(s);
}

static void
on_timer(void *ctx)
{
	run_step(ctx);
}

static void
on_end(void *ctx, enum conn_end end)
{
	static const char *const words[] = {
		[CONN_EOF] = "client closed",
		[CONN_RESET] = "connection lost",
		[CONN_TIMEOUT] = "silence",
		[CONN_TLS_FAILED] = "tls failed",
	};
	struct imap_session *s = ctx;

	if (end == CONN_TIMEOUT)
		session_bye(s, "Nothing was heard from you for too long");
	else
		session_close(s, words[end]);
}

void
session_continue(struct imap_session *s)
{
	/* With much unsent, on_drained() runs the step. */
	if (conn_output_pending(s->conn) >= CONN_OUTPUT_HIGH)
		return;
	if (s->timer == NULL)
		s->timer = timer_new(s->worker->loop, on_timer, s);
	timer_set(s->timer, 0);
}

void
session_changed(struct imap_session *s)
{
	if (s->state != IMAP_SELECTED || !s->is_idle || !selected_has_news(s->selected))
		return;
	/* Who does not read hears how it stands, not all that happened: on_drained() tells. */
	if (conn_output_pending(s->conn) >= CONN_OUTPUT_HIGH)
		return;
	selected_report(s->selected, UPDATES_ALL);
	s->quiet_since_ms = clock_monotonic_ms();
}

void
session_tick(struct imap_session *s, uint64_t now_ms)
{
	/* Outlook forgets a silent server. */
	if (!s->is_idle ||
	    now_ms - s->quiet_since_ms < s->worker->settings->heartbeat_s * UINT64_C(1000))
		return;
	conn_write(s->conn, SLICE("* OK Still here\r\n"));
	s->quiet_since_ms = now_ms;
}

static void
greet(struct imap_session *s)
{
	struct log_line l;

	session_enter(s, IMAP_AUTHENTICATED);
	conn_printf(s->conn, "%s OK [%.*s] Logged in\r\n", s->run.tag,
	    SLICE_ARG(capability_text(CAPABILITY_SECURE)));
	log_begin(&l, LOG_INFO, "imap.session.opened", s->sid);
	log_cstr(&l, "login", s->login);
	log_cstr(&l, "peer", s->peer);
	log_end(&l);
	command_clear(s);
	session_resume(s);
}

static void
refuse(struct imap_session *s, const char *text)
{
	conn_printf(s->conn, "%s NO [UNAVAILABLE] %s\r\n", s->run.tag, text);
	conn_finish(&s->conn);
	session_close(s, text);
}

static void
folders_made(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	(void)r;
	(void)why;
	s->run.call = 0;
	if (st == STATUS_OK)
		greet(s);
	else
		refuse(s, "The mailbox cannot be opened now, please try later");
}

/* The account's folders exist once it had a session or a delivery. */
static bool
has_folders(struct imap_session *s)
{
	struct account_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, NULL);

	if (st == STATUS_OK)
		st = account_get(t, s->account, &row, NULL);
	txn_abort(&t);
	return st == STATUS_OK && row.inbox != 0;
}

static const struct conn_handler conn_handlers = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};

static struct imap_session *
session_new(struct worker *w, int fd, const struct handover *h, const struct grant *grant)
{
	struct imap_session *s = mem_new(struct imap_session);

	s->worker = w;
	s->state = IMAP_OPENING;
	s->account = grant->account;
	s->login_mark = grant->login_mark;
	s->is_secure = h->is_secure;
	s->login = mem_dup(h->login);
	s->peer = mem_dup(h->peer);
	s->grant = buf_init(GRANT_MAX);
	buf_append(&s->grant, h->grant);
	memcpy(s->sid, h->sid.ptr, h->sid.len);
	memcpy(s->run.tag, h->tag.ptr, h->tag.len);
	command_reader_init(&s->reader, &limits);
	s->run.memory = buf_init(limits.total);
	s->run.code = buf_init(CODE_MAX);
	s->take = session_take_command;
	s->conn = conn_new(w->loop, fd, &conn_handlers, s);
	conn_set_patience(s->conn, w->settings->patience_s);
	conn_pause(s->conn);
	return s;
}

void
session_open(struct worker *w, int fd, const struct handover *h)
{
	struct imap_session *s;
	struct grant grant;

	/* A front is one of ours, yet no number of its is trusted. */
	if (h->sid.len > ID_SID_LEN || h->tag.len > IMAP_TAG_MAX || h->grant.len > GRANT_MAX ||
	    grant_peek(h->grant, &grant) != STATUS_OK) {
		log_event(LOG_WARN, "imap.handover.malformed", NULL, "peer", "front");
		close(fd);
		return;
	}
	s = session_new(w, fd, h, &grant);
	if (worker_enter(w, s) != STATUS_OK) {
		refuse(s, "Too many connections of this account");
		return;
	}
	conn_preload(s->conn, h->input);
	/* We may not have been told yet of the newest logins; stored has. */
	if (store_login_holds(w->client, s->account, s->login_mark) && has_folders(s))
		greet(s);
	else
		s->run.call = store_session(w->client, buf_slice(&s->grant), folders_made, s);
}
