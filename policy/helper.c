#include "policy/helper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"

enum { TICK_MS = 250 };

struct work {
	struct work *prev, *next;
	uint64_t number;
	enum digest_message type;	/* DIGEST_WORK, DIGEST_REWRITE */
	struct buf payload;
	uint32_t size_bytes;
	int fd;
	unsigned attempts;
	uint64_t since_ms;	/* when it began to wait, or to be read */
	bool is_cancelled;	/* nobody waits for it any more */
	helper_done *done;
	helper_rewritten *rewritten;
	void *ctx;
};

/* First in, first out. */
struct queue {
	struct work *first, *last;
	unsigned count;
};

struct helper {
	struct helper *next;
	struct ipc_peer *peer;
	struct queue works;	/* sent; the first is being read */
};

struct helpers {
	struct loop *loop;
	struct ipc_server *server;
	struct helper *first;
	struct queue waiting;
	uint64_t last_number;
	struct timer *tick;
	bool is_ticking;
};

static void
queue_remove(struct queue *q, struct work *w)
{
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		q->first = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	else
		q->last = w->prev;
	w->prev = w->next = NULL;
	q->count--;
}

static void
queue_append(struct queue *q, struct work *w)
{
	w->prev = q->last;
	w->next = NULL;
	if (q->last != NULL)
		q->last->next = w;
	else
		q->first = w;
	q->last = w;
	q->count++;
}

static void
queue_push(struct queue *q, struct work *w)
{
	w->prev = NULL;
	w->next = q->first;
	if (q->first != NULL)
		q->first->prev = w;
	else
		q->last = w;
	q->first = w;
	q->count++;
}

static void
work_free(struct work *w)
{
	buf_clear(&w->payload);
	mem_free(w);
}

static void
finish(struct work *w, enum status st, const struct digest_done *d)
{
	if (!w->is_cancelled && w->type == DIGEST_REWRITE)
		w->rewritten(w->ctx, st, NULL, -1);
	else if (!w->is_cancelled)
		w->done(w->ctx, st, d);
	work_free(w);
}

static struct helper *
least_loaded(const struct helpers *h)
{
	struct helper *best = NULL;

	for (struct helper *one = h->first; one != NULL; one = one->next)
		if (one->works.count < HELPER_PIPELINE_MAX &&
		    (best == NULL || one->works.count < best->works.count))
			best = one;
	return best;
}

static void
send_work(struct helper *to, struct work *w)
{
	ipc_send(to->peer, (uint16_t)w->type, 0, buf_slice(&w->payload), w->fd);
	w->since_ms = clock_monotonic_ms();
	queue_append(&to->works, w);
}

static void
send_waiting(struct helpers *h)
{
	struct helper *to;

	while (h->waiting.first != NULL && (to = least_loaded(h)) != NULL) {
		struct work *w = h->waiting.first;

		queue_remove(&h->waiting, w);
		send_work(to, w);
	}
}

static struct work *
queue_find(const struct queue *q, uint64_t number)
{
	struct work *w = q->first;

	while (w != NULL && w->number != number)
		w = w->next;
	return w;
}

static void
log_lost(const struct work *w, const char *why)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "policy.helper.lost", NULL);
	log_cstr(&l, "why", why);
	if (w != NULL) {
		log_u64(&l, "size", w->size_bytes);
		log_u64(&l, "attempt", w->attempts);
	}
	log_end(&l);
}

/* The text it was reading may be what killed it; those behind it are innocent. */
static void
helper_closed(void *ctx, struct ipc_peer *peer)
{
	struct helpers *h = ctx;
	struct helper *gone = ipc_peer_get(peer);
	struct work *suspect;

	if (gone == NULL)
		return;
	for (struct helper **at = &h->first; *at != NULL; at = &(*at)->next) {
		if (*at == gone) {
			*at = gone->next;
			break;
		}
	}
	suspect = gone->works.first;
	if (suspect != NULL) {
		suspect->attempts++;
		log_lost(suspect, "it ended or took too long");
	}
	while (gone->works.last != NULL) {
		struct work *w = gone->works.last;

		queue_remove(&gone->works, w);
		if (w->is_cancelled || w->attempts >= HELPER_ATTEMPTS_MAX) {
			finish(w, STATUS_BUSY, NULL);
			continue;
		}
		w->since_ms = clock_monotonic_ms();
		queue_push(&h->waiting, w);
	}
	mem_free(gone);
	send_waiting(h);
}

static enum status
hello(struct helpers *h, struct ipc_peer *peer)
{
	struct helper *helper;

	if (ipc_peer_get(peer) != NULL)
		return STATUS_CORRUPT;
	helper = mem_new(struct helper);
	helper->peer = peer;
	helper->next = h->first;
	h->first = helper;
	ipc_peer_set(peer, helper);
	send_waiting(h);
	return STATUS_OK;
}

/* The work that is answered, off the helper's queue; NULL: that was not what was asked. */
static struct work *
take_answered(struct helpers *h, struct helper *helper, enum digest_message type,
    uint64_t number)
{
	struct work *w = helper->works.first;

	if (w == NULL || w->type != type || w->number != number)	/* answers come in order */
		return NULL;
	queue_remove(&helper->works, w);
	if (helper->works.first != NULL)
		helper->works.first->since_ms = clock_monotonic_ms();
	send_waiting(h);
	return w;
}

static enum status
work_done(struct helpers *h, struct helper *helper, struct slice payload)
{
	struct digest_done d;
	struct work *w;

	if (helper == NULL || digest_done_read(payload, &d) != STATUS_OK)
		return STATUS_CORRUPT;
	w = take_answered(h, helper, DIGEST_WORK, d.number);
	if (w != NULL)
		finish(w, d.status, d.status == STATUS_OK ? &d : NULL);
	digest_done_clear(&d);
	return w != NULL ? STATUS_OK : STATUS_CORRUPT;
}

static enum status
rewrite_done(struct helpers *h, struct helper *helper, struct ipc_frame *frame)
{
	struct digest_rewritten d;
	struct work *w;

	if (helper == NULL || digest_rewritten_read(frame->payload, &d) != STATUS_OK)
		return STATUS_CORRUPT;
	if (helper->works.first != NULL && d.status == STATUS_OK &&
	    memfd_sealed_check(frame->fd, (uint64_t)helper->works.first->size_bytes +
	    d.size_bytes, NULL) != STATUS_OK)
		return STATUS_CORRUPT;
	w = take_answered(h, helper, DIGEST_REWRITE, d.number);
	if (w == NULL)
		return STATUS_CORRUPT;
	if (d.status != STATUS_OK || w->is_cancelled) {
		finish(w, d.status, NULL);
		return STATUS_OK;
	}
	w->rewritten(w->ctx, STATUS_OK, &d, frame->fd);
	frame->fd = -1;
	work_free(w);
	return STATUS_OK;
}

static enum status
helper_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	if (frame->type == DIGEST_HELLO)
		return hello(ctx, peer);
	if (frame->type == DIGEST_DONE)
		return work_done(ctx, ipc_peer_get(peer), frame->payload);
	if (frame->type == DIGEST_REWRITTEN)
		return rewrite_done(ctx, ipc_peer_get(peer), frame);
	return STATUS_CORRUPT;
}

static bool
is_late(const struct work *w, uint64_t now_ms, uint32_t more_s)
{
	/* What was handed on a moment ago may be newer than now_ms. */
	return now_ms > w->since_ms +
	    (DIGEST_PATIENCE_S(w->size_bytes) + more_s) * UINT64_C(1000);
}

static struct helper *
find_late(const struct helpers *h, uint64_t now_ms)
{
	for (struct helper *one = h->first; one != NULL; one = one->next)
		if (one->works.first != NULL && is_late(one->works.first, now_ms, 0))
			return one;
	return NULL;
}

static bool
has_work(const struct helpers *h)
{
	if (h->waiting.first != NULL)
		return true;
	for (const struct helper *one = h->first; one != NULL; one = one->next)
		if (one->works.first != NULL)
			return true;
	return false;
}

static void
tick_start(struct helpers *h)
{
	if (h->is_ticking)
		return;
	h->is_ticking = true;
	timer_set(h->tick, TICK_MS);
}

/* One clock for all of them: a timer for each text would cost more than the text. */
static void
tick(void *ctx)
{
	struct helpers *h = ctx;
	uint64_t now_ms = clock_monotonic_ms();
	struct helper *late;
	struct work *w;

	h->is_ticking = false;
	while ((late = find_late(h, now_ms)) != NULL)
		ipc_peer_close(late->peer);	/* helper_closed() does the rest */
	while ((w = h->waiting.first) != NULL && is_late(w, now_ms, HELPER_WAIT_S)) {
		queue_remove(&h->waiting, w);
		log_lost(w, "no helper is there");
		finish(w, STATUS_BUSY, NULL);
	}
	if (has_work(h))
		tick_start(h);
}

struct helpers *
helpers_new(struct loop *l, int listen_fd, const uid_t *uids, size_t uid_count)
{
	static const struct ipc_server_handler handler = {
		.on_frame = helper_frame,
		.on_close = helper_closed,
	};
	struct helpers *h = mem_new(struct helpers);

	h->loop = l;
	h->tick = timer_new(l, tick, h);
	h->server = ipc_server_new(l, listen_fd, uids, uid_count, &handler, h);
	return h;
}

void
helpers_free(struct helpers **helpers)
{
	struct helpers *h = *helpers;

	if (h == NULL)
		return;
	*helpers = NULL;
	ipc_server_free(&h->server);
	while (h->waiting.first != NULL) {
		struct work *w = h->waiting.first;

		queue_remove(&h->waiting, w);
		work_free(w);
	}
	timer_free(&h->tick);
	mem_free(h);
}

static struct work *
work_new(struct helpers *h, enum digest_message type, int fd, uint32_t size_bytes, void *ctx)
{
	struct work *w = mem_new(struct work);

	w->number = ++h->last_number;
	w->type = type;
	w->payload = buf_init(IPC_FRAME_MAX);
	w->size_bytes = size_bytes;
	w->fd = fd;
	w->since_ms = clock_monotonic_ms();
	w->ctx = ctx;
	return w;
}

static uint64_t
work_ask(struct helpers *h, struct work *w)
{
	uint64_t number = w->number;

	queue_append(&h->waiting, w);
	send_waiting(h);
	tick_start(h);
	return number;
}

uint64_t
helpers_read(struct helpers *h, int fd, uint32_t size_bytes, uint32_t prefix_len,
    helper_done *done, void *ctx)
{
	struct work *w = work_new(h, DIGEST_WORK, fd, size_bytes, ctx);
	struct digest_work work = { w->number, size_bytes, prefix_len };

	digest_work_put(&w->payload, &work);
	w->done = done;
	return work_ask(h, w);
}

uint64_t
helpers_rewrite(struct helpers *h, int fd, uint32_t size_bytes,
    const struct rewrite_order *order, helper_rewritten *done, void *ctx)
{
	struct work *w = work_new(h, DIGEST_REWRITE, fd, size_bytes, ctx);

	digest_rewrite_put(&w->payload, w->number, size_bytes, order);
	w->rewritten = done;
	return work_ask(h, w);
}

void
helpers_cancel(struct helpers *h, uint64_t number)
{
	struct work *w = queue_find(&h->waiting, number);

	if (w != NULL) {
		queue_remove(&h->waiting, w);
		work_free(w);
		return;
	}
	for (struct helper *one = h->first; one != NULL; one = one->next) {
		w = queue_find(&one->works, number);
		if (w != NULL)
			w->is_cancelled = true;	/* the helper answers all the same */
	}
}
