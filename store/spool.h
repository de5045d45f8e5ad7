/*
 * spool.h -- outgoing mail kept safe, and when it is due.  What sends it, how
 * and with what answer, is relayd's.  States: docs/queue-states.md.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include <stdbool.h>

#include "base/slice.h"
#include "store/env.h"
#include "wire/smtp_dsn.h"

#define SPOOL_ADDRESS_MAX 320	/* bytes of a sender or a recipient */
#define SPOOL_DETAIL_MAX 500	/* bytes of the last answer that are kept */

struct change;

enum spool_state {
	SPOOL_WAITING = 1,	/* tried when it is due */
	SPOOL_HELD,		/* not tried until the administrator releases it */
};

struct spool_row {
	uint64_t id;		/* from 1; never used again */
	uint8_t state;		/* enum spool_state */
	uint64_t text;
	struct slice mid;
	struct slice sender;	/* empty: the null sender */
	struct slice recipient;
	uint32_t route, credential;	/* ids in the directory */
	uint32_t author;	/* account; 0: nobody of ours */
	uint64_t made_at;
	uint64_t due_at;	/* not to be tried earlier */
	uint32_t attempts;
	bool is_delay_told;	/* its author knows that it waits */
	struct slice detail;	/* what the last attempt came to; empty before the first */
	struct smtp_dsn_mail dsn;	/* as its sender said it */
	struct smtp_dsn_rcpt wish;
	uint8_t owed;		/* enum queue_owed (queue_client.h) */
};

/* For the writer: queue it, due now.  row: id, state, made_at, due_at, attempts and detail are
 * filled in here.  The text's reference is the caller's to count.  LIMIT an address is too long. */
MUST_USE enum status spool_put(struct change *c, const struct spool_row *row,
    struct problem *why);
/* For the writer: change what may change of an entry, state, due_at, attempts, is_delay_told, owed
 * and detail.  row is as spool_get() gave it but for those. */
MUST_USE enum status spool_change(struct change *c, const struct spool_row *row,
    struct problem *why);
/* For the writer: an entry ends, and its reference to the text with it. */
MUST_USE enum status spool_end(struct change *c, const struct spool_row *row,
    struct problem *why);
/* ABSENT, CORRUPT. */
MUST_USE enum status spool_get(struct txn *t, uint64_t id, struct spool_row *out,
    struct problem *why);
/* All entries with an id > after, ascending.  each() returns false to stop.  CORRUPT one cannot be
 * read; the others were given. */
MUST_USE enum status spool_each(struct txn *t, uint64_t after,
    bool (*each)(void *ctx, const struct spool_row *row), void *ctx, struct problem *why);
/*
 * Ids of what is due at now_s, the longest due first.  each() returns false for one
 * that it does not take, to stop.  *next_due_at: when the first one not given or not taken is or
 * was due, 0: none waits.  CORRUPT a record of the order is damaged; the others were given.
 */
MUST_USE enum status spool_each_due(struct txn *t, uint64_t now_s,
    bool (*each)(void *ctx, uint64_t id), void *ctx, uint64_t *next_due_at,
    struct problem *why);

#endif
