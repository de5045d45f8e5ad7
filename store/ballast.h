/*
 * ballast.h -- a file that only takes room, so that there is some left when the
 * disk is full: it is let go for what removes messages, and nothing else is
 * taken in until there is room for it again.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

#define BALLAST_FILE "ballast"

struct ballast;

/*
 * In directory path, where it is made as soon as so much more than floor_bytes is free:
 * ballast_tend().  bytes 0: there is none, and it never is out.
 */
struct ballast *ballast_new(const char *path, uint64_t bytes, uint64_t floor_bytes);
/* The file stays. */
void ballast_free(struct ballast **b);
/* Make it when there is room for it; every few seconds, on one thread. */
void ballast_tend(struct ballast *b);
/* Let it go.  False: it is out already.  Any thread. */
bool ballast_release(struct ballast *b);
/* Was it let go, and is not there again?  Any thread. */
bool ballast_is_out(struct ballast *b);

#endif
