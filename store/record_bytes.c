#include "store/record_bytes.h"

#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/codec.h"
#include "store/segment_scan.h"
#include "store/text.h"

#define STORED_MAX ((size_t)TEXT_SIZE_MAX + 1024 * 1024)

struct record_bytes
record_bytes_init(void)
{
	return (struct record_bytes){ .meta = buf_init(TEXT_META_MAX),
		.stored = buf_init(STORED_MAX) };
}

void
record_bytes_clear(struct record_bytes *b)
{
	buf_clear(&b->meta);
	buf_clear(&b->stored);
}

static enum status
bytes_into(int fd, uint64_t at, uint64_t len, struct buf *out, struct problem *why)
{
	enum status st;

	buf_reset(out);
	if (len == 0)
		return STATUS_OK;
	st = len > STORED_MAX ? STATUS_CORRUPT : buf_reserve(out, (size_t)len);
	if (st == STATUS_LIMIT)
		st = STATUS_CORRUPT;
	if (st == STATUS_OK)
		st = segment_read(fd, at, out->ptr, (size_t)len, why);
	if (st == STATUS_OK)
		out->len = (size_t)len;
	return st;
}

enum status
segment_bytes(int dir, uint32_t segment, uint64_t at, uint64_t len, struct buf *out,
    struct problem *why)
{
	enum status st;
	int fd;

	st = scan_open(dir, segment, &fd, why);
	if (st != STATUS_OK)
		return st;
	st = bytes_into(fd, at, len, out, why);
	close(fd);
	return st;
}

/* What follows a head that is good; parts that cannot be read are not good. */
static void
parts_read(int fd, uint64_t at, struct record_bytes *b)
{
	struct segment_record *r = &b->r;
	uint64_t meta_len = record_meta_len(r);
	struct slice meta;

	b->is_meta_good = bytes_into(fd, at + RECORD_HEAD_LEN, meta_len, &b->meta, NULL) == STATUS_OK &&
	    crc32c(0, buf_slice(&b->meta)) == r->meta_crc;
	b->is_stored_good = bytes_into(fd, at + RECORD_HEAD_LEN + meta_len, r->text.len, &b->stored,
	    NULL) == STATUS_OK && crc32c(0, buf_slice(&b->stored)) == r->text_crc;
	meta = b->is_meta_good ? buf_slice(&b->meta) : SLICE("");
	r->envelope = slice_sub(meta, r->mid.len, r->envelope.len);
	r->owners = slice_sub(meta, r->mid.len + r->envelope.len, r->owners.len);
	r->digest = slice_sub(meta, r->mid.len + r->envelope.len + r->owners.len, r->digest.len);
	r->mid = slice_sub(meta, 0, r->mid.len);
	r->text = b->is_stored_good ? buf_slice(&b->stored) : SLICE("");
}

enum status
record_bytes_read(int dir, const struct record_place *place, struct record_bytes *out,
    struct problem *why)
{
	uint8_t head[RECORD_HEAD_LEN];
	enum status st;
	int fd;

	st = scan_open(dir, place->segment, &fd, why);
	if (st != STATUS_OK)
		return st;
	st = segment_read(fd, place->at, (char *)head, sizeof(head), why);
	if (st == STATUS_OK)
		st = record_head_decode(head, place, &out->r);
	if (st == STATUS_OK)
		parts_read(fd, place->at, out);
	close(fd);
	return st;
}

static enum status
frames_unpack(struct slice stored, uint32_t size_bytes, char *out)
{
	uint64_t at = codec_table_len(size_bytes);
	struct unpacker *u = unpacker_new();
	enum status st = at > stored.len ? STATUS_CORRUPT : STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < codec_frames(size_bytes); i++) {
		uint32_t len = load_u32le((const uint8_t *)stored.ptr + 4 * i);
		uint32_t want = size_bytes - i * CODEC_FRAME;

		if (len > stored.len - at) {
			st = STATUS_CORRUPT;
			break;
		}
		st = unpacker_frame(u, slice_sub(stored, at, len), out + (size_t)i * CODEC_FRAME,
		    want < CODEC_FRAME ? want : CODEC_FRAME);
		at += len;
	}
	unpacker_free(&u);
	return st;
}

enum status
stored_text(struct slice stored, uint8_t codec, uint32_t size_bytes,
    const uint8_t sha256[SHA256_LEN], struct buf *out)
{
	size_t before = out->len;
	uint8_t hash[SHA256_LEN];
	enum status st = STATUS_OK;

	if (codec == CODEC_PLAIN) {
		if (stored.len != size_bytes)
			return STATUS_CORRUPT;
		st = buf_append(out, stored);
	} else if (codec == CODEC_ZSTD && size_bytes > 0 && size_bytes <= TEXT_SIZE_MAX) {
		st = buf_reserve(out, size_bytes);
		if (st == STATUS_OK)
			st = frames_unpack(stored, size_bytes, out->ptr + out->len);
		if (st == STATUS_OK)
			out->len += size_bytes;
	} else {
		return STATUS_CORRUPT;
	}
	if (st == STATUS_OK) {
		sha256_of(slice_skip(buf_slice(out), before), hash);
		st = memcmp(hash, sha256, sizeof(hash)) == 0 ? STATUS_OK : STATUS_CORRUPT;
	}
	if (st != STATUS_OK)
		buf_truncate(out, before);
	return st;
}

enum status
record_text(const struct record_bytes *b, struct buf *out, uint64_t *same_as)
{
	const struct segment_record *r = &b->r;

	if (!b->is_stored_good)
		return STATUS_CORRUPT;
	if (r->codec != CODEC_SAME)
		return stored_text(r->text, r->codec, r->size_bytes, r->sha256, out);
	if (r->text.len != SAME_LEN)
		return STATUS_CORRUPT;
	*same_as = load_u64le((const uint8_t *)r->text.ptr);
	return STATUS_ABSENT;
}
