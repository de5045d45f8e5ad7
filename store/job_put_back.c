#include <string.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/digest.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"
#include "store/mailbox_name.h"
#include "store/put_back.h"
#include "store/subscription.h"
#include "store/tree.h"

#define PUT_BACK_WEIGHT 16

enum status
put_back_put(const struct put_back *p, struct buf *out)
{
	put_u32le(out, p->account);
	put_slice(out, p->folder);
	put_slice(out, p->mid);
	put_u32le(out, p->size_bytes);
	buf_append(out, slice_make(p->sha256, SHA256_LEN));
	put_u64le(out, p->received_at);
	put_u64le(out, (uint64_t)p->internal_at);
	put_u16le(out, (uint16_t)p->internal_zone);
	put_u64le(out, p->flags);
	put_slice(out, p->keywords);
	put_slice(out, p->digest);
	put_slice(out, p->subject);
	put_slice(out, p->note);
	return buf_status(out);
}

enum status
put_back_read(struct slice payload, struct put_back *out)
{
	struct reader in = reader_of(payload);
	struct put_back p = { .account = read_u32le(&in) };
	struct slice hash;

	p.folder = read_slice(&in);
	p.mid = read_slice(&in);
	p.size_bytes = read_u32le(&in);
	hash = read_bytes(&in, SHA256_LEN);
	if (hash.len == SHA256_LEN)
		memcpy(p.sha256, hash.ptr, SHA256_LEN);
	p.received_at = read_u64le(&in);
	p.internal_at = (int64_t)read_u64le(&in);
	p.internal_zone = (int16_t)read_u16le(&in);
	p.flags = read_u64le(&in);
	p.keywords = read_slice(&in);
	p.digest = read_slice(&in);
	p.subject = read_slice(&in);
	p.note = read_slice(&in);
	if (!reader_at_end(&in) || p.account == 0 || p.mid.len == 0 || p.mid.len > MID_LEN_MAX ||
	    p.size_bytes > TEXT_SIZE_MAX || p.digest.len > DIGEST_RECORD_MAX)
		return STATUS_CORRUPT;
	*out = p;
	return STATUS_OK;
}

/* Id of the folder, which is there from now on, and seen by clients that look at subscriptions. */
static enum status
folder_need(struct change *c, uint32_t account, struct slice given, uint32_t *mailbox,
    struct problem *why)
{
	struct mailbox_name n;
	struct mailbox_row row;
	struct account_row a;
	struct slice name;
	bool has = false;
	enum status st = mailbox_name_make(given, &n, why);

	if (st != STATUS_OK)
		return st;
	name = mailbox_name_slice(&n);
	st = account_need(c, account, &a, why);
	if (st != STATUS_OK)
		return st;
	st = mailbox_find(c->txn, account, name, &row, NULL);
	if (st == STATUS_OK) {
		*mailbox = row.id;
		return STATUS_OK;
	}
	if (st == STATUS_ABSENT)
		st = tree_make_path(c, &a, name, MAILBOX_PLAIN, mailbox, why);
	if (st == STATUS_OK)
		st = account_put(c->txn, &a, why);
	if (st == STATUS_OK)
		st = subscription_has(c->txn, account, name, &has, why);
	return st == STATUS_OK && !has ? subscription_put(c->txn, account, name, why) : st;
}

static enum status
message_add(struct job *j, const struct put_back *p, struct change *c, struct folder *f,
    struct problem *why)
{
	struct job_text *t = &j->texts[0];
	struct message_row row = {
		.text = t->row.id,
		.internal_at = p->internal_at,
		.internal_zone = p->internal_zone,
		.size_bytes = p->size_bytes,
		.uidl = t->uidl,
	};
	struct journal_row line = { .op = JOURNAL_ADDED, .account = p->account, .mailbox = f->row.id };
	struct uidset added = uidset_init();
	uint64_t keywords = 0;
	enum status st;

	st = keyword_bits(c->txn, f->row.id, p->keywords, KEYWORD_MAKE, &keywords, why);
	if (st == STATUS_OK)
		st = text_put(c->txn, &t->row, 1, why);
	if (st == STATUS_OK)
		st = folder_add(c, f, &row, (p->flags & FLAG_SYSTEM) | keywords, why);
	if (st == STATUS_OK)
		st = uidset_add(&added, row.uid, row.uid);
	if (st == STATUS_OK)
		st = journal_put(c, &line, &added, why);
	if (st == STATUS_OK)
		st = folder_save(c, f, why);
	t->is_kept = st == STATUS_OK;
	uidset_clear(&added);
	return st;
}

static enum status
put_back_run(struct job *j, struct change *c, struct problem *why)
{
	const struct put_back *p = j->own;
	struct audit_row row = { .kind = SLICE("message.restored"), .actor = SLICE("admin"),
		.subject = p->subject, .detail = p->note };
	uint32_t mailbox = 0;
	struct folder f;
	enum status st = folder_need(c, p->account, p->folder, &mailbox, why);

	if (st == STATUS_OK)
		st = folder_open(c, p->account, mailbox, &f, why);
	if (st == STATUS_OK)
		st = message_add(j, p, c, &f, why);
	if (st == STATUS_OK && p->note.len > 0)
		st = audit_put(c, &row, why);
	return st;
}

enum status
job_of_put_back(struct slice payload, int fd, uint64_t now_s, struct job **out,
    struct problem *why)
{
	struct job *j = job_new(STORE_PUT_BACK, payload);
	struct put_back *p = mem_new(struct put_back);
	struct store_append_message *m;
	enum status st = put_back_read(buf_slice(&j->payload), p);

	j->own = p;
	j->own_free = mem_free;
	if (st != STATUS_OK) {
		problem_set(why, "the message cannot be read");
		goto out;
	}
	m = j->work.messages = mem_new(struct store_append_message);
	j->work.message_count = 1;
	m->size_bytes = p->size_bytes;
	memcpy(m->sha256, p->sha256, SHA256_LEN);
	m->internal_at = p->internal_at;
	m->internal_zone = p->internal_zone;
	m->flags = p->flags;
	m->digest = p->digest;
	j->grant.account = p->account;
	st = job_take_messages(j, fd, now_s, why);
	if (st != STATUS_OK)
		goto out;
	memcpy(j->texts[0].mid, p->mid.ptr, p->mid.len);
	j->texts[0].mid_len = (uint8_t)p->mid.len;
	j->texts[0].received_at = p->received_at;
	j->run = put_back_run;
	j->sid = SLICE("admin");
	j->weight = PUT_BACK_WEIGHT;
out:
	if (st != STATUS_OK)
		job_free(&j);
	else
		*out = j;
	return st;
}
