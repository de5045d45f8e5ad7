/*
 * append_filed.h -- the copy of a message that the server filed in Sent Items
 * when its author handed it in: a mail program that appends its own copy
 * afterwards gets that one, and the message is there once.
 */
#ifndef IMAPD_APPEND_FILED_H
#define IMAPD_APPEND_FILED_H

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "store/mailbox.h"

struct store;

/*
 * Is stored the message text behind lines that we put in front of it when it was
 * handed in: Return-Path and Received, one at least?
 */
bool append_is_filed_form(struct slice stored, struct slice text);
/*
 * Look among the newest messages of a mailbox for one with this message id that is
 * text in that form.  ABSENT: there is none.
 */
MUST_USE enum status append_filed_find(struct store *store, struct txn *t,
    const struct mailbox_row *mailbox, struct slice message_id, struct slice text,
    uint32_t *uid, struct problem *why);

#endif
