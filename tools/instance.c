#include "tools/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

/* Daemons under users of their own pass through the instance to run/, and see no list of it. */
static const struct {
	const char *name;
	mode_t mode;
} folders[] = {
	{ "tls", 0711 }, { "tls/ca", 0755 }, { "store", 0750 }, { "policy", 0700 }, { "run", 0711 },
	{ "backup", 0700 },
};

enum status
instance_enter(const char *dir, struct problem *why)
{
	static bool is_inside;

	if (is_inside)
		return STATUS_OK;
	if (chdir(dir) != 0) {
		problem_set_errno(why, errno, "cannot enter %s", dir);
		return errno == EACCES ? STATUS_DENIED : STATUS_ABSENT;
	}
	if (access(INSTANCE_PARTIAL, F_OK) == 0) {
		problem_set(why, "a restore to %s has not ended: run it again", dir);
		return STATUS_ABSENT;
	}
	if (access("tradepost.conf", F_OK) != 0 || chdir("run") != 0) {
		if (errno == EACCES) {
			problem_set(why, "%s belongs to somebody else: run this as its owner", dir);
			return STATUS_DENIED;
		}
		problem_set(why,
		    "%s is no Tradepost instance: make one with mailadm -C %s init --domain "
		    "YOUR.DOMAIN",
		    dir, dir);
		return STATUS_ABSENT;
	}
	is_inside = true;
	return STATUS_OK;
}

enum status
instance_unanswered(const char *dir, enum status st, const struct problem *said,
    struct problem *why)
{
	if (st == STATUS_DENIED) {
		problem_set(why, "%s belongs to somebody else: run this as its owner", dir);
		return st;
	}
	problem_set(why, "%s; is the instance served? (mailadm -C %s serve)",
	    said->text[0] != '\0' ? said->text : "no answer", dir);
	return STATUS_BUSY;
}

enum status
instance_folders_make(struct problem *why)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if ((mkdir(folders[i].name, folders[i].mode) != 0 && errno != EEXIST) ||
		    chmod(folders[i].name, folders[i].mode) != 0) {
			problem_set_errno(why, errno, "cannot make %s", folders[i].name);
			return STATUS_IO;
		}
	}
	return STATUS_OK;
}

enum status
instance_make(const char *dir, struct problem *why)
{
	/* With chmod, here and below: whatever the administrator's umask keeps from others. */
	if (mkdir(dir, 0711) == 0 ? chmod(dir, 0711) != 0 : errno != EEXIST) {
		if (errno == ENOENT)
			problem_set(why, "cannot make %s: make the directory above it first", dir);
		else
			problem_set_errno(why, errno, "cannot make %s", dir);
		return STATUS_IO;
	}
	if (chdir(dir) != 0) {
		problem_set_errno(why, errno, "cannot enter %s", dir);
		return STATUS_IO;
	}
	if (access("tradepost.conf", F_OK) == 0) {
		problem_set(why, "%s holds an instance already", dir);
		return STATUS_EXISTS;
	}
	if (instance_folders_make(why) != STATUS_OK)
		return STATUS_IO;
	if (chdir("run") != 0) {
		problem_set_errno(why, errno, "cannot enter %s/run", dir);
		return STATUS_IO;
	}
	return STATUS_OK;
}

enum status
instance_lock(struct problem *why)
{
	int fd = open("serve.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		problem_set_errno(why, errno, "cannot open run/serve.lock");
		return STATUS_IO;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		problem_set(why, "this instance is being served already");
		return STATUS_BUSY;
	}
	return STATUS_OK;	/* the descriptor stays open: the lock is the process's */
}

bool
instance_is_served(void)
{
	int fd = open("serve.lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool is_served = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;

	if (fd >= 0)
		close(fd);
	return is_served;
}

static enum status
write_all(int fd, struct slice rest)
{
	while (rest.len > 0) {
		ssize_t n = write(fd, rest.ptr, rest.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return STATUS_IO;
		rest = slice_skip(rest, (size_t)n);
	}
	return fsync(fd) == 0 ? STATUS_OK : STATUS_IO;
}

enum status
file_write(const char *path, unsigned mode, struct slice contents, struct problem *why)
{
	char part[256];
	int fd;
	enum status st;

	if (snprintf(part, sizeof(part), "%s.new", path) >= (int)sizeof(part))
		return STATUS_LIMIT;
	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	if (fd < 0) {
		problem_set_errno(why, errno, "cannot make %s", part);
		return STATUS_IO;
	}
	st = fchmod(fd, (mode_t)mode) == 0 ? write_all(fd, contents) : STATUS_IO;
	if (close(fd) != 0 || st != STATUS_OK || rename(part, path) != 0) {
		problem_set_errno(why, errno, "cannot write %s", path);
		unlink(part);
		return STATUS_IO;
	}
	return STATUS_OK;
}
