#include "policy/logins.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "policy/directory.h"
#include "policy/policyd.h"
#include "policy/service.h"
#include "store/plan_client.h"

/* A verifier has a salt of its own, so a password that is set again is another one, too. */
uint64_t
login_mark(uint32_t account, bool is_enabled, struct slice verifier)
{
	struct buf b = buf_init(VERIFIER_MAX + 64);
	uint8_t hash[SHA256_LEN];
	uint64_t mark;

	if (!is_enabled)
		return LOGIN_NONE;
	buf_append(&b, SLICE("login mark"));
	put_u32le(&b, account);
	buf_append(&b, verifier);
	sha256_of(buf_slice(&b), hash);
	buf_wipe(&b);
	mark = load_u64le(hash);
	return mark != LOGIN_NONE ? mark : 1;
}

static uint64_t
mark_of(const struct account_record *a)
{
	return login_mark(a->id, a->is_enabled, a->verifier);
}

uint64_t
login_mark_now(const struct policyd *p, uint32_t account)
{
	const struct account_record *a = directory_account(p->directory, account);

	return a == NULL ? LOGIN_NONE : mark_of(a);
}

void
logins_tell_all(struct policyd *p)
{
	size_t count = directory_account_count(p->directory);
	struct login_row *rows = mem_array(struct login_row, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct account_record *a = directory_account_at(p->directory, i);

		rows[i] = (struct login_row){ a->id, mark_of(a) };
	}
	plan_logins(p->store, rows, (uint32_t)count, true);
	mem_free(rows);
}

void
logins_changed(struct policyd *p, uint32_t account)
{
	struct login_row row = { account, login_mark_now(p, account) };

	plan_logins(p->store, &row, 1, false);
	service_end_sessions(p, account, row.mark);
}
