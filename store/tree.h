/*
 * tree.h -- for the writer: one mailbox is made, in all the tables that speak
 * of it.  Names are as mailbox_name_make() spells them.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/account.h"
#include "store/change.h"

/*
 * Make one mailbox, its parent being there; a counts it and is not put.
 * LIMIT the account has too many; EXISTS the name or the role is taken.
 */
MUST_USE enum status tree_make(struct change *c, struct account_row *a, struct slice name,
    uint8_t role, uint32_t *mailbox, struct problem *why);
/* The same with all parents that are missing. */
MUST_USE enum status tree_make_path(struct change *c, struct account_row *a, struct slice name,
    uint8_t role, uint32_t *mailbox, struct problem *why);
/* Make the parents of a name that are missing. */
MUST_USE enum status tree_make_parents(struct change *c, struct account_row *a, struct slice name,
    struct problem *why);
/* OK when no mailbox lies below name, EXISTS when one does. */
MUST_USE enum status tree_is_leaf(struct txn *t, uint32_t account, struct slice name,
    struct problem *why);

#endif
