#include "imapd/worker.h"

#include <pwd.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "imapd/front.h"
#include "imapd/selected.h"
#include "imapd/session.h"
#include "imapd/settings.h"
#include "mime/charset.h"
#include "net/daemon.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "store/client.h"
#include "store/journal.h"
#include "store/sealed.h"
#include "store/store.h"

#define TICK_MS 5000

static struct slice
number_key(uint8_t key[4], uint32_t n)
{
	store_u32be(key, n);
	return slice_make(key, 4);
}

/* Accounts and mailboxes */

enum status
worker_enter(struct worker *w, struct imap_session *s)
{
	uint8_t key[4];
	struct slice k = number_key(key, s->account);
	uintptr_t count = (uintptr_t)table_get(w->accounts, k) + 1;

	(void)table_put(w->accounts, k, (void *)count);
	s->next = w->sessions;
	s->prev = NULL;
	if (s->next != NULL)
		s->next->prev = s;
	w->sessions = s;
	return count <= w->settings->user_connections ? STATUS_OK : STATUS_LIMIT;
}

void
worker_leave(struct worker *w, struct imap_session *s)
{
	uint8_t key[4];
	struct slice k = number_key(key, s->account);
	uintptr_t count = (uintptr_t)table_get(w->accounts, k) - 1;

	if (count == 0)
		(void)table_remove(w->accounts, k);
	else
		(void)table_put(w->accounts, k, (void *)count);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		w->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	s->prev = NULL;
	s->next = w->dead;
	w->dead = s;
	timer_set(w->reaper, 0);
}

static void
reap(void *ctx)
{
	struct worker *w = ctx;
	struct imap_session *s;

	while ((s = w->dead) != NULL) {
		w->dead = s->next;
		session_free(&s);
	}
}

void
worker_watch(struct worker *w, struct selected *sel)
{
	uint8_t key[4];
	struct slice k = number_key(key, sel->mailbox);

	sel->next = table_get(w->mailboxes, k);
	(void)table_put(w->mailboxes, k, sel);
}

void
worker_unwatch(struct worker *w, struct selected *sel)
{
	uint8_t key[4];
	struct slice k = number_key(key, sel->mailbox);
	struct selected *first = table_get(w->mailboxes, k);

	if (first == sel) {
		if (sel->next == NULL)
			(void)table_remove(w->mailboxes, k);
		else
			(void)table_put(w->mailboxes, k, sel->next);
		return;
	}
	for (; first != NULL; first = first->next)
		if (first->next == sel)
			first->next = sel->next;
}

/* The journal */

static bool
note_row(void *ctx, const struct journal_row *row)
{
	struct worker *w = ctx;
	uint8_t key[4];
	struct selected *sel = table_get(w->mailboxes, number_key(key, row->mailbox));

	w->change = row->change;
	for (; sel != NULL; sel = sel->next)
		selected_note(sel, row);
	return true;
}

static void
journal_failed(const struct worker *w, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "imap.journal.unreadable", NULL);
	log_u64(&l, "after", w->change);
	log_status(&l, st, why);
	log_end(&l);
}

/*
 * What cannot be read cannot be told: whoever has a mailbox selected comes again and sees it
 * anew, and later changes are followed.
 */
static void
skip_journal(struct worker *w, struct txn *t)
{
	struct imap_session *next;

	if (store_change(t, &w->change, NULL) != STATUS_OK)
		return;
	for (struct imap_session *s = w->sessions; s != NULL; s = next) {
		next = s->next;
		if (s->state == IMAP_SELECTED)
			session_bye(s, "Changes of your mailbox cannot be told, please come again");
	}
}

void
worker_read_journal(struct worker *w, struct txn *t)
{
	struct problem why = { 0 };
	enum status st = sealed_journal_each(w->store, t, w->change, note_row, w, &why);

	if (st != STATUS_OK) {
		journal_failed(w, st, &why);
		skip_journal(w, t);
	}
}

void
worker_follow(struct worker *w)
{
	struct problem why = { 0 };
	struct imap_session *next;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(w->store), &t, &why);

	if (st == STATUS_OK)
		worker_read_journal(w, t);
	else
		journal_failed(w, st, &why);
	txn_abort(&t);
	for (struct imap_session *s = w->sessions; s != NULL; s = next) {
		next = s->next;
		session_changed(s);
	}
}

static void
on_change(void *ctx)
{
	worker_follow(ctx);
}

static void
on_logins(void *ctx)
{
	struct worker *w = ctx;
	struct imap_session *next;

	for (struct imap_session *s = w->sessions; s != NULL; s = next) {
		next = s->next;
		if (!store_login_holds(w->client, s->account, s->login_mark))
			session_bye(s, "Your login has ended: the account was changed");
	}
}

static void
on_tick(void *ctx)
{
	struct worker *w = ctx;
	uint64_t now_ms = clock_monotonic_ms();
	struct imap_session *next;

	for (struct imap_session *s = w->sessions; s != NULL; s = next) {
		next = s->next;
		session_tick(s, now_ms);
	}
	timer_set(w->tick, TICK_MS);
}

/* Clients from fronts */

static enum status
on_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct worker *w = ctx;
	struct handover h;
	int fd = frame->fd;

	if (frame->type != HANDOVER_SESSION || fd < 0 ||
	    handover_decode(frame->payload, &h) != STATUS_OK)
		return STATUS_CORRUPT;
	frame->fd = -1;
	ipc_send(peer, HANDOVER_TAKEN, frame->request, SLICE(""), -1);
	session_open(w, fd, &h);
	return STATUS_OK;
}

static const struct ipc_server_handler handlers = {
	.on_frame = on_frame,
};

static struct ipc_server *
serve_fronts(struct worker *w, int fd)
{
	const struct passwd *front = getpwnam(FRONT_USER);
	uid_t uid = front == NULL ? 0 : front->pw_uid;

	return ipc_server_new(w->loop, fd, &uid, front == NULL ? 0 : 1, &handlers, w);
}

enum status
worker_start(struct daemon *d, const struct imap_settings *settings, struct problem *why)
{
	struct worker *w = mem_new(struct worker);
	int fd = daemon_fd(d, "imap-worker", 0);
	struct txn *t = NULL;
	enum status st;

	daemon_set_data(d, w);
	w->loop = daemon_loop(d);
	w->settings = settings;
	w->accounts = table_new();
	w->mailboxes = table_new();
	w->reaper = timer_new(w->loop, reap, w);
	w->tick = timer_new(w->loop, on_tick, w);
	if (fd < 0) {
		problem_set(why, "no socket \"imap-worker\" was handed over");
		return STATUS_ABSENT;
	}
	charset_prepare();
	st = store_open("../store", ENV_READ, &w->store, why);
	if (st == STATUS_OK)
		st = txn_begin_read(store_env(w->store), &t, why);
	if (st == STATUS_OK)
		st = store_change(t, &w->change, why);
	txn_abort(&t);
	if (st != STATUS_OK)
		return st;
	w->client = store_client_new(w->loop, "store-work.sock", on_change, w);
	store_client_on_logins(w->client, on_logins, w);
	w->server = serve_fronts(w, fd);
	timer_set(w->tick, TICK_MS);
	daemon_ready(d);
	return STATUS_OK;
}

/* Clients come again by themselves; what stored was asked is carried out all the same. */
void
worker_stop(struct daemon *d)
{
	struct worker *w = daemon_data(d);
	struct imap_session *next;

	for (struct imap_session *s = w->sessions; s != NULL; s = next) {
		next = s->next;
		session_bye(s, "The server is being stopped");
	}
	loop_stop(w->loop);
}

void
worker_end(struct daemon *d)
{
	struct worker *w = daemon_data(d);

	if (w == NULL)
		return;
	while (w->sessions != NULL)
		session_close(w->sessions, "worker ends");
	reap(w);
	ipc_server_free(&w->server);
	store_client_free(&w->client);
	timer_free(&w->tick);
	timer_free(&w->reaper);
	table_free(&w->accounts, NULL);
	table_free(&w->mailboxes, NULL);
	store_close(&w->store);
	mem_free(w);
	daemon_set_data(d, NULL);
}
