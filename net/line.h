/*
 * line.h -- lines that end in CRLF, taken from a stream's input.
 */
#ifndef NET_LINE_H
#define NET_LINE_H

#include "base/slice.h"
#include "base/status.h"

/*
 * Take the first line of input, without its CRLF.  *used: bytes to consume.
 * OK       a line
 * PENDING  no end of line yet, fewer than max bytes are there
 * LIMIT    max bytes without an end of line; *used is what is there
 * SYNTAX   the line ends in a bare LF or holds a bare CR or NUL; *line and *used are set all the
 *          same, so that a tolerant caller may go on
 */
enum status line_take(struct slice input, size_t max, struct slice *line, size_t *used);

/* Takes lines "text" with dot-stuffing away (RFC 5321 s.4.5.2). */
struct dot_reader {
	unsigned state;		/* private */
	unsigned char flaws;	/* LINE_FLAW_* seen so far */
};
enum { LINE_FLAW_BARE_LF = 1, LINE_FLAW_BARE_CR = 2, LINE_FLAW_NUL = 4 };

struct dot_reader dot_reader_init(void);
/*
 * Decode input: calls out(ctx, piece) for runs of text (CRLF kept, stuffing
 * removed, flaws passed through and noted).  Only CRLF.CRLF ends the text.
 * *used: bytes consumed.  OK: the end was seen.  PENDING: all consumed, more to come.
 */
enum status dot_reader_feed(struct dot_reader *r, struct slice input, size_t *used,
    void (*out)(void *ctx, struct slice piece), void *ctx);

/*
 * The other way: text in pieces, CRLF line ends, to wire form.  dot_writer_end()
 * adds CRLF when the text did not end in one, then the final dot line.
 */
struct dot_writer {
	unsigned state;
};
struct dot_writer dot_writer_init(void);
void dot_writer_feed(struct dot_writer *w, struct slice piece,
    void (*out)(void *ctx, struct slice piece), void *ctx);
void dot_writer_end(struct dot_writer *w, void (*out)(void *ctx, struct slice piece), void *ctx);

#endif
