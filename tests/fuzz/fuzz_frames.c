/*
 * Any bytes are what our processes tell each other, and what lies in the
 * tables: each is refused, or means what it says.  Where there is a writer,
 * writing again what was read gives the same bytes.  The first byte says which
 * reader it is.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/mem.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "policy/record.h"
#include "policy/protocol.h"
#include "policy/relay_protocol.h"
#include "store/archive.h"
#include "store/audit.h"
#include "store/grant.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keep.h"
#include "store/limits.h"
#include "store/logins.h"
#include "store/plan.h"
#include "store/queue_order.h"
#include "store/request.h"
#include "store/sealed.h"
#include "store/segment.h"
#include "store/trash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read data; what is understood is written to again, and true. */
typedef bool read_fn(struct slice data, struct buf *again);

static bool
read_plan(struct slice data, struct buf *again)
{
	struct plan p;
	struct buf print = buf_init(64 * 1024 * 1024);

	if (plan_decode(data, &p) != STATUS_OK)
		return false;
	ASSERT(p.action_count <= PLAN_ACTIONS_MAX && p.other_count <= PLAN_OTHERS_MAX);
	plan_print(&p, &print);
	ASSERT(plan_encode(&p, again) == STATUS_OK);
	plan_clear(&p);
	buf_clear(&print);
	/* A plan of an older version is written as one of today's. */
	return slice_equal(slice_sub(buf_slice(again), 0, 1), slice_sub(data, 0, 1));
}

static bool
read_work(struct slice data, struct buf *again)
{
	uint16_t type = data.len == 0 ? 0 : (uint16_t)(unsigned char)data.ptr[0];
	struct store_work w;

	data = slice_skip(data, data.len > 0);
	if (!work_is_known(type) || work_decode(type, data, &w) != STATUS_OK)
		return false;
	put_u8(again, (uint8_t)type);
	ASSERT(work_encode(type, &w, again) == STATUS_OK);
	work_clear(&w);
	return true;
}

static bool
read_result(struct slice data, struct buf *again)
{
	struct reader in = reader_of(data);
	struct store_result r;

	if (result_read(&in, &r) != STATUS_OK)
		return false;
	result_put(&r, again);
	result_clear(&r);
	return true;
}

static bool
read_answer(struct slice data, struct buf *again)
{
	struct reader in = reader_of(data);
	struct problem why;
	enum status st;

	(void)again;
	(void)!answer_read(&in, &st, &why);
	in = reader_of(data);
	(void)!policy_answer_read(&in, &st, &why);
	return false;
}

static bool
read_keep(struct slice data, struct buf *again)
{
	struct keep_piece p;

	if (keep_piece_read(data, &p) != STATUS_OK)
		return false;
	keep_piece_put(&p, again);
	return true;
}

static bool
read_order(struct slice data, struct buf *again)
{
	struct queue_order o;

	if (queue_order_read(data, &o) != STATUS_OK)
		return false;
	queue_order_put(&o, again);
	return true;
}

static bool
read_item(struct slice data, struct buf *again)
{
	struct reader in = reader_of(data);
	struct queue_item item;

	queue_item_read(&in, &item);
	if (!reader_at_end(&in))
		return false;
	queue_item_put(&item, again);
	return true;
}

static bool
read_row(struct slice data, struct buf *again)
{
	struct spool_row row;
	uint32_t size_bytes;

	if (queue_row_read(data, &row, &size_bytes) != STATUS_OK)
		return false;
	queue_row_put(&row, size_bytes, again);
	return true;
}

static bool
read_audit(struct slice data, struct buf *again)
{
	struct audit_filter f;
	struct audit_row row;

	if (audit_row_read(data, &row) == STATUS_OK) {
		audit_row_put(&row, again);
		return true;
	}
	if (audit_filter_read(data, &f) != STATUS_OK)
		return false;
	audit_filter_put(&f, again);
	return true;
}

static bool
read_handover(struct slice data, struct buf *again)
{
	struct handover h;

	if (handover_decode(data, &h) != STATUS_OK)
		return false;
	ASSERT(handover_encode(again, &h) == STATUS_OK);
	return true;
}

/* The tables: a key and a value, put_slice() each. */
static bool
read_tables(struct slice data, struct buf *again)
{
	struct reader in = reader_of(data);
	struct slice key = read_slice(&in), value = in.rest;
	struct slice sender, recipients;
	struct journal_row journal;
	struct audit_row audit;
	struct trash_row trash;
	struct sealed_row sealed;

	(void)again;
	if (sealed_decode(key, value, &sealed) == STATUS_OK)
		ASSERT(sealed.first <= sealed.last && sealed.size_bytes <= SEALED_SIZE_MAX);
	for (struct slice rest = data; sealed_next(&rest, &journal) == STATUS_OK;)
		ASSERT(journal.op > 0 && journal.op < JOURNAL_OP_COUNT);
	(void)!journal_decode(key, value, &journal);
	(void)!audit_decode(key, value, &audit);
	(void)!trash_decode(key, value, &trash);
	(void)!archive_envelope_read(value, &sender, &recipients);
	return false;
}

static bool
read_sealed(struct slice data, struct buf *again)
{
	static const struct record_place place = { 1, 2, 3 };
	struct segment_record r;
	struct grant g;

	(void)again;
	(void)!grant_peek(data, &g);
	ASSERT(grant_open(data, SLICE("0123456789abcdef0123456789abcdef"), &g) != STATUS_OK);
	if (data.len >= RECORD_HEAD_LEN)
		(void)!record_head_decode((const uint8_t *)data.ptr, &place, &r);
	return false;
}

/* Directory records, by the second byte. */
static bool
read_records(struct slice data, struct buf *again)
{
	unsigned which = data.len == 0 ? 0 : (unsigned char)data.ptr[0];
	enum status st = STATUS_CORRUPT;

	data = slice_skip(data, data.len > 0);
	put_u8(again, (uint8_t)which);
#define READ(n, type)							\
	if (which == (n)) {						\
		struct type r = { 0 };					\
		st = type##_decode(data, &r);				\
		ASSERT(st != STATUS_OK || type##_encode(&r, again) == STATUS_OK); \
	}
	READ(0, domain_record)
	READ(1, account_record)
	READ(2, alias_record)
	READ(3, fetch_record)
	READ(4, route_record)
	READ(5, pending_audit_record)
#undef READ
	/* A record of an older version is written as one of today's. */
	return st == STATUS_OK && slice_equal(slice_sub(buf_slice(again), 1, 1),
	    slice_sub(data, 0, 1));
}

static bool
read_questions(struct slice data, struct buf *again)
{
	struct policy_submission submission;
	struct policy_returned returned;
	struct policy_uidls uidls;
	struct smtp_dsn_rcpt *wishes;
	struct slice *list;
	uint64_t *entries;

	if (policy_submission_read(data, &submission, &list, &wishes) == STATUS_OK) {
		policy_submission_put(again, &submission);
		mem_free(list);
		mem_free(wishes);
	} else if (policy_uidls_read(data, &uidls, &list, &entries) == STATUS_OK) {
		policy_uidls_put(again, &uidls);
		mem_free(list);
		mem_free(entries);
	} else if (policy_returned_read(data, &returned, &entries) == STATUS_OK) {
		policy_returned_put(again, &returned);
		mem_free(entries);
	} else {
		return false;
	}
	return true;
}

static bool
read_sessions(struct slice data, struct buf *again)
{
	struct policy_sasl_step step;
	struct policy_session session;
	struct policy_path path;
	struct slice sid;

	if (policy_session_read(data, &session) == STATUS_OK)
		policy_session_put(again, &session);
	else if (policy_sasl_step_read(data, &step) == STATUS_OK)
		policy_sasl_step_put(again, &step);
	else if (policy_path_read(data, &path) == STATUS_OK)
		policy_path_put(again, &path);
	else if (policy_sid_read(data, &sid) == STATUS_OK)
		policy_sid_put(again, sid);
	else
		return false;
	return true;
}

static bool
read_answers(struct slice data, struct buf *again)
{
	struct reader in = reader_of(data);
	struct policy_sasl_answer sasl;
	struct policy_route route;
	struct policy_reply reply;
	struct policy_fetch *list;
	struct slice secret;
	struct fetch_known *known;
	uint32_t count;

	(void)again;
	(void)!policy_sasl_answer_read(&in, &sasl);
	in = reader_of(data);
	(void)!policy_reply_read(&in, &reply);
	in = reader_of(data);
	(void)!policy_route_read(&in, &route);
	in = reader_of(data);
	(void)!policy_secret_read(&in, &secret);
	in = reader_of(data);
	if (policy_fetch_list_read(&in, &list, &count) == STATUS_OK)
		mem_free(list);
	in = reader_of(data);
	if (policy_known_read(&in, &known, &count) == STATUS_OK)
		mem_free(known);
	return false;
}

static bool
read_reports(struct slice data, struct buf *again)
{
	struct policy_fetch_report report;
	struct policy_fetched fetched;
	uint32_t id;

	if (policy_fetched_read(data, &fetched) == STATUS_OK)
		policy_fetched_put(again, &fetched);
	else if (policy_report_read(data, &report) == STATUS_OK)
		policy_report_put(again, &report);
	else if (policy_fetch_id_read(data, &id) == STATUS_OK)
		policy_fetch_id_put(again, id);
	else
		return false;
	return true;
}

static bool
read_logins(struct slice data, struct buf *again)
{
	struct logins l = { 0 };

	if (logins_take(&l, data) != STATUS_OK || !l.is_known)
		return false;
	logins_put(l.rows, l.count, true, again);
	logins_clear(&l);
	return true;
}

static bool
read_limits(struct slice data, struct buf *again)
{
	struct account_use *use = NULL;
	struct reader in = reader_of(data);
	struct job *j = NULL;
	uint32_t count;

	if (job_of_limits(data, &j, NULL) == STATUS_OK)
		job_free(&j);
	(void)!use_read(&in, &use, &count);
	mem_free(use);
	return read_logins(data, again);
}

static read_fn *const readers[] = {
	read_plan, read_work, read_result, read_answer, read_keep, read_order, read_item,
	read_row, read_audit, read_handover, read_tables, read_sealed, read_records,
	read_questions, read_sessions, read_answers, read_reports, read_limits,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf again = buf_init(IPC_FRAME_MAX + 4096);
	struct slice input = slice_make(data, size);

	if (size == 0)
		return 0;
	input = slice_skip(input, 1);
	if (readers[data[0] % ARRAY_LEN(readers)](input, &again)) {
		ASSERT(buf_status(&again) == STATUS_OK);
		ASSERT(again.len <= input.len);
		ASSERT(slice_equal(buf_slice(&again), slice_sub(input, 0, again.len)));
	}
	buf_clear(&again);
	return 0;
}
