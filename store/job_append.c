#include "store/account.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"
#include "store/quota.h"

static enum status
append_one(struct job *j, uint32_t i, struct change *c, struct folder *f, struct problem *why)
{
	const struct store_append_message *m = &j->work.messages[i];
	struct job_text *t = &j->texts[i];
	struct message_row row = {
		.text = t->row.id,
		.internal_at = m->internal_at,
		.internal_zone = m->internal_zone,
		.size_bytes = m->size_bytes,
		.uidl = t->uidl,
	};
	uint64_t keywords = 0;
	enum status st;

	st = keyword_bits(c->txn, f->row.id, m->keywords, KEYWORD_MAKE, &keywords, why);
	if (st == STATUS_OK)
		st = text_put(c->txn, &t->row, 1, why);
	if (st == STATUS_OK)
		st = folder_add(c, f, &row, (m->flags & FLAG_SYSTEM) | keywords, why);
	if (st == STATUS_OK)
		st = uidset_add(&j->result.target, row.uid, row.uid);
	t->is_kept = st == STATUS_OK;
	return st;
}

static enum status
append_check_room(const struct job *j, struct change *c, const struct folder *f,
    struct problem *why)
{
	struct account_row a;
	enum status st = account_get(c->txn, j->grant.account, &a, why);

	return st == STATUS_OK ? quota_check(&a, f->row.role, j->text_bytes, why) : st;
}

/* STORE_APPEND: all messages or none. */
enum status
append_run(struct job *j, struct change *c, struct problem *why)
{
	struct journal_row line = { .op = JOURNAL_ADDED, .account = j->grant.account };
	struct folder f;
	enum status st;

	st = folder_open(c, j->grant.account, j->work.mailbox, &f, why);
	if (st == STATUS_OK)
		st = append_check_room(j, c, &f, why);
	for (uint32_t i = 0; st == STATUS_OK && i < j->text_count; i++)
		st = append_one(j, i, c, &f, why);
	if (st != STATUS_OK)
		return st;
	line.mailbox = f.row.id;
	j->result.uid_validity = f.row.uid_validity;
	st = journal_put(c, &line, &j->result.target, why);
	if (st == STATUS_OK)
		st = folder_save(c, &f, why);
	return st;
}
