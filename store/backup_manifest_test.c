#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/backup_manifest.h"

static const char golden[] = "tradepost-backup 1\n"
			     "taken 1795516611\n"
			     "store 0123456789abcdef\n"
			     "change 42\n"
			     "rows account 0\nrows mailbox 0\nrows message 7\n"
			     "rows text 0\nrows archive 0\nrows queue 0\n"
			     "file 640 262145 store/data.mdb\n"
			     "chunk 0101010101010101010101010101010101010101010101010101010101010101\n"
			     "chunk 0202020202020202020202020202020202020202020202020202020202020202\n"
			     "file 600 0 tls/ca/our own.pem\n"
			     "segment 1 00000001.seg 1048576 "
			     "0303030303030303030303030303030303030303030303030303030303030303 99 100\n"
			     "segment 26 0000001a.2.seg 64 "
			     "0404040404040404040404040404040404040404040404040404040404040404 98 101\n";

static void
make(struct backup_manifest *m)
{
	struct backup_segment one = { .number = 1, .size_bytes = 1048576, .inode = 99,
		.changed_ns = 100 };
	struct backup_segment other = { .number = 26, .size_bytes = 64, .inode = 98,
		.changed_ns = 101 };
	uint8_t hash[SHA256_LEN];

	*m = (struct backup_manifest){ .taken_at = 1795516611, .store = 0x0123456789abcdef,
		.change = 42, .rows = { 0, 0, 7, 0, 0, 0 } };
	backup_manifest_add_file(m, "store/data.mdb", 0640, 262145);
	for (int i = 1; i <= 2; i++) {
		memset(hash, i, sizeof(hash));
		backup_manifest_add_chunk(m, hash);
	}
	backup_manifest_add_file(m, "tls/ca/our own.pem", 0600, 0);
	backup_segment_name(1, 0, one.file);
	memset(one.sha256, 3, SHA256_LEN);
	backup_manifest_add_segment(m, &one);
	backup_segment_name(26, 2, other.file);
	memset(other.sha256, 4, SHA256_LEN);
	backup_manifest_add_segment(m, &other);
}

static void
a_manifest_reads_as_it_was_written(void **state)
{
	struct buf text = buf_init(1 << 16);
	struct backup_manifest m, back;

	(void)state;
	make(&m);
	CHECK_STATUS(backup_manifest_encode(&m, &text), STATUS_OK);
	CHECK(slice_starts(buf_slice(&text), slice_from_cstr(golden)));
	CHECK_U64(text.len, strlen(golden) + 4 + 64 + 1);
	CHECK_STATUS(backup_manifest_decode(buf_slice(&text), &back), STATUS_OK);
	CHECK_U64(back.store, m.store);
	CHECK_U64(back.rows[2], 7);
	CHECK_U64(back.file_count, 2);
	CHECK_U64(back.chunk_count, 2);
	CHECK_U64(backup_chunk_size(&back.files[0], 0), BACKUP_CHUNK);
	CHECK_U64(backup_chunk_size(&back.files[0], 1), 1);
	CHECK_U64(backup_manifest_size(&back), 262145 + 1048576 + 64);
	assert_string_equal(backup_manifest_segment(&back, 26)->file, "0000001a.2.seg");
	CHECK(backup_manifest_segment(&back, 2) == NULL);
	assert_string_equal(back.files[1].path, "tls/ca/our own.pem");
	backup_manifest_clear(&m);
	backup_manifest_clear(&back);
	buf_clear(&text);
}

static void
a_manifest_cut_anywhere_or_with_a_changed_byte_is_none(void **state)
{
	struct buf text = buf_init(1 << 16);
	struct backup_manifest m, back;

	(void)state;
	make(&m);
	CHECK_STATUS(backup_manifest_encode(&m, &text), STATUS_OK);
	for (size_t cut = 0; cut < text.len; cut++)
		CHECK_STATUS(backup_manifest_decode(slice_make(text.ptr, cut), &back),
		    STATUS_CORRUPT);
	for (size_t i = 0; i < text.len; i++) {
		text.ptr[i] ^= 1;
		CHECK_STATUS(backup_manifest_decode(buf_slice(&text), &back), STATUS_CORRUPT);
		text.ptr[i] ^= 1;
	}
	backup_manifest_clear(&m);
	buf_clear(&text);
}

/* Lines that a good checksum stands behind, and that are wrong all the same. */
static void
lines_that_cannot_be_are_refused(void **state)
{
	static const char *const lines[] = {
		"file 600 1 tls/none.pem\n",	/* a chunk is missing */
		"chunk 00\n",
		"chunk 0101010101010101010101010101010101010101010101010101010101010101\n",
		"file 600 0 ../../etc/passwd\n", "file 600 0 /etc/passwd\n", "file 600 0 a//b\n",
		"file 600 0 \n", "file 688 0 a\n", "file 600 x a\n", "other 1\n", "taken x\n",
		"segment 1 00000002.seg 64 "
		"0303030303030303030303030303030303030303030303030303030303030303 1 1\n",
		"segment 1 ../00001.seg 64 "
		"0303030303030303030303030303030303030303030303030303030303030303 1 1\n",
		"segment 1 00000001.seg 64 03 1 1\n", "\n",
	};
	struct buf text = buf_init(1 << 16);
	struct backup_manifest back;
	uint8_t hash[SHA256_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		buf_reset(&text);
		buf_printf(&text, "tradepost-backup 1\n%s", lines[i]);
		sha256_of(buf_slice(&text), hash);
		buf_append(&text, SLICE("end "));
		buf_append_hex(&text, slice_make(hash, sizeof(hash)));
		buf_append_byte(&text, '\n');
		if (backup_manifest_decode(buf_slice(&text), &back) != STATUS_CORRUPT)
			fail_msg("%s", lines[i]);
	}
	buf_clear(&text);
}

static void
names_sort_by_time(void **state)
{
	char name[BACKUP_NAME_LEN + 1];

	(void)state;
	backup_name_make(1795516611, name);
	assert_string_equal(name, "20261124T103651Z");
	CHECK(backup_name_check(slice_from_cstr(name)));
	CHECK(!backup_name_check(SLICE("")));
	CHECK(!backup_name_check(SLICE("20261124T103651")));
	CHECK(!backup_name_check(SLICE("20261124T10365xZ")));
	CHECK(!backup_name_check(SLICE("20261124T103651Z.partial")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_reads_as_it_was_written),
		cmocka_unit_test(a_manifest_cut_anywhere_or_with_a_changed_byte_is_none),
		cmocka_unit_test(lines_that_cannot_be_are_refused),
		cmocka_unit_test(names_sort_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
