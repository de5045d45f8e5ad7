#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "smtpd/relay_internal.h"

#define AGAIN_MS 1000

void
relay_entry_detail(const struct relay_entry *e, struct buf *out)
{
	struct buf text = buf_init(sizeof(e->batch->remote) + RELAY_TEXT_MAX + 8);

	if (e->batch->remote[0] != '\0')
		buf_printf(&text, "%s: ", e->batch->remote);
	(void)buf_append(&text, slice_from_cstr(e->result.text));
	(void)buf_append(out, slice_sub(buf_slice(&text), 0, out->max - out->len));
	buf_clear(&text);
}

void
relay_entry_end(struct relay_entry *e)
{
	struct relay_batch *b = e->batch;
	struct relay *r = b->relay;
	uint8_t key[8];

	if (e->is_ended)
		return;
	e->is_ended = true;
	store_u64be(key, e->id);
	(void)table_remove(r->entries, slice_make(key, sizeof(key)));
	b->open--;
	relay_batch_check(b);
	relay_entry_ended(r);
}

static bool
is_sent(const struct relay_entry *e)
{
	return e->outcome == QUEUE_SENT || e->outcome == QUEUE_RELAYED;
}

static void
log_outcome(const struct relay_entry *e)
{
	static const struct {
		const char *event;
		enum log_level level;
	} events[] = {
		[QUEUE_SENT] = { "relay.mail.sent", LOG_INFO },
		[QUEUE_LATER] = { "relay.mail.deferred", LOG_INFO },
		[QUEUE_PUT_BACK] = { "relay.mail.waiting", LOG_DEBUG },
		[QUEUE_RELAYED] = { "relay.mail.sent", LOG_INFO },
	};
	uint64_t now_s = relay_now();
	struct log_line l;

	log_begin(&l, events[e->outcome].level, events[e->outcome].event, NULL);
	log_cstr(&l, "mid", e->batch->mid);
	log_slice(&l, "to", slice_make(e->recipient, e->recipient_len));
	log_cstr(&l, "peer", e->batch->remote);
	log_cstr(&l, "said", e->result.text);
	log_u64(&l, "age_s", now_s > e->made_at ? now_s - e->made_at : 0);
	if (!is_sent(e)) {
		log_cstr(&l, "code", e->result.enhanced);
		log_u64(&l, "again_s", e->due_at > now_s ? e->due_at - now_s : 0);
	}
	if (e->result.is_doubtful)
		log_cstr(&l, "doubtful", "the server may have taken it: it may arrive twice");
	log_end(&l);
}

static void
on_settled(void *ctx, enum status st)
{
	struct relay_entry *e = ctx;
	struct relay *r = e->batch->relay;
	struct log_line l;

	if (st == STATUS_OK || st == STATUS_ABSENT) {
		r->settling--;
		if (e->outcome != QUEUE_SENT)
			relay_wake_at(r, e->due_at);
		relay_entry_end(e);
		relay_check_stopped(r);
		return;
	}
	log_begin(&l, LOG_WARN, "relay.settle.failed", NULL);
	log_cstr(&l, "mid", e->batch->mid);
	log_slice(&l, "to", slice_make(e->recipient, e->recipient_len));
	log_cstr(&l, "risk", is_sent(e) ? "sent twice if relayd ends now" : "none");
	log_status(&l, st, NULL);
	log_end(&l);
	e->next_unsettled = r->unsettled;
	r->unsettled = e;
	timer_set(r->settle_timer, AGAIN_MS);
}

static void
settle(struct relay_entry *e)
{
	struct buf detail = buf_init(RELAY_DETAIL_MAX);

	relay_entry_detail(e, &detail);
	queue_settle(e->batch->relay->queue, e->id, e->outcome, e->due_at, buf_slice(&detail),
	    on_settled, e);
	buf_clear(&detail);
}

void
relay_settle_again(void *ctx)
{
	struct relay *r = ctx;
	struct relay_entry *list = r->unsettled;

	r->unsettled = NULL;
	while (list != NULL) {
		struct relay_entry *e = list;

		list = e->next_unsettled;
		settle(e);
	}
}

void
relay_settle_entry(struct relay_entry *e, enum queue_outcome outcome, uint64_t due_at)
{
	e->outcome = outcome;
	e->due_at = due_at;
	e->batch->relay->settling++;
	log_outcome(e);
	settle(e);
}
