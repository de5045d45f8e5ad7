/* Every byte that backups need, against its hash. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/table.h"
#include "store/backup_place.h"

struct checking {
	struct backup_place *place;
	const struct backup_hooks *hooks;
	struct table *seen;	/* what was compared already: a hash, or "FILE BYTES" */
	uint64_t findings;
};

static void
found(struct checking *c, const char *backup, const char *wrong)
{
	c->findings++;
	if (c->hooks->found != NULL)
		c->hooks->found(c->hooks->ctx, slice_from_cstr(backup), slice_from_cstr(wrong));
}

static void
check_chunks(struct checking *c, const struct backup_manifest *m, const struct backup_file *f)
{
	for (size_t i = 0; i < f->chunk_count; i++) {
		const uint8_t *hash = m->chunks[f->first_chunk + i].sha256;
		struct problem why = { "" };
		struct slice bytes;

		if (table_put(c->seen, slice_make(hash, SHA256_LEN), c) != NULL)
			continue;
		if (chunk_get(c->place, hash, backup_chunk_size(f, i), &bytes, &why) != STATUS_OK)
			found(c, m->name, why.text);
	}
}

static void
check_segment(struct checking *c, const struct backup_manifest *m,
    const struct backup_segment *s)
{
	struct problem why = { "" };
	uint8_t hash[SHA256_LEN];
	char key[64];
	int fd;
	enum status st = STATUS_CORRUPT;

	snprintf(key, sizeof(key), "%s %llu", s->file, (unsigned long long)s->size_bytes);
	if (table_put(c->seen, slice_from_cstr(key), c) != NULL)
		return;
	fd = openat(c->place->segments_fd, s->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		st = file_hash(fd, s->size_bytes, hash, &why);
		close(fd);
	}
	if (st != STATUS_OK || memcmp(hash, s->sha256, sizeof(hash)) != 0) {
		why = (struct problem){ "" };
		problem_set(&why, "segments/%s is %s", s->file, fd < 0 ? "missing" : "damaged");
		found(c, m->name, why.text);
	}
}

static void
check_one(struct checking *c, const char *name)
{
	struct backup_manifest m;
	struct problem why = { "" };

	if (backup_manifest_read(c->place, name, &m, &why) != STATUS_OK) {
		found(c, name, why.text);
		return;
	}
	for (size_t i = 0; i < m.file_count; i++)
		check_chunks(c, &m, &m.files[i]);
	for (size_t i = 0; i < m.segment_count; i++) {
		check_segment(c, &m, &m.segments[i]);
		if (c->hooks->progress != NULL)
			c->hooks->progress(c->hooks->ctx, slice_from_cstr(name), i + 1, m.segment_count);
	}
	backup_manifest_clear(&m);
}

enum status
backup_check(struct backup_place *p, const struct backup_hooks *hooks, struct problem *why)
{
	struct checking c = { .place = p, .hooks = hooks };
	struct backup_names names;
	enum status st = backup_names(p, &names, why);

	if (st != STATUS_OK)
		return st;
	c.seen = table_new();
	for (size_t i = names.count; i > 0; i--)
		check_one(&c, names.names[i - 1]);
	if (c.findings > 0) {
		problem_set(why, "%llu finding%s: back up to a new directory, then look after this disk",
		    (unsigned long long)c.findings, c.findings == 1 ? "" : "s");
		st = STATUS_CORRUPT;
	}
	table_free(&c.seen, NULL);
	backup_names_clear(&names);
	return st;
}
