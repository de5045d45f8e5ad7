#include "base/check.h"

#include <string.h>

#include "base/buf.h"
#include "smtpd/mx.h"

static uint64_t
always_first(void)
{
	return 0;
}

static uint64_t
always_last(void)
{
	return UINT64_MAX;
}

#define HOST(preference, name) { preference, { name, sizeof(name) - 1 } }

static void
hosts_are_tried_by_preference_and_chance(void **state)
{
	static const struct {
		struct dns_mx list[4];
		uint32_t count;
		uint64_t (*random)(void);
		const char *order;
	} rows[] = {
		{ { HOST(10, "a") }, 1, always_first, "a " },
		{ { HOST(10, "a"), HOST(20, "b") }, 2, always_last, "a b " },
		{ { HOST(10, "a"), HOST(10, "b"), HOST(10, "c") }, 3, always_first, "a c b " },
		{ { HOST(10, "a"), HOST(10, "b"), HOST(20, "c") }, 3, always_last, "b a c " },
		/* Ourselves, and what is no better than we are. */
		{ { HOST(10, "a"), HOST(20, "b"), HOST(20, "MAIL.our.test"), HOST(30, "c") }, 4,
		    always_first, "a " },
		{ { HOST(10, "our.test"), HOST(10, "a") }, 2, always_first, "" },
		/* A null MX beside others means nothing. */
		{ { HOST(0, ""), HOST(10, "a") }, 2, always_first, "a " },
		{ { HOST(0, "") }, 0, always_first, "" },
	};
	static const struct mx_own own = { { { "our.test", 8 }, { "mail.our.test", 13 } } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mx_list list;
		struct buf text = buf_init(200);

		mx_arrange(rows[i].list, rows[i].count, &own, rows[i].random, &list);
		for (uint32_t n = 0; n < list.count; n++)
			buf_printf(&text, "%s ", list.hosts[n].name);
		CHECK_SLICE(buf_slice(&text), rows[i].order);
		buf_clear(&text);
	}
}

static void
never_more_hosts_than_the_limit(void **state)
{
	struct dns_mx list[DNS_HOSTS_MAX + 5];
	struct mx_own own = { 0 };
	struct mx_list out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (struct dns_mx){ 10, SLICE("mx.a.test") };
	mx_arrange(list, ARRAY_LEN(list), &own, always_last, &out);
	CHECK_U64(out.count, DNS_HOSTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_tried_by_preference_and_chance),
		cmocka_unit_test(never_more_hosts_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
