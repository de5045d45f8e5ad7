#include "store/backup_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "base/mem.h"
#include "base/table.h"

#define LOCK_FILE "lock"
#define CHUNK_LEVEL 3
#define HASH_STEP (1024 * 1024)

enum status
file_errno(int err, const char *path, struct problem *why)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		problem_set(why, "%s: the disk of the backups is full: make room (mailadm backup "
		    "prune), then run it again", path);
		return STATUS_BUSY;
	case ENOENT:
		problem_set_errno(why, err, "%s", path);
		return STATUS_ABSENT;
	case EACCES:
	case EPERM:
	case EROFS:
		problem_set_errno(why, err, "%s", path);
		return STATUS_DENIED;
	default:
		problem_set_errno(why, err, "%s", path);
		return STATUS_IO;
	}
}

enum status
file_get(int fd, uint64_t at, char *out, size_t len, struct problem *why)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_errno(errno, "reading", why);
		if (n == 0) {
			problem_set(why, "the file is too short");
			return STATUS_CORRUPT;
		}
		out += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

enum status
file_put(int fd, uint64_t at, struct slice bytes, struct problem *why)
{
	while (bytes.len > 0) {
		ssize_t n = pwrite(fd, bytes.ptr, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return file_errno(n < 0 ? errno : ENOSPC, "writing", why);
		bytes = slice_skip(bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return STATUS_OK;
}

enum status
file_sync(int fd, const char *path, struct problem *why)
{
	if (fsync(fd) != 0)
		return file_errno(errno, path, why);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return STATUS_OK;
}

enum status
directory_sync_at(int dir, const char *path, struct problem *why)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status st = STATUS_OK;

	if (fd < 0 || fsync(fd) != 0)
		st = file_errno(errno, path, why);
	if (fd >= 0)
		close(fd);
	return st;
}

enum status
file_hash(int fd, uint64_t len, uint8_t out[SHA256_LEN], struct problem *why)
{
	struct sha256 *h = sha256_new();
	char *step = mem_zeroed(1, HASH_STEP);
	enum status st = STATUS_OK;

	for (uint64_t at = 0; st == STATUS_OK && at < len;) {
		size_t n = len - at < HASH_STEP ? (size_t)(len - at) : HASH_STEP;

		st = file_get(fd, at, step, n, why);
		sha256_update(h, slice_make(step, n));
		at += n;
	}
	sha256_final(h, out);
	sha256_free(&h);
	mem_free(step);
	return st;
}

/* Nothing but what a new file system has in it. */
static bool
is_empty(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;
	bool is = dir != NULL;

	while (is && (e = readdir(dir)) != NULL)
		is = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    strcmp(e->d_name, "lost+found") == 0;
	if (dir != NULL)
		closedir(dir);
	return is;
}

static enum status
folder_open(struct backup_place *p, const char *name, enum backup_access access, int *fd,
    struct problem *why)
{
	if (access == BACKUP_CHANGE && mkdirat(p->fd, name, 0700) != 0 && errno != EEXIST)
		return file_errno(errno, name, why);
	*fd = openat(p->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? file_errno(errno, name, why) : STATUS_OK;
}

static enum status
place_open(struct backup_place *p, const char *path, enum backup_access access,
    struct problem *why)
{
	bool is_place;

	if (access == BACKUP_CHANGE && mkdir(path, 0700) != 0 && errno != EEXIST)
		return file_errno(errno, path, why);
	p->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->fd < 0)
		return file_errno(errno, path, why);
	is_place = faccessat(p->fd, "backups", F_OK, 0) == 0;
	if (!is_place && access == BACKUP_LOOK) {
		problem_set(why, "%s: no backups are there", path);
		return STATUS_ABSENT;
	}
	if (!is_place && !is_empty(p->fd)) {
		problem_set(why, "%s is not empty and holds no backups: name another directory", path);
		return STATUS_EXISTS;
	}
	/* Before anything else is in there: by this name it is known for what it is. */
	if (!is_place && (mkdirat(p->fd, "backups", 0700) != 0 || fsync(p->fd) != 0))
		return file_errno(errno, path, why);
	return STATUS_OK;
}

/* A place on a disk that is read only, or that we only may read, needs no lock. */
static enum status
place_lock(struct backup_place *p, const char *path, enum backup_access access,
    struct problem *why)
{
	int flags = access == BACKUP_CHANGE ? O_RDWR | O_CREAT : O_RDONLY;

	p->lock_fd = openat(p->fd, LOCK_FILE, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock_fd < 0 && access == BACKUP_LOOK)
		return STATUS_OK;
	if (p->lock_fd < 0)
		return file_errno(errno, path, why);
	if (flock(p->lock_fd, (access == BACKUP_CHANGE ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return STATUS_OK;
	if (errno != EWOULDBLOCK)
		return file_errno(errno, path, why);
	problem_set(why, "%s is in use by another mailadm: try again when that is through", path);
	return STATUS_BUSY;
}

enum status
backup_open(const char *path, enum backup_access access, struct backup_place **out,
    struct problem *why)
{
	struct backup_place *p = mem_new(struct backup_place);
	enum status st;

	p->fd = p->lock_fd = p->backups_fd = p->chunks_fd = p->segments_fd = -1;
	p->packed_max = ZSTD_compressBound(BACKUP_CHUNK);
	p->plain = mem_zeroed(1, BACKUP_CHUNK);
	p->packed = mem_zeroed(1, p->packed_max);
	p->compressor = ZSTD_createCCtx();
	p->decompressor = ZSTD_createDCtx();
	st = place_open(p, path, access, why);
	if (st == STATUS_OK)
		st = place_lock(p, path, access, why);
	if (st == STATUS_OK)
		st = folder_open(p, "chunks", access, &p->chunks_fd, why);
	if (st == STATUS_OK)
		st = folder_open(p, "segments", access, &p->segments_fd, why);
	if (st == STATUS_OK)
		st = folder_open(p, "backups", access, &p->backups_fd, why);
	if (st != STATUS_OK) {
		backup_close(&p);
		return st;
	}
	*out = p;
	return STATUS_OK;
}

static void
close_some(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
backup_close(struct backup_place **pp)
{
	struct backup_place *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	close_some(p->backups_fd);
	close_some(p->segments_fd);
	close_some(p->chunks_fd);
	close_some(p->lock_fd);
	close_some(p->fd);
	ZSTD_freeCCtx(p->compressor);
	ZSTD_freeDCtx(p->decompressor);
	mem_free(p->plain);
	mem_free(p->packed);
	mem_free(p);
}

void
chunk_path(const uint8_t sha256[SHA256_LEN], char out[CHUNK_PATH_LEN + 1])
{
	struct buf hex = buf_init(2 * SHA256_LEN);

	buf_append_hex(&hex, slice_make(sha256, SHA256_LEN));
	snprintf(out, CHUNK_PATH_LEN + 1, "%.2s/%.*s", hex.ptr, (int)hex.len, hex.ptr);
	buf_clear(&hex);
}

enum status
chunk_get(struct backup_place *p, const uint8_t sha256[SHA256_LEN], size_t size,
    struct slice *out, struct problem *why)
{
	char path[CHUNK_PATH_LEN + 1];
	uint8_t hash[SHA256_LEN];
	struct stat sb;
	size_t n = 0;
	int fd;
	bool is_whole = false;

	chunk_path(sha256, path);
	fd = openat(p->chunks_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		problem_set_errno(why, errno, "chunk %s", path);
		return errno == ENOENT ? STATUS_CORRUPT : STATUS_IO;
	}
	if (fstat(fd, &sb) == 0 && sb.st_size > 0 && (uint64_t)sb.st_size <= p->packed_max &&
	    file_get(fd, 0, p->packed, (size_t)sb.st_size, NULL) == STATUS_OK) {
		n = ZSTD_decompressDCtx(p->decompressor, p->plain, BACKUP_CHUNK, p->packed,
		    (size_t)sb.st_size);
		is_whole = !ZSTD_isError(n) && n == size;
	}
	close(fd);
	if (is_whole) {
		sha256_of(slice_make(p->plain, n), hash);
		is_whole = memcmp(hash, sha256, SHA256_LEN) == 0;
	}
	if (!is_whole) {
		problem_set(why, "chunk %s is damaged", path);
		return STATUS_CORRUPT;
	}
	*out = slice_make(p->plain, n);
	return STATUS_OK;
}

/* Under another name, synced, then renamed: what has its name is whole. */
static enum status
chunk_write(struct backup_place *p, const char *path, struct slice packed, struct problem *why)
{
	char draft[CHUNK_PATH_LEN + 16];
	int fd;
	enum status st;

	snprintf(draft, sizeof(draft), "%.2s", path);
	if (mkdirat(p->chunks_fd, draft, 0700) == 0)
		st = directory_sync_at(p->chunks_fd, ".", why);
	else
		st = errno == EEXIST ? STATUS_OK : file_errno(errno, draft, why);
	if (st != STATUS_OK)
		return st;
	snprintf(draft, sizeof(draft), "%s.partial", path);
	fd = openat(p->chunks_fd, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return file_errno(errno, draft, why);
	st = file_put(fd, 0, packed, why);
	if (st == STATUS_OK)
		st = file_sync(fd, draft, why);
	close(fd);
	if (st == STATUS_OK && renameat(p->chunks_fd, draft, p->chunks_fd, path) != 0)
		st = file_errno(errno, path, why);
	if (st != STATUS_OK)
		unlinkat(p->chunks_fd, draft, 0);
	else
		p->new_bytes += packed.len;
	return st;
}

enum status
chunk_put(struct backup_place *p, struct slice bytes, uint8_t sha256[SHA256_LEN],
    struct problem *why)
{
	char path[CHUNK_PATH_LEN + 1];
	struct slice back;
	size_t n;
	enum status st;

	sha256_of(bytes, sha256);
	chunk_path(sha256, path);
	if (faccessat(p->chunks_fd, path, F_OK, 0) == 0)
		return STATUS_OK;
	n = ZSTD_compressCCtx(p->compressor, p->packed, p->packed_max, bytes.ptr, bytes.len,
	    CHUNK_LEVEL);
	ASSERT(!ZSTD_isError(n));
	st = chunk_write(p, path, slice_make(p->packed, n), why);
	if (st == STATUS_OK)
		st = chunk_get(p, sha256, bytes.len, &back, why);
	if (st == STATUS_CORRUPT)
		unlinkat(p->chunks_fd, path, 0);
	return st;
}

static int
names_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

enum status
backup_names(struct backup_place *p, struct backup_names *out, struct problem *why)
{
	int fd = openat(p->backups_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct backup_names n = { 0 };
	struct dirent *e;

	if (dir == NULL)
		return file_errno(errno, "backups", why);
	while ((e = readdir(dir)) != NULL) {
		if (!backup_name_check(slice_from_cstr(e->d_name)))
			continue;
		n.names = mem_resize(n.names, n.count + 1, sizeof(n.names[0]));
		snprintf(n.names[n.count++], sizeof(n.names[0]), "%.16s", e->d_name);
	}
	closedir(dir);
	if (n.count > 1)
		qsort(n.names, n.count, sizeof(n.names[0]), names_order);
	*out = n;
	return STATUS_OK;
}

void
backup_names_clear(struct backup_names *n)
{
	mem_free(n->names);
	*n = (struct backup_names){ 0 };
}

enum status
backup_manifest_read(struct backup_place *p, const char *name, struct backup_manifest *out,
    struct problem *why)
{
	int fd = openat(p->backups_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct buf text = buf_init(BACKUP_MANIFEST_MAX);
	struct stat sb;
	enum status st = STATUS_CORRUPT;

	if (fd < 0)
		return file_errno(errno, name, why);
	if (fstat(fd, &sb) == 0 && sb.st_size > 0 &&
	    buf_reserve(&text, (size_t)sb.st_size) == STATUS_OK)
		st = file_get(fd, 0, text.ptr, (size_t)sb.st_size, why);
	close(fd);
	if (st == STATUS_OK) {
		text.len = (size_t)sb.st_size;
		st = backup_manifest_decode(buf_slice(&text), out);
	}
	if (st == STATUS_OK)
		snprintf(out->name, sizeof(out->name), "%s", name);
	else
		problem_set(why, "backups/%s is damaged", name);
	buf_clear(&text);
	return st;
}

enum status
backup_find(struct backup_place *p, const char *at, struct backup_manifest *out,
    struct problem *why)
{
	struct backup_names n;
	enum status st = backup_names(p, &n, why);
	size_t i;

	if (st != STATUS_OK)
		return st;
	for (i = n.count; i > 0 && strncmp(n.names[i - 1], at, strlen(at)) != 0; i--)
		;
	if (i > 0) {
		st = backup_manifest_read(p, n.names[i - 1], out, why);
	} else {
		problem_set(why, "there is no backup %s%s", at[0] != '\0' ? at : "yet",
		    at[0] != '\0' ? ": mailadm backup list names them" : "");
		st = STATUS_ABSENT;
	}
	backup_names_clear(&n);
	return st;
}

enum status
backup_manifest_write(struct backup_place *p, const struct backup_manifest *m,
    struct problem *why)
{
	struct buf text = buf_init(BACKUP_MANIFEST_MAX);
	struct backup_manifest back;
	char draft[BACKUP_NAME_LEN + 16];
	int fd;
	enum status st = backup_manifest_encode(m, &text);

	snprintf(draft, sizeof(draft), "%s.partial", m->name);
	fd = openat(p->backups_fd, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (st == STATUS_OK && fd < 0)
		st = file_errno(errno, draft, why);
	if (st == STATUS_OK)
		st = file_put(fd, 0, buf_slice(&text), why);
	if (st == STATUS_OK)
		st = file_sync(fd, draft, why);
	if (fd >= 0)
		close(fd);
	if (st == STATUS_OK)
		st = backup_manifest_read(p, draft, &back, why);
	if (st == STATUS_OK) {
		backup_manifest_clear(&back);
		if (renameat(p->backups_fd, draft, p->backups_fd, m->name) != 0)
			st = file_errno(errno, draft, why);
	}
	if (st == STATUS_OK)
		st = directory_sync_at(p->backups_fd, ".", why);
	else
		unlinkat(p->backups_fd, draft, 0);
	p->new_bytes += text.len;
	buf_clear(&text);
	return st;
}

struct backup_needs
backup_needs_new(void)
{
	return (struct backup_needs){ table_new(), table_new() };
}

void
backup_needs_clear(struct backup_needs *n)
{
	table_free(&n->chunks, NULL);
	table_free(&n->segments, mem_free);
}

void
backup_needs_add(struct backup_needs *n, const struct backup_manifest *m)
{
	for (size_t i = 0; i < m->chunk_count; i++)
		(void)table_put(n->chunks, slice_make(m->chunks[i].sha256, SHA256_LEN), n->chunks);
	for (size_t i = 0; i < m->segment_count; i++) {
		struct slice file = slice_from_cstr(m->segments[i].file);
		struct backup_need *need = table_get(n->segments, file);

		if (need == NULL) {
			need = mem_new(struct backup_need);
			(void)table_put(n->segments, file, need);
		}
		if (need->size_bytes < m->segments[i].size_bytes)
			need->size_bytes = m->segments[i].size_bytes;
	}
}

uint64_t
backup_needs_of(const struct backup_needs *n, const char *file)
{
	const struct backup_need *need = table_get(n->segments, slice_from_cstr(file));

	return need != NULL ? need->size_bytes : 0;
}
