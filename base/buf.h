/*
 * buf.h -- bytes that grow, up to a stated maximum.
 * Appending past the maximum changes nothing, returns STATUS_LIMIT and is
 * remembered: a writer of many fields may check once, by buf_status().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct buf {
	char *ptr;	/* NULL until the first append and after buf_clear() */
	size_t len;
	size_t cap;
	size_t max;	/* len never passes this */
	bool is_over;	/* an append did not fit */
};

/* An empty buf that will hold at most max bytes.  Allocates nothing. */
struct buf buf_init(size_t max);
/* Release the memory; the buf is empty again and usable, with the same max. */
void buf_clear(struct buf *b);
/* As buf_clear(), wiping the memory first.  For secrets: reserve early, growing leaves copies. */
void buf_wipe(struct buf *b);
/* Forget the contents and is_over, keep the memory. */
void buf_reset(struct buf *b);

/* Each appends all or nothing; LIMIT when it does not fit.  s lies outside of b's memory. */
enum status buf_append(struct buf *b, struct slice s);
enum status buf_append_byte(struct buf *b, char c);
enum status buf_append_u64(struct buf *b, uint64_t n);	/* decimal */
enum status buf_append_hex(struct buf *b, struct slice bytes);	/* lower case */
/* format is a literal of ours; values from peers only through %.*s. */
enum status buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for n more bytes at b->ptr + b->len; LIMIT when over max.  The caller raises len. */
MUST_USE enum status buf_reserve(struct buf *b, size_t n);
/* Drop the first n bytes (n <= len); frees the memory when nothing is left. */
void buf_consume(struct buf *b, size_t n);
/* Make it n bytes long (n <= len). */
void buf_truncate(struct buf *b, size_t n);

/* LIMIT when any append since init or reset did not fit, else OK. */
MUST_USE enum status buf_status(const struct buf *b);
/* Borrowed; valid until the next change of b. */
struct slice buf_slice(const struct buf *b);
/* NUL-terminated contents for a library; SYNTAX when they contain a NUL.  Borrowed. */
MUST_USE enum status buf_cstr(struct buf *b, const char **out);

#endif
