/*
 * directory.h -- what administrators set, in policyd's own environment and,
 * for answering, whole in memory.  Every change is one transaction together
 * with the audit record that tells of it.  Knows nothing of why a change is
 * allowed: policy/admin.h checks.
 *
 * All functions belong to the loop's thread, but for directory_credentials().
 */
#ifndef POLICY_DIRECTORY_H
#define POLICY_DIRECTORY_H

#include "base/problem.h"
#include "policy/record.h"

/* Of the directory as a whole (docs/directory-format.md); each record has its own beside it. */
#define DIRECTORY_VERSION 1

struct directory;

/*
 * Open, and create, the environment in path (an existing folder).  Statuses as env_open(); CORRUPT
 * also for one of a newer version (why says what to do).
 */
MUST_USE enum status directory_open(const char *path, struct directory **out,
    struct problem *why);
/* Read the one in path, which others may be changing: what it was at that moment.  It is not to be
 * changed.  Statuses as env_open(). */
MUST_USE enum status directory_read(const char *path, struct directory **out,
    struct problem *why);
/* One that lives in memory only, for tests of what reads it. */
struct directory *directory_new(void);
void directory_close(struct directory **d);
/* Can this program work with the one in path?  It is not open in this process.  Statuses as
 * directory_open(). */
MUST_USE enum status directory_look(const char *path, struct problem *why);
/*
 * Make the one in path, which nobody serves, one of this version, in one transaction.  Statuses as
 * directory_open() and txn_commit(); ABSENT: there is none.
 */
MUST_USE enum status directory_upgrade(const char *path, struct problem *why);

/* Everything found is borrowed until the next change.  NULL: there is none. */
const struct domain_record *directory_domain(const struct directory *d, struct slice name);
const struct domain_record *directory_default_domain(const struct directory *d);
const struct account_record *directory_account(const struct directory *d, uint32_t id);
const struct account_record *directory_account_by_login(const struct directory *d,
    struct slice login);
/* The enabled administrator with the lowest id; without one, the enabled account with it. */
const struct account_record *directory_postmaster(const struct directory *d);
const struct alias_record *directory_alias(const struct directory *d, struct slice address);
const struct fetch_record *directory_fetch(const struct directory *d, uint32_t id);
const struct fetch_record *directory_fetch_by_name(const struct directory *d, struct slice name);
/* The fetch account that collects for a shared address; the lowest id of several. */
const struct fetch_record *directory_shared(const struct directory *d, struct slice address);

/* By id, by name; NULL when there is none. */
/* Ways out, switched off ones too. */
const struct route_record *directory_route(const struct directory *d, uint32_t id);
/* Names are compared as they were written. */
const struct route_record *directory_route_by_name(const struct directory *d, struct slice name);
/* True when an account or a fetch account has that outside address; lower case. */
bool directory_is_outside_address(const struct directory *d, struct slice address);

/* All of a kind: accounts, fetch accounts and routes by id, the others by name; i below the count. */
size_t directory_domain_count(const struct directory *d);
const struct domain_record *directory_domain_at(const struct directory *d, size_t i);
size_t directory_account_count(const struct directory *d);
const struct account_record *directory_account_at(const struct directory *d, size_t i);
size_t directory_alias_count(const struct directory *d);
const struct alias_record *directory_alias_at(const struct directory *d, size_t i);
size_t directory_fetch_count(const struct directory *d);
const struct fetch_record *directory_fetch_at(const struct directory *d, size_t i);
size_t directory_route_count(const struct directory *d);
const struct route_record *directory_route_at(const struct directory *d, size_t i);

/* Ids of the accounts that have a name or nickname with this key (display_name_key()), ascending;
 * borrowed until the next change. */
struct directory_people {
	const uint32_t *ids;
	size_t count;
};
struct directory_people directory_people_named(const struct directory *d, struct slice key);

/* What a login needs to know; copied, so that any thread may ask. */
struct credentials {
	uint32_t account;	/* 0: there is no such account; the rest is empty */
	uint32_t version;
	bool is_enabled;
	char login[ADDRESS_LEN_MAX + 1];
	char verifier[VERIFIER_MAX + 1];	/* wipe after use */
};
/* name: a login; without '@' the default domain is understood.  Any thread. */
void directory_credentials(struct directory *d, struct slice name, struct credentials *out);

/* What the audit says of a change; its actor is "admin". */
struct audit_note {
	struct slice kind;	/* "account.added" */
	struct slice subject;	/* what was changed */
	struct slice detail;	/* lines */
};

/*
 * Write a record and take it into use.  Id 0 of an account, fetch account or
 * route asks for a new one, told in r; an account's version is raised.  A domain
 * that becomes the default ends the former one's being it.
 *
 * LIMIT  the record is too large   BUSY  the disk is full
 * IO     the environment can no longer be trusted: the process must end
 */
MUST_USE enum status directory_put_domain(struct directory *d, const struct domain_record *r,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_put_account(struct directory *d, struct account_record *r,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_put_alias(struct directory *d, const struct alias_record *r,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_put_fetch(struct directory *d, struct fetch_record *r,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_put_route(struct directory *d, struct route_record *r,
    const struct audit_note *note, struct problem *why);
/* ABSENT when there is none. */
MUST_USE enum status directory_remove_domain(struct directory *d, struct slice name,
    const struct audit_note *note, struct problem *why);
/* stored hears of it with the audit record, the login being the note's subject. */
MUST_USE enum status directory_remove_account(struct directory *d, uint32_t id,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_remove_alias(struct directory *d, struct slice address,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_remove_fetch(struct directory *d, uint32_t id,
    const struct audit_note *note, struct problem *why);
MUST_USE enum status directory_remove_route(struct directory *d, uint32_t id,
    const struct audit_note *note, struct problem *why);

/*
 * After a restore no outside mailbox is collected until the administrator says so: since when;
 * 0: it is not so.
 */
uint64_t directory_fetching_held(const struct directory *d);
/* since_s 0 lets it go on. */
MUST_USE enum status directory_hold_fetching(struct directory *d, uint64_t since_s,
    const struct audit_note *note, struct problem *why);

/* The oldest audit record above number that stored has not confirmed; false: none. */
bool directory_pending(const struct directory *d, uint64_t above, uint64_t *number,
    struct pending_audit_record *out);
/* stored has it. */
MUST_USE enum status directory_pending_done(struct directory *d, uint64_t number,
    struct problem *why);

/*
 * What throttle.h has counted, so that a restart forgives nobody: rows as it
 * writes them, an empty value to delete one.  Not kept in memory, not audited.
 */
struct limit_row {
	struct slice key, value;
};
/* All of them in one transaction; nothing where the directory is in memory only.  BUSY, IO. */
MUST_USE enum status directory_limits_save(struct directory *d, const struct limit_row *rows,
    size_t count, struct problem *why);
/* Calls each(ctx) with every row; it changes nothing itself. */
MUST_USE enum status directory_limits_each(struct directory *d,
    void (*each)(void *ctx, const struct limit_row *row), void *ctx, struct problem *why);

#endif
