/*
 * testing_stored.h -- stored itself, started by a test in an instance of its own: the test's
 * current directory is that instance's run/.
 * Include base/check.h first; the test's program defines STORED_PROGRAM.
 */
#ifndef STORE_TESTING_STORED_H
#define STORE_TESTING_STORED_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "store/testing.h"

enum { RUNNING_PLAN, RUNNING_WORK, RUNNING_QUEUE, RUNNING_ADMIN, RUNNING_KEY, RUNNING_READY,
	RUNNING_FD_COUNT };

struct running {
	char path[SCRATCH_PATH_MAX];
	int fds[RUNNING_FD_COUNT];	/* as stored inherits them; READY: the writing end */
	pid_t stored;
};

/* A Unix socket of that path that listens. */
static inline int
running_listen(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 64) == 0);
	return fd;
}

/* In the child: become stored, with its descriptors in their places. */
static inline _Noreturn void
running_exec(struct running *r)
{
	int high[RUNNING_FD_COUNT];

	for (int i = 0; i < RUNNING_FD_COUNT; i++)
		high[i] = fcntl(r->fds[i], F_DUPFD, 50);
	for (int i = 0; i < RUNNING_FD_COUNT; i++)
		if (dup2(high[i], 3 + i) != 3 + i)
			_exit(3);
	if (freopen("../stored.log", "a", stderr) == NULL)
		_exit(2);
	setenv("LISTEN_FDS", "6", 1);
	setenv("LISTEN_FDNAMES",
	    "store-plan:store-work:store-queue:store-admin:grant-key:ready", 1);
	execl(STORED_PROGRAM, "stored", (char *)NULL);
	_exit(4);
}

/* Start it, and wait until it serves. */
static inline void
running_launch(struct running *r)
{
	int pipes[2];
	char byte;

	CHECK(pipe2(pipes, O_CLOEXEC) == 0);
	r->fds[RUNNING_READY] = pipes[1];
	r->stored = fork();
	if (r->stored == 0)
		running_exec(r);
	close(pipes[1]);
	CHECK(read(pipes[0], &byte, 1) >= 0);
	close(pipes[0]);
}

/* End it by a signal; as waitpid() says how. */
static inline int
running_end(struct running *r, int signo)
{
	int how = 0;

	CHECK(kill(r->stored, signo) == 0 && waitpid(r->stored, &how, 0) == r->stored);
	return how;
}

/* An instance, with stored running. */
static inline void
running_setup(struct running *r)
{
	static const char *const sockets[] = { "store-plan.sock", "store-work.sock",
		"store-queue.sock", "store-admin.sock" };
	FILE *conf;

	scratch_make(r->path);
	/* Started by root, stored becomes another user, who must come through. */
	CHECK(chmod(r->path, 0711) == 0 && chdir(r->path) == 0 && mkdir("run", 0711) == 0);
	conf = fopen("tradepost.conf", "w");
	CHECK(conf != NULL && fputs("[store]\nsegment = 1m\nfloor = 0\n", conf) > 0);
	fclose(conf);
	CHECK(chdir("run") == 0);
	for (int i = RUNNING_PLAN; i <= RUNNING_ADMIN; i++)
		r->fds[i] = running_listen(sockets[i]);
	r->fds[RUNNING_KEY] = testing_memfd(TESTING_KEY);
	running_launch(r);
}

/* End stored and remove all that it had. */
static inline void
running_teardown(struct running *r)
{
	running_end(r, SIGKILL);
	for (int i = RUNNING_PLAN; i <= RUNNING_KEY; i++)
		close(r->fds[i]);
	CHECK(chdir("/") == 0);
	scratch_remove(r->path);
}

#endif
