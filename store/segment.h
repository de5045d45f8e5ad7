/*
 * segment.h -- the files that hold message texts: segments/%08x.seg, written
 * from front to back, records never changed.
 *
 * A segment begins with a head of SEGMENT_HEAD_LEN bytes:
 *   8 bytes "TPSEG1\r\n", u64 store id, u32 number, zeros, u32 CRC-32C of what stands before
 *
 * A record begins at a multiple of 8 with a head of RECORD_HEAD_LEN bytes:
 *   u32 magic, u8 version 2, u8 type, u8 codec, u8 mid_len, u32 envelope_len, u32 digest_len,
 *   u32 stored_len, u32 size_bytes, u64 id, u64 received_at, u16 received_zone, u16 owners_len,
 *   u32 CRC-32C of mid, envelope, owners and digest, u32 CRC-32C of the stored text, u64 uidl,
 *   32 bytes SHA-256 of the text, u32 CRC-32C of the head
 * and goes on with mid, envelope, owners, digest and text.  The head's checksum begins with store
 * id, segment number and position, so bytes that lie elsewhere or came in a message are no record.
 * In version 1 there are no owners, and zero stands for their length.
 *
 * Owners: whose mailboxes the text was written for, 20 bytes each:
 *   u32 account, u8 role, u32 mailbox, i64 internal_at, i16 internal_zone, u8 system flags
 *
 * Types: RECORD_TEXT: id is the text id.  RECORD_MARKER begins a batch: id is the last change
 * number committed before it, and its stored text is u64le ids of texts written before it that
 * were never committed.  RECORD_JOURNAL: id is the first change number in it (sealed.h).
 * RECORD_HOLE: what a repair has put over bytes that were no record; it holds nothing.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#define SEGMENT_SIZE (UINT64_C(64) * 1024 * 1024)
#define SEGMENT_SIZE_MIN (UINT64_C(1024) * 1024)
#define SEGMENT_HEAD_LEN 64
#define RECORD_HEAD_LEN 96
#define RECORD_ALIGN 8

struct store;
struct segment_writer;

enum record_type { RECORD_MARKER = 1, RECORD_TEXT = 2, RECORD_JOURNAL = 3, RECORD_HOLE = 4 };
enum record_codec {
	CODEC_PLAIN = 0,	/* the text as it is */
	CODEC_ZSTD = 1,		/* codec.h */
	CODEC_SAME = 2,		/* u64 id of the text that has the same bytes */
};
#define SAME_LEN 8u

struct record_place {
	uint64_t store;
	uint32_t segment;
	uint64_t at;		/* of the record's head */
};

struct segment_record {
	uint8_t type;
	uint8_t codec;
	uint64_t id;
	uint64_t received_at;
	int16_t received_zone;
	uint64_t uidl;
	uint32_t size_bytes;	/* of the text before the codec */
	uint8_t sha256[SHA256_LEN];
	struct slice mid, envelope, owners, digest, text;	/* decoded: only their lengths are set */
	uint32_t meta_crc, text_crc;
};

/* r->meta_crc and text_crc are the caller's to compute. */
void record_head_encode(const struct segment_record *r, const struct record_place *place,
    uint8_t out[RECORD_HEAD_LEN]);
/* CORRUPT when there is no record of this place. */
MUST_USE enum status record_head_decode(const uint8_t in[RECORD_HEAD_LEN],
    const struct record_place *place, struct segment_record *out);

/* Bytes of the record between its head and its text / of all of it, up to the next one. */
uint64_t record_meta_len(const struct segment_record *r);
uint64_t record_len(const struct segment_record *r);

/* One mailbox that the text was written for: what a rebuild without the index has to know. */
struct record_owner {
	uint32_t account;
	uint8_t role;		/* enum mailbox_role: the account's folder with that role */
	uint32_t mailbox;	/* id; 0: the folder with the role */
	int64_t internal_at;
	int16_t internal_zone;
	uint8_t flags;		/* system flags */
};
#define RECORD_OWNER_LEN 20
#define RECORD_OWNERS_MAX 3000	/* of one text; the index knows of more */

/* Append one. */
void record_owner_put(const struct record_owner *o, struct buf *out);
/* Take the first of what is left; false at the end. */
bool record_owner_next(struct slice *owners, struct record_owner *out);

enum segment_mode { SEGMENT_READ, SEGMENT_WRITE };

/* *fd: given; close().  ABSENT no such file; CORRUPT it is not that segment of that store. */
MUST_USE enum status segment_open(int dir, uint32_t number, uint64_t store, enum segment_mode mode,
    int *fd, struct problem *why);
/* Make a segment of so many bytes, zero-written and on disk with its name.  BUSY disk full. */
MUST_USE enum status segment_make(int dir, uint32_t number, uint64_t store, uint64_t size_bytes,
    struct problem *why);
/*
 * Have the name of a segment on disk in which nothing is yet.  IO: it is deleted, to be made again,
 * because the kernel would say of a second try that all is well.
 */
MUST_USE enum status segment_name_sync(int dir, uint32_t number, struct problem *why);
/* Delete the file of one that nobody wants, if it is there, and have that on disk.  IO. */
MUST_USE enum status segment_delete(int dir, uint32_t number, struct problem *why);
/* Write the head of a segment that is there anew, and sync it. */
MUST_USE enum status segment_head_write(int dir, uint32_t number, uint64_t store,
    struct problem *why);
/* All of len bytes at a position.  CORRUPT when the file ends before. */
MUST_USE enum status segment_read(int fd, uint64_t at, char *out, size_t len,
    struct problem *why);

/* A segment open for reading, from the store's small cache; stays the store's.  One thread. */
MUST_USE enum status store_segment(struct store *s, uint32_t number, int *fd,
    struct problem *why);

#endif
