/*
 * list_options.h -- the extended form of LIST (RFC 5258), with SPECIAL-USE
 * (RFC 6154) and STATUS (RFC 5819): what it selects, and what it tells.
 */
#ifndef IMAPD_LIST_OPTIONS_H
#define IMAPD_LIST_OPTIONS_H

#include "base/buf.h"
#include "imapd/status_items.h"
#include "wire/imap_token.h"

#define LIST_PATTERNS_MAX 50

enum {
	LIST_SUBSCRIBED = 1,
	LIST_SPECIAL_USE = 2,
	LIST_RECURSIVE_MATCH = 4,
	LIST_REMOTE = 8,		/* there are no others here: the same as without */
	LIST_CHILDREN = 16,		/* told in any case */
	LIST_STATUS = 32,
};

struct list_options {
	unsigned select;	/* LIST_* */
	unsigned tell;		/* LIST_* */
	struct status_items status;
};

/* "(SUBSCRIBED)" and SP behind it, if it is there.  SYNTAX. */
MUST_USE enum status list_select_parse(struct imap_reader *args, struct list_options *out);
/* " RETURN (CHILDREN)", if it is there.  SYNTAX; LIMIT. */
MUST_USE enum status list_return_parse(struct imap_reader *args, struct list_options *out);
/*
 * One pattern, or several in parentheses.
 * SYNTAX; LIMIT above LIST_PATTERNS_MAX.
 */
MUST_USE enum status list_patterns_parse(struct imap_reader *args,
    struct slice out[LIST_PATTERNS_MAX], unsigned *count);

#endif
