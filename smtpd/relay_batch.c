#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "smtpd/relay_internal.h"

#define PREFETCH_MAX (1024 * 1024)

static struct slice
domain_of(struct slice recipient)
{
	size_t at = slice_find_last_byte(recipient, '@');

	return slice_skip(recipient, at + 1);
}

static struct relay_batch *
batch_new(struct relay *r, const struct queue_item *item)
{
	struct relay_batch *b = mem_new(struct relay_batch);

	b->relay = r;
	b->text_id = item->text;
	b->size_bytes = item->size_bytes;
	b->route = item->route;
	b->author = item->author;
	b->mid = mem_dup(item->mid);
	b->sender = mem_dup(item->sender);
	b->sender_len = item->sender.len;
	b->dsn.ret = item->dsn.ret;
	b->dsn.envid = slice_make(mem_dup(item->dsn.envid), item->dsn.envid.len);
	b->owed = (enum queue_owed)item->owed;
	b->domain = mem_dup(domain_of(item->recipient));
	b->next = r->batches;
	if (b->next != NULL)
		b->next->prev = b;
	r->batches = b;
	return b;
}

static void
add_entry(struct relay_batch *b, struct relay_entry *e)
{
	e->batch = b;
	b->entries[b->count++] = e;
	b->open++;
}

struct relay_batch *
relay_batch_new(struct relay *r, const struct queue_item *item)
{
	struct relay_batch *b = batch_new(r, item);
	struct relay_entry *e = mem_new(struct relay_entry);
	uint8_t key[8];

	e->id = item->id;
	e->recipient = mem_dup(item->recipient);
	e->recipient_len = item->recipient.len;
	e->made_at = item->made_at;
	e->attempts = item->attempts;
	e->is_delay_told = item->is_delay_told;
	e->wish.notify = item->wish.notify;
	e->wish.orcpt = slice_make(mem_dup(item->wish.orcpt), item->wish.orcpt.len);
	add_entry(b, e);
	store_u64be(key, e->id);
	(void)table_put(r->entries, slice_make(key, sizeof(key)), e);
	return b;
}

struct relay_batch *
relay_batch_like(const struct relay_batch *b)
{
	const struct queue_item item = {
		.text = b->text_id,
		.size_bytes = b->size_bytes,
		.mid = slice_from_cstr(b->mid),
		.sender = slice_make(b->sender, b->sender_len),
		.recipient = slice_from_cstr(b->domain),
		.route = b->route,
		.author = b->author,
		.dsn = b->dsn,
		.owed = (uint8_t)b->owed,
	};

	return batch_new(b->relay, &item);
}

void
relay_batch_free(struct relay_batch *b)
{
	struct relay *r = b->relay;

	if (b->text_call != 0)
		queue_cancel(r->queue, b->text_call);
	relay_batch_unload(b);
	for (uint32_t i = 0; i < b->count; i++) {
		mem_free(b->entries[i]->recipient);
		mem_free((char *)b->entries[i]->wish.orcpt.ptr);
		mem_free(b->entries[i]);
	}
	if (b->prev != NULL)
		b->prev->next = b->next;
	else
		r->batches = b->next;
	if (b->next != NULL)
		b->next->prev = b->prev;
	mem_free(b->mid);
	mem_free(b->sender);
	mem_free((char *)b->dsn.envid.ptr);
	mem_free(b->domain);
	mem_free(b);
}

void
relay_batch_check(struct relay_batch *b)
{
	if (b->open == 0 && b->notices == 0)
		relay_batch_free(b);
}

bool
relay_batch_join(struct relay_batch *b, struct relay_batch *from)
{
	if (b->text_id != from->text_id || b->author != from->author || b->owed != from->owed ||
	    b->count + from->count > RELAY_RECIPIENTS_MAX ||
	    !slice_equal(slice_make(b->sender, b->sender_len),
	    slice_make(from->sender, from->sender_len)))
		return false;
	for (uint32_t i = 0; i < from->count; i++)
		add_entry(b, from->entries[i]);
	from->count = from->open = 0;
	relay_batch_free(from);
	return true;
}

uint64_t
relay_batch_made_at(const struct relay_batch *b)
{
	uint64_t oldest = b->entries[0]->made_at;

	for (uint32_t i = 1; i < b->count; i++)
		if (b->entries[i]->made_at < oldest)
			oldest = b->entries[i]->made_at;
	return oldest;
}

/* The text */

static void
on_text(void *ctx, enum status st, int fd, uint32_t size_bytes)
{
	struct relay_batch *b = ctx;
	void (*loaded)(struct relay_batch *b, enum status st) = b->loaded;
	struct problem why = { 0 };
	struct log_line l;

	b->text_call = 0;
	b->loaded = NULL;
	if (st == STATUS_OK)
		st = relay_text_open(&b->text, fd, size_bytes, &why);
	if (st == STATUS_OK)
		b->load = RELAY_LOADED;
	else
		relay_batch_unload(b);
	if (st != STATUS_OK && st != STATUS_BUSY) {
		log_begin(&l, LOG_ERROR, "relay.text.unread", NULL);
		log_cstr(&l, "mid", b->mid);
		log_u64(&l, "text", b->text_id);
		log_status(&l, st, &why);
		log_end(&l);
	}
	if (loaded != NULL)
		loaded(b, st);
}

bool
relay_batch_may_load(const struct relay_batch *b)
{
	uint64_t held = b->relay->text_bytes;

	return b->load != RELAY_UNLOADED || held == 0 || held + b->size_bytes <= RELAY_TEXTS_MAX;
}

void
relay_batch_unload(struct relay_batch *b)
{
	if (b->load != RELAY_UNLOADED)
		b->relay->text_bytes -= b->size_bytes;
	relay_text_close(&b->text);
	b->load = RELAY_UNLOADED;
}

static void
ask_text(struct relay_batch *b)
{
	b->load = RELAY_LOADING;
	b->relay->text_bytes += b->size_bytes;
	b->text_call = queue_text(b->relay->queue, b->text_id, on_text, b);
}

void
relay_batch_prefetch(struct relay_batch *b)
{
	if (b->load == RELAY_UNLOADED && b->size_bytes <= PREFETCH_MAX && relay_batch_may_load(b))
		ask_text(b);
}

void
relay_batch_load(struct relay_batch *b, void (*loaded)(struct relay_batch *b, enum status st))
{
	if (b->load == RELAY_LOADED) {
		loaded(b, STATUS_OK);
		return;
	}
	b->loaded = loaded;
	if (b->load == RELAY_UNLOADED)
		ask_text(b);
}

void
relay_batch_leave(struct relay_batch *b)
{
	b->loaded = NULL;
}

/* The end of an attempt */

/* Entries of a batch, by what follows from their results. */
struct sorted {
	uint32_t failed[RELAY_RECIPIENTS_MAX], silent[RELAY_RECIPIENTS_MAX],
	    late[RELAY_RECIPIENTS_MAX];
	uint32_t failed_count, silent_count, late_count;
	bool has_expired;
};

/* Never: its author is told, unless that was not wanted. */
static void
sort_failed(const struct relay_batch *b, uint32_t i, struct sorted *out)
{
	if (relay_entry_wants(b->entries[i], SMTP_NOTIFY_FAILURE))
		out->failed[out->failed_count++] = i;
	else
		out->silent[out->silent_count++] = i;
}

/* Not now: given up, told to the author, or just put off, by its age and how often it was tried. */
static void
sort_later(struct relay_batch *b, uint32_t i, enum queue_outcome outcome, uint64_t due_at,
    struct sorted *out)
{
	const struct relay_schedule *schedule = &b->relay->schedule;
	struct relay_entry *e = b->entries[i];
	uint64_t now_s = relay_now();
	uint32_t attempts = e->attempts + (outcome == QUEUE_LATER);

	e->outcome = outcome;
	e->due_at = due_at;
	if (relay_schedule_is_expired(schedule, e->made_at, attempts, now_s)) {
		sort_failed(b, i, out);
		out->has_expired = true;
	} else if (relay_entry_wants(e, SMTP_NOTIFY_DELAY) &&
	    relay_schedule_is_late(schedule, e->made_at, e->is_delay_told, now_s)) {
		out->late[out->late_count++] = i;
	} else {
		relay_settle_entry(e, outcome, due_at);
	}
}

static void
move_to(struct relay_batch *again, struct relay_batch *b, struct relay_entry *e)
{
	for (uint32_t i = 0; i < b->count; i++)
		if (b->entries[i] == e) {
			b->entries[i] = b->entries[--b->count];
			break;
		}
	b->open--;
	e->has_result = false;
	add_entry(again, e);
}

/* Those that were not tried make a batch of their own, first in its destination. */
static void
take_again(struct relay_batch *b, struct relay_destination *d)
{
	struct relay_batch *again = NULL;

	for (uint32_t i = b->count; i > 0; i--) {
		struct relay_entry *e = b->entries[i - 1];

		if (e->result.verdict != RELAY_AGAIN)
			continue;
		if (d == NULL || ++e->agains > RELAY_AGAIN_MAX) {
			e->result.verdict = RELAY_LATER;
			continue;
		}
		if (again == NULL)
			again = relay_batch_like(b);
		move_to(again, b, e);
	}
	if (again != NULL)
		relay_destination_return(d, again);
}

/* Start what the sorted need; the text stays for them. */
static void
tell_authors(struct relay_batch *b, const struct sorted *s)
{
	struct relay_told told = { .kind = RETURN_FAILED, .is_expired = s->has_expired };

	if (s->failed_count > 0)
		relay_notice_start(b, told, s->failed, s->failed_count);
	told.is_silent = true;
	if (s->silent_count > 0)
		relay_notice_start(b, told, s->silent, s->silent_count);
	told = (struct relay_told){ .kind = RETURN_DELAYED };
	if (s->late_count > 0)
		relay_notice_start(b, told, s->late, s->late_count);
	if (b->load == RELAY_LOADED && b->notices == 0)
		relay_batch_unload(b);
}

void
relay_batch_conclude(struct relay_batch *b)
{
	struct relay *r = b->relay;
	struct sorted s = { 0 };
	uint64_t now_s = relay_now();

	take_again(b, b->destination);
	b->destination = NULL;
	b->link = NULL;
	b->open++;	/* stays until all is under way */
	for (uint32_t i = 0; i < b->count; i++) {
		struct relay_entry *e = b->entries[i];

		ASSERT(e->has_result);	/* to forget it would be to call it sent */
		switch (e->result.verdict) {
		case RELAY_SENT:
			/* RFC 3461 s.5.2.2: who will not tell of it is told of. */
			relay_settle_entry(e, !e->is_passed_on && relay_entry_wants(e,
			    SMTP_NOTIFY_SUCCESS) ? QUEUE_RELAYED : QUEUE_SENT, 0);
			break;
		case RELAY_FAILED:
			sort_failed(b, i, &s);
			break;
		case RELAY_LATER:
		case RELAY_AGAIN:
			sort_later(b, i, QUEUE_LATER, relay_schedule_next(&r->schedule,
			    e->attempts + 1, now_s, id_random_u64()), &s);
			break;
		}
	}
	tell_authors(b, &s);
	b->open--;
	relay_batch_check(b);
}

void
relay_batch_conclude_with(struct relay_batch *b, const struct relay_result *result)
{
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->entries[i]->has_result)
			continue;
		b->entries[i]->result = *result;
		b->entries[i]->has_result = true;
	}
	relay_batch_conclude(b);
}

/* Off its destination, with one result for all; b->open is one too many until all is under way. */
static void
untie(struct relay_batch *b, const struct relay_result *why)
{
	b->destination = NULL;
	b->link = NULL;
	b->open++;
	for (uint32_t i = 0; i < b->count; i++) {
		b->entries[i]->result = *why;
		b->entries[i]->has_result = true;
	}
}

void
relay_batch_put_back(struct relay_batch *b, uint64_t due_at, const struct relay_result *why)
{
	struct sorted s = { 0 };

	untie(b, why);
	for (uint32_t i = 0; i < b->count; i++)
		sort_later(b, i, QUEUE_PUT_BACK, due_at, &s);
	tell_authors(b, &s);
	b->open--;
	relay_batch_check(b);
}

void
relay_batch_postpone(struct relay_batch *b, uint64_t due_at, const struct relay_result *why)
{
	untie(b, why);
	for (uint32_t i = 0; i < b->count; i++)
		relay_settle_entry(b->entries[i], QUEUE_PUT_BACK, due_at);
	b->open--;
	relay_batch_check(b);
}
