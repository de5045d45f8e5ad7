/*
 * admin.h -- policy-admin.sock: what mailadm asks, in JSON (docs/ipc.md).
 */
#ifndef POLICY_ADMIN_H
#define POLICY_ADMIN_H

#include <stddef.h>

#include "policy/policyd.h"

struct admin;

/* listen_fd stays the caller's.  Only root and our own user may connect. */
struct admin *admin_new(struct policyd *p, int listen_fd);
/* Before auth, directory and fetching are freed. */
void admin_free(struct admin **a);

#endif
