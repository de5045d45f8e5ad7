/*
 * table.h -- a hash table from bytes to pointers, keyed with SipHash under a
 * random key, so that a peer cannot make entries collide.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/slice.h"

struct table;

/* An empty table, given; table_free() it. */
struct table *table_new(void);
/* free_value may be NULL; otherwise called on every value left. */
void table_free(struct table **t, void (*free_value)(void *value));

void *table_get(const struct table *t, struct slice key);	/* NULL when absent */
/* Copies the key; returns the value that was there, or NULL. */
void *table_put(struct table *t, struct slice key, void *value);
void *table_remove(struct table *t, struct slice key);	/* returns the value, or NULL */
size_t table_count(const struct table *t);
/*
 * Visit all entries, in no order.  The visitor returns false to stop and may
 * remove only the entry it is called for.
 */
void table_each(struct table *t, bool (*visit)(void *ctx, struct slice key, void *value),
    void *ctx);

#endif
