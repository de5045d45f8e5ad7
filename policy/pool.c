#include "policy/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/mem.h"

struct job {
	void (*fn)(void *ctx);
	void *ctx;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_ending;
	struct job *jobs;	/* a ring of queue_max */
	unsigned first, count, max;
	pthread_t *threads;
	unsigned thread_count, threads_wanted;
};

static void *
work(void *ctx)
{
	struct pool *p = ctx;

	(void)pthread_mutex_lock(&p->lock);
	for (;;) {
		struct job job;

		while (p->count == 0 && !p->is_ending)
			(void)pthread_cond_wait(&p->wake, &p->lock);
		if (p->is_ending)
			break;
		job = p->jobs[p->first];
		p->first = (p->first + 1) % p->max;
		p->count--;
		(void)pthread_mutex_unlock(&p->lock);
		job.fn(job.ctx);
		(void)pthread_mutex_lock(&p->lock);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *
pool_new(unsigned threads, unsigned queue_max)
{
	struct pool *p = mem_new(struct pool);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (threads == 0)
		threads = processors > 0 ? (unsigned)processors : 1;
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->wake, NULL);
	p->max = queue_max;
	p->jobs = mem_array(struct job, queue_max);
	p->threads = mem_array(pthread_t, threads);
	p->threads_wanted = threads;
	return p;
}

void
pool_free(struct pool **pool)
{
	struct pool *p = *pool;

	if (p == NULL)
		return;
	*pool = NULL;
	(void)pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	(void)pthread_cond_broadcast(&p->wake);
	(void)pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->thread_count; i++)
		(void)pthread_join(p->threads[i], NULL);
	(void)pthread_mutex_destroy(&p->lock);
	(void)pthread_cond_destroy(&p->wake);
	mem_free(p->jobs);
	mem_free(p->threads);
	mem_free(p);
}

/* Not before the first job: a daemon gives up its rights after its start, threads included. */
static void
start_threads(struct pool *p)
{
	while (p->thread_count < p->threads_wanted &&
	    pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
		p->thread_count++;
}

enum status
pool_run(struct pool *p, void (*fn)(void *ctx), void *ctx)
{
	enum status st = STATUS_BUSY;

	start_threads(p);
	(void)pthread_mutex_lock(&p->lock);
	if (p->count < p->max && p->thread_count > 0) {
		p->jobs[(p->first + p->count) % p->max] = (struct job){ fn, ctx };
		p->count++;
		(void)pthread_cond_signal(&p->wake);
		st = STATUS_OK;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return st;
}
