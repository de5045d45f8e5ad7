/*
 * admin_request.h -- one request of mailadm as its verbs see it.
 */
#ifndef POLICY_ADMIN_REQUEST_H
#define POLICY_ADMIN_REQUEST_H

#include <jansson.h>

#include "policy/admin.h"
#include "policy/directory.h"

struct admin_request {
	struct admin_request *prev, *next;
	struct admin *admin;
	struct policyd *policyd;
	uint64_t ipc_peer;
	uint32_t request;
	json_t *args;		/* the object without noun and verb */
	const struct admin_verb *verb;
	struct buf verifier;	/* of args' "password", made on a thread before the verb runs */
	json_t *rows;		/* made already, sent when stored has said what belongs to them; or NULL */
	struct problem why;
};

/*
 * A verb: OK after its rows; PENDING: admin_end() will come; anything else is
 * the answer, with r->why.  It has changed nothing then.
 */
struct admin_verb {
	const char *noun, *verb;
	enum status (*run)(struct admin_request *r);
};

extern const struct admin_verb admin_domain_verbs[], admin_alias_verbs[], admin_user_verbs[],
    admin_fetch_verbs[], admin_route_verbs[];	/* each ends in a row without noun */

/* Send a row; takes it. */
void admin_row(struct admin_request *r, json_t *row);
/* The last answer to a request whose verb was PENDING. */
void admin_end(struct admin_request *r, enum status st);

/*
 * Read arguments as json_unpack() does, strictly: a missing, unknown or
 * mistyped one is SYNTAX with r->why set.  format is a literal of ours.
 */
MUST_USE enum status admin_unpack(struct admin_request *r, const char *format, ...);

/* SYNTAX with text, of ours, as why. */
MUST_USE enum status admin_syntax(struct admin_request *r, const char *text);
/* true or false; *out is left alone where given is NULL. */
MUST_USE enum status admin_bool_arg(struct admin_request *r, const char *what,
    const json_t *given, bool *out);
/* The name of something new: one word of at most NAME_LEN_MAX bytes. */
MUST_USE enum status admin_name_arg(struct admin_request *r, struct slice name);
/* The path of a CA's file, or null for none; *out is left alone where given is NULL. */
MUST_USE enum status admin_ca_arg(struct admin_request *r, const json_t *given,
    struct slice *out);
/* Read a form of identity.h; SYNTAX with why. */
MUST_USE enum status admin_domain_arg(struct admin_request *r, const char *text, struct buf *out);
MUST_USE enum status admin_address_arg(struct admin_request *r, const char *text,
    struct buf *out);
/* A login; without '@' at the default domain. */
MUST_USE enum status admin_login_arg(struct admin_request *r, const char *text, struct buf *out);
/* The account of that login, or ABSENT with why. */
MUST_USE enum status admin_account_arg(struct admin_request *r, const char *text,
    const struct account_record **out);
/* SYNTAX with why: an empty text, or more than one line, or too long. */
MUST_USE enum status admin_line_arg(struct admin_request *r, const char *what, struct slice text,
    size_t max);
/*
 * A server: "host", "host:port", "[v6]", "[v6]:port"; *port is left alone
 * where none is said.  Appends the host.
 */
MUST_USE enum status admin_server_arg(struct admin_request *r, const char *text,
    struct buf *host, uint16_t *port);
/* The same, written. */
json_t *admin_server_text(struct slice host, uint16_t port);
/* DENIED, EXISTS or OK: may this address be given to somebody new?  Its domain must be ours. */
MUST_USE enum status admin_address_free(struct admin_request *r, struct slice address);

/* A JSON string. */
json_t *admin_text(struct slice s);
/* Text, or null when it is empty. */
json_t *admin_text_or_null(struct slice s);

#endif
