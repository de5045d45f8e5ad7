#include "base/table.h"

#include "base/check.h"
#include "base/mem.h"

static void
an_entry_is_put_found_replaced_and_removed(void **state)
{
	struct table *t = table_new();
	int one = 1, two = 2;

	(void)state;
	CHECK(table_get(t, SLICE("k")) == NULL);
	CHECK(table_remove(t, SLICE("k")) == NULL);
	CHECK(table_put(t, SLICE("k"), &one) == NULL);
	CHECK(table_put(t, SLICE(""), &two) == NULL);
	CHECK(table_put(t, SLICE("k\0"), &two) == NULL);
	CHECK_U64(table_count(t), 3);
	CHECK(table_get(t, SLICE("k")) == &one);
	CHECK(table_put(t, SLICE("k"), &two) == &one);
	CHECK_U64(table_count(t), 3);
	CHECK(table_remove(t, SLICE("k")) == &two);
	CHECK(table_get(t, SLICE("k")) == NULL);
	CHECK(table_get(t, slice_make(NULL, 0)) == &two);
	CHECK(table_get(t, SLICE("K\0")) == NULL);
	CHECK_U64(table_count(t), 2);
	table_free(&t, NULL);
	CHECK(t == NULL);
	table_free(&t, NULL);
}

#define MANY 5000

struct visit {
	struct table *table;
	unsigned count;
	unsigned stop_after;
};

/* Removes every entry with an odd number. */
static bool
visit_entry(void *ctx, struct slice key, void *value)
{
	struct visit *v = ctx;

	v->count++;
	if (*(unsigned *)value % 2 == 1) {
		CHECK(table_remove(v->table, key) == value);
		mem_free(value);
	}
	return v->count != v->stop_after;
}

static void
many_entries_survive_growing_and_removal_while_visited(void **state)
{
	struct table *t = table_new();
	struct visit all = { .table = t };
	struct visit few = { .table = t, .stop_after = 3 };
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		unsigned *value = mem_new(unsigned);

		*value = i;
		CHECK(table_put(t, slice_make(&i, sizeof(i)), value) == NULL);
	}
	CHECK_U64(table_count(t), MANY);
	table_each(t, visit_entry, &all);
	CHECK_U64(all.count, MANY);
	CHECK_U64(table_count(t), MANY / 2);
	for (i = 0; i < MANY; i++) {
		unsigned *value = table_get(t, slice_make(&i, sizeof(i)));

		CHECK(i % 2 == 1 ? value == NULL : value != NULL && *value == i);
	}
	table_each(t, visit_entry, &few);
	CHECK_U64(few.count, 3);
	table_free(&t, mem_free);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_put_found_replaced_and_removed),
		cmocka_unit_test(many_entries_survive_growing_and_removal_while_visited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
