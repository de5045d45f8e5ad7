#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/tls.h"
#include "smtpd/relay_internal.h"

#define FRESH_MS (60 * 60 * 1000)	/* certificates of CAs are read anew after that */

/* Reading the system's CAs takes 20 ms: contexts are kept. */
struct relay_tls_kept {
	struct relay_tls_kept *next;
	bool checks;
	char *ca_path;
	struct tls_context *context;
	uint64_t made_ms;
	uint32_t users;
};

static void
tls_free(struct relay_tls_kept *t)
{
	tls_context_free(&t->context);
	mem_free(t->ca_path);
	mem_free(t);
}

/* Drop what is old and unused. */
static void
sweep(struct relay *r, uint64_t now_ms)
{
	struct relay_tls_kept **at = &r->tls;

	while (*at != NULL) {
		struct relay_tls_kept *t = *at;

		if (t->users == 0 && now_ms - t->made_ms > FRESH_MS) {
			*at = t->next;
			tls_free(t);
		} else {
			at = &t->next;
		}
	}
}

/*
 * What lies in the instance is reached from where we are: the folders above may
 * be closed to us.
 */
static void
near_path(const struct relay *r, const char *ca_path, struct buf *out)
{
	struct slice path = slice_from_cstr(ca_path);
	struct slice instance = buf_slice(&r->instance);

	if (instance.len > 0 && slice_starts(path, instance)) {
		(void)buf_append(out, SLICE("../"));
		path = slice_skip(path, instance.len);
	}
	(void)buf_append(out, path);
}

static enum status
context_new(const struct relay *r, bool checks, const char *ca_path, struct tls_context **out,
    struct problem *why)
{
	struct buf path = buf_init(PATH_MAX);
	const char *file = NULL;
	enum status st = STATUS_OK;

	if (!checks)
		return tls_client_new_unchecked(out, why);
	if (*ca_path != '\0') {
		near_path(r, ca_path, &path);
		st = buf_cstr(&path, &file);
	}
	if (st == STATUS_OK)
		st = tls_client_new(file, out, why);
	buf_clear(&path);
	return st;
}

enum status
relay_tls_get(struct relay *r, bool checks, const char *ca_path, struct relay_tls_kept **out,
    struct tls_context **context, struct problem *why)
{
	uint64_t now_ms = clock_monotonic_ms();
	struct tls_context *made = NULL;
	struct relay_tls_kept *t;
	enum status st;

	sweep(r, now_ms);
	for (t = r->tls; t != NULL; t = t->next)
		if (t->checks == checks && strcmp(t->ca_path, ca_path) == 0 &&
		    now_ms - t->made_ms <= FRESH_MS)
			break;
	if (t == NULL) {
		st = context_new(r, checks, ca_path, &made, why);
		if (st != STATUS_OK)
			return st;
		t = mem_new(struct relay_tls_kept);
		t->checks = checks;
		t->ca_path = mem_dup(slice_from_cstr(ca_path));
		t->context = made;
		t->made_ms = now_ms;
		t->next = r->tls;
		r->tls = t;
	}
	t->users++;
	*out = t;
	*context = t->context;
	return STATUS_OK;
}

void
relay_tls_put(struct relay_tls_kept *t)
{
	if (t != NULL)
		t->users--;
}

void
relay_tls_free(struct relay *r)
{
	while (r->tls != NULL) {
		struct relay_tls_kept *t = r->tls;

		r->tls = t->next;
		tls_free(t);
	}
}
