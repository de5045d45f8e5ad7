/*
 * status.h -- the one error convention.
 * The values say what a caller can do about a failure, not where it came from;
 * what a person should read goes into a struct problem (base/problem.h).
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define MUST_USE __attribute__((warn_unused_result))

enum status {
	STATUS_OK,
	STATUS_PENDING,	/* not yet: an event will resume the work */
	STATUS_SYNTAX,	/* the input breaks its grammar: never try again */
	STATUS_LIMIT,	/* a size or count limit is reached */
	STATUS_ABSENT,	/* the thing named does not exist */
	STATUS_EXISTS,	/* the thing to be made is there already */
	STATUS_DENIED,	/* not allowed, here or to this peer */
	STATUS_BUSY,	/* cannot now: try again later */
	STATUS_STALE,	/* decided on old facts: read them and decide again */
	STATUS_CORRUPT,	/* stored or received data cannot be what was written */
	STATUS_IO,	/* the machine failed: disk, network, kernel */
	STATUS_FULL,	/* a person's quota is used up: they can make room */
	STATUS_COUNT
};

/* Lower-case English name, for logs and for --json; "unknown" outside the enum. */
const char *status_name(enum status st);

#endif
