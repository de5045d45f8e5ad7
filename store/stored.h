/*
 * stored.h -- the one process that writes the store: what its files share.
 */
#ifndef STORE_STORED_H
#define STORE_STORED_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/settings.h"
#include "net/ipc.h"
#include "store/committer.h"
#include "store/logins.h"
#include "store/store.h"
#include "store/wake.h"

struct ballast;
struct commit_stats;
struct compaction;
struct daemon;
struct keep;
struct leases;
struct loop;
struct packer;
struct timer;
struct upkeep;

#define STORE_PATH "../store"
#define STORED_USER "tradepost-stored"

struct stored_settings {
	uint64_t segment;	/* bytes of a segment file */
	uint64_t floor;		/* free space under which no text is taken in */
	uint64_t budget;	/* bytes of texts that wait at the same time */
	uint64_t ballast;	/* bytes kept for removing on a full disk */
	uint32_t upkeep_s;	/* from one round of upkeep to the next */
	uint32_t journal_days;	/* older rows of the journal are sealed */
	uint32_t compact_at;	/* percent of dead bytes from which on a segment is compacted */
	uint32_t compact_grace_s;	/* from there to the deletion of its file */
};

extern const struct setting stored_settings_rows[];
extern const size_t stored_settings_count;

/* Who may connect to a socket, besides our own user and root. */
struct stored_users {
	uid_t uids[4];
	size_t count;
};

struct stored {
	struct daemon *daemon;
	struct loop *loop;
	struct stored_settings *settings;
	struct store *store;
	struct committer *committer;
	struct commit_stats *stats;
	struct ballast *ballast;
	uint64_t started_s;
	struct ipc_server *work, *plan, *queue, *admin;
	struct logins logins;
	uint64_t workers[IPC_PEERS_MAX];	/* connected to store-work, in no order */
	size_t worker_count;
	struct stored_users work_users, plan_users, queue_users;
	struct leases *leases;	/* queue entries that relayd has in hand */
	uint64_t queue_peer;	/* relayd, 0: not connected */
	struct buf grant_key;
	struct wake *wake;
	struct upkeep *upkeep;
	struct packer *packer;
	struct compaction *compaction;
	struct keep *keep;	/* lists of what is still outside, being told */
	struct job *gathered, **gathered_last;	/* came in this turn of the loop: one batch */
	uint64_t gathered_bytes;
	struct timer *readers, *tending, *farewell;
};

/* Make the store's directories and, started by root, give them to STORED_USER. */
MUST_USE enum status stored_make_place(struct problem *why);

/* The four sockets: each serves until its *_server_free(). */
void work_server_new(struct stored *s, int listen_fd);
void work_server_free(struct stored *s);
/* STORE_LOGINS of policyd: taken in, and passed on to the workers.  CORRUPT. */
MUST_USE enum status work_logins(struct stored *s, struct slice payload);
void plan_server_new(struct stored *s, int listen_fd);
void plan_server_free(struct stored *s);
void queue_server_new(struct stored *s, int listen_fd);
void queue_server_free(struct stored *s);
void admin_server_new(struct stored *s, int listen_fd);
void admin_server_free(struct stored *s);

/* Answer a job that is through. */
void work_answer(struct stored *s, const struct job *j);
void plan_answer(struct stored *s, const struct job *j);
void queue_answer(struct stored *s, const struct job *j);
void admin_answer(struct stored *s, const struct job *j);

/* Something may have become due: relayd takes again. */
void queue_tell_due(struct stored *s);
/* The plan is on disk: relayd has the entries in hand no more that it ended. */
void queue_ended(struct stored *s, const struct plan *p);

/* Submit a job, or answer BUSY when too many bytes wait.  Takes the job. */
MUST_USE enum status stored_submit(struct stored *s, struct job **job, struct problem *why);

#endif
