/* Mailboxes with their names, and the messages in them. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/flags.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/mailbox_name.h"
#include "store/message.h"
#include "store/record_bytes.h"
#include "store/repair_pass.h"
#include "store/uidset.h"

/* What is known of a mailbox whose row is lost. */
struct search {
	uint32_t mailbox;
	uint32_t account;
	struct buf name;
	bool is_open;		/* s->account is not the only one that it can be */
};
#define LOOK_AT_MAX 50

static enum status
name_look(struct repair *r, struct slice key, struct slice value, void *ctx, struct problem *why)
{
	struct search *s = ctx;

	(void)r;
	(void)why;
	if (load_u32le((const uint8_t *)value.ptr + 1) == s->mailbox) {
		s->account = key_read_u32(key, 0);
		buf_reset(&s->name);
		buf_append(&s->name, slice_skip(key, 4));
	}
	return STATUS_OK;
}

static enum status
journal_look(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct search *s = ctx;
	struct journal_row row;

	(void)r;
	(void)why;
	if (journal_decode(key, value, &row) != STATUS_OK || row.mailbox != s->mailbox)
		return STATUS_OK;
	s->account = row.account;
	if (row.op == JOURNAL_MAILBOX_MADE || row.op == JOURNAL_MAILBOX_RENAMED) {
		buf_reset(&s->name);
		buf_append(&s->name, row.after);
	}
	return STATUS_OK;
}

static enum status
account_look(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct search *s = ctx;
	struct account_row row;
	enum status st = account_get(r->txn, key_read_u32(key, 0), &row, why);

	(void)value;
	for (unsigned i = 1; st == STATUS_OK && i < MAILBOX_ROLE_COUNT; i++)
		if (row.roles[i] == s->mailbox)
			s->account = row.id;
	if (st == STATUS_OK && row.inbox == s->mailbox && s->name.len == 0)
		buf_append(&s->name, SLICE("INBOX"));
	return st;
}

/* Owners of one text: the account that this and all texts before it have in common. */
static void
owners_look(struct repair *r, struct search *s, uint64_t text)
{
	struct record_bytes b = record_bytes_init();
	struct record_place place = { .store = r->scan.store };
	uint32_t first = 0, count = 0;
	struct record_owner o;
	struct text_row row;
	bool is_lost, is_his = false;

	if (repair_text_get(r, text, &row, &is_lost, NULL) == STATUS_OK) {
		place.segment = row.segment;
		place.at = row.segment_at - row.head_len;
		if (record_bytes_read(r->segments, &place, &b, NULL) == STATUS_OK) {
			struct slice rest = b.r.owners;

			while (record_owner_next(&rest, &o)) {
				count += first != o.account;
				first = o.account;
				is_his |= o.account == s->account;
			}
		}
	}
	if (s->account == 0 && count == 1)
		s->account = first;
	else if (count == 0 || (s->account != 0 && !is_his))
		s->is_open = true;
	record_bytes_clear(&b);
}

static bool
message_look(void *ctx, const struct message_row *row)
{
	struct repair_numbers *texts = ctx;

	repair_number_put(texts, row->text);
	return texts->count < LOOK_AT_MAX;
}

/* Whose a mailbox is by the messages in it; 0 where they are not all of one person's. */
static enum status
owner_find(struct repair *r, struct search *s, struct problem *why)
{
	struct repair_numbers texts = { NULL, 0 };
	enum status st = message_each(r->txn, s->mailbox, 0, UINT32_MAX, message_look, &texts, why);

	for (size_t i = 0; st == STATUS_OK && i < texts.count; i++)
		owners_look(r, s, texts.all[i]);
	if (s->is_open)
		s->account = 0;
	mem_free(texts.all);
	return st;
}

static uint32_t
uid_validity_next(struct repair *r)
{
	uint32_t now = (uint32_t)r->change.now_s;

	r->counters.uid_validity =
	    now > r->counters.uid_validity ? now : r->counters.uid_validity + 1;
	return r->counters.uid_validity;
}

/* The row of a mailbox that messages lie in, made anew of what other tables say of it. */
static enum status
mailbox_renew(struct repair *r, uint32_t mailbox, struct problem *why)
{
	struct search s = { .mailbox = mailbox, .name = buf_init(MAILBOX_NAME_MAX + 1) };
	struct mailbox_row row = { .id = mailbox, .uid_next = 1, .recent_from = 1 };
	bool is_known;
	char key[16];
	enum status st;

	st = repair_each(r, TABLE_JOURNAL, journal_look, &s, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_ACCOUNT, account_look, &s, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_MAILBOX_NAME, name_look, &s, why);
	if (st == STATUS_OK && s.account == 0)
		st = owner_find(r, &s, why);
	is_known = s.account != 0;
	if (st == STATUS_OK && !is_known)
		st = repair_administrator(r, &s.account, why);
	if (!is_known || s.name.len == 0 ||
	    mailbox_name_check(buf_slice(&s.name), NULL) != STATUS_OK) {
		buf_reset(&s.name);
		buf_printf(&s.name, "Recovered/%s %u", is_known ? "Folder" : "unassigned folder",
		    mailbox);
	}
	row.account = s.account;
	row.name = buf_slice(&s.name);
	row.uid_validity = uid_validity_next(r);
	row.modseq = r->change.number;
	row.made_at = r->change.now_s;
	if (st == STATUS_OK)
		st = mailbox_put(r->txn, &row, why);
	snprintf(key, sizeof(key), "%u", mailbox);
	if (st == STATUS_OK)
		repair_say(r, REPAIR_MENDED, "mailbox", key, row.account,
		    "the row of folder %.*s was lost; clients will fetch all of it again",
		    SLICE_ARG(row.name));
	buf_clear(&s.name);
	return st;
}

static enum status
holder_look(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	uint32_t *last = ctx, mailbox = key_read_u32(key, 0);
	struct mailbox_row row;

	(void)value;
	if (mailbox == *last)
		return STATUS_OK;
	*last = mailbox;
	if (mailbox != 0 && mailbox_get(r->txn, mailbox, &row, NULL) != STATUS_OK)
		return mailbox_renew(r, mailbox, why);
	return STATUS_OK;
}

/* A name that leads nowhere, or elsewhere. */
static enum status
name_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	uint32_t mailbox = load_u32le((const uint8_t *)value.ptr + 1);
	struct mailbox_row row;
	char text[ENV_KEY_MAX + 16];

	(void)ctx;
	if (mailbox_get(r->txn, mailbox, &row, NULL) == STATUS_OK &&
	    row.account == key_read_u32(key, 0) && slice_equal(row.name, slice_skip(key, 4)))
		return STATUS_OK;
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(slice_skip(key, 4)));
	repair_say(r, REPAIR_MENDED, "mailbox_name", text, key_read_u32(key, 0),
	    "the name led to no folder");
	return txn_delete(r->txn, TABLE_MAILBOX_NAME, key, why);
}

/* The name is free for this mailbox, or is its own already. */
static bool
name_is_free(struct repair *r, const struct mailbox_row *row)
{
	struct mailbox_row other;
	enum status st = mailbox_find(r->txn, row->account, row->name, &other, NULL);

	return st == STATUS_ABSENT || (st == STATUS_OK && other.id == row->id);
}

static enum status
mailbox_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	char text[16], name[MAILBOX_NAME_MAX + 16];
	struct mailbox_row row, other;
	enum status st;

	(void)value;
	(void)ctx;
	st = mailbox_get(r->txn, key_read_u32(key, 0), &row, why);
	if (st != STATUS_OK)
		return st;
	if (row.account != 0 && row.uid_validity != 0 &&
	    mailbox_find(r->txn, row.account, row.name, &other, NULL) == STATUS_OK &&
	    other.id == row.id)
		return STATUS_OK;
	if (row.account == 0)
		st = repair_administrator(r, &row.account, why);
	if (row.uid_validity == 0)
		row.uid_validity = uid_validity_next(r);
	if (mailbox_name_check(row.name, NULL) == STATUS_OK && name_is_free(r, &row))
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(row.name));
	else
		snprintf(name, sizeof(name), "Recovered/Folder %u", row.id);
	row.name = slice_from_cstr(name);
	snprintf(text, sizeof(text), "%u", row.id);
	repair_say(r, REPAIR_MENDED, "mailbox", text, row.account, "folder %s had lost its name",
	    name);
	if (st == STATUS_OK)
		st = mailbox_put(r->txn, &row, why);
	return st == STATUS_OK ? mailbox_name_put(r->txn, row.account, row.name, row.id, why) : st;
}

static enum status
keyword_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct mailbox_row row;

	(void)value;
	(void)ctx;
	return mailbox_get(r->txn, key_read_u32(key, 0), &row, NULL) == STATUS_OK ? STATUS_OK :
	    txn_delete(r->txn, TABLE_KEYWORD, key, why);
}

enum status
repair_mailboxes(struct repair *r, struct problem *why)
{
	uint32_t last = 0;
	enum status st;

	st = repair_each(r, TABLE_MESSAGE, holder_look, &last, why);
	last = 0;
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_FLAGS, holder_look, &last, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_MAILBOX_NAME, name_prove, NULL, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_MAILBOX, mailbox_prove, NULL, why);
	return st == STATUS_OK ? repair_each(r, TABLE_KEYWORD, keyword_prove, NULL, why) : st;
}

/* UIDs that went, of the mailbox at hand. */
struct removal {
	uint32_t mailbox;
	struct uidset uids;
};

/* Clients are told as of any other removal. */
static enum status
removal_file(struct repair *r, struct removal *m, struct problem *why)
{
	struct journal_row line = { .op = JOURNAL_EXPUNGED, .mailbox = m->mailbox };
	struct mailbox_row row;
	enum status st = STATUS_OK;

	if (uidset_size(&m->uids) > 0) {
		st = mailbox_get(r->txn, m->mailbox, &row, why);
		line.account = row.account;
		if (st == STATUS_OK)
			st = journal_put(&r->change, &line, &m->uids, why);
		if (st == STATUS_OK)
			st = mailbox_get(r->txn, m->mailbox, &row, why);
		row.expunge_modseq = row.modseq = r->change.number;
		if (st == STATUS_OK)
			st = mailbox_put(r->txn, &row, why);
	}
	uidset_clear(&m->uids);
	m->uids = uidset_init();
	return st;
}

static enum status
removal_turn(struct repair *r, struct removal *m, uint32_t mailbox, struct problem *why)
{
	enum status st = STATUS_OK;

	if (m->mailbox != mailbox)
		st = removal_file(r, m, why);
	m->mailbox = mailbox;
	return st;
}

/* "INBOX/17": where a message lies, and whose it is. */
static void
message_key(struct repair *r, uint32_t mailbox, uint32_t uid, char *out, size_t size,
    uint32_t *account)
{
	struct mailbox_row row;

	*account = 0;
	snprintf(out, size, "%u/%u", mailbox, uid);
	if (mailbox_get(r->txn, mailbox, &row, NULL) != STATUS_OK)
		return;
	*account = row.account;
	snprintf(out, size, "%.*s/%u", SLICE_ARG(row.name), uid);
}

static void
message_lost(struct repair *r, uint32_t mailbox, const struct message_row *m,
    const struct text_row *text, const char *why)
{
	struct buf b = buf_init(2000);
	char key[MAILBOX_NAME_MAX + 24];
	uint32_t account;

	message_key(r, mailbox, m->uid, key, sizeof(key), &account);
	repair_describe(text, m->internal_at, &b);
	repair_say(r, REPAIR_LOST, "message", key, account, "%.*s: %s", SLICE_ARG(buf_slice(&b)),
	    why);
	buf_clear(&b);
}

/* The entry of one UID in its chunk: taken out, or put in with no flags where it is missing. */
static enum status
entry_set(struct repair *r, uint32_t mailbox, uint32_t uid, bool is_there, struct problem *why)
{
	struct flags_chunk *chunk = mem_new(struct flags_chunk);
	uint32_t i = 0;
	bool has;
	enum status st;

	st = flags_chunk_get(r->txn, mailbox, uid / FLAGS_CHUNK, chunk, why);
	while (st == STATUS_OK && i < chunk->count && chunk->entries[i].uid < uid)
		i++;
	has = st == STATUS_OK && i < chunk->count && chunk->entries[i].uid == uid;
	if (st == STATUS_OK && has != is_there) {
		memmove(chunk->entries + i + is_there, chunk->entries + i + has,
		    (chunk->count - i - has) * sizeof(chunk->entries[0]));
		chunk->count = chunk->count + is_there - has;
		if (is_there)
			chunk->entries[i] = (struct flags_entry){ uid, 0, r->change.number };
		st = flags_chunk_put(r->txn, mailbox, uid / FLAGS_CHUNK, chunk, why);
	}
	mem_free(chunk);
	return st;
}

static enum status
message_take_out(struct repair *r, struct removal *m, const struct message_row *row,
    const struct text_row *text, struct problem *why)
{
	enum status st;

	message_lost(r, m->mailbox, row, text, "its text is gone");
	st = uidset_add(&m->uids, row->uid, row->uid);
	if (st == STATUS_OK)
		st = message_delete(r->txn, m->mailbox, row->uid, why);
	return st == STATUS_OK ? entry_set(r, m->mailbox, row->uid, false, why) : st;
}

static enum status
message_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct removal *m = ctx;
	char name[MAILBOX_NAME_MAX + 24];
	struct flags_entry e;
	struct message_row row;
	struct text_row text;
	uint32_t account;
	bool is_lost;
	enum status st;

	(void)value;
	st = removal_turn(r, m, key_read_u32(key, 0), why);
	if (st == STATUS_OK)
		st = message_get(r->txn, m->mailbox, key_read_u32(key, 4), &row, why);
	if (st != STATUS_OK)
		return st;
	st = repair_text_get(r, row.text, &text, &is_lost, why);
	if (is_lost)
		return message_take_out(r, m, &row, st == STATUS_OK ? &text : NULL, why);
	message_key(r, m->mailbox, row.uid, name, sizeof(name), &account);
	if (row.size_bytes != text.size_bytes) {
		row.size_bytes = text.size_bytes;
		repair_say(r, REPAIR_MENDED, "message", name, account, "it had another size");
		st = message_put(r->txn, m->mailbox, &row, why);
	}
	if (st != STATUS_OK || flags_get(r->txn, m->mailbox, row.uid, &e, NULL) == STATUS_OK)
		return st;
	repair_say(r, REPAIR_MENDED, "message", name, account, "its flags are lost: it is unread now");
	return entry_set(r, m->mailbox, row.uid, true, why);
}

/* Entries without a message: it was lost with its row. */
static enum status
chunk_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct flags_chunk *chunk = mem_new(struct flags_chunk);
	struct removal *m = ctx;
	struct message_row row = { 0 };
	enum status st;

	(void)value;
	st = removal_turn(r, m, key_read_u32(key, 0), why);
	if (st == STATUS_OK)
		st = flags_chunk_get(r->txn, m->mailbox, key_read_u32(key, 4), chunk, why);
	for (uint32_t i = 0; st == STATUS_OK && i < chunk->count; i++) {
		struct message_row there;

		row.uid = chunk->entries[i].uid;
		if (message_get(r->txn, m->mailbox, row.uid, &there, NULL) == STATUS_OK)
			continue;
		message_lost(r, m->mailbox, &row, NULL,
		    "its row is lost; if its text is known to be somebody's, it is in Recovered");
		st = uidset_add(&m->uids, row.uid, row.uid);
		if (st == STATUS_OK)
			st = entry_set(r, m->mailbox, row.uid, false, why);
	}
	mem_free(chunk);
	return st;
}

enum status
repair_messages(struct repair *r, struct problem *why)
{
	struct removal m = { .uids = uidset_init() };
	enum status st;

	st = repair_each(r, TABLE_MESSAGE, message_prove, &m, why);
	if (st == STATUS_OK)
		st = removal_file(r, &m, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_FLAGS, chunk_prove, &m, why);
	if (st == STATUS_OK)
		st = removal_file(r, &m, why);
	uidset_clear(&m.uids);
	return st;
}
