#include "store/limits.h"

#include "base/mem.h"
#include "store/account.h"
#include "store/job.h"

#define LIMITS_LEN 16
#define USE_LEN 24
#define LIMITS_SLICE 500	/* accounts that one transaction touches */

struct limits {
	uint32_t count;
	struct account_limits rows[];
};

void
limits_put(const struct account_limits *rows, uint32_t count, struct buf *out)
{
	put_u32le(out, count);
	for (uint32_t i = 0; i < count && i < ACCOUNTS_MAX; i++) {
		put_u32le(out, rows[i].account);
		put_u32le(out, rows[i].trash_days);
		put_u64le(out, rows[i].quota_bytes);
	}
	if (count > ACCOUNTS_MAX)
		out->is_over = true;
}

/* The account may have no row yet: it gets one, and its folders when somebody needs them. */
static enum status
limits_write(struct change *c, const struct account_limits *l, struct problem *why)
{
	struct account_row a = { .id = l->account };
	enum status st = account_get(c->txn, l->account, &a, why);

	if (st != STATUS_OK && st != STATUS_ABSENT)
		return st;
	if (a.quota_bytes == l->quota_bytes && a.trash_days == l->trash_days)
		return STATUS_OK;
	a.quota_bytes = l->quota_bytes;
	a.trash_days = l->trash_days;
	return account_put(c->txn, &a, why);
}

static enum status
limits_run(struct job *j, struct change *c, struct problem *why)
{
	const struct limits *l = j->own;
	uint32_t at = j->resume_at;
	enum status st = STATUS_OK;

	for (uint32_t n = 0; st == STATUS_OK && at < l->count && n < LIMITS_SLICE; n++)
		st = limits_write(c, &l->rows[at++], why);
	if (st == STATUS_OK && at < l->count) {
		j->resume_at = at;
		return STATUS_PENDING;
	}
	return st;
}

enum status
job_of_limits(struct slice payload, struct job **out, struct problem *why)
{
	struct reader in = reader_of(payload);
	uint32_t count = read_u32le(&in);
	struct limits *l;
	struct job *j;

	if (!reader_ok(&in) || count > ACCOUNTS_MAX ||
	    in.rest.len != (size_t)count * LIMITS_LEN) {
		problem_set(why, "the limits cannot be read");
		return STATUS_CORRUPT;
	}
	l = mem_zeroed(1, sizeof(*l) + count * sizeof(l->rows[0]));
	l->count = count;
	for (uint32_t i = 0; i < count; i++) {
		l->rows[i].account = read_u32le(&in);
		l->rows[i].trash_days = read_u32le(&in);
		l->rows[i].quota_bytes = read_u64le(&in);
	}
	j = job_new(STORE_ACCOUNT_SET, SLICE(""));
	j->own = l;
	j->own_free = mem_free;
	j->run = limits_run;
	j->is_unparted = true;	/* or what was said first would outlast what was said later */
	j->weight = 8 + (count < LIMITS_SLICE ? count : LIMITS_SLICE) / 16;
	*out = j;
	return STATUS_OK;
}

void
use_ask_put(const uint32_t *accounts, uint32_t count, struct buf *out)
{
	put_u32le(out, count);
	for (uint32_t i = 0; i < count && i < ACCOUNTS_MAX; i++)
		put_u32le(out, accounts[i]);
	if (count > ACCOUNTS_MAX)
		out->is_over = true;
}

enum status
use_answer(struct txn *t, struct slice question, struct buf *out, struct problem *why)
{
	struct reader in = reader_of(question);
	uint32_t count = read_u32le(&in);
	enum status st;

	if (!reader_ok(&in) || count > ACCOUNTS_MAX || in.rest.len != (size_t)count * 4) {
		problem_set(why, "the question cannot be read");
		return STATUS_CORRUPT;
	}
	put_u32le(out, count);
	for (uint32_t i = 0; i < count; i++) {
		struct account_row a = { 0 };

		st = account_get(t, read_u32le(&in), &a, why);
		if (st != STATUS_OK && st != STATUS_ABSENT)
			return st;
		put_u64le(out, a.bytes);
		put_u64le(out, a.messages);
		put_u64le(out, a.quota_bytes);
	}
	return STATUS_OK;
}

enum status
use_read(struct reader *in, struct account_use **out, uint32_t *count)
{
	uint32_t n = read_u32le(in);
	struct account_use *use;

	if (!reader_ok(in) || n > ACCOUNTS_MAX || in->rest.len != (size_t)n * USE_LEN)
		return STATUS_CORRUPT;
	use = mem_array(struct account_use, n);
	for (uint32_t i = 0; i < n; i++) {
		use[i].bytes = read_u64le(in);
		use[i].messages = read_u64le(in);
		use[i].quota_bytes = read_u64le(in);
	}
	*out = use;
	*count = n;
	return STATUS_OK;
}
