#include "imapd/thread.h"

#include <string.h>

#include "base/check.h"

/* Ids are letters, '-' is none; date 0: by its number. */
struct row {
	char id;
	const char *subject;
	bool is_reply;
	const char *references;
	int64_t date;
};

static void
add(struct thread_list *l, const struct row *r)
{
	struct thread_message m = { .number = l->count + 1 };
	struct thread_text one;

	m.id = r->id == '-' ? 0 : (uint64_t)r->id;
	m.is_reply = r->is_reply;
	m.date = m.arrival = r->date != 0 ? r->date : m.number;
	CHECK_STATUS(thread_text_put(l, slice_from_cstr(r->subject), &m.subject), STATUS_OK);
	m.references.at = (uint32_t)l->memory.len;
	for (const char *c = r->references; *c != '\0'; c++) {
		uint64_t id = (uint64_t)*c;

		CHECK_STATUS(thread_text_put(l, slice_make((const char *)&id, 8), &one),
		    STATUS_OK);
		m.references.len += 8;
	}
	thread_list_add(l, &m);
}

#define ROWS_MAX 8

static const struct {
	const char *what;
	struct row rows[ROWS_MAX];
	const char *by_references;
	const char *by_subject;
} cases[] = {
	{ "nothing", { { 0 } }, "", "" },
	{ "one", { { 'a', "x", false, "", 0 } }, " (1)", " (1)" },
	{ "a chain", { { 'a', "x", false, "", 0 }, { 'b', "x", true, "a", 0 },
	    { 'c', "x", true, "ab", 0 } }, " (1 2 3)", " (1 (2)(3))" },
	{ "two answers", { { 'a', "x", false, "", 0 }, { 'b', "x", true, "a", 0 },
	    { 'c', "x", true, "a", 0 }, { 'd', "x", true, "ac", 0 } },
	    " (1 (2)(3 4))", " (1 (2)(3)(4))" },
	{ "later first", { { 'c', "x", true, "ab", 3 }, { 'b', "x", true, "a", 2 },
	    { 'a', "x", false, "", 1 } }, " (3 2 1)", " (3 (2)(1))" },
	{ "the first is not there", { { 'b', "x", true, "a", 0 }, { 'c', "x", true, "a", 0 } },
	    " ((1)(2))", " (1 2)" },
	{ "one below one that is not there", { { 'b', "x", true, "a", 0 } }, " (1)", " (1)" },
	{ "two that are not there", { { 'c', "x", true, "ab", 0 }, { 'd', "x", true, "ab", 0 } },
	    " ((1)(2))", " (1 2)" },
	{ "one in the middle is not there", { { 'a', "x", false, "", 0 },
	    { 'c', "x", true, "ab", 0 } }, " (1 2)", " (1 2)" },
	{ "a circle of two", { { 'a', "x", true, "b", 0 }, { 'b', "x", true, "a", 0 } },
	    " (2 1)", " (1 2)" },
	{ "itself", { { 'a', "x", true, "a", 0 }, { 'b', "y", true, "bab", 0 } },
	    " (1 2)", " (1)(2)" },
	{ "a circle of ids nobody has", { { 'c', "x", true, "abab", 0 },
	    { 'd', "y", true, "ba", 0 } }, " ((1)(2))", " (1)(2)" },
	{ "one id twice", { { 'a', "x", false, "", 0 }, { 'a', "y", false, "", 0 },
	    { 'b', "z", true, "a", 0 } }, " (1 3)(2)", " (1)(2)(3)" },
	{ "no references, one subject", { { 'a', "x", false, "", 0 }, { 'b', "x", true, "", 0 },
	    { 'c', "x", true, "", 0 } }, " (1 (2)(3))", " (1 (2)(3))" },
	{ "the answer came first", { { 'b', "x", true, "", 0 }, { 'a', "x", false, "", 0 } },
	    " (2 1)", " (1 2)" },
	{ "two of one subject, none an answer", { { 'a', "x", false, "", 0 },
	    { 'b', "x", false, "", 0 } }, " ((1)(2))", " (1 2)" },
	{ "no subject", { { 'a', "", false, "", 0 }, { 'b', "", false, "", 0 } },
	    " (1)(2)", " (1 2)" },
	{ "two that hold others together", { { 'b', "x", true, "a", 0 }, { 'c', "x", true, "a", 0 },
	    { 'e', "x", true, "d", 0 }, { 'f', "x", true, "d", 0 } },
	    " ((1)(2)(3)(4))", " (1 (2)(3)(4))" },
	{ "threads in the order of time", { { 'a', "x", false, "", 9 }, { '-', "y", false, "", 3 },
	    { '-', "z", false, "", 5 } }, " (2)(3)(1)", " (2)(3)(1)" },
};

static void
messages_come_into_threads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct thread_list l = thread_list_init();
		struct buf out = buf_init(10000);

		for (unsigned k = 0; k < ROWS_MAX && cases[i].rows[k].id != 0; k++)
			add(&l, &cases[i].rows[k]);
		thread_by_references(&l, &out);
		CHECK_SLICE(buf_slice(&out), cases[i].by_references);
		buf_reset(&out);
		thread_by_subject(&l, &out);
		CHECK_SLICE(buf_slice(&out), cases[i].by_subject);
		thread_list_clear(&l);
		buf_clear(&out);
	}
}

static void
add_numbered(struct thread_list *l, uint64_t id, uint64_t reference)
{
	struct thread_message m = { .number = l->count + 1, .id = id, .date = (int64_t)l->count };

	CHECK_STATUS(thread_text_put(l, slice_make((const char *)&reference, 8), &m.references),
	    STATUS_OK);
	thread_list_add(l, &m);
}

#define MANY 100000

static void
a_hundred_thousand_answers_in_a_chain_are_one_thread_in_either_order(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct thread_list l = thread_list_init();
		struct buf out = buf_init(4 << 20);
		struct slice text;

		for (uint64_t i = 1; i <= MANY; i++)
			add_numbered(&l, turn == 0 ? i : MANY + 1 - i, turn == 0 ? i - 1 : MANY - i);
		thread_by_references(&l, &out);
		text = buf_slice(&out);
		CHECK(slice_starts(text, turn == 0 ? SLICE(" (1 2 3 ") :
		    SLICE(" (100000 99999 ")));
		CHECK(slice_find_byte(text, ')') == text.len - 1);
		buf_clear(&out);
		thread_list_clear(&l);
	}
}

static void
one_great_circle_and_a_million_unknown_ids_end(void **state)
{
	struct thread_list l = thread_list_init();
	struct buf out = buf_init(4 << 20);

	(void)state;
	for (uint64_t i = 1; i <= MANY; i++)
		add_numbered(&l, i, i % MANY + 1);
	thread_by_references(&l, &out);
	CHECK_STATUS(buf_status(&out), STATUS_OK);
	thread_list_clear(&l);
	for (uint64_t i = 0; i < MANY; i++)
		add_numbered(&l, i + 1, UINT64_C(1) << 40 | i * 7919);
	buf_reset(&out);
	thread_by_references(&l, &out);
	CHECK_STATUS(buf_status(&out), STATUS_OK);
	thread_list_clear(&l);
	buf_clear(&out);
}

static void
check_order(struct thread_list *l, const struct sort_order *o, const char *numbers)
{
	struct buf out = buf_init(1000);

	thread_sort(l, o);
	for (uint32_t i = 0; i < l->count; i++)
		buf_printf(&out, "%u", l->messages[i].number);
	CHECK_SLICE(buf_slice(&out), numbers);
	buf_clear(&out);
}

static void
messages_are_sorted_by_every_key_then_by_number(void **state)
{
	static const struct {
		const char *text;
		int64_t n;
	} rows[] = { { "b", 2 }, { "a", 3 }, { "b", 1 }, { "ab", 3 } };
	static const struct sort_order orders[] = {
		{ .count = 0 },
		{ .keys = { SORT_FROM }, .count = 1 },
		{ .keys = { SORT_SUBJECT }, .is_reverse = { true }, .count = 1 },
		{ .keys = { SORT_TO, SORT_DATE }, .count = 2 },
		{ .keys = { SORT_ARRIVAL, SORT_CC }, .is_reverse = { true }, .count = 2 },
		{ .keys = { SORT_SIZE }, .count = 1 },
	};
	static const char *const sorted[] = { "1234", "2413", "1342", "2431", "2413", "3124" };
	struct thread_list l = thread_list_init();

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct thread_message m = { .number = i + 1, .arrival = rows[i].n, .date = rows[i].n,
			.size_bytes = (uint32_t)rows[i].n };

		CHECK_STATUS(thread_text_put(&l, slice_from_cstr(rows[i].text), &m.from),
		    STATUS_OK);
		m.to = m.cc = m.subject = m.from;
		thread_list_add(&l, &m);
	}
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		check_order(&l, &orders[i], sorted[i]);
	thread_list_clear(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_into_threads),
		cmocka_unit_test(a_hundred_thousand_answers_in_a_chain_are_one_thread_in_either_order),
		cmocka_unit_test(one_great_circle_and_a_million_unknown_ids_end),
		cmocka_unit_test(messages_are_sorted_by_every_key_then_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
