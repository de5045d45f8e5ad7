#include "wire/imap_utf7.h"

#include "base/check.h"

static const struct {
	const char *wire, *utf8;
} pairs[] = {
	{ "", "" },
	{ "INBOX", "INBOX" },
	{ "R&-D", "R&D" },
	{ "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
	  "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
	{ "&XfJT0ZAB-", "\xe5\xb7\xb2\xe5\x8f\x91\xe9\x80\x81" },
	{ "&2D3eAA-", "\xf0\x9f\x98\x80" },
	{ "a&AOQ-b&APY-", "a\xc3\xa4" "b\xc3\xb6" },
};

static void
names_go_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf out = buf_init(256);

		CHECK_STATUS(imap_utf7_decode(slice_from_cstr(pairs[i].wire), &out), STATUS_OK);
		CHECK_SLICE(buf_slice(&out), pairs[i].utf8);
		buf_reset(&out);
		imap_utf7_encode(slice_from_cstr(pairs[i].utf8), &out);
		CHECK_SLICE(buf_slice(&out), pairs[i].wire);
		buf_clear(&out);
	}
}

static const char *const refused[] = {
	"&ImIi-",		/* fine is "&ImI-" and kin; here bits are left over */
	"&AGE-",		/* "a" has to stand for itself */
	"&AOQ-&APY-",		/* two shifts in a row */
	"&2D0-",		/* half a pair */
	"&3gA-",		/* the other half */
	"&2D0AYQ-",
	"&A-",
	"caf\xc3\xa9",
	"a\rb",
	"a\x7f",
};

static void
a_name_has_one_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct buf out = buf_init(256);

		buf_append(&out, SLICE("x"));
		CHECK_STATUS(imap_utf7_decode(slice_from_cstr(refused[i]), &out), STATUS_SYNTAX);
		CHECK_SLICE(buf_slice(&out), "x");
		buf_clear(&out);
	}
}

static void
a_lone_ampersand_is_itself(void **state)
{
	static const char *const names[] = { "R&D", "&", "a & b", "&ZeVn", "&&" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf out = buf_init(64);

		CHECK_STATUS(imap_utf7_decode(slice_from_cstr(names[i]), &out), STATUS_OK);
		CHECK_SLICE(buf_slice(&out), names[i]);
		buf_clear(&out);
	}
}

static void
a_full_buffer_is_left_as_it_was(void **state)
{
	struct buf out = buf_init(5);

	(void)state;
	CHECK_STATUS(imap_utf7_decode(SLICE("&U,BTFw-"), &out), STATUS_LIMIT);
	CHECK_U64(out.len, 0);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(a_name_has_one_spelling),
		cmocka_unit_test(a_lone_ampersand_is_itself),
		cmocka_unit_test(a_full_buffer_is_left_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
