#include "tools/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slice.h"

#define STORE_GROUP "tradepost-store"	/* may read the store */

static const struct {
	const char *name;
	bool reads_store;
} users[] = {
	{ "tradepost-stored", true },
	{ "tradepost-policyd", false },
	{ "tradepost-digest", false },
	{ "tradepost-smtpd", false },
	{ "tradepost-relayd", false },
	{ "tradepost-fetchd", false },
	{ "tradepost-imapfront", false },
	{ "tradepost-imapd", true },
	{ "tradepost-pop3front", false },
	{ "tradepost-pop3d", true },
};

static enum status
run(const char *const argv[], struct problem *why)
{
	static char *const environment[] = { NULL };
	int wait_status = 0;
	pid_t pid;
	int err = posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv,
	    environment);

	if (err != 0) {
		problem_set_errno(why, err, "cannot run %s", argv[0]);
		return STATUS_IO;
	}
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
		return STATUS_OK;
	problem_set(why, "%s failed, see above", argv[0]);
	return STATUS_IO;
}

static enum status
user_make(const char *name, bool reads_store, struct problem *why)
{
	const char *const plain[] = { "/usr/sbin/useradd", "--system", "--user-group",
		"--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
		name, NULL };
	const char *const reader[] = { "/usr/sbin/useradd", "--system", "--user-group",
		"--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
		"--groups", STORE_GROUP, name, NULL };

	return run(reads_store ? reader : plain, why);
}

enum status
users_make(struct problem *why)
{
	static const char *const group[] = { "/usr/sbin/groupadd", "--system", STORE_GROUP, NULL };
	enum status st = STATUS_OK;

	if (getgrnam(STORE_GROUP) == NULL)
		st = run(group, why);
	for (size_t i = 0; i < ARRAY_LEN(users) && st == STATUS_OK; i++)
		if (getpwnam(users[i].name) == NULL)
			st = user_make(users[i].name, users[i].reads_store, why);
	return st;
}
