#include "store/archive.h"

#include <string.h>

#include "base/bytes.h"
#include "store/change.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Archive entry.  key: u64be entry
 *   u8 version 1, u64 text, u8 direction, u64 received_at, slice mid, u8 1 when the envelope is
 *   inline, slice envelope, 32 bytes hash
 * Version 2, for what a repair has found lost, goes on with:
 *   u8 enum archive_loss, 32 bytes SHA-256 of the text
 *
 * Envelope: slice sender, slice recipients separated by LF
 */
#define ARCHIVE_VERSION 1
#define ARCHIVE_VERSION_LOST 2

void
archive_envelope_put(struct slice sender, struct slice recipients, struct buf *out)
{
	put_slice(out, sender);
	put_slice(out, recipients);
}

enum status
archive_envelope_read(struct slice envelope, struct slice *sender, struct slice *recipients)
{
	struct reader in = reader_of(envelope);
	struct slice s = read_slice(&in), r = read_slice(&in);

	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*sender = s;
	*recipients = r;
	return STATUS_OK;
}

void
archive_hash(const uint8_t previous[SHA256_LEN], const uint8_t text[SHA256_LEN],
    struct slice envelope, const struct archive_row *row, uint8_t out[SHA256_LEN])
{
	struct sha256 *h = sha256_new();
	struct buf b = buf_init(64);

	sha256_update(h, slice_make(previous, SHA256_LEN));
	sha256_update(h, slice_make(text, SHA256_LEN));
	sha256_update(h, envelope);
	put_u8(&b, row->direction);
	put_slice(&b, row->mid);
	put_u64le(&b, row->received_at);
	sha256_update(h, buf_slice(&b));
	sha256_final(h, out);
	sha256_free(&h);
	buf_clear(&b);
}

static void
entry_encode(uint8_t version, const struct archive_row *row, bool is_inline,
    const uint8_t hash[SHA256_LEN], struct buf *out)
{
	put_u8(out, version);
	put_u64le(out, row->text);
	put_u8(out, row->direction);
	put_u64le(out, row->received_at);
	put_slice(out, row->mid);
	put_u8(out, is_inline);
	put_slice(out, is_inline ? row->envelope : SLICE(""));
	buf_append(out, slice_make(hash, SHA256_LEN));
}

enum status
archive_put_lost(struct txn *t, const struct archive_row *row, struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	entry_encode(ARCHIVE_VERSION_LOST, row, row->is_envelope_inline, row->hash, &b);
	put_u8(&b, row->lost);
	buf_append(&b, slice_make(row->text_sha256, SHA256_LEN));
	st = txn_put(t, TABLE_ARCHIVE, key_of_u64(&k, row->entry), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
archive_put(struct change *c, const struct archive_row *row,
    const uint8_t text_sha256[SHA256_LEN], struct problem *why)
{
	bool is_inline = row->envelope.len <= ARCHIVE_ENVELOPE_MAX;
	struct buf b = buf_init(ENV_VALUE_MAX);
	uint8_t hash[SHA256_LEN];
	struct key k;
	enum status st;

	archive_hash(c->counters->archive_hash, text_sha256, row->envelope, row, hash);
	entry_encode(ARCHIVE_VERSION, row, is_inline, hash, &b);
	st = txn_put(c->txn, TABLE_ARCHIVE, key_of_u64(&k, c->counters->archive + 1),
	    buf_slice(&b), why);
	if (st == STATUS_OK) {
		c->counters->archive++;
		memcpy(c->counters->archive_hash, hash, sizeof(hash));
	}
	buf_clear(&b);
	return st;
}

enum status
archive_get(struct txn *t, uint64_t entry, struct archive_row *out, struct problem *why)
{
	struct archive_row r = { .entry = entry };
	struct slice value, hash;
	struct reader in;
	uint8_t version, is_inline;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_ARCHIVE, key_of_u64(&k, entry), &value, why);
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	version = read_u8(&in);
	if (version != ARCHIVE_VERSION && version != ARCHIVE_VERSION_LOST)
		reader_fail(&in);
	r.text = read_u64le(&in);
	r.direction = read_u8(&in);
	r.received_at = read_u64le(&in);
	r.mid = read_slice(&in);
	is_inline = read_u8(&in);
	r.is_envelope_inline = is_inline == 1;
	r.envelope = read_slice(&in);
	hash = read_bytes(&in, SHA256_LEN);
	if (hash.len == SHA256_LEN)
		memcpy(r.hash, hash.ptr, SHA256_LEN);
	if (version == ARCHIVE_VERSION_LOST) {
		r.lost = read_u8(&in);
		hash = read_bytes(&in, SHA256_LEN);
		if (hash.len == SHA256_LEN)
			memcpy(r.text_sha256, hash.ptr, SHA256_LEN);
		if (r.lost != ARCHIVE_TEXT_LOST && r.lost != ARCHIVE_ENTRY_LOST)
			reader_fail(&in);
	}
	if (!reader_at_end(&in) || is_inline > 1) {
		problem_set(why, "archive entry %llu cannot be read", (unsigned long long)entry);
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}
