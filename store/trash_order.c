#include "store/trash_order.h"

#include <stdbool.h>

#include "base/bytes.h"
#include "store/digest.h"
#include "store/mailbox.h"
#include "store/text.h"

void
trash_order_put(const struct trash_order *o, struct buf *out)
{
	put_u8(out, o->kind);
	put_u32le(out, o->into);
	put_u8(out, o->is_parent);
	put_slice(out, o->folder);
	put_u32le(out, o->count);
	for (uint32_t i = 0; i < o->count; i++) {
		put_u32le(out, o->ids[i].account);
		put_u64le(out, o->ids[i].change);
		put_u32le(out, o->ids[i].part);
	}
}

enum status
trash_order_read(struct slice payload, struct trash_order *out)
{
	struct reader in = reader_of(payload);
	uint8_t is_parent;

	out->kind = read_u8(&in);
	out->into = read_u32le(&in);
	is_parent = read_u8(&in);
	out->is_parent = is_parent == 1;
	out->folder = read_slice(&in);
	out->count = read_u32le(&in);
	if (out->kind < TRASH_RESTORE || out->kind > TRASH_PURGE || is_parent > 1 ||
	    out->folder.len > MAILBOX_NAME_MAX || out->count == 0 || out->count > TRASH_ORDER_MAX)
		return STATUS_CORRUPT;
	for (uint32_t i = 0; i < out->count; i++) {
		out->ids[i].account = read_u32le(&in);
		out->ids[i].change = read_u64le(&in);
		out->ids[i].part = read_u32le(&in);
	}
	return reader_at_end(&in) ? STATUS_OK : STATUS_CORRUPT;
}

static uint64_t
text_key(struct store *s, struct txn *t, uint64_t id, struct buf *record)
{
	struct text_row row;
	struct digest d;

	buf_reset(record);
	if (text_get(t, id, &row, NULL) != STATUS_OK ||
	    text_digest(s, &row, record, NULL) != STATUS_OK ||
	    digest_decode(buf_slice(record), &d) != STATUS_OK || d.message_id.len == 0)
		return 0;
	return message_id_key(d.message_id);
}

/* No other rows refer to a text than those of the order. */
static bool
is_last(struct txn *t, uint64_t text, const uint64_t *texts, uint32_t count)
{
	uint32_t references = 0, of_order = 0;

	for (uint32_t i = 0; i < count; i++)
		of_order += texts[i] == text;
	return text_references(t, text, &references, NULL) == STATUS_OK && references <= of_order;
}

void
trash_keys(struct store *s, struct txn *t, const struct trash_order *o,
    uint64_t keys[TRASH_ORDER_MAX])
{
	struct buf record = buf_init(DIGEST_RECORD_MAX);
	uint64_t texts[TRASH_ORDER_MAX] = { 0 };
	struct trash_row row;

	for (uint32_t i = 0; i < o->count; i++)
		if (trash_get(t, &o->ids[i], &row, NULL) == STATUS_OK)
			texts[i] = row.message.text;
	/* A digest may have to be read from its segment: only of texts that are going to be forgotten. */
	for (uint32_t i = 0; i < o->count; i++)
		keys[i] = texts[i] != 0 && is_last(t, texts[i], texts, o->count)
		    ? text_key(s, t, texts[i], &record) : 0;
	buf_clear(&record);
}
