#include "policy/protocol.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/ipc.h"

/* One line of text out of everything a reader gave, so that pairs are compared by eye. */
static enum status
read_session(struct slice in, struct buf *out)
{
	struct policy_session s;
	enum status st = policy_session_read(in, &s);

	if (st == STATUS_OK)
		buf_printf(out, "%.*s %u %.*s %d", SLICE_ARG(s.sid), s.service,
		    SLICE_ARG(s.peer), s.is_secure);
	return st;
}

static enum status
read_sid(struct slice in, struct buf *out)
{
	struct slice sid;
	enum status st = policy_sid_read(in, &sid);

	if (st == STATUS_OK)
		buf_append(out, sid);
	return st;
}

static enum status
read_step(struct slice in, struct buf *out)
{
	struct policy_sasl_step s;
	enum status st = policy_sasl_step_read(in, &s);

	if (st == STATUS_OK)
		buf_printf(out, "%.*s %.*s %d %.*s", SLICE_ARG(s.sid), SLICE_ARG(s.mechanism),
		    s.has_message, SLICE_ARG(s.message));
	return st;
}

static enum status
read_sasl_answer(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct policy_sasl_answer a;
	enum status st = policy_sasl_answer_read(&r, &a);

	if (st == STATUS_OK)
		buf_printf(out, "%d %.*s %u %.*s %.*s", a.is_done, SLICE_ARG(a.challenge),
		    a.account, SLICE_ARG(a.login), SLICE_ARG(a.grant));
	return st;
}

static enum status
read_path(struct slice in, struct buf *out)
{
	struct policy_path p;
	enum status st = policy_path_read(in, &p);

	if (st == STATUS_OK)
		buf_printf(out, "%.*s %.*s %.*s", SLICE_ARG(p.sid), SLICE_ARG(p.sender),
		    SLICE_ARG(p.recipient));
	return st;
}

static enum status
read_reply(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct policy_reply p;
	enum status st = policy_reply_read(&r, &p);

	if (st == STATUS_OK)
		buf_printf(out, "%u %.*s %.*s", p.code, SLICE_ARG(p.enhanced), SLICE_ARG(p.text));
	return st;
}

static enum status
read_submission(struct slice in, struct buf *out)
{
	struct policy_submission s;
	struct slice *list;
	struct smtp_dsn_rcpt *wishes;
	enum status st = policy_submission_read(in, &s, &list, &wishes);

	if (st != STATUS_OK)
		return st;
	buf_printf(out, "%.*s %.*s %.*s %u %u", SLICE_ARG(s.sid), SLICE_ARG(s.mid),
	    SLICE_ARG(s.sender), s.size_bytes, s.prefix_len);
	for (uint32_t i = 0; i < s.recipient_count; i++)
		buf_printf(out, " %.*s", SLICE_ARG(s.recipients[i]));
	if (wishes != NULL)
		buf_printf(out, " ret=%u envid=%.*s", s.dsn.ret, SLICE_ARG(s.dsn.envid));
	for (uint32_t i = 0; wishes != NULL && i < s.recipient_count; i++)
		buf_printf(out, " %u:%.*s", wishes[i].notify, SLICE_ARG(wishes[i].orcpt));
	mem_free(list);
	mem_free(wishes);
	return st;
}

static enum status
read_fetch_list(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct policy_fetch *list;
	uint32_t count;
	enum status st = policy_fetch_list_read(&r, &list, &count);

	if (st != STATUS_OK)
		return st;
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "%u %.*s %.*s:%u %u %.*s %u %d %d%d %.*s;", list[i].id,
		    SLICE_ARG(list[i].name), SLICE_ARG(list[i].host), list[i].port,
		    list[i].protocol, SLICE_ARG(list[i].user), list[i].every_s,
		    list[i].keep_days, list[i].is_enabled, list[i].checks_certificate,
		    SLICE_ARG(list[i].ca_path));
	mem_free(list);
	return st;
}

static enum status
read_fetch_id(struct slice in, struct buf *out)
{
	uint32_t id;
	enum status st = policy_fetch_id_read(in, &id);

	if (st == STATUS_OK)
		buf_append_u64(out, id);
	return st;
}

static enum status
read_secret(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct slice secret;
	enum status st = policy_secret_read(&r, &secret);

	if (st == STATUS_OK)
		buf_append(out, secret);
	return st;
}

static enum status
read_uidls(struct slice in, struct buf *out)
{
	struct policy_uidls u;
	struct slice *list;
	uint64_t *sizes;
	enum status st = policy_uidls_read(in, &u, &list, &sizes);

	if (st != STATUS_OK)
		return st;
	buf_printf(out, "%u %d", u.fetch, u.is_last);
	for (uint32_t i = 0; i < u.count; i++)
		buf_printf(out, " %.*s:%llu", SLICE_ARG(u.uidls[i]),
		    u.sizes != NULL ? (unsigned long long)u.sizes[i] : 0);
	mem_free(list);
	mem_free(sizes);
	return st;
}

static enum status
read_known(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct fetch_known *known;
	uint32_t count;
	enum status st = policy_known_read(&r, &known, &count);

	if (st != STATUS_OK)
		return st;
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "%llu%s ", (unsigned long long)known[i].stored_at,
		    known[i].is_removed ? "r" : "");
	mem_free(known);
	return st;
}

static enum status
read_fetched(struct slice in, struct buf *out)
{
	struct policy_fetched f;
	enum status st = policy_fetched_read(in, &f);

	if (st == STATUS_OK)
		buf_printf(out, "%u %.*s %.*s %u %u %llu", f.fetch, SLICE_ARG(f.uidl),
		    SLICE_ARG(f.mid), f.size_bytes, f.prefix_len,
		    (unsigned long long)f.listed_bytes);
	return st;
}

static enum status
read_report(struct slice in, struct buf *out)
{
	struct policy_fetch_report r;
	enum status st = policy_report_read(in, &r);

	if (st == STATUS_OK)
		buf_printf(out, "%u %d %u %.*s %u %u %u %u %u", r.fetch, r.is_final, r.status,
		    SLICE_ARG(r.text), r.listed, r.stored, r.known, r.removed, r.failed);
	return st;
}

static enum status
read_answer(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct problem why = { 0 };
	enum status answer, st = policy_answer_read(&r, &answer, &why);

	if (st == STATUS_OK)
		buf_printf(out, "%s %s", status_name(answer), why.text);
	return st;
}

/* Cut after every byte, and with one byte too many, no payload is taken for a whole one. */
static void
check_pair(struct buf *payload, enum status (*read)(struct slice in, struct buf *out),
    const char *want)
{
	struct buf got = buf_init(4096);

	CHECK_STATUS(buf_status(payload), STATUS_OK);
	for (size_t cut = 0; cut < payload->len; cut++) {
		/* Memory of exactly that size, so that reading past it is seen. */
		char *copy = mem_dup(slice_sub(buf_slice(payload), 0, cut));

		CHECK_STATUS(read(slice_make(copy, cut), &got), STATUS_CORRUPT);
		mem_free(copy);
	}
	CHECK_STATUS(read(buf_slice(payload), &got), STATUS_OK);
	CHECK_SLICE(buf_slice(&got), want);
	if (read != read_answer) {
		put_u8(payload, 0);
		CHECK_STATUS(read(buf_slice(payload), &got), STATUS_CORRUPT);
	}
	buf_clear(&got);
	buf_clear(payload);
}

static void
session_questions_come_back_as_they_went(void **state)
{
	struct buf b = buf_init(IPC_FRAME_MAX);
	struct policy_session s = { SLICE("sid1"), SERVICE_IMAP, SLICE("192.0.2.7"), true };
	struct policy_sasl_step step = { SLICE("sid1"), SLICE("PLAIN"), true, SLICE("x") };
	struct policy_sasl_answer a = { true, SLICE("c"), 7, SLICE("li@acme.test"), SLICE("g") };
	struct policy_path path = { SLICE("sid1"), SLICE("a@b"), SLICE("c@d") };
	struct policy_reply reply = { 550, SLICE("5.1.1"), SLICE("no such user") };

	(void)state;
	policy_session_put(&b, &s);
	check_pair(&b, read_session, "sid1 2 192.0.2.7 1");
	policy_sid_put(&b, SLICE("sid1"));
	check_pair(&b, read_sid, "sid1");
	policy_sasl_step_put(&b, &step);
	check_pair(&b, read_step, "sid1 PLAIN 1 x");
	policy_sasl_answer_put(&b, &a);
	check_pair(&b, read_sasl_answer, "1 c 7 li@acme.test g");
	policy_path_put(&b, &path);
	check_pair(&b, read_path, "sid1 a@b c@d");
	policy_reply_put(&b, &reply);
	check_pair(&b, read_reply, "550 5.1.1 no such user");
	policy_answer_put(&b, STATUS_DENIED, &(struct problem){ "no" });
	check_pair(&b, read_answer, "denied no");
}

static void
texts_and_fetch_questions_come_back_as_they_went(void **state)
{
	struct buf b = buf_init(IPC_FRAME_MAX);
	const struct slice list[] = { SLICE("a@b"), SLICE("c@d") };
	const struct fetch_known known[] = { { 0, false }, { 17, false } };
	struct policy_submission s = { SLICE("s"), SLICE("m"), SLICE("x@y"), list, 2, 9, 100, 10,
		{ 0 }, NULL };
	struct policy_fetch f = { 3, SLICE("sales"), SLICE("h"), 110, FETCH_POP3_STLS, SLICE("u"),
		300, -1, true, false, SLICE("ca.pem") };
	struct policy_uidls u = { 3, true, list, NULL, 2 };
	struct policy_fetched d = { 3, SLICE("uidl"), SLICE("m"), 9, 100, 0, 0 };
	struct policy_fetch_report r = { 3, true, STATUS_IO, SLICE("down"), 1, 2, 3, 4, 5, 6 };

	(void)state;
	policy_submission_put(&b, &s);
	check_pair(&b, read_submission, "s m x@y 100 10 a@b c@d");
	policy_fetch_list_put(&b, &f, 1);
	check_pair(&b, read_fetch_list, "3 sales h:110 2 u 300 -1 10 ca.pem;");
	policy_fetch_id_put(&b, 3);
	check_pair(&b, read_fetch_id, "3");
	policy_secret_put(&b, SLICE("secret"));
	check_pair(&b, read_secret, "secret");
	policy_uidls_put(&b, &u);
	check_pair(&b, read_uidls, "3 1 a@b:0 c@d:0");
	policy_known_put(&b, known, 2);
	check_pair(&b, read_known, "0 17 ");
	policy_fetched_put(&b, &d);
	check_pair(&b, read_fetched, "3 uidl m 100 0 0");
	policy_report_put(&b, &r);
	check_pair(&b, read_report, "3 1 10 down 1 2 3 4 5");
}

static void
wishes_stand_behind_the_recipients_where_there_are_any(void **state)
{
	const struct slice list[] = { SLICE("a@b"), SLICE("c@d") };
	struct smtp_dsn_rcpt wishes[2] = { { 0 } };
	struct policy_submission s = { .sid = SLICE("s"), .mid = SLICE("m"), .recipients = list,
		.recipient_count = 2, .wishes = wishes };
	struct buf b = buf_init(4096), out = buf_init(4096);
	size_t plain;

	(void)state;
	policy_submission_put(&b, &s);
	plain = b.len;
	wishes[1] = (struct smtp_dsn_rcpt){ SMTP_NOTIFY_NEVER, SLICE("rfc822;x@y") };
	s.dsn.envid = SLICE("QQ1");
	buf_reset(&b);
	policy_submission_put(&b, &s);
	CHECK(b.len > plain);
	for (size_t cut = 0; cut < b.len; cut++) {
		buf_reset(&out);
		CHECK_STATUS(read_submission(slice_sub(buf_slice(&b), 0, cut), &out),
		    cut == plain ? STATUS_OK : STATUS_CORRUPT);
	}
	buf_reset(&out);
	CHECK_STATUS(read_submission(buf_slice(&b), &out), STATUS_OK);
	CHECK_SLICE(buf_slice(&out), "s m  0 0 a@b c@d ret=0 envid=QQ1 0: 1:rfc822;x@y");
	s.wishes = NULL;
	buf_reset(&b);
	policy_submission_put(&b, &s);
	buf_reset(&out);
	CHECK_STATUS(read_submission(buf_slice(&b), &out), STATUS_OK);
	CHECK_SLICE(buf_slice(&out), "s m  0 0 a@b c@d ret=0 envid=QQ1 0: 0:");
	buf_clear(&b);
	buf_clear(&out);
}

/* Whole, it is understood; cut, only where the form without what stands at its end ends. */
static void
check_end(struct buf *payload, size_t plain,
    enum status (*read)(struct slice in, struct buf *out), const char *want)
{
	struct buf got = buf_init(4096);

	CHECK(payload->len > plain);
	for (size_t cut = 0; cut < payload->len; cut++)
		CHECK_STATUS(read(slice_sub(buf_slice(payload), 0, cut), &got),
		    cut == plain ? STATUS_OK : STATUS_CORRUPT);
	buf_reset(&got);
	CHECK_STATUS(read(buf_slice(payload), &got), STATUS_OK);
	CHECK_SLICE(buf_slice(&got), want);
	/* Nothing said is the form without it. */
	for (size_t i = plain; i < payload->len; i++)
		payload->ptr[i] = 0;
	CHECK_STATUS(read(buf_slice(payload), &got), STATUS_CORRUPT);
	buf_clear(&got);
	buf_clear(payload);
}

static void
sizes_and_removals_stand_at_the_end_where_there_are_any(void **state)
{
	const struct slice list[] = { SLICE("a"), SLICE("b") };
	const uint64_t sizes[] = { 0, 290 }, none[] = { 0, 0 };
	const struct fetch_known known[] = { { 17, true }, { 0, false } };
	struct policy_uidls u = { 3, false, list, none, 2 };
	struct policy_fetched f = { 3, SLICE("u"), SLICE("m"), 9, 100, 0, 0 };
	struct buf b = buf_init(4096);
	size_t plain;

	(void)state;
	policy_uidls_put(&b, &u);
	plain = b.len;
	buf_reset(&b);
	u.sizes = sizes;
	policy_uidls_put(&b, &u);
	check_end(&b, plain, read_uidls, "3 0 a:0 b:290");
	policy_known_put(&b, known, 2);
	check_end(&b, 4 + 2 * 8, read_known, "17r 0 ");
	policy_fetched_put(&b, &f);
	plain = b.len;
	buf_reset(&b);
	f.listed_bytes = 290;
	policy_fetched_put(&b, &f);
	check_end(&b, plain, read_fetched, "3 u m 100 0 290");
}

static void
a_count_without_its_members_allocates_nothing(void **state)
{
	struct buf b = buf_init(64);
	struct buf out = buf_init(64);

	(void)state;
	put_u32le(&b, 1);
	put_u8(&b, 0);
	put_u32le(&b, UINT32_MAX);
	CHECK_STATUS(read_uidls(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_reset(&b);
	put_u32le(&b, POLICY_UIDLS_MAX + 1);
	CHECK_STATUS(read_known(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_clear(&b);
}

static void
values_out_of_range_are_corrupt(void **state)
{
	struct buf b = buf_init(IPC_FRAME_MAX), out = buf_init(4096);
	char sid[POLICY_SID_MAX + 1] = { 0 };
	struct policy_session s = { SLICE("sid1"), SERVICE_POP3 + 1, SLICE("p"), true };
	struct policy_submission m = { SLICE("s"), SLICE("m"), SLICE("x"), NULL, 0, 9, 10, 11,
		{ 0 }, NULL };
	struct policy_reply reply = { 600, SLICE("5.1.1"), SLICE("no") };

	(void)state;
	policy_session_put(&b, &s);
	CHECK_STATUS(read_session(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_reset(&b);
	policy_sid_put(&b, slice_make(sid, POLICY_SID_MAX));
	CHECK_STATUS(read_sid(buf_slice(&b), &out), STATUS_OK);
	buf_reset(&b);
	policy_sid_put(&b, slice_make(sid, POLICY_SID_MAX + 1));
	CHECK_STATUS(read_sid(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_reset(&b);
	policy_submission_put(&b, &m);	/* more prefix than text */
	CHECK_STATUS(read_submission(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_reset(&b);
	policy_reply_put(&b, &reply);
	CHECK_STATUS(read_reply(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_clear(&b);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_questions_come_back_as_they_went),
		cmocka_unit_test(texts_and_fetch_questions_come_back_as_they_went),
		cmocka_unit_test(wishes_stand_behind_the_recipients_where_there_are_any),
		cmocka_unit_test(sizes_and_removals_stand_at_the_end_where_there_are_any),
		cmocka_unit_test(a_count_without_its_members_allocates_nothing),
		cmocka_unit_test(values_out_of_range_are_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
