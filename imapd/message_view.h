/*
 * message_view.h -- one message as a command reads it, while one transaction
 * lives: its row, its digest, its text, each fetched when first asked for.
 */
#ifndef IMAPD_MESSAGE_VIEW_H
#define IMAPD_MESSAGE_VIEW_H

#include "base/buf.h"
#include "imapd/fetch_items.h"
#include "store/digest.h"
#include "store/message.h"
#include "store/text.h"

#define VIEW_HEADER_MAX (4 * 1024 * 1024)	/* of a header, what is searched and filtered */

struct message_view {
	struct store *store;	/* borrowed */
	struct txn *txn;	/* borrowed */
	uint32_t mailbox, uid;
	bool has_row, has_text, has_digest, has_tree;
	struct message_row row;
	struct text_row text;
	struct buf digest_memory;
	struct digest digest;
	struct part_tree tree;
};

void message_view_init(struct message_view *v, struct store *store, struct txn *t,
    uint32_t mailbox, uint32_t uid);
void message_view_clear(struct message_view *v);

/* Each fills its field; doing it twice costs nothing.  ABSENT, CORRUPT, IO. */
MUST_USE enum status message_view_row(struct message_view *v, struct problem *why);
MUST_USE enum status message_view_text(struct message_view *v, struct problem *why);
MUST_USE enum status message_view_digest(struct message_view *v, struct problem *why);
MUST_USE enum status message_view_tree(struct message_view *v, struct problem *why);
/* Append bytes [at, at + len) of the text. */
MUST_USE enum status message_view_read(struct message_view *v, uint32_t at, uint32_t len,
    struct buf *out, struct problem *why);

struct section_range {
	uint32_t at, len;	/* in the text */
};

/*
 * Where a section's bytes lie, partial apart; for SECTION_FIELDS and _NOT: the
 * header to choose from.  ABSENT: the message has no such part.
 */
MUST_USE enum status message_view_section(struct message_view *v, const struct section *s,
    struct section_range *out, struct problem *why);
/* Append the fields that the section names, or the others, and an empty line. */
void section_filter(const struct section *s, struct slice header, struct buf *out);

#endif
