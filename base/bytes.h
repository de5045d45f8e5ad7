/*
 * bytes.h -- fixed-width fields, for records on disk and messages between
 * processes.  Values are little-endian, keys big-endian.  The reader is
 * sticky: after a short read every read gives 0 and reader_at_end() is false,
 * so a decoder checks once, at its end.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct reader {
	struct slice rest;
	bool is_short;	/* a read found too few bytes */
};

/* A reader of borrowed memory. */
struct reader reader_init(const void *data, size_t len);
struct reader reader_of(struct slice s);

/* The next field, in its byte order. */
uint8_t read_u8(struct reader *in);
uint16_t read_u16le(struct reader *in);
uint32_t read_u32le(struct reader *in);
uint64_t read_u64le(struct reader *in);
/* A u32le length and that many bytes; borrowed from the reader's memory. */
struct slice read_slice(struct reader *in);
/* Exactly n bytes; empty and sticky when fewer are left.  Borrowed. */
struct slice read_bytes(struct reader *in, size_t n);
/* Mark the reader as failed: for a decoder that finds a value out of range. */
void reader_fail(struct reader *in);
/* Everything was read and nothing was short. */
bool reader_at_end(const struct reader *in);
/* Nothing was short so far. */
bool reader_ok(const struct reader *in);

/* Append a field; buf_status() tells whether all found room. */
void put_u8(struct buf *out, uint8_t v);
void put_u16le(struct buf *out, uint16_t v);
void put_u32le(struct buf *out, uint32_t v);
void put_u64le(struct buf *out, uint64_t v);
/* A u32le length and the bytes, as read_slice() reads it. */
void put_slice(struct buf *out, struct slice s);

/* The same on fixed memory; big-endian for keys. */
void store_u32be(uint8_t out[4], uint32_t v);
void store_u64be(uint8_t out[8], uint64_t v);
uint32_t load_u32be(const uint8_t in[4]);
uint64_t load_u64be(const uint8_t in[8]);
void store_u32le(uint8_t out[4], uint32_t v);
void store_u64le(uint8_t out[8], uint64_t v);
uint32_t load_u32le(const uint8_t in[4]);
uint64_t load_u64le(const uint8_t in[8]);

#endif
