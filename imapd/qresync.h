/*
 * qresync.h -- what a client is told that comes back with what it knows of a
 * mailbox (RFC 7162 s.3.2): the UIDs that have vanished since.
 */
#ifndef IMAPD_QRESYNC_H
#define IMAPD_QRESYNC_H

#include <stdbool.h>

#include "base/buf.h"
#include "imapd/session.h"
#include "store/mailbox.h"
#include "store/uidset.h"
#include "wire/imap_token.h"

struct problem;
struct selected;
struct sequence;
struct txn;

/* The argument of SELECT: what the client knows. */
struct qresync {
	uint32_t uid_validity;
	uint64_t modseq;
	bool has_known;
	struct uidset known;	/* UIDs it has; without: all that were ever given */
	struct slice numbers, uids;	/* messages it had, in step; borrowed; empty: not said */
};

/* SP "(" uidvalidity SP mod-sequence [SP known-uids] [SP "(" numbers SP uids ")"] ")".  *out:
 * release with qresync_clear() whatever the answer.  SYNTAX, LIMIT. */
MUST_USE enum status qresync_take(struct imap_reader *args, struct qresync *out);
void qresync_clear(struct qresync *q);

/*
 * The change number to tell everything from: modseq, or 0 where that cannot be one of
 * this mailbox's, since it is of the future (a backup was put back).
 */
uint64_t qresync_since(const struct mailbox_row *row, uint64_t modseq);
/* Up to this UID nothing that the client had has vanished: of its numbers and uids. */
uint32_t qresync_matched(const struct sequence *view, struct slice numbers, struct slice uids);

/*
 * Append "* VANISHED (EARLIER) ..." for what has gone since, but for what the session's view
 * still holds: that is told as it goes.
 * since: 0 where all that is not there is to be told
 * among: UIDs it is told of; NULL: all.  above: only UIDs above this.
 */
MUST_USE enum status qresync_write_vanished(const struct selected *sel, struct txn *t,
    const struct mailbox_row *row, uint64_t since, const struct uidset *among, uint32_t above,
    struct buf *out, struct problem *why);
/* "* VANISHED 1:3,5": what has gone now. */
void qresync_write_gone(const struct uidset *gone, struct buf *out);

#endif
