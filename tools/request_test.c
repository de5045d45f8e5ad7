#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tools/request.h"

static const struct option options[] = {
	{ "--name", OPTION_LIST, "names" },
	{ "--keep", OPTION_NUMBER, "keep" },
	{ "--every", OPTION_SECONDS, "every" },
	{ "--enable", OPTION_YES, "enabled" },
	{ "--disable", OPTION_NO, "enabled" },
	{ "--outside", OPTION_MAILBOX, "outside" },
};
static const struct request_form form = { { "login" }, 1, NULL, options, ARRAY_LEN(options), NULL,
	NULL };

static const struct request_form alias_form = { { "address" }, 1, "to", NULL, 0, NULL, NULL };

static enum status
build(const struct request_form *f, const char *line, char **json)
{
	char copy[512], *words[16], *rest = copy, *word;
	struct invocation in = { .noun = "user", .verb = "set", .argv = words };
	struct problem why = { "" };
	json_t *request = NULL;
	enum status st;

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	while ((word = strsep(&rest, "|")) != NULL && *word != '\0')
		words[in.argc++] = word;
	words[in.argc] = NULL;
	st = request_build(&in, f, &request, &why);
	if (st == STATUS_OK) {
		*json = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
		json_decref(request);
	} else {
		assert_true(why.text[0] != '\0');
	}
	return st;
}

static void
command_lines_become_requests(void **state)
{
	static const struct {
		const char *line, *json;	/* json NULL: a usage error */
	} rows[] = {
		{ "li", "{\"login\":\"li\",\"noun\":\"user\",\"verb\":\"set\"}" },
		{ "li|--name|Li Si|--name|李四",
		    "{\"login\":\"li\",\"names\":[\"Li Si\",\"李四\"],\"noun\":\"user\","
		    "\"verb\":\"set\"}" },
		{ "--keep|0|li|--every|5m|--disable",
		    "{\"enabled\":false,\"every\":300,\"keep\":0,\"login\":\"li\","
		    "\"noun\":\"user\",\"verb\":\"set\"}" },
		{ "li|--outside|\"Zhang San\" <sales@Example.com>",
		    "{\"login\":\"li\",\"noun\":\"user\",\"outside\":{\"address\":"
		    "\"sales@example.com\",\"name\":\"Zhang San\"},\"verb\":\"set\"}" },
		{ "", NULL },
		{ "li|too|--keep|1", NULL },
		{ "li|--keep", NULL },
		{ "li|--keep|x", NULL },
		{ "li|--keep|4294967296", NULL },
		{ "li|--every|5", NULL },
		{ "li|--unknown", NULL },
		{ "li|--outside|nobody", NULL },
		{ "l\xff", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *json = NULL;
		enum status st = build(&form, rows[i].line, &json);

		CHECK_STATUS(st, rows[i].json == NULL ? STATUS_SYNTAX : STATUS_OK);
		if (rows[i].json != NULL)
			assert_string_equal(json, rows[i].json);
		free(json);
	}
}

static void
what_is_left_becomes_an_array(void **state)
{
	char *json = NULL;

	(void)state;
	CHECK_STATUS(build(&alias_form, "info@x", &json), STATUS_SYNTAX);
	CHECK_STATUS(build(&alias_form, "info@x|a|b", &json), STATUS_OK);
	assert_string_equal(json,
	    "{\"address\":\"info@x\",\"noun\":\"user\",\"to\":[\"a\",\"b\"],\"verb\":\"set\"}");
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_becomes_an_array),
		cmocka_unit_test(command_lines_become_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
