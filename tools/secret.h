/*
 * secret.h -- passwords from a terminal without echo, or from standard input.
 */
#ifndef TOOLS_SECRET_H
#define TOOLS_SECRET_H

#include "base/buf.h"
#include "base/problem.h"

#define SECRET_MAX 1024

enum secret_source {
	SECRET_STDIN,	/* the first line of standard input */
	SECRET_PROMPT,	/* asked twice on the terminal */
};

/* Append the secret; the caller wipes out.  SYNTAX: empty, too long, or the two differ. */
MUST_USE enum status secret_read(enum secret_source source, const char *prompt, struct buf *out,
    struct problem *why);

#endif
