/*
 * fault.h -- memory that may not be there when it is read: a mapped file whose
 * bytes are damaged or that became shorter.  A guarded call comes back instead
 * of ending the process with everybody it serves.
 *
 *	struct fault_guard g;
 *
 *	if (sigsetjmp(g.back, 0) != 0)
 *		return STATUS_CORRUPT;
 *	fault_guard_enter(&g);
 *	st = read_what_is_mapped();
 *	fault_guard_leave(&g);
 *
 * What is guarded holds no lock and owns no memory that nobody else knows of; local variables
 * that it changes are not looked at behind a fault.  Guards are a thread's own and nest.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <setjmp.h>

struct fault_guard {
	sigjmp_buf back;	/* for sigsetjmp(), without the signal mask */
	struct fault_guard *outer;
};

/* From now on SIGSEGV and SIGBUS of this thread lead to g; until the guard is left. */
void fault_guard_enter(struct fault_guard *g);
void fault_guard_leave(struct fault_guard *g);
/* As if memory were not there: for a library that says so by a callback.  Returns without a guard. */
void fault_raise(void);

#endif
