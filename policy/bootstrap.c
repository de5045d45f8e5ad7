#include "policy/bootstrap.h"

#include "base/clock.h"
#include "policy/directory.h"
#include "policy/identity.h"
#include "policy/password.h"

struct first {
	struct buf domain, login, verifier;
};

static enum status
check_names(struct first *f, struct slice domain, struct slice login, struct problem *why)
{
	struct buf whole = buf_init(ADDRESS_LEN_MAX);
	enum status st = identity_domain_form(domain, &f->domain);

	if (st != STATUS_OK) {
		problem_set(why, "\"%.*s\" is no domain name", SLICE_ARG(domain));
		return st;
	}
	buf_append(&whole, login);
	if (slice_find_byte(login, '@') == login.len)
		buf_printf(&whole, "@%.*s", SLICE_ARG(buf_slice(&f->domain)));
	st = identity_address_form(buf_slice(&whole), &f->login);
	if (st == STATUS_OK && !slice_equal(slice_skip(buf_slice(&f->login),
	    slice_find_last_byte(buf_slice(&f->login), '@') + 1), buf_slice(&f->domain)))
		st = STATUS_SYNTAX;
	if (st != STATUS_OK)
		problem_set(why, "\"%.*s\" is no login in that domain", SLICE_ARG(login));
	buf_clear(&whole);
	return st;
}

static enum status
check_password(struct first *f, struct slice password, struct problem *why)
{
	struct buf prepared = buf_init(PASSWORD_MAX);
	enum status st = password_prepare(password, &prepared);

	if (st == STATUS_OK)
		st = password_verifier(buf_slice(&prepared), &f->verifier, why);
	else
		problem_set(why, "the password is empty, too long, or has control characters");
	buf_wipe(&prepared);
	return st;
}

static enum status
write_first(struct directory *d, const struct first *f, struct problem *why)
{
	struct domain_record domain = { .name = buf_slice(&f->domain), .is_default = true };
	struct account_record admin = {
		.is_enabled = true,
		.is_admin = true,
		.login = buf_slice(&f->login),
		.verifier = buf_slice(&f->verifier),
		.quota_bytes = QUOTA_DEFAULT,
		.trash_days = TRASH_DAYS_DEFAULT,
	};
	struct audit_note made = { SLICE("domain.added"), domain.name, SLICE("by=init") };
	struct audit_note first = { SLICE("account.added"), admin.login, SLICE("by=init admin=yes") };
	enum status st;

	if (directory_account_count(d) > 0) {
		problem_set(why, "the directory has accounts already");
		return STATUS_EXISTS;
	}
	st = directory_put_domain(d, &domain, &made, why);
	if (st == STATUS_OK)
		st = directory_put_account(d, &admin, &first, why);
	return st;
}

enum status
bootstrap_directory(const char *policy_dir, struct slice domain, struct slice admin_login,
    struct slice password, struct problem *why)
{
	struct first f = {
		.domain = buf_init(ADDRESS_LEN_MAX),
		.login = buf_init(ADDRESS_LEN_MAX),
		.verifier = buf_init(VERIFIER_MAX),
	};
	struct directory *d = NULL;
	enum status st = check_names(&f, domain, admin_login, why);

	if (st == STATUS_OK)
		st = check_password(&f, password, why);
	if (st == STATUS_OK)
		st = directory_open(policy_dir, &d, why);
	if (st == STATUS_OK)
		st = write_first(d, &f, why);
	directory_close(&d);
	buf_clear(&f.domain);
	buf_clear(&f.login);
	buf_wipe(&f.verifier);
	return st;
}

enum status
bootstrap_restored(const char *policy_dir, struct slice note, struct problem *why)
{
	struct audit_note held = { SLICE("fetch.held"), SLICE("fetching"), note };
	struct directory *d = NULL;
	enum status st = directory_open(policy_dir, &d, why);

	if (st == STATUS_OK)
		st = directory_hold_fetching(d, clock_now_s(), &held, why);
	directory_close(&d);
	return st;
}

enum status
bootstrap_people(const char *policy_dir,
    void (*each)(void *ctx, uint32_t account, struct slice login), void *ctx, struct problem *why)
{
	struct directory *d = NULL;
	enum status st = directory_read(policy_dir, &d, why);

	for (size_t i = 0; st == STATUS_OK && i < directory_account_count(d); i++)
		each(ctx, directory_account_at(d, i)->id, directory_account_at(d, i)->login);
	directory_close(&d);
	return st;
}

enum status
bootstrap_look(const char *policy_dir, struct problem *why)
{
	return directory_look(policy_dir, why);
}

enum status
bootstrap_upgrade(const char *policy_dir, struct problem *why)
{
	return directory_upgrade(policy_dir, why);
}
