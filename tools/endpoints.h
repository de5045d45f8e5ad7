/*
 * endpoints.h -- the sockets that the supervisor makes and hands over: TCP
 * addresses from the settings, and Unix sockets in run/.
 */
#ifndef TOOLS_ENDPOINTS_H
#define TOOLS_ENDPOINTS_H

#include "base/buf.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct endpoint {
	const char *name;	/* "imaps", "store-plan" */
	int fd;			/* listening */
	char *address;		/* "127.0.0.1:10993"; given; NULL for a Unix socket */
};

#define ENDPOINT_COUNT_MAX 128

struct endpoints {
	struct endpoint list[ENDPOINT_COUNT_MAX];
	size_t count;
};

/* SYNTAX: no such list; see the next one. */
MUST_USE enum status endpoints_check_tcp(const char *name, const char *addresses,
    struct problem *why);
/*
 * Bind and listen on every address of a comma-separated list "127.0.0.1:993, [::]:993".
 * SYNTAX: no such list.  IO: an address is taken or not ours; why says which and what to do.
 */
MUST_USE enum status endpoints_add_tcp(struct endpoints *e, const char *name,
    const char *addresses, struct problem *why);
/*
 * Make "file" in the current directory and listen on it.  What was there is replaced.  mode: who
 * may connect; with daemons under users of their own the listener itself asks who it is.
 */
MUST_USE enum status endpoints_add_unix(struct endpoints *e, const char *name, const char *file,
    unsigned mode, struct problem *why);
/* Close all. */
void endpoints_clear(struct endpoints *e);

/* A port of 127.0.0.1 that nobody listens on now. */
MUST_USE enum status free_port(unsigned *port, struct problem *why);

#endif
