/*
 * listing.h -- what LIST, XLIST and LSUB have in common: their arguments, the
 * names of an account, and one line of response.
 */
#ifndef IMAPD_LISTING_H
#define IMAPD_LISTING_H

#include "base/buf.h"
#include "base/problem.h"
#include "imapd/match.h"
#include "imapd/session.h"
#include "store/mailbox.h"
#include "wire/imap_token.h"

/* Reference and pattern joined, as UTF-8. */
struct list_query {
	struct buf pattern;
	bool is_separator_query;	/* the pattern is empty: only "/" is asked for */
	bool is_direct;			/* no wildcards: one name */
};

/* Join what a client sent.  Release with list_query_clear(). */
void list_query_make(struct slice reference, struct slice pattern, struct list_query *out);
/* Parse both arguments to the end, then the same. */
MUST_USE enum status list_query_parse(struct imap_reader *args, struct list_query *out);
void list_query_clear(struct list_query *q);

struct list_name {
	char *name;
	size_t len;
	uint8_t role;		/* enum mailbox_role */
	bool has_children;
	bool is_real;		/* there is a mailbox of that name */
	bool is_subscribed;	/* to be told so */
	bool is_chosen;		/* by the selection options of LIST */
	bool is_matched;	/* by a pattern */
	const char *child_info;	/* options that chose something below it; NULL: none */
};

/* Names in the order of their bytes. */
struct list_names {
	struct list_name *names;
	uint32_t count, cap;
};

/* The mailboxes of the session's account, sorted; release with list_names_clear(). */
MUST_USE enum status list_names_read(struct imap_session *s, struct txn *t,
    struct list_names *out, struct problem *why);
/* Append a copy of name; is_real: there is such a mailbox. */
void list_names_add(struct list_names *l, struct slice name, uint8_t role, bool is_real);
/* Sort, drop doubles. */
void list_names_sort(struct list_names *l);
/*
 * Mark what is subscribed; where select (LIST_*) asks for that, names without a
 * mailbox come in, too, and with RECURSIVEMATCH those above them.
 */
MUST_USE enum status list_names_subscribed(struct imap_session *s, struct txn *t, unsigned select,
    struct list_names *l, struct problem *why);
/* Set is_chosen and child_info. */
void list_names_choose(struct list_names *l, unsigned select);
const struct list_name *list_names_find(const struct list_names *l, struct slice name);
void list_names_clear(struct list_names *l);

/* "* LIST (\HasNoChildren \Sent) "/" "Sent Items"" */
void list_write(struct buf *out, const char *command, const struct list_name *n,
    struct slice shown_as);

#endif
