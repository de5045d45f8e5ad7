#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"
#include "store/mailbox_name.h"
#include "store/message_id.h"
#include "store/trash_order.h"
#include "store/tree.h"

#define WEIGHT_BASE 8
#define ROWS_A_PAGE 4	/* trash, message, flags, text, references, audit: they lie together */

struct trash_work {
	struct trash_order order;
	char folder[MAILBOX_NAME_MAX];
	uint64_t keys[TRASH_ORDER_MAX];
	uint32_t done;
};

/* A trash row whose slices outlive its record. */
struct removed {
	struct trash_row row;
	char mailbox[MAILBOX_NAME_MAX], sid[64], mid[MID_LEN_MAX];
	struct slice mid_slice;
	struct buf keywords;
};

static struct slice
keep(char *memory, size_t size, struct slice s)
{
	s = slice_sub(s, 0, size);
	if (s.len > 0)
		memcpy(memory, s.ptr, s.len);
	return slice_make(memory, s.len);
}

static enum status
removed_get(struct change *c, const struct trash_id *id, struct removed *r, struct problem *why)
{
	struct text_row text;
	enum status st = trash_get(c->txn, id, &r->row, why);

	if (st == STATUS_OK)
		st = text_get(c->txn, r->row.message.text, &text, why);
	if (st != STATUS_OK)
		return st;
	buf_reset(&r->keywords);
	buf_append(&r->keywords, r->row.keywords);
	r->row.keywords = buf_slice(&r->keywords);
	r->row.mailbox = keep(r->mailbox, sizeof(r->mailbox), r->row.mailbox);
	r->row.sid = keep(r->sid, sizeof(r->sid), r->row.sid);
	r->mid_slice = keep(r->mid, sizeof(r->mid), text.mid);
	return STATUS_OK;
}

static enum status
trash_audit(struct change *c, const char *kind, const char *actor, const struct removed *r,
    struct slice what, struct problem *why)
{
	struct trash_id id = trash_id_of(&r->row);
	struct buf detail = buf_init(2048);
	struct audit_row line = {
		.kind = slice_from_cstr(kind),
		.actor = slice_from_cstr(actor),
		.subject = r->mid_slice,
	};
	enum status st;

	buf_append(&detail, SLICE("id="));
	trash_id_print(&id, &detail);
	buf_printf(&detail, " uid=%u size=%u removed_at=%llu removed_by=%u removed_from=%.*s "
	    "mailbox=%.*s%.*s", r->row.message.uid, r->row.message.size_bytes,
	    (unsigned long long)r->row.removed_at, r->row.actor, SLICE_ARG(r->row.sid),
	    SLICE_ARG(r->row.mailbox), SLICE_ARG(what));
	line.detail = buf_slice(&detail);
	st = audit_put(c, &line, why);
	buf_clear(&detail);
	return st;
}

/* One message goes for good. */
static enum status
purge_one(struct change *c, uint8_t kind, uint64_t key, const struct removed *r,
    struct problem *why)
{
	struct trash_id id = trash_id_of(&r->row);
	uint64_t text = r->row.message.text;
	uint32_t references = 0;
	enum status st;

	st = trash_delete(c->txn, &id, why);
	if (st == STATUS_OK)
		st = text_refer(c->txn, text, -1, why);
	if (st == STATUS_OK)
		st = text_references(c->txn, text, &references, why);
	if (st == STATUS_OK && references == 0 && key != 0)
		st = message_id_forget(c->txn, key, text, why);
	if (st != STATUS_OK)
		return st;
	return kind == TRASH_EXPIRE ? trash_audit(c, "trash.expired", "stored", r, SLICE(""), why)
	    : trash_audit(c, "trash.purged", "admin", r, SLICE(""), why);
}

/* The mailbox that messages go back to, while the same one is meant. */
struct target {
	bool is_open;
	struct folder f;
	struct uidset come;
};

static enum status
target_close(struct change *c, struct target *t, struct problem *why)
{
	struct journal_row line = {
		.op = JOURNAL_ADDED,
		.account = t->f.row.account,
		.mailbox = t->f.row.id,
	};
	enum status st;

	if (!t->is_open)
		return STATUS_OK;
	t->is_open = false;
	st = folder_save(c, &t->f, why);
	if (st == STATUS_OK)
		st = journal_put(c, &line, &t->come, why);
	uidset_clear(&t->come);
	return st;
}

static enum status
target_need(struct change *c, uint32_t account, struct slice name, struct target *t,
    struct problem *why)
{
	struct account_row a;
	struct mailbox_name n;
	struct mailbox_row box;
	uint32_t mailbox = 0;
	enum status st;

	if (t->is_open && t->f.row.account == account && slice_equal(t->f.row.name, name))
		return STATUS_OK;
	st = target_close(c, t, why);
	if (st == STATUS_OK)
		st = account_need(c, account, &a, why);
	if (st == STATUS_OK)
		st = mailbox_name_make(name, &n, why);
	if (st != STATUS_OK)
		return st;
	st = mailbox_find(c->txn, account, mailbox_name_slice(&n), &box, why);
	mailbox = box.id;
	if (st == STATUS_ABSENT) {
		st = tree_make_path(c, &a, mailbox_name_slice(&n), MAILBOX_PLAIN, &mailbox, why);
		if (st == STATUS_OK)
			st = account_put(c->txn, &a, why);
	}
	if (st == STATUS_OK)
		st = folder_open(c, account, mailbox, &t->f, why);
	t->is_open = st == STATUS_OK;
	return st;
}

/* Keywords that the mailbox has no room for are dropped: the message matters more. */
static enum status
restore_keywords(struct change *c, uint32_t mailbox, struct slice keywords, uint64_t *flags,
    struct problem *why)
{
	uint64_t bits = 0;
	enum status st = keyword_bits(c->txn, mailbox, keywords, KEYWORD_MAKE, &bits, why);

	if (st != STATUS_OK && st != STATUS_LIMIT && st != STATUS_SYNTAX)
		return st;
	*flags |= bits;
	return STATUS_OK;
}

static enum status
restore_one(struct change *c, const struct trash_order *o, struct removed *r, struct target *t,
    struct problem *why)
{
	struct trash_id id = trash_id_of(&r->row);
	struct buf name = buf_init(MAILBOX_NAME_MAX * 2 + 1), to = buf_init(1024);
	uint32_t account = o->into != 0 ? o->into : r->row.account;
	uint64_t flags = r->row.flags & FLAG_SYSTEM & ~(uint64_t)FLAG_DELETED;
	enum status st;

	buf_append(&name, o->folder);
	if (o->is_parent && o->folder.len > 0)
		buf_append_byte(&name, '/');
	if (o->is_parent || o->folder.len == 0)
		buf_append(&name, r->row.mailbox);
	st = target_need(c, account, buf_slice(&name), t, why);
	if (st == STATUS_OK)
		st = restore_keywords(c, t->f.row.id, r->row.keywords, &flags, why);
	if (account != r->row.account)
		r->row.message.uidl = id_random_u64();	/* its maildrop may have this text's already */
	buf_printf(&to, " account=%u to=%.*s", account, SLICE_ARG(buf_slice(&name)));
	if (st == STATUS_OK)
		st = trash_audit(c, "trash.restored", "admin", r, buf_slice(&to), why);
	if (st == STATUS_OK)
		st = folder_add(c, &t->f, &r->row.message, flags, why);
	if (st == STATUS_OK)
		st = uidset_add(&t->come, r->row.message.uid, r->row.message.uid);
	if (st == STATUS_OK)
		st = trash_delete(c->txn, &id, why);
	buf_clear(&name);
	buf_clear(&to);
	return st;
}

/* STORE_TRASH_CHANGE, and a slice of the purge.  What is no longer there is passed over. */
static enum status
trash_run(struct job *j, struct change *c, struct problem *why)
{
	struct trash_work *w = j->own;
	const struct trash_order *o = &w->order;
	struct target t = { .come = uidset_init() };
	struct removed r = { .keywords = buf_init(KEYWORD_COUNT_MAX * (KEYWORD_LEN_MAX + 1)) };
	enum status st = STATUS_OK;

	w->done = 0;
	for (uint32_t i = 0; st == STATUS_OK && i < o->count; i++) {
		st = removed_get(c, &o->ids[i], &r, why);
		if (st == STATUS_ABSENT) {
			st = STATUS_OK;
			continue;
		}
		if (st == STATUS_OK)
			st = o->kind == TRASH_RESTORE ? restore_one(c, o, &r, &t, why)
			    : purge_one(c, o->kind, w->keys[i], &r, why);
		w->done++;
	}
	if (st == STATUS_OK)
		st = target_close(c, &t, why);
	if (st == STATUS_OK && w->done == 0) {
		problem_set(why, "nothing of it is in the trash any more");
		st = STATUS_ABSENT;
	}
	uidset_clear(&t.come);
	buf_clear(&r.keywords);
	return st;
}

struct job *
job_of_trash(const struct trash_order *o, const uint64_t *keys)
{
	struct trash_work *w = mem_new(struct trash_work);
	struct job *j = job_new(STORE_TRASH_CHANGE, SLICE(""));

	w->order = *o;
	w->order.folder = keep(w->folder, sizeof(w->folder), o->folder);
	if (keys != NULL)
		memcpy(w->keys, keys, o->count * sizeof(*keys));
	j->own = w;
	j->own_free = mem_free;
	j->run = trash_run;
	j->sid = SLICE("admin");
	j->weight = WEIGHT_BASE + o->count / ROWS_A_PAGE;
	return j;
}
