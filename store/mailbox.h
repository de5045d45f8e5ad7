/*
 * mailbox.h -- a named, ordered set of messages belonging to one account.
 * Knows UIDs and counters; knows no protocol.  Ids are never used again.
 */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include <stdbool.h>

#include "store/env.h"

#define MAILBOX_NAME_MAX 240	/* bytes of UTF-8, '/' between levels */
#define MAILBOX_LEVELS_MAX 30
#define MAILBOX_COUNT_MAX 10000	/* in one account */
#define KEYWORD_COUNT_MAX 56	/* in one mailbox */
#define KEYWORD_LEN_MAX 64

/* RFC 6154.  What a new account has: all but ARCHIVE. */
enum mailbox_role {
	MAILBOX_PLAIN,
	MAILBOX_INBOX,
	MAILBOX_DRAFTS,		/* "Drafts" */
	MAILBOX_SENT,		/* "Sent Items" */
	MAILBOX_TRASH,		/* "Deleted Items" */
	MAILBOX_JUNK,		/* "Junk E-mail" */
	MAILBOX_ARCHIVE,
	MAILBOX_ROLE_COUNT
};

struct mailbox_row {
	uint32_t id;
	uint32_t account;
	struct slice name;	/* UTF-8 NFC; borrowed from the transaction; "INBOX" in capitals */
	uint8_t role;		/* enum mailbox_role */
	uint32_t uid_validity;
	uint32_t uid_next;	/* never 0, never decreases (RFC 3501 s.2.3.1.1) */
	uint32_t recent_from;	/* UIDs from here on are recent for the next session that selects */
	uint32_t messages, unseen, deleted;	/* deleted: with \Deleted set */
	uint64_t bytes;
	uint64_t modseq;	/* highest of any message, dead ones included */
	uint64_t expunge_modseq;	/* change number of the last expunge; 0: none */
	uint64_t made_at;
};

/* ABSENT no such mailbox   CORRUPT the record cannot be decoded (why names the key) */
MUST_USE enum status mailbox_get(struct txn *t, uint32_t mailbox, struct mailbox_row *out,
    struct problem *why);
/* By name: "INBOX" in any case is the inbox. */
MUST_USE enum status mailbox_find(struct txn *t, uint32_t account, struct slice name,
    struct mailbox_row *out, struct problem *why);
/* All of an account in the order of their names.  each() returns false to stop. */
MUST_USE enum status mailbox_each(struct txn *t, uint32_t account,
    bool (*each)(void *ctx, const struct mailbox_row *row), void *ctx, struct problem *why);
/*
 * What a name must be: 1..MAILBOX_NAME_MAX bytes of UTF-8, no controls, no
 * empty, "." or ".." level, no '*' or '%', at most MAILBOX_LEVELS_MAX levels.
 * SYNTAX; LIMIT when it is too long or has too many levels.
 */
MUST_USE enum status mailbox_name_check(struct slice name, struct problem *why);

/* Names subscribed to, whether there is such a mailbox or not. */
MUST_USE enum status subscription_has(struct txn *t, uint32_t account, struct slice name,
    bool *has, struct problem *why);
MUST_USE enum status subscription_each(struct txn *t, uint32_t account,
    bool (*each)(void *ctx, struct slice name), void *ctx, struct problem *why);

/* Keywords of a mailbox by flag bit: names[bit - FLAG_KEYWORD_SHIFT], empty where unused; borrowed
 * from the transaction. */
MUST_USE enum status keyword_list(struct txn *t, uint32_t mailbox,
    struct slice names[KEYWORD_COUNT_MAX], struct problem *why);

/* For the writer.  The name index follows by mailbox_name_put() and mailbox_name_delete(). */
MUST_USE enum status mailbox_put(struct txn *t, const struct mailbox_row *row,
    struct problem *why);
MUST_USE enum status mailbox_delete(struct txn *t, uint32_t mailbox, struct problem *why);
MUST_USE enum status mailbox_name_put(struct txn *t, uint32_t account, struct slice name,
    uint32_t mailbox, struct problem *why);
MUST_USE enum status mailbox_name_delete(struct txn *t, uint32_t account, struct slice name,
    struct problem *why);

#endif
