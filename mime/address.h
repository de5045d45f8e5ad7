/*
 * address.h -- address lists (RFC 5322 s.3.4 and its obsolete forms, and what
 * the wild sends), one linear scan.  The one address parser of the whole
 * server: ENVELOPE, routing and policy all read addresses with it.
 */
#ifndef MIME_ADDRESS_H
#define MIME_ADDRESS_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/status.h"

enum address_kind {
	ADDRESS_MAILBOX,
	ADDRESS_GROUP_BEGIN,	/* name: the group's name */
	ADDRESS_GROUP_END,
};

/* Raw slices of the field's value: still with quotes, folds, encoded words. */
struct address {
	enum address_kind kind;
	struct slice name;	/* display name as it stands; empty: none */
	struct slice comment;	/* inside of a mailbox's last comment: the old way to say a name */
	struct slice route;	/* obsolete source route "@a,@b", without the colon */
	struct slice local;	/* local part as it stands, quotes included */
	struct slice domain;	/* as it stands; empty when there is no '@' */
};

struct address_reader {
	struct slice rest;
	unsigned left;		/* how many more mailboxes will be given */
	bool in_group;
	unsigned state;		/* private */
};

/* Read an address field's value; at most max mailboxes and groups (the rest is passed over). */
struct address_reader address_reader_init(struct slice value, unsigned max);
/* The next one; false at the end.  What has no sense gives an address without domain. */
bool address_next(struct address_reader *r, struct address *a);

struct buf;
/*
 * Append the display name of a mailbox as UTF-8: name decoded (quotes and
 * quoted pairs undone, encoded words also inside quotes, raw 8-bit by
 * body_charset as in word_decode()), blanks at the ends gone; when there is no
 * name, its comment.  Nothing when there is neither.
 */
void address_name(const struct address *a, struct slice body_charset, struct buf *out);
/* Append the same before decoding: one line, encoded words as they stand, raw 8-bit as UTF-8. */
void address_phrase(const struct address *a, struct slice body_charset, struct buf *out);
/* Append the local part with its quotes undone, without comments and folds. */
void address_local(const struct address *a, struct buf *out);
/* Append the domain without comments and folds, in the case it was written in. */
void address_domain(const struct address *a, struct buf *out);
/* Append local@domain, quotes undone where they are not needed, comments and folds gone, domain in
 * lower case. */
void address_text(const struct address *a, struct buf *out);

#endif
