/*
 * One backup as one file: tar within zstd, whose entries are those of a place; the manifest comes
 * last, so that a file that was cut off holds no backup.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"
#include "base/table.h"
#include "store/backup_place.h"

#define STEP (1024 * 1024)
#define PATH_LEN_MAX 128

struct packing {
	struct backup_place *place;
	const struct backup_manifest *manifest;
	const struct backup_hooks *hooks;
	struct archive *archive;
	char *step;
	uint64_t done, total;
};

static enum status
archive_failed(struct archive *a, const char *what, struct problem *why)
{
	int err = archive_errno(a);
	const char *text = archive_error_string(a);

	if (err == ENOSPC || err == EDQUOT)
		return file_errno(err, what, why);
	problem_set(why, "%s: %s", what, text != NULL ? text : "cannot be read or written");
	return STATUS_IO;
}

/* An entry of so many bytes of an open file, which are hashed when hash is there. */
static enum status
entry_put(struct packing *p, const char *path, int fd, uint64_t size_bytes, struct sha256 *hash,
    struct problem *why)
{
	struct archive_entry *e = archive_entry_new();
	enum status st = STATUS_OK;

	archive_entry_set_pathname(e, path);
	archive_entry_set_size(e, (la_int64_t)size_bytes);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0600);
	archive_entry_set_mtime(e, (time_t)p->manifest->taken_at, 0);
	if (archive_write_header(p->archive, e) != ARCHIVE_OK)
		st = archive_failed(p->archive, path, why);
	archive_entry_free(e);
	for (uint64_t at = 0; st == STATUS_OK && at < size_bytes;) {
		size_t n = size_bytes - at < STEP ? (size_t)(size_bytes - at) : STEP;

		st = file_get(fd, at, p->step, n, why);
		if (st == STATUS_OK && hash != NULL)
			sha256_update(hash, slice_make(p->step, n));
		if (st == STATUS_OK && archive_write_data(p->archive, p->step, n) != (la_ssize_t)n)
			st = archive_failed(p->archive, path, why);
		at += n;
	}
	return st;
}

static void
progress(struct packing *p, uint64_t more)
{
	p->done += more;
	if (p->hooks->progress != NULL)
		p->hooks->progress(p->hooks->ctx, SLICE("pack"), p->done, p->total);
}

static enum status
chunk_pack(struct packing *p, const uint8_t sha256[SHA256_LEN], size_t size, struct problem *why)
{
	char below[CHUNK_PATH_LEN + 1], path[PATH_LEN_MAX];
	struct slice plain;
	struct stat sb;
	enum status st = chunk_get(p->place, sha256, size, &plain, why);
	int fd;

	if (st != STATUS_OK)
		return st;
	chunk_path(sha256, below);
	snprintf(path, sizeof(path), "chunks/%s", below);
	fd = openat(p->place->chunks_fd, below, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &sb) != 0)
		st = file_errno(errno, path, why);
	else
		st = entry_put(p, path, fd, (uint64_t)sb.st_size, NULL, why);
	if (fd >= 0)
		close(fd);
	return st;
}

/* Each chunk once, however often the files have it. */
static enum status
chunks_pack(struct packing *p, struct problem *why)
{
	const struct backup_manifest *m = p->manifest;
	struct table *seen = table_new();
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < m->file_count; i++) {
		const struct backup_file *f = &m->files[i];

		for (size_t n = 0; st == STATUS_OK && n < f->chunk_count; n++) {
			const uint8_t *hash = m->chunks[f->first_chunk + n].sha256;

			progress(p, backup_chunk_size(f, n));
			if (table_put(seen, slice_make(hash, SHA256_LEN), seen) == NULL)
				st = chunk_pack(p, hash, backup_chunk_size(f, n), why);
		}
	}
	table_free(&seen, NULL);
	return st;
}

static enum status
segment_pack(struct packing *p, const struct backup_segment *s, struct problem *why)
{
	struct sha256 *h = sha256_new();
	uint8_t hash[SHA256_LEN];
	char path[PATH_LEN_MAX];
	int fd = openat(p->place->segments_fd, s->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum status st;

	snprintf(path, sizeof(path), "segments/%s", s->file);
	if (fd < 0)
		st = file_errno(errno, path, why);
	else
		st = entry_put(p, path, fd, s->size_bytes, h, why);
	sha256_final(h, hash);
	if (st == STATUS_OK && memcmp(hash, s->sha256, sizeof(hash)) != 0) {
		problem_set(why, "segments/%s is damaged", s->file);
		st = STATUS_CORRUPT;
	}
	sha256_free(&h);
	if (fd >= 0)
		close(fd);
	progress(p, s->size_bytes);
	return st;
}

static enum status
manifest_pack(struct packing *p, struct problem *why)
{
	char path[PATH_LEN_MAX];
	struct stat sb;
	int fd = openat(p->place->backups_fd, p->manifest->name, O_RDONLY | O_CLOEXEC);
	enum status st;

	snprintf(path, sizeof(path), "backups/%s", p->manifest->name);
	if (fd < 0 || fstat(fd, &sb) != 0)
		st = file_errno(errno, path, why);
	else
		st = entry_put(p, path, fd, (uint64_t)sb.st_size, NULL, why);
	if (fd >= 0)
		close(fd);
	return st;
}

static enum status
pack_all(struct packing *p, int fd, struct problem *why)
{
	enum status st = STATUS_OK;

	if (archive_write_add_filter_zstd(p->archive) != ARCHIVE_OK ||
	    archive_write_set_format_pax_restricted(p->archive) != ARCHIVE_OK ||
	    archive_write_open_fd(p->archive, fd) != ARCHIVE_OK)
		st = archive_failed(p->archive, "packing", why);
	if (st == STATUS_OK)
		st = chunks_pack(p, why);
	for (size_t i = 0; st == STATUS_OK && i < p->manifest->segment_count; i++)
		st = segment_pack(p, &p->manifest->segments[i], why);
	if (st == STATUS_OK)
		st = manifest_pack(p, why);
	if (st == STATUS_OK && archive_write_close(p->archive) != ARCHIVE_OK)
		st = archive_failed(p->archive, "packing", why);
	return st;
}

enum status
backup_pack(struct backup_place *place, const struct backup_manifest *m, const char *path,
    const struct backup_hooks *hooks, struct problem *why)
{
	struct packing p = { .place = place, .manifest = m, .hooks = hooks,
		.total = backup_manifest_size(m) };
	char draft[4096];
	int fd;
	enum status st;

	if (snprintf(draft, sizeof(draft), "%s.partial", path) >= (int)sizeof(draft))
		return STATUS_LIMIT;
	fd = open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return file_errno(errno, draft, why);
	p.archive = archive_write_new();
	p.step = mem_zeroed(1, STEP);
	st = pack_all(&p, fd, why);
	archive_write_free(p.archive);
	mem_free(p.step);
	if (st == STATUS_OK)
		st = file_sync(fd, draft, why);
	close(fd);
	if (st == STATUS_OK && rename(draft, path) != 0)
		st = file_errno(errno, path, why);
	if (st != STATUS_OK)
		unlink(draft);
	return st;
}

/* A place holds nothing else. */
static bool
entry_is_ours(struct slice path)
{
	struct slice rest = path, folder = slice_take_until(&rest, '/');

	if (!backup_path_check(path))
		return false;
	if (slice_equal(folder, SLICE("backups")))
		return backup_name_check(rest);
	if (slice_equal(folder, SLICE("chunks")))
		return rest.len == CHUNK_PATH_LEN && rest.ptr[2] == '/' &&
		    slice_find_byte(slice_skip(rest, 3), '/') == rest.len - 3;
	return slice_equal(folder, SLICE("segments")) && rest.len <= BACKUP_FILE_MAX &&
	    slice_find_byte(rest, '/') == rest.len;
}

static enum status
entry_get(struct packing *p, const char *path, struct problem *why)
{
	char above[PATH_LEN_MAX];
	uint64_t at = 0;
	int fd;
	enum status st = STATUS_OK;

	snprintf(above, sizeof(above), "%.9s", path);	/* chunks/xx */
	if (path[0] == 'c' && mkdirat(p->place->fd, above, 0700) != 0 && errno != EEXIST)
		return file_errno(errno, above, why);
	fd = openat(p->place->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return file_errno(errno, path, why);
	while (st == STATUS_OK) {
		la_ssize_t n = archive_read_data(p->archive, p->step, STEP);

		if (n == 0)
			break;
		if (n < 0) {
			(void)archive_failed(p->archive, path, why);
			st = STATUS_CORRUPT;
		} else {
			st = file_put(fd, at, slice_make(p->step, (size_t)n), why);
			at += (uint64_t)n;
			progress(p, (uint64_t)n);
		}
	}
	close(fd);
	return st;
}

static enum status
unpack_all(struct packing *p, const char *file, struct problem *why)
{
	struct archive_entry *e;
	const char *path;
	enum status st = STATUS_OK;
	int rc = ARCHIVE_OK;

	if (archive_read_support_filter_zstd(p->archive) != ARCHIVE_OK ||
	    archive_read_support_format_tar(p->archive) != ARCHIVE_OK ||
	    archive_read_open_filename(p->archive, file, STEP) != ARCHIVE_OK) {
		(void)archive_failed(p->archive, file, why);
		return STATUS_CORRUPT;
	}
	while (st == STATUS_OK &&
	    (rc = archive_read_next_header(p->archive, &e)) == ARCHIVE_OK) {
		path = archive_entry_pathname(e);
		if (path != NULL && archive_entry_filetype(e) == AE_IFREG &&
		    entry_is_ours(slice_from_cstr(path))) {
			st = entry_get(p, path, why);
		} else {
			problem_set(why, "%s is no packed backup", file);
			st = STATUS_CORRUPT;
		}
	}
	if (st == STATUS_OK && rc != ARCHIVE_EOF) {
		(void)archive_failed(p->archive, file, why);
		st = STATUS_CORRUPT;
	}
	return st;
}

enum status
backup_unpack(const char *file, const char *path, const struct backup_hooks *hooks,
    struct problem *why)
{
	struct packing p = { .hooks = hooks };
	struct stat sb;
	enum status st = backup_open(path, BACKUP_CHANGE, &p.place, why);

	if (st != STATUS_OK)
		return st;
	if (stat(file, &sb) == 0)
		p.total = (uint64_t)sb.st_size;
	p.archive = archive_read_new();
	p.step = mem_zeroed(1, STEP);
	st = unpack_all(&p, file, why);
	archive_read_free(p.archive);
	mem_free(p.step);
	backup_close(&p.place);
	return st;
}
