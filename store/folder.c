#include "store/folder.h"

#include <string.h>

#include "store/account.h"
#include "store/quota.h"

enum status
folder_open(struct change *c, uint32_t account, uint32_t mailbox, struct folder *f,
    struct problem *why)
{
	enum status st;

	st = mailbox_get(c->txn, mailbox, &f->row, why);
	if (st != STATUS_OK)
		return st;
	if (f->row.account != account) {
		problem_set(why, "the mailbox belongs to another account");
		return STATUS_DENIED;
	}
	memcpy(f->name, f->row.name.ptr, f->row.name.len);
	f->row.name.ptr = f->name;
	f->bytes = f->messages = 0;
	f->expunged_before = f->row.expunge_modseq;
	f->is_chunk_loaded = f->is_chunk_changed = false;
	return STATUS_OK;
}

static enum status
chunk_save(struct change *c, struct folder *f, struct problem *why)
{
	if (!f->is_chunk_changed)
		return STATUS_OK;
	f->is_chunk_changed = false;
	return flags_chunk_put(c->txn, f->row.id, f->chunk_number, &f->chunk, why);
}

static enum status
chunk_need(struct change *c, struct folder *f, uint32_t uid, struct problem *why)
{
	enum status st;

	if (f->is_chunk_loaded && f->chunk_number == uid / FLAGS_CHUNK)
		return STATUS_OK;
	st = chunk_save(c, f, why);
	if (st != STATUS_OK)
		return st;
	f->chunk_number = uid / FLAGS_CHUNK;
	f->is_chunk_loaded = false;
	st = flags_chunk_get(c->txn, f->row.id, f->chunk_number, &f->chunk, why);
	f->is_chunk_loaded = st == STATUS_OK;
	return st;
}

/* The entry of a UID in the chunk at hand, or NULL. */
static struct flags_entry *
chunk_entry(struct folder *f, uint32_t uid)
{
	for (uint32_t i = 0; i < f->chunk.count; i++)
		if (f->chunk.entries[i].uid == uid)
			return &f->chunk.entries[i];
	return NULL;
}

enum status
folder_save(struct change *c, struct folder *f, struct problem *why)
{
	struct account_row a;
	uint64_t before;
	enum status st;

	st = chunk_save(c, f, why);
	if (st == STATUS_OK)
		st = mailbox_put(c->txn, &f->row, why);
	if (st != STATUS_OK || (f->bytes == 0 && f->messages == 0))
		return st;
	st = account_get(c->txn, f->row.account, &a, why);
	if (st != STATUS_OK)
		return st;
	before = a.bytes;
	a.bytes += (uint64_t)f->bytes;
	a.messages += (uint64_t)f->messages;
	f->bytes = f->messages = 0;
	if (quota_is_crossed(&a, before))
		c->filling = (struct filling){ a.id, a.bytes, a.quota_bytes };
	return account_put(c->txn, &a, why);
}

/* How the counters see a message with these flags. */
static void
folder_count(struct folder *f, uint64_t flags, int by)
{
	if (!(flags & FLAG_SEEN))
		f->row.unseen += (uint32_t)by;
	if (flags & FLAG_DELETED)
		f->row.deleted += (uint32_t)by;
}

enum status
folder_add(struct change *c, struct folder *f, struct message_row *row, uint64_t flags,
    struct problem *why)
{
	enum status st;

	if (f->row.uid_next == UINT32_MAX) {
		problem_set(why, "the mailbox has given out all its UIDs");
		return STATUS_LIMIT;
	}
	row->uid = f->row.uid_next;
	row->saved_at = c->now_s;
	st = chunk_need(c, f, row->uid, why);
	if (st == STATUS_OK && f->chunk.count > 0 &&
	    f->chunk.entries[f->chunk.count - 1].uid >= row->uid) {
		problem_set(why, "mailbox %u knows UIDs it has not given out", f->row.id);
		return STATUS_CORRUPT;
	}
	if (st == STATUS_OK)
		st = message_put(c->txn, f->row.id, row, why);
	if (st != STATUS_OK)
		return st;
	f->chunk.entries[f->chunk.count++] = (struct flags_entry){ row->uid, flags, c->number };
	f->is_chunk_changed = true;
	f->row.uid_next++;
	f->row.messages++;
	f->row.bytes += row->size_bytes;
	f->row.modseq = c->number;
	folder_count(f, flags, 1);
	f->bytes += row->size_bytes;
	f->messages++;
	return STATUS_OK;
}

enum status
folder_remove(struct change *c, struct folder *f, uint32_t uid, struct message_row *row,
    uint64_t *flags, struct problem *why)
{
	struct flags_entry *e;
	size_t behind;
	enum status st;

	st = chunk_need(c, f, uid, why);
	if (st == STATUS_OK)
		st = message_get(c->txn, f->row.id, uid, row, why);
	if (st != STATUS_OK)
		return st;
	e = chunk_entry(f, uid);
	if (e == NULL)
		return STATUS_ABSENT;
	st = message_delete(c->txn, f->row.id, uid, why);
	if (st != STATUS_OK)
		return st;
	*flags = e->flags;
	folder_count(f, e->flags, -1);
	behind = (size_t)(f->chunk.entries + f->chunk.count - (e + 1));
	memmove(e, e + 1, behind * sizeof(*e));
	f->chunk.count--;
	f->is_chunk_changed = true;
	f->row.messages--;
	f->row.bytes -= row->size_bytes;
	f->row.modseq = f->row.expunge_modseq = c->number;
	f->bytes -= row->size_bytes;
	f->messages--;
	return STATUS_OK;
}

enum status
folder_flags(struct change *c, struct folder *f, uint32_t uid, const struct flags_entry **entry,
    struct problem *why)
{
	struct flags_entry *e;
	enum status st;

	st = chunk_need(c, f, uid, why);
	if (st != STATUS_OK)
		return st;
	e = chunk_entry(f, uid);
	if (e == NULL)
		return STATUS_ABSENT;
	*entry = e;
	return STATUS_OK;
}

enum status
folder_set_flags(struct change *c, struct folder *f, uint32_t uid, uint64_t flags,
    struct problem *why)
{
	struct flags_entry *e;
	enum status st;

	st = chunk_need(c, f, uid, why);
	if (st != STATUS_OK)
		return st;
	e = chunk_entry(f, uid);
	if (e == NULL)
		return STATUS_ABSENT;
	folder_count(f, e->flags, -1);
	folder_count(f, flags, 1);
	e->flags = flags;
	e->modseq = c->number;
	f->row.modseq = c->number;
	f->is_chunk_changed = true;
	return STATUS_OK;
}

struct listing {
	const struct uidset *uids;
	uint32_t at;		/* range of uids being walked */
	uint32_t left;
	struct uidset *found;
	uint32_t next;
	enum status st;
};

static bool
listing_chunk(void *ctx, const struct flags_chunk *chunk)
{
	struct listing *l = ctx;

	for (uint32_t i = 0; i < chunk->count; i++) {
		uint32_t uid = chunk->entries[i].uid;

		while (l->at < l->uids->count && l->uids->ranges[l->at].last < uid)
			l->at++;
		if (l->at == l->uids->count)
			return false;
		if (uid < l->uids->ranges[l->at].first)
			continue;
		if (l->left == 0) {
			l->next = uid;
			return false;
		}
		l->st = uidset_add(l->found, uid, uid);
		if (l->st != STATUS_OK)
			return false;
		l->left--;
	}
	return true;
}

enum status
folder_list(struct change *c, struct folder *f, const struct uidset *uids, uint32_t from,
    uint32_t max, struct uidset *found, uint32_t *next, struct problem *why)
{
	struct listing l = { .uids = uids, .left = max, .found = found };
	uint32_t first, last;
	enum status st;

	*next = 0;
	l.at = uidset_find(uids, from);
	if (l.at == uids->count)
		return STATUS_OK;
	first = uids->ranges[l.at].first > from ? uids->ranges[l.at].first : from;
	last = uids->ranges[uids->count - 1].last;
	st = chunk_save(c, f, why);
	if (st == STATUS_OK)
		st = flags_each(c->txn, f->row.id, first, last, listing_chunk, &l, why);
	if (st == STATUS_OK)
		st = l.st;
	*next = l.next;
	return st;
}
