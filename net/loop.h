/*
 * loop.h -- the event loop of one thread: descriptors, timers, signals, and
 * work posted from other threads.  A thin cover over libevent, so that no
 * other room includes its headers.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

struct loop;
struct timer;
struct watch;

enum { WATCH_READ = 1, WATCH_WRITE = 2 };

struct loop *loop_new(void);
/* Everything made on the loop must have been freed before. */
void loop_free(struct loop **l);
/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Run fn(ctx) on the loop's thread, in order of posting.  Safe from any thread. */
void loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx);

/* A timer that is not running yet. */
struct timer *timer_new(struct loop *l, void (*fired)(void *ctx), void *ctx);
/* Fire once, ms from now; replaces an earlier setting. */
void timer_set(struct timer *t, uint64_t ms);
void timer_stop(struct timer *t);
void timer_free(struct timer **t);

/*
 * Call ready(ctx, events) while fd is readable or writable (WATCH_* bits, level
 * triggered), as watch_want() says; nothing at first.  The fd stays the caller's.
 */
struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *ctx, unsigned events),
    void *ctx);
void watch_want(struct watch *w, unsigned events);
void watch_free(struct watch **w);

/* Call on_signal(ctx) on the loop for every arrival of signo; until the loop is freed. */
void loop_on_signal(struct loop *l, int signo, void (*on_signal)(void *ctx), void *ctx);

#endif
