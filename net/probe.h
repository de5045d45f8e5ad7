/*
 * probe.h -- takes a daemon's place, as somebody would who took it over: tries
 * inside the cage what the process may and may not do, and logs what came of each
 * attempt.  Only in builds made with cmake -DPROBE=ON, which serve nobody but
 * tests/test_cages.py.
 *
 * SIGRTMIN makes every attempt of the first table; the signals behind it one
 * attempt of the second each: those that are to end the process, or spoil it.  For each
 *   event=net.probe.tried act=open_write what=../store/data.mdb got=EACCES
 * where got is "done" when it worked; and at the end, with the second table's names,
 *   event=net.probe.done alone=execve,ptrace
 */
#ifndef NET_PROBE_H
#define NET_PROBE_H

struct loop;

#if WITH_PROBE
/*
 * Before the cage is entered.  TRADEPOST_PROBE_PORT: where a TCP and a UDP socket of the test
 * wait on 127.0.0.1.
 */
void probe_listen(struct loop *l);
#else
static inline void
probe_listen(struct loop *l)
{
	(void)l;
}
#endif

#endif
