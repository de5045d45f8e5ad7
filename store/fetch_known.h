/*
 * fetch_known.h -- what a fetcher hears of one message that an outside server lists.
 */
#ifndef STORE_FETCH_KNOWN_H
#define STORE_FETCH_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct fetch_known {
	uint64_t stored_at;	/* 0: it is to be collected */
	bool is_removed;	/* the server said once that it is gone, and lists it still */
};

#endif
