/*
 * loop_internal.h -- what the rest of net/ may ask of the loop beyond loop.h.
 */
#ifndef NET_LOOP_INTERNAL_H
#define NET_LOOP_INTERNAL_H

#include "net/link.h"
#include "net/loop.h"

/* Work for the end of this turn, in order, without memory of its own.  Zeroed but for fn, ctx. */
struct soon {
	struct link link;	/* first */
	void (*fn)(void *ctx);
	void *ctx;
};

/* Run it when the handlers of this turn are done.  Asking twice is asking once. */
void loop_soon(struct loop *l, struct soon *s);
void loop_soon_cancel(struct soon *s);

/*
 * Memory to read into, shared by everything on the loop: what is in it is used
 * or copied before the reader returns to the loop.
 */
#define LOOP_SCRATCH_SIZE (64 * 1024)
char *loop_scratch(struct loop *l);

/*
 * Give free memory back to the system in some seconds.  A TLS handshake leaves
 * holes of 23 KiB in the heap, more than the connection itself keeps (20 KiB).
 */
void loop_trim_later(struct loop *l);

/* What nobody holds any more and frees itself: dropped by loop_free() if it is still there. */
struct stray {
	struct link link;	/* first */
	void (*drop)(void *ctx);
	void *ctx;
};
void loop_adopt(struct loop *l, struct stray *s);
void loop_release(struct stray *s);
/* How many conns of this loop finish longer than for one step: conn.c counts. */
unsigned *loop_lingering(struct loop *l);

#endif
