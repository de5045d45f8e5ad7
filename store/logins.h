/*
 * logins.h -- which logins hold.  policyd gives each account a mark that is
 * another one after its password was changed, and none while it may not log in;
 * a grant carries the mark of its login.  stored keeps them, in memory alone,
 * refuses changes under another mark, and passes them on to the workers, which
 * end such sessions.  Whoever has not been told yet lets every login hold.
 *
 *   STORE_LOGINS, a notice: u8 is_all, u32 count, (u32 account, u64 mark) x count, ascending
 */
#ifndef STORE_LOGINS_H
#define STORE_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define LOGIN_NONE 0	/* mark of an account that may not log in */

struct login_row {
	uint32_t account;
	uint64_t mark;
};

/* All zero: not told yet. */
struct logins {
	bool is_known;
	uint32_t count;
	struct login_row *rows;	/* ascending by account */
};

/* is_all: accounts that are not among the rows are no more; else they stay as they were. */
void logins_put(const struct login_row *rows, uint32_t count, bool is_all, struct buf *out);
/* Take in what was put.  CORRUPT: nothing has changed. */
MUST_USE enum status logins_take(struct logins *l, struct slice payload);
bool logins_hold(const struct logins *l, uint32_t account, uint64_t mark);
void logins_clear(struct logins *l);

#endif
