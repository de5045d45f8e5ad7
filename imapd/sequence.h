/*
 * sequence.h -- which UIDs a session's view holds, and at what sequence number
 * each stands.  Ranges of UIDs with counts before them: a mailbox of 100,000
 * messages without gaps is one range.
 */
#ifndef IMAPD_SEQUENCE_H
#define IMAPD_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "store/uidset.h"

struct sequence_range {
	uint32_t first, last;	/* UIDs, inclusive */
	uint32_t before;	/* how many UIDs stand before this range */
};

struct sequence {
	struct sequence_range *ranges;	/* ascending */
	uint32_t count, cap;
	uint32_t total;		/* number of messages */
	struct uidset saved;	/* UIDs that "$" names (RFC 5182); those not in the view do not count */
};

void sequence_init(struct sequence *s);
void sequence_clear(struct sequence *s);
/* UIDs first..last, all above those that are there; others are passed over. */
void sequence_append(struct sequence *s, uint32_t first, uint32_t last);
/* Without the UIDs in gone. */
void sequence_remove(struct sequence *s, const struct uidset *gone);
/* UID at a number in [1, total]. */
uint32_t sequence_uid(const struct sequence *s, uint32_t number);
/* Number of a UID; 0 when it is not there. */
uint32_t sequence_number(const struct sequence *s, uint32_t uid);
/* Highest UID, 0 when empty. */
uint32_t sequence_last(const struct sequence *s);
/* Append UIDs of the view within [first, last] to out, which holds lower ones only. */
MUST_USE enum status sequence_within(const struct sequence *s, uint32_t first, uint32_t last,
    struct uidset *out);

/* Call each() for what is missing of [first, last], ascending; it returns false to stop. */
bool sequence_gaps(const struct sequence *s, uint32_t first, uint32_t last,
    bool (*each)(void *ctx, uint32_t first, uint32_t last), void *ctx);

/*
 * A client's set as it is, without a view: in any order, overlapping or not.  star: what '*'
 * is; 0: it is no set then.  *out: initialised empty.  SYNTAX, LIMIT as below.
 */
MUST_USE enum status sequence_read_set(struct slice set, uint32_t star, struct uidset *out);

enum sequence_kind { SEQUENCE_NUMBERS, SEQUENCE_UIDS };

/*
 * The UIDs of the view that a client's set names (wire/imap_token.h); what is
 * not there is left out.  '*' is the last message, "$" what is saved.  *out: initialised empty.
 * SYNTAX  not a set, or a 0   LIMIT  too many ranges
 */
MUST_USE enum status sequence_select(const struct sequence *s, struct slice set,
    enum sequence_kind kind, struct uidset *out);

/* Walks numbers upwards in step with ascending UIDs, in constant time each. */
struct sequence_walk {
	const struct sequence *sequence;
	uint32_t at;		/* index of a range */
};
struct sequence_walk sequence_walk_init(const struct sequence *s);
/* As sequence_number(), for UIDs that never decrease. */
uint32_t sequence_walk_to(struct sequence_walk *w, uint32_t uid);

#endif
