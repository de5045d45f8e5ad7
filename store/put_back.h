/*
 * put_back.h -- STORE_PUT_BACK: one message of a backup comes into an account
 * again, with its flags, keywords and INTERNALDATE, in a folder that is made
 * as needed and subscribed.  The account's quota does not stop an administrator.
 */
#ifndef STORE_PUT_BACK_H
#define STORE_PUT_BACK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct put_back {
	uint32_t account;
	struct slice folder;	/* name */
	struct slice mid;	/* the message's name in every log, as it was */
	uint32_t size_bytes;
	uint8_t sha256[SHA256_LEN];
	uint64_t received_at;
	int64_t internal_at;
	int16_t internal_zone;
	uint64_t flags;		/* system flags */
	struct slice keywords;	/* separated by SP */
	struct slice digest;
	struct slice subject, note;	/* for an audit record, when note is not empty */
};

/* LIMIT: it does not fit a frame. */
MUST_USE enum status put_back_put(const struct put_back *p, struct buf *out);
/* Borrowed.  CORRUPT. */
MUST_USE enum status put_back_read(struct slice payload, struct put_back *out);

/* Text fd (-1: none) stays the caller's.  CORRUPT the payload or the memfd. */
struct job;
MUST_USE enum status job_of_put_back(struct slice payload, int fd, uint64_t now_s,
    struct job **out, struct problem *why);

#endif
