#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/backup_place.h"
#include "store/counters.h"
#include "store/env_copy.h"
#include "store/segment_row.h"
#include "store/store.h"

#define SNAPSHOT_TRIES 100
#define SEGMENT_NAME_LEN 12	/* XXXXXXXX.seg */
#define FILE_SIZE_MAX (UINT64_C(64) * 1024 * 1024)	/* of a settings or certificate file */
#define FILES_DEPTH_MAX 4

struct taking {
	struct backup_place *place;
	const struct backup_source *source;
	const struct backup_hooks *hooks;
	struct backup_needs needs;
	struct backup_manifest last;	/* the newest one before, or empty */
	struct backup_manifest made;
	struct counters counters;
	uint32_t *wanted;	/* segments that hold texts of the snapshot */
	size_t wanted_count;
	uint64_t read_bytes;
};

static void
progress(const struct taking *t, const char *stage, uint64_t done, uint64_t total)
{
	if (t->hooks->progress != NULL)
		t->hooks->progress(t->hooks->ctx, slice_from_cstr(stage), done, total);
}

/* Path of something below the instance's root. */
static enum status
root_path(const struct taking *t, const char *below, char out[4096], struct problem *why)
{
	if (snprintf(out, 4096, "%s/%s", t->source->root, below) < 4096)
		return STATUS_OK;
	problem_set(why, "%s: the path is too long", below);
	return STATUS_LIMIT;
}

/* What the backups before this one need, and the newest of them. */
static enum status
read_before(struct taking *t, struct problem *why)
{
	struct backup_names names;
	enum status st = backup_names(t->place, &names, why);

	for (size_t i = 0; st == STATUS_OK && i < names.count; i++) {
		backup_manifest_clear(&t->last);
		st = backup_manifest_read(t->place, names.names[i], &t->last, why);
		if (st == STATUS_CORRUPT) {	/* it costs that backup only: nothing is removed here */
			if (t->hooks->found != NULL)
				t->hooks->found(t->hooks->ctx, slice_from_cstr(names.names[i]),
				    SLICE("its manifest is damaged"));
			st = STATUS_OK;
			continue;
		}
		if (st == STATUS_OK)
			backup_needs_add(&t->needs, &t->last);
	}
	backup_names_clear(&names);
	return st;
}

/* The bytes of an environment, chunk by chunk; its transaction stays open meanwhile. */
static enum status
put_copy(struct taking *t, const struct env_copy *c, const char *stage, const char *path,
    uint32_t mode, struct problem *why)
{
	char *chunk = mem_zeroed(1, BACKUP_CHUNK);
	uint8_t hash[SHA256_LEN];
	enum status st = STATUS_OK;

	backup_manifest_add_file(&t->made, path, mode, c->size_bytes);
	for (uint64_t at = 0; st == STATUS_OK && at < c->size_bytes; at += BACKUP_CHUNK) {
		uint64_t left = c->size_bytes - at;
		size_t n = left < BACKUP_CHUNK ? (size_t)left : BACKUP_CHUNK;

		st = env_copy_read(c, at, chunk, n, why);
		if (st == STATUS_OK)
			st = chunk_put(t->place, slice_make(chunk, n), hash, why);
		if (st == STATUS_OK)
			backup_manifest_add_chunk(&t->made, hash);
		t->read_bytes += n;
		progress(t, stage, at + n, c->size_bytes);
	}
	mem_free(chunk);
	return st;
}

/* A transaction and what it takes to copy what it sees: the writer may be too fast at first. */
static enum status
snapshot_begin(struct env *e, struct txn **txn, struct env_copy *copy, struct problem *why)
{
	enum status st = STATUS_STALE;

	for (unsigned i = 0; st == STATUS_STALE && i < SNAPSHOT_TRIES; i++) {
		st = txn_begin_read(e, txn, why);
		if (st != STATUS_OK)
			return st;
		st = env_copy_begin(e, *txn, copy, i + 1 < SNAPSHOT_TRIES ? NULL : why);
		if (st != STATUS_OK)
			txn_abort(txn);
	}
	return st == STATUS_STALE ? STATUS_BUSY : st;
}

static bool
segment_want(void *ctx, const struct segment_row *row)
{
	struct taking *t = ctx;

	if (row->live_bytes == 0)
		return true;
	t->wanted = mem_resize(t->wanted, t->wanted_count + 1, sizeof(*t->wanted));
	t->wanted[t->wanted_count++] = row->number;
	return true;
}

static enum status
put_index(struct taking *t, struct store *s, struct problem *why)
{
	struct env_copy copy;
	struct txn *txn = NULL;
	enum status st = snapshot_begin(store_env(s), &txn, &copy, why);

	if (st != STATUS_OK)
		return st;
	st = counters_get(txn, &t->counters, why);
	for (size_t i = 0; st == STATUS_OK && i < BACKUP_ROWS; i++)
		st = txn_count(txn, backup_tables[i].table, &t->made.rows[i], why);
	if (st == STATUS_OK)
		st = segment_row_each(txn, 0, segment_want, t, why);
	t->made.change = t->counters.change;
	if (st == STATUS_OK)
		st = put_copy(t, &copy, "index", "store/data.mdb", 0640, why);
	txn_abort(&txn);
	return st;
}

/* Bytes of a segment that a backup needs: the one being written counts up to its tail. */
static enum status
segment_describe(const struct taking *t, int fd, struct backup_segment *s, struct problem *why)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return file_errno(errno, "a segment", why);
	s->size_bytes = (uint64_t)sb.st_size;
	if (s->number == t->counters.segment && t->counters.segment_at < s->size_bytes)
		s->size_bytes = t->counters.segment_at;
	s->inode = (uint64_t)sb.st_ino;
	s->changed_ns = (uint64_t)sb.st_ctim.tv_sec * 1000000000u + (uint64_t)sb.st_ctim.tv_nsec;
	return STATUS_OK;
}

/* The last backup has exactly this, and the place still holds it. */
static bool
segment_is_known(const struct taking *t, const struct backup_segment *s,
    struct backup_segment *known)
{
	const struct backup_segment *l = backup_manifest_segment(&t->last, s->number);
	struct stat sb;

	if (l == NULL || l->size_bytes != s->size_bytes || l->inode != s->inode ||
	    l->changed_ns != s->changed_ns ||
	    fstatat(t->place->segments_fd, l->file, &sb, AT_SYMLINK_NOFOLLOW) != 0 ||
	    (uint64_t)sb.st_size < l->size_bytes)
		return false;
	*known = *l;
	return true;
}

/* Nobody kept stored from compacting: it was started meanwhile. */
static enum status
segments_moved(struct problem *why)
{
	problem_set(why, "texts were moved meanwhile: run it again");
	return STATUS_BUSY;
}

static enum status
put_segment(struct taking *t, int dir, uint32_t number, struct problem *why)
{
	struct backup_segment s = { .number = number };
	char name[BACKUP_FILE_MAX + 1];
	int fd;
	enum status st;

	backup_segment_name(number, 0, name);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return segments_moved(why);
	if (fd < 0)
		return file_errno(errno, name, why);
	st = segment_describe(t, fd, &s, why);
	if (st == STATUS_OK && !segment_is_known(t, &s, &s)) {
		st = backup_segment_put(t->place, fd, &t->needs, &s, why);
		t->read_bytes += s.size_bytes;
	}
	close(fd);
	if (st == STATUS_OK)
		backup_manifest_add_segment(&t->made, &s);
	return st;
}

static int
numbers_order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool
segment_number(const char *name, uint32_t *number)
{
	uint32_t n = 0;

	if (strlen(name) != SEGMENT_NAME_LEN || strcmp(name + 8, ".seg") != 0)
		return false;
	for (size_t i = 0; i < 8; i++) {
		int digit = ascii_hex_value(name[i]);

		if (digit < 0)
			return false;
		n = n << 4 | (unsigned)digit;
	}
	*number = n;
	return true;
}

/* Numbers of the segments that the snapshot may refer to; given, ascending. */
static enum status
segments_list(const struct taking *t, int dir_fd, uint32_t **out, size_t *count,
    struct problem *why)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint32_t *numbers = NULL, n;
	size_t used = 0;
	struct dirent *e;

	if (dir == NULL)
		return file_errno(errno, "store/segments", why);
	while ((e = readdir(dir)) != NULL) {
		if (!segment_number(e->d_name, &n) || n > t->counters.segment)
			continue;
		numbers = mem_resize(numbers, used + 1, sizeof(*numbers));
		numbers[used++] = n;
	}
	closedir(dir);
	if (used > 1)
		qsort(numbers, used, sizeof(*numbers), numbers_order);
	*out = numbers;
	*count = used;
	return STATUS_OK;
}

static enum status
put_segments(struct taking *t, struct store *s, struct problem *why)
{
	int dir = store_segments_fd(s);
	uint32_t *numbers = NULL;
	size_t count = 0;
	enum status st = segments_list(t, dir, &numbers, &count, why);

	for (size_t i = 0; st == STATUS_OK && i < count; i++) {
		st = put_segment(t, dir, numbers[i], why);
		progress(t, "segments", i + 1, count);
	}
	for (size_t i = 0; st == STATUS_OK && i < t->wanted_count; i++)
		if (backup_manifest_segment(&t->made, t->wanted[i]) == NULL)
			st = segments_moved(why);
	mem_free(numbers);
	return st;
}

static enum status
put_store(struct taking *t, struct problem *why)
{
	char path[4096];
	struct store *s = NULL;
	enum status st = root_path(t, "store", path, why);

	if (st == STATUS_OK)
		st = store_open(path, ENV_READ, &s, why);
	if (st != STATUS_OK)
		return st;
	t->made.store = store_id(s);
	if (t->last.store != 0 && t->last.store != t->made.store) {
		problem_set(why, "the backups there are of another instance: give each a directory of "
		    "its own");
		st = STATUS_DENIED;
	}
	if (st == STATUS_OK)
		st = put_index(t, s, why);
	if (st == STATUS_OK)
		st = put_segments(t, s, why);
	store_close(&s);
	return st;
}

static enum status
put_directory(struct taking *t, struct problem *why)
{
	struct env_copy copy;
	struct env *e = NULL;
	struct txn *txn = NULL;
	char path[4096];
	enum status st = root_path(t, "policy", path, why);

	if (st == STATUS_OK)
		st = env_open(path, ENV_READ, NULL, 0, &e, why);
	if (st == STATUS_OK)
		st = snapshot_begin(e, &txn, &copy, why);
	if (st == STATUS_OK)
		st = put_copy(t, &copy, "directory", "policy/data.mdb", 0640, why);
	txn_abort(&txn);
	env_close(&e);
	return st;
}

static enum status
put_file(struct taking *t, const char *below, int fd, const struct stat *sb, struct problem *why)
{
	char *chunk = mem_zeroed(1, BACKUP_CHUNK);
	uint64_t size_bytes = (uint64_t)sb->st_size;
	uint8_t hash[SHA256_LEN];
	enum status st = STATUS_OK;

	if (size_bytes > FILE_SIZE_MAX || !backup_path_check(slice_from_cstr(below))) {
		problem_set(why, "%s: too large a file, or an odd name, for a settings file", below);
		st = STATUS_LIMIT;
	} else {
		backup_manifest_add_file(&t->made, below, sb->st_mode & 0777, size_bytes);
	}
	for (uint64_t at = 0; st == STATUS_OK && at < size_bytes; at += BACKUP_CHUNK) {
		uint64_t left = size_bytes - at;
		size_t n = left < BACKUP_CHUNK ? (size_t)left : BACKUP_CHUNK;

		st = file_get(fd, at, chunk, n, why);
		if (st == STATUS_OK)
			st = chunk_put(t->place, slice_make(chunk, n), hash, why);
		if (st == STATUS_OK)
			backup_manifest_add_chunk(&t->made, hash);
		t->read_bytes += n;
	}
	mem_free(chunk);
	return st;
}

/* A file, or all files in a directory; what is neither is passed over. */
static enum status
put_below(struct taking *t, const char *below, unsigned depth, struct problem *why)
{
	char path[4096], inner[4096];
	struct dirent *e;
	struct stat sb;
	DIR *dir;
	enum status st = root_path(t, below, path, why);
	int fd = st == STATUS_OK ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

	if (st != STATUS_OK)
		return st;
	if (fd < 0)
		return errno == ELOOP ? STATUS_OK : file_errno(errno, path, why);
	if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode))
		st = put_file(t, below, fd, &sb, why);
	dir = S_ISDIR(sb.st_mode) && depth < FILES_DEPTH_MAX ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		close(fd);
		return st;
	}
	while (st == STATUS_OK && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof(inner), "%.3000s/%s", below, e->d_name);
		st = put_below(t, inner, depth + 1, why);
	}
	closedir(dir);
	return st;
}

/* All names that were made are on disk before the manifest speaks of them. */
static enum status
sync_names(struct taking *t, struct problem *why)
{
	enum status st = directory_sync_at(t->place->segments_fd, ".", why);
	bool is_touched[256] = { false };
	char name[3];

	for (size_t i = 0; i < t->made.chunk_count; i++)
		is_touched[t->made.chunks[i].sha256[0]] = true;
	for (unsigned i = 0; st == STATUS_OK && i < 256; i++) {
		snprintf(name, sizeof(name), "%02hhx", (unsigned char)i);
		if (is_touched[i])
			st = directory_sync_at(t->place->chunks_fd, name, why);
	}
	if (st == STATUS_OK)
		st = directory_sync_at(t->place->chunks_fd, ".", why);
	if (st == STATUS_OK)
		st = directory_sync_at(t->place->fd, ".", why);
	return st;
}

static enum status
take(struct taking *t, struct problem *why)
{
	enum status st = read_before(t, why);

	t->made.taken_at = clock_now_s();
	while (t->last.name[0] != '\0') {	/* two within a second, or a clock that was put back */
		backup_name_make(t->made.taken_at, t->made.name);
		if (strcmp(t->made.name, t->last.name) > 0)
			break;
		t->made.taken_at++;
	}
	backup_name_make(t->made.taken_at, t->made.name);
	for (const char *const *f = t->source->early_files; st == STATUS_OK && *f != NULL; f++) {
		st = put_below(t, *f, 0, why);
		st = st == STATUS_ABSENT ? STATUS_OK : st;
	}
	if (st == STATUS_OK)
		st = put_store(t, why);
	if (st == STATUS_OK)
		st = put_directory(t, why);
	for (const char *const *f = t->source->files; st == STATUS_OK && *f != NULL; f++)
		st = put_below(t, *f, 0, why);
	if (st == STATUS_OK)
		st = sync_names(t, why);
	if (st == STATUS_OK && t->source->is_held != NULL &&
	    !t->source->is_held(t->source->ctx)) {
		problem_set(why, "stored ended meanwhile, so texts may have gone: run it again");
		st = STATUS_BUSY;
	}
	if (st == STATUS_OK)
		st = backup_manifest_write(t->place, &t->made, why);
	return st;
}

enum status
backup_take(struct backup_place *p, const struct backup_source *source,
    const struct backup_hooks *hooks, struct backup_result *result, struct problem *why)
{
	struct taking t = { .place = p, .source = source, .hooks = hooks,
		.needs = backup_needs_new() };
	enum status st;

	p->new_bytes = 0;
	st = take(&t, why);
	if (st == STATUS_OK) {
		snprintf(result->name, sizeof(result->name), "%s", t.made.name);
		result->size_bytes = backup_manifest_size(&t.made);
		result->new_bytes = p->new_bytes;
		result->read_bytes = t.read_bytes;
	}
	backup_manifest_clear(&t.last);
	backup_manifest_clear(&t.made);
	backup_needs_clear(&t.needs);
	mem_free(t.wanted);
	return st;
}
