/*
 * tls_internal.h -- what a TLS context is, for tls.c and tls_stream.c.
 */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/problem.h"

struct tls_context {
	SSL_CTX *ssl;
	bool is_server;
	bool is_checked;	/* a client that checks the server's certificate */
};

/* What OpenSSL has on its error queue, in words; empties the queue. */
void tls_problem_set(struct problem *why, const char *what);

#endif
