/*
 * smtp_path.h -- paths and parameters of MAIL and RCPT (RFC 5321 s.4.1.2 and
 * s.4.1.1.11).  Reads what a server is sent and writes what a client sends.
 * Knows no command and no policy: what an address means is not its business.
 */
#ifndef WIRE_SMTP_PATH_H
#define WIRE_SMTP_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define SMTP_LOCAL_MAX 256	/* RFC 5321 s.4.5.3.1.1 asks for 64; list bounces send more */
#define SMTP_DOMAIN_MAX 255
#define SMTP_PATH_MAX 1024	/* source route included */
#define SMTP_ADDRESS_MAX (2 * SMTP_LOCAL_MAX + 3 + SMTP_DOMAIN_MAX)

enum smtp_path_mode {
	SMTP_PATH_STRICT,	/* "<" [route ":"] mailbox ">" and nothing before it */
	SMTP_PATH_LIBERAL,	/* blanks before and inside the brackets, or no brackets at all */
};

/* Slices are views of the line.  Both empty: the null path. */
struct smtp_path {
	struct slice local;	/* as it stands, quotes included */
	struct slice domain;	/* as it stands, brackets of an address literal included;
				 * empty: the address has no '@' */
	bool is_null;		/* "<>" */
	bool is_8bit;		/* needs SMTPUTF8 (RFC 6531); it is valid UTF-8 */
};

/*
 * Take a path off the front of *rest.  On failure *rest and *out stay as they are.
 * SYNTAX  no path, or bytes behind it that no blank separates
 * LIMIT   the local part, the domain or the whole is too long
 */
MUST_USE enum status smtp_path_take(struct slice *rest, enum smtp_path_mode mode,
    struct smtp_path *out);

/*
 * Append the address in its canonical form: quotes only where they are needed,
 * ASCII letters of the domain in lower case; nothing for the null path.  Equal
 * addresses give equal bytes.  At most SMTP_ADDRESS_MAX bytes.
 */
void smtp_path_text(const struct smtp_path *p, struct buf *out);

struct smtp_parameter {
	struct slice name;
	struct slice value;
	bool has_value;		/* there was a '=' */
};

/*
 * Take the next " NAME[=value]" off *rest.
 * ABSENT  nothing is left but blanks
 * SYNTAX  not of that form; *rest stays as it is
 */
MUST_USE enum status smtp_parameter_take(struct slice *rest, struct smtp_parameter *out);

#endif
