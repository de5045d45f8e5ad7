#include "store/keep.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "store/fetched.h"
#include "store/scratch.h"
#include "store/store.h"

static struct slice
names(struct buf *b, const char *text)
{
	buf_reset(b);
	put_u32le(b, (uint32_t)strlen(text));
	for (; *text != '\0'; text++)
		put_slice(b, slice_make(text, 1));
	return buf_slice(b);
}

/* Letters of the UIDLs to be forgotten. */
static void
check_keys(const struct buf *keys, const char *want)
{
	struct reader in = reader_of(buf_slice(keys));
	char got[16] = "";
	size_t n = 0;

	while (in.rest.len > 0 && n < sizeof(got) - 1) {
		struct slice key = read_slice(&in);

		got[n++] = key.ptr[key.len - 1];
	}
	CHECK(strcmp(got, want) == 0);
}

static void
only_what_was_stored_before_and_not_named_is_forgotten(void **state)
{
	static const struct {
		uint64_t list, now_s;
		uint32_t index;
		bool is_last;
		const char *named;
		enum status st;
		const char *forgotten;
	} rows[] = {
		{ 1, 20, 0, true, "a", STATUS_OK, "bc" },	/* d came in second 20 */
		{ 2, 21, 0, false, "a", STATUS_OK, "" },
		{ 2, 22, 1, true, "d", STATUS_OK, "bc" },
		{ 2, 22, 2, true, "", STATUS_STALE, "" },	/* it is over */
		{ 3, 22, 1, true, "", STATUS_STALE, "" },	/* its beginning was not heard */
		{ 4, 22, 0, false, "a", STATUS_OK, "" },
		{ 5, 22, 0, false, "b", STATUS_OK, "" },	/* takes the place of 4 */
		{ 4, 22, 1, true, "", STATUS_STALE, "" },
		{ 5, 22, 2, true, "", STATUS_STALE, "" },	/* a piece is missing */
		{ 5, 22, 1, true, "", STATUS_OK, "acd" },
		{ 6, 22, 0, true, "abcd", STATUS_OK, "" },
	};
	const struct fetched_row early = { .stored_at = 10 }, late = { .stored_at = 20 };
	char path[SCRATCH_PATH_MAX];
	struct buf b = buf_init(1000), keys = buf_init(1000);
	struct keep *k = keep_new();
	struct store *s = NULL;
	struct txn *t;

	(void)state;
	scratch_make(path);
	CHECK_STATUS(store_open(path, ENV_WRITE, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(s), &t, NULL), STATUS_OK);
	for (const char *c = "abcd"; *c != '\0'; c++)
		CHECK_STATUS(fetched_put(t, 9, slice_make(c, 1), *c == 'd' ? &late : &early, NULL),
		    STATUS_OK);
	CHECK_STATUS(fetched_put(t, 10, SLICE("z"), &early, NULL), STATUS_OK);	/* another's */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct keep_piece p = { 9, rows[i].list, rows[i].index, rows[i].is_last,
			names(&b, rows[i].named) };
		uint64_t since;

		buf_reset(&keys);
		CHECK_STATUS(keep_hear(k, &p, t, rows[i].now_s, &keys, &since, NULL), rows[i].st);
		check_keys(&keys, rows[i].forgotten);
	}
	txn_abort(&t);
	store_close(&s);
	keep_free(&k);
	scratch_remove(path);
	buf_clear(&b);
	buf_clear(&keys);
}

static void
pieces_come_back_and_parts_of_them_are_refused(void **state)
{
	struct buf b = buf_init(1000), out = buf_init(1000);
	struct keep_piece p = { 9, 77, 3, true, names(&b, "ab") }, back;

	(void)state;
	keep_piece_put(&p, &out);
	for (size_t cut = 0; cut < out.len; cut++)
		CHECK_STATUS(keep_piece_read(slice_make(out.ptr, cut), &back), STATUS_CORRUPT);
	CHECK_STATUS(keep_piece_read(buf_slice(&out), &back), STATUS_OK);
	CHECK(back.fetch == 9 && back.list == 77 && back.index == 3 && back.is_last);
	CHECK(slice_equal(back.uidls, p.uidls));
	buf_clear(&b);
	buf_clear(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_stored_before_and_not_named_is_forgotten),
		cmocka_unit_test(pieces_come_back_and_parts_of_them_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
