#include "policy/fetching.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "policy/directory.h"
#include "policy/protocol.h"
#include "store/fetched.h"
#include "store/plan_client.h"

/* Somebody who waits for a run. */
struct waiting {
	struct waiting *next;
	uint32_t fetch;
	fetching_heard *heard;
	void *ctx;
};

/* A question about UIDLs that stored is answering. */
struct question {
	struct question *prev, *next;
	struct fetching *fetching;
	uint64_t ipc_peer;	/* 0: nobody wants the answer */
	uint16_t type;
	uint32_t request;
	uint32_t call;
};

struct last {
	struct policy_fetch_report report;
	char *text;
};

struct fetching {
	struct policyd *policyd;
	uint64_t fetchd;	/* the process that asked for the list; 0: none */
	struct waiting *waiting;
	struct question *questions;
	struct table *last;	/* u32be fetch id -> struct last */
};

struct fetching *
fetching_new(struct policyd *p)
{
	struct fetching *f = mem_new(struct fetching);

	f->policyd = p;
	f->last = table_new();
	return f;
}

static void
last_free(void *value)
{
	struct last *l = value;

	mem_free(l->text);
	mem_free(l);
}

static void
question_free(struct question *q)
{
	if (q->prev != NULL)
		q->prev->next = q->next;
	else
		q->fetching->questions = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	mem_free(q);
}

void
fetching_free(struct fetching **fetching)
{
	struct fetching *f = *fetching;

	if (f == NULL)
		return;
	*fetching = NULL;
	while (f->questions != NULL) {
		plan_cancel(f->policyd->store, f->questions->call);
		question_free(f->questions);
	}
	while (f->waiting != NULL) {
		struct waiting *w = f->waiting;

		f->waiting = w->next;
		mem_free(w);
	}
	table_free(&f->last, last_free);
	mem_free(f);
}

static void
answer(struct policyd *p, uint64_t peer, uint16_t type, uint32_t request, enum status st,
    const char *text)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	struct problem why = { 0 };

	problem_set(&why, "%s", text);
	policy_answer_put(&out, st, &why);
	(void)ipc_send_to(p->service, peer, type, request, buf_slice(&out), -1);
	buf_clear(&out);
}

static struct policy_fetch
for_fetchd(const struct directory *d, const struct fetch_record *r)
{
	return (struct policy_fetch){
		.id = r->id,
		.name = r->name,
		.host = r->host,
		.port = r->port,
		.protocol = r->protocol,
		.user = r->user,
		.every_s = r->every_s,
		.keep_days = r->keep_days,
		.is_enabled = r->is_enabled && directory_fetching_held(d) == 0,
		.checks_certificate = r->checks_certificate,
		.ca_path = r->ca_path,
	};
}

enum status
fetching_list(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	size_t count = directory_fetch_count(p->directory);
	struct policy_fetch *list = mem_array(struct policy_fetch, count + 1);
	struct buf out = buf_init(IPC_FRAME_MAX);

	(void)sessions;
	p->fetching->fetchd = ipc_peer_id(peer);
	for (size_t i = 0; i < count; i++)
		list[i] = for_fetchd(p->directory, directory_fetch_at(p->directory, i));
	policy_answer_put(&out, STATUS_OK, NULL);
	policy_fetch_list_put(&out, list, (uint32_t)count);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_clear(&out);
	mem_free(list);
	return STATUS_OK;
}

enum status
fetching_secret(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	const struct fetch_record *r;
	uint32_t id;
	enum status st = policy_fetch_id_read(frame->payload, &id);

	(void)sessions;
	if (st != STATUS_OK)
		return st;
	r = directory_fetch(p->directory, id);
	if (r == NULL) {
		answer(p, ipc_peer_id(peer), frame->type, frame->request, STATUS_ABSENT,
		    "no such fetch account");
		return STATUS_OK;
	}
	policy_answer_put(&out, STATUS_OK, NULL);
	policy_secret_put(&out, r->secret);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_wipe(&out);
	return STATUS_OK;
}

static void
known_arrived(void *ctx, enum status st, const struct fetch_known *known, uint32_t count)
{
	struct question *q = ctx;
	struct buf out = buf_init(IPC_FRAME_MAX);

	if (q->ipc_peer != 0) {
		policy_answer_put(&out, st, NULL);
		if (st == STATUS_OK)
			policy_known_put(&out, known, count);
		(void)ipc_send_to(q->fetching->policyd->service, q->ipc_peer, q->type, q->request,
		    buf_slice(&out), -1);
	}
	buf_clear(&out);
	question_free(q);
}

static struct question *
question_new(struct fetching *f)
{
	struct question *q = mem_new(struct question);

	q->fetching = f;
	q->next = f->questions;
	if (q->next != NULL)
		q->next->prev = q;
	f->questions = q;
	return q;
}

enum status
fetching_uidls(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_uidls u;
	struct slice *list;
	uint64_t *sizes;
	struct question *q;
	enum status st = policy_uidls_read(frame->payload, &u, &list, &sizes);

	(void)sessions;
	if (st != STATUS_OK)
		return st;
	q = question_new(p->fetching);
	q->ipc_peer = ipc_peer_id(peer);
	q->type = frame->type;
	q->request = frame->request;
	if (frame->type == POLICY_FETCH_KNOWN)
		q->call = plan_fetched(p->store, u.fetch, u.uidls, u.sizes, u.count, known_arrived,
		    q);
	else if (frame->type == POLICY_FETCH_KEEP)
		q->call = plan_fetched_keep(p->store, u.fetch, u.uidls, u.count, u.is_last,
		    known_arrived, q);
	else
		q->call = plan_fetched_mark(p->store, u.fetch,
		    frame->type == POLICY_FETCH_REMOVED ? FETCHED_REMOVED : FETCHED_REMOVING,
		    u.uidls, u.sizes, u.count, known_arrived, q);
	mem_free(list);
	mem_free(sizes);
	return STATUS_OK;
}

void
fetching_removed(struct fetching *f, uint32_t fetch)
{
	struct question *q = question_new(f);

	/* Nothing is outside any more.  Ids are never used again: what is left would only lie there. */
	q->call = plan_fetched_keep(f->policyd->store, fetch, NULL, 0, true, known_arrived, q);
}

static void
remember(struct fetching *f, const struct policy_fetch_report *r)
{
	struct last *l = mem_new(struct last), *before;
	uint8_t key[4];

	l->text = mem_dup(r->text);
	l->report = *r;
	l->report.text.ptr = l->text;
	store_u32be(key, r->fetch);
	before = table_put(f->last, slice_make(key, sizeof(key)), l);
	if (before != NULL)
		last_free(before);
}

/* Tell those who wait for fetch (0: for any); they are gone after a final report or NULL. */
static void
tell(struct fetching *f, uint32_t fetch, const struct policy_fetch_report *r)
{
	struct waiting **at = &f->waiting;

	while (*at != NULL) {
		struct waiting *w = *at;

		if (fetch != 0 && w->fetch != fetch) {
			at = &w->next;
			continue;
		}
		if (r != NULL && !r->is_final) {
			w->heard(w->ctx, r);
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->heard(w->ctx, r);
		mem_free(w);
	}
}

enum status
fetching_report(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_fetch_report r;
	enum status st = policy_report_read(frame->payload, &r);

	(void)sessions;
	(void)peer;
	if (st != STATUS_OK)
		return st;
	if (directory_fetch(p->directory, r.fetch) != NULL)
		remember(p->fetching, &r);
	tell(p->fetching, r.fetch, &r);
	return STATUS_OK;
}

void
fetching_peer_gone(struct fetching *f, uint64_t ipc_peer)
{
	if (f == NULL || f->fetchd != ipc_peer)
		return;
	f->fetchd = 0;
	tell(f, 0, NULL);
}

static bool
notify(struct fetching *f, uint16_t type, uint32_t fetch)
{
	struct buf payload = buf_init(16);
	bool sent;

	policy_fetch_id_put(&payload, fetch);
	sent = f->fetchd != 0 &&
	    ipc_send_to(f->policyd->service, f->fetchd, type, 0, buf_slice(&payload), -1);
	buf_clear(&payload);
	return sent;
}

void
fetching_changed(struct fetching *f)
{
	(void)notify(f, POLICY_FETCH_CHANGED, 0);
}

const struct policy_fetch_report *
fetching_last(const struct fetching *f, uint32_t fetch)
{
	const struct last *l;
	uint8_t key[4];

	store_u32be(key, fetch);
	l = table_get(f->last, slice_make(key, sizeof(key)));
	return l != NULL ? &l->report : NULL;
}

enum status
fetching_run(struct fetching *f, uint32_t fetch, fetching_heard *heard, void *ctx)
{
	struct waiting *w;

	if (!notify(f, POLICY_FETCH_RUN, fetch))
		return STATUS_BUSY;
	w = mem_new(struct waiting);
	w->fetch = fetch;
	w->heard = heard;
	w->ctx = ctx;
	w->next = f->waiting;
	f->waiting = w;
	return STATUS_OK;
}
