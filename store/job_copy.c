#include "base/id.h"
#include "store/account.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"
#include "store/quota.h"

/* The flags that were translated last: most messages of a command have the same. */
struct translated {
	bool is_set;
	uint64_t from, to;
};

static enum status
copy_flags(struct change *c, struct folder *from, struct folder *to, uint64_t flags,
    struct translated *last, struct problem *why)
{
	enum status st;

	if (last->is_set && last->from == flags)
		return STATUS_OK;
	st = keyword_translate(c->txn, from->row.id, to->row.id, flags, &last->to, why);
	last->from = flags;
	last->is_set = st == STATUS_OK;
	return st;
}

static enum status
copy_one(struct change *c, struct folder *from, struct folder *to, uint32_t *uid,
    enum copy_kind kind, struct translated *last, struct problem *why)
{
	const struct flags_entry *entry;
	struct message_row row;
	uint64_t flags = 0;
	enum status st;

	if (kind == COPY_MOVE) {
		st = folder_remove(c, from, *uid, &row, &flags, why);
	} else {
		st = message_get(c->txn, from->row.id, *uid, &row, why);
		if (st == STATUS_OK)
			st = folder_flags(c, from, *uid, &entry, why);
		if (st == STATUS_OK)
			flags = entry->flags;
		if (st == STATUS_OK)
			st = text_refer(c->txn, row.text, 1, why);
		row.uidl = id_random_u64();	/* one maildrop may see both */
	}
	if (st == STATUS_OK)
		st = copy_flags(c, from, to, flags, last, why);
	if (st == STATUS_OK)
		st = folder_add(c, to, &row, last->to, why);
	if (st == STATUS_OK)
		*uid = row.uid;
	return st;
}

static enum status
copy_journal(struct change *c, const struct folder *from, const struct folder *to,
    const struct uidset *gone, const struct uidset *come, enum copy_kind kind, struct problem *why)
{
	struct journal_row line = {
		.op = JOURNAL_ADDED,
		.account = to->row.account,
		.mailbox = to->row.id,
	};
	enum status st;

	st = journal_put(c, &line, come, why);
	if (st != STATUS_OK || kind == COPY_KEEP)
		return st;
	return journal_put_expunged(c, from, gone, why);
}

enum status
copy_slice(struct job *j, struct change *c, struct folder *from, struct folder *to,
    const struct uidset *uids, enum copy_kind kind, struct problem *why)
{
	struct uidset found = uidset_init(), come = uidset_init();
	struct translated last = { 0 };
	uint32_t next = 0, given;
	enum status st;

	st = folder_list(c, from, uids, j->resume_at, JOB_SLICE, &found, &next, why);
	for (uint32_t i = 0; st == STATUS_OK && i < found.count; i++) {
		for (uint32_t uid = found.ranges[i].first; st == STATUS_OK; uid++) {
			given = uid;
			st = copy_one(c, from, to, &given, kind, &last, why);
			if (st == STATUS_OK)
				st = uidset_add(&come, given, given);
			if (st == STATUS_OK)
				st = uidset_add(&j->result.source, uid, uid);
			if (st == STATUS_OK)
				st = uidset_add(&j->result.target, given, given);
			if (uid == found.ranges[i].last)
				break;
		}
	}
	if (st == STATUS_OK && found.count > 0)
		st = copy_journal(c, from, to, &found, &come, kind, why);
	if (st == STATUS_OK && next != 0) {
		j->resume_at = next;
		st = STATUS_PENDING;
	}
	uidset_clear(&found);
	uidset_clear(&come);
	return st;
}

/* Those of uids that were there when the command began. */
static enum status
copy_bound(struct job *j, const struct folder *from, struct uidset *bounded)
{
	const struct uidset *uids = &j->work.uids;
	enum status st = STATUS_OK;

	if (!j->is_started)
		j->uid_end = from->row.uid_next;
	for (uint32_t i = 0; st == STATUS_OK && i < uids->count; i++) {
		struct uid_range r = uids->ranges[i];

		if (r.first >= j->uid_end)
			break;
		st = uidset_add(bounded, r.first, r.last < j->uid_end ? r.last : j->uid_end - 1);
	}
	return st;
}

struct sum {
	uint64_t bytes, max;
};

static bool
sum_size(void *ctx, const struct message_row *row)
{
	struct sum *s = ctx;

	s->bytes += row->size_bytes;
	return s->bytes <= s->max;
}

/*
 * All of a copy or nothing: asked before its first part.  The sizes are added up only where they
 * matter, and no further than they do.
 */
static enum status
copy_check_room(const struct job *j, struct change *c, const struct folder *from,
    const struct folder *to, const struct uidset *uids, struct problem *why)
{
	struct account_row a;
	struct sum sum = { 0 };
	enum status st = account_get(c->txn, j->grant.account, &a, why);

	if (st != STATUS_OK || a.quota_bytes == 0 || j->is_started ||
	    quota_check(&a, to->row.role, from->row.bytes, NULL) == STATUS_OK)
		return st;
	sum.max = a.bytes < a.quota_bytes ? a.quota_bytes - a.bytes : 0;
	for (uint32_t i = 0; st == STATUS_OK && i < uids->count && sum.bytes <= sum.max; i++)
		st = message_each(c->txn, from->row.id, uids->ranges[i].first,
		    uids->ranges[i].last, sum_size, &sum, why);
	if (st != STATUS_OK || sum.bytes == 0)
		return st;
	return quota_check(&a, to->row.role, sum.bytes, why);
}

/*
 * Its answer names each UID, so a copy that has too many ranges is refused before its first part:
 * tried again after some of them, it would make those twice.
 */
static enum status
copy_check_ranges(const struct job *j, struct change *c, struct folder *from,
    const struct uidset *uids, struct problem *why)
{
	struct uidset found = uidset_init();
	uint32_t next;
	enum status st;

	if (j->is_started || from->row.messages <= j->ranges_max)
		return STATUS_OK;
	st = folder_list(c, from, uids, 0, UINT32_MAX, &found, &next, why);
	if (st == STATUS_OK && found.count > j->ranges_max)
		st = STATUS_LIMIT;
	if (st == STATUS_LIMIT)
		problem_set(why, "the UIDs have more than %u ranges: take fewer messages at a time",
		    j->ranges_max);
	uidset_clear(&found);
	return st;
}

/* STORE_COPY, STORE_MOVE: flags, keywords and INTERNALDATE are kept; a move keeps the UIDL, too. */
enum status
copy_run(struct job *j, struct change *c, struct problem *why)
{
	enum copy_kind kind = j->type == STORE_MOVE ? COPY_MOVE : COPY_KEEP;
	struct uidset uids = uidset_init();
	struct folder from, other, *to = &other;
	bool is_more = false;
	enum status st;

	st = folder_open(c, j->grant.account, j->work.mailbox, &from, why);
	if (j->work.to == j->work.mailbox)
		to = &from;
	else if (st == STATUS_OK)
		st = folder_open(c, j->grant.account, j->work.to, to, why);
	if (st == STATUS_OK)
		st = copy_bound(j, &from, &uids);
	if (st == STATUS_OK)
		st = copy_check_ranges(j, c, &from, &uids, why);
	if (st == STATUS_OK && kind == COPY_KEEP)
		st = copy_check_room(j, c, &from, to, &uids, why);
	if (st == STATUS_OK)
		st = copy_slice(j, c, &from, to, &uids, kind, why);
	if (st == STATUS_PENDING) {
		is_more = true;
		st = STATUS_OK;
	}
	uidset_clear(&uids);
	if (st == STATUS_OK)
		j->result.uid_validity = to->row.uid_validity;
	if (st == STATUS_OK && j->result.source.count > 0)
		st = folder_save(c, to, why);
	if (st == STATUS_OK && j->result.source.count > 0 && to != &from)
		st = folder_save(c, &from, why);
	return st == STATUS_OK && is_more ? STATUS_PENDING : st;
}
