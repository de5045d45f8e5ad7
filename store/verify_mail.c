/* Accounts, mailboxes, messages and their flags: references and recounts. */
#include "base/bytes.h"
#include "store/account.h"
#include "store/flags.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/text.h"
#include "store/verify_pass.h"

struct recount {
	struct verify_pass *p;
	struct slice key;
	uint32_t mailbox;
	uint64_t mailboxes, messages, bytes, unseen, deleted, modseq, rows;
	uint64_t flags;		/* any that are set */
	uint32_t last_uid;
};

static bool
count_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct recount *n = ctx;

	n->mailboxes++;
	n->messages += row->messages;
	n->bytes += row->bytes;
	return true;
}

static void
counter_is(struct recount *n, const char *name, uint64_t says, uint64_t counted)
{
	if (says != counted)
		pass_found(n->p, n->key, "%s is %llu, counted are %llu", name,
		    (unsigned long long)says, (unsigned long long)counted);
}

static void
row_is_account(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct recount n = { .p = p, .key = key };
	struct account_row row;
	struct mailbox_row box;
	struct problem why = { "" };

	(void)value;
	(void)ctx;
	if (key.len != 4 || account_get(p->txn, key_read_u32(key, 0), &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	for (unsigned i = 0; i < MAILBOX_ROLE_COUNT; i++)
		if (row.roles[i] != 0 &&
		    (mailbox_get(p->txn, row.roles[i], &box, NULL) != STATUS_OK ||
			box.account != row.id || box.role != i))
			pass_found(p, key, "mailbox %u has not the role it should have",
			    row.roles[i]);
	if (mailbox_each(p->txn, row.id, count_mailbox, &n, &why) != STATUS_OK) {
		pass_found(p, key, "it cannot be recounted: %s", why.text);
		return;
	}
	counter_is(&n, "mailboxes", row.mailboxes, n.mailboxes);
	counter_is(&n, "messages", row.messages, n.messages);
	counter_is(&n, "bytes", row.bytes, n.bytes);
}

void
verify_accounts(struct verify_pass *p)
{
	pass_rows(p, TABLE_ACCOUNT, row_is_account, NULL);
}

static bool
count_message(void *ctx, const struct message_row *row)
{
	struct recount *n = ctx;

	n->rows++;
	n->bytes += row->size_bytes;
	return true;
}

static bool
count_flags(void *ctx, const struct flags_chunk *chunk)
{
	struct recount *n = ctx;

	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];

		n->messages++;
		n->unseen += (e->flags & FLAG_SEEN) == 0;
		n->deleted += (e->flags & FLAG_DELETED) != 0;
		n->modseq = e->modseq > n->modseq ? e->modseq : n->modseq;
		n->flags |= e->flags;
		n->last_uid = e->uid;
	}
	return true;
}

/* Everything a row says that the whole store has a say in. */
static void
mailbox_is_of_store(struct verify_pass *p, struct slice key, const struct mailbox_row *row)
{
	struct account_row account;
	struct mailbox_row other;

	if (row->id == 0 || row->id > p->counters.mailbox)
		pass_found(p, key, "its id was never given");
	if (row->uid_validity == 0 || row->uid_validity > p->counters.uid_validity)
		pass_found(p, key, "its UIDVALIDITY was never given");
	if (row->modseq > p->counters.change || row->expunge_modseq > p->counters.change)
		pass_found(p, key, "its mod-sequence was never given");
	if (account_get(p->txn, row->account, &account, NULL) == STATUS_ABSENT)
		pass_found(p, key, "its account %u is not there", row->account);
	if (mailbox_find(p->txn, row->account, row->name, &other, NULL) != STATUS_OK ||
	    other.id != row->id)
		pass_found(p, key, "its name leads elsewhere");
}

static void
keywords_are_named(struct recount *n)
{
	struct slice names[KEYWORD_COUNT_MAX];

	if (keyword_list(n->p->txn, n->mailbox, names, NULL) != STATUS_OK)
		return;		/* the table's own stage names it */
	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++)
		if ((n->flags >> (i + FLAG_KEYWORD_SHIFT) & 1) != 0 && names[i].len == 0)
			pass_found(n->p, n->key, "keyword %u has no name",
			    i + FLAG_KEYWORD_SHIFT);
}

static void
row_is_mailbox(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct recount n = { .p = p, .key = key, .mailbox = key_read_u32(key, 0) };
	struct problem why = { "" };
	struct mailbox_row row;
	enum status st;

	(void)value;
	(void)ctx;
	if (key.len != 4 || mailbox_get(p->txn, n.mailbox, &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	mailbox_is_of_store(p, key, &row);
	st = message_each(p->txn, row.id, 0, UINT32_MAX, count_message, &n, &why);
	if (st == STATUS_OK)
		st = flags_each(p->txn, row.id, 0, UINT32_MAX, count_flags, &n, &why);
	if (st != STATUS_OK) {
		pass_found(p, key, "it cannot be recounted: %s", why.text);
		return;
	}
	counter_is(&n, "messages", row.messages, n.rows);
	counter_is(&n, "messages by flags", row.messages, n.messages);
	counter_is(&n, "bytes", row.bytes, n.bytes);
	counter_is(&n, "unseen", row.unseen, n.unseen);
	counter_is(&n, "deleted", row.deleted, n.deleted);
	if (n.modseq > row.modseq)
		pass_found(p, key, "a message has a higher mod-sequence");
	if (n.last_uid >= row.uid_next)
		pass_found(p, key, "UID %u is there, but %u is the next to be given", n.last_uid,
		    row.uid_next);
	keywords_are_named(&n);
}

void
verify_mailboxes(struct verify_pass *p)
{
	pass_rows(p, TABLE_MAILBOX, row_is_mailbox, NULL);
}

static void
row_is_mailbox_name(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct mailbox_row box;
	uint32_t id;

	(void)ctx;
	if (key.len <= 4 || value.len != 5 || value.ptr[0] != 1) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	id = load_u32le((const uint8_t *)value.ptr + 1);
	if (mailbox_get(p->txn, id, &box, NULL) != STATUS_OK ||
	    box.account != key_read_u32(key, 0) || !slice_equal(box.name, slice_skip(key, 4)))
		pass_found(p, key, "mailbox %u is not there under this name", id);
}

void
verify_mailbox_names(struct verify_pass *p)
{
	pass_rows(p, TABLE_MAILBOX_NAME, row_is_mailbox_name, NULL);
}

static void
row_is_message(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	uint32_t mailbox = key_read_u32(key, 0), uid = key_read_u32(key, 4);
	struct mailbox_row box;
	struct message_row row;
	struct text_row text;
	struct flags_entry e;

	(void)value;
	(void)ctx;
	if (key.len != 8 || message_get(p->txn, mailbox, uid, &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (mailbox_get(p->txn, mailbox, &box, NULL) == STATUS_ABSENT)
		pass_found(p, key, "there is no such mailbox");
	if (flags_get(p->txn, mailbox, uid, &e, NULL) != STATUS_OK)
		pass_found(p, key, "its flags are not there");
	if (text_get(p->txn, row.text, &text, NULL) != STATUS_OK)
		pass_found(p, key, "its text %llu is not there", (unsigned long long)row.text);
	else if (text.size_bytes != row.size_bytes)
		pass_found(p, key, "its text has another size");
}

void
verify_messages(struct verify_pass *p)
{
	pass_rows(p, TABLE_MESSAGE, row_is_message, NULL);
}

static void
row_is_flags(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	uint32_t mailbox = key_read_u32(key, 0);
	struct mailbox_row box;
	struct message_row row;
	struct flags_chunk chunk;

	(void)value;
	(void)ctx;
	if (key.len != 8 ||
	    flags_chunk_get(p->txn, mailbox, key_read_u32(key, 4), &chunk, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (mailbox_get(p->txn, mailbox, &box, NULL) == STATUS_ABSENT)
		pass_found(p, key, "there is no such mailbox");
	for (uint32_t i = 0; i < chunk.count; i++)
		if (message_get(p->txn, mailbox, chunk.entries[i].uid, &row, NULL) == STATUS_ABSENT)
			pass_found(p, key, "message %u is not there", chunk.entries[i].uid);
}

void
verify_flags(struct verify_pass *p)
{
	pass_rows(p, TABLE_FLAGS, row_is_flags, NULL);
}
