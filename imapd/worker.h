/*
 * worker.h -- a process of logged-in sessions: reads the store, asks stored for
 * changes, and follows the change journal for all its sessions at once.
 */
#ifndef IMAPD_WORKER_H
#define IMAPD_WORKER_H

#include <stdint.h>

#include "base/problem.h"
#include "base/status.h"

struct daemon;
struct imap_session;
struct imap_settings;
struct ipc_server;
struct loop;
struct selected;
struct store;
struct store_client;
struct table;
struct timer;
struct txn;

struct worker {
	struct loop *loop;
	const struct imap_settings *settings;
	struct store *store;
	struct store_client *client;
	struct ipc_server *server;
	struct imap_session *sessions;	/* all that are open */
	struct imap_session *dead;	/* closed in this turn of the loop */
	struct timer *reaper;
	struct timer *tick;
	struct table *accounts;		/* account u32 -> number of its sessions */
	struct table *mailboxes;	/* mailbox u32 -> first struct selected of it */
	uint64_t change;		/* the journal has been read up to here */
	uint64_t append_bytes;		/* being appended now */
};

/* The three steps of a daemon's life: net/daemon.h. */
MUST_USE enum status worker_start(struct daemon *d, const struct imap_settings *settings,
    struct problem *why);
void worker_stop(struct daemon *d);
void worker_end(struct daemon *d);

/* Read the journal to its end and note what concerns our sessions; idling clients are told. */
void worker_follow(struct worker *w);
/* The same as far as a transaction sees; nobody is told before the next worker_follow(). */
void worker_read_journal(struct worker *w, struct txn *t);
/* Sessions that are to hear of a mailbox. */
void worker_watch(struct worker *w, struct selected *sel);
void worker_unwatch(struct worker *w, struct selected *sel);
/* Enter a session; LIMIT when its account has too many.  worker_leave() in any case. */
MUST_USE enum status worker_enter(struct worker *w, struct imap_session *s);
void worker_leave(struct worker *w, struct imap_session *s);

#endif
