/*
 * arguments.h -- a command line by a table, for commands that are no request
 * to policyd (request.h).
 */
#ifndef TOOLS_ARGUMENTS_H
#define TOOLS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/command.h"

/* One of the three is set: where the value goes. */
struct argument {
	const char *name;	/* "--to"; NULL: what has no name, in order */
	const char **text;
	uint32_t *number;
	bool *flag;
};

/* Values that are not given stay as they are.  SYNTAX names what was not understood. */
MUST_USE enum status arguments_read(const struct invocation *in, const struct argument *list,
    size_t count, struct problem *why);

#endif
