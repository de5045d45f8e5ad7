#include "base/bytes.h"
#include "base/mem.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"

/* Messages whose flags changed in the same way: one row of the journal. */
struct alike {
	uint64_t removed, added;
	struct uidset uids;
};

struct groups {
	struct alike *rows;
	uint32_t count, cap;
};

static enum status
groups_add(struct groups *g, uint64_t before, uint64_t after, uint32_t uid)
{
	uint64_t removed = before & ~after, added = after & ~before;
	uint32_t i;

	for (i = g->count; i > 0; i--)
		if (g->rows[i - 1].removed == removed && g->rows[i - 1].added == added)
			return uidset_add(&g->rows[i - 1].uids, uid, uid);
	if (g->count == g->cap) {
		g->cap = g->cap == 0 ? 4 : g->cap * 2;
		g->rows = mem_resize(g->rows, g->cap, sizeof(*g->rows));
	}
	g->rows[g->count] = (struct alike){ removed, added, uidset_init() };
	return uidset_add(&g->rows[g->count++].uids, uid, uid);
}

static enum status
groups_journal(const struct groups *g, struct change *c, const struct folder *f,
    struct problem *why)
{
	struct journal_row line = {
		.op = JOURNAL_FLAGGED,
		.account = f->row.account,
		.mailbox = f->row.id,
	};
	uint8_t removed[8], added[8];
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < g->count; i++) {
		store_u64le(removed, g->rows[i].removed);
		store_u64le(added, g->rows[i].added);
		line.before = slice_make(removed, sizeof(removed));
		line.after = slice_make(added, sizeof(added));
		st = journal_put(c, &line, &g->rows[i].uids, why);
	}
	return st;
}

static void
groups_clear(struct groups *g)
{
	for (uint32_t i = 0; i < g->count; i++)
		uidset_clear(&g->rows[i].uids);
	mem_free(g->rows);
}

static uint64_t
flags_after(const struct store_work *w, uint64_t before, uint64_t given)
{
	switch ((enum store_flags_mode)w->mode) {
	case STORE_FLAGS_ADD:
		return before | given;
	case STORE_FLAGS_REMOVE:
		return before & ~given;
	case STORE_FLAGS_SET:
		return given;
	}
	return before;
}

static enum status
flags_one(struct job *j, struct change *c, struct folder *f, uint32_t uid, uint64_t given,
    struct groups *g, struct problem *why)
{
	const struct flags_entry *e;
	uint64_t before, after;
	enum status st;

	st = folder_flags(c, f, uid, &e, why);
	if (st != STATUS_OK)
		return st;
	if (j->work.unchanged_since != 0 && e->modseq > j->work.unchanged_since) {
		uidset_widen(&j->result.failed, uid, j->ranges_max);
		return STATUS_OK;
	}
	before = e->flags;
	after = flags_after(&j->work, before, given);
	if (after == before)
		return STATUS_OK;
	st = folder_set_flags(c, f, uid, after, why);
	if (st == STATUS_OK)
		st = groups_add(g, before, after, uid);
	if (st == STATUS_OK)
		uidset_widen(&j->result.source, uid, j->ranges_max);
	return st;
}

static enum status
flags_slice(struct job *j, struct change *c, struct folder *f, uint64_t given,
    struct problem *why)
{
	struct uidset found = uidset_init();
	struct groups g = { 0 };
	uint32_t next = 0;
	enum status st;

	st = folder_list(c, f, &j->work.uids, j->resume_at, JOB_SLICE, &found, &next, why);
	for (uint32_t i = 0; st == STATUS_OK && i < found.count; i++) {
		for (uint32_t uid = found.ranges[i].first; st == STATUS_OK; uid++) {
			st = flags_one(j, c, f, uid, given, &g, why);
			if (uid == found.ranges[i].last)
				break;
		}
	}
	if (st == STATUS_OK)
		st = groups_journal(&g, c, f, why);
	if (st == STATUS_OK && g.count > 0)
		st = folder_save(c, f, why);
	if (st == STATUS_OK && next != 0) {
		j->resume_at = next;
		st = STATUS_PENDING;
	}
	groups_clear(&g);
	uidset_clear(&found);
	return st;
}

/* STORE_FLAGS: messages whose flags are so already do not change. */
enum status
flags_run(struct job *j, struct change *c, struct problem *why)
{
	enum keyword_need need = j->work.mode == STORE_FLAGS_REMOVE ? KEYWORD_KNOWN : KEYWORD_MAKE;
	uint64_t keywords = 0;
	struct folder f;
	enum status st;

	st = folder_open(c, j->grant.account, j->work.mailbox, &f, why);
	if (st == STATUS_OK)
		st = keyword_bits(c->txn, f.row.id, j->work.keywords, need, &keywords, why);
	if (st == STATUS_OK)
		st = flags_slice(j, c, &f, (j->work.flags & FLAG_SYSTEM) | keywords, why);
	return st;
}
