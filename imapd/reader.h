/*
 * reader.h -- puts one IMAP command together from what arrives: its lines and
 * the literals between them, in one buffer, as wire/imap_token.h reads it.
 * Knows sizes; knows no command.
 */
#ifndef IMAPD_READER_H
#define IMAPD_READER_H

#include "base/buf.h"
#include "wire/imap_token.h"

struct reader_limits {
	size_t line;		/* bytes between two line ends */
	size_t literal;		/* one literal kept in memory */
	size_t total;		/* the whole command with its literals */
};

enum reader_event {
	READER_MORE,		/* give it what comes next */
	READER_COMMAND,		/* command_reader_text() is a whole command */
	READER_LITERAL,		/* a literal is announced: accept it or give up */
	READER_BAD_LINE,	/* a line with bare CR or LF, or NUL; it is consumed */
	READER_TOO_LONG,	/* over a limit with no end in sight: the connection is lost */
};

struct command_reader {
	const struct reader_limits *limits;	/* borrowed */
	struct buf text;
	struct imap_literal literal;	/* what READER_LITERAL found */
	size_t literal_left;		/* bytes of an accepted literal still to come */
};

void command_reader_init(struct command_reader *r, const struct reader_limits *limits);
void command_reader_clear(struct command_reader *r);

/* *used: bytes of input to consume, whatever the event. */
enum reader_event command_reader_feed(struct command_reader *r, struct slice input,
    size_t *used);
/* The command so far, without its last CRLF; up to and with "{n}" after READER_LITERAL. */
struct slice command_reader_text(const struct command_reader *r);
/*
 * After READER_LITERAL: its bytes come into the text.
 * LIMIT: the literal or the command with it is over the limits; nothing changed.
 */
MUST_USE enum status command_reader_accept(struct command_reader *r);
/* Forget the command and its memory. */
void command_reader_reset(struct command_reader *r);

#endif
