/*
 * audit.h -- what was decided about accepted mail and changed by
 * administrators, and why: written with what it explains, in one transaction.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "store/env.h"

struct audit_row {
	uint64_t change;
	uint16_t part;
	uint64_t at_s;
	struct slice kind;	/* "mail", "account.changed" ... */
	struct slice actor;	/* login, "admin", or a fetch account */
	struct slice subject;	/* mid, or what was changed */
	struct slice detail;	/* lines */
};

struct audit_filter {
	uint64_t from_s, to_s;	/* to_s 0: no end */
	struct slice kind, actor, subject;	/* empty: any; subject also matches inside detail */
	uint32_t limit;		/* newest so many */
};

/*
 * Newest first: from where *place says (zeroed: the newest), looking at no more than look_at rows;
 * *place is set behind the last of them.  each() returns false to stop.  ABSENT when it was stopped
 * or there is nothing further; CORRUPT when some of them could not be read: the others were given.
 */
struct audit_place {
	bool is_begun, is_damaged;
	uint64_t change;
	uint16_t part;
};
MUST_USE enum status audit_slice(struct txn *t, const struct audit_filter *f,
    struct audit_place *place, uint32_t look_at,
    bool (*each)(void *ctx, const struct audit_row *row), void *ctx, struct problem *why);

/* One record of the table: CORRUPT. */
MUST_USE enum status audit_decode(struct slice key, struct slice value, struct audit_row *out);

/* For the writer.  row: change, part and at_s are filled in here. */
struct change;
MUST_USE enum status audit_put(struct change *c, const struct audit_row *row,
    struct problem *why);

/* Wire forms of STORE_AUDIT_LIST and its rows. */
void audit_filter_put(const struct audit_filter *f, struct buf *out);
MUST_USE enum status audit_filter_read(struct slice payload, struct audit_filter *f);
void audit_row_put(const struct audit_row *row, struct buf *out);
MUST_USE enum status audit_row_read(struct slice payload, struct audit_row *row);

#endif
