/*
 * envelope.h -- may this session send as this sender, to this recipient: pure
 * functions over the directory.
 */
#ifndef POLICY_ENVELOPE_H
#define POLICY_ENVELOPE_H

#include "policy/client.h"
#include "policy/directory.h"

/* Who speaks. */
struct envelope_peer {
	enum policy_service service;
	uint32_t account;	/* logged in; 0: nobody */
	bool is_lan;		/* a host of the LAN: on port 25 it needs no login */
};

/*
 * Replies' slices are of constant text.  Towards ourselves a sender may be
 * anybody on port 25; towards the outside it is one that outgoing.h lets go.
 */
struct policy_reply envelope_sender(const struct directory *d, const struct envelope_peer *peer,
    struct slice sender);
struct policy_reply envelope_recipient(const struct directory *d,
    const struct envelope_peer *peer, struct slice sender, struct slice recipient);

/* What else a submitted message may be told. */
enum envelope_reply {
	REPLY_SENDER_OK,
	REPLY_RECIPIENT_OK,
	REPLY_ACCEPTED,
	REPLY_LOGIN_FIRST,
	REPLY_NOT_YOUR_ADDRESS,
	REPLY_NO_USER,
	REPLY_DISABLED,
	REPLY_NO_RELAY,
	REPLY_NO_ROUTE,
	REPLY_NO_IDENTITY,
	REPLY_NOT_OUR_SENDER,
	REPLY_BAD_ADDRESS,
	REPLY_NO_SESSION,
	REPLY_NO_RECIPIENTS,
	REPLY_TOO_MANY_HOPS,
	REPLY_TRY_LATER,
	REPLY_FULL,
	REPLY_MAILBOX_FULL,
	REPLY_BAD_TEXT,
	REPLY_COUNT
};
struct policy_reply envelope_reply(enum envelope_reply r);

#endif
