/* A store of what its segments hold. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/archive.h"
#include "store/audit.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/message_id.h"
#include "store/plan.h"
#include "store/repair_pass.h"

#define MAILBOXES_FROM (UINT32_C(1) << 20)	/* ids that the old store has not given */

/* Where what was in a folder with a role goes. */
static const char *const folders[MAILBOX_ROLE_COUNT] = {
	[MAILBOX_PLAIN] = "Recovered/Other",
	[MAILBOX_INBOX] = "Recovered/Inbox",
	[MAILBOX_DRAFTS] = "Recovered/Drafts",
	[MAILBOX_SENT] = "Recovered/Sent Items",
	[MAILBOX_TRASH] = "Recovered/Deleted Items",
	[MAILBOX_JUNK] = "Recovered/Junk E-mail",
	[MAILBOX_ARCHIVE] = "Recovered/Archive",
};

struct rebuilding {
	struct repair *r;
	uint64_t *highest_behind;	/* change number of markers behind the i-th */
	char mid[MID_LEN_MAX];		/* of the text before, when it was a message of a plan */
	size_t mid_len;
	uint64_t skipped;		/* texts that were never committed */
};

static void
markers_read(struct rebuilding *b)
{
	const struct segment_scan *s = &b->r->scan;
	uint64_t highest = 0;

	b->highest_behind = mem_array(uint64_t, s->marker_count + 1);
	for (size_t i = s->marker_count; i > 0; i--) {
		b->highest_behind[i - 1] = highest;
		if (s->markers[i - 1].change > highest)
			highest = s->markers[i - 1].change;
	}
	b->r->counters.change = highest + REPAIR_CHANGES;
	b->r->change.number = b->r->counters.change;
}

/* A later batch knew of a commit behind the one that the text was written in. */
static bool
is_certain(const struct rebuilding *b, const struct scan_text *t)
{
	return t->batch > 0 &&
	    b->highest_behind[t->batch - 1] > b->r->scan.markers[t->batch - 1].change;
}

static bool
is_void(const struct rebuilding *b, uint64_t id)
{
	struct repair_numbers voids = { b->r->scan.voids, b->r->scan.void_count };

	return repair_numbers_have(&voids, id);
}

static uint32_t
account_nth(struct repair *r, struct slice address, unsigned i)
{
	return r->o->hooks.account == NULL || address.len == 0 ? 0 :
	    r->o->hooks.account(r->o->hooks.ctx, address, i);
}

static uint32_t
account_of(struct repair *r, struct slice address)
{
	return account_nth(r, address, 0);
}

static bool
account_is_there(struct repair *r, uint32_t account)
{
	struct slice login;

	return r->o->hooks.login == NULL || r->o->hooks.login(r->o->hooks.ctx, account, &login);
}

static struct repair_message
message_of(const struct repair_found *f, uint32_t account, const char *folder)
{
	return (struct repair_message){ .account = account, .folder = folder, .text = f->row.id,
		.size_bytes = f->row.size_bytes, .internal_at = f->received_at,
		.internal_zone = f->received_zone, .uidl = f->uidl };
}

/* To whom the text was written, as its record says.  *given: how many have it now. */
static enum status
owners_deliver(struct repair *r, const struct repair_found *f, unsigned *given,
    struct problem *why)
{
	struct slice rest = f->owners;
	struct record_owner o;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && record_owner_next(&rest, &o)) {
		struct repair_message m = message_of(f, o.account,
		    folders[o.role < MAILBOX_ROLE_COUNT ? o.role : MAILBOX_PLAIN]);
		char folder[48];

		if (!account_is_there(r, o.account))
			continue;
		if (o.mailbox != 0) {
			snprintf(folder, sizeof(folder), "Recovered/Folder %u", o.mailbox);
			m.folder = folder;
		}
		m.internal_at = o.internal_at;
		m.internal_zone = o.internal_zone;
		m.flags = o.flags;
		if (*given > 0)
			m.uidl += *given;
		++*given;
		st = repair_deliver(r, &m, why);
	}
	return st;
}

/* A text without owners: the envelope says whose it is, as far as it names people of ours. */
static enum status
envelope_deliver(struct repair *r, const struct repair_found *f, struct slice sender,
    struct slice recipients, unsigned *given, struct problem *why)
{
	struct repair_numbers people = { NULL, 0 };
	uint32_t from = account_of(r, sender), account;
	enum status st = STATUS_OK;

	while (recipients.len > 0) {
		struct slice address = slice_take_until(&recipients, '\n');

		for (unsigned i = 0; (account = account_nth(r, address, i)) != 0; i++)
			repair_number_put(&people, account);
	}
	repair_numbers_sort(&people);
	for (size_t i = 0; st == STATUS_OK && i < people.count; i++) {
		struct repair_message m = message_of(f, (uint32_t)people.all[i],
		    folders[MAILBOX_INBOX]);

		if (i > 0 && people.all[i] == people.all[i - 1])
			continue;
		++*given;
		st = repair_deliver(r, &m, why);
	}
	mem_free(people.all);
	if (st == STATUS_OK && *given == 0 && from != 0) {
		struct repair_message m = message_of(f, from, folders[MAILBOX_SENT]);

		++*given;
		st = repair_deliver(r, &m, why);
	}
	return st;
}

static enum status
archive_again(struct repair *r, const struct repair_found *f, struct slice sender,
    struct slice recipients, struct problem *why)
{
	struct archive_row row = { .text = f->row.id, .received_at = f->row.received_at,
		.mid = f->row.mid, .envelope = f->envelope, .direction = PLAN_IN };
	bool is_inside = false;
	enum status st;

	while (recipients.len > 0)
		is_inside |= account_of(r, slice_take_until(&recipients, '\n')) != 0;
	if (account_of(r, sender) != 0)
		row.direction = is_inside ? PLAN_INTERNAL : PLAN_OUT;
	st = archive_put(&r->change, &row, f->row.sha256, why);
	return st == STATUS_OK ? text_refer(r->txn, f->row.id, 1, why) : st;
}

/* Answers find the author again. */
static enum status
message_id_again(struct repair *r, const struct repair_found *f, struct slice sender,
    struct problem *why)
{
	struct message_id_row row = { .text = f->row.id, .author = account_of(r, sender) };
	struct digest d;

	if (digest_decode(f->digest, &d) != STATUS_OK || d.message_id.len == 0)
		return STATUS_OK;
	row.direction = row.author != 0 ? PLAN_OUT : PLAN_IN;
	row.key = message_id_key(d.message_id);
	return message_id_put(r->txn, &row, why);
}

static enum status
administrator_deliver(struct repair *r, const struct repair_found *f, const char *folder,
    struct problem *why)
{
	struct repair_message m = message_of(f, 0, folder);
	struct text_row described = f->row;
	struct buf b = buf_init(2000);
	char key[24];
	enum status st = repair_administrator(r, &m.account, why);

	snprintf(key, sizeof(key), "%llu", (unsigned long long)f->row.id);
	described.digest = f->digest;
	repair_describe(&described, f->received_at, &b);
	repair_say(r, REPAIR_RECOVERED, "text", key, m.account, "%.*s: now in %s",
	    SLICE_ARG(buf_slice(&b)), folder);
	buf_clear(&b);
	return st == STATUS_OK ? repair_deliver(r, &m, why) : st;
}

/* The form in which the message before went outside: nobody's, but for the queue's. */
static bool
is_other_form(const struct rebuilding *b, const struct repair_found *f)
{
	return f->envelope.len == 0 && f->owners.len == 0 && b->mid_len > 0 &&
	    slice_equal(f->row.mid, slice_make(b->mid, b->mid_len));
}

static enum status
certain_deliver(struct rebuilding *b, const struct repair_found *f, struct problem *why)
{
	struct slice sender = SLICE(""), recipients = SLICE("");
	struct repair *r = b->r;
	unsigned given = 0;
	enum status st;

	if (f->envelope.len > 0 &&
	    archive_envelope_read(f->envelope, &sender, &recipients) == STATUS_OK) {
		st = archive_again(r, f, sender, recipients, why);
		if (st == STATUS_OK)
			st = message_id_again(r, f, sender, why);
		if (st != STATUS_OK)
			return st;
		b->mid_len = f->row.mid.len;
		memcpy(b->mid, f->row.mid.ptr, b->mid_len);
	}
	st = owners_deliver(r, f, &given, why);
	if (st == STATUS_OK && given == 0 && f->owners.len == 0)
		st = envelope_deliver(r, f, sender, recipients, &given, why);
	if (st != STATUS_OK || given > 0 || is_other_form(b, f))
		return st;
	return administrator_deliver(r, f, "Recovered/unassigned", why);
}

static enum status
text_again(struct rebuilding *b, struct repair_reader *reader, const struct scan_text *t,
    struct problem *why)
{
	struct repair *r = b->r;
	struct repair_found found;
	char key[24];
	enum status st;

	if (is_void(b, t->id)) {
		b->skipped++;
		return STATUS_OK;
	}
	st = repair_text_restore(r, reader, t->id, &found, why);
	if (st == STATUS_ABSENT) {
		snprintf(key, sizeof(key), "%llu", (unsigned long long)t->id);
		repair_say(r, REPAIR_LOST, "text", key, 0, "its bytes in segment %u are damaged",
		    t->segment);
		return STATUS_OK;
	}
	/* No row refers to it yet, but for those that are the same as it. */
	if (st == STATUS_OK)
		st = repair_references_put(r, t->id, 0, why);
	if (st == STATUS_OK && found.row.same_as != 0)
		st = text_refer(r->txn, found.row.same_as, 1, why);
	if (st != STATUS_OK)
		return st;
	return is_certain(b, t) ? certain_deliver(b, &found, why) :
	    administrator_deliver(r, &found, "Recovered/uncertain", why);
}

static enum status
texts_again(struct rebuilding *b, struct problem *why)
{
	struct repair_reader *reader = repair_reader_new();
	const struct segment_scan *s = &b->r->scan;
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < s->text_count; i++) {
		if (i > 0 && s->texts[i].id == s->texts[i - 1].id)
			continue;
		st = text_again(b, reader, &s->texts[i], why);
		if (i % 64 == 0)
			repair_progress(b->r, "texts", i, s->text_count);
	}
	if (s->text_count > 0)
		b->r->counters.text = s->texts[s->text_count - 1].id;
	repair_reader_free(&reader);
	return st;
}

static enum status
audit_say(struct rebuilding *b, struct problem *why)
{
	struct buf detail = buf_init(1000);
	struct audit_row row = { .kind = SLICE("store.rebuilt"), .actor = SLICE("admin"),
		.subject = SLICE("store") };
	enum status st;

	buf_printf(&detail, "messages: %llu\nnever committed: %llu\n",
	    (unsigned long long)b->r->result->messages, (unsigned long long)b->skipped);
	row.detail = buf_slice(&detail);
	st = audit_put(&b->r->change, &row, why);
	buf_clear(&detail);
	return st;
}

static void
scan_progress(void *ctx, uint64_t done, uint64_t total)
{
	repair_progress(ctx, "segments", done, total);
}

enum status
rebuild_run(struct repair *r, struct problem *why)
{
	struct rebuilding b = { .r = r };
	enum status st;

	st = segment_scan(r->segments, 0, scan_progress, r, &r->scan, why);
	if (st == STATUS_OK && r->scan.file_count == 0) {
		problem_set(why, "there are no segments");
		st = STATUS_ABSENT;
	}
	if (st == STATUS_OK)
		st = repair_begin(r, why);
	if (st != STATUS_OK)
		return st;
	markers_read(&b);
	r->counters.mailbox = MAILBOXES_FROM;
	r->counters.queue = r->change.now_s;
	st = texts_again(&b, why);
	if (st == STATUS_OK)
		st = repair_segments(r, why);
	if (st == STATUS_OK)
		st = repair_space(r, why);
	if (st == STATUS_OK)
		st = audit_say(&b, why);
	mem_free(b.highest_behind);
	return st == STATUS_OK ? repair_place(r, why) : st;
}
