/*
 * children.h -- the processes of an instance: which there are, starting them
 * with their sockets, starting again what died, stopping all in order.
 */
#ifndef TOOLS_CHILDREN_H
#define TOOLS_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/problem.h"
#include "base/status.h"
#include "tools/endpoints.h"

struct children;
struct loop;

struct children_counts {
	uint32_t digests, imap_fronts, imap_workers, pop3_workers;
};

/*
 * Make the Unix sockets and keys, and start everything, once the loop runs.
 * endpoints already holds the TCP sockets and stays the caller's.  program_dir:
 * where the daemons' programs lie.  stopped(ctx): after children_stop(), when
 * all are gone.
 */
MUST_USE enum status children_new(struct loop *l, struct endpoints *endpoints,
    const char *program_dir, const struct children_counts *counts, bool is_debug,
    void (*stopped)(void *ctx), void *ctx, struct children **out, struct problem *why);
void children_free(struct children **c);
/* SIGTERM to what takes mail and logins first, then to what it stands on; SIGKILL after 20 s. */
void children_stop(struct children *c);

/* Every process runs and has said that it serves. */
bool children_all_ready(const struct children *c);

struct child_state {
	char name[40];		/* "imapd-worker-1" */
	pid_t pid;		/* 0: not running */
	bool is_ready;
	uint32_t restarts;
};
/* The i-th process; false when there are no more. */
bool children_state(const struct children *c, size_t i, struct child_state *out);

#endif
