#include "store/audit.h"
#include "store/job.h"
#include "store/queue_order.h"

static enum status
queue_audit(struct change *c, const struct spool_row *row, const char *kind, const char *actor,
    struct slice detail, struct problem *why)
{
	struct buf text = buf_init(AUDIT_DETAIL_MAX);
	struct audit_row line = { .kind = slice_from_cstr(kind), .actor = slice_from_cstr(actor) };
	struct buf mid = buf_init(MID_LEN_MAX);
	enum status st;

	buf_printf(&text, "entry=%llu to=%.*s", (unsigned long long)row->id,
	    SLICE_ARG(row->recipient));
	if (detail.len > 0)
		buf_printf(&text, " %.*s", SLICE_ARG(detail));
	buf_append(&mid, row->mid);
	line.subject = buf_slice(&mid);
	line.detail = buf_slice(&text);
	st = audit_put(c, &line, why);
	buf_clear(&text);
	buf_clear(&mid);
	return st;
}

static enum status
queue_end(struct change *c, const struct spool_row *row, const char *kind, const char *actor,
    struct slice detail, struct problem *why)
{
	enum status st = queue_audit(c, row, kind, actor, detail, why);
	struct spool_row now;

	/* What row borrows may be gone with the audit's page. */
	if (st == STATUS_OK)
		st = spool_get(c->txn, row->id, &now, why);
	return st == STATUS_OK ? spool_end(c, &now, why) : st;
}

/* Sent, and due again for the notice of that; a second time it changes nothing. */
static enum status
queue_relayed(struct change *c, const struct spool_row *row, struct slice detail,
    struct problem *why)
{
	struct spool_row now;
	enum status st;

	if (row->owed == QUEUE_OWES_RELAYED)
		return STATUS_OK;
	st = queue_audit(c, row, "mail.sent", "relayd", detail, why);
	if (st == STATUS_OK)
		st = spool_get(c->txn, row->id, &now, why);
	if (st != STATUS_OK)
		return st;
	now.owed = QUEUE_OWES_RELAYED;
	now.due_at = c->now_s;
	now.detail = detail;
	return spool_change(c, &now, why);
}

/* STORE_QUEUE_SETTLE, STORE_QUEUE_CHANGE: what becomes of one entry. */
enum status
queue_run(struct job *j, struct change *c, struct problem *why)
{
	const struct queue_order *o = &j->order;
	struct spool_row row;
	enum status st = spool_get(c->txn, o->id, &row, why);

	if (st == STATUS_ABSENT)
		problem_set(why, "there is no queue entry %llu", (unsigned long long)o->id);
	if (st != STATUS_OK)
		return st;
	switch (o->kind) {
	case QUEUE_SENT:
		return queue_end(c, &row, "mail.sent", "relayd", o->detail, why);
	case QUEUE_RELAYED:
		return queue_relayed(c, &row, o->detail, why);
	case QUEUE_ORDER_REMOVE:
		return queue_end(c, &row, "queue.removed", "admin", SLICE(""), why);
	case QUEUE_LATER:
		row.attempts++;
		row.detail = o->detail;
		row.due_at = o->due_at;
		return spool_change(c, &row, why);
	case QUEUE_PUT_BACK:
		row.due_at = o->due_at;
		return spool_change(c, &row, why);
	case QUEUE_ORDER_HOLD:
		row.state = SPOOL_HELD;
		return spool_change(c, &row, why);
	case QUEUE_ORDER_RETRY:
		if (row.state == SPOOL_HELD) {
			problem_set(why, "entry %llu is held: release it first",
			    (unsigned long long)o->id);
			return STATUS_DENIED;
		}
		row.due_at = c->now_s;
		return spool_change(c, &row, why);
	case QUEUE_ORDER_RELEASE:
		row.state = SPOOL_WAITING;
		row.due_at = c->now_s;
		return spool_change(c, &row, why);
	}
	problem_set(why, "an order of kind %u is not known", o->kind);
	return STATUS_CORRUPT;
}
