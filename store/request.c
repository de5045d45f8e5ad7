#include "store/request.h"

#include <string.h>

#include "base/mem.h"
#include "store/digest.h"
#include "store/grant.h"
#include "store/mailbox.h"
#include "store/text.h"

/* Written in the order of these bits; the grant comes first in every request. */
enum {
	HAS_MAILBOX = 1,	/* u32 */
	HAS_UIDS = 2,		/* uidset_put() form */
	HAS_TO = 4,		/* u32 */
	HAS_MODE = 8,		/* u8 */
	HAS_FLAGS = 16,		/* u64 flags, slice keywords, u64 unchanged_since */
	HAS_NAME = 32,		/* slice */
	HAS_NEW_NAME = 64,	/* slice */
	HAS_ROLE = 128,		/* u8 */
	HAS_UID = 256,		/* u32 */
	HAS_MESSAGES = 512,	/* u32 count, then each: messages_put() */
};

static const struct {
	unsigned has;
	uint8_t modes;		/* mode is below it */
} requests[] = {
	[STORE_SESSION] = { 0, 0 },
	[STORE_APPEND] = { HAS_MAILBOX | HAS_MESSAGES, 0 },
	[STORE_COPY] = { HAS_MAILBOX | HAS_UIDS | HAS_TO, 0 },
	[STORE_MOVE] = { HAS_MAILBOX | HAS_UIDS | HAS_TO, 0 },
	[STORE_FLAGS] = { HAS_MAILBOX | HAS_UIDS | HAS_MODE | HAS_FLAGS, STORE_FLAGS_SET + 1 },
	[STORE_EXPUNGE] = { HAS_MAILBOX | HAS_UIDS | HAS_MODE, EXPUNGE_ALL + 1 },
	[STORE_MAILBOX_MAKE] = { HAS_NAME | HAS_ROLE, 0 },
	[STORE_MAILBOX_RENAME] = { HAS_NAME | HAS_NEW_NAME, 0 },
	[STORE_MAILBOX_REMOVE] = { HAS_NAME, 0 },
	[STORE_SUBSCRIBE] = { HAS_NAME, 0 },
	[STORE_UNSUBSCRIBE] = { HAS_NAME, 0 },
	[STORE_CLAIM_RECENT] = { HAS_MAILBOX | HAS_UID, 0 },
};

#define MESSAGE_LEN_MIN 66	/* of one in HAS_MESSAGES */

bool
work_is_known(uint16_t type)
{
	return type >= STORE_SESSION && type < ARRAY_LEN(requests);
}

static void
messages_put(const struct store_work *w, struct buf *out)
{
	put_u32le(out, w->message_count);
	for (uint32_t i = 0; i < w->message_count; i++) {
		const struct store_append_message *m = &w->messages[i];

		put_u32le(out, m->at);
		put_u32le(out, m->size_bytes);
		buf_append(out, slice_make(m->sha256, SHA256_LEN));
		put_u64le(out, (uint64_t)m->internal_at);
		put_u16le(out, (uint16_t)m->internal_zone);
		put_u64le(out, m->flags);
		put_slice(out, m->keywords);
		put_slice(out, m->digest);
	}
}

static void
messages_read(struct reader *in, struct store_work *w)
{
	uint32_t n = read_u32le(in);
	struct slice hash;

	if (n == 0 || n > STORE_APPEND_MAX || n > in->rest.len / MESSAGE_LEN_MIN) {
		reader_fail(in);
		return;
	}
	w->messages = mem_array(struct store_append_message, n);
	w->message_count = n;
	for (uint32_t i = 0; i < n && reader_ok(in); i++) {
		struct store_append_message *m = &w->messages[i];

		m->at = read_u32le(in);
		m->size_bytes = read_u32le(in);
		hash = read_bytes(in, SHA256_LEN);
		if (hash.len == SHA256_LEN)
			memcpy(m->sha256, hash.ptr, SHA256_LEN);
		m->internal_at = (int64_t)read_u64le(in);
		m->internal_zone = (int16_t)read_u16le(in);
		m->flags = read_u64le(in);
		m->keywords = read_slice(in);
		m->digest = read_slice(in);
		if (m->size_bytes > TEXT_SIZE_MAX || m->digest.len > DIGEST_RECORD_MAX)
			reader_fail(in);
	}
}

enum status
work_encode(uint16_t type, const struct store_work *w, struct buf *out)
{
	size_t at = out->len;
	unsigned has;

	ASSERT(work_is_known(type));
	has = requests[type].has;
	put_slice(out, w->grant);
	if (has & HAS_MAILBOX)
		put_u32le(out, w->mailbox);
	if (has & HAS_UIDS)
		uidset_put(&w->uids, out);
	if (has & HAS_TO)
		put_u32le(out, w->to);
	if (has & HAS_MODE)
		put_u8(out, w->mode);
	if (has & HAS_FLAGS) {
		put_u64le(out, w->flags);
		put_slice(out, w->keywords);
		put_u64le(out, w->unchanged_since);
	}
	if (has & HAS_NAME)
		put_slice(out, w->name);
	if (has & HAS_NEW_NAME)
		put_slice(out, w->new_name);
	if (has & HAS_ROLE)
		put_u8(out, w->role);
	if (has & HAS_UID)
		put_u32le(out, w->uid);
	if (has & HAS_MESSAGES)
		messages_put(w, out);
	return out->len - at > REQUEST_MAX ? STATUS_LIMIT : buf_status(out);
}

enum status
work_decode(uint16_t type, struct slice payload, struct store_work *out)
{
	struct reader in = reader_of(payload);
	struct store_work w = { .uids = uidset_init() };
	unsigned has;

	if (!work_is_known(type))
		return STATUS_CORRUPT;
	has = requests[type].has;
	w.grant = read_slice(&in);
	if (has & HAS_MAILBOX)
		w.mailbox = read_u32le(&in);
	if (has & HAS_UIDS)
		uidset_read(&in, &w.uids);
	if (has & HAS_TO)
		w.to = read_u32le(&in);
	if (has & HAS_MODE)
		w.mode = read_u8(&in);
	if (has & HAS_FLAGS) {
		w.flags = read_u64le(&in);
		w.keywords = read_slice(&in);
		w.unchanged_since = read_u64le(&in);
	}
	if (has & HAS_NAME)
		w.name = read_slice(&in);
	if (has & HAS_NEW_NAME)
		w.new_name = read_slice(&in);
	if (has & HAS_ROLE)
		w.role = read_u8(&in);
	if (has & HAS_UID)
		w.uid = read_u32le(&in);
	if (has & HAS_MESSAGES)
		messages_read(&in, &w);
	if (w.grant.len > GRANT_MAX || w.role >= MAILBOX_ROLE_COUNT ||
	    ((has & HAS_MODE) && w.mode >= requests[type].modes))
		reader_fail(&in);
	if (!reader_at_end(&in)) {
		work_clear(&w);
		return STATUS_CORRUPT;
	}
	*out = w;
	return STATUS_OK;
}

void
work_clear(struct store_work *w)
{
	uidset_clear(&w->uids);
	mem_free(w->messages);
	*w = (struct store_work){ .uids = uidset_init() };
}

void
answer_put(enum status st, const struct problem *why, struct buf *out)
{
	put_u8(out, (uint8_t)st);
	put_slice(out, why == NULL || st == STATUS_OK ? SLICE("") : slice_from_cstr(why->text));
}

enum status
answer_read(struct reader *in, enum status *st, struct problem *why)
{
	uint8_t code = read_u8(in);
	struct slice text = read_slice(in);

	if (!reader_ok(in) || code >= STATUS_COUNT || text.len >= sizeof(why->text))
		return STATUS_CORRUPT;
	*st = (enum status)code;
	if (text.len > 0)
		problem_set(why, "%.*s", SLICE_ARG(text));
	return STATUS_OK;
}

void
result_put(const struct store_result *r, struct buf *out)
{
	put_u64le(out, r->change);
	put_u32le(out, r->mailbox);
	put_u32le(out, r->uid_validity);
	uidset_put(&r->source, out);
	uidset_put(&r->target, out);
	uidset_put(&r->failed, out);
}

enum status
result_read(struct reader *in, struct store_result *out)
{
	struct store_result r = { 0 };

	r.change = read_u64le(in);
	r.mailbox = read_u32le(in);
	r.uid_validity = read_u32le(in);
	uidset_read(in, &r.source);
	uidset_read(in, &r.target);
	uidset_read(in, &r.failed);
	if (!reader_at_end(in)) {
		result_clear(&r);
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}

void
result_clear(struct store_result *r)
{
	uidset_clear(&r->source);
	uidset_clear(&r->target);
	uidset_clear(&r->failed);
	*r = (struct store_result){ 0 };
}
