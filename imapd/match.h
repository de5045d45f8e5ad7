/*
 * match.h -- patterns of LIST (RFC 3501 s.6.3.8): '*' is anything, '%' anything
 * without '/'.  All positions of the pattern advance together through the
 * name, a bit each, so no pattern makes it go back.
 */
#ifndef IMAPD_MATCH_H
#define IMAPD_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "store/mailbox.h"

/* Literal bytes of a pattern that can match a name, and the wildcards between them. */
#define MATCH_STEPS_MAX (2 * MAILBOX_NAME_MAX + 1)
#define MATCH_WORDS ((MATCH_STEPS_MAX + 1 + 63) / 64)

struct match_set {
	uint64_t bits[MATCH_WORDS];
};

struct match_pattern {
	bool is_hopeless;	/* longer than any name */
	unsigned steps;
	unsigned words;
	struct match_set literal[256];	/* steps that take this byte and go on */
	struct match_set wild;		/* steps that may be skipped */
	struct match_set stay_any;	/* '*' */
	struct match_set stay_level;	/* '%' */
};

/* pattern: UTF-8.  A first level "inbox" in any case means INBOX.  *out is 18 KiB. */
void match_compile(struct slice pattern, struct match_pattern *out);
/* In time proportional to the name. */
bool match_name(const struct match_pattern *p, struct slice name);

#endif
