/*
 * stream.h -- send a message's text, or the head of it, to a client as a
 * multi-line answer: dot-stuffed, in slices, with one short transaction each
 * and none while the client is waited for.
 */
#ifndef POP3D_STREAM_H
#define POP3D_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct drop_entry;
struct pop3_session;
struct stream;

#define STREAM_WHOLE UINT32_MAX

/*
 * What TOP cuts: the header, its empty line and body_lines lines behind it.
 * Knows bytes only; begin with { .lines_left = body_lines }.
 */
struct top_cut {
	uint32_t lines_left;
	bool is_in_body;
	bool is_behind_text;	/* the line so far has more than a CR */
	bool is_done;		/* nothing more is to be sent */
};
/* How much of piece is to be sent. */
size_t top_cut_feed(struct top_cut *t, struct slice piece);

/*
 * Begin after the "+OK" line.  body_lines: STREAM_WHOLE for RETR.  The caller has
 * checked by stream_check() that the text is there; one that cannot be read all
 * the same ends the connection.
 * OK  all is written    PENDING  the session is resumed when it is
 */
MUST_USE enum status stream_start(struct pop3_session *s, const struct drop_entry *e, uint32_t body_lines);
void stream_free(struct stream **st);
/* ABSENT  another session deleted it    CORRUPT, IO  it cannot be read */
MUST_USE enum status stream_check(struct pop3_session *s, const struct drop_entry *e);

#endif
