/* Signed heads: lines are read as they were written, by their own key alone, or not at all. */
#include "policy/head_sign.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "store/scratch.h"

#define STORE UINT64_C(0x0123456789abcdef)

static const struct archive_head head = { 42, { 1, 2, 0xab, [31] = 0xff } };

static void
open_keys(const char *path, struct head_key **private, struct head_key **public)
{
	struct problem why = { "" };
	char name[256];

	CHECK_STATUS(head_key_need(path, private, &why), STATUS_OK);
	snprintf(name, sizeof(name), "%s/%s", path, HEAD_PUBLIC_FILE);
	CHECK_STATUS(head_key_public(name, public, &why), STATUS_OK);
}

static void
a_line_is_read_by_its_own_key_alone(void **state)
{
	char one[SCRATCH_PATH_MAX], two[SCRATCH_PATH_MAX];
	struct head_key *k1, *k2, *public1, *public2;
	struct buf b = buf_init(HEAD_LINE_MAX);
	struct archive_head got = { 0 };
	struct slice line;
	uint64_t store = 0;

	(void)state;
	scratch_make(one);
	scratch_make(two);
	open_keys(one, &k1, &public1);
	open_keys(two, &k2, &public2);
	CHECK_STATUS(head_line_put(k1, STORE, &head, 1795516611, &b), STATUS_OK);
	line = slice_sub(buf_slice(&b), 0, b.len - 1);
	CHECK_STATUS(head_line_read(public1, line, &store, &got), STATUS_OK);
	CHECK_U64(store, STORE);
	CHECK_U64(got.entry, 42);
	assert_memory_equal(got.hash, head.hash, sizeof(got.hash));
	CHECK_STATUS(head_line_read(public2, line, &store, &got), STATUS_CORRUPT);
	/* The key that is there is taken the next time. */
	head_key_free(&k1);
	CHECK_STATUS(head_key_need(one, &k1, NULL), STATUS_OK);
	CHECK_STATUS(head_line_read(k1, line, &store, &got), STATUS_OK);
	head_key_free(&k1);
	head_key_free(&k2);
	head_key_free(&public1);
	head_key_free(&public2);
	buf_clear(&b);
	scratch_remove(one);
	scratch_remove(two);
}

static void
a_line_that_was_altered_or_cut_is_none(void **state)
{
	char path[SCRATCH_PATH_MAX];
	struct head_key *k, *public;
	struct buf b = buf_init(HEAD_LINE_MAX);
	struct archive_head got;
	uint64_t store;

	(void)state;
	scratch_make(path);
	open_keys(path, &k, &public);
	CHECK_STATUS(head_line_put(k, STORE, &head, 1795516611, &b), STATUS_OK);
	for (size_t cut = 0; cut < b.len - 1; cut++)
		CHECK(head_line_read(public, slice_sub(buf_slice(&b), 0, cut), &store, &got) !=
		    STATUS_OK);
	for (size_t at = 0; at < b.len - 3; at++) {
		b.ptr[at] ^= 1;
		CHECK(head_line_read(public, slice_sub(buf_slice(&b), 0, b.len - 1), &store,
		    &got) != STATUS_OK);
		b.ptr[at] ^= 1;
	}
	head_key_free(&k);
	head_key_free(&public);
	buf_clear(&b);
	scratch_remove(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_by_its_own_key_alone),
		cmocka_unit_test(a_line_that_was_altered_or_cut_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
