/*
 * conn.h -- one byte stream with a peer: TCP or Unix socket, clear or TLS.
 * Knows buffers, back-pressure and silence; never a protocol verb.  An idle
 * conn holds no buffer memory.
 *
 * Handlers run on the loop.  Inside any handler the session may call
 * everything here, conn_close() included.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct conn;
struct loop;
struct tls_context;

enum conn_end {
	CONN_EOF,		/* the peer closed, after all its bytes were consumed or refused */
	CONN_RESET,		/* the transport failed */
	CONN_TIMEOUT,		/* silence or deadline */
	CONN_TLS_FAILED,	/* the handshake failed */
};

struct conn_handler {
	/* conn_input() has bytes that were not there before, or conn_resume() was called. */
	void (*on_input)(void *ctx);
	/* What was written has left this process; may be NULL. */
	void (*on_drained)(void *ctx);
	/* The TLS handshake asked for by conn_start_tls() is done; may be NULL. */
	void (*on_secure)(void *ctx);
	/* The stream is over: called once, then nothing more.  The conn is still to be closed. */
	void (*on_end)(void *ctx, enum conn_end end);
};

/* Takes fd (made non-blocking).  Reads at once. */
struct conn *conn_new(struct loop *l, int fd, const struct conn_handler *handler, void *ctx);
/* From now on these handlers are called. */
void conn_set_handler(struct conn *c, const struct conn_handler *handler, void *ctx);
/* Closes at once, dropping what was not sent.  Sets *c to NULL; accepts NULL. */
void conn_close(struct conn **c);
/*
 * Sends what is left, then closes and frees by itself: the caller forgets the
 * conn now and gets no more events.  At most CONN_FINISH_S, and only while CONN_FINISH_BYTES of it
 * reach the peer in each CONN_FINISH_STEP_S.  Nobody counts such conns any more, so beyond
 * CONN_LINGERING_MAX of a loop there is one step only.  A Unix socket leads to a proxy of ours,
 * which takes it at its client's pace.
 */
void conn_finish(struct conn **c);
#define CONN_FINISH_S 300
#define CONN_FINISH_STEP_S 10
#define CONN_FINISH_BYTES 1024
#define CONN_LINGERING_MAX 100

/* Bytes received and not consumed; borrowed until the next call on this conn. */
struct slice conn_input(const struct conn *c);
void conn_consume(struct conn *c, size_t n);
/* Input that reached another process first (net/handover.h); only while there is no other. */
void conn_preload(struct conn *c, struct slice s);
/* Stop reading from the peer while this many bytes are unconsumed (default 64 KiB). */
void conn_set_input_max(struct conn *c, size_t bytes);
/*
 * No on_input until conn_resume(), which calls it from the loop when there is
 * input.  CONN_EOF waits, too; CONN_RESET and CONN_TIMEOUT do not.
 */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
bool conn_is_paused(const struct conn *c);

/* Queue bytes; sent when the loop turns. */
void conn_write(struct conn *c, struct slice s);
/* format is a literal of ours; values from peers only through %.*s.  Meant for lines. */
void conn_printf(struct conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes queued and not yet sent: a writer of much stops above CONN_OUTPUT_HIGH
 * and goes on at on_drained.  Above it for ever once nothing can be sent: on_end follows. */
size_t conn_output_pending(const struct conn *c);
#define CONN_OUTPUT_HIGH (256 * 1024)

/*
 * End with CONN_TIMEOUT after this long without a byte in either direction; 0: never.
 * Time while paused with no output pending is ours and does not count.
 */
void conn_set_patience(struct conn *c, uint32_t seconds);
/* End with CONN_TIMEOUT this long from now, whatever moves; 0: no deadline. */
void conn_set_deadline(struct conn *c, uint32_t seconds);
/*
 * From now on, end with CONN_TIMEOUT when less than so many bytes come in within
 * so many seconds, after each time they did; 0 seconds: no such rate.  While paused no
 * time passes.
 */
void conn_set_input_rate(struct conn *c, uint32_t seconds, size_t bytes);
/*
 * The same for output while some of it waits: in that time it has to leave, or so
 * many bytes of it.  At first CONN_OUTPUT_RATE_S and CONN_OUTPUT_RATE_BYTES.
 */
void conn_set_output_rate(struct conn *c, uint32_t seconds, size_t bytes);
#define CONN_OUTPUT_RATE_S 600
#define CONN_OUTPUT_RATE_BYTES (64 * 1024)

/*
 * Begin TLS, as server or client by what the context is.  Unconsumed clear
 * input is discarded first (CVE-2011-0411); queued output is sent in clear
 * before the handshake.  server_name: for SNI and the certificate check of a
 * client, in UTF-8 or in A-labels; NULL for a server.
 */
void conn_start_tls(struct conn *c, struct tls_context *tls, const char *server_name);
bool conn_is_secure(const struct conn *c);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", or "" in clear. */
const char *conn_tls_text(const struct conn *c);
/* Why the end came, in words, for logs; "" when there is nothing to say. */
const char *conn_problem(const struct conn *c);

/*
 * Give up a clear conn, keeping its socket: the caller now owns the returned
 * fd, and *rest holds a copy of the unconsumed input (mem_free(rest->ptr)).
 * All output must have drained.  Sets *c to NULL.
 */
int conn_detach(struct conn **c, struct slice *rest);

/*
 * Send what is queued, then tell the peer that no more comes (TLS: close_notify
 * first).  Later writes are dropped; input goes on.
 */
void conn_end_output(struct conn *c);

/* Numeric address of the peer, "192.0.2.7" or "2001:db8::1"; "unix" for a Unix socket. */
const char *conn_peer(const struct conn *c);

#endif
