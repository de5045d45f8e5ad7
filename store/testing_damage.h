/*
 * testing_damage.h -- damages the files and records of a store that nobody has
 * open, and gives it its bytes back.  Include base/check.h first.
 */
#ifndef STORE_TESTING_DAMAGE_H
#define STORE_TESTING_DAMAGE_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/testing.h"

/* The index and the first segment of a store as they were. */
struct original {
	char index[SCRATCH_PATH_MAX + 20], segment[SCRATCH_PATH_MAX + 40];
	struct buf index_bytes, segment_bytes;
};

/* Kinds of damage that damage() does. */
enum damage_kind {
	DAMAGE_FLIP,	/* of a bit */
	DAMAGE_ZERO,
	DAMAGE_CUT,	/* the file ends in the middle of it */
	DAMAGE_KINDS
};

/* Replace what a file holds. */
static inline void
file_put(const char *path, struct slice bytes)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
	close(fd);
}

/* What a file holds; buf_clear() it. */
static inline struct buf
file_get(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = buf_init(1 << 26);
	struct stat sb;

	CHECK(fd >= 0 && fstat(fd, &sb) == 0);
	CHECK_STATUS(buf_reserve(&b, (size_t)sb.st_size), STATUS_OK);
	CHECK(read(fd, b.ptr, (size_t)sb.st_size) == sb.st_size);
	b.len = (size_t)sb.st_size;
	close(fd);
	return b;
}

/* Remember the files; original_clear() it. */
static inline void
original_take(const char *path, struct original *o)
{
	snprintf(o->index, sizeof(o->index), "%s/data.mdb", path);
	snprintf(o->segment, sizeof(o->segment), "%s/segments/00000001.seg", path);
	o->index_bytes = file_get(o->index);
	o->segment_bytes = file_get(o->segment);
}

/* Give the files their bytes back. */
static inline void
original_give(const struct original *o)
{
	file_put(o->index, buf_slice(&o->index_bytes));
	file_put(o->segment, buf_slice(&o->segment_bytes));
}

static inline void
original_clear(struct original *o)
{
	buf_clear(&o->index_bytes);
	buf_clear(&o->segment_bytes);
}

/* Write good bytes to a file, len bytes of them from at on damaged. */
static inline void
file_put_damaged(const char *path, const struct buf *good, size_t at, size_t len,
    enum damage_kind kind)
{
	struct buf bad = buf_init(1 << 26);
	char *byte;

	buf_append(&bad, buf_slice(good));
	byte = bad.ptr + at + at / 7 % len;
	if (kind == DAMAGE_FLIP)
		*byte = (char)(*byte ^ 1 << at / 64 % 8);
	else if (kind == DAMAGE_ZERO)
		memset(bad.ptr + at, 0, len);
	else
		buf_truncate(&bad, at + len / 2);
	file_put(path, buf_slice(&bad));
	buf_clear(&bad);
}

/* Where the records of a segment begin, and their lengths without what fills them up; how many. */
static inline unsigned
records_find(const struct buf *segment, size_t at[64], size_t len[64])
{
	struct segment_record r;
	unsigned n = 0;

	for (size_t i = SEGMENT_HEAD_LEN; i + RECORD_HEAD_LEN < segment->len && n < 64;) {
		struct record_place place = { load_u64le((const uint8_t *)segment->ptr + 8), 1, i };

		if (record_head_decode((const uint8_t *)segment->ptr + i, &place, &r) != STATUS_OK)
			break;
		at[n] = i;
		len[n++] = (size_t)(RECORD_HEAD_LEN + record_meta_len(&r) + r.text.len);
		i += (size_t)record_len(&r);
	}
	return n;
}

/*
 * The n-th record of a table is deleted (at < 0), or one byte of its payload becomes 1, or 2, with a
 * checksum that is right; false: there is none.
 */
static inline bool
record_alter(const char *path, unsigned table, int n, int at)
{
	struct buf bytes = buf_init(ENV_VALUE_MAX);
	struct slice key, value;
	struct cursor *c;
	struct store *s;
	struct txn *t;
	struct key k;
	enum status st;
	bool is_there;

	CHECK_STATUS(store_open(path, ENV_WRITE, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(cursor_open(t, table, &c, NULL), STATUS_OK);
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	for (int i = 0; i < n && st == STATUS_OK; i++)
		st = cursor_next(c, &key, &value, NULL);
	cursor_close(&c);
	is_there = st == STATUS_OK && (at < 0 || (size_t)at < value.len);
	if (is_there) {
		key_init(&k);
		key_bytes(&k, key);
		buf_append(&bytes, value);
		if (at >= 0)
			bytes.ptr[at] = (char)(bytes.ptr[at] == 1 ? 2 : 1);
		st = at < 0 ? txn_delete(t, table, key_slice(&k), NULL) :
		    txn_put(t, table, key_slice(&k), buf_slice(&bytes), NULL);
		CHECK_STATUS(st, STATUS_OK);
	}
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	store_close(&s);
	buf_clear(&bytes);
	return is_there;
}

#endif
