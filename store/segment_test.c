#include "store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mem.h"
#include "store/codec.h"
#include "store/counters.h"
#include "store/scratch.h"
#include "store/segment_writer.h"
#include "store/store.h"
#include "store/text.h"

struct place {
	char path[SCRATCH_PATH_MAX];
	struct store *store;
	struct segment_writer *writer;
	struct counters counters;
};

static void
place_open(struct place *p)
{
	CHECK_STATUS(store_open(p->path, ENV_WRITE, &p->store, NULL), STATUS_OK);
	CHECK_STATUS(segment_writer_open(p->store, SEGMENT_SIZE_MIN, &p->counters, &p->writer, NULL),
	    STATUS_OK);
}

static void
place_close(struct place *p)
{
	segment_writer_close(&p->writer);
	store_close(&p->store);
}

static int
setup(void **state)
{
	static struct place p;

	memset(&p, 0, sizeof(p));
	scratch_make(p.path);
	place_open(&p);
	*state = &p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	place_close(p);
	scratch_remove(p->path);
	return 0;
}

static struct segment_record
record_of(uint64_t id, struct slice text)
{
	struct segment_record r = {
		.type = RECORD_TEXT,
		.id = id,
		.received_at = 77,
		.received_zone = -300,
		.uidl = 88,
		.size_bytes = (uint32_t)text.len,
		.mid = SLICE("mid"),
		.envelope = SLICE("envelope"),
		.owners = SLICE("owners"),
		.digest = SLICE("a long digest"),
		.text = text,
	};

	sha256_of(text, r.sha256);
	return r;
}

static struct text_row
add(struct place *p, uint64_t id, struct slice text)
{
	struct segment_record r = record_of(id, text);
	struct text_place at;
	struct text_row row = { .id = id, .size_bytes = (uint32_t)text.len };

	CHECK_STATUS(segment_writer_add(p->writer, &r, id - 1, &at, NULL), STATUS_OK);
	memcpy(row.sha256, r.sha256, SHA256_LEN);
	row.segment = at.segment;
	row.segment_at = at.at;
	row.head_len = at.head_len;
	row.digest_len = (uint32_t)r.digest.len;
	return row;
}

static void
commit(struct place *p)
{
	CHECK_STATUS(segment_writer_sync(p->writer, NULL), STATUS_OK);
	segment_writer_place(p->writer, &p->counters);
	segment_writer_committed(p->writer);
}

static void
check_text(struct place *p, const struct text_row *row, struct slice text)
{
	char *bytes = mem_zeroed(1, text.len + 1);
	struct buf digest = buf_init(100);

	CHECK_STATUS(text_read(p->store, row, 0, (uint32_t)text.len, bytes, NULL), STATUS_OK);
	CHECK(memcmp(bytes, text.ptr, text.len) == 0);
	CHECK_STATUS(text_digest(p->store, row, &digest, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&digest), "a long digest");
	buf_clear(&digest);
	mem_free(bytes);
}

static void
a_head_is_good_in_its_place_only(void **state)
{
	struct segment_record r = record_of(5, SLICE("text")), back;
	struct record_place place = { 1, 2, 64 }, wrong[] = { { 9, 2, 64 }, { 1, 3, 64 }, { 1, 2, 72 } };
	uint8_t head[RECORD_HEAD_LEN];

	(void)state;
	record_head_encode(&r, &place, head);
	CHECK_STATUS(record_head_decode(head, &place, &back), STATUS_OK);
	CHECK(back.id == 5 && back.received_zone == -300 && back.uidl == 88);
	CHECK(back.mid.len == 3 && back.envelope.len == 8 && back.digest.len == 13);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		CHECK_STATUS(record_head_decode(head, &wrong[i], &back), STATUS_CORRUPT);
	for (size_t i = 0; i < sizeof(head); i++) {
		head[i] ^= 0x10;
		CHECK_STATUS(record_head_decode(head, &place, &back), STATUS_CORRUPT);
		head[i] ^= 0x10;
	}
}

/* Version 1, which had no owners. */
static void
a_head_of_version_1_is_read(void **state)
{
	static const uint8_t golden[RECORD_HEAD_LEN] = {
		0x54, 0x50, 0x52, 0x31, 0x01, 0x02, 0x00, 0x03, 0x08, 0x00, 0x00, 0x00,
		0x0d, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
		0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4d, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0xd4, 0xfe, 0x00, 0x00, 0x04, 0x03, 0x02, 0x01,
		0x08, 0x07, 0x06, 0x05, 0x58, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x98, 0x2d, 0x9e, 0x3e, 0xb9, 0x96, 0xf5, 0x59, 0xe6, 0x33, 0xf4, 0xd1,
		0x94, 0xde, 0xf3, 0x76, 0x1d, 0x90, 0x9f, 0x5a, 0x3b, 0x64, 0x7d, 0x1a,
		0x85, 0x1f, 0xea, 0xd6, 0x7c, 0x32, 0xc9, 0xd1, 0x60, 0xb3, 0x4d, 0x83,
	};
	struct record_place place = { 1, 2, 64 };
	struct segment_record r;

	(void)state;
	CHECK_STATUS(record_head_decode(golden, &place, &r), STATUS_OK);
	CHECK(r.id == 5 && r.received_zone == -300 && r.uidl == 88 && r.text.len == 4);
	CHECK(r.envelope.len == 8 && r.owners.len == 0 && r.digest.len == 13);
	CHECK_U64(record_len(&r), 128);
}

static void
owners_are_read_as_they_were_put(void **state)
{
	static const struct record_owner in[] = {
		{ 7, 1, 0, INT64_C(1700000000), 480, 1 },
		{ UINT32_MAX, 0, UINT32_MAX, INT64_MIN, -720, 31 },
	};
	struct buf b = buf_init(RECORD_OWNERS_MAX * RECORD_OWNER_LEN);
	struct record_owner out;
	struct slice rest;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		record_owner_put(&in[i], &b);
	CHECK_U64(b.len, ARRAY_LEN(in) * RECORD_OWNER_LEN);
	rest = buf_slice(&b);
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		CHECK(record_owner_next(&rest, &out));
		CHECK(out.account == in[i].account && out.role == in[i].role &&
		    out.mailbox == in[i].mailbox && out.internal_at == in[i].internal_at &&
		    out.internal_zone == in[i].internal_zone && out.flags == in[i].flags);
	}
	CHECK(!record_owner_next(&rest, &out));
	for (size_t cut = 0; cut < RECORD_OWNER_LEN; cut++) {
		rest = slice_sub(buf_slice(&b), 0, cut);
		CHECK(!record_owner_next(&rest, &out));
	}
	buf_clear(&b);
}

static void
texts_go_on_from_segment_to_segment(void **state)
{
	struct place *p = *state;
	static char large[300 * 1024], huge[3 * SEGMENT_SIZE_MIN / 2];
	struct slice texts[] = { SLICE(""), SLICE("short"), { large, sizeof(large) },
		{ huge, sizeof(huge) }, { large, sizeof(large) }, { large, 100000 },
		{ large, sizeof(large) }, { large, sizeof(large) } };
	struct text_row rows[ARRAY_LEN(texts)];

	memset(large, 'l', sizeof(large));
	memset(huge, 'h', sizeof(huge));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		rows[i] = add(p, i + 1, texts[i]);
		if (i % 3 == 2)
			commit(p);
	}
	commit(p);
	CHECK_U64(rows[2].segment, 1);
	CHECK_U64(rows[3].segment, 2);	/* larger than a segment: runs over its end */
	CHECK_U64(rows[4].segment, 3);
	CHECK_U64(rows[7].segment, 3);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			check_text(p, &rows[i], texts[i]);
		place_close(p);
		place_open(p);
	}
	rows[0] = add(p, 99, SLICE("after"));
	CHECK_U64(rows[0].segment, 3);
}

static struct text_row
add_packed(struct place *p, uint64_t id, struct slice text)
{
	struct segment_record r = record_of(id, text);
	struct packer *packer = packer_new();
	struct buf stored = buf_init(codec_room((uint32_t)text.len));
	struct text_place at;
	struct text_row row = { .id = id, .size_bytes = (uint32_t)text.len, .codec = CODEC_ZSTD };

	CHECK(packer_pack(packer, text, &stored));
	r.codec = CODEC_ZSTD;
	r.text = buf_slice(&stored);
	CHECK_STATUS(segment_writer_add(p->writer, &r, id - 1, &at, NULL), STATUS_OK);
	memcpy(row.sha256, r.sha256, SHA256_LEN);
	row.segment = at.segment;
	row.segment_at = at.at;
	row.head_len = at.head_len;
	row.digest_len = (uint32_t)r.digest.len;
	row.stored_len = (uint32_t)r.text.len;
	packer_free(&packer);
	buf_clear(&stored);
	return row;
}

static char *
words(size_t len)
{
	char *text = mem_array(char, len + 16);

	for (size_t i = 0; i < len; i += 8)
		snprintf(text + i, 9, "%07x\n", (unsigned)i);
	return text;
}

/* Parts of a compressed text, at its frames' ends and across them, one after the other. */
static void
a_compressed_text_is_read_in_any_part(void **state)
{
	static const uint32_t sizes[] = { CODEC_TEXT_MIN, CODEC_FRAME, CODEC_FRAME + 1,
		3 * CODEC_FRAME - 8 };
	static const uint32_t cuts[] = { 0, 1, 500, CODEC_FRAME - 1, CODEC_FRAME, CODEC_FRAME + 1,
		2 * CODEC_FRAME, 3 * CODEC_FRAME - 9, 3 * CODEC_FRAME - 8 };
	struct place *p = *state;
	char *text = words(3 * CODEC_FRAME), *bytes = mem_array(char, 3 * CODEC_FRAME);

	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		struct text_row row = add_packed(p, s + 1, slice_make(text, sizes[s]));

		commit(p);
		check_text(p, &row, slice_make(text, sizes[s]));
		for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
			for (size_t k = i; k < ARRAY_LEN(cuts) && cuts[k] <= sizes[s]; k++) {
				uint32_t len = cuts[k] - cuts[i];

				CHECK_STATUS(text_read(p->store, &row, cuts[i], len, bytes, NULL),
				    STATUS_OK);
				CHECK(memcmp(bytes, text + cuts[i], len) == 0);
			}
		}
		CHECK_STATUS(text_read(p->store, &row, 1, sizes[s], bytes, NULL), STATUS_LIMIT);
	}
	mem_free(text);
	mem_free(bytes);
}

/* Each byte of what is stored, and lengths of frames that lead anywhere. */
static void
a_damaged_compressed_text_is_never_taken(void **state)
{
	static const uint32_t lengths[] = { 0, 1, CODEC_FRAME_STORED_MAX, CODEC_FRAME_STORED_MAX + 1,
		UINT32_MAX };
	struct place *p = *state;
	char *text = words(CODEC_FRAME + 700), *bytes = mem_array(char, CODEC_FRAME + 700);
	struct text_row row = add_packed(p, 1, slice_make(text, CODEC_FRAME + 700));
	uint8_t length[4];
	char byte;
	int fd;

	commit(p);
	CHECK_STATUS(segment_open(store_segments_fd(p->store), 1, store_id(p->store), SEGMENT_WRITE,
	    &fd, NULL), STATUS_OK);
	for (uint32_t i = 0; i < row.stored_len; i += i < 64 ? 1 : 997) {
		CHECK(pread(fd, &byte, 1, (off_t)(row.segment_at + i)) == 1);
		byte ^= 4;
		CHECK(pwrite(fd, &byte, 1, (off_t)(row.segment_at + i)) == 1);
		CHECK_STATUS(text_read(p->store, &row, 0, row.size_bytes, bytes, NULL), STATUS_CORRUPT);
		if (text_read(p->store, &row, CODEC_FRAME - 10, 20, bytes, NULL) == STATUS_OK)
			CHECK(memcmp(bytes, text + CODEC_FRAME - 10, 20) == 0);
		byte ^= 4;
		CHECK(pwrite(fd, &byte, 1, (off_t)(row.segment_at + i)) == 1);
	}
	CHECK_STATUS(text_read(p->store, &row, 0, row.size_bytes, bytes, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		store_u32le(length, lengths[i]);
		CHECK(pwrite(fd, length, 4, (off_t)row.segment_at) == 4);
		CHECK_STATUS(text_read(p->store, &row, 0, row.size_bytes, bytes, NULL), STATUS_CORRUPT);
		CHECK_STATUS(text_read(p->store, &row, 1, 9, bytes, NULL), STATUS_CORRUPT);
	}
	row.codec = 7;
	CHECK_STATUS(text_read(p->store, &row, 1, 9, bytes, NULL), STATUS_CORRUPT);
	close(fd);
	mem_free(text);
	mem_free(bytes);
}

static void
damage_shows(void **state)
{
	struct place *p = *state;
	struct text_row row = add(p, 1, SLICE("precious")), other;
	struct buf digest = buf_init(100);
	char bytes[8];
	int fd;

	commit(p);
	other = row;
	other.id = 2;
	CHECK_STATUS(text_read(p->store, &other, 0, 8, bytes, NULL), STATUS_CORRUPT);
	other = row;
	other.segment_at += 8;
	CHECK_STATUS(text_read(p->store, &other, 0, 8, bytes, NULL), STATUS_CORRUPT);
	other = row;
	other.segment = 77;
	CHECK_STATUS(text_read(p->store, &other, 0, 8, bytes, NULL), STATUS_CORRUPT);
	CHECK_STATUS(text_read(p->store, &row, 1, 3, bytes, NULL), STATUS_OK);
	CHECK(memcmp(bytes, "rec", 3) == 0);
	CHECK_STATUS(text_read(p->store, &row, 1, 8, bytes, NULL), STATUS_LIMIT);
	CHECK_STATUS(segment_open(store_segments_fd(p->store), 1, store_id(p->store), SEGMENT_WRITE,
	    &fd, NULL), STATUS_OK);
	CHECK(pwrite(fd, "x", 1, (off_t)row.segment_at + 3) == 1);
	CHECK_STATUS(text_read(p->store, &row, 0, 8, bytes, NULL), STATUS_CORRUPT);
	CHECK_STATUS(text_digest(p->store, &row, &digest, NULL), STATUS_OK);
	CHECK(pwrite(fd, "x", 1, (off_t)row.segment_at - 1) == 1);	/* its last byte */
	CHECK_STATUS(text_digest(p->store, &row, &digest, NULL), STATUS_CORRUPT);
	CHECK(pwrite(fd, "t", 1, (off_t)row.segment_at - 1) == 1);
	CHECK_STATUS(text_digest(p->store, &row, &digest, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&digest), "a long digesta long digest");
	CHECK(pwrite(fd, "x", 1, (off_t)(row.segment_at - row.head_len)) == 1);
	CHECK_STATUS(text_digest(p->store, &row, &digest, NULL), STATUS_CORRUPT);
	buf_clear(&digest);
	CHECK(pwrite(fd, "x", 1, 10) == 1);
	close(fd);
	place_close(p);
	CHECK_STATUS(store_open(p->path, ENV_WRITE, &p->store, NULL), STATUS_OK);
	CHECK_STATUS(segment_writer_open(p->store, SEGMENT_SIZE_MIN, &p->counters, &p->writer, NULL),
	    STATUS_CORRUPT);
	CHECK(p->writer == NULL);
}

/* Walk a segment as a rebuild would: "M<change>" and its voids, "T<id>". */
static void
check_walk(struct place *p, const char *text)
{
	struct record_place at = { store_id(p->store), 1, SEGMENT_HEAD_LEN };
	struct buf b = buf_init(1000);
	struct segment_record r;
	uint8_t head[RECORD_HEAD_LEN], id[8];
	int fd;

	CHECK_STATUS(store_segment(p->store, 1, &fd, NULL), STATUS_OK);
	while (segment_read(fd, at.at, (char *)head, sizeof(head), NULL) == STATUS_OK &&
	    record_head_decode(head, &at, &r) == STATUS_OK) {
		uint64_t text_at = at.at + RECORD_HEAD_LEN + record_meta_len(&r);

		buf_printf(&b, "%c%u", r.type == RECORD_MARKER ? 'M' : 'T', (unsigned)r.id);
		for (size_t i = 0; r.type == RECORD_MARKER && i < r.text.len; i += 8) {
			CHECK_STATUS(segment_read(fd, text_at + i, (char *)id, 8, NULL), STATUS_OK);
			buf_printf(&b, "-%u", (unsigned)load_u64le(id));
		}
		buf_append_byte(&b, ' ');
		at.at = (text_at + r.text.len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
	}
	CHECK_SLICE(buf_slice(&b), text);
	buf_clear(&b);
}

static void
batches_begin_with_markers_and_name_what_is_void(void **state)
{
	struct place *p = *state;

	add(p, 1, SLICE("one"));
	add(p, 2, SLICE("two"));
	commit(p);
	segment_writer_void(p->writer, 2);
	add(p, 3, SLICE("three"));
	segment_writer_rewind(p->writer);	/* nothing of it stays, and 2 must be named again */
	add(p, 4, SLICE("four"));
	commit(p);
	add(p, 5, SLICE("five"));
	commit(p);
	check_walk(p, "M0 T1 T2 M3-2 T4 M4 T5 ");
	place_close(p);
	place_open(p);
	add(p, 6, SLICE("six"));
	commit(p);
	check_walk(p, "M0 T1 T2 M3-2 T4 M4 T5 M5 T6 ");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		cmocka_unit_test(a_head_is_good_in_its_place_only),
		cmocka_unit_test(a_head_of_version_1_is_read),
		cmocka_unit_test(owners_are_read_as_they_were_put),
		ROW(texts_go_on_from_segment_to_segment),
		ROW(a_compressed_text_is_read_in_any_part),
		ROW(a_damaged_compressed_text_is_never_taken),
		ROW(damage_shows),
		ROW(batches_begin_with_markers_and_name_what_is_void),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
