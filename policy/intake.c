#include "policy/intake.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "policy/directory.h"
#include "policy/envelope.h"
#include "policy/helper.h"
#include "policy/identity.h"
#include "policy/leaving.h"
#include "policy/outgoing.h"
#include "policy/plan.h"
#include "policy/protocol.h"
#include "policy/receipts.h"
#include "policy/relay_protocol.h"
#include "policy/route.h"
#include "policy/session.h"
#include "store/plan_client.h"

enum job_kind { JOB_SUBMITTED, JOB_FETCHED, JOB_RETURNED };

/* One message under way. */
struct job {
	struct job *prev, *next;
	struct intake *intake;
	uint64_t ipc_peer;
	uint32_t request;
	int text;		/* sealed memfd */
	char *question;		/* the request's payload: slices below point into it */
	enum job_kind kind;
	struct policy_submission submission;
	struct slice *recipients;
	struct smtp_dsn_rcpt *wishes;
	struct policy_fetched fetched;
	struct policy_returned returned;
	uint64_t *entries;
	struct envelope_peer peer;	/* the session that submitted it */
	uint32_t author;		/* who was logged in there */
	char *actor;			/* login, peer address or fetch account, for audit and log */
	uint64_t reading;	/* what helper and stored were asked; 0: nothing */
	uint32_t asking;
	char *reading_answer;	/* kept while somebody else is asked */
	size_t reading_answer_len;
	bool has_leaving;
	struct leaving leaving;	/* what of a submission goes outside */
	uint32_t *authors;	/* stored's answer about the thread, as long as facts.keys */
	int texts;		/* the text with the one outside behind it; -1 */
	uint64_t more_bytes;	/* how long that is */
	bool is_for_one;	/* fetched: all of that mailbox is for one person */
	uint32_t only_for;	/* the account that alone gets it, which needs room; 0 */
};

struct intake {
	struct policyd *policyd;
	struct job *jobs;
	uint64_t bytes;		/* of all texts under way */
	void (*idle)(void *ctx);
	void *idle_ctx;
};

static uint32_t
job_size(const struct job *j)
{
	switch (j->kind) {
	case JOB_SUBMITTED:
		return j->submission.size_bytes;
	case JOB_FETCHED:
		return j->fetched.size_bytes;
	case JOB_RETURNED:
		break;
	}
	return j->returned.size_bytes;
}

static struct slice
job_mid(const struct job *j)
{
	switch (j->kind) {
	case JOB_SUBMITTED:
		return j->submission.mid;
	case JOB_FETCHED:
		return j->fetched.mid;
	case JOB_RETURNED:
		break;
	}
	return j->returned.mid;
}

struct intake *
intake_new(struct policyd *p)
{
	struct intake *i = mem_new(struct intake);

	i->policyd = p;
	return i;
}

void
intake_when_idle(struct intake *i, void (*idle)(void *ctx), void *ctx)
{
	i->idle = idle;
	i->idle_ctx = ctx;
	if (i->jobs == NULL)
		idle(ctx);
}

static void
job_free(struct job *j)
{
	struct intake *i = j->intake;

	if (j->prev != NULL)
		j->prev->next = j->next;
	else
		i->jobs = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
	if (j->reading != 0)
		helpers_cancel(i->policyd->helpers, j->reading);
	if (j->asking != 0)
		plan_cancel(i->policyd->store, j->asking);
	i->bytes -= job_size(j) + j->more_bytes;
	if (j->text >= 0)
		close(j->text);
	if (j->texts >= 0)
		close(j->texts);
	if (j->has_leaving)
		leaving_clear(&j->leaving);
	mem_free(j->entries);
	mem_free(j->authors);
	mem_free(j->question);
	mem_free(j->recipients);
	mem_free(j->wishes);
	mem_free(j->actor);
	mem_free(j->reading_answer);
	mem_free(j);
	if (i->jobs == NULL && i->idle != NULL)
		i->idle(i->idle_ctx);
}

void
intake_free(struct intake **intake)
{
	struct intake *i = *intake;

	if (i == NULL)
		return;
	*intake = NULL;
	i->idle = NULL;
	while (i->jobs != NULL)
		job_free(i->jobs);
	mem_free(i);
}

/* ---- answers ---- */

static void
log_job(const struct job *j, const char *event, enum status st)
{
	struct slice sid = j->submission.sid;
	char *name = mem_dup(sid);
	struct log_line l;

	log_begin(&l, LOG_INFO, event, sid.len > 0 ? name : NULL);
	log_slice(&l, "mid", job_mid(j));
	log_cstr(&l, "actor", j->actor);
	log_u64(&l, "size", job_size(j));
	if (j->leaving.count > 0)
		log_u64(&l, "outside", j->leaving.count);
	if (st != STATUS_OK)
		log_cstr(&l, "status", status_name(st));
	log_end(&l);
	mem_free(name);
}

static void
send_status(struct ipc_server *s, uint64_t peer, uint16_t type, uint32_t request, enum status st,
    const struct problem *why)
{
	struct buf out = buf_init(IPC_FRAME_MAX);

	policy_answer_put(&out, st, why);
	(void)ipc_send_to(s, peer, type, request, buf_slice(&out), -1);
	buf_clear(&out);
}

static void
send_reply(struct ipc_server *s, uint64_t peer, uint32_t request, struct policy_reply reply)
{
	struct buf out = buf_init(IPC_FRAME_MAX);

	policy_answer_put(&out, STATUS_OK, NULL);
	policy_reply_put(&out, &reply);
	(void)ipc_send_to(s, peer, POLICY_SUBMIT, request, buf_slice(&out), -1);
	buf_clear(&out);
}

static enum envelope_reply
reply_of(enum status st)
{
	switch (st) {
	case STATUS_OK:
		return REPLY_ACCEPTED;
	case STATUS_LIMIT:
		return REPLY_FULL;
	case STATUS_FULL:
		return REPLY_MAILBOX_FULL;
	case STATUS_ABSENT:
		return REPLY_NO_RECIPIENTS;
	case STATUS_CORRUPT:
	case STATUS_DENIED:
		return REPLY_BAD_TEXT;
	case STATUS_PENDING:
	case STATUS_SYNTAX:
	case STATUS_EXISTS:
	case STATUS_BUSY:
	case STATUS_STALE:
	case STATUS_IO:
	case STATUS_COUNT:
		break;
	}
	return REPLY_TRY_LATER;
}

/* Answer and forget the job. */
static void
job_end_with(struct job *j, enum status st, enum envelope_reply reply, const struct problem *why)
{
	struct ipc_server *s = j->intake->policyd->service;

	if (st != STATUS_OK)
		log_job(j, "policy.mail.refused", st);
	if (j->kind != JOB_SUBMITTED)
		send_status(s, j->ipc_peer, j->kind == JOB_FETCHED ? POLICY_FETCH_SUBMIT :
		    POLICY_RETURN, j->request, st, why);
	else
		send_reply(s, j->ipc_peer, j->request, envelope_reply(reply));
	job_free(j);
}

static void
job_end(struct job *j, enum status st, const struct problem *why)
{
	job_end_with(j, st, reply_of(st), why);
}

/* ---- step 3: routed, planned, executed ---- */

static void
plan_done_arrived(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	struct job *j = ctx;
	const struct account_record *whose;
	struct problem full = { 0 };

	(void)change;
	j->asking = 0;
	if (st == STATUS_OK)
		log_job(j, "policy.mail.stored", st);
	whose = directory_account(j->intake->policyd->directory, j->only_for);
	if (st == STATUS_FULL && whose != NULL) {
		problem_set(&full, "the mailbox of %.*s is full", SLICE_ARG(whose->login));
		why = &full;
	}
	/* A mailbox collected for one person has only more of what there is no room for. */
	if (st == STATUS_FULL && j->kind == JOB_FETCHED && j->is_for_one)
		job_end_with(j, STATUS_BUSY, REPLY_MAILBOX_FULL, why);
	/* No room: an SMTP client is told so, and whoever else asks comes again. */
	else if (st == STATUS_LIMIT)
		job_end_with(j, STATUS_BUSY, REPLY_FULL, why);
	/* The text is refused by stored where it is not what the helper read: try again. */
	else
		job_end(j, st == STATUS_CORRUPT ? STATUS_BUSY : st, why);
}

static void
fill_text(const struct job *j, const struct digest_done *d, struct plan_source *s)
{
	memcpy(s->sha256, d->sha256, sizeof(s->sha256));
	s->digest = d->record;
	s->size_bytes = job_size(j);
}

static void
fill_source(const struct job *j, const struct digest_done *d, struct plan_source *s)
{
	fill_text(j, d, s);
	s->mid = job_mid(j);
	s->actor = slice_from_cstr(j->actor);
	if (j->kind == JOB_SUBMITTED) {
		s->sid = j->submission.sid;
		s->received_at = j->submission.received_at;
		s->author = j->leaving.author;
		s->sender = j->submission.sender;
		s->recipients = j->submission.recipients;
		s->recipient_count = j->submission.recipient_count;
		s->dsn = j->submission.dsn;
		s->wishes = j->submission.wishes;
		s->leaving = &j->leaving;
		/* Not of a receipt: mail programs send them by themselves. */
		s->has_sent_copy = j->author != 0 && s->sender.len > 0 &&
		    j->intake->policyd->settings->sent_copy;
		return;
	}
	s->received_at = j->fetched.received_at;
	s->fetch = j->fetched.fetch;
	s->uidl = j->fetched.uidl;
	s->listed_bytes = j->fetched.listed_bytes;
	for (uint32_t i = 0; i < d->facts.address_count && s->sender.len == 0; i++)
		if (d->facts.addresses[i].field == FACTS_FROM)
			s->sender = d->facts.addresses[i].address;
}

/* decision: NULL when nobody of ours gets it; outside: NULL when nobody else does. */
static void
execute(struct job *j, const struct digest_done *d, const struct fetch_record *fetch,
    const struct route_decision *decision, const struct digest_rewritten *outside)
{
	struct plan_source source = { .outside = outside };
	struct slice shared;
	struct plan plan;
	struct buf memory;

	fill_source(j, d, &source);
	/* Our own people are told in their inbox; a sender outside may be somebody else's name. */
	source.has_no_receipt = source.author == 0 && plan_owes_receipt(&source) &&
	    !receipts_count(j->intake->policyd->receipts, source.sender,
	    clock_monotonic_ms() / 1000);
	if (fetch != NULL) {
		/* A collected message has lost its envelope: the mailbox it lay in is what is known. */
		j->is_for_one = fetch->shared.len == 0;
		shared = j->is_for_one ? fetch->user : fetch->shared;
		source.recipients = &shared;
		source.recipient_count = 1;
	}
	if (decision != NULL && decision->account_count == 1)
		j->only_for = decision->accounts[0];
	plan_for_mail(&source, decision, &plan, &memory);
	j->asking = plan_execute(j->intake->policyd->store, &plan,
	    j->texts >= 0 ? j->texts : j->text, plan_done_arrived, j);
	plan_clear(&plan);
	buf_clear(&memory);
}

static void
route(struct job *j, const struct digest_done *d, const uint32_t *authors,
    const struct digest_rewritten *outside)
{
	const struct directory *directory = j->intake->policyd->directory;
	bool is_fetched = j->kind == JOB_FETCHED;
	struct route_question q = {
		.recipients = j->leaving.inside,
		.recipient_count = j->leaving.inside_count,
		.fetch = is_fetched ? directory_fetch(directory, j->fetched.fetch) : NULL,
		.facts = &d->facts,
		.authors = authors,
	};
	struct route_decision decision;
	struct problem why = { 0 };

	if (!is_fetched && q.recipient_count == 0) {
		execute(j, d, NULL, NULL, outside);
		return;
	}
	if ((is_fetched && q.fetch == NULL) ||
	    route_decide(directory, &q, &decision) != STATUS_OK) {
		problem_set(&why, "the fetch account, or who it is for, is gone");
		job_end(j, STATUS_ABSENT, &why);
		return;
	}
	execute(j, d, q.fetch, &decision, outside);
	route_decision_clear(&decision);
}

/* What a helper said of the text, again; digest_done_clear(). */
static void
read_again(const struct job *j, struct digest_done *d)
{
	if (digest_done_read(slice_make(j->reading_answer, j->reading_answer_len), d) !=
	    STATUS_OK)
		mem_assert_failed("what was read once is read again", __FILE__, __LINE__);
}

static void
keep_answer(struct job *j, const struct digest_done *d)
{
	if (j->reading_answer != NULL)
		return;
	j->reading_answer = mem_dup(d->payload);
	j->reading_answer_len = d->payload.len;
}

/* ---- step 3 of mail that leaves: the text outside ---- */

static void
rewritten_arrived(void *ctx, enum status st, const struct digest_rewritten *outside, int texts)
{
	struct job *j = ctx;
	struct digest_done d;
	struct problem why = { 0 };

	j->reading = 0;
	if (st != STATUS_OK) {
		problem_set(&why, "the message cannot be made ready for the outside now");
		job_end(j, STATUS_BUSY, &why);
		return;
	}
	j->texts = texts;
	j->more_bytes = (uint64_t)job_size(j) + outside->size_bytes;
	j->intake->bytes += j->more_bytes;
	read_again(j, &d);
	route(j, &d, j->authors, outside);
	digest_done_clear(&d);
}

static void
rewrite(struct job *j, const struct digest_done *d)
{
	struct policyd *p = j->intake->policyd;
	struct leaving_order *o = mem_new(struct leaving_order);

	keep_answer(j, d);
	leaving_order(p->directory, &j->leaving, &d->facts, o);
	o->order.prefix_len = j->submission.prefix_len;
	o->order.mid = j->submission.mid;
	o->order.at_s = j->submission.received_at;
	j->reading = helpers_rewrite(p->helpers, j->text, job_size(j), &o->order,
	    rewritten_arrived, j);
	mem_free(o);
}

/* Everything is known that routing needs. */
static void
go_on(struct job *j, const struct digest_done *d)
{
	if (j->leaving.count > 0)
		rewrite(j, d);
	else
		route(j, d, j->authors, NULL);
}

/* ---- step 2: read; stored is asked who wrote what it answers ---- */

static void
thread_arrived(void *ctx, enum status st, const uint32_t *accounts, uint32_t count)
{
	struct job *j = ctx;
	struct digest_done d;
	struct problem why = { 0 };

	j->asking = 0;
	if (st != STATUS_OK) {
		/* Routing by name what belongs to a thread would be wrong for ever: later is not. */
		problem_set(&why, "stored does not say whose thread it is");
		job_end(j, STATUS_BUSY, &why);
		return;
	}
	j->authors = mem_array(uint32_t, count + 1);
	for (uint32_t i = 0; i < count; i++)
		j->authors[i] = accounts[i];
	read_again(j, &d);
	ASSERT(count == d.facts.key_count);
	go_on(j, &d);
	digest_done_clear(&d);
}

static bool
needs_thread(const struct job *j, const struct digest_done *d)
{
	const struct directory *directory = j->intake->policyd->directory;
	struct route_question q = {
		.recipients = j->leaving.inside,
		.recipient_count = j->leaving.inside_count,
		.fetch = j->kind == JOB_FETCHED ? directory_fetch(directory, j->fetched.fetch) : NULL,
		.facts = &d->facts,
	};

	return route_needs_thread(directory, &q);
}

static bool
tell_account(const struct account_record *to, struct plan_told *told)
{
	if (to == NULL)
		return false;
	told->account = to->id;
	told->login = to->login;
	return true;
}

/*
 * Of a success the sender alone hears: whoever of ours wrote it or has that address, or an address
 * outside, which a route leads to.
 */
static bool
tell_sender(const struct directory *d, const struct policy_returned *r, struct plan_told *told)
{
	struct identity who = identity_find(d, r->to);
	struct outgoing_identity nobody;
	const struct route_record *route;

	if (r->author != 0)
		return tell_account(directory_account(d, r->author), told);
	if (who.kind == IDENTITY_PEOPLE)
		return tell_account(directory_account(d, identity_account(&who, 0)), told);
	if (who.kind != IDENTITY_FOREIGN ||
	    outgoing_identity(d, 0, SLICE(""), &nobody) != OUTGOING_OK)
		return false;
	route = outgoing_route(d, &nobody, SLICE(""), r->to);
	if (route == NULL)
		return false;
	told->outside = (struct leaving_recipient){ .address = r->to, .route = route->id,
		.credential = route->user.len > 0 ? route->id : 0 };
	return true;
}

/* False: there is nobody who could be told. */
static bool
find_told(const struct directory *d, const struct policy_returned *r, struct plan_told *told)
{
	if (r->kind >= RETURN_DELIVERED)
		return tell_sender(d, r, told);
	return tell_account(directory_account(d, r->author), told) ||
	    tell_account(directory_postmaster(d), told);
}

/* What became of mail, to its author; d is NULL when nobody is to be told. */
static void
give_back(struct job *j, const struct digest_done *d)
{
	struct policyd *p = j->intake->policyd;
	struct plan_told told = { 0 };
	struct plan_source source = {
		.mid = job_mid(j),
		.received_at = clock_now_s(),
		.actor = slice_from_cstr(j->actor),
	};
	struct problem why = { 0 };
	struct plan plan;
	struct buf memory;

	if (!find_told(p->directory, &j->returned, &told)) {
		if (j->returned.kind < RETURN_DELIVERED) {
			problem_set(&why, "there is nobody to give it back to");
			job_end(j, STATUS_ABSENT, &why);
			return;
		}
		d = NULL;
	}
	if (d != NULL)
		fill_text(j, d, &source);
	plan_for_return(&source, &j->returned, &told, &plan, &memory);
	j->asking = plan_execute(p->store, &plan, d != NULL ? j->text : -1, plan_done_arrived, j);
	plan_clear(&plan);
	buf_clear(&memory);
}

static void
read_arrived(void *ctx, enum status st, const struct digest_done *d)
{
	struct job *j = ctx;
	struct problem why = { 0 };

	j->reading = 0;
	if (st != STATUS_OK) {
		problem_set(&why, "the message cannot be read now");
		job_end(j, st == STATUS_DENIED ? st : STATUS_BUSY, &why);
		return;
	}
	if (j->kind == JOB_RETURNED) {
		give_back(j, d);
		return;
	}
	if (j->kind == JOB_SUBMITTED && d->facts.received_count > RECEIVED_MAX) {
		job_end_with(j, STATUS_LIMIT, REPLY_TOO_MANY_HOPS, NULL);
		return;
	}
	if (!needs_thread(j, d)) {
		go_on(j, d);
		return;
	}
	keep_answer(j, d);
	j->asking = plan_thread(j->intake->policyd->store, d->facts.keys, d->facts.key_count,
	    thread_arrived, j);
}

/* ---- step 1: taken ---- */

static struct job *
job_new(struct policyd *p, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct job *j = mem_new(struct job);

	j->intake = p->intake;
	j->ipc_peer = ipc_peer_id(peer);
	j->request = frame->request;
	j->question = mem_dup(frame->payload);
	j->text = frame->fd;
	frame->fd = -1;
	j->texts = -1;
	j->next = p->intake->jobs;
	if (j->next != NULL)
		j->next->prev = j;
	p->intake->jobs = j;
	return j;
}

static void
job_begin(struct job *j, uint32_t prefix_len)
{
	struct policyd *p = j->intake->policyd;
	struct problem why = { 0 };
	enum status st = STATUS_OK;

	j->intake->bytes += job_size(j);
	if (p->is_stopping) {
		st = STATUS_BUSY;
		problem_set(&why, "policyd is stopping");
	} else if (j->intake->bytes > p->settings->bytes_in_flight) {
		st = STATUS_LIMIT;
		problem_set(&why, "too many bytes are under way");
	} else if (j->kind == JOB_RETURNED && job_size(j) == 0) {
		give_back(j, NULL);
		return;
	} else {
		st = memfd_sealed_check(j->text, job_size(j), &why);
	}
	if (st != STATUS_OK) {
		job_end(j, st, &why);
		return;
	}
	j->reading = helpers_read(p->helpers, j->text, job_size(j), prefix_len, read_arrived, j);
}

/* The reply that ends the submission here, or REPLY_ACCEPTED. */
static struct policy_reply
check_envelope(const struct job *j, const struct directory *d)
{
	struct policy_reply reply = envelope_sender(d, &j->peer, j->submission.sender);

	if (reply.code == 250 && j->submission.recipient_count == 0)
		reply = envelope_reply(REPLY_NO_RECIPIENTS);
	for (uint32_t i = 0; reply.code == 250 && i < j->submission.recipient_count; i++)
		reply = envelope_recipient(d, &j->peer, j->submission.sender,
		    j->submission.recipients[i]);
	return reply;
}

/* What smtpd has checked already is checked again: it reads strangers' bytes, we do not. */
static void
submit(struct job *j, const struct session *s)
{
	struct policyd *p = j->intake->policyd;
	const struct account_record *author;
	struct policy_reply reply = envelope_reply(REPLY_NO_SESSION);

	if (s != NULL) {
		j->author = s->service == SERVICE_SUBMISSION ? s->account : 0;
		j->peer = (struct envelope_peer){ s->service, j->author, s->is_lan };
		author = directory_account(p->directory, j->author);
		j->actor = author != NULL ? mem_dup(author->login) :
		    mem_dup(slice_from_cstr(s->peer));
		reply = check_envelope(j, p->directory);
	} else {
		j->actor = mem_dup(SLICE("-"));
	}
	if (reply.code == 250 && leaving_decide(p->directory, j->author, j->submission.sender,
	    j->submission.recipients, j->submission.recipient_count, &j->leaving) !=
	    STATUS_OK)
		reply = envelope_reply(REPLY_NO_ROUTE);
	if (reply.code == 250) {
		j->has_leaving = true;
		job_begin(j, j->submission.prefix_len);
		return;
	}
	j->intake->bytes += job_size(j);	/* job_free() takes it off */
	log_job(j, "policy.mail.refused", STATUS_DENIED);
	send_reply(p->service, j->ipc_peer, j->request, reply);
	job_free(j);
}

enum status
intake_submit(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_submission read;
	struct slice *recipients;
	struct smtp_dsn_rcpt *wishes;
	struct job *j;
	enum status st = policy_submission_read(frame->payload, &read, &recipients, &wishes);

	if (st != STATUS_OK)
		return st;
	mem_free(recipients);
	mem_free(wishes);
	j = job_new(p, peer, frame);
	/* Again, from our own copy of the same bytes. */
	st = policy_submission_read(slice_make(j->question, frame->payload.len), &j->submission,
	    &j->recipients, &j->wishes);
	ASSERT(st == STATUS_OK);
	submit(j, table_get(sessions, j->submission.sid));
	return STATUS_OK;
}

enum status
intake_fetched(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	const struct fetch_record *fetch;
	struct policy_fetched read;
	struct job *j;
	enum status st = policy_fetched_read(frame->payload, &read);

	(void)sessions;
	if (st != STATUS_OK)
		return st;
	j = job_new(p, peer, frame);
	j->kind = JOB_FETCHED;
	st = policy_fetched_read(slice_make(j->question, frame->payload.len), &j->fetched);
	ASSERT(st == STATUS_OK);
	fetch = directory_fetch(p->directory, j->fetched.fetch);
	j->actor = mem_dup(fetch != NULL ? fetch->name : SLICE("-"));
	job_begin(j, j->fetched.prefix_len);
	return STATUS_OK;
}

enum status
intake_returned(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_returned read;
	struct job *j;
	uint64_t *entries;
	enum status st = policy_returned_read(frame->payload, &read, &entries);

	(void)sessions;
	if (st != STATUS_OK)
		return st;
	mem_free(entries);
	j = job_new(p, peer, frame);
	j->kind = JOB_RETURNED;
	st = policy_returned_read(slice_make(j->question, frame->payload.len), &j->returned,
	    &j->entries);
	ASSERT(st == STATUS_OK);
	j->actor = mem_dup(SLICE("relayd"));
	job_begin(j, 0);
	return STATUS_OK;
}
