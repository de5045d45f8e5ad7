#include "base/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "base/slice.h"

static const int faults[] = { SIGSEGV, SIGBUS };

static _Thread_local struct fault_guard *guard;	/* the innermost of this thread */
static struct sigaction before[ARRAY_LEN(faults)];	/* whose the signals were */
static pthread_once_t once = PTHREAD_ONCE_INIT;

void
fault_raise(void)
{
	struct fault_guard *g = guard;

	if (g == NULL)
		return;
	guard = g->outer;
	siglongjmp(g->back, 1);
}

static void
on_fault(int signal)
{
	fault_raise();
	/* Nobody expected it: it comes again, and is whose it was. */
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (faults[i] == signal)
			sigaction(signal, &before[i], NULL);
}

static void
install(void)
{
	struct sigaction ours = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigemptyset(&ours.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		sigaction(faults[i], &ours, &before[i]);
}

void
fault_guard_enter(struct fault_guard *g)
{
	pthread_once(&once, install);
	g->outer = guard;
	guard = g;
}

void
fault_guard_leave(struct fault_guard *g)
{
	guard = g->outer;
}
