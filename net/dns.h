/*
 * dns.h -- what the domain name system says: mail exchangers, addresses.
 * Over c-ares, without blocking.  Nothing in an answer is believed but its
 * form: names that no host can have and more than DNS_HOSTS_MAX of anything are
 * left out.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct dns;
struct dns_call;
struct loop;

#define DNS_HOSTS_MAX 20
#define DNS_NAME_MAX 253	/* RFC 1035 s.2.3.4, as text */
#define DNS_ADDRESS_TEXT 46

/*
 * server: who is asked, "192.0.2.53:53", "[2001:db8::53]:5353"; empty: as the system is set up.
 * Names are always whole: no search domains.
 * SYNTAX  no such address   IO  the resolver cannot be made
 */
MUST_USE enum status dns_new(struct loop *l, struct slice server, struct dns **out,
    struct problem *why);
/* Calls still open are cancelled. */
void dns_free(struct dns **d);

struct dns_mx {
	uint16_t preference;	/* the lowest is first */
	struct slice host;	/* lower case, without the last dot; empty: "." (RFC 7505) */
};

struct dns_address {
	char text[DNS_ADDRESS_TEXT];	/* numeric, NUL-terminated */
};

/*
 * What a call ends with, exactly once, from the loop, unless cancelled; slices
 * are borrowed during it.  The call is gone by then: it is not to be cancelled.
 * OK       count may be 0: the name is there, but has none
 * ABSENT   there is no such name
 * SYNTAX   this is no name
 * BUSY     no answer, or the answer of a server that cannot say
 * CORRUPT  an answer that means nothing
 */
typedef void dns_mx_done(void *ctx, enum status st, const struct dns_mx *list, uint32_t count,
    const struct problem *why);
typedef void dns_address_done(void *ctx, enum status st, const struct dns_address *list,
    uint32_t count, const struct problem *why);

/* Mail exchangers, lowest preference first. */
struct dns_call *dns_mx(struct dns *d, struct slice name, dns_mx_done *done, void *ctx);
/*
 * Addresses of both families (/etc/hosts included), in the order to try them; each in one form only,
 * IPv6 addresses that are mapped ones as IPv4.
 */
struct dns_call *dns_addresses(struct dns *d, struct slice host, dns_address_done *done,
    void *ctx);
/* Its done will not be called.  Sets *c to NULL; accepts NULL. */
void dns_cancel(struct dns_call **c);

/* True for a name that a host can have: letters, digits, '-', '_' in labels of 1 to 63 bytes. */
bool dns_name_is_valid(struct slice name);
/* True for addresses that mean this machine or none: 127.0.0.0/8, 0.0.0.0/8, ::1, ::, mapped ones. */
bool dns_address_is_local(const char *numeric);

#endif
