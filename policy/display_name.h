/*
 * display_name.h -- when two display names are the same name.
 */
#ifndef POLICY_DISPLAY_NAME_H
#define POLICY_DISPLAY_NAME_H

#include <stdbool.h>

#include "base/buf.h"

#define DISPLAY_NAME_KEY_MAX 1024

/*
 * Append the form of a name by which names are compared: compatibility forms
 * unified (NFKD), case folded; spaces, punctuation, symbols, controls,
 * zero-width characters and the tone marks and accents of letters left out.
 * Traditional and simplified characters stay different.  Nothing is appended
 * for a name without a letter or digit.
 * SYNTAX  not UTF-8   LIMIT  out is full; out is unchanged
 */
MUST_USE enum status display_name_key(struct slice utf8, struct buf *out);
/* Append the name without what stands in brackets of any width: "张三（外贸部）" gives "张三". */
void display_name_without_brackets(struct slice utf8, struct buf *out);
/* True when a name says no more than its address: it equals the address or its local part. */
bool display_name_is_address(struct slice utf8, struct slice address);

#endif
