/*
 * grant.h -- what policyd gives a session at login: a signed statement of who
 * it is and what it may change.  stored checks it without asking anybody, so
 * sessions outlive a restart of either.  The key is made by the supervisor and
 * known to policyd and stored only.
 *
 *   u8 version 2, u32 account, u32 rights, u64 issued_at, slice login, slice origin,
 *   u64 login_mark, 32 bytes HMAC; version 1 had no mark, which reads as LOGIN_NONE
 */
#ifndef STORE_GRANT_H
#define STORE_GRANT_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define GRANT_MAX 512
#define ORIGIN_MAX 64

enum {
	GRANT_CHANGE = 1,	/* append, copy, move, flags, expunge, folders in its own account */
};

struct grant {
	uint32_t account;
	uint32_t rights;
	uint64_t issued_at;
	struct slice login;
	struct slice sid;
	/* Where changes come from, as the journal keeps it: sid, a blank and the client's address.
	 * Sealed without: the sid alone. */
	struct slice origin;
	uint64_t login_mark;	/* of the account, at login: logins.h */
};

/* Append the sealed form. */
void grant_seal(const struct grant *g, struct slice key, struct buf *out);
/* Check and read; slices are borrowed.  DENIED when the seal is not of this key; CORRUPT. */
MUST_USE enum status grant_open(struct slice sealed, struct slice key, struct grant *out);
/* Read without the key: a worker learns whose session it has.  Proves nothing. */
MUST_USE enum status grant_peek(struct slice sealed, struct grant *out);

#endif
