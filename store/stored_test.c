/*
 * stored as others see it: the program itself, its sockets, both clients; it is
 * stopped and killed, and what it answered must be there.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/archive.h"
#include "store/audit.h"
#include "store/client.h"
#include "store/counters.h"
#include "store/digest.h"
#include "store/fetched.h"
#include "store/journal.h"
#include "store/plan_client.h"
#include "store/queue_client.h"
#include "store/spool.h"
#include "store/testing_stored.h"

#define ME 7

struct world {
	struct running run;
	struct loop *loop;
	struct store_client *work;
	struct plan_client *plan;
	struct queue_client *queue;
	struct buf grant;
	/* the last answer */
	unsigned waiting;
	enum status st;
	uint64_t change;
	struct uidset target;
	unsigned changes;
	uint32_t accounts[THREAD_KEYS_MAX];
	struct fetch_known known[10];
	uint32_t count;
	struct queue_item item;	/* the last one taken */
	uint64_t next_due_at;
	char sent[64];		/* its text */
	unsigned due;		/* notices */
};

static void
on_change(void *ctx)
{
	struct world *w = ctx;

	w->changes++;
}

static void
on_due(void *ctx)
{
	struct world *w = ctx;

	w->due++;
}

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	running_setup(&w.run);
	w.grant = buf_init(GRANT_MAX);
	testing_grant(ME, &w.grant);
	w.loop = loop_new();
	w.work = store_client_new(w.loop, "store-work.sock", on_change, &w);
	w.plan = plan_client_new(w.loop, "store-plan.sock");
	w.queue = queue_client_new(w.loop, "store-queue.sock", on_due, &w);
	w.target = uidset_init();
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	store_client_free(&w->work);
	plan_client_free(&w->plan);
	queue_client_free(&w->queue);
	loop_free(&w->loop);
	running_teardown(&w->run);
	buf_clear(&w->grant);
	uidset_clear(&w->target);
	return 0;
}

static void
answered(struct world *w, enum status st)
{
	w->st = st;
	if (--w->waiting == 0)
		loop_stop(w->loop);
}

static void
wait_all(struct world *w)
{
	if (w->waiting > 0)
		loop_run(w->loop);
}

static void
work_done(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct world *w = ctx;

	CHECK((r != NULL) == (st == STATUS_OK));
	CHECK(st == STATUS_OK || why->text[0] != '\0');
	uidset_clear(&w->target);
	for (uint32_t i = 0; r != NULL && i < r->target.count; i++)
		CHECK_STATUS(uidset_add(&w->target, r->target.ranges[i].first,
		    r->target.ranges[i].last), STATUS_OK);
	w->change = r != NULL ? r->change : 0;
	answered(w, st);
}

static void
plan_answered(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	struct world *w = ctx;

	CHECK(st == STATUS_OK || why->text[0] != '\0');
	w->change = change;
	answered(w, st);
}

static void
thread_answered(void *ctx, enum status st, const uint32_t *accounts, uint32_t count)
{
	struct world *w = ctx;

	w->count = count;
	memcpy(w->accounts, accounts, count * sizeof(*accounts));
	answered(w, st);
}

static void
fetched_answered(void *ctx, enum status st, const struct fetch_known *known, uint32_t count)
{
	struct world *w = ctx;

	w->count = count;
	for (uint32_t i = 0; i < count; i++)
		w->known[i] = known[i];
	answered(w, st);
}

static struct store *
open_store(void)
{
	struct store *s = NULL;

	CHECK_STATUS(store_open("../store", ENV_READ, &s, NULL), STATUS_OK);
	return s;
}

static void
a_worker_changes_its_mailboxes_and_is_woken(void **state)
{
	struct world *w = *state;
	struct store_append_message m = { .size_bytes = 4 };
	int text = testing_memfd(SLICE("text"));
	struct mailbox_row row;
	struct store *s;
	struct txn *t;

	w->waiting = 1;
	store_session(w->work, buf_slice(&w->grant), work_done, w);
	wait_all(w);
	CHECK_STATUS(w->st, STATUS_OK);
	s = open_store();
	CHECK_STATUS(txn_begin_read(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(mailbox_find(t, ME, SLICE("inbox"), &row, NULL), STATUS_OK);
	txn_abort(&t);
	sha256_of(SLICE("text"), m.sha256);
	m.digest = m.keywords = SLICE("");
	w->waiting = 1;
	store_append(w->work, buf_slice(&w->grant), row.id, text, &m, 1, work_done, w);
	wait_all(w);
	CHECK_STATUS(w->st, STATUS_OK);
	testing_check_set(&w->target, "1");
	CHECK_STATUS(txn_begin_read(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(mailbox_get(t, row.id, &row, NULL), STATUS_OK);
	CHECK_U64(row.messages, 1);
	txn_abort(&t);
	store_close(&s);
	/* The eventfd comes behind the answer; one more question sees it for sure. */
	for (int i = 0; i < 100 && w->changes < 2; i++) {
		w->waiting = 1;
		store_claim_recent(w->work, buf_slice(&w->grant), row.id, 1, work_done, w);
		wait_all(w);
	}
	CHECK(w->changes >= 2);
	close(text);
}

static void
what_cannot_be_asked_is_refused(void **state)
{
	struct world *w = *state;
	struct store_append_message *many = mem_array(struct store_append_message, 5);
	struct buf digest = buf_init(DIGEST_RECORD_MAX);
	int text = testing_memfd(SLICE("text"));
	uint32_t cancelled;

	CHECK_STATUS(buf_reserve(&digest, DIGEST_RECORD_MAX), STATUS_OK);
	memset(digest.ptr, 0, DIGEST_RECORD_MAX);
	for (int i = 0; i < 5; i++)
		many[i].digest = slice_make(digest.ptr, DIGEST_RECORD_MAX);
	w->waiting = 1;	/* too long for a frame */
	store_append(w->work, buf_slice(&w->grant), 1, text, many, 5, work_done, w);
	wait_all(w);
	CHECK_STATUS(w->st, STATUS_LIMIT);
	w->grant.ptr[w->grant.len - 1] ^= 1;
	w->waiting = 1;
	cancelled = store_session(w->work, buf_slice(&w->grant), work_done, w);
	store_cancel(w->work, cancelled);
	store_cancel(w->work, 4711);
	store_session(w->work, buf_slice(&w->grant), work_done, w);
	wait_all(w);
	CHECK_STATUS(w->st, STATUS_DENIED);
	mem_free(many);
	buf_clear(&digest);
	close(text);
}

/* A client finds out that stored was away by asking it something. */
static void
reconnect(struct world *w)
{
	do {
		w->waiting = 1;
		plan_thread(w->plan, NULL, 0, thread_answered, w);
		wait_all(w);
	} while (w->st == STATUS_BUSY);
	CHECK_STATUS(w->st, STATUS_OK);
}

static struct plan
plan_of(struct slice text, struct plan_action *actions, uint32_t count)
{
	struct plan p = {
		.mid = SLICE("m3v7q2m9tzae"),
		.sid = SLICE("k3v7q2m9tzae"),
		.author = 5,
		.received_at = 1795516611,
		.received_zone = 60,
		.size_bytes = (uint32_t)text.len,
		.actions = actions,
		.action_count = count,
	};

	sha256_of(text, p.sha256);
	return p;
}

static enum status
execute(struct world *w, const struct plan *p, struct slice text)
{
	int fd = text.len == 0 ? -1 : testing_memfd(text);

	w->waiting = 1;
	plan_execute(w->plan, p, fd, plan_answered, w);
	wait_all(w);
	if (fd >= 0)
		close(fd);
	return w->st;
}

static bool
first_audit(void *ctx, const struct audit_row *row)
{
	buf_printf(ctx, "%.*s/%.*s/%.*s/%.*s|", SLICE_ARG(row->kind), SLICE_ARG(row->actor),
	    SLICE_ARG(row->subject), SLICE_ARG(row->detail));
	return true;
}

/* What the sample plan causes, read back. */
static void
check_executed(struct slice text)
{
	struct audit_filter all = { 0 };
	struct audit_place place = { 0 };
	struct buf b = buf_init(10000);
	struct store *s = open_store();
	uint8_t none[SHA256_LEN] = { 0 }, hash[SHA256_LEN], sha256[SHA256_LEN];
	struct archive_row entry;
	struct spool_row queued;
	struct mailbox_row row;
	struct message_row first, second;
	struct flags_entry e;
	uint32_t refs;
	struct txn *t;

	sha256_of(text, sha256);
	CHECK_STATUS(txn_begin_read(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(mailbox_find(t, ME, SLICE("Junk E-mail"), &row, NULL), STATUS_OK);
	CHECK_STATUS(message_get(t, row.id, 1, &first, NULL), STATUS_OK);
	CHECK_STATUS(flags_get(t, row.id, 1, &e, NULL), STATUS_OK);
	CHECK_U64(e.flags, FLAG_FLAGGED);
	CHECK(first.internal_at == 1795516611 && first.internal_zone == 60);
	CHECK_STATUS(mailbox_find(t, 8, SLICE("INBOX"), &row, NULL), STATUS_OK);
	CHECK_STATUS(message_get(t, row.id, 1, &second, NULL), STATUS_OK);
	CHECK(first.text == second.text && first.uidl == second.uidl);
	CHECK_STATUS(message_get(t, row.id, 2, &second, NULL), STATUS_OK);
	CHECK(first.text == second.text && first.uidl != second.uidl);
	CHECK_STATUS(text_references(t, first.text, &refs, NULL), STATUS_OK);
	CHECK_U64(refs, 5);
	CHECK_STATUS(archive_get(t, 1, &entry, NULL), STATUS_OK);
	CHECK(entry.text == first.text && entry.is_envelope_inline);
	archive_hash(none, sha256, entry.envelope, &entry, hash);
	CHECK(memcmp(hash, entry.hash, sizeof(hash)) == 0);
	CHECK_STATUS(spool_get(t, 1, &queued, NULL), STATUS_OK);
	CHECK(queued.text == first.text && queued.route == 3 && queued.author == 5);
	CHECK_SLICE(queued.recipient, "b@y.test");
	CHECK_STATUS(audit_slice(t, &all, &place, 10, first_audit, &b, NULL), STATUS_ABSENT);
	CHECK_SLICE(buf_slice(&b), "mail/sales/m3v7q2m9tzae/by name|");
	txn_abort(&t);
	store_close(&s);
	buf_clear(&b);
}

static void
a_plan_is_executed_once_as_a_whole(void **state)
{
	struct world *w = *state;
	struct slice text = SLICE("Message-ID: <one@x.test>\r\n\r\nHello\r\n");
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_JUNK, .flags = FLAG_FLAGGED },
		{ .kind = ACTION_DELIVER, .account = 8, .role = MAILBOX_ARCHIVE },
		{ .kind = ACTION_DELIVER, .account = 8, .role = MAILBOX_INBOX },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_OUT, .sender = SLICE("a@x.test"),
		    .recipients = SLICE("b@y.test\nc@y.test") },
		{ .kind = ACTION_QUEUE, .sender = SLICE("a@x.test"), .recipients = SLICE("b@y.test"),
		    .route = 3, .credential = 4 },
		{ .kind = ACTION_FETCHED, .fetch = 2, .uidl = SLICE("u-1") },
		{ .kind = ACTION_AUDIT, .audit_kind = SLICE("mail"), .actor = SLICE("sales"),
		    .subject = SLICE("m3v7q2m9tzae"), .detail = SLICE("by name") },
	};
	struct precondition pre = { .kind = PRECONDITION_NOT_FETCHED, .id = 2,
		.name = SLICE("u-1") };
	struct plan p = plan_of(text, actions, ARRAY_LEN(actions));
	uint64_t keys[] = { message_id_key(SLICE("none@x")), message_id_key(SLICE("one@x.test")) };
	struct slice uidls[] = { SLICE("u-1"), SLICE("u-2") };
	struct buf digest = buf_init(DIGEST_RECORD_MAX);

	digest_compute(text, &digest);
	p.digest = buf_slice(&digest);
	p.preconditions = &pre;
	p.precondition_count = 1;
	CHECK_STATUS(execute(w, &p, SLICE("something else")), STATUS_CORRUPT);
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_CORRUPT);
	CHECK_STATUS(execute(w, &p, text), STATUS_OK);
	CHECK_U64(w->change, 1);
	CHECK_STATUS(execute(w, &p, text), STATUS_EXISTS);
	check_executed(text);
	w->waiting = 2;
	plan_thread(w->plan, keys, 2, thread_answered, w);
	plan_fetched(w->plan, 2, uidls, NULL, 2, fetched_answered, w);
	wait_all(w);
	CHECK(w->accounts[0] == 0 && w->accounts[1] == 5);
	CHECK(w->known[0].stored_at > 0 && w->known[1].stored_at == 0);
	buf_clear(&digest);
}

static void
taken(void *ctx, enum status st, const struct queue_item *items, uint32_t count,
    uint64_t next_due_at)
{
	struct world *w = ctx;

	w->count = count;
	w->next_due_at = next_due_at;
	if (count > 0) {
		w->item = items[count - 1];
		w->item.mid = w->item.sender = w->item.recipient = SLICE("");
		CHECK_SLICE(items[0].recipient, "b@y.test");
		CHECK_SLICE(items[0].detail, w->item.owed == QUEUE_OWES_RELAYED ? "451 busy" : "");
	}
	answered(w, st);
}

static void
text_came(void *ctx, enum status st, int fd, uint32_t size_bytes)
{
	struct world *w = ctx;

	CHECK(size_bytes < sizeof(w->sent));
	CHECK(pread(fd, w->sent, size_bytes, 0) == (ssize_t)size_bytes && close(fd) == 0);
	w->sent[size_bytes] = '\0';
	answered(w, st);
}

static void
settled(void *ctx, enum status st)
{
	answered(ctx, st);
}

static uint32_t
take(struct world *w, uint64_t now_s)
{
	w->waiting = 1;
	queue_take(w->queue, 10, now_s, taken, w);
	wait_all(w);
	CHECK_STATUS(w->st, STATUS_OK);
	return w->count;
}

static enum status
settle(struct world *w, uint64_t id, enum queue_outcome outcome, uint64_t due_at)
{
	w->waiting = 1;
	queue_settle(w->queue, id, outcome, due_at, SLICE("451 busy"), settled, w);
	wait_all(w);
	return w->st;
}

static void
outgoing_mail_is_taken_settled_and_tried_again(void **state)
{
	struct world *w = *state;
	struct slice both = SLICE("A: inside\r\n\r\nB: outside\r\n\r\n");
	struct plan_text other = { .size_bytes = 14, .digest = SLICE("") };
	struct plan_action actions[] = {
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_OUT, .sender = SLICE("a@x.test"),
		    .recipients = SLICE("b@y.test") },
		{ .kind = ACTION_QUEUE, .sender = SLICE("a@x.test"), .recipients = SLICE("b@y.test"),
		    .route = 3, .credential = 4, .text = 1, .wish = { SMTP_NOTIFY_SUCCESS, { 0 } } },
	};
	struct plan_action end = { .kind = ACTION_QUEUE_END, .entry = 1 };
	struct precondition queued = { .kind = PRECONDITION_QUEUED, .entry = 1 };
	struct plan p = plan_of(slice_sub(both, 0, 13), actions, ARRAY_LEN(actions));
	struct plan ending = plan_of(SLICE(""), &end, 1);
	unsigned due;

	sha256_of(slice_skip(both, 13), other.sha256);
	p.others = &other;
	p.other_count = 1;
	CHECK_STATUS(execute(w, &p, slice_sub(both, 0, 13)), STATUS_CORRUPT);
	CHECK_U64(take(w, UINT64_MAX), 0);
	due = w->due;
	CHECK_STATUS(execute(w, &p, both), STATUS_OK);
	CHECK_U64(take(w, UINT64_MAX), 1);
	CHECK(w->due > due);	/* the notice came before the answer */
	CHECK(w->item.id == 1 && w->item.route == 3 && w->item.size_bytes == 14);
	CHECK_U64(take(w, UINT64_MAX), 0);	/* it is in hand */
	w->waiting = 1;
	queue_text(w->queue, w->item.text, text_came, w);
	wait_all(w);
	assert_string_equal(w->sent, "B: outside\r\n\r\n");
	CHECK_STATUS(settle(w, 1, QUEUE_LATER, 4000000000), STATUS_OK);
	CHECK_U64(take(w, 3999999999), 0);
	CHECK_U64(w->next_due_at, 4000000000);
	CHECK_U64(take(w, 4000000000), 1);
	CHECK_U64(w->item.attempts, 1);
	queue_client_free(&w->queue);		/* who had it is gone: it is due again */
	w->queue = queue_client_new(w->loop, "store-queue.sock", on_due, w);
	CHECK_U64(take(w, 4000000000), 1);
	CHECK(w->item.owed == QUEUE_OWES_MAIL && w->item.wish.notify == SMTP_NOTIFY_SUCCESS);
	/* The next server has it: what is left is the notice, and saying it twice changes nothing. */
	CHECK_STATUS(settle(w, 1, QUEUE_RELAYED, 0), STATUS_OK);
	CHECK_U64(take(w, UINT64_MAX), 1);
	CHECK(w->item.owed == QUEUE_OWES_RELAYED && w->item.attempts == 1);
	CHECK_STATUS(settle(w, 1, QUEUE_RELAYED, 0), STATUS_OK);
	CHECK_U64(take(w, UINT64_MAX), 1);
	ending.preconditions = &queued;
	ending.precondition_count = 1;
	CHECK_STATUS(execute(w, &ending, SLICE("")), STATUS_OK);
	CHECK_STATUS(execute(w, &ending, SLICE("")), STATUS_STALE);
	CHECK_STATUS(settle(w, 1, QUEUE_SENT, 0), STATUS_ABSENT);
	CHECK_U64(take(w, UINT64_MAX), 0);
}

static void
keep(struct world *w, const char *uidl, bool is_last)
{
	struct slice s = slice_from_cstr(uidl);

	w->waiting = 1;
	plan_fetched_keep(w->plan, 2, &s, s.len > 0, is_last, fetched_answered, w);
	wait_all(w);
}

static void
ask_fetched(struct world *w, const char *want)
{
	struct slice uidls[] = { SLICE("a"), SLICE("b"), SLICE("c") };
	char got[4] = "";

	w->waiting = 1;
	plan_fetched(w->plan, 2, uidls, NULL, 3, fetched_answered, w);
	wait_all(w);
	for (int i = 0; i < 3; i++)
		got[i] = w->known[i].stored_at > 0 ? (char)('a' + i) : '-';
	CHECK(strcmp(got, want) == 0);
}

static void
what_is_no_longer_outside_is_forgotten(void **state)
{
	struct world *w = *state;
	char uidl[300];
	struct plan_action a[] = {
		{ .kind = ACTION_FETCHED, .fetch = 2, .uidl = SLICE("a") },
		{ .kind = ACTION_FETCHED, .fetch = 2, .uidl = SLICE("b") },
		{ .kind = ACTION_FETCHED, .fetch = 2, .uidl = SLICE("c") },
		{ .kind = ACTION_FETCHED, .fetch = 2, .uidl = { uidl, sizeof(uidl) } },
	};
	struct plan p = plan_of(SLICE(""), a, ARRAY_LEN(a));

	memset(uidl, 'u', sizeof(uidl));
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_OK);
	sleep(1);	/* what came in the second a list begins stays */
	keep(w, "b", false);
	CHECK_STATUS(w->st, STATUS_OK);
	running_end(&w->run, SIGKILL);
	running_launch(&w->run);
	reconnect(w);
	keep(w, "c", true);	/* its beginning is forgotten */
	CHECK_STATUS(w->st, STATUS_STALE);
	ask_fetched(w, "abc");
	keep(w, "b", false);
	keep(w, "c", true);
	CHECK_STATUS(w->st, STATUS_OK);
	ask_fetched(w, "-bc");
	keep(w, "", true);
	ask_fetched(w, "---");
}

/* Ask for "a", listed with this size: '-' unknown, 'k' known, 'r' known and said to be removed. */
static char
ask_listed(struct world *w, uint64_t size)
{
	struct slice uidls[] = { SLICE("b"), SLICE("a") };
	uint64_t sizes[] = { 0, size };

	w->waiting = 1;
	plan_fetched(w->plan, 2, uidls, sizes, 2, fetched_answered, w);
	wait_all(w);
	CHECK(w->count == 2 && w->known[0].stored_at == 0 && !w->known[0].is_removed);
	if (w->known[1].stored_at == 0)
		return '-';
	return w->known[1].is_removed ? 'r' : 'k';
}

static void
mark(struct world *w, enum fetched_removal removal, uint64_t size)
{
	struct slice uidl = SLICE("a");

	w->waiting = 1;
	plan_fetched_mark(w->plan, 2, (uint8_t)removal, &uidl, &size, 1, fetched_answered, w);
	wait_all(w);
}

static void
the_id_of_a_removed_message_may_be_given_to_another(void **state)
{
	struct world *w = *state;
	struct plan_action a = { .kind = ACTION_FETCHED, .fetch = 2, .uidl = SLICE("a"),
		.size_bytes = 100 };
	struct precondition pre = { .kind = PRECONDITION_NOT_FETCHED, .id = 2,
		.name = SLICE("a"), .size_bytes = 100 };
	struct plan p = plan_of(SLICE(""), &a, 1);

	p.preconditions = &pre;
	p.precondition_count = 1;
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_OK);
	CHECK(ask_listed(w, 100) == 'k' && ask_listed(w, 101) == 'k');
	mark(w, FETCHED_REMOVAL_COUNT, 101);
	CHECK_STATUS(w->st, STATUS_CORRUPT);
	mark(w, FETCHED_REMOVING, 101);
	CHECK_STATUS(w->st, STATUS_OK);
	CHECK(ask_listed(w, 101) == 'k' && ask_listed(w, 100) == '-');
	mark(w, FETCHED_REMOVED, 101);
	CHECK(ask_listed(w, 101) == 'r' && ask_listed(w, 0) == 'r');
	running_end(&w->run, SIGKILL);
	running_launch(&w->run);
	reconnect(w);
	CHECK(ask_listed(w, 101) == 'r' && ask_listed(w, 100) == '-');
	pre.size_bytes = 101;
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_EXISTS);
	pre.size_bytes = 100;
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_OK);
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_EXISTS);
	CHECK(ask_listed(w, 100) == 'k' && ask_listed(w, 101) == 'k');
}

struct rows {
	unsigned count;
};

static void
count_row(void *ctx, struct ipc_frame *frame)
{
	struct rows *r = ctx;
	struct audit_row row;

	if (frame->type == STORE_END)
		return;
	r->count++;
	CHECK_U64(frame->type, STORE_ROW);
	CHECK_STATUS(audit_row_read(frame->payload, &row), STATUS_OK);
	CHECK_SLICE(row.kind, "mail");
}

static void
an_administrator_reads_the_audit(void **state)
{
	struct world *w = *state;
	static struct plan_action a[3000];
	struct audit_filter f = { .limit = UINT32_MAX, .kind = SLICE("mail") };
	struct buf b = buf_init(1000);
	struct rows r = { 0 };
	struct plan p = plan_of(SLICE(""), a, ARRAY_LEN(a));

	for (size_t i = 0; i < ARRAY_LEN(a); i++) {
		a[i].kind = ACTION_AUDIT;
		a[i].audit_kind = i % 3 == 0 ? SLICE("other") : SLICE("mail");
	}
	CHECK_STATUS(execute(w, &p, SLICE("")), STATUS_OK);
	audit_filter_put(&f, &b);
	CHECK_STATUS(ipc_call_wait("store-admin.sock", STORE_AUDIT_LIST, buf_slice(&b), -1, STORE_END,
	    10000, count_row, &r, NULL), STATUS_OK);
	CHECK_U64(r.count, 2000);
	f.limit = 5;
	buf_reset(&b);
	r.count = 0;
	audit_filter_put(&f, &b);
	CHECK_STATUS(ipc_call_wait("store-admin.sock", STORE_AUDIT_LIST, buf_slice(&b), -1, STORE_END,
	    10000, count_row, &r, NULL), STATUS_OK);
	CHECK_U64(r.count, 5);
	buf_clear(&b);
}

static enum status
audit_put_call(struct slice kind, struct slice detail)
{
	struct audit_row row = { .kind = kind, .actor = SLICE("admin"), .subject = SLICE("archive"),
		.detail = detail };
	struct buf b = buf_init(8192);
	enum status st;

	audit_row_put(&row, &b);
	st = ipc_call_wait("store-admin.sock", STORE_AUDIT_PUT, buf_slice(&b), -1, STORE_END, 10000,
	    NULL, NULL, NULL);
	buf_clear(&b);
	return st;
}

static void
an_administrator_writes_down_what_they_look_at(void **state)
{
	static char many[AUDIT_DETAIL_MAX + 1];
	struct audit_filter f = { .limit = UINT32_MAX };
	struct buf b = buf_init(1000);
	struct rows r = { 0 };

	(void)state;
	memset(many, 'x', sizeof(many));
	CHECK_STATUS(audit_put_call(SLICE("mail"), SLICE("entry 1\n")), STATUS_OK);
	CHECK_STATUS(audit_put_call(SLICE("mail"), slice_make(many, AUDIT_DETAIL_MAX)), STATUS_OK);
	CHECK(audit_put_call(SLICE("k"), slice_make(many, AUDIT_DETAIL_MAX + 1)) != STATUS_OK);
	CHECK(audit_put_call(SLICE(""), SLICE("")) != STATUS_OK);
	CHECK(audit_put_call(slice_make(many, 256), SLICE("")) != STATUS_OK);
	audit_filter_put(&f, &b);
	CHECK_STATUS(ipc_call_wait("store-admin.sock", STORE_AUDIT_LIST, buf_slice(&b), -1, STORE_END,
	    10000, count_row, &r, NULL), STATUS_OK);
	CHECK_U64(r.count, 2);
	buf_clear(&b);
}

static void
a_stopped_stored_finishes_what_it_has(void **state)
{
	struct world *w = *state;
	struct plan_action a = { .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX };
	struct plan p = plan_of(SLICE("text"), &a, 1);
	int how;

	CHECK_STATUS(execute(w, &p, SLICE("text")), STATUS_OK);
	how = running_end(&w->run, SIGTERM);
	CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	running_launch(&w->run);
	reconnect(w);
	CHECK_STATUS(execute(w, &p, SLICE("text")), STATUS_OK);
	CHECK_U64(w->change, 2);
}

static void
a_bad_frame_costs_its_sender_only(void **state)
{
	struct world *w = *state;

	static const char *const sockets[] = { "store-plan.sock", "store-work.sock",
		"store-admin.sock" };

	for (uint16_t type = 0; type < 310; type++)
		for (size_t i = 0; i < ARRAY_LEN(sockets); i++)
			CHECK(ipc_call_wait(sockets[i], type, SLICE("garbage"), -1, type, 2000,
			    NULL, NULL, NULL) != STATUS_PENDING);
	w->waiting = 1;
	store_session(w->work, buf_slice(&w->grant), work_done, w);
	wait_all(w);
	CHECK_STATUS(w->st, STATUS_OK);
}

/* One delivery of the kill test: what was acknowledged must be there. */
struct letter {
	struct world *world;
	uint32_t number;
	bool is_acknowledged, is_found;
};

static void
letter_answered(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	struct letter *l = ctx;

	(void)change;
	(void)why;
	l->is_acknowledged = st == STATUS_OK;
	answered(l->world, st);
}

static void
letter_send(struct world *w, struct letter *l)
{
	struct plan_action a[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_ARCHIVE, .sender = SLICE("a@x"), .recipients = SLICE("b@y") },
	};
	char text[5000];
	struct slice s = { text, sizeof(text) };
	struct plan p;
	int fd;

	memset(text, 'x', sizeof(text));
	snprintf(text, sizeof(text), "letter %u\r\n", l->number);
	p = plan_of(s, a, ARRAY_LEN(a));
	fd = testing_memfd(s);
	l->world = w;
	w->waiting++;
	plan_execute(w->plan, &p, fd, letter_answered, l);
	close(fd);
}

struct search {
	struct store *store;
	struct txn *txn;
	struct letter *letters;
	uint32_t count, found;
};

static bool
letter_find(void *ctx, const struct message_row *row)
{
	struct search *s = ctx;
	struct text_row text;
	char *bytes = mem_zeroed(1, row->size_bytes + 1);
	unsigned long n;

	CHECK_STATUS(text_get(s->txn, row->text, &text, NULL), STATUS_OK);
	CHECK_STATUS(text_read(s->store, &text, 0, row->size_bytes, bytes, NULL), STATUS_OK);
	n = strtoul(bytes + 7, NULL, 10);
	CHECK(n < s->count && !s->letters[n].is_found);
	s->letters[n].is_found = true;
	s->found++;
	mem_free(bytes);
	return true;
}

static void
timer_killed(void *ctx)
{
	struct world *w = ctx;

	running_end(&w->run, SIGKILL);
	running_launch(&w->run);
}

static void
nothing_acknowledged_is_lost_when_it_is_killed(void **state)
{
	enum { ROUNDS = 20, LETTERS = 60 };
	static struct letter letters[ROUNDS * LETTERS];
	struct world *w = *state;
	struct timer *kill_timer = timer_new(w->loop, timer_killed, w);
	struct search s = { .letters = letters, .count = ARRAY_LEN(letters) };
	struct mailbox_row row;
	struct counters n;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < LETTERS; i++) {
			struct letter *l = &letters[round * LETTERS + i];

			l->number = round * LETTERS + i;
			letter_send(w, l);
		}
		timer_set(kill_timer, 3 + round * 2);
		wait_all(w);
	}
	timer_free(&kill_timer);
	s.store = open_store();
	CHECK_STATUS(txn_begin_read(store_env(s.store), &s.txn, NULL), STATUS_OK);
	CHECK_STATUS(mailbox_find(s.txn, ME, SLICE("INBOX"), &row, NULL), STATUS_OK);
	CHECK_STATUS(message_each(s.txn, row.id, 1, UINT32_MAX, letter_find, &s, NULL), STATUS_OK);
	CHECK_U64(row.messages, s.found);
	CHECK_STATUS(counters_get(s.txn, &n, NULL), STATUS_OK);
	CHECK_U64(n.archive, s.found);
	txn_abort(&s.txn);
	store_close(&s.store);
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		CHECK(letters[i].is_found || !letters[i].is_acknowledged);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(a_worker_changes_its_mailboxes_and_is_woken),
		ROW(what_cannot_be_asked_is_refused),
		ROW(a_plan_is_executed_once_as_a_whole),
		ROW(outgoing_mail_is_taken_settled_and_tried_again),
		ROW(what_is_no_longer_outside_is_forgotten),
		ROW(the_id_of_a_removed_message_may_be_given_to_another),
		ROW(an_administrator_reads_the_audit),
		ROW(an_administrator_writes_down_what_they_look_at),
		ROW(a_stopped_stored_finishes_what_it_has),
		ROW(a_bad_frame_costs_its_sender_only),
		ROW(nothing_acknowledged_is_lost_when_it_is_killed),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
