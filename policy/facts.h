/*
 * facts.h -- what policyd knows of a message's text: a digest helper reads it
 * and tells these values, nothing else.
 */
#ifndef POLICY_FACTS_H
#define POLICY_FACTS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/slice.h"
#include "base/status.h"

#define FACTS_ADDRESSES_MAX 1000
#define FACTS_NAME_MAX 250	/* bytes of one display name; longer ones are cut at a character */
#define FACTS_KEYS_MAX 64
#define FACTS_MAX (1024 * 1024)	/* bytes of all facts of one message */

enum facts_field {
	FACTS_FROM,
	FACTS_TO,
	FACTS_CC,
	FACTS_BCC,
	FACTS_DELIVERED_TO,
	FACTS_X_ORIGINAL_TO,
	FACTS_ENVELOPE_TO,
	FACTS_RECEIVED_FOR,
	/* Where answers and receipts go: fields that address nobody. */
	FACTS_SENDER,
	FACTS_REPLY_TO,
	FACTS_ANSWER_TO,	/* what else programs invented for it */
	FACTS_FIELD_COUNT
};

struct facts_address {
	uint8_t field;		/* enum facts_field */
	struct slice name;	/* UTF-8, maybe empty */
	struct slice address;	/* local@domain, ASCII letters in lower case */
};

struct facts {
	uint32_t from_count;		/* From fields */
	uint32_t received_count;	/* Received fields, our own apart */
	struct slice message_id;	/* without <> */
	/* message_id_key() of In-Reply-To, of what a report is about, of References, latest first */
	uint32_t key_count;
	uint64_t keys[FACTS_KEYS_MAX];
	uint32_t address_count;		/* in the order they stand, at most FACTS_ADDRESSES_MAX */
	struct facts_address *addresses;
};

/* The name of the header field, as it is usually written. */
const char *facts_field_name(enum facts_field field);

/* Read a message and append its facts; the part we put in front is not in text. */
void facts_put(struct slice text, struct buf *out);
/* Slices are borrowed, the array is given: facts_clear().  CORRUPT: not what facts_put() writes. */
MUST_USE enum status facts_read(struct reader *in, struct facts *out);
void facts_clear(struct facts *f);

#endif
