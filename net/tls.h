/*
 * tls.h -- TLS settings shared by many connections, over OpenSSL.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct tls_context;

enum tls_floor { TLS_FLOOR_1_2, TLS_FLOOR_1_0 };

/*
 * For servers: certificate chain and key, PEM files.  ticket_key: 80 bytes that
 * all fronts share, so that any resumes a session of any other; empty: own key.
 * No renegotiation, no compression, session ids issued (Outlook needs them); who
 * offers HTTP (ALPN, RFC 7301) is refused.
 *
 * ABSENT a file is missing   CORRUPT a file cannot be read as PEM, or key and certificate differ
 */
MUST_USE enum status tls_server_new(const char *cert_path, const char *key_path,
    enum tls_floor floor, struct slice ticket_key, struct tls_context **out, struct problem *why);
/* For clients: ca_path checks the server's chain and name; NULL uses the system's CAs. */
MUST_USE enum status tls_client_new(const char *ca_path, struct tls_context **out,
    struct problem *why);
/* For clients that must take any certificate, because the administrator said so. */
MUST_USE enum status tls_client_new_unchecked(struct tls_context **out, struct problem *why);
void tls_context_free(struct tls_context **t);

#endif
