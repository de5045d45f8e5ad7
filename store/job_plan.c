#include "store/account.h"
#include "store/archive.h"
#include "store/audit.h"
#include "store/digest.h"
#include "store/fetched.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/message_id.h"
#include "store/quota.h"
#include "store/spool.h"

static enum status
queue_entry_check(struct change *c, uint64_t entry, struct problem *why)
{
	struct spool_row row;
	enum status st = spool_get(c->txn, entry, &row, why);

	if (st != STATUS_ABSENT)
		return st;
	problem_set(why, "queue entry %llu has ended already", (unsigned long long)entry);
	return STATUS_STALE;
}

static enum status
plan_check(const struct plan *p, struct change *c, struct problem *why)
{
	struct fetched_row row = { 0 };
	enum status st;

	for (uint32_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *pre = &p->preconditions[i];

		if (pre->kind == PRECONDITION_QUEUED) {
			st = queue_entry_check(c, pre->entry, why);
			if (st != STATUS_OK)
				return st;
			continue;
		}
		st = fetched_get(c->txn, pre->id, pre->name, &row, why);
		if (st != STATUS_OK)
			return st;
		if (!fetched_is_known(&row, pre->size_bytes))
			continue;
		problem_set(why, "the message is stored already");
		return STATUS_EXISTS;
	}
	return STATUS_OK;
}

/* Before anything is written: a refusal costs the batch nothing then. */
static enum status
plan_check_room(const struct plan *p, struct change *c, struct problem *why)
{
	for (uint32_t i = 0; i < p->action_count; i++) {
		struct account_row a = { 0 };
		enum status st;

		if (!p->actions[i].needs_room)
			continue;
		st = account_get(c->txn, p->actions[i].account, &a, why);
		if (st != STATUS_OK && st != STATUS_ABSENT)
			return st;
		if (!quota_is_full(&a))
			continue;
		problem_set(why, "the mailbox of account %u is full", p->actions[i].account);
		return STATUS_FULL;
	}
	return STATUS_OK;
}

static bool
action_needs_text(const struct plan_action *a)
{
	return a->kind == ACTION_DELIVER || a->kind == ACTION_ARCHIVE || a->kind == ACTION_QUEUE;
}

/* How many rows will refer to each text; all zero without a text. */
static enum status
plan_references(const struct plan *p, uint32_t references[PLAN_OTHERS_MAX + 1],
    struct problem *why)
{
	uint32_t n = 0, archived = 0;

	for (uint32_t i = 0; i < p->action_count; i++) {
		if (!action_needs_text(&p->actions[i]))
			continue;
		n++;
		references[p->actions[i].text]++;
		archived += p->actions[i].kind == ACTION_ARCHIVE;
	}
	if (archived > 1 || (n > 0 && p->size_bytes == 0)) {
		problem_set(why, "a plan has one archive entry at most, and none without a text");
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

/* Answers to any form of the message find its author. */
static enum status
plan_message_id(const struct plan *p, const struct job_text *t, struct change *c,
    struct problem *why)
{
	struct message_id_row row = { .text = t->row.id, .author = p->author };
	struct digest d;

	if (digest_decode(t->digest, &d) != STATUS_OK || d.message_id.len == 0)
		return STATUS_OK;
	for (uint32_t i = 0; i < p->action_count; i++)
		if (p->actions[i].kind == ACTION_ARCHIVE)
			row.direction = p->actions[i].direction;
	row.key = message_id_key(d.message_id);
	return message_id_put(c->txn, &row, why);
}

/* The first copy of an account has the text's own UIDL, which a rebuild finds again. */
static bool
is_first_delivery(const struct plan *p, const struct plan_action *a)
{
	for (const struct plan_action *b = p->actions; b < a; b++)
		if (b->kind == ACTION_DELIVER && b->account == a->account)
			return false;
	return true;
}

static enum status
plan_deliver(struct job *j, const struct plan_action *a, struct change *c, struct problem *why)
{
	const struct plan *p = &j->plan;
	struct journal_row line = { .op = JOURNAL_ADDED, .account = a->account };
	struct uidset uids = uidset_init();
	struct message_row row = {
		.text = j->texts[a->text].row.id,
		.internal_at = (int64_t)p->received_at,
		.internal_zone = p->received_zone,
		.size_bytes = (uint32_t)j->texts[a->text].text.len,
		.uidl = j->texts[a->text].uidl,
	};
	struct account_row account;
	struct folder f;
	enum status st;

	if (!is_first_delivery(p, a))
		row.uidl += (uint64_t)(a - p->actions);
	st = account_need(c, a->account, &account, why);
	if (st == STATUS_DENIED)
		return STATUS_STALE;	/* policyd knows where it goes now */
	if (st != STATUS_OK)
		return st;
	line.mailbox = account.roles[a->role];
	if (line.mailbox == 0)
		line.mailbox = account.inbox;
	st = folder_open(c, a->account, line.mailbox, &f, why);
	if (st == STATUS_OK)
		st = folder_add(c, &f, &row, a->flags & FLAG_SYSTEM, why);
	if (st == STATUS_OK)
		st = uidset_add(&uids, row.uid, row.uid);
	if (st == STATUS_OK)
		st = journal_put(c, &line, &uids, why);
	if (st == STATUS_OK)
		st = folder_save(c, &f, why);
	uidset_clear(&uids);
	return st;
}

static enum status
plan_archive(struct job *j, const struct plan_action *a, struct change *c, struct problem *why)
{
	struct archive_row row = {
		.text = j->text_id,
		.direction = a->direction,
		.received_at = j->plan.received_at,
		.mid = j->plan.mid,
		.envelope = buf_slice(&j->envelope),
	};

	return archive_put(c, &row, j->plan.sha256, why);
}

static enum status
plan_queue(struct job *j, const struct plan_action *a, struct change *c, struct problem *why)
{
	struct spool_row row = {
		.text = j->texts[a->text].row.id,
		.mid = j->plan.mid,
		.sender = a->sender,
		.recipient = a->recipients,
		.route = a->route,
		.credential = a->credential,
		.author = j->plan.author,
		.dsn = j->plan.dsn,
		.wish = a->wish,
		.owed = a->owed,
	};

	return spool_put(c, &row, why);
}

static enum status
plan_queue_entry(const struct plan_action *a, struct change *c, struct problem *why)
{
	struct spool_row row;
	enum status st = spool_get(c->txn, a->entry, &row, why);

	if (st != STATUS_OK)
		return st;
	if (a->kind == ACTION_QUEUE_END)
		return spool_end(c, &row, why);
	row.is_delay_told = true;
	return spool_change(c, &row, why);
}

static enum status
plan_audit(const struct plan_action *a, struct change *c, struct problem *why)
{
	struct audit_row row = {
		.kind = a->audit_kind,
		.actor = a->actor,
		.subject = a->subject,
		.detail = a->detail,
	};

	return audit_put(c, &row, why);
}

static enum status
plan_fetched(const struct plan_action *a, struct change *c, struct problem *why)
{
	const struct fetched_row row = { .stored_at = c->now_s, .size_bytes = a->size_bytes };

	return fetched_put(c->txn, a->fetch, a->uidl, &row, why);
}

static enum status
plan_act(struct job *j, const struct plan_action *a, struct change *c, struct problem *why)
{
	switch ((enum plan_action_kind)a->kind) {
	case ACTION_DELIVER:
		return plan_deliver(j, a, c, why);
	case ACTION_ARCHIVE:
		return plan_archive(j, a, c, why);
	case ACTION_QUEUE:
		return plan_queue(j, a, c, why);
	case ACTION_FETCHED:
		return plan_fetched(a, c, why);
	case ACTION_AUDIT:
		return plan_audit(a, c, why);
	case ACTION_QUEUE_END:
	case ACTION_QUEUE_DELAYED:
		return plan_queue_entry(a, c, why);
	}
	problem_set(why, "an action of kind %u is not known", a->kind);
	return STATUS_CORRUPT;
}

/* STORE_PLAN: everything that a message causes, or nothing. */
enum status
plan_run(struct job *j, struct change *c, struct problem *why)
{
	const struct plan *p = &j->plan;
	uint32_t references[PLAN_OTHERS_MAX + 1] = { 0 };
	enum status st;

	st = plan_check(p, c, why);
	if (st == STATUS_OK)
		st = plan_check_room(p, c, why);
	if (st == STATUS_OK)
		st = plan_references(p, references, why);
	if (st == STATUS_OK && j->text_count > 0)
		j->text_id = j->texts[0].row.id;
	for (uint32_t i = 0; st == STATUS_OK && i < j->text_count; i++) {
		struct job_text *t = &j->texts[i];

		if (references[i] == 0)
			continue;
		t->is_kept = true;
		st = text_put(c->txn, &t->row, references[i], why);
		if (st == STATUS_OK)
			st = plan_message_id(p, t, c, why);
	}
	for (uint32_t i = 0; st == STATUS_OK && i < p->action_count; i++)
		st = plan_act(j, &p->actions[i], c, why);
	return st;
}
