/*
 * pass.h -- give a logged-in client to the worker of its account: a clear one
 * with its socket, a TLS one through a pair of sockets whose other end this
 * front keeps copying to.
 */
#ifndef POP3D_PASS_H
#define POP3D_PASS_H

struct pop3_session;

/* The session ends here; its client goes on in the worker, or is told why not. */
void pass_begin(struct pop3_session *s);

#endif
