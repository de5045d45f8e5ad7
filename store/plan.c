#include "store/plan.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/digest.h"
#include "store/mailbox.h"
#include "store/queue_client.h"
#include "store/text.h"

/*
 * Plan, as it travels and as tests keep it:
 *   u8 version 3, slice mid, slice sid, u32 author, u64 received_at, u16 received_zone,
 *   u32 size_bytes, 32 bytes sha256, slice digest,
 *   u32 n, others: u32 size_bytes, 32 bytes sha256, slice digest
 *   u32 n, preconditions: u8 kind, u32 id, slice name, u64 entry, u64 size_bytes: since
 *   version 3
 *   u8 ret, slice envid: since version 2
 *   u32 n, actions: u8 kind, then by kind what actions[] below says; HAS_WISH since version 2,
 *   size_bytes of HAS_FETCH since version 3
 */
#define PLAN_VERSION 3
#define PLAN_VERSION_DSN 2
#define PLAN_VERSION_LISTED 3
#define PLAN_FRAME_MAX (4u * 1024 * 1024 - 4096)
#define PRECONDITION_LEN_MIN 17
#define OTHER_LEN_MIN (4 + SHA256_LEN + 4)

/* Which fields an action of each kind has; they are written in the order of these bits. */
enum {
	HAS_ACCOUNT = 1,
	HAS_ROLE = 2,
	HAS_FLAGS = 4,
	HAS_DIRECTION = 8,
	HAS_SENDER = 16,
	HAS_RECIPIENTS = 32,
	HAS_ROUTE = 64,		/* and credential */
	HAS_FETCH = 128,	/* and uidl, size_bytes */
	HAS_AUDIT = 256,	/* kind, actor, subject, detail */
	HAS_TEXT = 512,
	HAS_ENTRY = 1024,
	HAS_ROOM = 2048,	/* needs_room */
	HAS_WISH = 4096,	/* and owed */
};

static const struct {
	const char *name;
	unsigned has;
} actions[] = {
	[ACTION_DELIVER] = { "deliver", HAS_ACCOUNT | HAS_ROLE | HAS_FLAGS | HAS_TEXT |
	    HAS_ROOM },
	[ACTION_ARCHIVE] = { "archive", HAS_DIRECTION | HAS_SENDER | HAS_RECIPIENTS },
	[ACTION_QUEUE] = { "queue", HAS_SENDER | HAS_RECIPIENTS | HAS_ROUTE | HAS_TEXT |
	    HAS_WISH },
	[ACTION_FETCHED] = { "fetched", HAS_FETCH },
	[ACTION_AUDIT] = { "audit", HAS_AUDIT },
	[ACTION_QUEUE_END] = { "queue-end", HAS_ENTRY },
	[ACTION_QUEUE_DELAYED] = { "queue-delayed", HAS_ENTRY },
};

static bool
action_is_known(uint8_t kind)
{
	return kind >= ACTION_DELIVER && kind < ARRAY_LEN(actions);
}

static void
action_put(const struct plan_action *a, struct buf *out)
{
	unsigned has;

	ASSERT(action_is_known(a->kind));
	has = actions[a->kind].has;
	put_u8(out, a->kind);
	if (has & HAS_ACCOUNT)
		put_u32le(out, a->account);
	if (has & HAS_ROLE)
		put_u8(out, a->role);
	if (has & HAS_FLAGS)
		put_u64le(out, a->flags);
	if (has & HAS_DIRECTION)
		put_u8(out, a->direction);
	if (has & HAS_SENDER)
		put_slice(out, a->sender);
	if (has & HAS_RECIPIENTS)
		put_slice(out, a->recipients);
	if (has & HAS_ROUTE) {
		put_u32le(out, a->route);
		put_u32le(out, a->credential);
	}
	if (has & HAS_FETCH) {
		put_u32le(out, a->fetch);
		put_slice(out, a->uidl);
		put_u64le(out, a->size_bytes);
	}
	if (has & HAS_AUDIT) {
		put_slice(out, a->audit_kind);
		put_slice(out, a->actor);
		put_slice(out, a->subject);
		put_slice(out, a->detail);
	}
	if (has & HAS_TEXT)
		put_u8(out, a->text);
	if (has & HAS_ENTRY)
		put_u64le(out, a->entry);
	if (has & HAS_ROOM)
		put_u8(out, a->needs_room);
	if (has & HAS_WISH) {
		smtp_dsn_rcpt_put(&a->wish, out);
		put_u8(out, a->owed);
	}
}

static void
action_read(struct reader *in, uint8_t version, struct plan_action *a)
{
	unsigned has;

	a->kind = read_u8(in);
	if (!action_is_known(a->kind)) {
		reader_fail(in);
		return;
	}
	has = actions[a->kind].has;
	if (has & HAS_ACCOUNT)
		a->account = read_u32le(in);
	if (has & HAS_ROLE)
		a->role = read_u8(in);
	if (has & HAS_FLAGS)
		a->flags = read_u64le(in);
	if (has & HAS_DIRECTION)
		a->direction = read_u8(in);
	if (has & HAS_SENDER)
		a->sender = read_slice(in);
	if (has & HAS_RECIPIENTS)
		a->recipients = read_slice(in);
	if (has & HAS_ROUTE) {
		a->route = read_u32le(in);
		a->credential = read_u32le(in);
	}
	if (has & HAS_FETCH) {
		a->fetch = read_u32le(in);
		a->uidl = read_slice(in);
		if (version >= PLAN_VERSION_LISTED)
			a->size_bytes = read_u64le(in);
	}
	if (has & HAS_AUDIT) {
		a->audit_kind = read_slice(in);
		a->actor = read_slice(in);
		a->subject = read_slice(in);
		a->detail = read_slice(in);
	}
	if (has & HAS_TEXT)
		a->text = read_u8(in);
	if (has & HAS_ENTRY)
		a->entry = read_u64le(in);
	if (has & HAS_ROOM)
		a->needs_room = read_u8(in) != 0;
	if ((has & HAS_WISH) && version >= PLAN_VERSION_DSN) {
		smtp_dsn_rcpt_read(in, &a->wish);
		a->owed = read_u8(in);
	}
	if (a->role >= MAILBOX_ROLE_COUNT || a->direction > PLAN_INTERNAL ||
	    a->detail.len > AUDIT_DETAIL_MAX || a->owed >= QUEUE_OWED_COUNT)
		reader_fail(in);
}

static void
others_put(const struct plan *p, struct buf *out)
{
	put_u32le(out, p->other_count);
	for (uint32_t i = 0; i < p->other_count; i++) {
		put_u32le(out, p->others[i].size_bytes);
		buf_append(out, slice_make(p->others[i].sha256, SHA256_LEN));
		put_slice(out, p->others[i].digest);
	}
}

enum status
plan_encode(const struct plan *p, struct buf *out)
{
	size_t at = out->len;

	if (p->precondition_count > PLAN_PRECONDITIONS_MAX || p->action_count > PLAN_ACTIONS_MAX ||
	    p->mid.len > MID_LEN_MAX || p->digest.len > DIGEST_RECORD_MAX ||
	    p->size_bytes > TEXT_SIZE_MAX || p->other_count > PLAN_OTHERS_MAX)
		return STATUS_LIMIT;
	put_u8(out, PLAN_VERSION);
	put_slice(out, p->mid);
	put_slice(out, p->sid);
	put_u32le(out, p->author);
	put_u64le(out, p->received_at);
	put_u16le(out, (uint16_t)p->received_zone);
	put_u32le(out, p->size_bytes);
	buf_append(out, slice_make(p->sha256, SHA256_LEN));
	put_slice(out, p->digest);
	others_put(p, out);
	put_u32le(out, p->precondition_count);
	for (uint32_t i = 0; i < p->precondition_count; i++) {
		put_u8(out, p->preconditions[i].kind);
		put_u32le(out, p->preconditions[i].id);
		put_slice(out, p->preconditions[i].name);
		put_u64le(out, p->preconditions[i].entry);
		put_u64le(out, p->preconditions[i].size_bytes);
	}
	smtp_dsn_mail_put(&p->dsn, out);
	put_u32le(out, p->action_count);
	for (uint32_t i = 0; i < p->action_count; i++) {
		if (p->actions[i].detail.len > AUDIT_DETAIL_MAX)
			return STATUS_LIMIT;
		action_put(&p->actions[i], out);
	}
	return out->len - at > PLAN_FRAME_MAX ? STATUS_LIMIT : buf_status(out);
}

static void
sha256_read(struct reader *in, uint8_t out[SHA256_LEN])
{
	struct slice bytes = read_bytes(in, SHA256_LEN);

	for (size_t i = 0; i < bytes.len; i++)
		out[i] = (uint8_t)bytes.ptr[i];
}

static void
others_read(struct reader *in, struct plan *p)
{
	uint32_t n = read_u32le(in);

	if (n > PLAN_OTHERS_MAX || n > in->rest.len / OTHER_LEN_MIN ||
	    (n > 0 && p->size_bytes == 0)) {
		reader_fail(in);
		return;
	}
	p->others = mem_array(struct plan_text, n);
	for (; p->other_count < n; p->other_count++) {
		struct plan_text *t = &p->others[p->other_count];

		t->size_bytes = read_u32le(in);
		sha256_read(in, t->sha256);
		t->digest = read_slice(in);
		if (t->size_bytes == 0 || t->size_bytes > TEXT_SIZE_MAX ||
		    t->digest.len > DIGEST_RECORD_MAX)
			reader_fail(in);
	}
}

/* The arrays of a plan; what is claimed is held against what is there before room is made. */
static void
plan_read_parts(struct reader *in, uint8_t version, struct plan *p)
{
	uint32_t n = read_u32le(in);

	if (n > PLAN_PRECONDITIONS_MAX || n > in->rest.len / PRECONDITION_LEN_MIN) {
		reader_fail(in);
		return;
	}
	p->preconditions = mem_array(struct precondition, n);
	for (; p->precondition_count < n; p->precondition_count++) {
		struct precondition *c = &p->preconditions[p->precondition_count];

		c->kind = read_u8(in);
		c->id = read_u32le(in);
		c->name = read_slice(in);
		c->entry = read_u64le(in);
		if (version >= PLAN_VERSION_LISTED)
			c->size_bytes = read_u64le(in);
		if (c->kind != PRECONDITION_NOT_FETCHED && c->kind != PRECONDITION_QUEUED)
			reader_fail(in);
	}
	if (version >= PLAN_VERSION_DSN)
		smtp_dsn_mail_read(in, &p->dsn);
	n = read_u32le(in);
	if (n > PLAN_ACTIONS_MAX || n > in->rest.len) {
		reader_fail(in);
		return;
	}
	p->actions = mem_array(struct plan_action, n);
	for (; p->action_count < n && reader_ok(in); p->action_count++) {
		action_read(in, version, &p->actions[p->action_count]);
		if (p->actions[p->action_count].text > p->other_count)
			reader_fail(in);
	}
}

enum status
plan_decode(struct slice payload, struct plan *out)
{
	struct reader in = reader_of(payload);
	struct plan p = { 0 };
	uint8_t version = read_u8(&in);

	if (version < 1 || version > PLAN_VERSION)
		return STATUS_CORRUPT;
	p.mid = read_slice(&in);
	p.sid = read_slice(&in);
	p.author = read_u32le(&in);
	p.received_at = read_u64le(&in);
	p.received_zone = (int16_t)read_u16le(&in);
	p.size_bytes = read_u32le(&in);
	sha256_read(&in, p.sha256);
	p.digest = read_slice(&in);
	if (p.mid.len > MID_LEN_MAX || p.digest.len > DIGEST_RECORD_MAX ||
	    p.size_bytes > TEXT_SIZE_MAX)
		reader_fail(&in);
	others_read(&in, &p);
	plan_read_parts(&in, version, &p);
	if (!reader_at_end(&in)) {
		plan_clear(&p);
		return STATUS_CORRUPT;
	}
	*out = p;
	return STATUS_OK;
}

void
plan_clear(struct plan *p)
{
	mem_free(p->others);
	mem_free(p->preconditions);
	mem_free(p->actions);
	*p = (struct plan){ 0 };
}

/* A value in one line, whatever is in it. */
static void
print_slice(struct buf *out, const char *name, struct slice s)
{
	buf_printf(out, " %s=\"", name);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_append_byte(out, (char)c);
	}
	buf_append_byte(out, '"');
}

/* The size that an outside server lists, where it was said. */
static void
print_listed(struct buf *out, uint64_t size_bytes)
{
	if (size_bytes > 0)
		buf_printf(out, " listed=%" PRIu64, size_bytes);
}

static void
print_action(const struct plan_action *a, struct buf *out)
{
	unsigned has = actions[a->kind].has;

	buf_printf(out, "%s", actions[a->kind].name);
	if (has & HAS_ACCOUNT)
		buf_printf(out, " account=%" PRIu32, a->account);
	if (has & HAS_ROLE)
		buf_printf(out, " role=%u", a->role);
	if (has & HAS_FLAGS)
		buf_printf(out, " flags=%" PRIu64, a->flags);
	if (has & HAS_DIRECTION)
		buf_printf(out, " direction=%u", a->direction);
	if (has & HAS_SENDER)
		print_slice(out, "sender", a->sender);
	if (has & HAS_RECIPIENTS)
		print_slice(out, "recipients", a->recipients);
	if (has & HAS_ROUTE)
		buf_printf(out, " route=%" PRIu32 " credential=%" PRIu32, a->route, a->credential);
	if (has & HAS_FETCH) {
		buf_printf(out, " fetch=%" PRIu32, a->fetch);
		print_slice(out, "uidl", a->uidl);
		print_listed(out, a->size_bytes);
	}
	if (has & HAS_AUDIT) {
		print_slice(out, "kind", a->audit_kind);
		print_slice(out, "actor", a->actor);
		print_slice(out, "subject", a->subject);
		print_slice(out, "detail", a->detail);
	}
	if ((has & HAS_TEXT) && a->text > 0)
		buf_printf(out, " text=%u", a->text);
	if (has & HAS_ENTRY)
		buf_printf(out, " entry=%" PRIu64, a->entry);
	if (a->wish.notify != 0) {
		buf_append(out, SLICE(" notify="));
		smtp_notify_write(a->wish.notify, out);
	}
	if (a->wish.orcpt.len > 0)
		print_slice(out, "orcpt", a->wish.orcpt);
	if (a->owed != QUEUE_OWES_MAIL)
		buf_append(out, a->owed == QUEUE_OWES_DELIVERED ? SLICE(" owes=delivered") :
		    SLICE(" owes=relayed"));
	if (a->needs_room)
		buf_append(out, SLICE(" where-room"));
	buf_append_byte(out, '\n');
}

void
plan_print(const struct plan *p, struct buf *out)
{
	buf_printf(out, "message");
	print_slice(out, "mid", p->mid);
	print_slice(out, "sid", p->sid);
	buf_printf(out, " author=%" PRIu32 " size=%" PRIu32 "\n", p->author, p->size_bytes);
	if (p->dsn.ret != SMTP_RET_UNSAID || p->dsn.envid.len > 0) {
		buf_printf(out, "dsn ret=%u", p->dsn.ret);
		print_slice(out, "envid", p->dsn.envid);
		buf_append_byte(out, '\n');
	}
	for (uint32_t i = 0; i < p->other_count; i++)
		buf_printf(out, "text=%" PRIu32 " size=%" PRIu32 "\n", i + 1,
		    p->others[i].size_bytes);
	for (uint32_t i = 0; i < p->precondition_count; i++) {
		if (p->preconditions[i].kind == PRECONDITION_QUEUED) {
			buf_printf(out, "if queued=%" PRIu64 "\n", p->preconditions[i].entry);
			continue;
		}
		buf_printf(out, "unless fetched=%" PRIu32, p->preconditions[i].id);
		print_slice(out, "uidl", p->preconditions[i].name);
		print_listed(out, p->preconditions[i].size_bytes);
		buf_append_byte(out, '\n');
	}
	for (uint32_t i = 0; i < p->action_count; i++)
		print_action(&p->actions[i], out);
}
