#include "store/job.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "store/archive.h"
#include "store/codec.h"
#include "store/fetched.h"
#include "store/flags.h"
#include "store/segment.h"

#define WEIGHT_BASE 8		/* pages that any change costs */
#define MESSAGES_A_PAGE 16

static job_run *const runs[] = {
	[STORE_SESSION] = session_run,
	[STORE_APPEND] = append_run,
	[STORE_COPY] = copy_run,
	[STORE_MOVE] = copy_run,
	[STORE_FLAGS] = flags_run,
	[STORE_EXPUNGE] = expunge_run,
	[STORE_MAILBOX_MAKE] = mailbox_make_run,
	[STORE_MAILBOX_RENAME] = mailbox_rename_run,
	[STORE_MAILBOX_REMOVE] = mailbox_remove_run,
	[STORE_SUBSCRIBE] = subscribe_run,
	[STORE_UNSUBSCRIBE] = unsubscribe_run,
	[STORE_CLAIM_RECENT] = recent_run,
};

struct job *
job_new(uint16_t type, struct slice payload)
{
	struct job *j = mem_new(struct job);

	j->type = type;
	j->slice = JOB_SLICE;
	j->ranges_max = UIDSET_RANGES_MAX;
	j->payload = buf_init(payload.len);
	j->keys = j->envelope = j->packed = buf_init(0);
	j->owners = buf_init(RECORD_OWNERS_MAX * RECORD_OWNER_LEN);
	j->work.uids = uidset_init();
	buf_append(&j->payload, payload);
	return j;
}

void
job_free(struct job **jp)
{
	struct job *j = *jp;

	if (j == NULL)
		return;
	*jp = NULL;
	if (j->own_free != NULL)
		j->own_free(j->own);
	work_clear(&j->work);
	plan_clear(&j->plan);
	result_clear(&j->result);
	if (j->map.ptr != NULL)
		memfd_unmap(&j->map);
	mem_free(j->copy);
	mem_free(j->texts);
	buf_clear(&j->keys);
	buf_clear(&j->packed);
	buf_clear(&j->envelope);
	buf_clear(&j->owners);
	buf_clear(&j->payload);
	mem_free(j);
}

/* All of a small memfd in memory of ours. */
static enum status
copy_all(int fd, size_t size, char **copy, struct problem *why)
{
	char *bytes = mem_zeroed(1, size + 1);
	size_t at = 0;

	while (at < size) {
		ssize_t n = pread(fd, bytes + at, size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			mem_free(bytes);
			problem_set(why, "the text cannot be read");
			return STATUS_CORRUPT;
		}
		at += (size_t)n;
	}
	*copy = bytes;
	return STATUS_OK;
}

/* Take the texts of a job out of the memfd that came with it. */
static enum status
job_read_memfd(struct job *j, int fd, uint64_t size_max, struct slice *all, struct problem *why)
{
	struct stat sb;
	enum status st;

	if (fd < 0 || fstat(fd, &sb) != 0 || sb.st_size < 0 || (uint64_t)sb.st_size > size_max) {
		problem_set(why, "no text came with the request, or too large a one");
		return STATUS_CORRUPT;
	}
	if (memfd_sealed_check(fd, (uint64_t)sb.st_size, why) != STATUS_OK)
		return STATUS_CORRUPT;
	if (sb.st_size <= JOB_TEXT_COPY_MAX) {
		st = copy_all(fd, (size_t)sb.st_size, &j->copy, why);
		if (st == STATUS_OK)
			*all = slice_make(j->copy, (size_t)sb.st_size);
		return st;
	}
	st = memfd_map(fd, (uint64_t)sb.st_size, &j->map, why);
	if (st == STATUS_OK)
		*all = j->map;
	return st;
}

enum status
job_text_check(struct job_text *t, struct problem *why)
{
	uint8_t hash[SHA256_LEN];

	if (t->is_checked)
		return STATUS_OK;
	sha256_of(t->text, hash);
	if (memcmp(hash, t->sha256, sizeof(hash)) != 0) {
		problem_set(why, "the text is not the one that was announced");
		return STATUS_CORRUPT;
	}
	t->is_checked = true;
	return STATUS_OK;
}

/* Small texts are hashed here, beside the committer; large ones by it, so that nobody waits. */
static enum status
job_check_small(struct job *j, struct problem *why)
{
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && j->copy != NULL && i < j->text_count; i++)
		st = job_text_check(&j->texts[i], why);
	return st;
}

/* Whose mailbox a message is appended to. */
static void
append_owner_put(struct job *j, const struct store_append_message *m)
{
	struct record_owner o = {
		.account = j->grant.account,
		.mailbox = j->work.mailbox,
		.internal_at = m->internal_at,
		.internal_zone = m->internal_zone,
		.flags = (uint8_t)(m->flags & FLAG_SYSTEM),
	};

	record_owner_put(&o, &j->owners);
}

/* Whose mailboxes a plan delivers the text to; empty when there is no more room for them. */
static void
plan_owners_put(struct job *j, uint8_t text)
{
	const struct plan *p = &j->plan;

	for (uint32_t i = 0; i < p->action_count; i++) {
		const struct plan_action *a = &p->actions[i];
		struct record_owner o = {
			.account = a->account,
			.role = a->role,
			.internal_at = (int64_t)p->received_at,
			.internal_zone = p->received_zone,
			.flags = (uint8_t)(a->flags & FLAG_SYSTEM),
		};

		if (a->kind == ACTION_DELIVER && a->text == text)
			record_owner_put(&o, &j->owners);
	}
}

/* The texts' parts of j->owners, once they are all there. */
static void
owners_share(struct job *j, const size_t *ends)
{
	for (uint32_t i = 0; buf_status(&j->owners) == STATUS_OK && i < j->text_count; i++) {
		size_t at = i == 0 ? 0 : ends[i - 1];

		j->texts[i].owners = slice_sub(buf_slice(&j->owners), at, ends[i] - at);
	}
}

void
job_pack(struct job *j, struct packer *p)
{
	size_t room = 0, from;

	for (uint32_t i = 0; i < j->text_count; i++)
		room += codec_room((uint32_t)j->texts[i].text.len);
	if (j->copy == NULL)
		return;
	j->packed = buf_init(room);
	if (buf_reserve(&j->packed, room) != STATUS_OK)	/* no slice below moves */
		return;
	for (uint32_t i = 0; i < j->text_count; i++) {
		from = j->packed.len;
		j->texts[i].is_packed = true;
		if (packer_pack(p, j->texts[i].text, &j->packed))
			j->texts[i].packed = slice_skip(buf_slice(&j->packed), from);
	}
}

enum status
job_take_messages(struct job *j, int fd, uint64_t now_s, struct problem *why)
{
	const struct store_work *w = &j->work;
	size_t ends[STORE_APPEND_MAX] = { 0 };
	char mid[ID_SID_LEN + 1];
	struct slice all;
	enum status st;

	st = job_read_memfd(j, fd, UINT32_MAX, &all, why);
	if (st != STATUS_OK)
		return st;
	j->texts = mem_array(struct job_text, w->message_count);
	j->text_count = w->message_count;
	for (uint32_t i = 0; i < w->message_count; i++) {
		const struct store_append_message *m = &w->messages[i];
		struct job_text *t = &j->texts[i];

		if (m->at > all.len || m->size_bytes > all.len - m->at) {
			problem_set(why, "a message lies outside its memory");
			return STATUS_CORRUPT;
		}
		t->text = slice_sub(all, m->at, m->size_bytes);
		t->digest = m->digest;
		memcpy(t->sha256, m->sha256, SHA256_LEN);
		id_sid(mid);
		t->mid_len = ID_SID_LEN;
		memcpy(t->mid, mid, ID_SID_LEN);
		t->received_at = now_s;
		t->uidl = id_random_u64();
		j->text_bytes += m->size_bytes;
		append_owner_put(j, m);
		ends[i] = j->owners.len;
	}
	owners_share(j, ends);
	return job_check_small(j, why);
}

/* What it may cost to write, in pages. */
static unsigned
work_weight(const struct store_work *w)
{
	uint64_t n = uidset_size(&w->uids) + w->message_count;

	return WEIGHT_BASE + (unsigned)((n < JOB_SLICE ? n : JOB_SLICE) / MESSAGES_A_PAGE);
}

enum status
job_of_work(uint16_t type, struct slice payload, int fd, struct slice key, uint64_t now_s,
    struct job **out, struct problem *why)
{
	struct job *j = job_new(type, payload);
	enum status st;

	st = work_decode(type, buf_slice(&j->payload), &j->work);
	if (st == STATUS_OK)
		st = grant_open(j->work.grant, key, &j->grant);
	if (st != STATUS_OK)
		problem_set(why, "the request or its grant cannot be read");
	if (st == STATUS_OK && !(j->grant.rights & GRANT_CHANGE)) {
		problem_set(why, "this session may change nothing");
		st = STATUS_DENIED;
	}
	if (st == STATUS_OK && type == STORE_APPEND)
		st = job_take_messages(j, fd, now_s, why);
	if (st != STATUS_OK) {
		job_free(&j);
		return st;
	}
	j->run = runs[type];
	j->actor = j->grant.account;
	j->sid = j->grant.origin;
	j->weight = work_weight(&j->work);
	*out = j;
	return STATUS_OK;
}

static void
plan_text_take(const struct plan *p, struct slice text, struct slice digest,
    const uint8_t sha256[SHA256_LEN], struct job_text *t)
{
	t->text = text;
	t->digest = digest;
	memcpy(t->sha256, sha256, SHA256_LEN);
	memcpy(t->mid, p->mid.ptr, p->mid.len);
	t->mid_len = (uint8_t)p->mid.len;
	t->received_at = p->received_at;
	t->received_zone = p->received_zone;
	t->uidl = id_random_u64();
}

static enum status
job_read_plan_text(struct job *j, int fd, struct problem *why)
{
	const struct plan *p = &j->plan;
	uint64_t size = p->size_bytes, at = p->size_bytes;
	size_t ends[PLAN_OTHERS_MAX + 1];
	struct slice all;
	enum status st;

	if (p->size_bytes == 0)
		return STATUS_OK;
	for (uint32_t i = 0; i < p->other_count; i++)
		size += p->others[i].size_bytes;
	st = job_read_memfd(j, fd, (uint64_t)TEXT_SIZE_MAX * (PLAN_OTHERS_MAX + 1), &all, why);
	if (st != STATUS_OK)
		return st;
	if (all.len != size) {
		problem_set(why, "the text is not as long as the plan says");
		return STATUS_CORRUPT;
	}
	j->texts = mem_array(struct job_text, p->other_count + 1);
	j->text_count = p->other_count + 1;
	j->text_bytes = size;
	plan_text_take(p, slice_sub(all, 0, p->size_bytes), p->digest, p->sha256, &j->texts[0]);
	for (uint32_t i = 0; i < p->other_count; i++) {
		const struct plan_text *o = &p->others[i];

		plan_text_take(p, slice_sub(all, at, o->size_bytes), o->digest, o->sha256,
		    &j->texts[i + 1]);
		at += o->size_bytes;
	}
	for (uint32_t i = 0; i < p->action_count; i++) {
		if (p->actions[i].kind != ACTION_ARCHIVE)
			continue;
		buf_reset(&j->envelope);
		archive_envelope_put(p->actions[i].sender, p->actions[i].recipients, &j->envelope);
	}
	j->texts[0].envelope = buf_slice(&j->envelope);
	for (uint32_t i = 0; i < j->text_count; i++) {
		plan_owners_put(j, (uint8_t)i);
		ends[i] = j->owners.len;
	}
	owners_share(j, ends);
	return job_check_small(j, why);
}

enum status
job_of_plan(struct slice payload, int fd, struct job **out, struct problem *why)
{
	struct job *j = job_new(STORE_PLAN, payload);
	enum status st;

	j->envelope = buf_init(payload.len + 64);
	st = plan_decode(buf_slice(&j->payload), &j->plan);
	if (st != STATUS_OK)
		problem_set(why, "the plan cannot be read");
	if (st == STATUS_OK)
		st = job_read_plan_text(j, fd, why);
	if (st != STATUS_OK) {
		job_free(&j);
		return st;
	}
	j->run = plan_run;
	j->sid = j->plan.sid;
	j->weight = WEIGHT_BASE + j->plan.action_count * 2;
	*out = j;
	return STATUS_OK;
}

struct job *
job_of_keys(struct buf *keys, uint64_t kept_before)
{
	struct job *j = job_new(STORE_FETCHED_KEEP, SLICE(""));

	j->keys = *keys;
	*keys = buf_init(keys->max);
	j->kept_before = kept_before;
	j->run = forget_run;
	j->weight = WEIGHT_BASE + JOB_SLICE / MESSAGES_A_PAGE;
	return j;
}

enum status
job_of_mark(struct slice payload, struct job **out, struct problem *why)
{
	struct reader in = reader_of(payload);
	uint8_t removal;
	uint32_t count = 0;
	struct job *j;

	read_u32le(&in);
	removal = read_u8(&in);
	for (; reader_ok(&in) && in.rest.len > 0; count++) {
		read_slice(&in);
		read_u64le(&in);
	}
	if (!reader_at_end(&in) || removal >= FETCHED_REMOVAL_COUNT) {
		problem_set(why, "the marks cannot be read");
		return STATUS_CORRUPT;
	}
	j = job_new(STORE_FETCHED_MARK, payload);
	j->run = mark_run;
	j->weight = WEIGHT_BASE + (count < JOB_SLICE ? count : JOB_SLICE) / MESSAGES_A_PAGE;
	*out = j;
	return STATUS_OK;
}

enum status
job_of_order(uint16_t type, struct slice payload, struct job **out, struct problem *why)
{
	struct job *j = job_new(type, payload);

	if (queue_order_read(buf_slice(&j->payload), &j->order) != STATUS_OK) {
		problem_set(why, "the order cannot be read");
		job_free(&j);
		return STATUS_CORRUPT;
	}
	j->run = queue_run;
	j->weight = WEIGHT_BASE;
	*out = j;
	return STATUS_OK;
}
