#include "store/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "store/key.h"
#include "store/store.h"

/*
 * History.  key: u32be day
 *   u8 version 1, u64 store_bytes, u64 free_bytes, u64 messages
 */
#define HISTORY_VERSION 1

enum status
history_decode(struct slice key, struct slice value, struct history_row *out)
{
	struct reader in = reader_of(value);
	struct history_row r = { .day = key_read_u32(key, 0) };

	if (key.len != 4 || read_u8(&in) != HISTORY_VERSION)
		return STATUS_CORRUPT;
	r.store_bytes = read_u64le(&in);
	r.free_bytes = read_u64le(&in);
	r.messages = read_u64le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
history_get(struct txn *t, uint32_t day, struct history_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st = txn_get(t, TABLE_HISTORY, key_of_u32(&k, day), &value, why);

	return st == STATUS_OK ? history_decode(key_slice(&k), value, out) : st;
}

/* The row that go() comes to from a day. */
static enum status
history_look(struct txn *t, uint32_t day,
    enum status (*go)(struct cursor *c, struct slice from, struct slice *key, struct slice *value,
    struct problem *why),
    struct history_row *out, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_HISTORY, &c, why);

	if (st != STATUS_OK)
		return st;
	st = go(c, key_of_u32(&k, day), &key, &value, why);
	if (st == STATUS_OK)
		st = history_decode(key, value, out);
	cursor_close(&c);
	return st;
}

enum status
history_first(struct txn *t, uint32_t day, struct history_row *out, struct problem *why)
{
	return history_look(t, day, cursor_seek, out, why);
}

enum status
history_before(struct txn *t, uint32_t day, struct history_row *out, struct problem *why)
{
	return history_look(t, day, cursor_before, out, why);
}

enum status
history_put(struct txn *t, const struct history_row *row, struct problem *why)
{
	struct history_row old;
	uint64_t count = 0;
	struct buf b = buf_init(64);
	struct key k;
	enum status st;

	put_u8(&b, HISTORY_VERSION);
	put_u64le(&b, row->store_bytes);
	put_u64le(&b, row->free_bytes);
	put_u64le(&b, row->messages);
	st = txn_put(t, TABLE_HISTORY, key_of_u32(&k, row->day), buf_slice(&b), why);
	buf_clear(&b);
	if (st == STATUS_OK)
		st = txn_count(t, TABLE_HISTORY, &count, why);
	for (; st == STATUS_OK && count > HISTORY_DAYS; count--) {
		st = history_first(t, 0, &old, why);
		if (st == STATUS_CORRUPT)
			return STATUS_OK;	/* it is for mailadm repair */
		if (st == STATUS_OK)
			st = txn_delete(t, TABLE_HISTORY, key_of_u32(&k, old.day), why);
	}
	return st;
}

enum history_outlook
history_forecast(const struct history_row *then, const struct history_row *now,
    uint64_t *bytes_a_day, uint64_t *days)
{
	uint64_t passed = now->day - then->day;

	*bytes_a_day = *days = 0;
	if (now->day <= then->day)
		return HISTORY_UNKNOWN;
	if (now->store_bytes < then->store_bytes + passed)
		return HISTORY_NOT_GROWING;
	*bytes_a_day = (now->store_bytes - then->store_bytes) / passed;
	*days = now->free_bytes / *bytes_a_day;
	return HISTORY_GROWING;
}

enum status
history_measure(struct store *s, uint64_t *store_bytes, uint64_t *free_bytes,
    struct problem *why)
{
	int fd = openat(store_segments_fd(s), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct statvfs fs;
	struct stat sb;
	uint64_t blocks = 0;
	bool is_known = dir != NULL && fstatvfs(fd, &fs) == 0 &&
	    fstat(env_fd(store_env(s)), &sb) == 0;

	if (is_known)
		blocks = (uint64_t)sb.st_blocks;
	while (is_known && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    fstatat(fd, entry->d_name, &sb, AT_SYMLINK_NOFOLLOW) == 0)
			blocks += (uint64_t)sb.st_blocks;
	if (!is_known)
		problem_set_errno(why, errno, "the store's files");
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	if (!is_known)
		return STATUS_IO;
	*store_bytes = blocks * 512;
	*free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return STATUS_OK;
}
