/*
 * selected.h -- a session's view of its mailbox: what the client has been told,
 * and what it has not been told yet (RFC 3501 s.7.4).
 */
#ifndef IMAPD_SELECTED_H
#define IMAPD_SELECTED_H

#include <stdbool.h>

#include "imapd/command.h"
#include "imapd/sequence.h"
#include "store/mailbox.h"
#include "store/uidset.h"

struct imap_session;
struct journal_row;
struct txn;

struct selected {
	struct selected *next;		/* another view of the same mailbox in this worker */
	struct imap_session *session;
	uint32_t mailbox;
	bool is_read_only;
	struct sequence view;		/* what the client knows */
	struct uidset recent;		/* \Recent in this session */
	struct uidset added, flagged, gone;	/* not told yet */
	uint64_t change;		/* the view was read at this change number */
	uint64_t keywords;		/* flag bits of keywords that FLAGS has named */
	bool exists_may_be_missed;	/* EXISTS was told behind the data of UID FETCH */
};

/* Read the view of a mailbox. */
MUST_USE enum status selected_open(struct imap_session *s, struct txn *t,
    const struct mailbox_row *row, bool is_read_only, struct selected **out,
    struct problem *why);
void selected_close(struct selected **sel);
/* Note a journal row of this mailbox. */
void selected_note(struct selected *sel, const struct journal_row *row);
bool selected_has_news(const struct selected *sel);
/*
 * Write what has not been told to the client: EXPUNGE (when updates allow), then
 * EXISTS and RECENT, then changed flags.
 */
void selected_report(struct selected *sel, enum command_updates updates);
/* At the beginning of NOOP and IDLE: EXISTS again where a client may have passed over it. */
void selected_repeat(struct selected *sel);
/* "* FLAGS (...)" and PERMANENTFLAGS of the mailbox. */
MUST_USE enum status selected_write_flags(struct selected *sel, struct txn *t, struct buf *out,
    struct problem *why);

#endif
