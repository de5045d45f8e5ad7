#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

#define DRAFT_MAX 1024	/* what a sentence may have before it is cut to its place */

/* Cut the draft to the size of why->text and take out what no terminal should get. */
static void
problem_store(struct problem *why, const char *draft)
{
	struct slice s = slice_from_cstr(draft);
	bool is_utf8;
	size_t i;

	s.len = utf8_cut(s, sizeof(why->text) - 1);
	is_utf8 = utf8_is_valid(s);
	for (i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (ascii_is_control(c) || (ascii_is_8bit(c) && !is_utf8))
			c = '?';
		why->text[i] = c;
	}
	why->text[s.len] = '\0';
}

void
problem_set(struct problem *why, const char *format, ...)
{
	char draft[DRAFT_MAX];
	va_list args;

	if (why == NULL || why->text[0] != '\0')
		return;
	va_start(args, format);
	if (vsnprintf(draft, sizeof(draft), format, args) < 0)
		draft[0] = '\0';
	va_end(args);
	problem_store(why, draft);
}

void
problem_set_errno(struct problem *why, int err, const char *format, ...)
{
	const char *text = strerrordesc_np(err);
	char draft[DRAFT_MAX];
	va_list args;
	size_t len;

	if (why == NULL || why->text[0] != '\0')
		return;
	va_start(args, format);
	if (vsnprintf(draft, sizeof(draft), format, args) < 0)
		draft[0] = '\0';
	va_end(args);
	len = strlen(draft);
	if (text != NULL)
		(void)snprintf(draft + len, sizeof(draft) - len, ": %s", text);
	else
		(void)snprintf(draft + len, sizeof(draft) - len, ": error %d", err);
	problem_store(why, draft);
}
