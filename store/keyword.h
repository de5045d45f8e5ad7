/*
 * keyword.h -- for the writer: the names behind a mailbox's keyword flags.
 * Reading them: mailbox.h.
 */
#ifndef STORE_KEYWORD_H
#define STORE_KEYWORD_H

#include <stdint.h>

#include "base/buf.h"
#include "store/mailbox.h"

enum keyword_need { KEYWORD_KNOWN, KEYWORD_MAKE };

/*
 * Flag bits of the keywords in text (separated by SP, compared without case).
 * KEYWORD_KNOWN passes over those the mailbox does not have, KEYWORD_MAKE gives
 * them a bit.  SYNTAX no atom; LIMIT too long, too many in the text or in the mailbox.
 */
MUST_USE enum status keyword_bits(struct txn *t, uint32_t mailbox, struct slice text,
    enum keyword_need need, uint64_t *bits, struct problem *why);
/* The same flags in another mailbox: system flags as they are, keywords by their names. */
MUST_USE enum status keyword_translate(struct txn *t, uint32_t from, uint32_t to, uint64_t flags,
    uint64_t *out, struct problem *why);
/* Append the names of the keywords in flags, separated by SP. */
MUST_USE enum status keyword_print(struct txn *t, uint32_t mailbox, uint64_t flags,
    struct buf *out, struct problem *why);
/* Forget all of a mailbox that goes away. */
MUST_USE enum status keyword_delete_all(struct txn *t, uint32_t mailbox, struct problem *why);

#endif
