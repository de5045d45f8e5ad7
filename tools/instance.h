/*
 * instance.h -- one instance is one directory: what lies where in it.
 *
 *   tradepost.conf   settings             tls/{ca,ca-key,cert,key}.pem
 *   store/           the message store    policy/   the directory of people
 *   run/             sockets and locks    backup/
 *
 * Every command but init and restore enters run/, as the daemons do: all other
 * paths are then short and relative.
 */
#ifndef TOOLS_INSTANCE_H
#define TOOLS_INSTANCE_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/status.h"

#define INSTANCE_CONF "../tradepost.conf"
#define INSTANCE_PARTIAL "restore.partial"	/* in DIR while it is being restored */
#define INSTANCE_CERT "../tls/cert.pem"
#define INSTANCE_KEY "../tls/key.pem"
#define INSTANCE_CA "../tls/ca.pem"
#define INSTANCE_CA_KEY "../tls/ca-key.pem"

/*
 * Make DIR's run/ the current directory, once for all: one command is about one instance.
 * ABSENT  DIR is no instance (why says how to make one)   DENIED  permissions
 */
MUST_USE enum status instance_enter(const char *dir, struct problem *why);
/*
 * What to say of a process of the instance that gave no answer: st and said are
 * ipc_call_wait()'s.  DENIED: the sockets are somebody else's; else BUSY.
 */
enum status instance_unanswered(const char *dir, enum status st, const struct problem *said,
    struct problem *why);
/* Make DIR and its folders, readable by nobody else.  EXISTS when there is an instance already. */
MUST_USE enum status instance_make(const char *dir, struct problem *why);
/* The folders of an instance in the current directory, as instance_make() makes them. */
MUST_USE enum status instance_folders_make(struct problem *why);
/* Hold the lock of whoever serves this instance until the process ends.  BUSY: somebody does. */
MUST_USE enum status instance_lock(struct problem *why);
/* Somebody serves this instance now. */
bool instance_is_served(void);

/* Write a new file as a whole: mode, contents, fsync, rename. */
struct slice;
MUST_USE enum status file_write(const char *path, unsigned mode, struct slice contents,
    struct problem *why);

#endif
