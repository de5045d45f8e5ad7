#include "store/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct wake_worker {
	struct wake *wake;
	struct wake_worker *next, **at;	/* at: what points to this one */
	int fd;
};

struct wake {
	struct wake_worker *first;
};

struct wake *
wake_new(void)
{
	return mem_new(struct wake);
}

void
wake_free(struct wake **wp)
{
	struct wake *w = *wp;

	if (w == NULL)
		return;
	*wp = NULL;
	ASSERT(w->first == NULL);
	mem_free(w);
}

enum status
wake_worker_new(struct wake *w, struct wake_worker **out, int *fd, struct problem *why)
{
	struct wake_worker *n;
	int f = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (f < 0) {
		problem_set_errno(why, errno, "an eventfd cannot be made");
		return STATUS_BUSY;
	}
	n = mem_new(struct wake_worker);
	n->wake = w;
	n->fd = f;
	n->next = w->first;
	n->at = &w->first;
	if (n->next != NULL)
		n->next->at = &n->next;
	w->first = n;
	*out = n;
	*fd = f;
	return STATUS_OK;
}

void
wake_worker_free(struct wake_worker **np)
{
	struct wake_worker *n = *np;

	if (n == NULL)
		return;
	*np = NULL;
	*n->at = n->next;
	if (n->next != NULL)
		n->next->at = n->at;
	close(n->fd);
	mem_free(n);
}

void
wake_all(struct wake *w)
{
	uint64_t one = 1;
	ssize_t n;

	/* EAGAIN says that the worker has been told often and has not looked: it will. */
	for (struct wake_worker *k = w->first; k != NULL; k = k->next) {
		n = write(k->fd, &one, sizeof(one));
		(void)n;
	}
}
