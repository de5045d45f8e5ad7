#include <pthread.h>
#include <sasl/sasl.h>
/* needs sasl.h before it */
#include <sasl/saslplug.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"
#include "policy/auth_internal.h"
#include "policy/logins.h"
#include "policy/identity.h"
#include "policy/password.h"

/* A name that no account has: what cannot be a login becomes this, and costs the same. */
static const char nobody[] = "?";

typedef int (*any_callback)(void);

/* ---- for the whole process ---- */

static int
get_option(void *ctx, const char *plugin, const char *option, const char **result, unsigned *len)
{
	static const struct {
		const char *option, *value;
	} options[] = {
		{ "mech_list", "PLAIN LOGIN" },
		/* Passwords are judged by our callback alone. */
		{ "pwcheck_method", "none" },
	};

	(void)ctx;
	(void)plugin;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(option, options[i].option) != 0)
			continue;
		*result = options[i].value;
		if (len != NULL)
			*len = (unsigned)strlen(*result);
		return SASL_OK;
	}
	return SASL_FAIL;
}

/* libsasl2 tells in words what it also answers as a code. */
static int
ignore_log(void *ctx, int level, const char *message)
{
	(void)ctx;
	(void)level;
	(void)message;
	return SASL_OK;
}

/* Of the modules installed only these two are loaded; no settings file is read. */
static int
verify_file(void *ctx, const char *file, sasl_verify_type_t type)
{
	const char *name = strrchr(file, '/');

	(void)ctx;
	if (type != SASL_VRFY_PLUGIN || name == NULL)
		return type == SASL_VRFY_CONF ? SASL_CONTINUE : SASL_OK;
	if (strncmp(name, "/liblogin.", 10) == 0 || strncmp(name, "/libplain.", 10) == 0)
		return SASL_OK;
	return SASL_CONTINUE;
}

static void *
mutex_make(void)
{
	pthread_mutex_t *m = mem_new(pthread_mutex_t);

	(void)pthread_mutex_init(m, NULL);
	return m;
}

static int
mutex_lock(void *m)
{
	return pthread_mutex_lock(m) == 0 ? SASL_OK : SASL_FAIL;
}

static int
mutex_unlock(void *m)
{
	return pthread_mutex_unlock(m) == 0 ? SASL_OK : SASL_FAIL;
}

static void
mutex_free(void *m)
{
	(void)pthread_mutex_destroy(m);
	mem_free(m);
}

/*
 * libsasl2 looks every name up in its property stores, and refuses an
 * authorization identity when there is none: so there is one, which says yes.
 * Whether the account exists is for the password callback to say.
 */
static int
find_properties(void *ctx, sasl_server_params_t *params, unsigned flags, const char *user,
    unsigned len)
{
	(void)ctx;
	(void)params;
	(void)flags;
	(void)user;
	(void)len;
	return SASL_OK;
}

static int
property_store(const sasl_utils_t *utils, int max_version, int *version,
    sasl_auxprop_plug_t **plug, const char *name)
{
	static char store_name[] = "tradepost";
	static sasl_auxprop_plug_t store = { .auxprop_lookup = find_properties,
		.name = store_name };

	(void)utils;
	(void)name;
	if (max_version < SASL_AUXPROP_PLUG_VERSION)
		return SASL_BADVERS;
	*version = SASL_AUXPROP_PLUG_VERSION;
	*plug = &store;
	return SASL_OK;
}

static const sasl_callback_t global_callbacks[] = {
	{ SASL_CB_GETOPT, (any_callback)(void (*)(void))get_option, NULL },
	{ SASL_CB_LOG, (any_callback)(void (*)(void))ignore_log, NULL },
	{ SASL_CB_VERIFYFILE, (any_callback)(void (*)(void))verify_file, NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

enum status
auth_sasl_begin(struct problem *why)
{
	const char **mechanisms;
	unsigned found = 0;

	sasl_set_mutex(mutex_make, mutex_lock, mutex_unlock, mutex_free);
	if (sasl_server_init(global_callbacks, "tradepost") != SASL_OK) {
		problem_set(why, "libsasl2 does not start");
		return STATUS_IO;
	}
	if (sasl_auxprop_add_plugin("tradepost", property_store) != SASL_OK) {
		problem_set(why, "libsasl2 takes no property store");
		sasl_done();
		return STATUS_IO;
	}
	mechanisms = sasl_global_listmech();
	for (size_t i = 0; mechanisms != NULL && mechanisms[i] != NULL; i++)
		found += strcmp(mechanisms[i], "PLAIN") == 0 || strcmp(mechanisms[i], "LOGIN") == 0;
	if (found < 2) {
		problem_set(why, "libsasl2 has no PLAIN or LOGIN: install libsasl2-modules");
		sasl_done();
		return STATUS_IO;
	}
	return STATUS_OK;
}

void
auth_sasl_end(void)
{
	sasl_done();
}

/* ---- for one login ---- */

static bool
is_login(struct slice name)
{
	struct buf form = buf_init(ADDRESS_LEN_MAX);
	bool valid;

	/* Without a domain: as good as at any. */
	buf_append(&form, name);
	if (slice_find_byte(name, '@') == name.len)
		buf_append(&form, SLICE("@x"));
	valid = buf_status(&form) == STATUS_OK;
	if (valid) {
		struct buf out = buf_init(ADDRESS_LEN_MAX);

		valid = identity_address_form(buf_slice(&form), &out) == STATUS_OK;
		buf_clear(&out);
	}
	buf_clear(&form);
	return valid;
}

/* SASL_CB_CANON_USER: case and blanks apart, with the default domain where none was written. */
static int
canonical_name(sasl_conn_t *conn, void *ctx, const char *in, unsigned in_len, unsigned flags,
    const char *realm, char *out, unsigned out_max, unsigned *out_len)
{
	struct auth_login *login = ctx;
	struct slice name = slice_trim(slice_make(in, in_len));
	struct credentials known;
	struct buf lower = buf_init(ADDRESS_LEN_MAX);
	struct slice result = slice_from_cstr(nobody);

	(void)conn;
	(void)flags;
	(void)realm;
	for (size_t i = 0; i < name.len; i++)
		buf_append_byte(&lower, ascii_lower(name.ptr[i]));
	directory_credentials(login->auth->directory, buf_slice(&lower), &known);
	if (known.account != 0)
		result = slice_from_cstr(known.login);
	else if (is_login(name) && buf_status(&lower) == STATUS_OK)
		result = buf_slice(&lower);
	if (result.len >= out_max)
		result = slice_from_cstr(nobody);
	memcpy(out, result.ptr, result.len);
	out[result.len] = '\0';
	*out_len = (unsigned)result.len;
	mem_wipe(&known, sizeof(known));
	buf_clear(&lower);
	return SASL_OK;
}

/* SASL_CB_PROXY_POLICY: nobody acts for another. */
static int
may_act_as(sasl_conn_t *conn, void *ctx, const char *wanted, unsigned wanted_len,
    const char *who, unsigned who_len, const char *realm, unsigned realm_len,
    struct propctx *props)
{
	(void)conn;
	(void)ctx;
	(void)realm;
	(void)realm_len;
	(void)props;
	return slice_equal(slice_make(wanted, wanted_len), slice_make(who, who_len)) ?
	    SASL_OK : SASL_NOAUTHZ;
}

static enum status
check_password(struct auth *a, const struct credentials *c, struct slice prepared)
{
	uint64_t now = clock_now_s();
	bool is_right;

	if (c->account != 0 && remember_has(a->remember, c->account, c->version, prepared, now))
		return c->is_enabled ? STATUS_OK : STATUS_DENIED;
	atomic_fetch_add(&a->hashes, 1);
	is_right = password_matches(prepared, c->account != 0 ? c->verifier : a->dummy);
	if (!is_right || c->account == 0 || !c->is_enabled)
		return STATUS_DENIED;
	remember_put(a->remember, c->account, c->version, prepared, now, AUTH_REMEMBER_S);
	return STATUS_OK;
}

/* SASL_CB_SERVER_USERDB_CHECKPASS */
static int
judge(sasl_conn_t *conn, void *ctx, const char *user, const char *password, unsigned len,
    struct propctx *props)
{
	struct auth_login *login = ctx;
	struct auth *a = login->auth;
	struct slice name = slice_from_cstr(user);
	struct buf prepared = buf_init(PASSWORD_MAX);
	struct credentials c;

	(void)conn;
	(void)props;
	directory_credentials(a->directory, name, &c);
	login->is_checked = true;
	login->account = c.account;
	login->version = c.version;
	login->mark = login_mark(c.account, c.is_enabled, slice_from_cstr(c.verifier));
	name = slice_sub(name, 0, ADDRESS_LEN_MAX);
	memcpy(login->name, name.ptr, name.len);
	login->name[name.len] = '\0';
	if (throttle_is_over(a->throttle, slice_from_cstr(login->place), name, clock_now_s()))
		login->verdict = STATUS_LIMIT;
	else if (password_prepare(slice_make(password, len), &prepared) != STATUS_OK)
		login->verdict = STATUS_DENIED;
	else
		login->verdict = check_password(a, &c, buf_slice(&prepared));
	mem_wipe(&c, sizeof(c));
	buf_wipe(&prepared);
	return login->verdict == STATUS_OK ? SASL_OK : SASL_BADAUTH;
}

static int
start(struct auth_login *login, const char *mechanism, const char **out, unsigned *out_len)
{
	static const struct {
		unsigned long id;
		any_callback proc;
	} callbacks[] = {
		{ SASL_CB_CANON_USER, (any_callback)(void (*)(void))canonical_name },
		{ SASL_CB_PROXY_POLICY, (any_callback)(void (*)(void))may_act_as },
		{ SASL_CB_SERVER_USERDB_CHECKPASS, (any_callback)(void (*)(void))judge },
		{ SASL_CB_LIST_END, NULL },
	};
	int rc;

	sasl_dispose(&login->conn);
	for (size_t i = 0; i < AUTH_CALLBACKS; i++)
		login->callbacks[i] = (sasl_callback_t){ callbacks[i].id, callbacks[i].proc, login };
	rc = sasl_server_new("tradepost", "localhost", NULL, NULL, NULL, login->callbacks, 0,
	    &login->conn);
	if (rc != SASL_OK)
		return rc;
	return sasl_server_start(login->conn, mechanism, login->has_message ?
	    (login->message.len > 0 ? login->message.ptr : "") : NULL,
	    (unsigned)login->message.len, out, out_len);
}

static enum status
outcome(struct auth_login *login, int rc, const char *out, unsigned out_len)
{
	if (rc == SASL_CONTINUE) {
		login->is_unfinished = true;
		return buf_append(&login->challenge, slice_make(out, out_len));
	}
	sasl_dispose(&login->conn);
	if (rc == SASL_OK)
		return login->is_checked && login->verdict == STATUS_OK ? STATUS_OK : STATUS_DENIED;
	/* Whatever failed behind a right password, acting for another above all: denied. */
	if (login->is_checked)
		return login->verdict != STATUS_OK ? login->verdict : STATUS_DENIED;
	switch (rc) {
	case SASL_NOMECH:
		return STATUS_ABSENT;
	case SASL_BADPROT:
	case SASL_BADPARAM:
		problem_set(&login->why, "that is no message of the mechanism");
		return STATUS_SYNTAX;
	case SASL_NOMEM:
		return STATUS_BUSY;
	}
	return STATUS_DENIED;
}

void
auth_sasl_step(struct auth_login *login)
{
	const char *mechanism, *out = NULL;
	unsigned out_len = 0;
	int rc;

	login->is_unfinished = false;
	login->is_checked = false;
	buf_reset(&login->challenge);
	if (login->mechanism.len > 0) {
		if (buf_cstr(&login->mechanism, &mechanism) != STATUS_OK)
			rc = SASL_NOMECH;
		else
			rc = start(login, mechanism, &out, &out_len);
	} else if (login->conn != NULL) {
		rc = sasl_server_step(login->conn,
		    login->message.len > 0 ? login->message.ptr : "",
		    (unsigned)login->message.len, &out, &out_len);
	} else {
		rc = SASL_BADPROT;
	}
	login->status = outcome(login, rc, out, out_len);
	buf_wipe(&login->message);
}
