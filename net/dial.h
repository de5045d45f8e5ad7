/*
 * dial.h -- make a TCP connection to a host by name or address, without
 * blocking.  Names are resolved with c-ares (/etc/hosts included).
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct dial;
struct loop;

/*
 * Tries the host's addresses in turn until one connects.  Exactly one call of
 * done, unless dial_cancel(): OK with fd (given), ABSENT when the name has no
 * address, BUSY when nothing answered in time or all refused.  ABSENT is for words only: c-ares
 * tells what the last family's answer said, so another time may do (net/dns.h knows for sure).
 * The dial is gone when done is called.
 */
struct dial *dial_start(struct loop *l, struct slice host, uint16_t port, uint32_t deadline_ms,
    void (*done)(void *ctx, enum status st, int fd, const struct problem *why), void *ctx);
void dial_cancel(struct dial **d);

#endif
