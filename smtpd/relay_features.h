/*
 * relay_features.h -- what the next server offers in its answer to EHLO.
 */
#ifndef SMTPD_RELAY_FEATURES_H
#define SMTPD_RELAY_FEATURES_H

#include <stdint.h>

#include "base/slice.h"

enum {
	RELAY_PIPELINING = 1,
	RELAY_8BITMIME = 2,
	RELAY_SMTPUTF8 = 4,
	RELAY_STARTTLS = 8,
	RELAY_SIZE = 16,
	RELAY_DSN = 32,
};

struct relay_features {
	unsigned offers;	/* bits of the above */
	unsigned auth;		/* bits of enum relay_mechanism */
	uint64_t size_max;	/* 0: no limit that the server says */
};

/* Take in one line of the answer behind the first: keyword and parameters. */
void relay_features_add(struct relay_features *f, struct slice line);

#endif
