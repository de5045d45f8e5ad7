/*
 * capability.h -- what we say we can do.  The same before and after login,
 * since some Outlooks decide by the first list alone.
 */
#ifndef IMAPD_CAPABILITY_H
#define IMAPD_CAPABILITY_H

#include "base/slice.h"

enum capability_stage {
	CAPABILITY_CLEAR,	/* before TLS: no login until then */
	CAPABILITY_CLEAR_LOGIN,	/* before TLS, and login is allowed */
	CAPABILITY_SECURE,	/* under TLS, or logged in */
};

/* "CAPABILITY IMAP4rev1 ...", without a line end. */
struct slice capability_text(enum capability_stage stage);

#endif
