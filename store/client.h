/*
 * client.h -- how a worker asks stored for changes.  Every call carries the
 * session's sealed grant, ends in exactly one done, and never blocks.  Inside
 * done the change is on disk.  BUSY: no answer; what was asked may have happened.
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "store/uidset.h"

struct loop;
struct store_client;

/* on_change: something was committed since the last call of it; read the journal. */
struct store_client *store_client_new(struct loop *l, const char *path,
    void (*on_change)(void *ctx), void *ctx);
void store_client_free(struct store_client **c);
/* changed(ctx): logins may hold no more; ask store_login_holds() of every session. */
void store_client_on_logins(struct store_client *c, void (*changed)(void *ctx), void *ctx);
/* As far as policyd has said: logins.h. */
bool store_login_holds(const struct store_client *c, uint32_t account, uint64_t mark);

struct store_result {
	uint64_t change;	/* change number, 0 when nothing changed */
	uint32_t mailbox;	/* MAILBOX_MAKE: its id */
	uint32_t uid_validity;	/* APPEND, COPY, MOVE: of the destination */
	struct uidset source;	/* COPY, MOVE: UIDs taken; EXPUNGE: UIDs gone; FLAGS: UIDs changed */
	struct uidset target;	/* APPEND, COPY, MOVE: UIDs given, in the order of source */
	struct uidset failed;	/* FLAGS with unchanged_since: UIDs that had changed */
	/* EXPUNGE, FLAGS: above UIDSET_RANGES_MAX ranges a set's last one covers all the rest. */
};

/* r is NULL unless st is OK; borrowed during the call, as is why. */
typedef void store_done(void *ctx, enum status st, const struct store_result *r,
    const struct problem *why);

/* Forget a call: its done will not be called. */
void store_cancel(struct store_client *c, uint32_t call);

/* Make sure the account has its folders.  Each returns a number for store_cancel(). */
uint32_t store_session(struct store_client *c, struct slice grant, store_done *done, void *ctx);

#define STORE_APPEND_MAX 1000	/* messages in one call */
#define STORE_KEYWORDS_MAX 64

struct store_append_message {
	uint32_t at, size_bytes;	/* where it lies in the memfd */
	uint8_t sha256[SHA256_LEN];
	int64_t internal_at;
	int16_t internal_zone;
	uint64_t flags;			/* system flags */
	struct slice keywords;		/* separated by SP */
	struct slice digest;
};

/* text: sealed memfd, stays the caller's.  All or nothing.  ABSENT mailbox; LIMIT quota, keywords;
 * BUSY disk full; CORRUPT the memfd or a hash is not as said. */
uint32_t store_append(struct store_client *c, struct slice grant, uint32_t mailbox, int text,
    const struct store_append_message *messages, uint32_t count, store_done *done, void *ctx);
/* Flags, keywords and INTERNALDATE are kept.  UIDs that are gone are passed over.  LIMIT quota;
 * more than UIDSET_RANGES_MAX ranges of UIDs are there: nothing was done. */
uint32_t store_copy(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, uint32_t to, store_done *done, void *ctx);
uint32_t store_move(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, uint32_t to, store_done *done, void *ctx);

enum store_flags_mode { STORE_FLAGS_ADD, STORE_FLAGS_REMOVE, STORE_FLAGS_SET };
/* unchanged_since: 0 for none, else a message changed later goes to failed (RFC 7162).
 * Messages whose flags are so already do not change. */
uint32_t store_flags(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, enum store_flags_mode mode, uint64_t flags, struct slice keywords,
    uint64_t unchanged_since, store_done *done, void *ctx);

enum store_expunge_mode {
	EXPUNGE_DELETED,	/* those of uids that have \Deleted */
	EXPUNGE_ALL,		/* all of uids: POP3 */
};
/* Moves them to the account's trash area. */
uint32_t store_expunge(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, enum store_expunge_mode mode, store_done *done, void *ctx);

/* Parents are made as real mailboxes.  EXISTS, SYNTAX, LIMIT. */
uint32_t store_mailbox_make(struct store_client *c, struct slice grant, struct slice name,
    uint8_t role, store_done *done, void *ctx);
/* With all below it; INBOX: its messages move to the new name, it stays (RFC 3501 s.6.3.5).
 * DENIED into its own child, and for mailboxes with a role. */
uint32_t store_mailbox_rename(struct store_client *c, struct slice grant, struct slice from,
    struct slice to, store_done *done, void *ctx);
/* Messages go to the trash area.  DENIED for mailboxes with a role or, with children, EXISTS. */
uint32_t store_mailbox_remove(struct store_client *c, struct slice grant, struct slice name,
    store_done *done, void *ctx);
/* Any valid name, existing or not. */
uint32_t store_subscribe(struct store_client *c, struct slice grant, struct slice name,
    store_done *done, void *ctx);
uint32_t store_unsubscribe(struct store_client *c, struct slice grant, struct slice name,
    store_done *done, void *ctx);
/* UIDs up to and with uid were shown as recent to a session. */
uint32_t store_claim_recent(struct store_client *c, struct slice grant, uint32_t mailbox,
    uint32_t uid, store_done *done, void *ctx);

#endif
