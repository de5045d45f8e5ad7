#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "smtpd/bounce.h"
#include "smtpd/relay_internal.h"

#define PAUSE_MS UINT64_C(1000)
#define PAUSE_MAX_MS 60000
#define REFUSED_PAUSE_S 3600
#define STALE_PAUSE_S 60

static void notice_begin(void *ctx);

static const struct {
	const char *event;
	enum bounce_kind bounce;
} kinds[] = {
	[RETURN_FAILED] = { "relay.mail.failed", BOUNCE_FAILED },
	[RETURN_DELAYED] = { "relay.mail.delayed", BOUNCE_DELAYED },
	[RETURN_DELIVERED] = { "relay.mail.delivered", BOUNCE_DELIVERED },
	[RETURN_RELAYED] = { "relay.mail.relayed", BOUNCE_RELAYED },
};

void
relay_notice_free(struct relay_notice *n)
{
	struct relay *r = n->batch->relay;

	if (n->prev != NULL)
		n->prev->next = n->next;
	else
		r->notices = n->next;
	if (n->next != NULL)
		n->next->prev = n->prev;
	if (n->call != 0)
		policy_cancel(r->policy, n->call);
	if (n->fd >= 0)
		close(n->fd);
	timer_free(&n->timer);
	buf_clear(&n->detail);
	n->batch->notices--;
	mem_free(n);
}

static void
log_entry(const struct relay_notice *n, const struct relay_entry *e)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, kinds[n->told.kind].event, NULL);
	log_cstr(&l, "mid", n->batch->mid);
	log_slice(&l, "to", slice_make(e->recipient, e->recipient_len));
	log_cstr(&l, "peer", n->batch->remote);
	log_cstr(&l, "code", e->result.enhanced);
	log_cstr(&l, "said", e->result.text);
	log_cstr(&l, "notice", n->fd >= 0 ? n->mid : "none");
	log_end(&l);
}

/*
 * On disk, or refused for good: the entries go their way.  STALE: one of them is gone; those that are
 * not are due again, and stored says of the others that they are.
 */
static void
notice_end(struct relay_notice *n, enum status st)
{
	struct relay_batch *b = n->batch;
	struct relay *r = b->relay;
	uint64_t later = relay_now() + (st == STATUS_STALE ? STALE_PAUSE_S : REFUSED_PAUSE_S);

	b->open++;
	for (uint32_t i = 0; i < n->count; i++) {
		struct relay_entry *e = b->entries[n->indices[i]];

		if (st == STATUS_OK)
			log_entry(n, e);
		if (n->told.kind == RETURN_DELAYED)
			relay_settle_entry(e, e->outcome, e->due_at);
		else if (st == STATUS_OK || st == STATUS_ABSENT)
			relay_entry_end(e);
		else	/* of what owes a notice only, the last answer is about the mail: it stays */
			relay_settle_entry(e, b->owed != QUEUE_OWES_MAIL ? QUEUE_PUT_BACK :
			    QUEUE_LATER, later);
	}
	relay_notice_free(n);
	b->open--;
	relay_batch_check(b);
	relay_check_stopped(r);
}

static void
try_later(struct relay_notice *n)
{
	uint64_t pause_ms = PAUSE_MS << (n->failures < 6 ? n->failures : 6);

	n->failures++;
	timer_set(n->timer, pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS);
}

static void
on_returned(void *ctx, enum status st, const struct problem *why)
{
	struct relay_notice *n = ctx;
	struct log_line l;

	n->call = 0;
	if (st == STATUS_BUSY) {
		try_later(n);
		return;
	}
	if (st != STATUS_OK) {
		log_begin(&l, st == STATUS_STALE ? LOG_INFO : LOG_ERROR, "relay.notice.refused", NULL);
		log_cstr(&l, "mid", n->batch->mid);
		log_status(&l, st, why);
		log_end(&l);
	}
	notice_end(n, st);
}

static void
hand_over(struct relay_notice *n)
{
	const struct policy_returned returned = {
		.kind = n->told.kind,
		.author = n->batch->author,
		.mid = slice_from_cstr(n->mid),
		.about = slice_from_cstr(n->batch->mid),
		.entries = n->ids,
		.entry_count = n->count,
		.size_bytes = n->size_bytes,
		.detail = buf_slice(&n->detail),
		.to = slice_make(n->batch->sender, n->batch->sender_len),
	};

	n->call = policy_return(n->batch->relay->policy, &returned, n->fd, on_returned, n);
}

static enum status
seal_text(struct relay_notice *n, struct slice text, struct problem *why)
{
	int fd = -1;
	enum status st = memfd_new(&fd, why);

	if (st == STATUS_OK && write(fd, text.ptr, text.len) != (ssize_t)text.len)
		st = STATUS_IO;
	if (st == STATUS_OK)
		st = memfd_seal(fd, why);
	if (st != STATUS_OK) {
		if (fd >= 0)
			close(fd);
		return st;
	}
	n->fd = fd;
	n->size_bytes = (uint32_t)text.len;
	return STATUS_OK;
}

static enum status
write_notice(struct relay_notice *n, struct problem *why)
{
	const struct relay_batch *b = n->batch;
	const struct relay *r = b->relay;
	struct bounce_recipient recipients[RELAY_RECIPIENTS_MAX];
	struct buf text = buf_init(BOUNCE_MAX);
	struct bounce bounce = {
		.kind = kinds[n->told.kind].bounce,
		.dsn = b->dsn,
		.hostname = buf_slice(&r->hostname),
		.domain = r->domain.len > 0 ? r->domain : buf_slice(&r->hostname),
		.mid = slice_from_cstr(n->mid),
		.author = slice_make(b->sender, b->sender_len),
		.remote = slice_from_cstr(b->remote_host),
		.made_at = relay_batch_made_at(b),
		.now_s = relay_now(),
		.is_expired = n->told.is_expired,
		.recipients = recipients,
		.count = n->count,
		.text = b->text.bytes,
	};
	enum status st;

	bounce.until_s = bounce.made_at + r->schedule.expire_s;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct relay_entry *e = b->entries[n->indices[i]];

		recipients[i].address = slice_make(e->recipient, e->recipient_len);
		recipients[i].result = &e->result;
		recipients[i].orcpt = e->wish.orcpt;
	}
	bounce_write(&bounce, &text);
	st = buf_status(&text);
	if (st == STATUS_OK)
		st = seal_text(n, buf_slice(&text), why);
	buf_clear(&text);
	return st;
}

/* The text is there for all notices of the batch that wait for it, or it is not. */
static void
on_loaded(struct relay_batch *b, enum status st)
{
	struct relay *r = b->relay;

	b->open++;
	for (struct relay_notice *n = r->notices, *next; n != NULL; n = next) {
		struct problem why = { 0 };

		next = n->next;
		if (n->batch != b || n->fd >= 0 || n->call != 0 || n->told.is_silent)
			continue;
		/* A text that is gone cannot be quoted; the author is told all the same. */
		if (st != STATUS_BUSY && write_notice(n, &why) == STATUS_OK)
			hand_over(n);
		else
			try_later(n);
	}
	relay_batch_unload(b);	/* who still needs it asks again */
	b->open--;
	relay_batch_check(b);
}

static void
notice_begin(void *ctx)
{
	struct relay_notice *n = ctx;

	if (n->fd >= 0 || n->told.is_silent)
		hand_over(n);
	else if (!relay_batch_may_load(n->batch))
		try_later(n);
	else
		relay_batch_load(n->batch, on_loaded);
}

void
relay_notice_start(struct relay_batch *b, struct relay_told told, const uint32_t *indices,
    uint32_t count)
{
	struct relay *r = b->relay;
	struct relay_notice *n = mem_new(struct relay_notice);

	n->batch = b;
	n->told = told;
	n->count = count;
	n->fd = -1;
	n->detail = buf_init(RELAY_NOTICE_DETAIL_MAX);
	id_sid(n->mid);
	for (uint32_t i = 0; i < count; i++) {
		const struct relay_entry *e = b->entries[indices[i]];

		n->indices[i] = indices[i];
		n->ids[i] = e->id;
		if (i > 0 && n->detail.len + 2 < RELAY_NOTICE_DETAIL_MAX)
			(void)buf_append(&n->detail, SLICE("; "));
		(void)buf_printf(&n->detail, "to=%.*s ", (int)e->recipient_len, e->recipient);
		relay_entry_detail(e, &n->detail);
	}
	n->timer = timer_new(r->loop, notice_begin, n);
	n->next = r->notices;
	if (n->next != NULL)
		n->next->prev = n;
	r->notices = n;
	b->notices++;
	notice_begin(n);
}

/* What is owed without an attempt of ours */

/* "host[address]:port: answer", as relay_entry_detail() wrote it when the mail went. */
static void
take_detail(struct relay_batch *b, struct slice detail)
{
	struct relay_entry *e = b->entries[0];
	size_t end = slice_find(detail, SLICE(": ")), host = slice_find_byte(detail, '[');

	e->result = (struct relay_result){ .verdict = RELAY_SENT, .enhanced = "2.0.0" };
	e->has_result = true;
	if (b->owed != QUEUE_OWES_RELAYED || end >= detail.len || host > end)
		return;
	relay_clean(slice_sub(detail, 0, end), b->remote, sizeof(b->remote));
	relay_clean(slice_sub(detail, 0, host), b->remote_host, sizeof(b->remote_host));
	relay_clean(slice_skip(detail, end + 2), e->result.text, sizeof(e->result.text));
	e->result.code = 250;
}

void
relay_owed_add(struct relay *r, const struct queue_item *item)
{
	struct relay_batch *b = relay_batch_new(r, item);

	take_detail(b, item->detail);
	for (struct relay_batch *with = r->owed; with != NULL; with = with->next_waiting)
		if (slice_equal(slice_from_cstr(with->remote), slice_from_cstr(b->remote)) &&
		    relay_batch_join(with, b))
			return;
	b->next_waiting = r->owed;
	r->owed = b;
}

void
relay_owed_tell(struct relay *r)
{
	while (r->owed != NULL) {
		struct relay_batch *b = r->owed;
		struct relay_told told = {
			.kind = b->owed == QUEUE_OWES_RELAYED ? RETURN_RELAYED : RETURN_DELIVERED,
			.is_silent = b->sender_len == 0,
		};
		uint32_t indices[RELAY_RECIPIENTS_MAX];

		r->owed = b->next_waiting;
		b->next_waiting = NULL;
		for (uint32_t i = 0; i < b->count; i++)
			indices[i] = i;
		relay_notice_start(b, told, indices, b->count);
	}
}
