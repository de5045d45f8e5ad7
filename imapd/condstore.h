/*
 * condstore.h -- mod-sequences as clients see them (RFC 7162 s.3.1): the change
 * numbers of the store.  Nothing of them is told before a client asks for it.
 */
#ifndef IMAPD_CONDSTORE_H
#define IMAPD_CONDSTORE_H

#include "imapd/session.h"
#include "store/mailbox.h"
#include "wire/imap_token.h"

/* What HIGHESTMODSEQ says of a mailbox; never 0. */
uint64_t condstore_highest(const struct mailbox_row *row);
/*
 * The client has used a command that enables mod-sequences: from now on it is
 * told them.  With a mailbox selected, HIGHESTMODSEQ is said.
 */
void condstore_enable(struct imap_session *s);
/* SP, then a mod-sequence value, 0 included.  SYNTAX. */
MUST_USE enum status condstore_take_number(struct imap_reader *args, uint64_t *out);
/*
 * " (NAME n)", if it is there: *has is set then, else nothing is taken.
 * SYNTAX  an opening parenthesis, and then something else
 */
MUST_USE enum status condstore_take_modifier(struct imap_reader *args, struct slice name,
    bool *has, uint64_t *out);
/* The command that ends has made this change, and all up to it is told: HIGHESTMODSEQ. */
void condstore_put_code(struct imap_session *s, uint64_t change);
/* "MODSEQ (12)" */
void condstore_write(struct buf *out, uint64_t modseq);

#endif
