/*
 * protocol.h -- what policyd answers on its three sockets.
 *
 * policy.sock        smtpd, fronts, fetchd, relayd: policy/client.h is its manual
 * digest.sock        digest helpers: policyd asks, they answer (policy/digest.h)
 * policy-admin.sock  mailadm: ADMIN_REQUEST with one JSON object
 *                    {"noun": "user", "verb": "add", ...}; answered by any number of
 *                    ADMIN_ROW, each one JSON object, then ADMIN_END: u8 status,
 *                    slice why
 *
 * Answers on policy.sock begin with u8 status and slice why.
 */
#ifndef POLICY_PROTOCOL_H
#define POLICY_PROTOCOL_H

enum policy_request {
	POLICY_SESSION_OPEN = 1,	/* notice */
	POLICY_SESSION_CLOSE,		/* notice */
	POLICY_SASL,
	POLICY_MAIL,
	POLICY_RECIPIENT,
	POLICY_SUBMIT,
	POLICY_FETCH_LIST,
	POLICY_FETCH_SECRET,
	POLICY_FETCH_KNOWN,
	POLICY_FETCH_SUBMIT,
	POLICY_FETCH_KEEP,
	POLICY_FETCH_REPORT,
	/* notices to fetchd */
	POLICY_FETCH_CHANGED = 100,	/* read the list again */
	POLICY_FETCH_RUN,		/* u32 fetch id: collect now, then report */
	/* policy-admin.sock */
	ADMIN_REQUEST = 200,
	ADMIN_ROW,
	ADMIN_END,
};

#endif
