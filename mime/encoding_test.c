#include "mime/encoding.h"

#include "base/check.h"

static const struct {
	enum encoding encoding;
	const char *in, *want;
} rows[] = {
	{ ENCODING_IDENTITY, "a=\r\n", "a=\r\n" },
	{ ENCODING_BASE64, "", "" },
	{ ENCODING_BASE64, "aGVs\r\nbG8=\r\n", "hello" },
	{ ENCODING_BASE64, "aGVsbG8", "hello" },
	{ ENCODING_BASE64, "aGVs!bG8=", "hello" },
	{ ENCODING_BASE64, "aGVsbG8=aGVsbG8=", "hellohello" },
	{ ENCODING_QP, "", "" },
	{ ENCODING_QP, "a=20b=\r\nc", "a bc" },
	{ ENCODING_QP, "=e5=BC=A0", "\345\274\240" },
	{ ENCODING_QP, "a \t\r\nb", "a\r\nb" },
	{ ENCODING_QP, "a=20\r\nb", "a \r\nb" },
	{ ENCODING_QP, "a =\r\n \r\n", "a \r\n" },
	{ ENCODING_QP, "a= \t\nb", "ab" },
	{ ENCODING_QP, "a \nb", "a\nb" },
	{ ENCODING_QP, "a=zzb", "a=zzb" },
	{ ENCODING_QP, "a=4", "a=4" },
	{ ENCODING_QP, "a=", "a" },
	{ ENCODING_QP, "=0D\n", "\r\n" },
};

static void
bodies_are_decoded_leniently(void **state)
{
	size_t i, max;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice want = slice_from_cstr(rows[i].want);

		for (max = 0; max <= want.len; max++) {
			struct buf out = buf_init(max);
			enum status st;

			st = encoding_decode(rows[i].encoding, slice_from_cstr(rows[i].in), &out);
			if (max == want.len) {
				CHECK_SLICE(buf_slice(&out), rows[i].want);
				CHECK_STATUS(st, STATUS_OK);
			} else {
				CHECK(out.len <= max);
				CHECK_STATUS(st, STATUS_LIMIT);
			}
			buf_clear(&out);
		}
	}
}

static void
encodings_are_known_by_name(void **state)
{
	static const struct {
		const char *in;
		enum encoding want;
	} names[] = {
		{ "", ENCODING_IDENTITY }, { " Base64 ", ENCODING_BASE64 },
		{ "\"base64\"", ENCODING_BASE64 }, { "base64,8bit", ENCODING_BASE64 },
		{ "QUOTED-PRINTABLE; x", ENCODING_QP }, { "8bit", ENCODING_IDENTITY },
		{ "base6", ENCODING_IDENTITY }, { "base64x", ENCODING_IDENTITY },
		{ "x-uuencode", ENCODING_IDENTITY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		CHECK_U64(encoding_of(slice_from_cstr(names[i].in)), names[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_decoded_leniently),
		cmocka_unit_test(encodings_are_known_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
