#include "policy/directory_internal.h"

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"

#define CHANGES_MAX 4
#define DETAIL_MAX 2900	/* of a note; with its number it stays within AUDIT_DETAIL_MAX */

struct change {
	unsigned table;
	struct slice key;
	struct slice value;	/* empty: delete */
};

static enum status
write_changes(struct directory *d, const struct change *changes, size_t count,
    struct problem *why)
{
	struct txn *t = NULL;
	enum status st;

	if (d->env == NULL)
		return STATUS_OK;
	st = txn_begin_write(d->env, &t, why);
	for (size_t i = 0; st == STATUS_OK && i < count; i++) {
		const struct change *c = &changes[i];

		if (c->value.len > 0)
			st = txn_put(t, c->table, c->key, c->value, why);
		else
			st = txn_delete(t, c->table, c->key, why);
	}
	if (st == STATUS_OK)
		st = directory_number_put(t, SLICE("account"), d->next_account, why);
	if (st == STATUS_OK)
		st = directory_number_put(t, SLICE("fetch"), d->next_fetch, why);
	if (st == STATUS_OK)
		st = directory_number_put(t, SLICE("route"), d->next_route, why);
	if (st == STATUS_OK)
		st = directory_number_put(t, SLICE("audit"), d->next_audit, why);
	if (st == STATUS_OK)
		st = directory_number_put(t, SLICE("fetching_held"), d->fetching_held, why);
	if (st == STATUS_OK)
		st = directory_version_put(t, why);
	if (st == STATUS_OK)
		return txn_commit(&t, why);
	txn_abort(&t);
	return st;
}

/* Write, then take into memory what was written. */
static enum status
commit(struct directory *d, const struct change *changes, size_t count, struct problem *why)
{
	enum status st = write_changes(d, changes, count, why);

	if (st != STATUS_OK)
		return st;
	(void)pthread_mutex_lock(&d->lock);
	for (size_t i = 0; i < count; i++) {
		const struct change *c = &changes[i];

		if (c->value.len > 0) {
			struct entry *e = directory_entry_make(c->table, c->key, c->value);

			ASSERT(e != NULL);	/* an encoder of ours wrote it */
			directory_list_put(&d->lists[c->table], e);
		} else {
			directory_list_remove(&d->lists[c->table], c->key);
		}
	}
	if (changes[0].table == TABLE_ACCOUNT)
		directory_index_accounts(d);
	(void)pthread_mutex_unlock(&d->lock);
	return STATUS_OK;
}

/*
 * The detail ends in a number of its own: a record that reached stored just
 * before one of the two ended comes twice, and shows by its number that it did.
 */
static void
put_detail(struct buf *out, struct slice detail, uint64_t number)
{
	buf_append(out, slice_sub(detail, 0, utf8_cut(detail, DETAIL_MAX)));
	buf_printf(out, "%snumber=%llu", out->len > 0 ? "\n" : "", (unsigned long long)number);
}

/* The same with the audit record of the change; changes has room for one more. */
static enum status
commit_removal(struct directory *d, struct change *changes, size_t count,
    const struct audit_note *note, uint32_t removed_account, struct problem *why)
{
	struct pending_audit_record audit = {
		.at_s = clock_now_s(),
		.kind = note->kind,
		.actor = SLICE("admin"),
		.subject = note->subject,
		.removed_account = removed_account,
	};
	struct buf value = buf_init(ENV_VALUE_MAX), detail = buf_init(ENV_VALUE_MAX);
	uint8_t key[8];
	enum status st;

	put_detail(&detail, note->detail, d->next_audit);
	audit.detail = buf_slice(&detail);
	st = pending_audit_record_encode(&audit, &value);
	store_u64be(key, d->next_audit);
	changes[count].table = TABLE_PENDING_AUDIT;
	changes[count].key = slice_make(key, sizeof(key));
	changes[count].value = buf_slice(&value);
	if (st == STATUS_OK) {
		d->next_audit++;
		st = commit(d, changes, count + 1, why);
	}
	buf_clear(&value);
	buf_clear(&detail);
	return st;
}

static enum status
commit_noted(struct directory *d, struct change *changes, size_t count,
    const struct audit_note *note, struct problem *why)
{
	return commit_removal(d, changes, count, note, 0, why);
}

static enum status
too_large(struct problem *why)
{
	problem_set(why, "the record is too large: give fewer or shorter names");
	return STATUS_LIMIT;
}

enum status
directory_put_domain(struct directory *d, const struct domain_record *r,
    const struct audit_note *note, struct problem *why)
{
	struct change changes[CHANGES_MAX];
	struct buf value = buf_init(ENV_VALUE_MAX), former = buf_init(ENV_VALUE_MAX);
	const struct domain_record *default_domain = directory_default_domain(d);
	size_t count = 0;
	enum status st = domain_record_encode(r, &value);

	changes[count++] = (struct change){ TABLE_DOMAIN, r->name, buf_slice(&value) };
	if (st == STATUS_OK && r->is_default && default_domain != NULL &&
	    !slice_equal(default_domain->name, r->name)) {
		struct domain_record other = { .name = default_domain->name };

		st = domain_record_encode(&other, &former);
		changes[count++] = (struct change){ TABLE_DOMAIN, other.name, buf_slice(&former) };
	}
	if (st == STATUS_OK)
		st = commit_noted(d, changes, count, note, why);
	else
		st = too_large(why);
	buf_clear(&value);
	buf_clear(&former);
	return st;
}

enum status
directory_put_account(struct directory *d, struct account_record *r,
    const struct audit_note *note, struct problem *why)
{
	struct change changes[CHANGES_MAX];
	struct buf value = buf_init(ENV_VALUE_MAX);
	struct account_record written = *r;
	uint8_t key[4];
	enum status st;

	if (written.id == 0)
		written.id = d->next_account;
	written.version++;
	store_u32be(key, written.id);
	if (account_record_encode(&written, &value) != STATUS_OK) {
		st = too_large(why);
		goto out;
	}
	/* A number given to a write that fails is not given again: ids are never reused. */
	if (r->id == 0)
		d->next_account++;
	changes[0] = (struct change){ TABLE_ACCOUNT, slice_make(key, sizeof(key)),
		buf_slice(&value) };
	st = commit_noted(d, changes, 1, note, why);
	if (st == STATUS_OK) {
		r->id = written.id;
		r->version = written.version;
	}
out:
	buf_wipe(&value);
	return st;
}

enum status
directory_put_alias(struct directory *d, const struct alias_record *r,
    const struct audit_note *note, struct problem *why)
{
	struct change changes[CHANGES_MAX];
	struct buf value = buf_init(ENV_VALUE_MAX);
	enum status st = alias_record_encode(r, &value);

	changes[0] = (struct change){ TABLE_ALIAS, r->address, buf_slice(&value) };
	if (st == STATUS_OK)
		st = commit_noted(d, changes, 1, note, why);
	else
		st = too_large(why);
	buf_clear(&value);
	return st;
}

enum status
directory_put_fetch(struct directory *d, struct fetch_record *r, const struct audit_note *note,
    struct problem *why)
{
	struct change changes[CHANGES_MAX];
	struct buf value = buf_init(ENV_VALUE_MAX);
	struct fetch_record written = *r;
	uint8_t key[4];
	enum status st;

	if (written.id == 0)
		written.id = d->next_fetch;
	store_u32be(key, written.id);
	if (fetch_record_encode(&written, &value) != STATUS_OK) {
		st = too_large(why);
		goto out;
	}
	if (r->id == 0)
		d->next_fetch++;
	changes[0] = (struct change){ TABLE_FETCH, slice_make(key, sizeof(key)),
		buf_slice(&value) };
	st = commit_noted(d, changes, 1, note, why);
	if (st == STATUS_OK)
		r->id = written.id;
out:
	buf_wipe(&value);
	return st;
}

enum status
directory_put_route(struct directory *d, struct route_record *r, const struct audit_note *note,
    struct problem *why)
{
	struct change changes[CHANGES_MAX];
	struct buf value = buf_init(ENV_VALUE_MAX);
	struct route_record written = *r;
	uint8_t key[4];
	enum status st;

	if (written.id == 0)
		written.id = d->next_route;
	store_u32be(key, written.id);
	if (route_record_encode(&written, &value) != STATUS_OK) {
		st = too_large(why);
		goto out;
	}
	if (r->id == 0)
		d->next_route++;
	changes[0] = (struct change){ TABLE_ROUTE, slice_make(key, sizeof(key)),
		buf_slice(&value) };
	st = commit_noted(d, changes, 1, note, why);
	if (st == STATUS_OK)
		r->id = written.id;
out:
	buf_wipe(&value);
	return st;
}

static enum status
remove_key(struct directory *d, unsigned table, struct slice key, const struct audit_note *note,
    struct problem *why)
{
	struct change changes[CHANGES_MAX];

	if (directory_list_get(&d->lists[table], key) == NULL)
		return STATUS_ABSENT;
	changes[0] = (struct change){ table, key, (struct slice){ 0 } };
	return commit_noted(d, changes, 1, note, why);
}

static enum status
remove_id(struct directory *d, unsigned table, uint32_t id, const struct audit_note *note,
    struct problem *why)
{
	uint8_t key[4];

	store_u32be(key, id);
	return remove_key(d, table, slice_make(key, sizeof(key)), note, why);
}

enum status
directory_remove_domain(struct directory *d, struct slice name, const struct audit_note *note,
    struct problem *why)
{
	return remove_key(d, TABLE_DOMAIN, name, note, why);
}

enum status
directory_remove_account(struct directory *d, uint32_t id, const struct audit_note *note,
    struct problem *why)
{
	struct change changes[CHANGES_MAX];
	uint8_t key[4];

	store_u32be(key, id);
	if (directory_account(d, id) == NULL)
		return STATUS_ABSENT;
	changes[0] = (struct change){ TABLE_ACCOUNT, slice_make(key, sizeof(key)),
		(struct slice){ 0 } };
	return commit_removal(d, changes, 1, note, id, why);
}

enum status
directory_remove_alias(struct directory *d, struct slice address, const struct audit_note *note,
    struct problem *why)
{
	return remove_key(d, TABLE_ALIAS, address, note, why);
}

enum status
directory_remove_fetch(struct directory *d, uint32_t id, const struct audit_note *note,
    struct problem *why)
{
	return remove_id(d, TABLE_FETCH, id, note, why);
}

enum status
directory_remove_route(struct directory *d, uint32_t id, const struct audit_note *note,
    struct problem *why)
{
	return remove_id(d, TABLE_ROUTE, id, note, why);
}

bool
directory_pending(const struct directory *d, uint64_t above, uint64_t *number,
    struct pending_audit_record *out)
{
	const struct list *l = &d->lists[TABLE_PENDING_AUDIT];
	uint8_t key[8];
	size_t at;

	store_u64be(key, above + 1);
	at = directory_list_seek(l, slice_make(key, sizeof(key)));
	if (at == l->count)
		return false;
	*number = load_u64be((const uint8_t *)l->entries[at]->key);
	*out = l->entries[at]->u.pending;
	return true;
}

enum status
directory_pending_done(struct directory *d, uint64_t number, struct problem *why)
{
	struct change change;
	uint8_t key[8];

	store_u64be(key, number);
	change = (struct change){ TABLE_PENDING_AUDIT, slice_make(key, sizeof(key)),
		(struct slice){ 0 } };
	if (directory_list_get(&d->lists[TABLE_PENDING_AUDIT], change.key) == NULL)
		return STATUS_ABSENT;
	return commit(d, &change, 1, why);
}

uint64_t
directory_fetching_held(const struct directory *d)
{
	return d->fetching_held - 1;
}

enum status
directory_hold_fetching(struct directory *d, uint64_t since_s, const struct audit_note *note,
    struct problem *why)
{
	struct change changes[CHANGES_MAX];
	uint64_t before = d->fetching_held;
	enum status st;

	d->fetching_held = since_s + 1;
	st = commit_noted(d, changes, 0, note, why);
	if (st != STATUS_OK)
		d->fetching_held = before;
	return st;
}
