/*
 * conn_internal.h -- what a conn is; for conn.c (its life and its handlers)
 * and conn_io.c (its bytes).
 */
#ifndef NET_CONN_INTERNAL_H
#define NET_CONN_INTERNAL_H

#include "net/conn.h"
#include "net/fifo.h"
#include "net/loop_internal.h"
#include "net/tls_stream.h"

enum conn_phase {
	PHASE_CLEAR,
	PHASE_FLUSHING,	/* TLS was asked for, clear output is left */
	PHASE_SHAKING,	/* the TLS handshake is going on */
	PHASE_SECURE,
};

struct conn_rate {
	uint64_t due_ms;	/* the window ends; 0: nothing is waited for */
	size_t moved;		/* bytes in this window */
	size_t wanted;
	uint32_t window_s;	/* 0: no rate is asked for */
};

/* The last output of a conn that is finishing. */
struct conn_last {
	uint64_t ends_at_ms;	/* whatever moves */
	size_t left;		/* when last looked at */
};

struct conn {
	struct stray stray;	/* while finishing */
	struct soon soon;
	struct loop *loop;
	struct watch *watch;
	struct timer *timer;
	const struct conn_handler *handler;
	void *ctx;
	struct tls_stream *tls;
	char *problem;

	struct fifo in;
	struct slice fresh;	/* input still in the loop's scratch memory; then in is empty */
	size_t input_max;
	struct fifo out;
	size_t clear_left;	/* bytes at the front of out that go before the handshake */

	uint64_t moved_at_ms;	/* the last byte in either direction */
	uint64_t deadline_ms;	/* 0: none */
	uint64_t shake_by_ms;	/* 0: none */
	uint64_t timer_at_ms;	/* when the timer fires; 0: it is not set */
	uint32_t patience_s;
	struct conn_rate in_rate;
	struct conn_rate out_rate;
	struct conn_last last;

	int fd;
	unsigned busy;			/* handlers running */
	enum conn_phase phase;
	enum conn_end end;		/* meaningful with has_end */
	bool is_paused;
	bool is_closed;			/* the memory goes when busy is 0 */
	bool is_finishing;
	bool is_lingering;		/* counted by the loop */
	bool is_half_open;		/* for proxies: on_drained goes on after CONN_EOF */
	bool has_end;			/* on_end is due, or was called */
	bool has_ended;			/* it was called */
	bool is_eof;			/* the peer sends no more */
	bool is_broken;			/* nothing can be sent any more; input may be left */
	bool is_blocked;		/* output waits for the socket */
	bool input_is_new;		/* on_input is due */
	bool drain_is_due;		/* on_drained is due when out is empty */
	bool may_read_more;		/* TLS holds bytes that no readiness announces */
	bool tls_wants_write;		/* the handshake or a read waits to write */
	bool output_ends;		/* conn_end_output() was called */
	bool output_has_ended;
	char peer[46];
};

/* Remember that the stream is over and why; on_end follows from the loop.  The first end stays. */
void conn_fail(struct conn *c, enum conn_end end, const struct problem *why);
/* Nothing can be sent any more.  What the peer sent before it went away is still heard. */
void conn_break(struct conn *c, const struct problem *why);
size_t conn_input_len(const struct conn *c);

/* Have the timer fire when the next of its times is over. */
void conn_arm(struct conn *c);

/* conn_rate.c: bytes came in; sent were sent and left still wait. */
void conn_rate_came(struct conn *c, size_t came);
void conn_rate_sent(struct conn *c, size_t sent, size_t left);
/* The earlier end of both windows; 0: there is none. */
uint64_t conn_rate_ends(const struct conn *c);
/* False when a window is over; why says which. */
bool conn_rate_is_kept(struct conn *c, uint64_t now_ms, struct problem *why);

/* Bytes that have not reached the peer: queued, or sent and not taken by it. */
size_t conn_unsent(const struct conn *c);
/* With so much left, until when it may go on; no later than now_ms: no longer. */
uint64_t conn_last_deadline(struct conn_last *last, size_t left, uint64_t now_ms);

/* The earlier of two times of which 0 is none. */
static inline uint64_t
earlier(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* Send what can be sent now. */
void conn_flush(struct conn *c);
/* Send s past the queue, which is empty; the bytes the socket took. */
size_t conn_send(struct conn *c, struct slice s);
/* One read into c->fresh or c->in. */
void conn_read(struct conn *c);
/* One step of the handshake.  True when it was the last. */
bool conn_shake(struct conn *c);
/* What the watch must wait for now. */
unsigned conn_wanted(const struct conn *c);

#endif
