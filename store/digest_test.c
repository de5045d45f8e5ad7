#include "store/digest.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/envelope.h"
#include "store/subject.h"

#define BODY_MAX (64 * 1024 * 1024)
#define EMPTY_NEST "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

/* The record of text; *record is cleared by the caller. */
static struct digest
digest_of(struct slice text, struct buf *record)
{
	struct digest d = { 0 };

	*record = buf_init(DIGEST_RECORD_MAX);
	digest_compute(text, record);
	CHECK_STATUS(buf_status(record), STATUS_OK);
	CHECK_STATUS(digest_decode(buf_slice(record), &d), STATUS_OK);
	return d;
}

static const struct {
	const char *header, *want;
} envelopes[] = {
	{ "", EMPTY_NEST },
	{ "Date: Tue, 24 Nov 2026 10:36:51 +0800 (\"x\" \351)\r\n",
	    "(\"Tue, 24 Nov 2026 10:36:51 +0800\" NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Date: (x)\r\n", EMPTY_NEST },
	{ "Subject: a \"b\" \\c\r\n\td\r\n",
	    "(NIL \"a \\\"b\\\" \\\\c d\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject:\r\n", "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject: one\r\nSubject: two\r\n", "(NIL \"one\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject: =?utf-8?q?=0D=0A*_BYE?=\r\n",
	    "(NIL \"=?utf-8?q?=0D=0A*_BYE?=\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject: a\r* BYE\r\n", "(NIL \"a* BYE\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject: \325\305 =?utf-8?B?5LiJ?= x\r\n",
	    "(NIL \"=?utf-8?B?5bygIOS4iQ==?= x\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "From: A <a@B.c>\r\n", "(NIL NIL ((\"A\" NIL \"a\" \"B.c\")) ((\"A\" NIL \"a\" \"B.c\")) "
	    "((\"A\" NIL \"a\" \"B.c\")) NIL NIL NIL NIL NIL)" },
	{ "From: a@b\r\nSender: c@d\r\nReply-To: ,\r\n", "(NIL NIL ((NIL NIL \"a\" \"b\")) "
	    "((NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)" },
	{ "From: a@b\r\nFrom: c@d\r\nSender:x\r\nReply-To:<>\r\n",
	    "(NIL NIL ((NIL NIL \"a\" \"b\")) "
	    "((NIL NIL \"x\" \"\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)" },
	{ "To: a@b\r\nto: c@d\r\nCc: g: e@f;\r\nBcc: ;\r\n", "(NIL NIL NIL NIL NIL "
	    "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) "
	    "((NIL NIL \"g\" NIL)(NIL NIL \"e\" \"f\")(NIL NIL NIL NIL)) NIL NIL NIL)" },
	{ "To: g:;\r\n", "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL NIL NIL)) "
	    "NIL NIL NIL NIL)" },
	{ "To: :\r\n", "(NIL NIL NIL NIL NIL ((NIL NIL \"\" NIL)(NIL NIL NIL NIL)) "
	    "NIL NIL NIL NIL)" },
	{ "To: Z <@r:a@b>, \"x y\"@z (n)\r\n", "(NIL NIL NIL NIL NIL "
	    "((\"Z\" \"@r\" \"a\" \"b\")(\"n\" NIL \"x y\" \"z\")) NIL NIL NIL NIL)" },
	{ "To: undisclosed recipients\r\n", "(NIL NIL NIL NIL NIL "
	    "((NIL NIL \"undisclosed recipients\" \"\")) NIL NIL NIL NIL)" },
	{ "To: \"\325\305\" <a@b>\r\n", "(NIL NIL NIL NIL NIL "
	    "((\"=?utf-8?B?5byg?=\" NIL \"a\" \"b\")) NIL NIL NIL NIL)" },
	{ "To: =?gbk?B?1cU=?= \"x\" <a@b>\r\n", "(NIL NIL NIL NIL NIL "
	    "((\"=?gbk?B?1cU=?= x\" NIL \"a\" \"b\")) NIL NIL NIL NIL)" },
	{ "In-Reply-To: <a@b>\r\n <c@d>\r\nMessage-ID: <e@f>\r\n",
	    "(NIL NIL NIL NIL NIL NIL NIL NIL \"<a@b> <c@d>\" \"<e@f>\")" },
};

static void
the_envelope_is_what_imap_wants(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(envelopes); i++) {
		struct slice in = slice_from_cstr(envelopes[i].header);

		for (cut = 0; cut <= in.len; cut++) {
			struct buf copy = buf_init(1000);
			struct buf record;
			struct digest d;

			buf_append(&copy, slice_sub(in, 0, cut));
			d = digest_of(buf_slice(&copy), &record);
			if (cut == in.len)
				CHECK_SLICE(d.envelope, envelopes[i].want);
			buf_clear(&record);
			buf_clear(&copy);
		}
	}
}

#define LEAF "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 0"

static const struct {
	const char *text, *body, *extension;	/* extension: what follows body's last bytes */
} structures[] = {
	{ "\r\nx", LEAF, " NIL NIL NIL NIL)" },
	{ "Content-Type: Text\r\n\r\nx", "(\"Text\" \"plain\" NIL NIL NIL \"7bit\" 1 0",
	    " NIL NIL NIL NIL)" },
	{ "Content-Type: image/png; name=\"a b\"\r\nContent-ID: <i>\r\nContent-Description: d\r\n"
	    "Content-Transfer-Encoding: BASE64\r\nContent-Disposition: inline; filename=f\r\n"
	    "Content-Language: en, de\r\nContent-Location: l\r\n\r\nx",
	    "(\"image\" \"png\" (\"name\" \"a b\") \"<i>\" \"d\" \"base64\" 1",
	    " NIL (\"inline\" (\"filename\" \"f\")) (\"en\" \"de\") \"l\")" },
	{ "Content-Transfer-Encoding: 8Bit\r\nContent-Language: en\r\n"
	    "Content-Disposition:\r\n\r\nx",
	    "(\"text\" \"plain\" NIL NIL NIL \"8Bit\" 1 0", " NIL NIL \"en\" NIL)" },
	{ "Content-Type: multipart/mixed\r\n\r\nx", LEAF, " NIL NIL NIL NIL)" },
	{ "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nx",
	    "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 1", " NIL NIL NIL NIL)" },
	{ "Content-Type: message/global\r\n\r\n\r\nx", "(\"message\" \"rfc822\" NIL NIL NIL "
	    "\"7bit\" 3 " EMPTY_NEST " " LEAF, NULL },
	{ "Content-Type: application/x; name=\"\325\305.doc\"\r\n\r\nx", "(\"application\" \"x\" "
	    "(\"name*\" \"utf-8''%E5%BC%A0.doc\") NIL NIL \"7bit\" 1", " NIL NIL NIL NIL)" },
	{ "Content-Type: a\"b/c d\r\n\r\nx",
	    "(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 1", " NIL NIL NIL NIL)" },
	{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
	    "(" LEAF, NULL },
};

static void
the_structure_is_what_imap_wants(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(structures); i++) {
		struct slice text = slice_from_cstr(structures[i].text);
		struct slice want = slice_from_cstr(structures[i].body);
		struct buf body = buf_init(10000);
		struct buf record;
		struct digest d = digest_of(text, &record);

		digest_body_form(text, &body);
		CHECK_SLICE(slice_sub(buf_slice(&body), 0, want.len), structures[i].body);
		CHECK_SLICE(slice_sub(d.structure, 0, want.len), structures[i].body);
		if (structures[i].extension != NULL) {
			CHECK_SLICE(slice_skip(buf_slice(&body), want.len), ")");
			CHECK_SLICE(slice_skip(d.structure, want.len), structures[i].extension);
		}
		buf_clear(&record);
		buf_clear(&body);
	}
}

static void
nested_parts_are_closed_in_order(void **state)
{
	const struct slice text = SLICE("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	    "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n"
	    "--c\r\n\r\n\r\nx\r\n--c--\r\n--b\r\n\r\nx\r\n--b--\r\n");
	struct buf body = buf_init(10000);

	(void)state;
	digest_body_form(text, &body);
	CHECK_SLICE(buf_slice(&body), "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 63 " EMPTY_NEST
	    " ((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 3 " EMPTY_NEST " " LEAF ") 1) "
	    "\"digest\") 6)" LEAF ") \"mixed\")");
	buf_clear(&body);
}

static void
the_record_holds_what_sorting_and_threading_need(void **state)
{
	const struct slice text = SLICE("Date: Tue, 24 Nov 2026 18:36:51 +0800\r\n"
	    "From: =?gbk?B?1cXI/Q==?= <Zhang.San@b>\r\nTo: Team: x@y;\r\nMessage-ID: < one@x >\r\n"
	    "Subject: =?utf-8?Q?Re:_[list]_?= Fwd: Offer   A (fwd)\r\n"
	    "References: <r1@x>,<r2@x> junk <r1@x>\r\nIn-Reply-To: <r3@x> <>\r\n\r\nx");
	struct buf record;
	struct digest d = digest_of(text, &record);
	struct part_tree t;

	(void)state;
	CHECK_U64(d.sent_at, 1795516611);
	CHECK_U64(d.sent_zone, 480);
	CHECK_U64(d.sent_day, 20261124);
	CHECK_U64(d.header_len, text.len - 1);
	CHECK_SLICE(d.message_id, "one@x");
	CHECK_SLICE(d.base_subject, "offer a");
	CHECK_SLICE(d.from, "zhang.san");
	CHECK_SLICE(d.to, "team");
	CHECK_SLICE(d.cc, "");
	CHECK_SLICE(d.from_name, "张三");
	CHECK_U64(d.reference_count, 3);
	CHECK_U64(digest_reference(&d, 0), message_id_key(SLICE(" r1@x ")));
	CHECK_U64(digest_reference(&d, 1), message_id_key(SLICE("r2@x")));
	CHECK_U64(digest_reference(&d, 2), message_id_key(SLICE("r3@x")));
	CHECK_STATUS(digest_parts(&d, &t), STATUS_OK);
	CHECK_U64(t.count, 1);
	CHECK_U64(t.parts[0].body_len, 1);
	part_tree_clear(&t);
	buf_clear(&record);
	d = digest_of(SLICE("Message-ID: bare@x\r\n\r\n"), &record);
	CHECK(d.sent_at == INT64_MIN);
	CHECK_U64(d.sent_day, 0);
	CHECK_SLICE(d.message_id, "bare@x");
	buf_clear(&record);
}

static void
of_many_references_the_latest_stay(void **state)
{
	struct buf text = buf_init(BODY_MAX);
	struct buf record;
	struct digest d;
	unsigned i;

	(void)state;
	buf_append(&text, SLICE("References:"));
	for (i = 0; i < 100000; i++)
		buf_printf(&text, " <%u@x>", i);
	d = digest_of(buf_slice(&text), &record);
	CHECK_U64(d.reference_count, DIGEST_REFERENCES_MAX);
	CHECK_U64(digest_reference(&d, DIGEST_REFERENCES_MAX - 1),
	    message_id_key(SLICE("99999@x")));
	CHECK_U64(digest_reference(&d, 0), message_id_key(SLICE("99950@x")));
	buf_clear(&record);
	buf_clear(&text);
}

static void
base_subjects_follow_rfc_5256(void **state)
{
	static const struct {
		const char *in, *want;
	} subjects[] = {
		{ "", "" }, { "a", "a" }, { "Re: a", "a" }, { "RE : a", "a" }, { "re[2]: a", "a" },
		{ "Fwd: FW: re: a (fwd) (FWD) ", "a" }, { "[x] Re: [y] a", "a" }, { "[x]", "[x]" },
		{ "[x] a", "a" }, { "[fwd: a]", "a" }, { "Re: [Fwd: Re: a]", "a" }, { "Re:", "" },
		{ "Reply", "Reply" }, { "(fwd)", "" }, { "[a[b] c", "[a[b] c" },
		{ "a [b]", "a [b]" },
		{ "回复: 询价", "询价" },
		{ "答复：转发:a", "a" }, { "回复询价", "回复询价" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(subjects); i++)
		CHECK_SLICE(subject_base(slice_from_cstr(subjects[i].in)), subjects[i].want);
}

static void
a_damaged_record_is_corrupt(void **state)
{
	struct buf record;
	struct digest d = digest_of(SLICE("From: a@b\r\nReferences: <x>\r\n\r\nx"), &record);
	struct buf copy = buf_init(DIGEST_RECORD_MAX);
	struct part_tree t;
	size_t cut;

	(void)state;
	for (cut = 0; cut < record.len; cut++) {
		buf_clear(&copy);
		buf_append(&copy, slice_sub(buf_slice(&record), 0, cut));
		CHECK_STATUS(digest_decode(buf_slice(&copy), &d), STATUS_CORRUPT);
	}
	buf_reset(&copy);
	buf_append(&copy, buf_slice(&record));
	buf_append_byte(&copy, 0);
	CHECK_STATUS(digest_decode(buf_slice(&copy), &d), STATUS_CORRUPT);
	buf_truncate(&copy, copy.len - 1);
	copy.ptr[0] = 2;
	CHECK_STATUS(digest_decode(buf_slice(&copy), &d), STATUS_CORRUPT);
	copy.ptr[0] = 1;
	copy.ptr[copy.len - 1] = 3;	/* no such encoding */
	CHECK_STATUS(digest_decode(buf_slice(&copy), &d), STATUS_OK);
	CHECK_STATUS(digest_parts(&d, &t), STATUS_CORRUPT);
	buf_clear(&copy);
	buf_clear(&record);
}

/* prefix, then unit count times. */
static struct buf
repeat(const char *prefix, const char *unit, unsigned count)
{
	struct buf text = buf_init(BODY_MAX);
	unsigned i;

	buf_append(&text, slice_from_cstr(prefix));
	for (i = 0; i < count; i++)
		buf_append(&text, slice_from_cstr(unit));
	return text;
}

static void
large_messages_fit_a_record(void **state)
{
	static const struct {
		const char *prefix, *unit;
		unsigned count;
		uint32_t parts;
	} large[] = {
		{ "To: ", "Some Body <somebody@example.com>,", 200000, 1 },
		{ "", "To: a@b\r\n", 100000, 1 },
		{ "To: ", "g:;", 200000, 1 },
		{ "To: g:", "a@b,", 200000, 1 },
		{ "From: \"", "\325\305", 500000, 1 },
		{ "Subject: ", "\325\305\310\375", 500000, 1 },
		{ "Subject: ", "=?gbk?B?1cU=?= ", 100000, 1 },
		{ "Message-ID: ", "x", 1000000, 1 },
		{ "Content-Type: x/y", "; a*0=\201", 100000, 1 },
		{ "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
		    "--b\r\n\r\n\r\n", 20000, 10000 },
		{ "Content-Type: multipart/digest; boundary=b\r\n\r\n",
		    "--b\r\n\r\n\r\n", 20000, 1 },
		{ "", "Content-Type: message/rfc822\r\nTo: a@b\r\n\r\n", 1000, 101 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(large); i++) {
		struct buf text = repeat(large[i].prefix, large[i].unit, large[i].count);
		struct buf record;
		struct digest d = digest_of(buf_slice(&text), &record);

		CHECK_U64(d.part_count, large[i].parts);
		CHECK(d.envelope.len <= ENVELOPE_MAX);
		CHECK(d.envelope.ptr[d.envelope.len - 1] == ')');
		CHECK(d.structure.ptr[d.structure.len - 1] == ')');
		buf_clear(&record);
		buf_clear(&text);
	}
}

static void
a_long_list_is_cut_at_a_whole_address(void **state)
{
	struct buf text = repeat("To: g:", "Some Body <somebody@example.com>,", 200000);
	struct buf record;
	struct digest d = digest_of(buf_slice(&text), &record);

	(void)state;
	CHECK(d.envelope.len > ENVELOPE_MAX / 2);
	CHECK(slice_ends(d.envelope, SLICE("(\"Some Body\" NIL \"somebody\" \"example.com\")"
	    "(NIL NIL NIL NIL)) NIL NIL NIL NIL)")));
	buf_clear(&record);
	buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_envelope_is_what_imap_wants),
		cmocka_unit_test(the_structure_is_what_imap_wants),
		cmocka_unit_test(nested_parts_are_closed_in_order),
		cmocka_unit_test(the_record_holds_what_sorting_and_threading_need),
		cmocka_unit_test(of_many_references_the_latest_stay),
		cmocka_unit_test(base_subjects_follow_rfc_5256),
		cmocka_unit_test(a_damaged_record_is_corrupt),
		cmocka_unit_test(large_messages_fit_a_record),
		cmocka_unit_test(a_long_list_is_cut_at_a_whole_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
