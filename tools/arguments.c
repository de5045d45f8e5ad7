#include "tools/arguments.h"

#include <string.h>

#include "base/ascii.h"

static const struct argument *
argument_find(const struct argument *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].name != NULL && strcmp(list[i].name, word) == 0)
			return &list[i];
		if (list[i].name == NULL && word[0] != '-' && *list[i].text == NULL)
			return &list[i];
	}
	return NULL;
}

enum status
arguments_read(const struct invocation *in, const struct argument *list, size_t count,
    struct problem *why)
{
	for (int i = 0; i < in->argc; i++) {
		const struct argument *a = argument_find(list, count, in->argv[i]);
		const char *value;

		if (a == NULL) {
			problem_set(why, "%s is not understood here", in->argv[i]);
			return STATUS_SYNTAX;
		}
		if (a->flag != NULL) {
			*a->flag = true;
			continue;
		}
		value = a->name == NULL ? in->argv[i] : in->argv[++i];
		if (value == NULL || value[0] == '\0') {
			problem_set(why, "%s needs a value", a->name);
			return STATUS_SYNTAX;
		}
		if (a->text != NULL)
			*a->text = value;
		if (a->number != NULL &&
		    parse_u32(slice_from_cstr(value), 0, 1000000, a->number) != STATUS_OK) {
			problem_set(why, "%s takes a number", a->name);
			return STATUS_SYNTAX;
		}
	}
	return STATUS_OK;
}
