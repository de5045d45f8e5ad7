#include "imapd/qresync.h"

#include "base/check.h"
#include "imapd/sequence.h"

static const struct {
	const char *argument;
	enum status status;
	uint32_t uid_validity;
	uint64_t modseq;
	const char *known;
	const char *numbers;
	const char *rest;
} arguments[] = {
	{ " (7 20)", STATUS_OK, 7, 20, NULL, "", "" },
	{ " (7 20 1:5,9))", STATUS_OK, 7, 20, "1:5,9", "", ")" },
	{ " (7 20 9,1:5 (1,3 2:3))", STATUS_OK, 7, 20, "1:5,9", "1,3", "" },
	{ " (7 20 (1:2 5,9))", STATUS_OK, 7, 20, NULL, "1:2", "" },
	{ " (4294967295 9223372036854775807 4294967295)", STATUS_OK, UINT32_MAX, INT64_MAX,
	    "4294967295", "", "" },
	{ " (7 9223372036854775808)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (4294967296 1)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (0 1)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 0)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 )", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " ()", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ "(7 20)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ "", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 1:*)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 $)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 0)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 1 (1:2 5))", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 1 (1 *))", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 1 (1))", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 1 ())", STATUS_SYNTAX, 0, 0, NULL, "", "" },
	{ " (7 20 1 (1 1) 5)", STATUS_SYNTAX, 0, 0, NULL, "", "" },
};

static enum status
take(struct slice text, struct qresync *q, struct imap_reader *r, struct buf *memory)
{
	*r = imap_reader_init(text, memory);
	return qresync_take(r, q);
}

static void
what_a_client_knows_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
		struct slice text = slice_from_cstr(arguments[i].argument);
		struct buf memory = buf_init(1000), known = buf_init(1000);
		struct imap_reader r;
		struct qresync q;

		CHECK_STATUS(take(text, &q, &r, &memory), arguments[i].status);
		if (arguments[i].status == STATUS_OK) {
			CHECK_U64(q.uid_validity, arguments[i].uid_validity);
			CHECK_U64(q.modseq, arguments[i].modseq);
			CHECK(q.has_known == (arguments[i].known != NULL));
			uidset_print(&q.known, &known);
			CHECK_SLICE(buf_slice(&known), q.has_known ? arguments[i].known : "");
			CHECK_SLICE(q.numbers, arguments[i].numbers);
			CHECK_SLICE(r.rest, arguments[i].rest);
		}
		qresync_clear(&q);
		for (size_t cut = 0; arguments[i].rest[0] == '\0' && cut < text.len; cut++) {
			CHECK_STATUS(take(slice_sub(text, 0, cut), &q, &r, &memory), STATUS_SYNTAX);
			qresync_clear(&q);
		}
		buf_clear(&memory);
		buf_clear(&known);
	}
}

/* The view: UIDs 1-3, 5, 10-12. */
static const struct {
	const char *numbers, *uids;
	uint32_t matched;
} matches[] = {
	{ "1", "1", 1 },
	{ "1:3", "1:3", 3 },
	{ "1:4", "1:3,5", 5 },
	{ "1,4,7", "1,5,12", 12 },
	{ "1:7", "1:3,5,10:12", 12 },
	{ "1:5", "1:4,5", 3 },		/* 4 has gone */
	{ "3,6,9", "3,8,11", 3 },
	{ "2", "5", 0 },
	{ "7:1", "7:1", 0 },
	{ "4294967295", "4294967295", 0 },
	{ "1:4294967295", "1:4294967295", 3 },
	{ "", "", 0 },
};

static void
the_last_message_at_its_old_number_is_found(void **state)
{
	struct sequence view;

	(void)state;
	sequence_init(&view);
	sequence_append(&view, 1, 3);
	sequence_append(&view, 5, 5);
	sequence_append(&view, 10, 12);
	for (size_t i = 0; i < ARRAY_LEN(matches); i++)
		CHECK_U64(qresync_matched(&view, slice_from_cstr(matches[i].numbers),
		    slice_from_cstr(matches[i].uids)), matches[i].matched);
	sequence_clear(&view);
}

static void
what_has_gone_fits_on_lines(void **state)
{
	struct buf out = buf_init(1 << 20);
	struct uidset gone = uidset_init();
	size_t end;

	(void)state;
	qresync_write_gone(&gone, &out);
	CHECK_SLICE(buf_slice(&out), "");
	CHECK_STATUS(uidset_add(&gone, 2, 4), STATUS_OK);
	CHECK_STATUS(uidset_add(&gone, 6, 6), STATUS_OK);
	qresync_write_gone(&gone, &out);
	CHECK_SLICE(buf_slice(&out), "* VANISHED 2:4,6\r\n");
	for (uint32_t uid = 8; uid < 8 + 2 * 999; uid += 2)
		CHECK_STATUS(uidset_add(&gone, uid, uid), STATUS_OK);
	buf_reset(&out);
	qresync_write_gone(&gone, &out);
	end = slice_find_byte(buf_slice(&out), '\n');
	CHECK_SLICE(slice_skip(buf_slice(&out), end + 1), "* VANISHED 2004\r\n");
	uidset_clear(&gone);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_client_knows_is_read),
		cmocka_unit_test(the_last_message_at_its_old_number_is_found),
		cmocka_unit_test(what_has_gone_fits_on_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
