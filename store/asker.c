#include "store/asker.h"

#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "store/request.h"

#define DEADLINE_MS 120000	/* longer than any batch takes; who waits has deadlines of their own */

struct asker {
	struct loop *loop;
	struct ipc_client *ipc;
	struct question *first;
	uint32_t last_number;
	void (*connected)(void *ctx);
	void (*noticed)(void *ctx, const struct ipc_frame *frame);
	void *ctx;
};

struct question {
	struct asker *asker;
	struct question *next, **at;	/* at: what points to this one */
	uint32_t number;
	uint32_t call;			/* ipc_call()'s number, or 0 */
	struct timer *refuse;		/* for one that is too long to be asked */
	asker_answered *answered;
	asker_fn *done;
	void *ctx;
};

static void
on_connected(void *ctx)
{
	struct asker *a = ctx;

	if (a->connected != NULL)
		a->connected(a->ctx);
}

static void
on_notice(void *ctx, struct ipc_frame *frame)
{
	struct asker *a = ctx;

	if (a->noticed != NULL)
		a->noticed(a->ctx, frame);
}

struct asker *
asker_new(struct loop *l, const char *path, void (*connected)(void *ctx),
    void (*noticed)(void *ctx, const struct ipc_frame *frame), void *ctx)
{
	struct asker *a = mem_new(struct asker);

	a->loop = l;
	a->connected = connected;
	a->noticed = noticed;
	a->ctx = ctx;
	a->ipc = ipc_client_new(l, path, on_notice, on_connected, a);
	return a;
}

static void
question_free(struct question *q)
{
	*q->at = q->next;
	if (q->next != NULL)
		q->next->at = q->at;
	timer_free(&q->refuse);
	mem_free(q);
}

void
asker_free(struct asker **ap)
{
	struct asker *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	while (a->first != NULL) {
		if (a->first->call != 0)
			ipc_cancel(a->ipc, a->first->call);
		question_free(a->first);
	}
	ipc_client_free(&a->ipc);
	mem_free(a);
}

/* The question is forgotten before its done is called, which may free the asker. */
static void
question_end(struct question *q, enum status st, struct reader *in, struct ipc_frame *frame,
    const struct problem *why)
{
	asker_answered *answered = q->answered;
	asker_fn *done = q->done;
	void *ctx = q->ctx;

	question_free(q);
	answered(done, ctx, st, in, frame, why);
}

static void
question_refused(void *ctx)
{
	struct problem why = { "" };

	problem_set(&why, "the request is too long");
	question_end(ctx, STATUS_LIMIT, NULL, NULL, &why);
}

static void
question_answered(void *ctx, enum status st, struct ipc_frame *frame)
{
	struct problem why = { "" };
	struct reader in;

	if (st == STATUS_OK) {
		in = reader_of(frame->payload);
		if (answer_read(&in, &st, &why) != STATUS_OK) {
			problem_set(&why, "the store's answer cannot be read");
			st = STATUS_BUSY;
		}
	} else {
		frame = NULL;
		problem_set(&why, "the store does not answer");
	}
	question_end(ctx, st, st == STATUS_OK ? &in : NULL, frame, &why);
}

uint32_t
asker_ask(struct asker *a, uint16_t type, struct buf *payload, int fd, asker_answered *answered,
    asker_fn *done, void *ctx)
{
	struct question *q = mem_new(struct question);

	q->asker = a;
	q->number = ++a->last_number;
	if (q->number == 0)
		q->number = ++a->last_number;
	q->answered = answered;
	q->done = done;
	q->ctx = ctx;
	q->next = a->first;
	q->at = &a->first;
	if (q->next != NULL)
		q->next->at = &q->next;
	a->first = q;
	if (buf_status(payload) == STATUS_OK) {
		q->call = ipc_call(a->ipc, type, buf_slice(payload), fd, DEADLINE_MS,
		    question_answered, q);
	} else {
		q->refuse = timer_new(a->loop, question_refused, q);
		timer_set(q->refuse, 0);
	}
	buf_clear(payload);
	return q->number;
}

void
asker_tell(struct asker *a, uint16_t type, struct slice payload)
{
	ipc_notify(a->ipc, type, payload);
}

void
asker_cancel(struct asker *a, uint32_t call)
{
	struct question *q;

	for (q = a->first; q != NULL && q->number != call; q = q->next)
		;
	if (q == NULL)
		return;
	if (q->call != 0)
		ipc_cancel(a->ipc, q->call);
	question_free(q);
}
