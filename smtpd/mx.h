/*
 * mx.h -- which hosts take mail for a domain, in the order to try them
 * (RFC 5321 s.5.1, RFC 7505).
 */
#ifndef SMTPD_MX_H
#define SMTPD_MX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/dns.h"
#include "smtpd/relay_reply.h"

struct mx_search;

struct mx_host {
	char name[DNS_NAME_MAX + 3];	/* or a numeric address, where the domain is a literal */
};

struct mx_list {
	struct mx_host hosts[DNS_HOSTS_MAX];
	uint32_t count;
	bool is_implicit;	/* no MX: the domain itself */
};

/* Names that mean ourselves. */
struct mx_own {
	struct slice names[3];
};

/*
 * Put exchangers, lowest preference first, into the order to try: equals by
 * chance, and none that is no better than ourselves.  random: one call, one number.
 */
void mx_arrange(const struct dns_mx *list, uint32_t count, const struct mx_own *own,
    uint64_t (*random)(void), struct mx_list *out);

/*
 * Search: done once, from the loop, unless cancelled.  list is NULL when there
 * is nobody, and why says so: RELAY_FAILED or RELAY_LATER.  The search is gone then.
 */
struct mx_search *mx_search_start(struct dns *dns, struct slice domain, const struct mx_own *own,
    void (*done)(void *ctx, const struct mx_list *list, const struct relay_result *why),
    void *ctx);
/* Its done will not be called.  Sets *m to NULL; accepts NULL. */
void mx_search_cancel(struct mx_search **m);

#endif
