/*
 * append_text.h -- the text of an APPEND on its way into a memfd: what mail
 * programs get wrong about it is put right while it streams.
 *   - a first line "From " of an mbox is dropped
 *   - a bare LF becomes CRLF
 * Everything else stays as it came, NUL and bare CR included.
 */
#ifndef IMAPD_APPEND_TEXT_H
#define IMAPD_APPEND_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/problem.h"
#include "base/status.h"

#define APPEND_FROM_LINE_MAX 1000	/* a longer first line is no "From " line */

struct append_text {
	struct buf head;	/* while it is not clear what the first line is */
	bool is_past_head;
	bool after_cr;
	uint64_t size_bytes;	/* given to put so far */
	enum status (*put)(void *ctx, struct slice piece, struct problem *why);
	void *ctx;
};

void append_text_init(struct append_text *a,
    enum status (*put)(void *ctx, struct slice piece, struct problem *why), void *ctx);
/* Any piece of the text, in order.  Errors are put's. */
MUST_USE enum status append_text_feed(struct append_text *a, struct slice piece,
    struct problem *why);
/* The text is over. */
MUST_USE enum status append_text_end(struct append_text *a, struct problem *why);
void append_text_clear(struct append_text *a);

#endif
