/* References of texts, what has lost its place, and every counter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/flags.h"
#include "store/folder.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/message.h"
#include "store/repair_pass.h"
#include "store/subscription.h"
#include "store/tree.h"
#include "store/uidset.h"

#define UNASSIGNED "Recovered/unassigned"
#define UNCERTAIN "Recovered/uncertain"
#define FOUND "Recovered/found"

/* Whose message a text is. */
struct holding {
	uint64_t text;
	uint32_t account;
};

struct recount {
	struct repair_numbers refs;	/* text ids, one for each row that refers to it */
	size_t at;
	struct repair_numbers missing;	/* ids of texts that some rows of are gone */
	struct holding *holdings;	/* of those */
	size_t holding_count;
};

struct source {
	enum store_table table;
	size_t at;		/* of the text's id in a value */
	struct repair_numbers *ids;
};

static enum status
reference_see(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct source *s = ctx;
	struct text_row row;
	uint64_t id;

	(void)why;
	if (s->table != TABLE_TEXT)
		id = load_u64le((const uint8_t *)value.ptr + s->at);
	else if (text_decode(value, &row) == STATUS_OK &&
	    !repair_numbers_have(&r->lost, key_read_u64(key, 0)))
		id = row.same_as;
	else
		id = 0;
	if (id != 0)
		repair_number_put(s->ids, id);
	return STATUS_OK;
}

enum status
repair_references_put(struct repair *r, uint64_t text, uint32_t count, struct problem *why)
{
	struct buf b = buf_init(16);
	struct key k;
	enum status st;

	put_u8(&b, 1);
	put_u32le(&b, count);
	st = txn_put(r->txn, TABLE_REFERENCE, key_of_u64(&k, text), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

static enum status
text_count(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct recount *n = ctx;
	uint64_t text = key_read_u64(key, 0);
	uint32_t counted = 0, said = 0;
	struct slice there;
	bool was_said;
	char name[24];

	(void)value;
	while (n->at < n->refs.count && n->refs.all[n->at] < text)
		n->at++;
	for (; n->at < n->refs.count && n->refs.all[n->at] == text; n->at++)
		counted++;
	was_said = txn_get(r->txn, TABLE_REFERENCE, key, &there, NULL) == STATUS_OK &&
	    text_references(r->txn, text, &said, NULL) == STATUS_OK;
	if (was_said && said == counted)
		return STATUS_OK;
	if (said > counted || (!was_said && counted == 0))
		repair_number_put(&n->missing, text);
	snprintf(name, sizeof(name), "%llu", (unsigned long long)text);
	repair_say(r, REPAIR_MENDED, "reference", name, 0, "%u rows refer to the text", counted);
	return repair_references_put(r, text, counted, why);
}

static enum status
reference_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct slice there;

	(void)value;
	(void)ctx;
	return txn_get(r->txn, TABLE_TEXT, key, &there, NULL) == STATUS_ABSENT ?
	    txn_delete(r->txn, TABLE_REFERENCE, key, why) : STATUS_OK;
}

static enum status
lost_drop(struct repair *r, struct problem *why)
{
	struct key k;
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < r->lost.count; i++) {
		st = txn_delete(r->txn, TABLE_TEXT, key_of_u64(&k, r->lost.all[i]), why);
		if (st == STATUS_ABSENT)
			st = STATUS_OK;
		if (st == STATUS_OK)
			st = repair_turn(r, why);
	}
	return st;
}

static void
holding_put(struct recount *n, uint64_t text, uint32_t account)
{
	if ((n->holding_count & (n->holding_count - 1)) == 0)
		n->holdings = mem_resize(n->holdings,
		    n->holding_count == 0 ? 1 : 2 * n->holding_count, sizeof(n->holdings[0]));
	n->holdings[n->holding_count++] = (struct holding){ text, account };
}

static enum status
message_holds(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct recount *n = ctx;
	uint64_t text = load_u64le((const uint8_t *)value.ptr + 1);
	struct mailbox_row box;

	(void)why;
	if (repair_numbers_have(&n->missing, text) &&
	    mailbox_get(r->txn, key_read_u32(key, 0), &box, NULL) == STATUS_OK)
		holding_put(n, text, box.account);
	return STATUS_OK;
}

static enum status
trash_holds(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct recount *n = ctx;
	uint64_t text = load_u64le((const uint8_t *)value.ptr + 1);

	(void)r;
	(void)why;
	if (repair_numbers_have(&n->missing, text))
		holding_put(n, text, key_read_u32(key, 0));
	return STATUS_OK;
}

/* The account has the message still; each time it is asked another copy. */
static bool
holding_take(struct recount *n, uint64_t text, uint32_t account)
{
	for (size_t i = 0; i < n->holding_count; i++) {
		if (n->holdings[i].text != text || n->holdings[i].account != account)
			continue;
		n->holdings[i].text = 0;
		return true;
	}
	return false;
}

enum status
repair_administrator(struct repair *r, uint32_t *account, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	enum status st;

	*account = r->o->administrator;
	if (*account != 0)
		return STATUS_OK;
	st = cursor_open(r->txn, TABLE_ACCOUNT, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, why);
	if (st == STATUS_OK)
		*account = key_read_u32(key, 0);
	else
		problem_set(why, "there is no account that could have what nobody is known for");
	cursor_close(&c);
	return st;
}

/* The folder of that name, made and subscribed where it is not there. */
static enum status
folder_need(struct repair *r, uint32_t account, struct slice name, uint32_t *mailbox,
    struct problem *why)
{
	struct account_row a;
	struct mailbox_row box;
	struct slice parent = slice_sub(name, 0, slice_find_byte(name, '/'));
	enum status st = account_need(&r->change, account, &a, why);

	if (st != STATUS_OK)
		return st;
	if (mailbox_find(r->txn, account, name, &box, NULL) == STATUS_OK) {
		*mailbox = box.id;
		return STATUS_OK;
	}
	st = tree_make_path(&r->change, &a, name, MAILBOX_PLAIN, mailbox, why);
	if (st == STATUS_OK)
		st = subscription_put(r->txn, account, parent, why);
	if (st == STATUS_OK)
		st = subscription_put(r->txn, account, name, why);
	return st == STATUS_OK ? account_put(r->txn, &a, why) : st;
}

enum status
repair_deliver(struct repair *r, const struct repair_message *m, struct problem *why)
{
	struct journal_row line = { .op = JOURNAL_ADDED, .account = m->account };
	struct uidset uids = uidset_init();
	struct message_row row = { .text = m->text, .internal_at = m->internal_at,
		.internal_zone = m->internal_zone, .size_bytes = m->size_bytes, .uidl = m->uidl };
	struct folder f;
	enum status st;

	st = folder_need(r, m->account, slice_from_cstr(m->folder), &line.mailbox, why);
	if (st == STATUS_OK)
		st = folder_open(&r->change, m->account, line.mailbox, &f, why);
	if (st == STATUS_OK)
		st = folder_add(&r->change, &f, &row, m->flags, why);
	if (st == STATUS_OK)
		st = uidset_add(&uids, row.uid, row.uid);
	if (st == STATUS_OK)
		st = journal_put(&r->change, &line, &uids, why);
	if (st == STATUS_OK)
		st = folder_save(&r->change, &f, why);
	if (st == STATUS_OK)
		st = text_refer(r->txn, m->text, 1, why);
	uidset_clear(&uids);
	r->result->messages++;
	return st == STATUS_OK ? repair_turn(r, why) : st;
}

static enum status
found_deliver(struct repair *r, const struct repair_found *f, const struct record_owner *o,
    uint32_t account, const char *folder, struct problem *why)
{
	struct repair_message m = {
		.account = account,
		.folder = folder,
		.text = f->row.id,
		.size_bytes = f->row.size_bytes,
		.internal_at = o != NULL ? o->internal_at : f->received_at,
		.internal_zone = o != NULL ? o->internal_zone : f->received_zone,
		.uidl = f->uidl,
	};
	struct text_row described = f->row;
	struct buf b = buf_init(2000);
	char key[24];

	snprintf(key, sizeof(key), "%llu", (unsigned long long)f->row.id);
	described.digest = f->digest;
	repair_describe(&described, m.internal_at, &b);
	repair_say(r, REPAIR_RECOVERED, "text", key, account, "%.*s: now in %s",
	    SLICE_ARG(buf_slice(&b)), folder);
	buf_clear(&b);
	return repair_deliver(r, &m, why);
}

/* What there is of a text whose record tells nothing more. */
static enum status
found_of_row(struct repair *r, uint64_t text, struct repair_found *out, struct problem *why)
{
	bool is_lost;
	enum status st;

	*out = (struct repair_found){ .uidl = text };
	st = repair_text_get(r, text, &out->row, &is_lost, why);
	out->digest = out->row.digest;
	out->received_at = (int64_t)out->row.received_at;
	return st;
}

/* A text that fewer rows refer to than before: each owner who has it no more gets it back. */
static enum status
missing_restore(struct repair *r, struct recount *n, struct repair_reader *reader, uint64_t text,
    struct problem *why)
{
	struct repair_found found;
	struct record_owner o;
	uint32_t left = 0, account = 0, given = 0;
	enum status st;

	st = text_references(r->txn, text, &left, why);
	if (st == STATUS_OK)
		st = repair_text_restore(r, reader, text, &found, why);
	if (st == STATUS_ABSENT)
		st = found_of_row(r, text, &found, why);
	while (st == STATUS_OK && record_owner_next(&found.owners, &o)) {
		if (holding_take(n, text, o.account))
			continue;
		given++;
		st = found_deliver(r, &found, &o, o.account, FOUND, why);
	}
	if (st != STATUS_OK || left > 0 || given > 0)
		return st;
	st = repair_administrator(r, &account, why);
	return st == STATUS_OK ? found_deliver(r, &found, NULL, account, UNASSIGNED, why) : st;
}

/* A text that no row speaks of: perhaps nobody wants it any more, perhaps its rows are lost. */
static enum status
rowless_restore(struct repair *r, struct repair_reader *reader, uint64_t id, struct problem *why)
{
	bool is_known = id <= r->texts_before;
	struct repair_found found;
	struct record_owner o;
	uint32_t account, given = 0;
	enum status st = repair_text_restore(r, reader, id, &found, why);

	if (st != STATUS_OK)
		return st == STATUS_ABSENT ? STATUS_OK : st;
	st = repair_references_put(r, id, 0, why);
	if (st == STATUS_OK && found.row.same_as != 0)
		st = text_refer(r->txn, found.row.same_as, 1, why);
	while (st == STATUS_OK && is_known && record_owner_next(&found.owners, &o)) {
		given++;
		st = found_deliver(r, &found, &o, o.account, FOUND, why);
	}
	if (st != STATUS_OK || given > 0)
		return st;
	st = repair_administrator(r, &account, why);
	return st == STATUS_OK ?
	    found_deliver(r, &found, NULL, account, is_known ? UNASSIGNED : UNCERTAIN, why) : st;
}

/* What may have been committed behind the snapshot that was read, or was cut off from it. */
static enum status
rowless_all(struct repair *r, struct repair_reader *reader, struct problem *why)
{
	struct repair_numbers voids = { r->scan.voids, r->scan.void_count };
	bool is_cut_off = r->salvage.is_cut_off && repair_is_damaged(r, TABLE_TEXT);
	uint64_t from = is_cut_off ? 0 : r->texts_before + 1;
	struct slice there;
	struct key k;
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < r->scan.text_count; i++) {
		uint64_t id = r->scan.texts[i].id;

		if (id < from || repair_numbers_have(&voids, id) ||
		    (i > 0 && r->scan.texts[i - 1].id == id) ||
		    txn_get(r->txn, TABLE_TEXT, key_of_u64(&k, id), &there, NULL) == STATUS_OK)
			continue;
		st = rowless_restore(r, reader, id, why);
	}
	return st;
}

static enum status
missing_all(struct repair *r, struct recount *n, struct problem *why)
{
	struct repair_reader *reader = repair_reader_new();
	enum status st = STATUS_OK;

	if (n->missing.count > 0) {
		st = repair_each(r, TABLE_MESSAGE, message_holds, n, why);
		if (st == STATUS_OK)
			st = repair_each(r, TABLE_TRASH, trash_holds, n, why);
	}
	for (size_t i = 0; st == STATUS_OK && i < n->missing.count; i++)
		st = missing_restore(r, n, reader, n->missing.all[i], why);
	if (st == STATUS_OK && (r->salvage.is_older || r->salvage.is_cut_off))
		st = rowless_all(r, reader, why);
	repair_reader_free(&reader);
	return st;
}

/* Ids that were written to segments are not given again, whether a commit knew them or not. */
static void
ids_pass(struct repair *r)
{
	if (r->scan.text_count > 0 &&
	    r->scan.texts[r->scan.text_count - 1].id > r->counters.text)
		r->counters.text = r->scan.texts[r->scan.text_count - 1].id;
}

enum status
repair_references(struct repair *r, struct problem *why)
{
	struct recount n = { .at = 0 };
	struct source from[] = { { TABLE_MESSAGE, 1, &n.refs }, { TABLE_TRASH, 1, &n.refs },
		{ TABLE_ARCHIVE, 1, &n.refs }, { TABLE_QUEUE, 2, &n.refs },
		{ TABLE_TEXT, 0, &n.refs } };
	enum status st = lost_drop(r, why);

	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(from); i++)
		st = repair_each(r, from[i].table, reference_see, &from[i], why);
	repair_numbers_sort(&n.refs);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_TEXT, text_count, &n, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_REFERENCE, reference_prove, NULL, why);
	if (st == STATUS_OK)
		st = missing_all(r, &n, why);
	ids_pass(r);
	mem_free(n.refs.all);
	mem_free(n.missing.all);
	mem_free(n.holdings);
	return st;
}

struct sums {
	uint64_t messages, bytes, unseen, deleted, modseq, flags;
	uint32_t last_uid, mailboxes;
	uint32_t roles[MAILBOX_ROLE_COUNT];
};

static bool
sum_message(void *ctx, const struct message_row *row)
{
	struct sums *s = ctx;

	s->messages++;
	s->bytes += row->size_bytes;
	s->last_uid = row->uid;
	return true;
}

static bool
sum_flags(void *ctx, const struct flags_chunk *chunk)
{
	struct sums *s = ctx;

	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];

		s->unseen += (e->flags & FLAG_SEEN) == 0;
		s->deleted += (e->flags & FLAG_DELETED) != 0;
		s->modseq = e->modseq > s->modseq ? e->modseq : s->modseq;
		s->flags |= e->flags;
	}
	return true;
}

/* Keywords whose names are lost get one each. */
static enum status
keywords_name(struct repair *r, uint32_t mailbox, uint32_t account, uint64_t flags,
    struct problem *why)
{
	struct slice names[KEYWORD_COUNT_MAX];
	bool has[KEYWORD_COUNT_MAX];
	enum status st = keyword_list(r->txn, mailbox, names, why);

	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++)
		has[i] = st == STATUS_OK && names[i].len > 0;
	for (unsigned i = 0; st == STATUS_OK && i < KEYWORD_COUNT_MAX; i++) {
		struct buf b = buf_init(64), name = buf_init(32);
		struct key k;
		char text[24];

		if (!has[i] && flags >> (i + FLAG_KEYWORD_SHIFT) & 1) {
			buf_printf(&name, "recovered-%u", i);
			put_u8(&b, 1);
			put_slice(&b, buf_slice(&name));
			key_init(&k);
			key_u32(&k, mailbox);
			key_u8(&k, (uint8_t)(i + FLAG_KEYWORD_SHIFT));
			st = txn_put(r->txn, TABLE_KEYWORD, key_slice(&k), buf_slice(&b), why);
			snprintf(text, sizeof(text), "%u/%u", mailbox, i + FLAG_KEYWORD_SHIFT);
			repair_say(r, REPAIR_MENDED, "keyword", text, account,
			    "its name is lost: it is recovered-%u now", i);
		}
		buf_clear(&b);
		buf_clear(&name);
	}
	return st;
}

/* UIDs that a client may know of messages that came behind what was read are not given again. */
static void
uids_pass(struct repair *r, struct mailbox_row *row, uint32_t last_uid)
{
	if (last_uid >= row->uid_next)
		row->uid_next = last_uid + 1;
	if (row->uid_next < UINT32_MAX - REPAIR_UIDS) {
		row->uid_next += REPAIR_UIDS;
		return;
	}
	r->counters.uid_validity++;
	row->uid_validity = r->counters.uid_validity;
}

static enum status
mailbox_count(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct sums s = { 0 };
	struct mailbox_row row;
	char name[16];
	enum status st;

	(void)value;
	(void)ctx;
	st = mailbox_get(r->txn, key_read_u32(key, 0), &row, why);
	if (st == STATUS_OK)
		st = message_each(r->txn, row.id, 0, UINT32_MAX, sum_message, &s, why);
	if (st == STATUS_OK)
		st = flags_each(r->txn, row.id, 0, UINT32_MAX, sum_flags, &s, why);
	if (st != STATUS_OK)
		return st;
	snprintf(name, sizeof(name), "%u", row.id);
	if (row.messages != s.messages || row.bytes != s.bytes || row.unseen != s.unseen ||
	    row.deleted != s.deleted || row.modseq < s.modseq)
		repair_say(r, REPAIR_MENDED, "mailbox", name, row.account,
		    "counted anew: %llu messages, %llu of them unread",
		    (unsigned long long)s.messages, (unsigned long long)s.unseen);
	row.messages = (uint32_t)s.messages;
	row.bytes = s.bytes;
	row.unseen = (uint32_t)s.unseen;
	row.deleted = (uint32_t)s.deleted;
	if (row.modseq < s.modseq)
		row.modseq = s.modseq;
	r->result->messages += s.messages;
	uids_pass(r, &row, s.last_uid);
	st = mailbox_put(r->txn, &row, why);
	return st == STATUS_OK ? keywords_name(r, row.id, row.account, s.flags, why) : st;
}

static bool
sum_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct sums *s = ctx;

	s->mailboxes++;
	s->messages += row->messages;
	s->bytes += row->bytes;
	if (row->role != MAILBOX_PLAIN && s->roles[row->role] == 0)
		s->roles[row->role] = row->id;
	if (slice_equal(row->name, SLICE("INBOX")) && s->roles[MAILBOX_INBOX] == 0)
		s->roles[MAILBOX_INBOX] = row->id;
	return true;
}

/* A mailbox's role is what its account says. */
static enum status
roles_settle(struct repair *r, const struct account_row *a, struct problem *why)
{
	struct mailbox_row row;
	enum status st = STATUS_OK;

	for (uint8_t i = 1; st == STATUS_OK && i < MAILBOX_ROLE_COUNT; i++) {
		if (a->roles[i] == 0)
			continue;
		st = mailbox_get(r->txn, a->roles[i], &row, why);
		if (st == STATUS_OK && row.role != i) {
			row.role = i;
			st = mailbox_put(r->txn, &row, why);
		}
	}
	return st;
}

/* A role that another mailbox has by now, or that was lost with its row. */
static void
roles_choose(struct repair *r, struct account_row *a, const struct sums *s)
{
	struct mailbox_row row;

	for (unsigned i = 1; i < MAILBOX_ROLE_COUNT; i++)
		if (a->roles[i] == 0 || mailbox_get(r->txn, a->roles[i], &row, NULL) != STATUS_OK ||
		    row.account != a->id)
			a->roles[i] = s->roles[i];
	a->inbox = a->roles[MAILBOX_INBOX];
}

static enum status
account_count(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct account_row a;
	struct sums s = { 0 };
	uint32_t mailbox;
	char name[16];
	enum status st;

	(void)value;
	(void)ctx;
	st = account_get(r->txn, key_read_u32(key, 0), &a, why);
	if (st == STATUS_OK)
		st = mailbox_each(r->txn, a.id, sum_mailbox, &s, why);
	if (st != STATUS_OK)
		return st;
	snprintf(name, sizeof(name), "%u", a.id);
	if (a.mailboxes != s.mailboxes || a.messages != s.messages || a.bytes != s.bytes)
		repair_say(r, REPAIR_MENDED, "account", name, a.id,
		    "counted anew: %llu messages in %u folders", (unsigned long long)s.messages,
		    s.mailboxes);
	a.mailboxes = s.mailboxes;
	a.messages = s.messages;
	a.bytes = s.bytes;
	roles_choose(r, &a, &s);
	if (a.inbox == 0)
		st = tree_make(&r->change, &a, SLICE("INBOX"), MAILBOX_INBOX, &mailbox, why);
	if (st == STATUS_OK)
		st = account_put(r->txn, &a, why);
	return st == STATUS_OK ? roles_settle(r, &a, why) : st;
}

/* Mailboxes whose account has no row: it is counted behind them. */
static enum status
account_find(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct account_row a;
	struct mailbox_row row;
	char name[16];
	enum status st;

	(void)value;
	(void)ctx;
	st = mailbox_get(r->txn, key_read_u32(key, 0), &row, why);
	if (st != STATUS_OK || account_get(r->txn, row.account, &a, NULL) == STATUS_OK)
		return st;
	a = (struct account_row){ .id = row.account };
	snprintf(name, sizeof(name), "%u", a.id);
	repair_say(r, REPAIR_MENDED, "account", name, a.id, "its row was lost");
	return account_put(r->txn, &a, why);
}

enum status
repair_counts(struct repair *r, struct problem *why)
{
	enum status st = repair_each(r, TABLE_MAILBOX, mailbox_count, NULL, why);

	if (st == STATUS_OK)
		st = repair_each(r, TABLE_MAILBOX, account_find, NULL, why);
	return st == STATUS_OK ? repair_each(r, TABLE_ACCOUNT, account_count, NULL, why) : st;
}
