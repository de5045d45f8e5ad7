/*
 * reason.h -- lines that say why, for the audit: "step=... ".
 */
#ifndef POLICY_REASON_H
#define POLICY_REASON_H

#include "base/buf.h"

#define REASON_VALUE_MAX 120

/* A line that begins with its step; reason_add() releases it. */
struct buf reason_begin(const char *step);
/* Append a value from outside, in quotes, so that it can neither end them nor its line. */
void reason_value(struct buf *line, struct slice value);
/* Take over a finished line; one that finds no room in max is left out, and a last line says so. */
void reason_add(struct buf *reasons, size_t max, struct buf *line);

#endif
