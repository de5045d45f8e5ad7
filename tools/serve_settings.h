/*
 * serve_settings.h -- what the supervisor reads of tradepost.conf.
 */
#ifndef TOOLS_SERVE_SETTINGS_H
#define TOOLS_SERVE_SETTINGS_H

#include <stdint.h>

#include "base/problem.h"
#include "base/settings.h"
#include "tools/children.h"

#define LISTEN_COUNT 7

struct serve_settings {
	char *domain;
	struct children_counts counts;
	char *listen[LISTEN_COUNT];	/* by listen_names */
};

extern const char *const listen_names[LISTEN_COUNT];
extern const uint16_t listen_ports[LISTEN_COUNT];	/* the standard ones */

/* From ../tradepost.conf; errors as settings_load(). */
MUST_USE enum status serve_settings_load(struct serve_settings *out, struct problem *why);
void serve_settings_free(struct serve_settings *s);
/* The rows, for the reference page. */
const struct setting *serve_settings_rows(size_t *count);

#endif
