/*
 * inside.h -- names that mean something in the office only.  A pure function.
 */
#ifndef POLICY_INSIDE_H
#define POLICY_INSIDE_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * True for a domain that no name server outside can know: without a dot, under
 * ".local", ".lan" and the like, an address literal, or an address.
 */
bool inside_is_internal(struct slice domain);

#endif
