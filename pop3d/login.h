/*
 * login.h -- from a stranger's bytes to a client that a worker has: TLS, what
 * policyd says of a name and password, and the handover.  Runs in fronts.
 */
#ifndef POP3D_LOGIN_H
#define POP3D_LOGIN_H

#include <stdbool.h>

#include "base/slice.h"

struct ipc_client;
struct pop3_host;
struct pop3_session;

/* Greet a new client, after its handshake where there is one. */
void login_begin(struct pop3_session *s, bool is_tls_first);
/* The TLS handshake is done. */
void login_secured(struct pop3_session *s);
/* Ask policyd; the answer goes on from there. */
void login_password(struct pop3_session *s, struct slice name, struct slice password);
void login_sasl(struct pop3_session *s, struct slice mechanism, bool has_message,
    struct slice message);

#endif
