/*
 * summary.h -- whom a message is from and to and what it is about, for people
 * to read: from the ENVELOPE of its digest, without a look at its text.
 */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define SUMMARY_TEXT_MAX 65536	/* bytes of one field; the rest is left out */

struct summary {	/* UTF-8, one line each */
	struct buf subject;
	struct buf from, to, cc, bcc;	/* "Zhang San <sales@example.com>, ..." */
};

void summary_init(struct summary *s);
void summary_clear(struct summary *s);
/* Fill it, whatever was in it before.  CORRUPT: it is no envelope; what could be read is there. */
MUST_USE enum status summary_read(struct slice envelope, struct summary *s);
/* Does a field hold these words somewhere?  Case does not count; empty words are everywhere. */
bool summary_holds(const struct buf *field, struct slice words);

#endif
