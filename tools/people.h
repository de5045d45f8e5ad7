/*
 * people.h -- which account is whose, for commands that read the store: of
 * policyd where the instance is served, else of its directory; and of accounts
 * that were removed, from the store.
 */
#ifndef TOOLS_PEOPLE_H
#define TOOLS_PEOPLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "tools/command.h"

struct people;
struct store;

/* The instance has been entered, the store is open.  *out: given, people_free(). */
MUST_USE enum status people_load(const struct invocation *in, struct store *store,
    struct people **out, struct problem *why);
void people_free(struct people **p);
/*
 * The account of a login, or of its number.  Without '@' the first of that name; who is there comes
 * before who was removed.  ABSENT with why.
 */
MUST_USE enum status people_find(const struct people *p, struct slice text, uint32_t *account,
    struct problem *why);
/* Append the login of an account; its number where nobody knows it. */
void people_login(const struct people *p, uint32_t account, struct buf *out);
bool people_is_removed(const struct people *p, uint32_t account);

#endif
