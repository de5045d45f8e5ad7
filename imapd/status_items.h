/*
 * status_items.h -- the numbers that STATUS tells of a mailbox: RFC 3501
 * s.6.3.10, HIGHESTMODSEQ of RFC 7162, SIZE of RFC 8438,
 * DELETED-STORAGE of RFC 9208.
 */
#ifndef IMAPD_STATUS_ITEMS_H
#define IMAPD_STATUS_ITEMS_H

#include "base/buf.h"
#include "base/problem.h"
#include "store/mailbox.h"
#include "wire/imap_token.h"

#define STATUS_ITEMS_MAX 16

enum status_item {
	ITEM_MESSAGES,
	ITEM_RECENT,
	ITEM_UIDNEXT,
	ITEM_UIDVALIDITY,
	ITEM_UNSEEN,
	ITEM_HIGHESTMODSEQ,
	ITEM_SIZE,
	ITEM_DELETED_STORAGE,
	ITEM_COUNT
};

struct status_items {
	enum status_item items[STATUS_ITEMS_MAX];
	unsigned count;
	bool has_modseq;	/* one of them enables mod-sequences */
};

/* "(MESSAGES UNSEEN)".  SYNTAX   LIMIT too many */
MUST_USE enum status status_items_parse(struct imap_reader *args, struct status_items *out);
/* Append "* STATUS "name" (MESSAGES 3 UNSEEN 1)" and CRLF. */
MUST_USE enum status status_items_write(struct txn *t, const struct mailbox_row *row,
    const struct status_items *items, struct slice shown_as, struct buf *out,
    struct problem *why);

#endif
