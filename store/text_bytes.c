/* The bytes of texts, whatever the form they are stored in. */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/codec.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/text.h"

#define PROVE_STEP (64u * 1024)
#define TABLE_MAX (TEXT_SIZE_MAX / CODEC_FRAME * 4)

struct frame_cache {
	struct unpacker *unpacker;
	uint32_t segment;	/* whose frame it is: where its text lies, */
	uint64_t at;
	uint32_t index;		/* and which of it */
	uint32_t len;		/* bytes of it; 0: none is here */
	uint8_t table[TABLE_MAX];
	char stored[CODEC_FRAME_STORED_MAX];
	char bytes[CODEC_FRAME];
};

void
frame_cache_free(struct frame_cache **cp)
{
	struct frame_cache *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	unpacker_free(&c->unpacker);
	mem_free(c);
}

static struct frame_cache *
frame_cache_need(struct store *s)
{
	struct frame_cache **c = store_frame_cache(s);

	if (*c == NULL) {
		*c = mem_new(struct frame_cache);
		(*c)->unpacker = unpacker_new();
	}
	return *c;
}

static enum status
text_damaged(const struct text_row *row, uint32_t segment, struct problem *why)
{
	problem_set(why, "text %llu is damaged in segment %u", (unsigned long long)row->id,
	    segment);
	return STATUS_CORRUPT;
}

/* Compaction moved it since: where it lies now. */
static enum status
row_again(struct store *s, struct text_row *row, struct problem *why)
{
	struct text_row now;
	struct txn *t;
	enum status st = txn_begin_read(store_env(s), &t, why);

	if (st != STATUS_OK)
		return st;
	st = text_get(t, row->id, &now, why);
	if (st == STATUS_OK) {
		now.mid = now.digest = SLICE("");	/* end with the transaction */
		*row = now;
	}
	txn_abort(&t);
	return st;
}

/* The segments that hold the row's own record and its bytes; a row that is behind is made new. */
static enum status
segment_of(struct store *s, struct text_row *row, bool is_own, int *fd, struct problem *why)
{
	struct problem first = { "" };
	uint32_t number;
	enum status st;

	if (row->bytes.text == 0)
		text_bytes_set(row, row);
	number = is_own ? row->segment : row->bytes.segment;
	st = store_segment(s, number, fd, &first);
	if (st == STATUS_ABSENT && row_again(s, row, NULL) == STATUS_OK) {
		number = is_own ? row->segment : row->bytes.segment;
		st = store_segment(s, number, fd, &first);
	}
	if (st == STATUS_ABSENT || st == STATUS_CORRUPT)
		return text_damaged(row, number, why);
	if (st != STATUS_OK)
		problem_set(why, "%s", first.text);
	return st;
}

/* The head of the record of text id, which is that of the row or has the row's bytes. */
static enum status
head_read(const struct store *s, int fd, const struct text_row *row, const struct text_bytes *b,
    struct segment_record *out, struct problem *why)
{
	struct record_place place = { store_id(s), b->segment, b->at - b->head_len };
	uint8_t head[RECORD_HEAD_LEN];
	enum status st;

	st = segment_read(fd, place.at, (char *)head, sizeof(head), why);
	if (st == STATUS_OK)
		st = record_head_decode(head, &place, out);
	if (st == STATUS_OK && (out->type != RECORD_TEXT || out->id != b->text ||
	    out->codec != b->codec || out->text.len != b->stored_len ||
	    out->size_bytes != row->size_bytes ||
	    memcmp(out->sha256, row->sha256, SHA256_LEN) != 0))
		st = STATUS_CORRUPT;
	return st == STATUS_CORRUPT ? text_damaged(row, b->segment, why) : st;
}

static struct text_bytes
own_record(const struct text_row *row)
{
	return (struct text_bytes){ row->id, row->segment, row->segment_at, row->head_len,
		row->codec, row->codec == CODEC_PLAIN ? row->size_bytes : row->stored_len };
}

enum status
text_record_read(struct store *s, const struct text_row *given, struct segment_record *out,
    struct buf *meta, struct problem *why)
{
	struct text_row row = *given;
	struct segment_record r;
	struct text_bytes own;
	size_t len;
	enum status st;
	int fd;

	st = segment_of(s, &row, true, &fd, why);
	own = own_record(&row);
	if (st == STATUS_OK)
		st = head_read(s, fd, &row, &own, &r, why);
	if (st != STATUS_OK)
		return st;
	len = record_meta_len(&r);
	if (len != row.head_len - RECORD_HEAD_LEN || len > TEXT_META_MAX) {
		problem_set(why, "the lengths of the record and of its row differ");
		return STATUS_CORRUPT;
	}
	buf_reset(meta);
	st = buf_reserve(meta, len);
	if (st == STATUS_OK)
		st = segment_read(fd, row.segment_at - len, meta->ptr, len, why);
	if (st != STATUS_OK)
		return st;
	meta->len = len;
	if (crc32c(0, buf_slice(meta)) != r.meta_crc) {
		problem_set(why, "mid, envelope, owners or digest of the record are damaged");
		return STATUS_CORRUPT;
	}
	r.mid = slice_sub(buf_slice(meta), 0, r.mid.len);
	r.envelope = slice_sub(buf_slice(meta), r.mid.len, r.envelope.len);
	r.owners = slice_sub(buf_slice(meta), r.mid.len + r.envelope.len, r.owners.len);
	r.digest = slice_skip(buf_slice(meta), len - r.digest.len);
	*out = r;
	return STATUS_OK;
}

enum status
text_digest(struct store *s, const struct text_row *row, struct buf *out, struct problem *why)
{
	struct buf meta = buf_init(TEXT_META_MAX);
	struct segment_record r;
	enum status st;

	if (row->digest_len == row->digest.len)
		return buf_append(out, row->digest);
	st = text_record_read(s, row, &r, &meta, why);
	if (st == STATUS_OK && r.digest.len != row->digest_len)
		st = text_damaged(row, row->segment, why);
	if (st == STATUS_OK)
		st = buf_append(out, r.digest);
	buf_clear(&meta);
	return st;
}

/* What one read asks of a compressed text. */
struct unpacking {
	int fd;
	const struct text_row *row;
	struct frame_cache *cache;
	uint32_t at, len;	/* bytes of the text that are left to copy */
	char *out;
	uint32_t crc;		/* of what was read of the stored form */
};

/* Frame index, whose stored form is [from, from + len), into the cache. */
static enum status
frame_load(struct unpacking *u, uint32_t index, uint64_t from, uint32_t len, struct problem *why)
{
	const struct text_bytes *b = &u->row->bytes;
	struct frame_cache *c = u->cache;
	uint32_t want = u->row->size_bytes - index * CODEC_FRAME;
	enum status st;

	if (want > CODEC_FRAME)
		want = CODEC_FRAME;
	c->len = 0;
	st = segment_read(u->fd, b->at + from, c->stored, len, why);
	if (st == STATUS_OK) {
		u->crc = crc32c(u->crc, slice_make(c->stored, len));
		st = unpacker_frame(c->unpacker, slice_make(c->stored, len), c->bytes, want);
	}
	if (st != STATUS_OK)
		return st;
	c->segment = b->segment;
	c->at = b->at;
	c->index = index;
	c->len = want;
	return STATUS_OK;
}

static void
frame_copy(struct unpacking *u)
{
	uint32_t skip = u->at - u->cache->index * CODEC_FRAME, n = u->cache->len - skip;

	if (n > u->len)
		n = u->len;
	memcpy(u->out, u->cache->bytes + skip, n);
	u->out += n;
	u->at += n;
	u->len -= n;
}

/* The lengths of all frames up to the last one wanted, and where the first one wanted begins. */
static enum status
table_load(struct unpacking *u, uint32_t first, uint32_t last, uint64_t *from,
    struct problem *why)
{
	const struct text_bytes *b = &u->row->bytes;
	uint32_t len = (last + 1) * 4;
	enum status st = segment_read(u->fd, b->at, (char *)u->cache->table, len, why);

	if (st != STATUS_OK)
		return st;
	u->crc = crc32c(0, slice_make(u->cache->table, len));
	*from = codec_table_len(u->row->size_bytes);
	for (uint32_t i = 0; i < first; i++)
		*from += load_u32le(u->cache->table + i * 4);
	return STATUS_OK;
}

static enum status
text_unpack(struct unpacking *u, struct problem *why)
{
	const struct text_bytes *b = &u->row->bytes;
	struct frame_cache *c = u->cache;
	uint32_t first = u->at / CODEC_FRAME, last = (u->at + u->len - 1) / CODEC_FRAME;
	bool is_whole = u->at == 0 && u->len == u->row->size_bytes;
	uint64_t from;
	enum status st;

	if (!is_whole && first == last && c->len > 0 && c->segment == b->segment &&
	    c->at == b->at && c->index == first) {
		frame_copy(u);
		return STATUS_OK;
	}
	st = table_load(u, first, last, &from, why);
	for (uint32_t i = first; st == STATUS_OK && i <= last; i++) {
		uint32_t len = load_u32le(c->table + i * 4);

		if (len > CODEC_FRAME_STORED_MAX || from + len > b->stored_len)
			return STATUS_CORRUPT;
		st = frame_load(u, i, from, len, why);
		if (st == STATUS_OK)
			frame_copy(u);
		from += len;
	}
	return st == STATUS_OK && is_whole && from != b->stored_len ? STATUS_CORRUPT : st;
}

/* Bytes of a text in either form; *crc is that of what is stored, where all was read. */
static enum status
bytes_read(struct store *s, int fd, const struct text_row *row, uint32_t at, uint32_t len,
    char *out, uint32_t *crc, struct problem *why)
{
	struct unpacking u = { .fd = fd, .row = row, .at = at, .len = len, .out = out };
	enum status st;

	if (len == 0) {
		*crc = 0;
		return STATUS_OK;
	}
	if (row->bytes.codec == CODEC_PLAIN) {
		st = segment_read(fd, row->bytes.at + at, out, len, why);
		*crc = st == STATUS_OK ? crc32c(0, slice_make(out, len)) : 0;
		return st;
	}
	if (row->bytes.codec != CODEC_ZSTD || row->size_bytes > TEXT_SIZE_MAX)
		return STATUS_CORRUPT;
	u.cache = frame_cache_need(s);
	st = text_unpack(&u, why);
	*crc = u.crc;
	return st;
}

enum status
text_read(struct store *s, const struct text_row *given, uint32_t at, uint32_t len, char *out,
    struct problem *why)
{
	struct text_row row = *given;
	struct segment_record r = { 0 };
	uint32_t crc;
	enum status st;
	int fd;

	if (at > row.size_bytes || len > row.size_bytes - at)
		return STATUS_LIMIT;
	st = segment_of(s, &row, false, &fd, why);
	if (st == STATUS_OK && at == 0)
		st = head_read(s, fd, &row, &row.bytes, &r, why);
	if (st != STATUS_OK)
		return st;
	st = bytes_read(s, fd, &row, at, len, out, &crc, why);
	if (st == STATUS_OK && at == 0 && len == row.size_bytes && crc != r.text_crc)
		st = STATUS_CORRUPT;
	return st == STATUS_CORRUPT ? text_damaged(&row, row.bytes.segment, why) : st;
}

enum status
text_stored_read(struct store *s, const struct text_row *given, uint32_t at, uint32_t len,
    char *out, struct problem *why)
{
	struct text_row row = *given;
	enum status st;
	int fd;

	st = segment_of(s, &row, false, &fd, why);
	if (st == STATUS_OK && (at > row.bytes.stored_len || len > row.bytes.stored_len - at))
		return STATUS_LIMIT;
	return st == STATUS_OK ? segment_read(fd, row.bytes.at + at, out, len, why) : st;
}

/* The checksum of what is stored, a step at a time. */
static enum status
stored_crc(int fd, const struct text_bytes *b, uint32_t *crc, struct problem *why)
{
	char *step = mem_array(char, PROVE_STEP);
	enum status st = STATUS_OK;

	*crc = 0;
	for (uint32_t at = 0; st == STATUS_OK && at < b->stored_len;) {
		uint32_t n = b->stored_len - at < PROVE_STEP ? b->stored_len - at : PROVE_STEP;

		st = segment_read(fd, b->at + at, step, n, why);
		if (st == STATUS_OK)
			*crc = crc32c(*crc, slice_make(step, n));
		at += n;
	}
	mem_free(step);
	return st;
}

enum status
text_prove(const struct store *s, const struct text_row *row, struct problem *why)
{
	const struct text_bytes *b = &row->bytes;
	struct segment_record r;
	uint32_t crc;
	int fd;
	enum status st = segment_open(store_segments_fd(s), b->segment, store_id(s), SEGMENT_READ,
	    &fd, why);

	if (st != STATUS_OK)
		return st;
	st = head_read(s, fd, row, b, &r, why);
	if (st == STATUS_OK)
		st = stored_crc(fd, b, &crc, why);
	close(fd);
	return st == STATUS_OK && crc != r.text_crc ? text_damaged(row, b->segment, why) : st;
}
