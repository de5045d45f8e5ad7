/*
 * mailadm repair: what is damaged in the store of a stopped instance is put
 * aside, all else is kept.  Without --yes it says what it would do.
 */
#include "tools/mending.h"

enum status
cmd_repair(const struct invocation *in, struct problem *why)
{
	return mending(in, repair_store, why);
}
