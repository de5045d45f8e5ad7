#include "store/digest.h"
#include "store/plan.h"
#include "store/segment.h"
#include "tools/archive.h"

#define ENVELOPE_MAX (4u * 1024 * 1024)

const char *
archive_direction_name(uint8_t direction)
{
	switch (direction) {
	case PLAN_IN:
		return "in";
	case PLAN_OUT:
		return "out";
	case PLAN_INTERNAL:
		return "internal";
	}
	return "?";
}

enum status
archive_view_open(const struct invocation *in, struct archive_view *v, struct problem *why)
{
	enum status st;

	*v = (struct archive_view){ .mid = buf_init(MID_LEN_MAX),
		.sender = buf_init(ENVELOPE_MAX), .recipients = buf_init(ENVELOPE_MAX),
		.digest = buf_init(DIGEST_RECORD_MAX), .meta = buf_init(TEXT_META_MAX) };
	summary_init(&v->summary);
	st = archive_open(in, &v->store, why);
	return st == STATUS_OK ? people_load(in, v->store, &v->people, why) : st;
}

void
archive_view_close(struct archive_view *v)
{
	people_free(&v->people);
	store_close(&v->store);
	summary_clear(&v->summary);
	buf_clear(&v->mid);
	buf_clear(&v->sender);
	buf_clear(&v->recipients);
	buf_clear(&v->digest);
	buf_clear(&v->meta);
}

/* Sender and recipients, from the row or the text's record in its segment. */
static enum status
read_envelope(struct archive_view *v, struct problem *why)
{
	struct slice envelope = v->row.envelope, sender, recipients;
	struct segment_record r;
	enum status st = STATUS_OK;

	buf_reset(&v->meta);
	buf_reset(&v->sender);
	buf_reset(&v->recipients);
	if (!v->row.is_envelope_inline && v->row.lost != ARCHIVE_WHOLE)
		return STATUS_OK;	/* it was lost with the text */
	if (!v->row.is_envelope_inline)
		st = text_record_read(v->store, &v->text, &r, &v->meta, why);
	if (st == STATUS_OK && !v->row.is_envelope_inline)
		envelope = r.envelope;
	if (st == STATUS_OK)
		st = archive_envelope_read(envelope, &sender, &recipients);
	if (st != STATUS_OK)
		return st;
	buf_append(&v->sender, sender);
	buf_append(&v->recipients, recipients);
	return STATUS_OK;
}

enum status
archive_view_read(struct archive_view *v, struct txn *t, uint64_t entry, struct problem *why)
{
	struct digest d = { 0 };
	enum status st = archive_get(t, entry, &v->row, why);

	if (st == STATUS_ABSENT)
		problem_set(why, "there is no archive entry %llu", (unsigned long long)entry);
	if (st == STATUS_OK && v->row.lost == ARCHIVE_ENTRY_LOST) {
		problem_set(why, "archive entry %llu was lost, as a repair says",
		    (unsigned long long)entry);
		return STATUS_CORRUPT;
	}
	v->text = (struct text_row){ 0 };
	if (st == STATUS_OK && v->row.lost == ARCHIVE_WHOLE)
		st = text_get(t, v->row.text, &v->text, why);
	if (st == STATUS_OK)
		st = read_envelope(v, why);
	if (st != STATUS_OK)
		return st;
	buf_reset(&v->mid);
	buf_append(&v->mid, v->row.mid);
	/* Without its digest an entry is still one. */
	buf_reset(&v->digest);
	if (v->text.id == 0 || text_digest(v->store, &v->text, &v->digest, NULL) != STATUS_OK ||
	    digest_decode(buf_slice(&v->digest), &d) != STATUS_OK)
		buf_reset(&v->digest);
	if (summary_read(d.envelope, &v->summary) != STATUS_OK && d.envelope.len == 0)
		summary_clear(&v->summary);
	return STATUS_OK;
}
