#include "tools/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/settings.h"
#include "mime/address.h"
#include "net/ipc.h"
#include "policy/protocol.h"
#include "tools/instance.h"
#include "tools/secret.h"

#define REQUEST_MAX (256u * 1024)

static enum status
set_text(json_t *request, const char *field, const char *text, struct problem *why)
{
	if (json_object_set_new(request, field, json_string(text)) == 0)
		return STATUS_OK;
	problem_set(why, "%s is not UTF-8", field);
	return STATUS_SYNTAX;
}

static enum status
set_mailbox(json_t *request, const char *field, const char *text, struct problem *why)
{
	struct address_reader r = address_reader_init(slice_from_cstr(text), 2);
	struct address a = { 0 };
	struct buf name = buf_init(1024), address = buf_init(1024);
	json_t *object;
	enum status st = STATUS_SYNTAX;

	if (address_next(&r, &a) && a.kind == ADDRESS_MAILBOX && a.domain.len > 0) {
		address_name(&a, SLICE("utf-8"), &name);
		address_text(&a, &address);
		object = json_object();
		print_set(object, "name", buf_slice(&name));
		print_set(object, "address", buf_slice(&address));
		json_object_set_new(request, field, object);
		st = STATUS_OK;
	} else {
		problem_set(why, "write it as '\"Zhang San\" <sales@example.com>'");
	}
	buf_clear(&name);
	buf_clear(&address);
	return st;
}

static enum status
set_secret(json_t *request, const char *field, enum secret_source source, const char *prompt,
    struct problem *why)
{
	struct buf secret = buf_init(SECRET_MAX);
	json_t *value = NULL;
	enum status st = secret_read(source, prompt, &secret, why);

	if (st == STATUS_OK) {
		value = json_stringn(secret.ptr, secret.len);
		if (value == NULL) {
			problem_set(why, "the secret is not UTF-8");
			st = STATUS_SYNTAX;
		} else {
			json_object_set_new(request, field, value);
		}
	}
	buf_wipe(&secret);
	return st;
}

static enum status
set_number(json_t *request, const struct option *o, const char *text, struct problem *why)
{
	uint32_t n;
	enum status st = o->kind == OPTION_SECONDS
	    ? settings_parse_duration(slice_from_cstr(text), &n)
	    : parse_u32(slice_from_cstr(text), 0, UINT32_MAX, &n);

	if (st != STATUS_OK) {
		problem_set(why, "%s takes a %s, not \"%s\"", o->name,
		    o->kind == OPTION_SECONDS ? "time like 30s, 5m or 2h" : "number", text);
		return STATUS_SYNTAX;
	}
	json_object_set_new(request, o->field, json_integer(n));
	return STATUS_OK;
}

static enum status
append_text(json_t *request, const char *field, const char *text, struct problem *why)
{
	json_t *list = json_object_get(request, field);

	if (list == NULL) {
		list = json_array();
		json_object_set_new(request, field, list);
	}
	if (json_array_append_new(list, json_string(text)) == 0)
		return STATUS_OK;
	problem_set(why, "%s is not UTF-8", field);
	return STATUS_SYNTAX;
}

static enum status
set_path(json_t *request, const char *field, const char *text, struct problem *why)
{
	char *path = realpath(text, NULL);
	enum status st;

	if (path == NULL) {
		problem_set_errno(why, errno, "%s", text);
		return STATUS_SYNTAX;
	}
	st = set_text(request, field, path, why);
	free(path);
	return st;
}

static bool
option_takes_value(enum option_kind kind)
{
	return kind != OPTION_YES && kind != OPTION_NO && kind != OPTION_NULL &&
	    kind != OPTION_STDIN;
}

static enum status
set_option(json_t *request, const struct option *o, const char *value, struct problem *why)
{
	switch (o->kind) {
	case OPTION_TEXT:
		return set_text(request, o->field, value, why);
	case OPTION_LIST:
		return append_text(request, o->field, value, why);
	case OPTION_NUMBER:
	case OPTION_SECONDS:
		return set_number(request, o, value, why);
	case OPTION_YES:
		json_object_set_new(request, o->field, json_true());
		return STATUS_OK;
	case OPTION_NO:
		json_object_set_new(request, o->field, json_false());
		return STATUS_OK;
	case OPTION_NULL:
		json_object_set_new(request, o->field, json_null());
		return STATUS_OK;
	case OPTION_STDIN:
		return set_secret(request, o->field, SECRET_STDIN, "", why);
	case OPTION_PATH:
		return set_path(request, o->field, value, why);
	case OPTION_MAILBOX:
		return set_mailbox(request, o->field, value, why);
	}
	return STATUS_SYNTAX;
}

static const struct option *
option_find(const struct request_form *form, const char *name)
{
	for (size_t i = 0; i < form->option_count; i++)
		if (strcmp(form->options[i].name, name) == 0)
			return &form->options[i];
	return NULL;
}

/* One argument, and its value; *i moves over what was used. */
static enum status
take_argument(const struct invocation *in, const struct request_form *form, json_t *request,
    int *i, unsigned *position, struct problem *why)
{
	const char *word = in->argv[*i], *value = "";
	const struct option *o;

	if (strncmp(word, "--", 2) != 0) {
		if (*position >= ARRAY_LEN(form->positional) ||
		    form->positional[*position] == NULL) {
			if (form->rest_field != NULL)
				return append_text(request, form->rest_field, word, why);
			problem_set(why, "\"%s\" is one argument too many", word);
			return STATUS_SYNTAX;
		}
		return set_text(request, form->positional[(*position)++], word, why);
	}
	o = option_find(form, word);
	if (o == NULL) {
		problem_set(why, "no option %s here", word);
		return STATUS_SYNTAX;
	}
	if (option_takes_value(o->kind)) {
		if (*i + 1 >= in->argc) {
			problem_set(why, "%s needs a value", word);
			return STATUS_SYNTAX;
		}
		value = in->argv[++*i];
	}
	return set_option(request, o, value, why);
}

/* A secret that belongs to a login name is asked for only where one is given. */
static bool
wants_secret(const struct request_form *form, const json_t *request)
{
	if (form->prompt_field == NULL || json_object_get(request, form->prompt_field) != NULL)
		return false;
	for (size_t i = 0; i < form->option_count; i++)
		if (strcmp(form->options[i].field, "user") == 0)
			return json_is_string(json_object_get(request, "user"));
	return true;
}

enum status
request_build(const struct invocation *in, const struct request_form *form, json_t **out,
    struct problem *why)
{
	json_t *request = json_object();
	unsigned position = 0;
	enum status st = set_text(request, "noun", in->noun, why);

	if (st == STATUS_OK)
		st = set_text(request, "verb", in->verb, why);
	for (int i = 0; i < in->argc && st == STATUS_OK; i++)
		st = take_argument(in, form, request, &i, &position, why);
	if (st == STATUS_OK && position < form->positional_min) {
		problem_set(why, "%s is missing", form->positional[position]);
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK && form->rest_field != NULL &&
	    json_object_get(request, form->rest_field) == NULL) {
		problem_set(why, "%s is missing", form->rest_field);
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK && wants_secret(form, request))
		st = set_secret(request, form->prompt_field, SECRET_PROMPT, form->prompt, why);
	if (st != STATUS_OK) {
		json_decref(request);
		return st;
	}
	*out = request;
	return STATUS_OK;
}

struct call {
	void (*row)(void *ctx, const json_t *object);
	void *ctx;
	enum status st;
	struct problem *why;
};

static void
on_frame(void *ctx, struct ipc_frame *frame)
{
	struct call *call = ctx;
	struct reader in = reader_of(frame->payload);

	if (frame->type == ADMIN_ROW) {
		json_t *object = json_loadb(frame->payload.ptr, frame->payload.len, 0, NULL);

		if (object != NULL)
			call->row(call->ctx, object);
		json_decref(object);
	} else if (frame->type == ADMIN_END) {
		struct slice text;

		call->st = (enum status)read_u8(&in);
		text = read_slice(&in);
		if (text.len > 0)
			problem_set(call->why, "%.*s", SLICE_ARG(text));
	}
}

enum status
admin_call(const struct invocation *in, json_t *request, uint32_t deadline_ms,
    void (*row)(void *ctx, const json_t *object), void *ctx, struct problem *why)
{
	struct call call = { row, ctx, STATUS_IO, why };
	struct problem said = { "" };
	char *text = json_dumps(request, JSON_COMPACT);
	enum status st = instance_enter(in->dir, why);

	json_decref(request);
	if (st == STATUS_OK && (text == NULL || strlen(text) > REQUEST_MAX)) {
		problem_set(why, "the request is too long");
		st = STATUS_LIMIT;
	}
	if (st == STATUS_OK) {
		st = ipc_call_wait("policy-admin.sock", ADMIN_REQUEST, slice_from_cstr(text), -1,
		    ADMIN_END, deadline_ms, on_frame, &call, &said);
		if (st != STATUS_OK) {
			st = instance_unanswered(in->dir, st, &said, why);
		} else {
			st = call.st;
		}
	}
	if (text != NULL)
		mem_wipe(text, strlen(text));
	free(text);
	return st;
}
