/*
 * imap_token.h -- the words of an IMAP command (RFC 3501 s.9): atoms, quoted
 * strings, literals, numbers, sets.  Reads one command whose literals stand
 * where they were sent, "{5}\r\nhello"; linear, no states.
 *
 * Every take function leaves the reader where it was unless it returns OK.
 */
#ifndef WIRE_IMAP_TOKEN_H
#define WIRE_IMAP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

struct imap_reader {
	struct slice rest;
	struct buf *memory;	/* where quoted pairs are undone; borrowed */
	size_t reserve;		/* memory it may need in all: slices into it never move */
};

/* memory: empty, with a maximum of at least text.len; it must outlive the slices given out. */
struct imap_reader imap_reader_init(struct slice text, struct buf *memory);

/* Nothing is left but blanks. */
bool imap_at_end(const struct imap_reader *r);
/* The next byte is c: take it. */
bool imap_take_byte(struct imap_reader *r, char c);
/* At least one SP: take all of them (one is the rule; Windows Mail sends two). */
bool imap_take_space(struct imap_reader *r);

/* SYNTAX: no such thing here.  Slices are borrowed from the text or from memory. */
MUST_USE enum status imap_take_tag(struct imap_reader *r, struct slice *out);
MUST_USE enum status imap_take_atom(struct imap_reader *r, struct slice *out);
/* An atom, or a backslash and an atom; "\*" too. */
MUST_USE enum status imap_take_flag(struct imap_reader *r, struct slice *out);
/* Quoted string or literal; 8-bit bytes are let through, NUL never, CR and LF in literals only. */
MUST_USE enum status imap_take_string(struct imap_reader *r, struct slice *out);
/* The same or an atom that may hold ']' and 8-bit bytes. */
MUST_USE enum status imap_take_astring(struct imap_reader *r, struct slice *out);
/* The same where '%' and '*' stand for themselves: the pattern of LIST. */
MUST_USE enum status imap_take_pattern(struct imap_reader *r, struct slice *out);
/* String or NIL; then out->ptr is NULL. */
MUST_USE enum status imap_take_nstring(struct imap_reader *r, struct slice *out);
/* Digits.  LIMIT: over 32 bits. */
MUST_USE enum status imap_take_number(struct imap_reader *r, uint32_t *out);
/* The bytes of a set, "1:4,7,9:*"; its ranges come from imap_set_next().  Or "$" (RFC 5182). */
MUST_USE enum status imap_take_set(struct imap_reader *r, struct slice *out);

#define IMAP_SET_STAR 0		/* how '*' is given: no number is 0 */

/*
 * Take the next range off *set, ends as written (first may be the larger).
 * ABSENT at the end.  SYNTAX: 0, over 32 bits, or no range.
 */
MUST_USE enum status imap_set_next(struct slice *set, uint32_t *first, uint32_t *last);

struct imap_literal {
	uint64_t size_bytes;	/* UINT64_MAX when it does not fit */
	bool is_sync;		/* false: "{5+}", the client sends on without asking (RFC 7888) */
};

/* Does the line (without CRLF) announce a literal at its end? */
bool imap_literal_announced(struct slice line, struct imap_literal *out);

#endif
