#include "base/status.h"

static const char *const names[STATUS_COUNT] = {
	[STATUS_OK] = "ok",
	[STATUS_PENDING] = "pending",
	[STATUS_SYNTAX] = "syntax",
	[STATUS_LIMIT] = "limit",
	[STATUS_ABSENT] = "absent",
	[STATUS_EXISTS] = "exists",
	[STATUS_DENIED] = "denied",
	[STATUS_BUSY] = "busy",
	[STATUS_STALE] = "stale",
	[STATUS_CORRUPT] = "corrupt",
	[STATUS_IO] = "io",
	[STATUS_FULL] = "full",
};

const char *
status_name(enum status st)
{
	if ((unsigned)st >= STATUS_COUNT)
		return "unknown";
	return names[st];
}
