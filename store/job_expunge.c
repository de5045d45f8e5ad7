#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"
#include "store/trash.h"

static enum status
expunge_one(struct change *c, struct folder *f, uint32_t uid, struct problem *why)
{
	struct buf keywords = buf_init(KEYWORD_COUNT_MAX * (KEYWORD_LEN_MAX + 1));
	struct trash_row row = { .account = f->row.account, .mailbox = f->row.name };
	uint64_t flags = 0;
	enum status st;

	st = folder_remove(c, f, uid, &row.message, &flags, why);
	if (st == STATUS_OK)
		st = keyword_print(c->txn, f->row.id, flags, &keywords, why);
	row.flags = flags & FLAG_SYSTEM;
	row.keywords = buf_slice(&keywords);
	if (st == STATUS_OK)
		st = trash_put(c, &row, why);
	buf_clear(&keywords);
	return st;
}

enum status
expunge_slice(struct job *j, struct change *c, struct folder *f, const struct uidset *uids,
    uint64_t flags, struct problem *why)
{
	struct uidset found = uidset_init(), gone = uidset_init();
	const struct flags_entry *e;
	uint32_t next = 0;
	enum status st;

	st = folder_list(c, f, uids, j->resume_at, j->slice, &found, &next, why);
	for (uint32_t i = 0; st == STATUS_OK && i < found.count; i++) {
		for (uint32_t uid = found.ranges[i].first; st == STATUS_OK; uid++) {
			st = folder_flags(c, f, uid, &e, why);
			if (st == STATUS_OK && (e->flags & flags) == flags) {
				st = expunge_one(c, f, uid, why);
				if (st == STATUS_OK)
					st = uidset_add(&gone, uid, uid);
				uidset_widen(&j->result.source, uid, j->ranges_max);
			}
			if (uid == found.ranges[i].last)
				break;
		}
	}
	if (st == STATUS_OK && gone.count > 0)
		st = journal_put_expunged(c, f, &gone, why);
	if (st == STATUS_OK && gone.count > 0)
		st = folder_save(c, f, why);
	if (st == STATUS_OK && next != 0) {
		j->resume_at = next;
		st = STATUS_PENDING;
	}
	uidset_clear(&found);
	uidset_clear(&gone);
	return st;
}

/* STORE_EXPUNGE: to the account's trash area. */
enum status
expunge_run(struct job *j, struct change *c, struct problem *why)
{
	uint64_t flags = j->work.mode == EXPUNGE_DELETED ? FLAG_DELETED : 0;
	struct folder f;
	enum status st;

	st = folder_open(c, j->grant.account, j->work.mailbox, &f, why);
	if (st == STATUS_OK)
		st = expunge_slice(j, c, &f, &j->work.uids, flags, why);
	return st;
}
