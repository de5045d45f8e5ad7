#include "pop3d/maildrop.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pop3d/settings.h"
#include "store/account.h"
#include "store/digest.h"
#include "store/message.h"
#include "store/store.h"
#include "store/text.h"

#define LOAD_ROWS 4000		/* in one transaction */
#define LOAD_MS 25		/* or so long */

struct maildrop {
	struct store *store;
	uint32_t account;
	uint32_t mailbox;	/* 0 until the first part is loaded */
	uint32_t next_uid;
	struct drop_entry *entries;
	uint32_t count, cap;
	uint32_t marked;
	uint64_t bytes;		/* of messages not marked */
};

struct maildrop *
maildrop_new(struct store *s, uint32_t account)
{
	struct maildrop *d = mem_new(struct maildrop);

	d->store = s;
	d->account = account;
	d->next_uid = 1;
	return d;
}

void
maildrop_free(struct maildrop **dp)
{
	struct maildrop *d = *dp;

	if (d == NULL)
		return;
	*dp = NULL;
	mem_free(d->entries);
	mem_free(d);
}

uint8_t
ending_of(struct slice tail, uint32_t size_bytes, uint32_t header_len)
{
	uint8_t ending = 0;
	bool ends_empty = slice_ends(tail, SLICE("\r\n\r\n")) ||
	    (size_bytes == 2 && slice_equal(tail, SLICE("\r\n")));

	if (size_bytes > 0 && !slice_ends(tail, SLICE("\r\n")))
		ending |= ENDING_LINE;
	if (header_len >= size_bytes && !ends_empty)
		ending |= ENDING_HEADER;
	return ending;
}

uint32_t
ending_size(uint8_t ending)
{
	return (ending & ENDING_LINE ? 2u : 0) + (ending & ENDING_HEADER ? 2u : 0);
}

/* One part of the snapshot being read. */
struct load {
	struct maildrop *drop;
	struct txn *txn;
	const char *sid;
	struct buf digest;
	uint64_t began_ms;
	uint32_t rows;
	bool is_cut;		/* there may be more */
};

static enum status
read_ending(struct load *l, const struct message_row *row, uint8_t *ending, struct problem *why)
{
	struct text_row text;
	struct digest digest;
	char tail[4];
	uint32_t len;
	enum status st;

	st = text_get(l->txn, row->text, &text, why);
	if (st != STATUS_OK)
		return st;
	len = text.size_bytes < sizeof(tail) ? text.size_bytes : sizeof(tail);
	buf_reset(&l->digest);
	st = text_digest(l->drop->store, &text, &l->digest, why);
	if (st == STATUS_OK)
		st = digest_decode(buf_slice(&l->digest), &digest);
	if (st == STATUS_OK)
		st = text_read(l->drop->store, &text, text.size_bytes - len, len, tail, why);
	if (st == STATUS_OK)
		*ending = ending_of(slice_make(tail, len), text.size_bytes, digest.header_len);
	return st;
}

static void
log_unreadable(const struct load *l, uint32_t uid, enum status st, const struct problem *why)
{
	struct log_line line;

	log_begin(&line, LOG_ERROR, "pop3.message.unreadable", l->sid);
	log_u64(&line, "mailbox", l->drop->mailbox);
	log_u64(&line, "uid", uid);
	log_status(&line, st, why);
	log_end(&line);
}

static bool
load_row(void *ctx, const struct message_row *row)
{
	struct load *l = ctx;
	struct maildrop *d = l->drop;
	struct problem why = { 0 };
	uint8_t ending = 0;
	enum status st = read_ending(l, row, &ending, &why);

	d->next_uid = row->uid + 1;
	if (st != STATUS_OK) {
		log_unreadable(l, row->uid, st, &why);
	} else {
		if (d->count == d->cap) {
			d->cap = d->cap == 0 ? 64 : d->cap * 2;
			d->entries = mem_resize(d->entries, d->cap, sizeof(*d->entries));
		}
		d->entries[d->count] = (struct drop_entry){
			.uidl = row->uidl,
			.text = row->text,
			.uid = row->uid,
			.text_size = row->size_bytes,
			.size_bytes = row->size_bytes + ending_size(ending),
			.ending = ending,
		};
		d->bytes += d->entries[d->count++].size_bytes;
	}
	l->is_cut = ++l->rows >= LOAD_ROWS || clock_monotonic_ms() - l->began_ms >= LOAD_MS;
	return !l->is_cut && d->count <= POP3_MESSAGES_MAX;
}

static enum status
load_part(struct load *l, struct problem *why)
{
	struct maildrop *d = l->drop;
	struct account_row account;
	enum status st;

	if (d->mailbox == 0) {
		st = account_get(l->txn, d->account, &account, why);
		if (st != STATUS_OK)
			return st;
		d->mailbox = account.inbox;
	}
	return message_each(l->txn, d->mailbox, d->next_uid, UINT32_MAX, load_row, l, why);
}

enum status
maildrop_load(struct maildrop *d, const char *sid, struct problem *why)
{
	struct load l = { .drop = d, .sid = sid, .began_ms = clock_monotonic_ms() };
	struct problem damage = { 0 };
	enum status st = txn_begin_read(store_env(d->store), &l.txn, why);

	if (st != STATUS_OK)
		return st;
	l.digest = buf_init(DIGEST_RECORD_MAX);
	st = load_part(&l, &damage);
	buf_clear(&l.digest);
	txn_abort(&l.txn);
	if (st == STATUS_CORRUPT && d->mailbox != 0 && d->next_uid != UINT32_MAX) {
		log_unreadable(&l, d->next_uid, st, &damage);
		d->next_uid++;
		return STATUS_PENDING;
	}
	if (st != STATUS_OK) {
		problem_set(why, "%s", damage.text);
		return st;
	}
	if (d->count > POP3_MESSAGES_MAX)
		return STATUS_LIMIT;
	return l.is_cut ? STATUS_PENDING : STATUS_OK;
}

uint32_t
maildrop_mailbox(const struct maildrop *d)
{
	return d->mailbox;
}

uint32_t
maildrop_count(const struct maildrop *d)
{
	return d->count;
}

void
maildrop_total(const struct maildrop *d, uint32_t *count, uint64_t *bytes)
{
	*count = d->count - d->marked;
	*bytes = d->bytes;
}

const struct drop_entry *
maildrop_entry(const struct maildrop *d, uint32_t n)
{
	if (n == 0 || n > d->count || d->entries[n - 1].is_marked)
		return NULL;
	return &d->entries[n - 1];
}

enum status
maildrop_number(const struct maildrop *d, struct slice text, uint32_t *n)
{
	uint32_t number;
	enum status st = parse_u32(text, 1, UINT32_MAX, &number);

	if (st == STATUS_LIMIT || (st == STATUS_OK && maildrop_entry(d, number) == NULL))
		return STATUS_ABSENT;
	if (st == STATUS_OK)
		*n = number;
	return st;
}

enum status
maildrop_mark(struct maildrop *d, uint32_t n)
{
	ASSERT(maildrop_entry(d, n) != NULL);
	if (d->marked >= POP3_MARKS_MAX)
		return STATUS_LIMIT;
	d->entries[n - 1].is_marked = true;
	d->marked++;
	d->bytes -= d->entries[n - 1].size_bytes;
	return STATUS_OK;
}

void
maildrop_unmark_all(struct maildrop *d)
{
	d->bytes = 0;
	for (uint32_t i = 0; i < d->count; i++) {
		d->entries[i].is_marked = false;
		d->bytes += d->entries[i].size_bytes;
	}
	d->marked = 0;
}

uint32_t
maildrop_marked(const struct maildrop *d)
{
	return d->marked;
}

enum status
maildrop_marked_uids(const struct maildrop *d, struct uidset *out)
{
	enum status st = STATUS_OK;

	*out = uidset_init();
	for (uint32_t i = 0; i < d->count && st == STATUS_OK; i++) {
		if (d->entries[i].is_marked)
			st = uidset_add(out, d->entries[i].uid, d->entries[i].uid);
	}
	return st;
}
