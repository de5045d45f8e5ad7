/*
 * hash.h -- SHA-256 for identity, HMAC for tokens, CRC-32C for damage,
 * SipHash for tables an attacker feeds.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define SHA256_LEN 32

struct sha256;	/* a hash being computed */

/* A hash of nothing yet, given; sha256_free() it.  update adds bytes. */
struct sha256 *sha256_new(void);
void sha256_update(struct sha256 *h, struct slice s);
/* Writes the hash and starts a new one. */
void sha256_final(struct sha256 *h, uint8_t out[SHA256_LEN]);
void sha256_free(struct sha256 **h);
/* All at once. */
void sha256_of(struct slice s, uint8_t out[SHA256_LEN]);

/* HMAC-SHA-256, RFC 2104. */
void hmac_sha256(struct slice key, struct slice text, uint8_t out[SHA256_LEN]);
/* Compares in a time that depends on len only. */
bool hash_equal(const void *a, const void *b, size_t len);

/* CRC-32C (Castagnoli) of s, continuing from seed (0 to begin). */
uint32_t crc32c(uint32_t seed, struct slice s);
/* The same on any machine: crc32c() uses it where the processor has no instruction for it. */
uint32_t crc32c_portable(uint32_t seed, struct slice s);
/* SipHash-2-4 under a 16-byte key. */
uint64_t siphash(const uint8_t key[16], struct slice s);

#endif
