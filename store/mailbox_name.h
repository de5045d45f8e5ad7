/*
 * mailbox_name.h -- one spelling for each mailbox name: Unicode NFC, INBOX in
 * capitals, '/' between levels.
 */
#ifndef STORE_MAILBOX_NAME_H
#define STORE_MAILBOX_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "store/mailbox.h"

struct mailbox_name {
	uint16_t len;
	char text[MAILBOX_NAME_MAX];
};

/* SYNTAX, LIMIT as mailbox_name_check(). */
MUST_USE enum status mailbox_name_make(struct slice given, struct mailbox_name *out,
    struct problem *why);
struct slice mailbox_name_slice(const struct mailbox_name *n);
/* True when name lies somewhere below top. */
bool mailbox_name_is_below(struct slice name, struct slice top);

#endif
