/*
 * ascii.h -- character classes and numbers, without a locale.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

/* What a byte is, and its other case.  Bytes from 128 on are 8bit and nothing else. */
/* Inline, since parsers call them for every byte.  ASCII only: a byte above 127 is of no class. */
static inline bool
ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 0 to 9. */
static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A letter or a digit. */
static inline bool
ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

/* SP HTAB CR LF */
static inline bool
ascii_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Below SP, and DEL. */
static inline bool
ascii_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Above 127. */
static inline bool
ascii_is_8bit(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

/* A to Z become a to z; others stay. */
static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* a to z become A to Z; others stay. */
static inline char
ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

int ascii_hex_value(char c);	/* 0..15, or -1 */
/* The whole of hex is so many bytes in hexadecimal: SYNTAX when not. */
MUST_USE enum status ascii_hex_decode(struct slice hex, void *out, size_t len);

/* True when s is valid UTF-8 (no overlong form, no surrogate, RFC 3629). */
bool utf8_is_valid(struct slice s);
/* Bytes of the one UTF-8 character that s begins with; 0 when s is empty or begins with none. */
size_t utf8_char_len(struct slice s);
/* Length of the longest prefix of s, at most max bytes, that cuts no UTF-8 character. */
size_t utf8_cut(struct slice s, size_t max);

/*
 * The whole of s as a decimal number within [min, max].
 * SYNTAX: empty, or anything but digits.  LIMIT: out of range.
 */
MUST_USE enum status parse_u32(struct slice s, uint32_t min, uint32_t max, uint32_t *out);
MUST_USE enum status parse_u64(struct slice s, uint64_t min, uint64_t max, uint64_t *out);

#endif
