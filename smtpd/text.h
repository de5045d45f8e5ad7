/*
 * text.h -- the text of one message on its way in: counted, looked through for
 * line ends that are none, written to a memfd, sealed.  Knows no command.
 */
#ifndef SMTPD_TEXT_H
#define SMTPD_TEXT_H

#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct text;

/* Bytes in memfds of one process, over all sessions. */
struct text_budget {
	uint64_t used;
	uint64_t max;
};

enum text_lines {
	TEXT_LINES_STRICT,	/* a bare CR or LF spoils the text */
	TEXT_LINES_REPAIRED,	/* each bare CR or LF becomes CR LF */
};

enum text_verdict {
	TEXT_GOOD,
	TEXT_BARE_LINE_END,
	TEXT_NUL,
	TEXT_TOO_BIG,
	TEXT_NO_ROOM,		/* the budget is used up */
	TEXT_BROKEN,		/* the machine failed */
};

/*
 * prefix: header lines of our own, put in front and not counted towards max_bytes.
 * budget: borrowed until text_free().  *out: given; text_free().
 * IO  no memfd can be made
 */
MUST_USE enum status text_new(struct text_budget *budget, uint64_t max_bytes,
    enum text_lines lines, struct slice prefix, struct text **out, struct problem *why);
void text_free(struct text **t);

/*
 * The next piece, cut anywhere.  Once the verdict is not good, what was there is dropped and its
 * part of the budget given back; further bytes are only counted.
 */
void text_feed(struct text *t, struct slice piece);
/* Nothing more comes: flush and seal.  Why names what the machine said when it is BROKEN. */
enum text_verdict text_end(struct text *t, struct problem *why);

/* What is known of the text so far. */
enum text_verdict text_verdict(const struct text *t);
/* Bytes fed, whatever became of them. */
uint64_t text_fed_bytes(const struct text *t);
/* Valid after a text_end() that said TEXT_GOOD; the descriptor stays the text's. */
int text_fd(const struct text *t);
uint32_t text_size_bytes(const struct text *t);
uint32_t text_prefix_len(const struct text *t);

#endif
