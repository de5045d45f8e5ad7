/* Segments in a place: only ever longer, never other bytes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/backup_place.h"

#define STEP (1024 * 1024)
#define SYNC_EVERY (8u * STEP)	/* so that the disk is never kept busy for long at once */
#define COPIES_MAX 1000

struct copying {
	int from, to;
	struct sha256 *hash;	/* of what was read from the store */
	char *a, *b;
};

/*
 * How far the file has what the store has: *same, at most limit.  What they share goes into the
 * hash.
 */
static enum status
compare(struct copying *c, uint64_t limit, uint64_t *same, struct problem *why)
{
	uint64_t at = 0;
	enum status st = STATUS_OK;

	while (at < limit) {
		size_t n = limit - at < STEP ? (size_t)(limit - at) : STEP, i = 0;

		st = file_get(c->from, at, c->a, n, why);
		if (st == STATUS_OK)
			st = file_get(c->to, at, c->b, n, why);
		if (st != STATUS_OK)
			return st;
		if (memcmp(c->a, c->b, n) != 0)
			while (c->a[i] == c->b[i])
				i++;
		else
			i = n;
		sha256_update(c->hash, slice_make(c->a, i));
		at += i;
		if (i < n)
			break;
	}
	*same = at;
	return STATUS_OK;
}

static enum status
append(struct copying *c, struct backup_place *p, uint64_t at, uint64_t end, struct problem *why)
{
	enum status st = STATUS_OK;
	uint64_t unsynced = 0;

	while (st == STATUS_OK && at < end) {
		size_t n = end - at < STEP ? (size_t)(end - at) : STEP;

		st = file_get(c->from, at, c->a, n, why);
		if (st != STATUS_OK)
			break;
		sha256_update(c->hash, slice_make(c->a, n));
		st = file_put(c->to, at, slice_make(c->a, n), why);
		at += n;
		unsynced += n;
		p->new_bytes += n;
		if (st == STATUS_OK && (unsynced >= SYNC_EVERY || at == end)) {
			st = file_sync(c->to, "segment", why);
			unsynced = 0;
		}
	}
	/* The store's own bytes in the kernel's memory are worth more than a copy's. */
	(void)posix_fadvise(c->from, 0, 0, POSIX_FADV_DONTNEED);
	return st;
}

/* Into this file, if what is in it is the store's.  STALE: another segment has this name. */
static enum status
put_into(struct copying *c, struct backup_place *p, uint64_t needed, struct backup_segment *s,
    struct problem *why)
{
	uint64_t there, same = 0;
	uint8_t back[SHA256_LEN];
	struct stat sb;
	enum status st;

	if (fstat(c->to, &sb) != 0)
		return file_errno(errno, s->file, why);
	there = (uint64_t)sb.st_size < s->size_bytes ? (uint64_t)sb.st_size : s->size_bytes;
	st = compare(c, there, &same, why);
	if (st != STATUS_OK)
		return st;
	if (same < there && same < needed)
		return STATUS_STALE;
	/* What an interrupted backup left behind the part that counts is written over. */
	if (same < there && ftruncate(c->to, (off_t)same) != 0)
		return file_errno(errno, s->file, why);
	st = append(c, p, same, s->size_bytes, why);
	sha256_final(c->hash, s->sha256);
	if (st == STATUS_OK && same < s->size_bytes) {
		st = file_hash(c->to, s->size_bytes, back, why);
		if (st == STATUS_OK && memcmp(back, s->sha256, sizeof(back)) != 0) {
			problem_set(why, "segments/%s reads otherwise than it was written: the disk of "
			    "the backups is not to be trusted", s->file);
			st = STATUS_IO;
		}
	}
	return st;
}

enum status
backup_segment_put(struct backup_place *p, int from, const struct backup_needs *needs,
    struct backup_segment *s, struct problem *why)
{
	struct copying c = { .from = from };
	enum status st = STATUS_STALE;

	c.a = mem_zeroed(1, STEP);
	c.b = mem_zeroed(1, STEP);
	for (unsigned copy = 0; st == STATUS_STALE && copy < COPIES_MAX; copy++) {
		backup_segment_name(s->number, copy, s->file);
		c.to = openat(p->segments_fd, s->file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (c.to < 0) {
			st = file_errno(errno, s->file, why);
			break;
		}
		c.hash = sha256_new();
		st = put_into(&c, p, backup_needs_of(needs, s->file), s, why);
		sha256_free(&c.hash);
		close(c.to);
	}
	mem_free(c.a);
	mem_free(c.b);
	return st;
}
