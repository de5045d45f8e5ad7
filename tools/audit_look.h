/*
 * audit_look.h -- who looks at other people's mail is in the audit before they do.
 */
#ifndef TOOLS_AUDIT_LOOK_H
#define TOOLS_AUDIT_LOOK_H

#include "base/slice.h"
#include "tools/command.h"

/*
 * kind: "archive.shown"; subject: the message, or what else is looked at; detail: lines.  Where the
 * instance is not served nobody can write it, and that is said; any other failure is one.
 */
MUST_USE enum status audit_look(const struct invocation *in, const char *kind,
    struct slice subject, struct slice detail, struct problem *why);

#endif
