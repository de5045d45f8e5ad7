/*
 * mailadm rebuild: a store for a stopped instance from its segments alone,
 * where the index is lost.  Without --yes it says what it would do.
 */
#include "tools/mending.h"

enum status
cmd_rebuild(const struct invocation *in, struct problem *why)
{
	return mending(in, rebuild_store, why);
}
