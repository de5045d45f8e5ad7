#include "policy/admin.h"

#include <stdarg.h>
#include <string.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/mem.h"
#include "mime/lex.h"
#include "net/loop.h"
#include "policy/admin_request.h"
#include "policy/identity.h"
#include "policy/outbox.h"
#include "policy/password.h"
#include "policy/pool.h"
#include "policy/protocol.h"

enum { REQUESTS_MAX = 1000 };

struct admin {
	struct policyd *policyd;
	struct ipc_server *server;
	struct pool *pool;	/* hashes new passwords */
	struct admin_request *requests;	/* that are not answered yet */
	unsigned request_count;
};

/* ---- for the verbs ---- */

json_t *
admin_text(struct slice s)
{
	json_t *text = json_stringn(s.len > 0 ? s.ptr : "", s.len);

	return text != NULL ? text : json_string("?");	/* cannot be: records hold UTF-8 */
}

json_t *
admin_text_or_null(struct slice s)
{
	return s.len > 0 ? admin_text(s) : json_null();
}

void
admin_row(struct admin_request *r, json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT);

	json_decref(row);
	mem_need(text != NULL);
	(void)ipc_send_to(r->admin->server, r->ipc_peer, ADMIN_ROW, r->request,
	    slice_from_cstr(text), -1);
	mem_free(text);
}

enum status
admin_unpack(struct admin_request *r, const char *format, ...)
{
	json_error_t error;
	va_list args;
	int rc;

	va_start(args, format);
	rc = json_vunpack_ex(r->args, &error, JSON_STRICT, format, args);
	va_end(args);
	if (rc == 0)
		return STATUS_OK;
	problem_set(&r->why, "%s %s: %s", r->verb->noun, r->verb->verb, error.text);
	return STATUS_SYNTAX;
}

enum status
admin_domain_arg(struct admin_request *r, const char *text, struct buf *out)
{
	enum status st = identity_domain_form(slice_from_cstr(text), out);

	if (st != STATUS_OK)
		problem_set(&r->why, "\"%s\" is no domain name", text);
	return st;
}

enum status
admin_address_arg(struct admin_request *r, const char *text, struct buf *out)
{
	enum status st = identity_address_form(slice_from_cstr(text), out);

	if (st != STATUS_OK && lex_has_8bit(slice_sub(slice_from_cstr(text), 0, strcspn(text, "@"))))
		problem_set(&r->why, "\"%s\" is no address: before the @ are letters a to z, digits and "
		    "signs only; what people are called goes into names", text);
	else if (st != STATUS_OK)
		problem_set(&r->why, "\"%s\" is no address: write it as name@domain", text);
	return st;
}

enum status
admin_login_arg(struct admin_request *r, const char *text, struct buf *out)
{
	const struct domain_record *domain = directory_default_domain(r->policyd->directory);
	struct buf whole = buf_init(ADDRESS_LEN_MAX);
	const char *cstr = "";
	enum status st = buf_append(&whole, slice_from_cstr(text));

	if (st == STATUS_OK && strchr(text, '@') == NULL && domain != NULL)
		st = buf_printf(&whole, "@%.*s", SLICE_ARG(domain->name));
	if (st == STATUS_OK)
		st = buf_cstr(&whole, &cstr);
	if (st == STATUS_OK)
		st = admin_address_arg(r, cstr, out);
	else
		problem_set(&r->why, "the login is too long");
	buf_clear(&whole);
	return st;
}

enum status
admin_account_arg(struct admin_request *r, const char *text, const struct account_record **out)
{
	struct buf login = buf_init(ADDRESS_LEN_MAX);
	enum status st = admin_login_arg(r, text, &login);

	if (st == STATUS_OK) {
		const struct account_record *a = directory_account_by_login(
		    r->policyd->directory, buf_slice(&login));

		if (a != NULL) {
			*out = a;
		} else {
			problem_set(&r->why, "no user \"%.*s\": see mailadm user list",
			    SLICE_ARG(buf_slice(&login)));
			st = STATUS_ABSENT;
		}
	}
	buf_clear(&login);
	return st;
}

enum status
admin_line_arg(struct admin_request *r, const char *what, struct slice text, size_t max)
{
	bool is_line = text.len > 0 && text.len <= max;

	for (size_t i = 0; is_line && i < text.len; i++)
		is_line = !ascii_is_control(text.ptr[i]);
	if (is_line)
		return STATUS_OK;
	problem_set(&r->why, "the %s is one line of at most %zu bytes", what, max);
	return STATUS_SYNTAX;
}

enum status
admin_syntax(struct admin_request *r, const char *text)
{
	problem_set(&r->why, "%s", text);
	return STATUS_SYNTAX;
}

enum status
admin_bool_arg(struct admin_request *r, const char *what, const json_t *given, bool *out)
{
	if (given == NULL)
		return STATUS_OK;
	if (!json_is_boolean(given)) {
		problem_set(&r->why, "%s is true or false", what);
		return STATUS_SYNTAX;
	}
	*out = json_is_true(given);
	return STATUS_OK;
}

enum status
admin_name_arg(struct admin_request *r, struct slice name)
{
	enum status st = admin_line_arg(r, "name", name, NAME_LEN_MAX);

	if (st == STATUS_OK && slice_find_byte(name, ' ') < name.len)
		st = admin_syntax(r, "the name is one word");
	return st;
}

enum status
admin_ca_arg(struct admin_request *r, const json_t *given, struct slice *out)
{
	if (given == NULL)
		return STATUS_OK;
	*out = slice_from_cstr(json_string_value(given));
	return json_is_null(given) ? STATUS_OK :
	    admin_line_arg(r, "path of the CA", *out, SECRET_MAX);
}

static enum status
no_server(struct admin_request *r)
{
	problem_set(&r->why, "the server is HOST:PORT or [IPV6]:PORT, with a port from 1 to 65535");
	return STATUS_SYNTAX;
}

enum status
admin_server_arg(struct admin_request *r, const char *text, struct buf *host_out,
    uint16_t *port_out)
{
	struct slice rest = slice_from_cstr(text), host;
	uint32_t port = *port_out;

	if (slice_starts(rest, SLICE("["))) {
		rest = slice_skip(rest, 1);
		host = slice_take_until(&rest, ']');
		if (rest.len > 0 && rest.ptr[0] != ':')
			return no_server(r);
		rest = slice_skip(rest, 1);
	} else {
		host = slice_take_until(&rest, ':');
	}
	if (rest.len > 0 && parse_u32(rest, 1, 65535, &port) != STATUS_OK)
		return no_server(r);
	if (admin_line_arg(r, "server", host, ADDRESS_LEN_MAX) != STATUS_OK ||
	    slice_find_byte(host, ' ') < host.len)
		return no_server(r);
	(void)buf_append(host_out, host);
	*port_out = (uint16_t)port;
	return STATUS_OK;
}

json_t *
admin_server_text(struct slice host, uint16_t port)
{
	struct buf text = buf_init(512);
	bool is_v6 = slice_find_byte(host, ':') < host.len;
	json_t *json;

	buf_printf(&text, is_v6 ? "[%.*s]:%u" : "%.*s:%u", SLICE_ARG(host), port);
	json = admin_text(buf_slice(&text));
	buf_clear(&text);
	return json;
}

enum status
admin_address_free(struct admin_request *r, struct slice address)
{
	const struct directory *d = r->policyd->directory;
	struct slice domain = slice_skip(address, slice_find_byte(address, '@') + 1);

	if (directory_domain(d, domain) == NULL) {
		problem_set(&r->why, "no domain \"%.*s\": add it with mailadm domain add %.*s",
		    SLICE_ARG(domain), SLICE_ARG(domain));
		return STATUS_ABSENT;
	}
	if (directory_account_by_login(d, address) != NULL) {
		problem_set(&r->why, "\"%.*s\" is a user already", SLICE_ARG(address));
		return STATUS_EXISTS;
	}
	if (directory_alias(d, address) != NULL) {
		problem_set(&r->why, "\"%.*s\" is an alias already: remove it with mailadm alias "
		    "remove %.*s", SLICE_ARG(address), SLICE_ARG(address));
		return STATUS_EXISTS;
	}
	if (directory_shared(d, address) != NULL) {
		problem_set(&r->why, "\"%.*s\" is the shared address of fetch account \"%.*s\"",
		    SLICE_ARG(address), SLICE_ARG(directory_shared(d, address)->name));
		return STATUS_EXISTS;
	}
	return STATUS_OK;
}

/* ---- requests ---- */

static void
request_free(struct admin_request *r)
{
	struct admin *a = r->admin;

	if (r->prev != NULL)
		r->prev->next = r->next;
	else
		a->requests = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	a->request_count--;
	json_decref(r->args);
	json_decref(r->rows);
	buf_wipe(&r->verifier);
	mem_free(r);
}

void
admin_end(struct admin_request *r, enum status st)
{
	struct policyd *p = r->policyd;
	struct buf out = buf_init(1024);

	policy_answer_put(&out, st, st != STATUS_OK ? &r->why : NULL);
	(void)ipc_send_to(r->admin->server, r->ipc_peer, ADMIN_END, r->request, buf_slice(&out),
	    -1);
	buf_clear(&out);
	request_free(r);
	outbox_kick(p->outbox);
}

/* Only a verb's own IO is the directory's: what others report is not. */
static void
request_run(struct admin_request *r)
{
	struct policyd *p = r->policyd;
	enum status st = r->verb->run(r);

	if (st == STATUS_PENDING)
		return;
	admin_end(r, st);
	if (st != STATUS_IO)
		return;
	/* The environment cannot be trusted any more: a new process looks at it anew. */
	log_event(LOG_ERROR, "policy.directory.failed", NULL, "why", "it cannot be written");
	loop_stop(p->loop);
}

/* ---- a password is hashed on a thread, before the verb runs ---- */

static void
hashed(void *ctx)
{
	struct admin_request *r = ctx;

	if (r->why.text[0] != '\0')
		admin_end(r, STATUS_SYNTAX);
	else
		request_run(r);
}

static void
hash_password(void *ctx)
{
	struct admin_request *r = ctx;
	struct slice password = slice_from_cstr(json_string_value(json_object_get(r->args,
	    "password")));
	struct buf prepared = buf_init(PASSWORD_MAX);

	if (password_prepare(password, &prepared) != STATUS_OK)
		problem_set(&r->why, "the password is empty, longer than %d bytes, or has control "
		    "characters", PASSWORD_MAX);
	else if (password_verifier(buf_slice(&prepared), &r->verifier, &r->why) != STATUS_OK)
		problem_set(&r->why, "the password cannot be hashed");
	buf_wipe(&prepared);
	loop_post(r->policyd->loop, hashed, r);
}

static void
request_start(struct admin_request *r)
{
	if (json_string_value(json_object_get(r->args, "password")) == NULL) {
		request_run(r);
		return;
	}
	if (pool_run(r->admin->pool, hash_password, r) == STATUS_OK)
		return;
	problem_set(&r->why, "too many passwords are being set at once");
	admin_end(r, STATUS_BUSY);
}

static const struct admin_verb *
find_verb(const char *noun, const char *verb)
{
	static const struct admin_verb *const nouns[] = { admin_domain_verbs, admin_alias_verbs,
		admin_user_verbs, admin_fetch_verbs, admin_route_verbs };

	if (noun == NULL || verb == NULL)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(nouns); i++)
		for (const struct admin_verb *v = nouns[i]; v->noun != NULL; v++)
			if (strcmp(v->noun, noun) == 0 && strcmp(v->verb, verb) == 0)
				return v;
	return NULL;
}

static void
refuse(struct ipc_peer *peer, const struct ipc_frame *frame, enum status st, const char *text)
{
	struct buf out = buf_init(1024);
	struct problem why = { 0 };

	problem_set(&why, "%s", text);
	policy_answer_put(&out, st, &why);
	ipc_send(peer, ADMIN_END, frame->request, buf_slice(&out), -1);
	buf_clear(&out);
}

static enum status
admin_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct admin *a = ctx;
	const struct admin_verb *verb;
	struct admin_request *r;
	json_t *args;

	if (frame->type != ADMIN_REQUEST || frame->request == 0)
		return STATUS_CORRUPT;
	args = json_loadb(frame->payload.ptr, frame->payload.len, JSON_REJECT_DUPLICATES, NULL);
	verb = find_verb(json_string_value(json_object_get(args, "noun")),
	    json_string_value(json_object_get(args, "verb")));
	if (verb == NULL || a->request_count >= REQUESTS_MAX) {
		json_decref(args);
		refuse(peer, frame, verb == NULL ? STATUS_SYNTAX : STATUS_BUSY,
		    verb == NULL ? "no such noun and verb" : "too many requests at once");
		return STATUS_OK;
	}
	(void)json_object_del(args, "noun");
	(void)json_object_del(args, "verb");
	r = mem_new(struct admin_request);
	r->admin = a;
	r->policyd = a->policyd;
	r->ipc_peer = ipc_peer_id(peer);
	r->request = frame->request;
	r->args = args;
	r->verb = verb;
	r->verifier = buf_init(VERIFIER_MAX);
	r->next = a->requests;
	if (r->next != NULL)
		r->next->prev = r;
	a->requests = r;
	a->request_count++;
	request_start(r);
	return STATUS_OK;
}

static void
admin_closed(void *ctx, struct ipc_peer *peer)
{
	/* What was asked is done all the same; its answers find nobody. */
	(void)ctx;
	(void)peer;
}

struct admin *
admin_new(struct policyd *p, int listen_fd)
{
	static const struct ipc_server_handler handler = {
		.on_frame = admin_frame,
		.on_close = admin_closed,
	};
	struct admin *a = mem_new(struct admin);

	a->policyd = p;
	a->pool = pool_new(1, REQUESTS_MAX);
	a->server = ipc_server_new(p->loop, listen_fd, NULL, 0, &handler, a);
	return a;
}

void
admin_free(struct admin **admin)
{
	struct admin *a = *admin;

	if (a == NULL)
		return;
	*admin = NULL;
	pool_free(&a->pool);
	ipc_server_free(&a->server);
	while (a->requests != NULL)
		request_free(a->requests);
	mem_free(a);
}
