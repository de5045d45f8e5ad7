/*
 * rewrite_internal.h -- what rewriting a message is made of: the message's own
 * header (rewrite.c), single fields (rewrite_field.c), parts and their bodies
 * (rewrite_part.c).
 */
#ifndef POLICY_REWRITE_INTERNAL_H
#define POLICY_REWRITE_INTERNAL_H

#include <stdbool.h>

#include "mime/header.h"
#include "mime/part.h"
#include "policy/rewrite.h"

#define REWRITE_LINE_MAX 998	/* RFC 5322 s.2.1.1 */

struct rewriting {
	struct slice text;		/* without our prefix */
	const struct rewrite_order *order;
	struct buf *out;
	struct part_tree tree;
	struct buf charset;		/* that raw 8-bit header text is likely to be in */
};

/* How a field's value is put, when it cannot stay as it is. */
enum field_form {
	FORM_TEXT,	/* unstructured: encoded words */
	FORM_ADDRESSES,
	FORM_MIME,	/* a value with parameters */
	FORM_PLAIN,	/* ids, dates: what is not ASCII becomes '?' */
	FORM_DROPPED
};

/* What a field is, for the message's own header, and its form anywhere. */
enum field_role {
	ROLE_NONE,
	ROLE_DROP,		/* says something internal */
	ROLE_TRACE,
	ROLE_FROM,
	ROLE_DATE,
	ROLE_MESSAGE_ID,
	ROLE_IDS,
	ROLE_ADDRESSES,
	ROLE_RECIPIENTS,	/* addresses, too */
	ROLE_MIME_VERSION,
	ROLE_ENCODING,
	ROLE_TYPE,
	ROLE_MIME,
};
enum field_role field_role(struct slice name);

/* A domain of ours, or a name under one. */
bool rewrite_is_host_of_ours(const struct rewrite_order *o, struct slice host);
/* A field of ids: those inside become what they are outside. */
void rewrite_put_ids(struct rewriting *r, const struct header_field *f);

/* How a part leaves. */
struct part_change {
	bool is_recoded;
	uint8_t encoding;		/* enum encoding, when it is */
	bool is_7bit;			/* it is, whatever its header says */
	struct slice charset;		/* the one it lacks, or empty */
};
/* For the part of that index. */
struct part_change part_change(const struct rewriting *r, uint32_t index);
/*
 * Where a header ends in lines that are no fields, whoever wrote them meant a
 * body, and forgot the empty line: make it one.  Before any part is changed.
 */
void parts_find_body(struct rewriting *r);
/* Everything behind the message's own header. */
void parts_put(struct rewriting *r, const struct part_change *root);
/*
 * A MIME field of a part that is to be changed so; true when the part's type or
 * encoding was said by it.
 */
void part_field_put(struct rewriting *r, const struct header_field *f, enum field_role role,
    const struct part_change *change);
/* What the header of a part lacks behind its last field. */
void part_fields_end(struct rewriting *r, const struct part_change *change, bool has_type,
    bool has_version);

/* True for a field that has a name; else it is a line that only stands in a header. */
bool field_has_name(const struct header_field *f);
/* True when the field can leave as it stands. */
bool field_is_clean(const struct header_field *f);
/* Put it in that form, or as it stands when it is clean; without a name it goes. */
void field_put(struct rewriting *r, const struct header_field *f, enum field_form form);
/* The same for text, in which programs may have written an address of the order: not the Subject. */
void field_put_shown(struct rewriting *r, const struct header_field *f);
/* The same for addresses, with those of the order replaced. */
void field_put_addresses(struct rewriting *r, const struct header_field *f);
/* Put a value with parameters again, with that charset if it is not empty. */
void field_put_params(struct rewriting *r, const struct header_field *f, struct slice charset);
/* Append the first display name of an address field as UTF-8. */
void field_first_name(struct rewriting *r, struct slice value, struct buf *out);

#endif
