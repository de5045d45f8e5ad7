/*
 * service.h -- policy.sock: takes each request to whoever answers it.
 */
#ifndef POLICY_SERVICE_H
#define POLICY_SERVICE_H

#include <stddef.h>
#include <sys/types.h>

#include "policy/policyd.h"

/* Serve policy.sock as p->service; listen_fd stays the caller's. */
void service_start(struct policyd *p, int listen_fd, const uid_t *uids, size_t uid_count);
void service_stop(struct policyd *p);
/* Sessions of smtpd in which the account is logged in under another mark are over. */
void service_end_sessions(struct policyd *p, uint32_t account, uint64_t mark);

#endif
