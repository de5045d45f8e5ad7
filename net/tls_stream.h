/*
 * tls_stream.h -- the TLS of one connection, over a non-blocking socket that
 * somebody else owns.  Private to net/.
 */
#ifndef NET_TLS_STREAM_H
#define NET_TLS_STREAM_H

#include "base/problem.h"
#include "base/slice.h"
#include "net/tls.h"

struct tls_stream;

enum tls_result {
	TLS_DONE,
	TLS_WANT_READ,	/* call again when the socket is readable */
	TLS_WANT_WRITE,	/* call again when it is writable */
	TLS_EOF,	/* the peer said goodbye as TLS wants it */
	TLS_FAILED,	/* why says what; only tls_stream_free() is left to do */
};

/* server_name: as conn_start_tls().  The context may be freed before the stream. */
struct tls_stream *tls_stream_new(struct tls_context *context, int fd, const char *server_name);
void tls_stream_free(struct tls_stream **s);
enum tls_result tls_stream_handshake(struct tls_stream *s, struct problem *why);
/* DONE with *got > 0 bytes at out. */
enum tls_result tls_stream_read(struct tls_stream *s, char *out, size_t len, size_t *got,
    struct problem *why);
/*
 * DONE with *put > 0 bytes taken.  After WANT_*, the next call begins with the
 * same bytes, at any address.
 */
enum tls_result tls_stream_write(struct tls_stream *s, struct slice bytes, size_t *put,
    struct problem *why);
/* True while bytes are decrypted that no readiness of the socket will announce. */
bool tls_stream_has_input(const struct tls_stream *s);
/* Say goodbye; tried once, without waiting. */
void tls_stream_end(struct tls_stream *s);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384"; borrowed from s. */
const char *tls_stream_text(struct tls_stream *s);

#endif
