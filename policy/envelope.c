#include "policy/envelope.h"

#include "policy/identity.h"
#include "policy/outgoing.h"

static const struct {
	uint16_t code;
	const char *enhanced, *text;
} replies[REPLY_COUNT] = {
	[REPLY_SENDER_OK] = { 250, "2.1.0", "sender ok" },
	[REPLY_RECIPIENT_OK] = { 250, "2.1.5", "recipient ok" },
	[REPLY_ACCEPTED] = { 250, "2.0.0", "stored" },
	[REPLY_LOGIN_FIRST] = { 530, "5.7.0", "log in first" },
	[REPLY_NOT_YOUR_ADDRESS] = { 553, "5.7.1", "this sender address is not one of yours" },
	[REPLY_NO_USER] = { 550, "5.1.1", "no such user here" },
	[REPLY_DISABLED] = { 550, "5.2.1", "this mailbox is switched off" },
	[REPLY_NO_RELAY] = { 550, "5.7.1", "relaying denied" },
	[REPLY_NO_ROUTE] = { 550, "5.7.1", "no route to outside domains is set up: ask your "
	    "administrator" },
	[REPLY_NO_IDENTITY] = { 550, "5.7.1", "you have no outside address yet: ask your "
	    "administrator" },
	[REPLY_NOT_OUR_SENDER] = { 550, "5.7.1", "relaying denied: the sender address is none of "
	    "this company's" },
	[REPLY_BAD_ADDRESS] = { 553, "5.1.3", "this is no mailbox address" },
	[REPLY_NO_SESSION] = { 451, "4.3.0", "this session is not known: connect again" },
	[REPLY_NO_RECIPIENTS] = { 554, "5.5.1", "no valid recipients" },
	[REPLY_TOO_MANY_HOPS] = { 554, "5.4.6", "too many hops: this message is going in circles" },
	[REPLY_TRY_LATER] = { 451, "4.3.0", "temporary failure: try again later" },
	[REPLY_FULL] = { 452, "4.3.1", "too much in hand: try again later" },
	[REPLY_MAILBOX_FULL] = { 452, "4.2.2", "this mailbox is full: try again later" },
	[REPLY_BAD_TEXT] = { 451, "4.3.0", "the message did not reach us whole: send it again" },
};

struct policy_reply
envelope_reply(enum envelope_reply r)
{
	return (struct policy_reply){
		.code = replies[r].code,
		.enhanced = slice_from_cstr(replies[r].enhanced),
		.text = slice_from_cstr(replies[r].text),
	};
}

static const struct account_record *
who(const struct directory *d, uint32_t account)
{
	const struct account_record *r = directory_account(d, account);

	return r != NULL && r->is_enabled ? r : NULL;
}

struct policy_reply
envelope_sender(const struct directory *d, const struct envelope_peer *peer, struct slice sender)
{
	const struct account_record *r = who(d, peer->account);

	if (peer->service != SERVICE_SUBMISSION)
		return envelope_reply(peer->service == SERVICE_SMTP ? REPLY_SENDER_OK :
		    REPLY_NO_SESSION);
	if (r == NULL)
		return envelope_reply(REPLY_LOGIN_FIRST);
	return envelope_reply(identity_may_send(d, r, sender) ? REPLY_SENDER_OK :
	    REPLY_NOT_YOUR_ADDRESS);
}

/* To a domain that is not ours. */
static enum envelope_reply
foreign(const struct directory *d, const struct envelope_peer *peer, struct slice sender,
    struct slice recipient)
{
	static const enum envelope_reply replies_of[] = {
		[OUTGOING_OK] = REPLY_RECIPIENT_OK,
		[OUTGOING_NO_ROUTE] = REPLY_NO_ROUTE,
		[OUTGOING_NO_IDENTITY] = REPLY_NO_IDENTITY,
		[OUTGOING_NOT_OURS] = REPLY_NOT_OUR_SENDER,
	};
	bool is_submission = peer->service == SERVICE_SUBMISSION;

	if (!is_submission && (peer->service != SERVICE_SMTP || !peer->is_lan))
		return REPLY_NO_RELAY;
	return replies_of[outgoing_check(d, is_submission ? peer->account : 0, sender,
	    recipient)];
}

struct policy_reply
envelope_recipient(const struct directory *d, const struct envelope_peer *peer,
    struct slice sender, struct slice recipient)
{
	if (peer->service == SERVICE_SUBMISSION && who(d, peer->account) == NULL)
		return envelope_reply(REPLY_LOGIN_FIRST);
	switch (identity_find(d, recipient).kind) {
	case IDENTITY_PEOPLE:
	case IDENTITY_SHARED:
		return envelope_reply(REPLY_RECIPIENT_OK);
	case IDENTITY_DISABLED:
		return envelope_reply(REPLY_DISABLED);
	case IDENTITY_UNKNOWN:
		return envelope_reply(REPLY_NO_USER);
	case IDENTITY_FOREIGN:
		return envelope_reply(foreign(d, peer, sender, recipient));
	case IDENTITY_MALFORMED:
		break;
	}
	return envelope_reply(REPLY_BAD_ADDRESS);
}
