/*
 * sandbox.h -- what a process gives up before it reads a peer's first byte:
 * its user, new privileges, file system, network, and system calls it never
 * needs.  Degrades by what the kernel offers; the level reached is returned
 * as text for one log line.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/problem.h"
#include "base/status.h"

/* What a process may still do besides computing, its open descriptors and its own memory. */
enum {
	SANDBOX_OPEN = 1,		/* open files, below the paths of the profile */
	SANDBOX_CONNECT_UNIX = 2,	/* make and connect Unix sockets */
	SANDBOX_CONNECT_TCP = 4,	/* connect to TCP and UDP addresses anywhere */
	SANDBOX_THREADS = 8,		/* start threads */
};

enum sandbox_access { SANDBOX_READ, SANDBOX_WRITE };

struct sandbox_path {
	const char *path;
	enum sandbox_access access;	/* a file or everything below a folder */
};

struct sandbox_profile {
	unsigned may;			/* SANDBOX_* */
	const struct sandbox_path *paths;	/* as seen from the current directory, inside root */
	size_t path_count;
	const char *user;		/* "tradepost-smtpd": taken when started as root */
	const char *root;		/* all of the file system that is left, when started as root:
					 * ".", ".."; NULL: it stays whole */
};

/*
 * Enter, for ever.  Steps: user, groups and root directory, capabilities, limits
 * (no core file; at most 4 GiB of memory of its own; no processes, and 1,024
 * threads of its user where it may start any), not dumpable, no_new_privs, Landlock, seccomp.
 * *level gets them by name ("uid,root,caps,nnp,landlock7,seccomp").  The size of files is not
 * limited: the log may be one.  Time zones work inside.
 * IO      the kernel refuses a step that it supports: the process must not go on
 * ABSENT  started as root, and there is no such user
 * DENIED  there are threads already, which would stay outside; a path of the profile cannot be
 *         reached
 */
MUST_USE enum status sandbox_enter(const struct sandbox_profile *p, struct buf *level,
    struct problem *why);

#endif
