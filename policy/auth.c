#include "policy/auth.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "policy/auth_internal.h"
#include "policy/password.h"
#include "policy/protocol.h"

enum { SAVE_EVERY_MS = 5000, SAVE_MAX = 500 };

/* Rows on their way to or from the directory, with the memory they lie in. */
struct rows {
	struct auth *auth;
	struct limit_row list[SAVE_MAX];
	char *memory[SAVE_MAX][2];
	size_t count;
};

static void
rows_add(struct rows *r, struct slice key, struct slice value)
{
	if (r->count == SAVE_MAX)
		return;
	r->memory[r->count][0] = mem_dup(key);
	r->memory[r->count][1] = mem_dup(value);
	r->list[r->count].key = slice_make(r->memory[r->count][0], key.len);
	r->list[r->count].value = slice_make(r->memory[r->count][1], value.len);
	r->count++;
}

static void
rows_save(struct rows *r)
{
	struct problem why = { 0 };

	if (directory_limits_save(r->auth->directory, r->list, r->count, &why) != STATUS_OK)
		log_event(LOG_WARN, "auth.limits.unsaved", NULL, "why", why.text);
	for (size_t i = 0; i < r->count; i++) {
		mem_free(r->memory[i][0]);
		mem_free(r->memory[i][1]);
	}
	mem_free(r);
}

static void
take_change(void *ctx, struct slice key, struct slice record)
{
	rows_add(ctx, key, record);
}

/* Attempts against us are counted through restarts, at the price of one small write in 5 s. */
static void
save(void *ctx)
{
	struct auth *a = ctx;
	struct rows *r = mem_new(struct rows);

	r->auth = a;
	throttle_changes(a->throttle, SAVE_MAX, take_change, r);
	rows_save(r);
	timer_set(a->save, SAVE_EVERY_MS);
}

static void
take_back(void *ctx, const struct limit_row *row)
{
	struct rows *r = ctx;

	if (throttle_restore(r->auth->throttle, row->key, row->value, clock_now_s()) != STATUS_OK)
		rows_add(r, row->key, (struct slice){ 0 });
}

static enum status
restore(struct auth *a, struct problem *why)
{
	struct rows *r = mem_new(struct rows);
	enum status st;

	r->auth = a;
	st = directory_limits_each(a->directory, take_back, r, why);
	rows_save(r);
	return st;
}

/* What accounts that are not there are checked against; nobody knows its password. */
static enum status
make_dummy(struct auth *a, struct problem *why)
{
	struct buf password = buf_init(64), verifier = buf_init(VERIFIER_MAX);
	uint8_t secret[16];
	enum status st;

	id_random(secret, sizeof(secret));
	buf_append_hex(&password, slice_make(secret, sizeof(secret)));
	st = password_verifier(buf_slice(&password), &verifier, why);
	if (st == STATUS_OK)
		memcpy(a->dummy, verifier.ptr, verifier.len);
	buf_wipe(&password);
	buf_clear(&verifier);
	return st;
}

uint64_t
auth_hash_count(const struct auth *a)
{
	return atomic_load(&a->hashes);
}

struct auth_login *
auth_login_new(struct auth *a, struct slice address, struct slice sid)
{
	struct auth_login *login = mem_new(struct auth_login);

	login->auth = a;
	login->address = mem_dup(address);
	(void)admission_address(login->address, login->place);
	login->sid = mem_dup(sid);
	login->mechanism = buf_init(POLICY_SID_MAX);
	login->message = buf_init(POLICY_MESSAGE_MAX);
	login->challenge = buf_init(POLICY_MESSAGE_MAX);
	login->next = a->logins;
	if (a->logins != NULL)
		a->logins->prev = login;
	a->logins = login;
	return login;
}

static void
destroy(struct auth_login *login)
{
	if (login->prev != NULL)
		login->prev->next = login->next;
	else
		login->auth->logins = login->next;
	if (login->next != NULL)
		login->next->prev = login->prev;
	timer_free(&login->late);
	sasl_dispose(&login->conn);
	buf_clear(&login->mechanism);
	buf_wipe(&login->message);
	buf_clear(&login->challenge);
	mem_free(login->address);
	mem_free(login->sid);
	mem_free(login);
}

void
auth_free(struct auth **auth)
{
	struct auth *a = *auth;

	if (a == NULL)
		return;
	*auth = NULL;
	pool_free(&a->pool);
	/* Only abandoned ones are left, whose answers the loop will not see any more. */
	while (a->logins != NULL)
		destroy(a->logins);
	auth_sasl_end();
	if (a->directory != NULL)
		save(a);
	timer_free(&a->save);
	throttle_free(&a->throttle);
	remember_free(&a->remember);
	mem_free(a);
}

enum status
auth_new(struct loop *l, struct auth_options options, struct auth **out, struct problem *why)
{
	struct auth *a = mem_new(struct auth);
	enum status st = make_dummy(a, why);

	if (st == STATUS_OK)
		st = auth_sasl_begin(why);
	if (st != STATUS_OK) {
		mem_free(a);
		return st;
	}
	a->loop = l;
	a->options = options;
	a->throttle = throttle_new();
	a->remember = remember_new();
	a->pool = pool_new(options.threads, options.queue_max);
	a->save = timer_new(l, save, a);
	*out = a;
	return STATUS_OK;
}

enum status
auth_start(struct auth *a, struct directory *d, struct problem *why)
{
	a->directory = d;
	timer_set(a->save, SAVE_EVERY_MS);
	return restore(a, why);
}

/* Somebody who begins exchanges and leaves them is guessing, or as good as. */
static void
count_unfinished(struct auth_login *login)
{
	if (!login->is_unfinished)
		return;
	login->is_unfinished = false;
	(void)throttle_failed(login->auth->throttle, slice_from_cstr(login->place),
	    (struct slice){ 0 }, clock_now_s());
}

void
auth_login_free(struct auth_login **l)
{
	struct auth_login *login = *l;

	if (login == NULL)
		return;
	*l = NULL;
	if (login->is_busy && login->late == NULL) {
		login->is_abandoned = true;
		return;
	}
	count_unfinished(login);
	destroy(login);
}

static void
tell(struct auth_login *login)
{
	struct auth_result r = {
		.is_done = !login->is_unfinished,
		.challenge = buf_slice(&login->challenge),
		.account = login->account,
		.version = login->version,
		.mark = login->mark,
		.login = slice_from_cstr(login->name),
	};

	login->is_busy = false;
	login->done(login->ctx, login->status, login->status == STATUS_OK ? &r : NULL,
	    &login->why);
}

static void
tell_late(void *ctx)
{
	struct auth_login *login = ctx;

	timer_free(&login->late);
	tell(login);
}

static void
log_outcome(const struct auth_login *login, uint32_t delay_s)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, login->status == STATUS_OK ? "auth.login.accepted" :
	    "auth.login.refused", login->sid);
	log_cstr(&l, "peer", login->address);
	if (login->is_checked)
		log_cstr(&l, "login", login->name);
	if (login->status != STATUS_OK) {
		log_status(&l, login->status, &login->why);
		log_u64(&l, "delay_s", delay_s);
	}
	log_end(&l);
}

/* On the loop, after a thread had the login. */
static void
step_done(void *ctx)
{
	struct auth_login *login = ctx;
	struct slice address = slice_from_cstr(login->place);
	struct slice name = slice_from_cstr(login->is_checked ? login->name : NULL);
	uint32_t delay_s = 0;

	if (login->status == STATUS_DENIED || login->status == STATUS_SYNTAX)
		delay_s = throttle_failed(login->auth->throttle, address, name, clock_now_s());
	else if (login->status == STATUS_OK && !login->is_unfinished)
		throttle_succeeded(login->auth->throttle, address, name, clock_now_s());
	if (!login->is_unfinished)
		log_outcome(login, delay_s);
	if (login->is_abandoned) {
		destroy(login);
		return;
	}
	if (delay_s == 0) {
		tell(login);
		return;
	}
	/* is_busy stays on: no next guess before this answer. */
	login->late = timer_new(login->auth->loop, tell_late, login);
	timer_set(login->late, (uint64_t)delay_s * login->auth->options.delay_unit_ms);
}

static void
run(void *ctx)
{
	struct auth_login *login = ctx;

	auth_sasl_step(login);
	loop_post(login->auth->loop, step_done, login);
}

void
auth_step(struct auth_login *login, struct slice mechanism, bool has_message,
    struct slice message, auth_done *done, void *ctx)
{
	struct problem why = { 0 };
	enum status st = STATUS_OK;

	if (login->is_busy) {
		st = STATUS_BUSY;
		problem_set(&why, "the step before is not answered yet");
	} else if (message.len > POLICY_MESSAGE_MAX || mechanism.len > SASL_MECHNAMEMAX) {
		st = STATUS_SYNTAX;
		problem_set(&why, "too long");
	}
	if (st != STATUS_OK) {
		done(ctx, st, NULL, &why);
		return;
	}
	if (mechanism.len > 0)
		count_unfinished(login);
	buf_reset(&login->mechanism);
	buf_reset(&login->message);
	(void)buf_append(&login->mechanism, mechanism);
	(void)buf_append(&login->message, message);
	login->has_message = has_message;
	login->done = done;
	login->ctx = ctx;
	login->why = (struct problem){ 0 };
	login->is_busy = true;
	if (pool_run(login->auth->pool, run, login) == STATUS_OK)
		return;
	login->is_busy = false;
	problem_set(&why, "too many logins at once");
	done(ctx, STATUS_BUSY, NULL, &why);
}
