/*
 * fetch.h -- writes FETCH responses for many messages in slices: one read
 * transaction each, none held while the client reads.  For FETCH and STORE.
 */
#ifndef IMAPD_FETCH_H
#define IMAPD_FETCH_H

#include "imapd/fetch_items.h"
#include "imapd/session.h"
#include "store/uidset.h"

struct fetch {
	struct fetch_items items;
	struct uidset uids;	/* messages of the view */
	uint64_t changed_since;	/* only messages changed later (RFC 7162); 0: all */
	uint64_t changed_until;	/* those changed behind it are told otherwise; 0: they are not */
	struct uidset seen;	/* just marked \Seen: their flags are told, too */
};

/*
 * Carry it out; takes what f holds.  The command ends by command_finish(), later
 * or within: the caller returns PENDING and must not touch the session's command again.
 */
void fetch_start(struct imap_session *s, struct fetch *f);
void fetch_clear(struct fetch *f);

#endif
