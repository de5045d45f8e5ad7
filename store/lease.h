/*
 * lease.h -- which queue entries relayd has in hand: in memory, and as long as the connection of
 * who took them.
 */
#ifndef STORE_LEASE_H
#define STORE_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEASES_MAX 10000

struct leases;

struct leases *leases_new(void);
void leases_free(struct leases **l);
/* How many entries somebody has. */
size_t leases_count(const struct leases *l);
/* Has somebody this entry? */
bool leases_has(const struct leases *l, uint64_t entry);
/* peer takes an entry with this text.  At most LEASES_MAX are to be there before. */
void leases_begin(struct leases *l, uint64_t entry, uint64_t peer, uint64_t text);
/* It is settled, or is no more.  Nothing happens where nobody had it. */
void leases_end(struct leases *l, uint64_t entry);
/* The connection is gone, and with it what it had. */
void leases_end_peer(struct leases *l, uint64_t peer);
/* Somebody has an entry with this text. */
bool leases_has_text(struct leases *l, uint64_t text);

#endif
