#include "store/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/account.h"
#include "store/counters.h"
#include "store/identity.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/store.h"
#include "store/text.h"
#include "store/upgrade_step.h"

#define SHOW_EVERY 1000

struct upgrade {
	const struct upgrade_hooks *hooks;
	struct slice step;
	uint64_t records;
	int segments;		/* directory */
	uint64_t store;		/* its secret number */
};

/* In the order of their versions; those of a store's own version and later ones are run. */
static const struct {
	uint32_t from;		/* for stores of this version and older */
	const char *name;
	upgrade_step *run;
} steps[] = {
	{ 1, "accounts", upgrade_accounts },
	{ 1, "segments", upgrade_segments },
	{ 1, "space", upgrade_space },
};

static void
progress(const struct upgrade *u)
{
	if (u->hooks->progress != NULL)
		u->hooks->progress(u->hooks->ctx, u->step, u->records);
}

void
upgrade_count(struct upgrade *u)
{
	if (++u->records % SHOW_EVERY == 0)
		progress(u);
}

enum status
upgrade_accounts(struct upgrade *u, struct txn *t, struct problem *why)
{
	struct account_row row;
	struct slice key, value;
	struct cursor *c;
	struct key k;
	uint32_t id = 0;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && id < UINT32_MAX) {
		st = cursor_open(t, TABLE_ACCOUNT, &c, why);
		if (st != STATUS_OK)
			return st;
		st = cursor_seek(c, key_of_u32(&k, id + 1), &key, &value, why);
		if (st == STATUS_OK)
			id = key_read_u32(key, 0);
		cursor_close(&c);
		if (st == STATUS_OK)
			st = account_get(t, id, &row, why);
		if (st == STATUS_OK)
			st = account_put(t, &row, why);
		if (st == STATUS_OK)
			upgrade_count(u);
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
upgrade_segments(struct upgrade *u, struct txn *t, struct problem *why)
{
	struct slice key, value;
	struct text_row row;
	struct cursor *c;
	struct key k;
	uint64_t id = 0;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && id < UINT64_MAX) {
		st = cursor_open(t, TABLE_TEXT, &c, why);
		if (st != STATUS_OK)
			return st;
		st = cursor_seek(c, key_of_u64(&k, id + 1), &key, &value, why);
		if (st == STATUS_OK)
			id = key_read_u64(key, 0);
		cursor_close(&c);
		if (st == STATUS_OK)
			st = text_get(t, id, &row, why);
		if (st == STATUS_OK)
			st = segment_row_live(t, row.segment, text_record_len(&row), why);
		if (st == STATUS_OK)
			upgrade_count(u);
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* Bytes of all texts that were written to a segment, up to its end or to what is damaged. */
static uint64_t
text_bytes_written(struct upgrade *u, uint32_t number, uint64_t end)
{
	struct record_place place = { u->store, number, SEGMENT_HEAD_LEN };
	struct segment_record r;
	uint8_t head[RECORD_HEAD_LEN];
	uint64_t sum = 0;
	int fd;

	if (segment_open(u->segments, number, u->store, SEGMENT_READ, &fd, NULL) != STATUS_OK)
		return 0;
	while (place.at < end &&
	    segment_read(fd, place.at, (char *)head, sizeof(head), NULL) == STATUS_OK &&
	    record_head_decode(head, &place, &r) == STATUS_OK) {
		if (r.type == RECORD_TEXT)
			sum += record_len(&r);
		place.at += record_len(&r);
		upgrade_count(u);
	}
	close(fd);
	return sum;
}

enum status
upgrade_space(struct upgrade *u, struct txn *t, struct problem *why)
{
	struct counters n;
	struct segment_row row;
	enum status st = counters_get(t, &n, why);

	for (uint32_t i = 1; st == STATUS_OK && i <= n.segment; i++) {
		uint64_t end = i == n.segment ? n.segment_at : UINT64_MAX;
		uint64_t written = text_bytes_written(u, i, end);

		st = segment_row_get(t, i, &row, why);
		if (st != STATUS_OK || written <= row.live_bytes)
			continue;
		row.dead_bytes = written - row.live_bytes;
		st = segment_row_put(t, &row, why);
	}
	return st;
}

static enum status
run_steps(const struct upgrade_hooks *hooks, struct txn *t, int segments, struct problem *why)
{
	struct identity i;
	enum status st = identity_get(t, &i, why);

	for (size_t s = 0; st == STATUS_OK && s < ARRAY_LEN(steps); s++) {
		struct upgrade u = { hooks, slice_from_cstr(steps[s].name), 0, segments, i.id };

		if (steps[s].from < i.version)
			continue;
		progress(&u);
		st = steps[s].run(&u, t, why);
		if (st == STATUS_OK)
			progress(&u);
	}
	if (st != STATUS_OK)
		return st;
	i.version = STORE_VERSION;
	return identity_put(t, &i, why);
}

/* All steps in one transaction. */
static enum status
upgrade_env(struct env *e, const char *path, const struct upgrade_hooks *hooks,
    struct problem *why)
{
	char segments[4200];
	struct txn *t;
	int dir;
	enum status st;

	snprintf(segments, sizeof(segments), "%s/segments", path);
	dir = open(segments, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno != ENOENT) {	/* a store may be without any text yet */
		problem_set_errno(why, errno, "%s", segments);
		return STATUS_IO;
	}
	st = txn_begin_write(e, &t, why);
	if (st == STATUS_OK) {
		st = run_steps(hooks, t, dir, why);
		if (st == STATUS_OK)
			st = txn_commit(&t, why);
		else
			txn_abort(&t);
	}
	if (dir >= 0)
		close(dir);
	return st;
}

enum status
store_upgrade(const char *path, const struct upgrade_hooks *hooks, uint32_t *from,
    struct problem *why)
{
	struct identity i;
	struct env *e = NULL;
	enum status st = identity_look(path, &i, why);

	if (st == STATUS_ABSENT)
		problem_set(why, "there is no store to upgrade");
	if (st == STATUS_OK && i.version >= STORE_VERSION) {
		*from = i.version;
		return identity_check(&i, why);
	}
	if (st == STATUS_OK)
		st = env_open(path, ENV_WRITE, store_tables, TABLE_COUNT, &e, why);
	if (st == STATUS_OK)
		st = upgrade_env(e, path, hooks, why);
	env_close(&e);
	if (st == STATUS_OK)
		*from = i.version;
	return st;
}
