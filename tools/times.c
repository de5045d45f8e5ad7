#include "tools/times.h"

#include <time.h>

#include "base/clock.h"
#include "base/settings.h"

enum status
time_arg(const char *option, const char *text, uint64_t *at_s, struct problem *why)
{
	uint64_t now_s = clock_now_s();
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	uint32_t ago_s;

	if (end != NULL && *end == 'T')
		end = strptime(end, "T%H:%M:%SZ", &tm);
	if (end != NULL && *end == '\0') {
		*at_s = (uint64_t)timegm(&tm);
		return STATUS_OK;
	}
	if (settings_parse_duration(slice_from_cstr(text), &ago_s) == STATUS_OK) {
		*at_s = ago_s < now_s ? now_s - ago_s : 0;
		return STATUS_OK;
	}
	problem_set(why, "%s takes a day (2026-11-24), a time (2026-11-24T08:00:00Z) or how long "
	    "ago it was (90m, 7d), not \"%s\"", option, text);
	return STATUS_SYNTAX;
}
