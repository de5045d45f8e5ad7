/*
 * mending.h -- what mailadm repair and mailadm rebuild have in common: the
 * stopped instance, its people, what is printed while it is done and at the end.
 */
#ifndef TOOLS_MENDING_H
#define TOOLS_MENDING_H

#include "store/repair.h"
#include "tools/command.h"

typedef enum status mending_run(const char *path, const struct repair_options *o,
    struct repair_result *out, struct problem *why);

/* Parse [--yes], take the instance, run it on its store and print everything. */
MUST_USE enum status mending(const struct invocation *in, mending_run *run, struct problem *why);

#endif
