#include "store/queue_order.h"

static bool
order_is_known(uint8_t kind)
{
	return (kind >= QUEUE_SENT && kind <= QUEUE_RELAYED) ||
	    (kind >= QUEUE_ORDER_RETRY && kind < QUEUE_ORDER_END);
}

void
queue_order_put(const struct queue_order *o, struct buf *out)
{
	put_u64le(out, o->id);
	put_u8(out, o->kind);
	put_u64le(out, o->due_at);
	put_slice(out, slice_sub(o->detail, 0, SPOOL_DETAIL_MAX));
}

enum status
queue_order_read(struct slice payload, struct queue_order *out)
{
	struct reader in = reader_of(payload);
	struct queue_order o;

	o.id = read_u64le(&in);
	o.kind = read_u8(&in);
	o.due_at = read_u64le(&in);
	o.detail = read_slice(&in);
	if (!reader_at_end(&in) || !order_is_known(o.kind) || o.detail.len > SPOOL_DETAIL_MAX)
		return STATUS_CORRUPT;
	*out = o;
	return STATUS_OK;
}

/* What follows the fields that every entry has. */
enum { ITEM_DELAY_TOLD = 1, ITEM_HAS_DSN = 2 };

static bool
has_dsn(const struct queue_item *item)
{
	return item->dsn.ret != SMTP_RET_UNSAID || item->dsn.envid.len > 0 ||
	    item->wish.notify != 0 || item->wish.orcpt.len > 0 || item->owed != QUEUE_OWES_MAIL;
}

void
queue_item_put(const struct queue_item *item, struct buf *out)
{
	put_u64le(out, item->id);
	put_u64le(out, item->text);
	put_u32le(out, item->size_bytes);
	put_slice(out, item->mid);
	put_slice(out, item->sender);
	put_slice(out, item->recipient);
	put_u32le(out, item->route);
	put_u32le(out, item->credential);
	put_u32le(out, item->author);
	put_u64le(out, item->made_at);
	put_u32le(out, item->attempts);
	put_u8(out, (uint8_t)((item->is_delay_told ? ITEM_DELAY_TOLD : 0) |
	    (has_dsn(item) ? ITEM_HAS_DSN : 0)));
	if (!has_dsn(item))
		return;
	smtp_dsn_mail_put(&item->dsn, out);
	smtp_dsn_rcpt_put(&item->wish, out);
	put_u8(out, item->owed);
	put_slice(out, item->detail);
}

void
queue_item_read(struct reader *in, struct queue_item *out)
{
	uint8_t flags;

	*out = (struct queue_item){ 0 };
	out->id = read_u64le(in);
	out->text = read_u64le(in);
	out->size_bytes = read_u32le(in);
	out->mid = read_slice(in);
	out->sender = read_slice(in);
	out->recipient = read_slice(in);
	out->route = read_u32le(in);
	out->credential = read_u32le(in);
	out->author = read_u32le(in);
	out->made_at = read_u64le(in);
	out->attempts = read_u32le(in);
	flags = read_u8(in);
	out->is_delay_told = (flags & ITEM_DELAY_TOLD) != 0;
	if (flags > (ITEM_DELAY_TOLD | ITEM_HAS_DSN))
		reader_fail(in);
	if ((flags & ITEM_HAS_DSN) == 0)
		return;
	smtp_dsn_mail_read(in, &out->dsn);
	smtp_dsn_rcpt_read(in, &out->wish);
	out->owed = read_u8(in);
	out->detail = read_slice(in);
	if (out->owed >= QUEUE_OWED_COUNT || !has_dsn(out))
		reader_fail(in);
}

struct queue_item
queue_item_of(const struct spool_row *row, uint32_t size_bytes)
{
	return (struct queue_item){ row->id, row->text, size_bytes, row->mid, row->sender,
		row->recipient, row->route, row->credential, row->author, row->made_at,
		row->attempts, row->is_delay_told, row->dsn, row->wish, row->owed,
		row->owed != QUEUE_OWES_MAIL ? row->detail : SLICE("") };
}

void
queue_row_put(const struct spool_row *row, uint32_t size_bytes, struct buf *out)
{
	struct queue_item item = queue_item_of(row, size_bytes);

	queue_item_put(&item, out);
	put_u8(out, row->state);
	put_u64le(out, row->due_at);
	put_slice(out, row->detail);
}

enum status
queue_row_read(struct slice payload, struct spool_row *out, uint32_t *size_bytes)
{
	struct reader in = reader_of(payload);
	struct queue_item item;
	struct spool_row row;

	queue_item_read(&in, &item);
	row = (struct spool_row){ .id = item.id, .text = item.text, .mid = item.mid,
		.sender = item.sender, .recipient = item.recipient, .route = item.route,
		.credential = item.credential, .author = item.author, .made_at = item.made_at,
		.attempts = item.attempts, .is_delay_told = item.is_delay_told, .dsn = item.dsn,
		.wish = item.wish, .owed = item.owed };
	row.state = read_u8(&in);
	row.due_at = read_u64le(&in);
	row.detail = read_slice(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*size_bytes = item.size_bytes;
	*out = row;
	return STATUS_OK;
}
