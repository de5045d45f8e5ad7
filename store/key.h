/*
 * key.h -- keys of records: fixed-width numbers, big-endian, then perhaps a
 * name; so LMDB's byte order is the order of the numbers.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include <stdint.h>

#include "base/slice.h"
#include "store/env.h"

struct key {
	uint16_t len;
	uint8_t bytes[ENV_KEY_MAX];
};

/* An empty key, and what is put behind it.  Putting more than ENV_KEY_MAX bytes is a bug of ours. */
void key_init(struct key *k);
void key_u8(struct key *k, uint8_t v);
void key_u16(struct key *k, uint16_t v);
void key_u32(struct key *k, uint32_t v);
void key_u64(struct key *k, uint64_t v);
void key_bytes(struct key *k, struct slice s);

/* The usual forms at once. */
struct slice key_of_u32(struct key *k, uint32_t a);
struct slice key_of_u64(struct key *k, uint64_t a);
struct slice key_of_u32_u32(struct key *k, uint32_t a, uint32_t b);
struct slice key_of_u64_u16(struct key *k, uint64_t a, uint16_t b);
struct slice key_of_u32_name(struct key *k, uint32_t a, struct slice name);
/* Borrowed from k. */
struct slice key_slice(const struct key *k);

/* Number at an offset of a key that was read; 0 where the key is too short. */
uint16_t key_read_u16(struct slice key, size_t at);
uint32_t key_read_u32(struct slice key, size_t at);
uint64_t key_read_u64(struct slice key, size_t at);

#endif
