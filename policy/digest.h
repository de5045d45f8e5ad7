/*
 * digest.h -- what policyd and its digest helpers say to each other on
 * digest.sock.  A helper connects, says HELLO, and is then sent work; all
 * frames are notices.  It answers in the order of the work.
 *
 *   HELLO  (empty)                                              helper -> policyd
 *   WORK   u64 number, u32 size, u32 prefix; with the text      policyd -> helper
 *   DONE   u64 number, u8 status, 32 bytes SHA-256, slice digest record,
 *          facts (policy/facts.h); after the status nothing unless it is OK
 *   REWRITE    u64 number, u32 size, the order (policy/rewrite.h): u32 prefix,
 *          u64 time, slices mid, name, address, domain, u32 n and as many slices
 *          of domains, u32 n and as many of inside, name, address; with the text
 *   REWRITTEN  u64 number, u8 status, u32 size, 32 bytes SHA-256, slice digest
 *          record, all of the text outside; with the text and behind it the one
 *          outside, one sealed memfd.  After the status nothing unless it is OK
 */
#ifndef POLICY_DIGEST_H
#define POLICY_DIGEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/status.h"
#include "policy/facts.h"
#include "policy/rewrite.h"

enum digest_message { DIGEST_HELLO = 1, DIGEST_WORK, DIGEST_DONE, DIGEST_REWRITE,
	DIGEST_REWRITTEN };

/* Seconds a helper may take for one text; then it is as good as dead. */
#define DIGEST_PATIENCE_S(size_bytes) (5u + (size_bytes) / (1024 * 1024))

struct digest_work {
	uint64_t number;
	uint32_t size_bytes;
	uint32_t prefix_len;	/* what we put in front ourselves: in the digest, not in the facts */
};
/* DIGEST_WORK. */
void digest_work_put(struct buf *out, const struct digest_work *w);
/* CORRUPT: it is none. */
MUST_USE enum status digest_work_read(struct slice payload, struct digest_work *w);

struct digest_done {
	uint64_t number;
	enum status status;	/* unless OK the rest is empty */
	uint8_t sha256[SHA256_LEN];
	struct slice record;	/* store/digest.h */
	struct facts facts;
	struct slice payload;	/* all of it, to be read again later */
};
/* Read the text and append the answer to the work. */
void digest_answer_put(struct buf *out, const struct digest_work *w, struct slice text);
/* The answer when the text could not be read. */
void digest_refusal_put(struct buf *out, uint64_t number, enum status st);
/* Release with digest_done_clear(); slices are borrowed.  CORRUPT: it is no answer. */
MUST_USE enum status digest_done_read(struct slice payload, struct digest_done *d);
void digest_done_clear(struct digest_done *d);

/* DIGEST_REWRITE. */
struct digest_rewrite {
	uint64_t number;
	uint32_t size_bytes;
	struct rewrite_order order;
	struct slice domains[REWRITE_DOMAINS_MAX];
	struct rewrite_address addresses[REWRITE_ADDRESSES_MAX];	/* what order points to, when read */
};
/* order: as much of it as the limits of rewrite.h allow. */
void digest_rewrite_put(struct buf *out, uint64_t number, uint32_t size_bytes,
    const struct rewrite_order *order);
/* Slices are borrowed.  CORRUPT: it is none. */
MUST_USE enum status digest_rewrite_read(struct slice payload, struct digest_rewrite *w);

/* DIGEST_REWRITTEN. */
struct digest_rewritten {
	uint64_t number;
	enum status status;	/* unless OK the rest is empty */
	uint32_t size_bytes;	/* of the text outside */
	uint8_t sha256[SHA256_LEN];
	struct slice record;
};
/* The answer about a text outside. */
void digest_rewritten_put(struct buf *out, uint64_t number, struct slice text);
/* CORRUPT: it is no answer. */
MUST_USE enum status digest_rewritten_read(struct slice payload, struct digest_rewritten *d);

#endif
