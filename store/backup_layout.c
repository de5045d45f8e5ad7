/* A backup as an instance again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/backup_place.h"

#define STEP (1024 * 1024)
#define SYNC_EVERY (8u * STEP)

struct layout {
	struct backup_place *place;
	const struct backup_manifest *manifest;
	const struct backup_hooks *hooks;
	int root;
	uint64_t done, total;
};

static void
progress(struct layout *l, uint64_t more)
{
	l->done += more;
	if (l->hooks->progress != NULL)
		l->hooks->progress(l->hooks->ctx, SLICE("restore"), l->done, l->total);
}

/* The directories above a path; what is there stays as it is. */
static enum status
parents_make(struct layout *l, const char *path, struct problem *why)
{
	char above[BACKUP_PATH_MAX + 1];

	for (const char *c = strchr(path, '/'); c != NULL; c = strchr(c + 1, '/')) {
		snprintf(above, sizeof(above), "%.*s", (int)(c - path), path);
		if (mkdirat(l->root, above, 0750) != 0 && errno != EEXIST)
			return file_errno(errno, above, why);
	}
	return STATUS_OK;
}

static enum status
file_make(struct layout *l, const char *path, uint32_t mode, int *fd, struct problem *why)
{
	enum status st = parents_make(l, path, why);

	if (st != STATUS_OK)
		return st;
	*fd = openat(l->root, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0 || fchmod(*fd, (mode_t)mode) != 0)
		return file_errno(errno, path, why);
	return STATUS_OK;
}

/* The file and its name on disk. */
static enum status
file_end(struct layout *l, int fd, const char *path, struct problem *why)
{
	char above[BACKUP_PATH_MAX + 1];
	const char *slash = strrchr(path, '/');
	enum status st = file_sync(fd, path, why);

	snprintf(above, sizeof(above), "%.*s", slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
	if (st == STATUS_OK)
		st = directory_sync_at(l->root, above, why);
	return st;
}

static enum status
file_lay_out(struct layout *l, const struct backup_file *f, struct problem *why)
{
	struct slice bytes;
	uint64_t at = 0;
	int fd = -1;
	enum status st = file_make(l, f->path, f->mode, &fd, why);

	for (size_t i = 0; st == STATUS_OK && i < f->chunk_count; i++) {
		st = chunk_get(l->place, l->manifest->chunks[f->first_chunk + i].sha256,
		    backup_chunk_size(f, i), &bytes, why);
		if (st == STATUS_OK)
			st = file_put(fd, at, bytes, why);
		at += bytes.len;
		progress(l, bytes.len);
	}
	if (st == STATUS_OK)
		st = file_end(l, fd, f->path, why);
	if (fd >= 0)
		close(fd);
	return st;
}

static enum status
copy_hashed(struct layout *l, int from, int to, const struct backup_segment *s,
    struct problem *why)
{
	char *step = mem_zeroed(1, STEP);
	struct sha256 *h = sha256_new();
	uint8_t hash[SHA256_LEN];
	enum status st = STATUS_OK;

	for (uint64_t at = 0; st == STATUS_OK && at < s->size_bytes;) {
		size_t n = s->size_bytes - at < STEP ? (size_t)(s->size_bytes - at) : STEP;

		st = file_get(from, at, step, n, NULL);
		if (st != STATUS_OK) {
			problem_set(why, "segments/%s is too short", s->file);
			break;
		}
		sha256_update(h, slice_make(step, n));
		st = file_put(to, at, slice_make(step, n), why);
		at += n;
		if (st == STATUS_OK && at % SYNC_EVERY == 0)
			st = file_sync(to, s->file, why);
		progress(l, n);
	}
	sha256_final(h, hash);
	if (st == STATUS_OK && memcmp(hash, s->sha256, sizeof(hash)) != 0) {
		problem_set(why, "segments/%s is damaged", s->file);
		st = STATUS_CORRUPT;
	}
	sha256_free(&h);
	mem_free(step);
	return st;
}

static enum status
segment_lay_out(struct layout *l, const struct backup_segment *s, struct problem *why)
{
	char path[BACKUP_FILE_MAX + 32], name[BACKUP_FILE_MAX + 1];
	int from = openat(l->place->segments_fd, s->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int to = -1;
	enum status st;

	if (from < 0) {
		problem_set_errno(why, errno, "segments/%s", s->file);
		return STATUS_CORRUPT;
	}
	backup_segment_name(s->number, 0, name);
	snprintf(path, sizeof(path), "store/segments/%s", name);
	st = file_make(l, path, 0640, &to, why);
	if (st == STATUS_OK)
		st = copy_hashed(l, from, to, s, why);
	if (st == STATUS_OK)
		st = file_end(l, to, path, why);
	if (to >= 0)
		close(to);
	close(from);
	return st;
}

static enum status
segment_link(struct layout *l, const struct backup_segment *s, const char *place_path,
    struct problem *why)
{
	char path[BACKUP_FILE_MAX + 32], name[BACKUP_FILE_MAX + 1], target[4096];

	backup_segment_name(s->number, 0, name);
	snprintf(path, sizeof(path), "store/segments/%s", name);
	if (snprintf(target, sizeof(target), "%s/%s", place_path, s->file) >= (int)sizeof(target))
		return STATUS_LIMIT;
	return symlinkat(target, l->root, path) != 0 ? file_errno(errno, path, why) : STATUS_OK;
}

/* The absolute path of the place's segments. */
static enum status
segments_path(const struct backup_place *p, char out[4096], struct problem *why)
{
	char self[64];
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", p->segments_fd);
	n = readlink(self, out, 4095);
	if (n <= 0 || n >= 4095)
		return file_errno(n < 0 ? errno : ENAMETOOLONG, "segments", why);
	out[n] = '\0';
	return STATUS_OK;
}

static enum status
lay_out(struct layout *l, enum backup_texts texts, struct problem *why)
{
	const struct backup_manifest *m = l->manifest;
	char links_to[4096];
	enum status st = parents_make(l, "store/segments/x", why);

	if (st == STATUS_OK && texts == BACKUP_LINK)
		st = segments_path(l->place, links_to, why);
	for (size_t i = 0; st == STATUS_OK && i < m->file_count; i++)
		st = file_lay_out(l, &m->files[i], why);
	for (size_t i = 0; st == STATUS_OK && i < m->segment_count; i++) {
		if (texts == BACKUP_COPY)
			st = segment_lay_out(l, &m->segments[i], why);
		else
			st = segment_link(l, &m->segments[i], links_to, why);
	}
	if (st == STATUS_OK)
		st = directory_sync_at(l->root, "store", why);
	return st == STATUS_OK ? directory_sync_at(l->root, ".", why) : st;
}

enum status
backup_lay_out(struct backup_place *p, const struct backup_manifest *m, const char *root,
    enum backup_texts texts, const struct backup_hooks *hooks, struct problem *why)
{
	struct layout l = { .place = p, .manifest = m, .hooks = hooks,
		.total = backup_manifest_size(m) };
	enum status st;

	l.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l.root < 0)
		return file_errno(errno, root, why);
	st = lay_out(&l, texts, why);
	close(l.root);
	return st;
}
