/*
 * bootstrap.h -- the directory while nothing runs: the first domain and the
 * first account of a new instance, and what else mailadm does by itself.
 */
#ifndef POLICY_BOOTSTRAP_H
#define POLICY_BOOTSTRAP_H

#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

/*
 * Make the directory in policy_dir (an existing folder) with one domain, the
 * default, and one account, an administrator: admin_login is "name" or
 * "name@domain".
 * SYNTAX  a name or the password is not well formed   EXISTS  there are accounts already
 * LIMIT   the password is too long   others as env_open() and txn_commit()
 */
MUST_USE enum status bootstrap_directory(const char *policy_dir, struct slice domain,
    struct slice admin_login, struct slice password, struct problem *why);
/*
 * A directory that comes out of a backup, in policy_dir: nothing is collected until the
 * administrator releases it.  note: for the audit.  Statuses as env_open() and txn_commit().
 */
MUST_USE enum status bootstrap_restored(const char *policy_dir, struct slice note,
    struct problem *why);
/* Who is in it, for commands while nothing runs: ids and logins.  Statuses as env_open(). */
MUST_USE enum status bootstrap_people(const char *policy_dir,
    void (*each)(void *ctx, uint32_t account, struct slice login), void *ctx,
    struct problem *why);
/* Can this program work with the directory in policy_dir?  directory_look() says more. */
MUST_USE enum status bootstrap_look(const char *policy_dir, struct problem *why);
/* Make it one of this version: directory_upgrade(). */
MUST_USE enum status bootstrap_upgrade(const char *policy_dir, struct problem *why);

#endif
