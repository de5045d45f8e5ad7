#include "store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"

#define RECORD_MAGIC 0x31525054	/* "TPR1" */
#define RECORD_VERSION 2	/* 1 had no owners */
#define RECORD_CRC_AT (RECORD_HEAD_LEN - 4)
#define SEGMENT_CRC_AT (SEGMENT_HEAD_LEN - 4)
#define SEGMENT_NAME_MAX 16
#define ZERO_STEP (1024 * 1024)

static uint32_t
record_crc(const uint8_t *head, const struct record_place *place)
{
	uint8_t where[20];

	store_u64le(where, place->store);
	store_u32le(where + 8, place->segment);
	store_u64le(where + 12, place->at);
	return crc32c(crc32c(0, slice_make(where, sizeof(where))),
	    slice_make(head, RECORD_CRC_AT));
}

void
record_head_encode(const struct segment_record *r, const struct record_place *place,
    uint8_t out[RECORD_HEAD_LEN])
{
	memset(out, 0, RECORD_HEAD_LEN);
	store_u32le(out, RECORD_MAGIC);
	out[4] = RECORD_VERSION;
	out[5] = r->type;
	out[6] = r->codec;
	out[7] = (uint8_t)r->mid.len;
	store_u32le(out + 8, (uint32_t)r->envelope.len);
	store_u32le(out + 12, (uint32_t)r->digest.len);
	store_u32le(out + 16, (uint32_t)r->text.len);
	store_u32le(out + 20, r->size_bytes);
	store_u64le(out + 24, r->id);
	store_u64le(out + 32, r->received_at);
	out[40] = (uint8_t)(uint16_t)r->received_zone;
	out[41] = (uint8_t)((uint16_t)r->received_zone >> 8);
	out[42] = (uint8_t)r->owners.len;
	out[43] = (uint8_t)(r->owners.len >> 8);
	store_u32le(out + 44, r->meta_crc);
	store_u32le(out + 48, r->text_crc);
	store_u64le(out + 52, r->uidl);
	memcpy(out + 60, r->sha256, SHA256_LEN);
	store_u32le(out + RECORD_CRC_AT, record_crc(out, place));
}

enum status
record_head_decode(const uint8_t in[RECORD_HEAD_LEN], const struct record_place *place,
    struct segment_record *out)
{
	struct segment_record r = { 0 };

	if (load_u32le(in) != RECORD_MAGIC || in[4] == 0 || in[4] > RECORD_VERSION ||
	    load_u32le(in + RECORD_CRC_AT) != record_crc(in, place))
		return STATUS_CORRUPT;
	r.type = in[5];
	r.codec = in[6];
	r.mid.len = in[7];
	r.envelope.len = load_u32le(in + 8);
	r.digest.len = load_u32le(in + 12);
	r.text.len = load_u32le(in + 16);
	r.size_bytes = load_u32le(in + 20);
	r.id = load_u64le(in + 24);
	r.received_at = load_u64le(in + 32);
	r.received_zone = (int16_t)(uint16_t)(in[40] | in[41] << 8);
	r.owners.len = (size_t)(in[42] | in[43] << 8);
	r.meta_crc = load_u32le(in + 44);
	r.text_crc = load_u32le(in + 48);
	r.uidl = load_u64le(in + 52);
	memcpy(r.sha256, in + 60, SHA256_LEN);
	*out = r;
	return STATUS_OK;
}

uint64_t
record_meta_len(const struct segment_record *r)
{
	return (uint64_t)r->mid.len + r->envelope.len + r->owners.len + r->digest.len;
}

uint64_t
record_len(const struct segment_record *r)
{
	uint64_t len = RECORD_HEAD_LEN + record_meta_len(r) + r->text.len;

	return (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

void
record_owner_put(const struct record_owner *o, struct buf *out)
{
	put_u32le(out, o->account);
	put_u8(out, o->role);
	put_u32le(out, o->mailbox);
	put_u64le(out, (uint64_t)o->internal_at);
	put_u16le(out, (uint16_t)o->internal_zone);
	put_u8(out, o->flags);
}

bool
record_owner_next(struct slice *owners, struct record_owner *out)
{
	struct reader in = reader_of(slice_sub(*owners, 0, RECORD_OWNER_LEN));

	if (owners->len < RECORD_OWNER_LEN)
		return false;
	out->account = read_u32le(&in);
	out->role = read_u8(&in);
	out->mailbox = read_u32le(&in);
	out->internal_at = (int64_t)read_u64le(&in);
	out->internal_zone = (int16_t)read_u16le(&in);
	out->flags = read_u8(&in);
	*owners = slice_skip(*owners, RECORD_OWNER_LEN);
	return true;
}

static void
segment_head(uint8_t out[SEGMENT_HEAD_LEN], uint32_t number, uint64_t store)
{
	memset(out, 0, SEGMENT_HEAD_LEN);
	memcpy(out, "TPSEG1\r\n", 8);
	store_u64le(out + 8, store);
	store_u32le(out + 16, number);
	store_u32le(out + SEGMENT_CRC_AT, crc32c(0, slice_make(out, SEGMENT_CRC_AT)));
}

static enum status
segment_errno(int err, const char *name, struct problem *why)
{
	problem_set_errno(why, err, "segment %s", name);
	switch (err) {
	case ENOENT:
		return STATUS_ABSENT;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EMFILE:
	case ENFILE:
		return STATUS_BUSY;
	default:
		return STATUS_IO;
	}
}

enum status
segment_open(int dir, uint32_t number, uint64_t store, enum segment_mode mode, int *fd,
    struct problem *why)
{
	uint8_t want[SEGMENT_HEAD_LEN], got[SEGMENT_HEAD_LEN];
	char name[SEGMENT_NAME_MAX];
	ssize_t n;
	int f;

	snprintf(name, sizeof(name), "%08x.seg", number);
	f = openat(dir, name, (mode == SEGMENT_READ ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (f < 0)
		return segment_errno(errno, name, why);
	segment_head(want, number, store);
	n = pread(f, got, sizeof(got), 0);
	if (n != (ssize_t)sizeof(got) || memcmp(want, got, sizeof(got)) != 0) {
		problem_set(why, "segment %s is not of this store", name);
		close(f);
		return STATUS_CORRUPT;
	}
	*fd = f;
	return STATUS_OK;
}

enum status
segment_head_write(int dir, uint32_t number, uint64_t store, struct problem *why)
{
	uint8_t head[SEGMENT_HEAD_LEN];
	char name[SEGMENT_NAME_MAX];
	int fd, err = 0;

	snprintf(name, sizeof(name), "%08x.seg", number);
	segment_head(head, number, store);
	fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    fdatasync(fd) != 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err == 0 ? STATUS_OK : segment_errno(err, name, why);
}

/* Zeros go out in steps that are synced one by one, so that a commit never waits for all of them. */
static int
segment_fill(int fd, uint64_t size_bytes)
{
	char *zeros = mem_zeroed(1, ZERO_STEP);
	uint64_t at = 0;
	int err = 0;

	while (at < size_bytes && err == 0) {
		size_t step = size_bytes - at < ZERO_STEP ? (size_t)(size_bytes - at) : ZERO_STEP;
		ssize_t n = pwrite(fd, zeros, step, (off_t)at);

		if (n < 0 && errno != EINTR)
			err = errno;
		else if (n > 0)
			at += (uint64_t)n;
		if (err == 0 && at % (8 * ZERO_STEP) == 0 && fdatasync(fd) != 0)
			err = errno;
	}
	mem_free(zeros);
	return err;
}

enum status
segment_make(int dir, uint32_t number, uint64_t store, uint64_t size_bytes, struct problem *why)
{
	uint8_t head[SEGMENT_HEAD_LEN];
	char name[SEGMENT_NAME_MAX], draft[SEGMENT_NAME_MAX];
	int fd, err;

	snprintf(name, sizeof(name), "%08x.seg", number);
	snprintf(draft, sizeof(draft), "%08x.new", number);
	fd = openat(dir, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return segment_errno(errno, name, why);
	segment_head(head, number, store);
	err = fchmod(fd, 0640) == 0 ? segment_fill(fd, size_bytes) : errno;
	if (err == 0 && pwrite(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		err = errno;
	if (err == 0 && fsync(fd) != 0)
		err = errno;
	close(fd);
	if (err == 0 && renameat(dir, draft, dir, name) != 0)
		err = errno;
	if (err != 0) {
		unlinkat(dir, draft, 0);
		return segment_errno(err, name, why);
	}
	return segment_name_sync(dir, number, why);
}

enum status
segment_name_sync(int dir, uint32_t number, struct problem *why)
{
	char name[SEGMENT_NAME_MAX];

	if (fsync(dir) == 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "syncing the segments' directory");
	snprintf(name, sizeof(name), "%08x.seg", number);
	unlinkat(dir, name, 0);
	return STATUS_IO;
}

enum status
segment_delete(int dir, uint32_t number, struct problem *why)
{
	char name[SEGMENT_NAME_MAX];

	snprintf(name, sizeof(name), "%08x.seg", number);
	if ((unlinkat(dir, name, 0) == 0 || errno == ENOENT) && fsync(dir) == 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "deleting segment %s", name);
	return STATUS_IO;
}

enum status
segment_read(int fd, uint64_t at, char *out, size_t len, struct problem *why)
{
	ssize_t n;

	while (len > 0) {
		n = pread(fd, out, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem_set_errno(why, errno, "reading a segment");
			return STATUS_IO;
		}
		if (n == 0) {
			problem_set(why, "a segment ends before its record does");
			return STATUS_CORRUPT;
		}
		out += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}
