/*
 * What LMDB 0.9 writes at the beginning of its file: two pages of which the younger one counts.
 * verify_pages.c says how they are laid out.
 */
#include "store/env_copy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

#define META_MAGIC 0xBEEFC0DEu
#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 65536u

enum { AT_MAGIC = 16, AT_PAGE_SIZE = 40, AT_LAST = 136, AT_TRANSACTION = 144 };

/* What the file has at a place; zeros behind its end, where pages were taken and never written. */
static enum status
read_padded(int fd, uint64_t at, char *out, size_t len, struct problem *why)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem_set_errno(why, errno, "reading an index");
			return STATUS_IO;
		}
		if (n == 0) {
			memset(out, 0, len);
			break;
		}
		out += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

static bool
meta_is_sound(const uint8_t *meta)
{
	uint32_t page_size = load_u32le(meta + AT_PAGE_SIZE);

	return load_u32le(meta + AT_MAGIC) == META_MAGIC && page_size >= PAGE_SIZE_MIN &&
	    page_size <= PAGE_SIZE_MAX;
}

enum status
env_copy_begin(struct env *e, struct txn *t, struct env_copy *out, struct problem *why)
{
	uint64_t snapshot = txn_snapshot(t);
	unsigned slot = (unsigned)(snapshot % 2);
	struct env_copy c = { .fd = env_fd(e) };
	enum status st;

	st = read_padded(c.fd, 0, (char *)c.metas[0], ENV_META_LEN, why);
	if (st != STATUS_OK)
		return st;
	if (!meta_is_sound(c.metas[0])) {
		problem_set(why, "the index does not begin as one");
		return STATUS_CORRUPT;
	}
	c.page_size = load_u32le(c.metas[0] + AT_PAGE_SIZE);
	st = read_padded(c.fd, slot * c.page_size, (char *)c.metas[slot], ENV_META_LEN, why);
	if (st != STATUS_OK)
		return st;
	if (!meta_is_sound(c.metas[slot]) ||
	    load_u64le(c.metas[slot] + AT_TRANSACTION) != snapshot) {
		problem_set(why, "the index changes too fast to be copied");
		return STATUS_STALE;
	}
	/* The pages of the transaction before this one are used again: nobody may go back to it. */
	memcpy(c.metas[1 - slot], c.metas[slot], ENV_META_LEN);
	store_u64le(c.metas[1 - slot], 1 - slot);
	store_u64le(c.metas[1 - slot] + AT_TRANSACTION, snapshot > 0 ? snapshot - 1 : 0);
	c.size_bytes = (load_u64le(c.metas[slot] + AT_LAST) + 1) * c.page_size;
	*out = c;
	return STATUS_OK;
}

enum status
env_copy_read(const struct env_copy *c, uint64_t at, char *out, size_t len, struct problem *why)
{
	enum status st = read_padded(c->fd, at, out, len, why);

	for (unsigned i = 0; st == STATUS_OK && i < 2; i++) {
		uint64_t page = (uint64_t)i * c->page_size;

		if (page < at || page + c->page_size > at + len)
			continue;
		memset(out + (page - at), 0, c->page_size);
		memcpy(out + (page - at), c->metas[i], ENV_META_LEN);
	}
	return st;
}
