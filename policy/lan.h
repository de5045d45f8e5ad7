/*
 * lan.h -- the address ranges whose hosts send without a login: printers, the
 * company's own programs.
 */
#ifndef POLICY_LAN_H
#define POLICY_LAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#define LAN_RANGES_MAX 64
/* A range wider than these is a slip of the pen that would make an open relay. */
#define LAN_PREFIX4_MIN 8
#define LAN_PREFIX6_MIN 7

struct lan_range {
	uint8_t address[16];	/* IPv4 as ::ffff:a.b.c.d */
	uint8_t prefix;		/* bits of the 128 that count */
};

struct lan {
	unsigned count;
	struct lan_range ranges[LAN_RANGES_MAX];
};

/*
 * Read "192.168.1.7, 10.0.0.0/8, fd00::/8"; empty text: nobody.
 * SYNTAX  not addresses and ranges, separated by commas; bits set behind the prefix; too wide
 * LIMIT   more than LAN_RANGES_MAX
 */
MUST_USE enum status lan_parse(struct slice text, struct lan *out, struct problem *why);
/* peer: a numeric address; anything else is in no range. */
bool lan_has(const struct lan *lan, struct slice peer);

#endif
