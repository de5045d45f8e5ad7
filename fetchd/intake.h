/*
 * intake.h -- a fetched text on its way into a memfd: our Received line first,
 * then the server's bytes with every line end made CRLF.  Nothing else of them
 * is changed.
 */
#ifndef FETCHD_INTAKE_H
#define FETCHD_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct intake {
	int fd;			/* the memfd, -1: none */
	struct buf pending;	/* not written yet */
	uint64_t size_bytes;	/* prefix included */
	uint64_t max;
	uint32_t prefix_len;
	bool is_behind_cr;
	bool was_mended;	/* a bare CR or LF became CRLF */
};

/* What the Received line says. */
struct intake_origin {
	struct slice host;	/* the outside server */
	struct slice user;	/* our name there */
	struct slice hostname;	/* ours */
	struct slice mid;
	bool is_secure;
	uint64_t received_at;
};

struct intake intake_init(void);
void intake_clear(struct intake *in);
/* Begin a text of at most max bytes, our line not counted.  IO, BUSY: no memfd. */
MUST_USE enum status intake_begin(struct intake *in, const struct intake_origin *from,
    uint64_t max, struct problem *why);
/* LIMIT above max. */
MUST_USE enum status intake_feed(struct intake *in, struct slice piece, struct problem *why);
/* All is there: sealed.  in->fd is the caller's from now on (and -1 here); close(). */
MUST_USE enum status intake_end(struct intake *in, int *fd, struct problem *why);

/* Append our Received line. */
void intake_received(const struct intake_origin *from, struct buf *out);

#endif
