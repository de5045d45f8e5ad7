/*
 * request.h -- a command line as one JSON request to policyd, by a table of
 * options, and the rows that answer it.
 */
#ifndef TOOLS_REQUEST_H
#define TOOLS_REQUEST_H

#include <stdint.h>

#include <jansson.h>

#include "tools/command.h"
#include "tools/print.h"

enum option_kind {
	OPTION_TEXT,	/* --user U */
	OPTION_LIST,	/* --name A --name B: an array */
	OPTION_NUMBER,	/* --keep 7 */
	OPTION_SECONDS,	/* --every 5m */
	OPTION_YES,	/* --enable: true */
	OPTION_NO,	/* --disable: false */
	OPTION_NULL,	/* --keep-for-ever: null */
	OPTION_STDIN,	/* --password-stdin: a secret */
	OPTION_PATH,	/* --ca FILE: made absolute */
	OPTION_MAILBOX,	/* --outside '"Zhang San" <sales@example.com>': {"name", "address"} */
};

struct option {
	const char *name;
	enum option_kind kind;
	const char *field;
};

struct request_form {
	const char *positional[3];	/* fields of the arguments before options, in order */
	unsigned positional_min;	/* how many of them must be there */
	const char *rest_field;		/* array of at least one more argument, or NULL */
	const struct option *options;
	size_t option_count;
	/* A secret asked for on the terminal when not given, where the form has --user: with it; or NULL. */
	const char *prompt_field;
	const char *prompt;
};

/* *out: given, json_decref().  Secrets inside are wiped by admin_call(). */
MUST_USE enum status request_build(const struct invocation *in, const struct request_form *form,
    json_t **out, struct problem *why);
/* Enter the instance, ask policyd, call row for each answer.  Releases request. */
MUST_USE enum status admin_call(const struct invocation *in, json_t *request,
    uint32_t deadline_ms, void (*row)(void *ctx, const json_t *object), void *ctx,
    struct problem *why);

#endif
