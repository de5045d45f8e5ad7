/*
 * relay_text.h -- the text of a message on its way out: mapped, never changed,
 * but for what may not go over the wire at all (a bare CR or LF, a NUL).
 */
#ifndef SMTPD_RELAY_TEXT_H
#define SMTPD_RELAY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct relay_text {
	struct slice bytes;	/* mapped; empty: none is open */
	bool is_8bit;
	bool is_flawed;		/* holds bare CR, bare LF or NUL: pieces leave them mended */
};

/*
 * Map a sealed memfd, which is closed in any case.
 * DENIED  it is not sealed or not as long as was said   IO  it cannot be mapped
 */
MUST_USE enum status relay_text_open(struct relay_text *t, int fd, uint32_t size_bytes,
    struct problem *why);
/* The same for bytes in memory that the caller keeps: for tests and fuzzing. */
void relay_text_of(struct relay_text *t, struct slice bytes);
void relay_text_close(struct relay_text *t);

/*
 * The next piece from *at on, at most max bytes of the text; *at moves behind
 * it.  False at the end.  Pieces in a row have CRLF line ends only.
 */
bool relay_text_next(const struct relay_text *t, size_t *at, size_t max, struct slice *piece);

#endif
