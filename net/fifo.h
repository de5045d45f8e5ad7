/*
 * fifo.h -- bytes in a row, added behind and taken in front, without moving
 * what stays.  Holds no memory while empty.  Who fills it sets the limit.
 * Private to net/.
 */
#ifndef NET_FIFO_H
#define NET_FIFO_H

#include "base/slice.h"

struct fifo {
	char *ptr;
	size_t from;	/* first byte not taken */
	size_t to;	/* behind the last byte */
	size_t cap;
};

/* Bytes that are there. */
static inline size_t
fifo_len(const struct fifo *f)
{
	return f->to - f->from;
}

/* Borrowed until the next change. */
static inline struct slice
fifo_slice(const struct fifo *f)
{
	return slice_make(f->ptr == NULL ? NULL : f->ptr + f->from, fifo_len(f));
}

/* Add a copy of the bytes. */
void fifo_append(struct fifo *f, struct slice s);
/* Drop the first n bytes (n <= fifo_len). */
void fifo_consume(struct fifo *f, size_t n);
void fifo_clear(struct fifo *f);

#endif
