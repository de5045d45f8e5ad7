/*
 * helper.h -- policyd's side of the digest helpers: a queue of texts, spread
 * over whoever is connected.  A helper that dies or takes too long loses its
 * work to another, once.
 */
#ifndef POLICY_HELPER_H
#define POLICY_HELPER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/digest.h"

struct helpers;
struct loop;

#define HELPER_PIPELINE_MAX 16	/* texts at one helper */
#define HELPER_ATTEMPTS_MAX 2	/* helpers that one text may cost */
#define HELPER_WAIT_S 30	/* for a helper to be there at all */

/* listen_fd stays the caller's. */
struct helpers *helpers_new(struct loop *l, int listen_fd, const uid_t *uids, size_t uid_count);
/* Everything asked must have been answered or cancelled. */
void helpers_free(struct helpers **h);

/* d is NULL unless st is OK, and borrowed during the call.  BUSY: no helper could read it. */
typedef void helper_done(void *ctx, enum status st, const struct digest_done *d);
/* Have a text read; fd, a sealed memfd, stays the caller's and open until done or cancelled. */
uint64_t helpers_read(struct helpers *h, int fd, uint32_t size_bytes, uint32_t prefix_len,
    helper_done *done, void *ctx);
/*
 * d and text are there only with OK: text is the sealed memfd of digest.h's
 * REWRITTEN, given.  BUSY: no helper could do it.  LIMIT: it would be too large.
 */
typedef void helper_rewritten(void *ctx, enum status st, const struct digest_rewritten *d,
    int text);
/* Have a text rewritten; fd as above.  The order is not needed after the call. */
uint64_t helpers_rewrite(struct helpers *h, int fd, uint32_t size_bytes,
    const struct rewrite_order *order, helper_rewritten *done, void *ctx);
void helpers_cancel(struct helpers *h, uint64_t number);

#endif
