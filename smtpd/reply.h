/*
 * reply.h -- everything this server says on its own account, in one table.
 * What policyd decides brings its own code and text.
 */
#ifndef SMTPD_REPLY_H
#define SMTPD_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum smtp_answer {
	ANSWER_PENDING,		/* nothing yet: an event will answer */
	ANSWER_WRITTEN,		/* the command wrote its reply itself: more than a line, or policyd's */

	ANSWER_OK,
	ANSWER_SENDER_OK,
	ANSWER_RECIPIENT_OK,
	ANSWER_RESET_OK,
	ANSWER_BYE,
	ANSWER_GO_ON,		/* 354 */
	ANSWER_TLS_READY,
	ANSWER_AUTH_OK,
	ANSWER_CANNOT_VERIFY,
	ANSWER_HELP,

	ANSWER_UNKNOWN,
	ANSWER_LINE_TOO_LONG,
	ANSWER_BARE_LINE_END,
	ANSWER_CONTROL,
	ANSWER_BAD_ARGUMENT,
	ANSWER_NO_ARGUMENT_WANTED,
	ANSWER_BAD_NAME,
	ANSWER_BAD_SENDER,
	ANSWER_BAD_RECIPIENT,
	ANSWER_BAD_PARAMETER,
	ANSWER_UNKNOWN_PARAMETER,
	ANSWER_BAD_RET,
	ANSWER_BAD_ENVID,
	ANSWER_BAD_NOTIFY,
	ANSWER_BAD_ORCPT,
	ANSWER_NEEDS_UTF8,
	ANSWER_BAD_CHUNK,
	ANSWER_NOT_DONE,
	ANSWER_ORDER,
	ANSWER_HELLO_FIRST,
	ANSWER_SENDER_FIRST,
	ANSWER_RECIPIENT_FIRST,
	ANSWER_SENDER_TWICE,
	ANSWER_CHUNK_TROUBLE,
	ANSWER_TLS_ALREADY,
	ANSWER_TLS_IN_MAIL,
	ANSWER_TLS_NONE,
	ANSWER_TLS_FIRST,
	ANSWER_LOGIN_FIRST,
	ANSWER_AUTH_NEEDS_TLS,
	ANSWER_AUTH_ALREADY,
	ANSWER_AUTH_IN_MAIL,
	ANSWER_AUTH_ELSEWHERE,
	ANSWER_AUTH_MECHANISM,
	ANSWER_AUTH_CANCELLED,
	ANSWER_AUTH_BASE64,
	ANSWER_AUTH_LONG,
	ANSWER_AUTH_DENIED,
	ANSWER_AUTH_TOO_OFTEN,
	ANSWER_AUTH_LATER,

	ANSWER_TOO_BIG,
	ANSWER_TOO_MUCH_IN_FLIGHT,
	ANSWER_TOO_MANY_RECIPIENTS,
	ANSWER_BARE_IN_TEXT,
	ANSWER_NUL_IN_TEXT,
	ANSWER_NUL_FROM_OUTSIDE,
	ANSWER_TOO_BIG_BY_FAR,
	ANSWER_LATER,		/* policyd or the machine cannot tell now */

	ANSWER_TALKED_EARLY,
	ANSWER_TOO_MANY_ERRORS,
	ANSWER_TOO_LONG_A_LINE,
	ANSWER_TOO_MANY_CONNECTIONS,
	ANSWER_TOO_MANY_SESSIONS,	/* of the account */
	ANSWER_TIME_OUT,
	ANSWER_CLOSING,
	ANSWER_LOGGED_OUT,
	ANSWER_COUNT
};

enum {
	REPLY_IS_MISTAKE = 1,	/* counts towards the mistakes a client may make */
	REPLY_CLOSES = 2,	/* the connection ends behind it */
};

struct reply_row {
	uint16_t code;
	const char *enhanced;	/* RFC 3463; "" where none may stand */
	const char *text;	/* ASCII, one line: Outlook shows it as it is */
	unsigned flags;		/* REPLY_* */
};

/* Never PENDING or WRITTEN. */
const struct reply_row *reply_row(enum smtp_answer answer);

#endif
