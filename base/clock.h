/*
 * clock.h -- what time it is, and times as text.
 * Functions that decide by time take it as an argument; only daemons ask here.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/buf.h"

/* Seconds since 1970, UTC. */
uint64_t clock_now_s(void);
/* Milliseconds that never go back; the origin means nothing. */
uint64_t clock_monotonic_ms(void);
/* The same in microseconds. */
uint64_t clock_monotonic_us(void);

/* RFC 5322 date in UTC: "Tue, 24 Nov 2026 10:36:51 +0000". */
void clock_format_rfc5322(uint64_t at_s, struct buf *out);
/* RFC 3339 in UTC: "2026-11-24T10:36:51Z". */
void clock_format_rfc3339(uint64_t at_s, struct buf *out);
/* The same into fixed memory, NUL-terminated.  Years after 9999 read as its last second. */
#define CLOCK_RFC3339_LEN 20
void clock_write_rfc3339(uint64_t at_s, char out[CLOCK_RFC3339_LEN + 1]);

#endif
