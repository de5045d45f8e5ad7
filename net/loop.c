#include "net/loop.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/mem.h"
#include "net/loop_internal.h"

#define TRIM_S 5	/* it takes some milliseconds with thousands of connections */

struct post {
	struct link link;	/* first */
	void (*fn)(void *ctx);
	void *ctx;
};

struct signal_entry {
	struct link link;	/* first */
	struct event event;
	void (*on_signal)(void *ctx);
	void *ctx;
};

struct loop {
	struct event_base *base;
	struct event soon_event;
	struct event wake_event;
	struct event trim_event;
	struct link soon;
	struct link soon_running;
	struct link signals;
	struct link strays;
	unsigned lingering;
	bool is_running_soon;
	bool is_stopped;
	char *scratch;
	int wake_fd;
	pthread_mutex_t post_lock;
	struct link posts;	/* under post_lock */
};

struct timer {
	struct event event;
	void (*fired)(void *ctx);
	void *ctx;
};

struct watch {
	struct event event;
	struct loop *loop;
	void (*ready)(void *ctx, unsigned events);
	void *ctx;
	int fd;
	unsigned wanted;
};

static void
run_soon(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	struct soon *s;

	(void)fd;
	(void)what;
	l->is_running_soon = true;
	link_splice(&l->soon_running, &l->soon);
	while ((s = (struct soon *)link_take(&l->soon_running)) != NULL)
		s->fn(s->ctx);
	l->is_running_soon = false;
}

static void
run_posts(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	struct link batch;
	struct post *p;
	uint64_t count;

	(void)what;
	link_init(&batch);
	pthread_mutex_lock(&l->post_lock);
	if (read(fd, &count, sizeof(count)) < 0)
		ASSERT(errno == EAGAIN || errno == EINTR);
	link_splice(&batch, &l->posts);
	pthread_mutex_unlock(&l->post_lock);
	while ((p = (struct post *)link_take(&batch)) != NULL) {
		p->fn(p->ctx);
		mem_free(p);
	}
}

static void
run_trim(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	(void)malloc_trim(0);
}

struct loop *
loop_new(void)
{
	struct loop *l = mem_new(struct loop);
	struct event_config *config = event_config_new();

	/* A peer that went away is an error of write(), not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	mem_need(config != NULL);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	l->base = event_base_new_with_config(config);
	event_config_free(config);
	mem_need(l->base != NULL);
	link_init(&l->soon);
	link_init(&l->soon_running);
	link_init(&l->signals);
	link_init(&l->strays);
	link_init(&l->posts);
	pthread_mutex_init(&l->post_lock, NULL);
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT(l->wake_fd >= 0);
	event_assign(&l->soon_event, l->base, -1, 0, run_soon, l);
	event_assign(&l->trim_event, l->base, -1, 0, run_trim, l);
	event_assign(&l->wake_event, l->base, l->wake_fd, EV_READ | EV_PERSIST, run_posts, l);
	mem_need(event_add(&l->wake_event, NULL) == 0);
	return l;
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;
	struct signal_entry *entry;
	struct stray *stray;
	struct post *p;

	if (l == NULL)
		return;
	*lp = NULL;
	while ((stray = (struct stray *)link_take(&l->strays)) != NULL)
		stray->drop(stray->ctx);
	while ((entry = (struct signal_entry *)link_take(&l->signals)) != NULL) {
		event_del(&entry->event);
		mem_free(entry);
	}
	while ((p = (struct post *)link_take(&l->posts)) != NULL)
		mem_free(p);
	ASSERT(link_is_empty(&l->soon));
	event_del(&l->soon_event);
	event_del(&l->wake_event);
	event_del(&l->trim_event);
	event_base_free(l->base);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->post_lock);
	mem_free(l->scratch);
	mem_free(l);
}

void
loop_run(struct loop *l)
{
	if (!l->is_stopped)
		event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	l->is_stopped = false;
}

void
loop_stop(struct loop *l)
{
	l->is_stopped = true;
	event_base_loopbreak(l->base);
}

void
loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	struct post *p = mem_new(struct post);
	uint64_t one = 1;
	bool was_empty;

	p->fn = fn;
	p->ctx = ctx;
	pthread_mutex_lock(&l->post_lock);
	was_empty = link_is_empty(&l->posts);
	link_append(&l->posts, &p->link);
	/* Under the lock, so that the loop cannot be freed between the two by what p does. */
	if (was_empty && write(l->wake_fd, &one, sizeof(one)) < 0)
		ASSERT(errno == EAGAIN);
	pthread_mutex_unlock(&l->post_lock);
}

void
loop_soon(struct loop *l, struct soon *s)
{
	static const struct timeval at_once = { 0, 0 };
	bool was_empty = link_is_empty(&l->soon);

	if (link_is_in(&s->link))
		return;
	link_append(&l->soon, &s->link);
	if (!was_empty)
		return;
	/* From inside soon work the next run waits for the descriptors, which must not starve. */
	if (l->is_running_soon)
		mem_need(event_add(&l->soon_event, &at_once) == 0);
	else
		event_active(&l->soon_event, EV_TIMEOUT, 1);
}

void
loop_soon_cancel(struct soon *s)
{
	link_remove(&s->link);
}

void
loop_trim_later(struct loop *l)
{
	static const struct timeval later = { TRIM_S, 0 };

	if (!event_pending(&l->trim_event, EV_TIMEOUT, NULL))
		mem_need(event_add(&l->trim_event, &later) == 0);
}

char *
loop_scratch(struct loop *l)
{
	if (l->scratch == NULL)
		l->scratch = mem_resize(NULL, LOOP_SCRATCH_SIZE, 1);
	return l->scratch;
}

void
loop_adopt(struct loop *l, struct stray *s)
{
	link_append(&l->strays, &s->link);
}

unsigned *
loop_lingering(struct loop *l)
{
	return &l->lingering;
}

void
loop_release(struct stray *s)
{
	link_remove(&s->link);
}

static void
timer_run(evutil_socket_t fd, short what, void *ctx)
{
	struct timer *t = ctx;

	(void)fd;
	(void)what;
	t->fired(t->ctx);
}

struct timer *
timer_new(struct loop *l, void (*fired)(void *ctx), void *ctx)
{
	struct timer *t = mem_new(struct timer);

	t->fired = fired;
	t->ctx = ctx;
	event_assign(&t->event, l->base, -1, 0, timer_run, t);
	return t;
}

void
timer_set(struct timer *t, uint64_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	mem_need(event_add(&t->event, &tv) == 0);
}

void
timer_stop(struct timer *t)
{
	event_del(&t->event);
}

void
timer_free(struct timer **t)
{
	if (*t == NULL)
		return;
	event_del(&(*t)->event);
	mem_free(*t);
	*t = NULL;
}

static void
watch_run(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	(void)fd;
	w->ready(w->ctx, (what & EV_READ ? WATCH_READ : 0u) | (what & EV_WRITE ? WATCH_WRITE : 0u));
}

struct watch *
watch_new(struct loop *l, int fd, void (*ready)(void *ctx, unsigned events), void *ctx)
{
	struct watch *w = mem_new(struct watch);

	w->loop = l;
	w->fd = fd;
	w->ready = ready;
	w->ctx = ctx;
	return w;
}

void
watch_want(struct watch *w, unsigned events)
{
	short what = (short)((events & WATCH_READ ? EV_READ : 0) |
	    (events & WATCH_WRITE ? EV_WRITE : 0));

	if (events == w->wanted)
		return;
	if (w->wanted != 0)
		event_del(&w->event);
	w->wanted = events;
	if (events == 0)
		return;
	event_assign(&w->event, w->loop->base, w->fd, (short)(what | EV_PERSIST), watch_run, w);
	mem_need(event_add(&w->event, NULL) == 0);
}

void
watch_free(struct watch **w)
{
	if (*w == NULL)
		return;
	watch_want(*w, 0);
	mem_free(*w);
	*w = NULL;
}

static void
signal_run(evutil_socket_t signo, short what, void *ctx)
{
	struct signal_entry *entry = ctx;

	(void)signo;
	(void)what;
	entry->on_signal(entry->ctx);
}

void
loop_on_signal(struct loop *l, int signo, void (*on_signal)(void *ctx), void *ctx)
{
	struct signal_entry *entry = mem_new(struct signal_entry);

	entry->on_signal = on_signal;
	entry->ctx = ctx;
	evsignal_assign(&entry->event, l->base, signo, signal_run, entry);
	mem_need(event_add(&entry->event, NULL) == 0);
	link_append(&l->signals, &entry->link);
}
