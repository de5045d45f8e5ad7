/*
 * relay_reply.h -- what the next server says: its reply lines collected within
 * bounds and cleaned, and what follows from them for the mail.
 */
#ifndef SMTPD_RELAY_REPLY_H
#define SMTPD_RELAY_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

#define RELAY_LINE_MAX 2048
#define RELAY_LINES_MAX 100	/* of one reply */
#define RELAY_TEXT_MAX 400
#define RELAY_ENHANCED_MAX 12	/* "5.123.123" and its NUL */

struct relay_reply {
	uint16_t code;				/* 0: no line yet */
	char enhanced[RELAY_ENHANCED_MAX];	/* "" when the server gave none */
	char text[RELAY_TEXT_MAX];		/* all lines as one, printable ASCII */
	unsigned lines;
	bool is_complete;
};

/* Forget everything: for the next reply. */
void relay_reply_reset(struct relay_reply *r);
/*
 * Add a line without its line end.
 * OK       the reply is complete
 * PENDING  more lines follow
 * SYNTAX   no reply, or another code than before
 * LIMIT    a line too long, or too many of them
 */
MUST_USE enum status relay_reply_add(struct relay_reply *r, struct slice line);

/* What was asked when the server said it. */
enum relay_phase {
	RELAY_CONNECT,	/* a connection, and the server's greeting */
	RELAY_HELLO,
	RELAY_TLS,
	RELAY_AUTH,
	RELAY_SENDER,
	RELAY_RECIPIENT,
	RELAY_DATA,
	RELAY_TEXT,	/* the text, up to the final dot */
	RELAY_PHASE_COUNT
};

enum relay_verdict {
	RELAY_SENT,	/* yes */
	RELAY_LATER,	/* not now */
	RELAY_FAILED,	/* never */
	RELAY_AGAIN,	/* not tried: belongs into another transaction, at once */
};

/* What became of one recipient. */
struct relay_result {
	enum relay_verdict verdict;
	uint16_t code;				/* of the reply; 0: none came */
	char enhanced[RELAY_ENHANCED_MAX];	/* there for RELAY_LATER and RELAY_FAILED */
	char text[RELAY_TEXT_MAX];		/* what the server said, or what went wrong */
	bool is_doubtful;			/* the server may have taken the mail all the same */
};

/* The verdict on a complete reply. */
struct relay_result relay_judge(enum relay_phase phase, const struct relay_reply *r);
/* A result of our own: enhanced is "4.4.2" or the like; its class is the verdict. */
struct relay_result relay_result_make(const char *enhanced, struct slice text);
/* Copy what can be printed of text (ASCII; the rest becomes '?'), NUL-terminated, cut to size. */
void relay_clean(struct slice text, char *out, size_t size);

#endif
