/*
 * names.h -- mailbox names between clients and the store: charsets, INBOX, and
 * the many names under which mail programs look for the special folders.
 */
#ifndef IMAPD_NAMES_H
#define IMAPD_NAMES_H

#include "base/buf.h"
#include "base/problem.h"
#include "store/mailbox.h"

/* Bytes of a name as a client may write it: UTF-7 is longer than UTF-8. */
#define NAME_WIRE_MAX 4096

/*
 * Append a client's name as UTF-8 NFC: modified UTF-7; else raw UTF-8; else
 * GB18030, as old Chinese programs send it.  One separator at the end is
 * dropped (Thunderbird adds it), INBOX is put in capitals.
 * SYNTAX  none of these, or controls in it   LIMIT  too long
 */
MUST_USE enum status name_decode(struct slice wire, struct buf *out);
/* The same without the last two touches: for LIST's reference and pattern. */
MUST_USE enum status name_decode_pattern(struct slice wire, struct buf *out);
/* Append a quoted string in modified UTF-7. */
void name_write(struct buf *out, struct slice utf8);

/* The role that a name stands for when no real mailbox has it; MAILBOX_PLAIN: none. */
enum mailbox_role name_role(struct slice utf8);
/*
 * The mailbox a client means: the one of that name, else the account's folder of
 * the role that the name stands for.  ABSENT, and as mailbox_find().
 */
MUST_USE enum status name_resolve(struct txn *t, uint32_t account, struct slice utf8,
    struct mailbox_row *out, struct problem *why);
/* " \\Sent" and the like for LIST (RFC 6154), with the blank; "" for none. */
const char *role_attribute(enum mailbox_role role);
/* The role of "\\Sent" and the like, in any case; MAILBOX_PLAIN: none. */
enum mailbox_role role_of_attribute(struct slice attribute);

#endif
