/*
 * change.h -- how a command ends that asked stored for a change.
 */
#ifndef IMAPD_CHANGE_H
#define IMAPD_CHANGE_H

#include "imapd/session.h"
#include "store/client.h"

/*
 * The first thing in every done: forget the call and read the journal, so that
 * the change is known to all sessions here before its command is answered.
 */
void change_settle(struct imap_session *s);
/* done of a command that has nothing more to say; ctx is the session. */
void change_done(void *ctx, enum status st, const struct store_result *r,
    const struct problem *why);

#endif
