/*
 * times.h -- how people say when: "2026-11-24", "2026-11-24T08:00:00Z", or how
 * long ago, "90m", "7d".
 */
#ifndef TOOLS_TIMES_H
#define TOOLS_TIMES_H

#include <stdint.h>

#include "base/problem.h"
#include "base/status.h"

/* SYNTAX with why, which names the option. */
MUST_USE enum status time_arg(const char *option, const char *text, uint64_t *at_s,
    struct problem *why);

#endif
