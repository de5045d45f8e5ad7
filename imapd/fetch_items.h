/*
 * fetch_items.h -- what a FETCH asks for (RFC 3501 s.6.4.5), in the order asked.
 */
#ifndef IMAPD_FETCH_ITEMS_H
#define IMAPD_FETCH_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"
#include "wire/imap_token.h"

#define FETCH_ITEMS_MAX 100	/* that a client may ask for */
#define FETCH_ITEMS_ADDED 2	/* that a command adds to these: UID and MODSEQ */
#define FETCH_FIELDS_MAX 200	/* header fields of one item */
#define FETCH_PATH_MAX 100	/* levels of a part */

enum fetch_kind {
	FETCH_FLAGS,
	FETCH_UID,
	FETCH_MODSEQ,
	FETCH_INTERNALDATE,
	FETCH_SIZE,
	FETCH_ENVELOPE,
	FETCH_BODYSTRUCTURE,
	FETCH_BODY,		/* the structure without extensions */
	FETCH_SECTION,
};

enum section_kind {
	SECTION_ALL,		/* of the message or the part */
	SECTION_HEADER,
	SECTION_FIELDS,
	SECTION_FIELDS_NOT,
	SECTION_TEXT,
	SECTION_MIME,
};

struct section {
	enum section_kind kind;
	uint32_t *path;		/* part numbers */
	uint32_t depth;
	struct slice *fields;	/* names for SECTION_FIELDS and _NOT */
	uint32_t field_count;
	bool has_partial;
	uint32_t from, most;	/* of "<from.most>" */
};

struct fetch_item {
	enum fetch_kind kind;
	struct slice label;	/* how the response names it */
	struct slice spelled;	/* what stood between the brackets, when label is "BODY" */
	struct section section;
};

struct fetch_items {
	uint32_t count;
	struct fetch_item *items;
	bool sets_seen;		/* one of them is no PEEK */
};

/*
 * Read "ALL" and kin, one item, or a list.  *out: slices are borrowed from the
 * command.  Release with fetch_items_clear() whatever the answer.
 * SYNTAX   LIMIT too many items, fields or levels
 */
MUST_USE enum status fetch_items_parse(struct imap_reader *args, struct fetch_items *out);
/* At most FETCH_ITEMS_ADDED times after fetch_items_parse(). */
void fetch_items_add(struct fetch_items *f, enum fetch_kind kind);
bool fetch_items_have(const struct fetch_items *f, enum fetch_kind kind);
void fetch_items_clear(struct fetch_items *f);

#endif
