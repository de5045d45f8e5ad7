/* Which backups stay, and what of the place nobody needs any more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/table.h"
#include "store/backup_place.h"

#define DAYS_TO_MONDAY 3	/* 1970 began on a Thursday */

enum period { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_COUNT };

struct pruning {
	struct backup_place *place;
	struct backup_manifest *all;	/* the oldest first */
	bool *stays;
	size_t count;
	struct backup_pruned result;
};

/* Numbers of the day, week and month in which it was made, where the administrator lives. */
static void
periods_of(uint64_t at_s, int64_t out[PERIOD_COUNT])
{
	time_t at = (time_t)at_s;
	struct tm tm = { 0 };

	(void)localtime_r(&at, &tm);
	out[PERIOD_DAY] = ((int64_t)at + tm.tm_gmtoff) / 86400;
	out[PERIOD_WEEK] = (out[PERIOD_DAY] + DAYS_TO_MONDAY) / 7;
	out[PERIOD_MONTH] = (int64_t)tm.tm_year * 12 + tm.tm_mon;
}

/* The newest of each of the newest so many days, weeks and months that have any. */
static void
choose(struct pruning *p, const struct backup_keep *keep)
{
	uint32_t left[PERIOD_COUNT] = { keep->daily, keep->weekly, keep->monthly };
	int64_t last[PERIOD_COUNT] = { -1, -1, -1 }, now[PERIOD_COUNT];

	for (size_t i = p->count; i > 0; i--) {
		periods_of(p->all[i - 1].taken_at, now);
		for (unsigned n = 0; n < PERIOD_COUNT; n++) {
			if (left[n] == 0 || now[n] == last[n])
				continue;
			last[n] = now[n];
			left[n]--;
			p->stays[i - 1] = true;
		}
	}
}

/* All that it names is there; whether its bytes are right is for backup_check(). */
static bool
is_whole(struct backup_place *p, const struct backup_manifest *m)
{
	char path[CHUNK_PATH_LEN + 1];
	struct stat sb;

	for (size_t i = 0; i < m->chunk_count; i++) {
		chunk_path(m->chunks[i].sha256, path);
		if (faccessat(p->chunks_fd, path, F_OK, 0) != 0)
			return false;
	}
	for (size_t i = 0; i < m->segment_count; i++)
		if (fstatat(p->segments_fd, m->segments[i].file, &sb, AT_SYMLINK_NOFOLLOW) != 0 ||
		    (uint64_t)sb.st_size < m->segments[i].size_bytes)
			return false;
	return true;
}

static enum status
read_all(struct pruning *p, const struct backup_names *names, struct problem *why)
{
	enum status st = STATUS_OK;

	p->all = mem_array(struct backup_manifest, names->count + 1);
	p->stays = mem_array(bool, names->count + 1);
	while (st == STATUS_OK && p->count < names->count) {
		st = backup_manifest_read(p->place, names->names[p->count], &p->all[p->count], why);
		if (st == STATUS_OK)
			p->count++;
	}
	return st;
}

static enum status
remove_manifests(struct pruning *p, struct problem *why)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->stays[i]) {
			p->result.kept++;
			continue;
		}
		if (unlinkat(p->place->backups_fd, p->all[i].name, 0) != 0)
			return file_errno(errno, p->all[i].name, why);
		p->result.removed++;
	}
	/* Before anything that they name goes. */
	return directory_sync_at(p->place->backups_fd, ".", why);
}

static bool
hash_of_name(const char *name, uint8_t out[SHA256_LEN])
{
	if (strlen(name) != 2 * (size_t)SHA256_LEN)
		return false;
	for (size_t i = 0; i < SHA256_LEN; i++) {
		int high = ascii_hex_value(name[2 * i]), low = ascii_hex_value(name[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Bytes of a file of a directory that nobody needs; how many of them go. */
typedef bool sweep_needed(const struct backup_needs *needs, const char *name, uint64_t *size_bytes);

static bool
chunk_needed(const struct backup_needs *needs, const char *name, uint64_t *size_bytes)
{
	uint8_t hash[SHA256_LEN];

	(void)size_bytes;
	return hash_of_name(name, hash) &&
	    table_get(needs->chunks, slice_make(hash, sizeof(hash))) != NULL;
}

static bool
segment_needed(const struct backup_needs *needs, const char *name, uint64_t *size_bytes)
{
	*size_bytes = backup_needs_of(needs, name);
	return *size_bytes > 0;
}

static bool
manifest_needed(const struct backup_needs *needs, const char *name, uint64_t *size_bytes)
{
	(void)needs;
	(void)size_bytes;
	return backup_name_check(slice_from_cstr(name));
}

static enum status
cut(int dir, const char *name, uint64_t size_bytes, struct problem *why)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	enum status st = STATUS_OK;

	if (fd < 0 || ftruncate(fd, (off_t)size_bytes) != 0)
		st = file_errno(errno, name, why);
	if (fd >= 0)
		close(fd);
	return st;
}

static enum status
sweep_one(struct pruning *p, int dir, const char *name, const struct backup_needs *needs,
    sweep_needed *needed, struct problem *why)
{
	uint64_t need = UINT64_MAX;
	struct stat sb;

	if (fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) != 0)
		return file_errno(errno, name, why);
	if (!S_ISREG(sb.st_mode))
		return STATUS_OK;
	if (!needed(needs, name, &need)) {
		p->result.freed_bytes += (uint64_t)sb.st_size;
		return unlinkat(dir, name, 0) == 0 ? STATUS_OK : file_errno(errno, name, why);
	}
	if ((uint64_t)sb.st_size <= need)
		return STATUS_OK;
	p->result.freed_bytes += (uint64_t)sb.st_size - need;
	return cut(dir, name, need, why);
}

static enum status
sweep(struct pruning *p, int parent, const char *path, const struct backup_needs *needs,
    sweep_needed *needed, struct problem *why)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	enum status st = STATUS_OK;

	if (dir == NULL)
		return errno == ENOENT ? STATUS_OK : file_errno(errno, path, why);
	while (st == STATUS_OK && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			st = sweep_one(p, dirfd(dir), e->d_name, needs, needed, why);
	closedir(dir);
	return st;
}

static enum status
sweep_all(struct pruning *p, struct problem *why)
{
	struct backup_needs needs = backup_needs_new();
	enum status st = STATUS_OK;
	char name[3];

	for (size_t i = 0; i < p->count; i++)
		if (p->stays[i])
			backup_needs_add(&needs, &p->all[i]);
	for (unsigned i = 0; st == STATUS_OK && i < 256; i++) {
		snprintf(name, sizeof(name), "%02x", i);
		st = sweep(p, p->place->chunks_fd, name, &needs, chunk_needed, why);
	}
	if (st == STATUS_OK)
		st = sweep(p, p->place->segments_fd, ".", &needs, segment_needed, why);
	if (st == STATUS_OK)
		st = sweep(p, p->place->backups_fd, ".", &needs, manifest_needed, why);
	backup_needs_clear(&needs);
	return st;
}

enum status
backup_prune(struct backup_place *place, const struct backup_keep *keep,
    struct backup_pruned *out, struct problem *why)
{
	struct pruning p = { .place = place };
	struct backup_names names;
	enum status st = backup_names(place, &names, why);
	size_t i;

	if (st != STATUS_OK)
		return st;
	st = read_all(&p, &names, why);
	if (st == STATUS_OK && p.count > 0) {
		choose(&p, keep);
		p.stays[p.count - 1] = true;
		for (i = p.count; i > 1 && !is_whole(place, &p.all[i - 1]); i--)
			;
		p.stays[i - 1] = true;
		st = remove_manifests(&p, why);
	}
	if (st == STATUS_OK)
		st = sweep_all(&p, why);
	if (st == STATUS_OK)
		*out = p.result;
	for (i = 0; i < p.count; i++)
		backup_manifest_clear(&p.all[i]);
	mem_free(p.all);
	mem_free(p.stays);
	backup_names_clear(&names);
	return st;
}
