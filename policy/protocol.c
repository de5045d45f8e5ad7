#include "policy/protocol.h"

#include "base/mem.h"

/* A field that is longer than max fails the reader. */
static struct slice
read_limited(struct reader *in, size_t max)
{
	struct slice s = read_slice(in);

	if (s.len > max)
		reader_fail(in);
	return s;
}

static uint8_t
read_below(struct reader *in, uint8_t limit)
{
	uint8_t v = read_u8(in);

	if (v >= limit)
		reader_fail(in);
	return v;
}

static bool
read_bool(struct reader *in)
{
	return read_below(in, 2) == 1;
}

/* A count of slices that follow: none can be shorter than its own length field. */
static uint32_t
read_slice_count(struct reader *in, uint32_t max)
{
	uint32_t count = read_u32le(in);

	if (count > max || count > in->rest.len / 4)
		reader_fail(in);
	return reader_ok(in) ? count : 0;
}

static struct slice *
read_slices(struct reader *in, uint32_t count, size_t max)
{
	struct slice *list = count > 0 ? mem_array(struct slice, count) : NULL;

	for (uint32_t i = 0; i < count; i++)
		list[i] = read_limited(in, max);
	return list;
}

void
policy_answer_put(struct buf *out, enum status st, const struct problem *why)
{
	put_u8(out, (uint8_t)st);
	put_slice(out, slice_from_cstr(why != NULL ? why->text : NULL));
}

enum status
policy_answer_read(struct reader *in, enum status *st, struct problem *why)
{
	uint8_t value = read_below(in, STATUS_COUNT);
	struct slice text = read_limited(in, sizeof(why->text));

	if (!reader_ok(in))
		return STATUS_CORRUPT;
	*st = (enum status)value;
	if (text.len > 0)
		problem_set(why, "%.*s", SLICE_ARG(text));
	return STATUS_OK;
}

void
policy_session_put(struct buf *out, const struct policy_session *s)
{
	put_slice(out, s->sid);
	put_u8(out, s->service);
	put_slice(out, s->peer);
	put_u8(out, s->is_secure);
}

enum status
policy_session_read(struct slice payload, struct policy_session *s)
{
	struct reader in = reader_of(payload);
	struct policy_session v = { 0 };

	v.sid = read_limited(&in, POLICY_SID_MAX);
	v.service = read_below(&in, SERVICE_POP3 + 1);
	v.peer = read_limited(&in, POLICY_SID_MAX);
	v.is_secure = read_bool(&in);
	if (!reader_at_end(&in) || v.sid.len == 0)
		return STATUS_CORRUPT;
	*s = v;
	return STATUS_OK;
}

void
policy_sid_put(struct buf *out, struct slice sid)
{
	put_slice(out, sid);
}

enum status
policy_sid_read(struct slice payload, struct slice *sid)
{
	struct reader in = reader_of(payload);
	struct slice v = read_limited(&in, POLICY_SID_MAX);

	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*sid = v;
	return STATUS_OK;
}

void
policy_sasl_step_put(struct buf *out, const struct policy_sasl_step *s)
{
	put_slice(out, s->sid);
	put_slice(out, s->mechanism);
	put_u8(out, s->has_message);
	put_slice(out, s->message);
}

enum status
policy_sasl_step_read(struct slice payload, struct policy_sasl_step *s)
{
	struct reader in = reader_of(payload);
	struct policy_sasl_step v = { 0 };

	v.sid = read_limited(&in, POLICY_SID_MAX);
	v.mechanism = read_limited(&in, POLICY_SID_MAX);
	v.has_message = read_bool(&in);
	/* A longer message is answered, not taken for a broken peer: clients choose its size. */
	v.message = read_slice(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*s = v;
	return STATUS_OK;
}

void
policy_sasl_answer_put(struct buf *out, const struct policy_sasl_answer *a)
{
	put_u8(out, a->is_done);
	put_slice(out, a->challenge);
	put_u32le(out, a->account);
	put_slice(out, a->login);
	put_slice(out, a->grant);
}

enum status
policy_sasl_answer_read(struct reader *in, struct policy_sasl_answer *a)
{
	struct policy_sasl_answer v = { 0 };

	v.is_done = read_bool(in);
	v.challenge = read_limited(in, POLICY_MESSAGE_MAX);
	v.account = read_u32le(in);
	v.login = read_limited(in, POLICY_ADDRESS_MAX);
	v.grant = read_limited(in, POLICY_TEXT_MAX);
	if (!reader_at_end(in))
		return STATUS_CORRUPT;
	*a = v;
	return STATUS_OK;
}

void
policy_path_put(struct buf *out, const struct policy_path *p)
{
	put_slice(out, p->sid);
	put_slice(out, p->sender);
	put_slice(out, p->recipient);
}

enum status
policy_path_read(struct slice payload, struct policy_path *p)
{
	struct reader in = reader_of(payload);
	struct policy_path v = { 0 };

	v.sid = read_limited(&in, POLICY_SID_MAX);
	v.sender = read_limited(&in, POLICY_ADDRESS_MAX);
	v.recipient = read_limited(&in, POLICY_ADDRESS_MAX);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*p = v;
	return STATUS_OK;
}

void
policy_reply_put(struct buf *out, const struct policy_reply *r)
{
	put_u16le(out, r->code);
	put_slice(out, r->enhanced);
	put_slice(out, r->text);
}

enum status
policy_reply_read(struct reader *in, struct policy_reply *r)
{
	struct policy_reply v = { 0 };

	v.code = read_u16le(in);
	v.enhanced = read_limited(in, 16);
	v.text = read_limited(in, 120);
	if (!reader_at_end(in) || v.code < 200 || v.code > 599)
		return STATUS_CORRUPT;
	*r = v;
	return STATUS_OK;
}

static bool
asks_for_notices(const struct policy_submission *s)
{
	bool asks = s->dsn.ret != SMTP_RET_UNSAID || s->dsn.envid.len > 0;

	for (uint32_t i = 0; s->wishes != NULL && !asks && i < s->recipient_count; i++)
		asks = s->wishes[i].notify != 0 || s->wishes[i].orcpt.len > 0;
	return asks;
}

void
policy_submission_put(struct buf *out, const struct policy_submission *s)
{
	static const struct smtp_dsn_rcpt none = { 0 };

	put_slice(out, s->sid);
	put_slice(out, s->mid);
	put_slice(out, s->sender);
	put_u64le(out, s->received_at);
	put_u32le(out, s->size_bytes);
	put_u32le(out, s->prefix_len);
	put_u32le(out, s->recipient_count);
	for (uint32_t i = 0; i < s->recipient_count; i++)
		put_slice(out, s->recipients[i]);
	if (!asks_for_notices(s))
		return;
	smtp_dsn_mail_put(&s->dsn, out);
	for (uint32_t i = 0; i < s->recipient_count; i++)
		smtp_dsn_rcpt_put(s->wishes != NULL ? &s->wishes[i] : &none, out);
}

/* What stands behind the recipients, if there was anything to say of them. */
static struct smtp_dsn_rcpt *
read_wishes(struct reader *in, uint32_t count, struct smtp_dsn_mail *dsn)
{
	struct smtp_dsn_rcpt *list;

	if (!reader_ok(in) || in->rest.len == 0)
		return NULL;
	smtp_dsn_mail_read(in, dsn);
	list = mem_array(struct smtp_dsn_rcpt, count + 1);
	for (uint32_t i = 0; i < count; i++)
		smtp_dsn_rcpt_read(in, &list[i]);
	return list;
}

enum status
policy_submission_read(struct slice payload, struct policy_submission *s,
    struct slice **recipients, struct smtp_dsn_rcpt **wishes)
{
	struct smtp_dsn_rcpt *asked;
	struct reader in = reader_of(payload);
	struct policy_submission v = { 0 };
	struct slice *list;

	v.sid = read_limited(&in, POLICY_SID_MAX);
	v.mid = read_limited(&in, POLICY_MID_MAX);
	v.sender = read_limited(&in, POLICY_ADDRESS_MAX);
	v.received_at = read_u64le(&in);
	v.size_bytes = read_u32le(&in);
	v.prefix_len = read_u32le(&in);
	v.recipient_count = read_slice_count(&in, POLICY_RECIPIENTS_MAX);
	list = read_slices(&in, v.recipient_count, POLICY_ADDRESS_MAX);
	v.recipients = list;
	asked = read_wishes(&in, v.recipient_count, &v.dsn);
	v.wishes = asked;
	if (!reader_at_end(&in) || v.mid.len == 0 || v.prefix_len > v.size_bytes ||
	    asks_for_notices(&v) != (asked != NULL)) {
		mem_free(list);
		mem_free(asked);
		return STATUS_CORRUPT;
	}
	*s = v;
	*recipients = list;
	*wishes = asked;
	return STATUS_OK;
}

void
policy_fetch_list_put(struct buf *out, const struct policy_fetch *list, uint32_t count)
{
	put_u32le(out, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct policy_fetch *f = &list[i];

		put_u32le(out, f->id);
		put_slice(out, f->name);
		put_slice(out, f->host);
		put_u16le(out, f->port);
		put_u8(out, f->protocol);
		put_slice(out, f->user);
		put_u32le(out, f->every_s);
		put_u32le(out, (uint32_t)f->keep_days);
		put_u8(out, f->is_enabled);
		put_u8(out, f->checks_certificate);
		put_slice(out, f->ca_path);
	}
}

static struct policy_fetch
read_fetch(struct reader *in)
{
	struct policy_fetch f = { 0 };

	f.id = read_u32le(in);
	f.name = read_limited(in, POLICY_TEXT_MAX);
	f.host = read_limited(in, POLICY_TEXT_MAX);
	f.port = read_u16le(in);
	f.protocol = read_below(in, FETCH_PROTOCOL_COUNT);
	f.user = read_limited(in, POLICY_TEXT_MAX);
	f.every_s = read_u32le(in);
	f.keep_days = (int32_t)read_u32le(in);
	f.is_enabled = read_bool(in);
	f.checks_certificate = read_bool(in);
	f.ca_path = read_limited(in, POLICY_TEXT_MAX);
	return f;
}

enum status
policy_fetch_list_read(struct reader *in, struct policy_fetch **list, uint32_t *count)
{
	uint32_t n = read_slice_count(in, POLICY_FETCHES_MAX);
	struct policy_fetch *v = n > 0 ? mem_array(struct policy_fetch, n) : NULL;

	for (uint32_t i = 0; i < n; i++)
		v[i] = read_fetch(in);
	if (!reader_at_end(in)) {
		mem_free(v);
		return STATUS_CORRUPT;
	}
	*list = v;
	*count = n;
	return STATUS_OK;
}

void
policy_fetch_id_put(struct buf *out, uint32_t fetch)
{
	put_u32le(out, fetch);
}

enum status
policy_fetch_id_read(struct slice payload, uint32_t *fetch)
{
	struct reader in = reader_of(payload);
	uint32_t v = read_u32le(&in);

	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*fetch = v;
	return STATUS_OK;
}

void
policy_secret_put(struct buf *out, struct slice secret)
{
	put_slice(out, secret);
}

enum status
policy_secret_read(struct reader *in, struct slice *secret)
{
	struct slice v = read_limited(in, POLICY_TEXT_MAX);

	if (!reader_at_end(in))
		return STATUS_CORRUPT;
	*secret = v;
	return STATUS_OK;
}

static bool
says_sizes(const struct policy_uidls *u)
{
	for (uint32_t i = 0; u->sizes != NULL && i < u->count; i++)
		if (u->sizes[i] != 0)
			return true;
	return false;
}

void
policy_uidls_put(struct buf *out, const struct policy_uidls *u)
{
	put_u32le(out, u->fetch);
	put_u8(out, u->is_last);
	put_u32le(out, u->count);
	for (uint32_t i = 0; i < u->count; i++)
		put_slice(out, u->uidls[i]);
	if (says_sizes(u)) {
		for (uint32_t i = 0; i < u->count; i++)
			put_u64le(out, u->sizes[i]);
	}
}

enum status
policy_uidls_read(struct slice payload, struct policy_uidls *u, struct slice **uidls,
    uint64_t **sizes)
{
	struct reader in = reader_of(payload);
	struct policy_uidls v = { 0 };
	struct slice *list;
	uint64_t *said = NULL;

	v.fetch = read_u32le(&in);
	v.is_last = read_bool(&in);
	v.count = read_slice_count(&in, POLICY_UIDLS_MAX);
	list = read_slices(&in, v.count, POLICY_UIDL_MAX);
	v.uidls = list;
	if (reader_ok(&in) && in.rest.len > 0 && v.count > 0) {
		said = mem_array(uint64_t, v.count);
		for (uint32_t i = 0; i < v.count; i++)
			said[i] = read_u64le(&in);
	}
	v.sizes = said;
	if (!reader_at_end(&in) || says_sizes(&v) != (said != NULL)) {
		mem_free(list);
		mem_free(said);
		return STATUS_CORRUPT;
	}
	*u = v;
	*uidls = list;
	*sizes = said;
	return STATUS_OK;
}

static bool
says_removed(const struct fetch_known *known, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (known[i].is_removed)
			return true;
	return false;
}

void
policy_known_put(struct buf *out, const struct fetch_known *known, uint32_t count)
{
	put_u32le(out, count);
	for (uint32_t i = 0; i < count; i++)
		put_u64le(out, known[i].stored_at);
	if (says_removed(known, count)) {
		for (uint32_t i = 0; i < count; i++)
			put_u8(out, known[i].is_removed);
	}
}

enum status
policy_known_read(struct reader *in, struct fetch_known **known, uint32_t *count)
{
	uint32_t n = read_slice_count(in, POLICY_UIDLS_MAX);
	struct fetch_known *v = n > 0 ? mem_array(struct fetch_known, n) : NULL;
	bool is_told;

	for (uint32_t i = 0; i < n; i++)
		v[i].stored_at = read_u64le(in);
	is_told = in->rest.len > 0;
	for (uint32_t i = 0; is_told && i < n; i++)
		v[i].is_removed = read_bool(in);
	if (!reader_at_end(in) || says_removed(v, n) != is_told) {
		mem_free(v);
		return STATUS_CORRUPT;
	}
	*known = v;
	*count = n;
	return STATUS_OK;
}

void
policy_fetched_put(struct buf *out, const struct policy_fetched *f)
{
	put_u32le(out, f->fetch);
	put_slice(out, f->uidl);
	put_slice(out, f->mid);
	put_u64le(out, f->received_at);
	put_u32le(out, f->size_bytes);
	put_u32le(out, f->prefix_len);
	if (f->listed_bytes != 0)
		put_u64le(out, f->listed_bytes);
}

enum status
policy_fetched_read(struct slice payload, struct policy_fetched *f)
{
	struct reader in = reader_of(payload);
	struct policy_fetched v = { 0 };
	bool is_listed;

	v.fetch = read_u32le(&in);
	v.uidl = read_limited(&in, POLICY_UIDL_MAX);
	v.mid = read_limited(&in, POLICY_MID_MAX);
	v.received_at = read_u64le(&in);
	v.size_bytes = read_u32le(&in);
	v.prefix_len = read_u32le(&in);
	is_listed = reader_ok(&in) && in.rest.len > 0;
	if (is_listed)
		v.listed_bytes = read_u64le(&in);
	if (!reader_at_end(&in) || v.uidl.len == 0 || v.mid.len == 0 ||
	    v.prefix_len > v.size_bytes || is_listed != (v.listed_bytes != 0))
		return STATUS_CORRUPT;
	*f = v;
	return STATUS_OK;
}

void
policy_report_put(struct buf *out, const struct policy_fetch_report *r)
{
	put_u32le(out, r->fetch);
	put_u8(out, r->is_final);
	put_u8(out, r->status);
	put_slice(out, slice_sub(r->text, 0, POLICY_TEXT_MAX));
	put_u32le(out, r->listed);
	put_u32le(out, r->stored);
	put_u32le(out, r->known);
	put_u32le(out, r->removed);
	put_u32le(out, r->failed);
	put_u64le(out, r->bytes);
}

enum status
policy_report_read(struct slice payload, struct policy_fetch_report *r)
{
	struct reader in = reader_of(payload);
	struct policy_fetch_report v = { 0 };

	v.fetch = read_u32le(&in);
	v.is_final = read_bool(&in);
	v.status = read_below(&in, STATUS_COUNT);
	v.text = read_limited(&in, POLICY_TEXT_MAX);
	v.listed = read_u32le(&in);
	v.stored = read_u32le(&in);
	v.known = read_u32le(&in);
	v.removed = read_u32le(&in);
	v.failed = read_u32le(&in);
	v.bytes = read_u64le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*r = v;
	return STATUS_OK;
}
