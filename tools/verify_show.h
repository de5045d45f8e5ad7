/* verify_show.h -- how far a verification is, on a terminal. */
#ifndef TOOLS_VERIFY_SHOW_H
#define TOOLS_VERIFY_SHOW_H

#include <stdint.h>

#include "base/slice.h"

/* Write the line of progress over the one before; the arguments are those of verify_hooks. */
void verify_show(struct slice stage, uint64_t done, uint64_t total);

#endif
