/*
 * record.so -- preloaded into stored: writes down, in the order in which it
 * happened, what is done to the files below one directory, and makes the n-th
 * of such calls fail.  Sound for LMDB because nothing that lasts goes through a map there.
 *
 * TRADEPOST_RECORD_ROOT  the directory, absolute; lock files in it are not looked at
 * TRADEPOST_RECORD_LOG   records are appended; others append theirs (crash.h)
 * TRADEPOST_RECORD_FAULT CALL:N:HOW: the N-th (from 1) CALL of write, sync, rename is answered by
 *                        HOW: kill, short (a write of half), or a number of errno
 * TRADEPOST_RECORD_DAYS  N: the clock is two days ahead, and two more with each N-th commit
 *
 * A call and its record are one under a lock; of a sync its beginning and its end are two records,
 * for only what was written before it began is on disk when it has ended.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/crash.h"

#define TWO_DAYS_S (2 * 86400)

enum call { CALL_WRITE, CALL_SYNC, CALL_RENAME, CALL_UNLINK, CALL_COUNT };

static struct {
	pthread_once_t once;
	pthread_mutex_t lock;
	pthread_mutex_t count_lock;
	int log;
	const char *root;
	unsigned seen[CALL_COUNT];
	enum call fault;
	unsigned fault_at;
	int fault_errno;	/* 0: kill; -1: short */
	uint32_t syncs;
	long days_every;	/* commits; 0: the clock is left alone */
	atomic_long commits;
	int (*openat)(int, const char *, int, ...);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*writev)(int, const struct iovec *, int);
	ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
	int (*fsync)(int);
	int (*fdatasync)(int);
	int (*ftruncate)(int, off_t);
	int (*renameat)(int, const char *, int, const char *);
	int (*unlinkat)(int, const char *, int);
	int (*mkdirat)(int, const char *, mode_t);
} r = {
	.once = PTHREAD_ONCE_INIT,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.count_lock = PTHREAD_MUTEX_INITIALIZER,
	.log = -1,
};

static void
fault_read(const char *text)
{
	static const char *const names[] = { "write", "sync", "rename", "unlink" };
	const char *at = text == NULL ? NULL : strchr(text, ':');
	char *how;

	for (unsigned i = 0; at != NULL && i < CALL_COUNT; i++) {
		if (strncmp(text, names[i], (size_t)(at - text)) != 0)
			continue;
		r.fault = i;
		r.fault_at = (unsigned)strtoul(at + 1, &how, 10);
		r.fault_errno = strcmp(how, ":kill") == 0 ? 0 :
		    strcmp(how, ":short") == 0 ? -1 : (int)strtol(how + 1, NULL, 10);
	}
}

static void
begin(void)
{
	const char *log = getenv("TRADEPOST_RECORD_LOG");

	*(void **)&r.openat = dlsym(RTLD_NEXT, "openat");
	*(void **)&r.pwrite = dlsym(RTLD_NEXT, "pwrite");
	*(void **)&r.write = dlsym(RTLD_NEXT, "write");
	*(void **)&r.writev = dlsym(RTLD_NEXT, "writev");
	*(void **)&r.pwritev = dlsym(RTLD_NEXT, "pwritev");
	*(void **)&r.fsync = dlsym(RTLD_NEXT, "fsync");
	*(void **)&r.fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	*(void **)&r.ftruncate = dlsym(RTLD_NEXT, "ftruncate");
	*(void **)&r.renameat = dlsym(RTLD_NEXT, "renameat");
	*(void **)&r.unlinkat = dlsym(RTLD_NEXT, "unlinkat");
	*(void **)&r.mkdirat = dlsym(RTLD_NEXT, "mkdirat");
	r.root = getenv("TRADEPOST_RECORD_ROOT");
	fault_read(getenv("TRADEPOST_RECORD_FAULT"));
	if (getenv("TRADEPOST_RECORD_DAYS") != NULL)
		r.days_every = strtol(getenv("TRADEPOST_RECORD_DAYS"), NULL, 10);
	if (log != NULL)
		r.log = r.openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Whether a path is looked at. */
static bool
is_ours(const char *path)
{
	size_t n = r.root == NULL ? 0 : strlen(r.root);

	return n > 0 && strncmp(path, r.root, n) == 0 && (path[n] == '/' || path[n] == '\0') &&
	    strstr(path, "/lock.") == NULL && strstr(path, ".log") == NULL;
}

/* The path behind a descriptor.  False: it is not looked at. */
static bool
path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	pthread_once(&r.once, begin);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return is_ours(path);
}

/* The absolute path of a name in a directory. */
static bool
path_at(int dir, const char *name, char path[PATH_MAX])
{
	char parent[PATH_MAX], whole[PATH_MAX];
	const char *last = strrchr(name, '/');

	pthread_once(&r.once, begin);
	if (dir != AT_FDCWD && name[0] != '/') {
		if (!path_of(dir, parent) || (size_t)snprintf(path, PATH_MAX, "%s/%s", parent, name) >= PATH_MAX)
			return false;
		return is_ours(path);
	}
	snprintf(whole, sizeof(whole), "%.*s", last == NULL ? 1 : (int)(last - name),
	    last == NULL ? "." : name);
	if (realpath(whole, parent) == NULL ||
	    (size_t)snprintf(path, PATH_MAX, "%s/%s", parent, last == NULL ? name : last + 1) >= PATH_MAX)
		return false;
	return is_ours(path);
}

static uint64_t
inode_of(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 ? sb.st_ino : 0;
}

static void
put(char op, uint64_t file, uint64_t at, const void *bytes, size_t len)
{
	struct crash_record h = { .op = op, .file = file, .at = at, .len = (uint32_t)len };
	struct iovec v[2] = { { &h, sizeof(h) }, { (void *)(uintptr_t)bytes, len } };
	int e = errno;

	if (r.log >= 0 && r.writev(r.log, v, len > 0 ? 2 : 1) != (ssize_t)(sizeof(h) + len))
		abort();
	errno = e;
}

/* True: the call is to fail with errno, or, *n given, to be cut short. */
static bool
fails(enum call call, size_t *n)
{
	bool is_it;

	pthread_mutex_lock(&r.count_lock);
	is_it = ++r.seen[call] == r.fault_at && call == r.fault;
	pthread_mutex_unlock(&r.count_lock);
	if (!is_it)
		return false;
	put('X', 0, 0, NULL, 0);
	if (r.fault_errno == 0)
		raise(SIGKILL);
	if (r.fault_errno < 0) {
		if (n != NULL)
			*n = (*n + 1) / 2;
		return false;
	}
	errno = r.fault_errno;
	return true;
}

static int
open_and_tell(int dir, const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	bool is_there, is_seen = path_at(dir, name, path) && (flags & (O_CREAT | O_TRUNC));
	int fd;

	if (!is_seen)
		return r.openat(dir, name, flags, mode);
	pthread_mutex_lock(&r.lock);
	is_there = faccessat(dir, name, F_OK, 0) == 0;
	fd = r.openat(dir, name, flags, mode);
	if (fd >= 0 && !is_there)
		put('C', inode_of(fd), 0, path, strlen(path));
	else if (fd >= 0 && (flags & O_TRUNC))
		put('T', inode_of(fd), 0, NULL, 0);
	pthread_mutex_unlock(&r.lock);
	return fd;
}

/* The mode is there when a file may be made. */
static mode_t
mode_take(int flags, va_list arguments)
{
	return flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0;
}

int
openat(int dir, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_take(flags, arguments);
	va_end(arguments);
	return open_and_tell(dir, name, flags, mode);
}

int
openat64(int dir, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_take(flags, arguments);
	va_end(arguments);
	return open_and_tell(dir, name, flags, mode);
}

int
open(const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_take(flags, arguments);
	va_end(arguments);
	return open_and_tell(AT_FDCWD, name, flags, mode);
}

int
open64(const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_take(flags, arguments);
	va_end(arguments);
	return open_and_tell(AT_FDCWD, name, flags, mode);
}

static bool
is_direct(int fd)
{
	return (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	char path[PATH_MAX];
	ssize_t done;

	if (!path_of(fd, path))
		return r.pwrite(fd, bytes, n, at);
	if (fails(CALL_WRITE, &n))
		return -1;
	pthread_mutex_lock(&r.lock);
	done = r.pwrite(fd, bytes, n, at);
	if (done > 0)
		put(is_direct(fd) ? 'D' : 'W', inode_of(fd), (uint64_t)at, bytes, (size_t)done);
	r.commits += is_direct(fd);
	pthread_mutex_unlock(&r.lock);
	return done;
}

ssize_t
pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite(fd, bytes, n, at);
}

ssize_t
pwritev(int fd, const struct iovec *v, int count, off_t at)
{
	char path[PATH_MAX];
	ssize_t sum = 0, n;

	if (!path_of(fd, path))
		return r.pwritev(fd, v, count, at);
	for (int i = 0; i < count; i++) {
		n = pwrite(fd, v[i].iov_base, v[i].iov_len, at + sum);
		if (n < 0)
			return sum > 0 ? sum : -1;
		sum += n;
		if ((size_t)n < v[i].iov_len)
			break;
	}
	return sum;
}

ssize_t
pwritev64(int fd, const struct iovec *v, int count, off_t at)
{
	return pwritev(fd, v, count, at);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	char path[PATH_MAX];
	ssize_t done;
	off_t at;

	if (!path_of(fd, path))
		return r.write(fd, bytes, n);
	at = lseek(fd, 0, SEEK_CUR);
	done = pwrite(fd, bytes, n, at);
	if (done > 0)
		lseek(fd, at + done, SEEK_SET);
	return done;
}

ssize_t
writev(int fd, const struct iovec *v, int count)
{
	char path[PATH_MAX];
	ssize_t done;
	off_t at;

	if (!path_of(fd, path))
		return r.writev(fd, v, count);
	at = lseek(fd, 0, SEEK_CUR);
	done = pwritev(fd, v, count, at);
	if (done > 0)
		lseek(fd, at + done, SEEK_SET);
	return done;
}

static int
sync_and_tell(int fd, int (*sync)(int))
{
	char path[PATH_MAX];
	uint32_t number;
	int rc;

	if (!path_of(fd, path))
		return sync(fd);
	if (fails(CALL_SYNC, NULL))
		return -1;
	pthread_mutex_lock(&r.lock);
	number = ++r.syncs;
	put('B', inode_of(fd), number, path, strlen(path));
	pthread_mutex_unlock(&r.lock);
	rc = sync(fd);
	pthread_mutex_lock(&r.lock);
	if (rc == 0)
		put('E', inode_of(fd), number, NULL, 0);
	pthread_mutex_unlock(&r.lock);
	return rc;
}

int
fsync(int fd)
{
	pthread_once(&r.once, begin);
	return sync_and_tell(fd, r.fsync);
}

int
fdatasync(int fd)
{
	pthread_once(&r.once, begin);
	return sync_and_tell(fd, r.fdatasync);
}

int
ftruncate(int fd, off_t len)
{
	char path[PATH_MAX];
	int rc;

	if (!path_of(fd, path))
		return r.ftruncate(fd, len);
	pthread_mutex_lock(&r.lock);
	rc = r.ftruncate(fd, len);
	if (rc == 0)
		put('T', inode_of(fd), (uint64_t)len, NULL, 0);
	pthread_mutex_unlock(&r.lock);
	return rc;
}

int
ftruncate64(int fd, off_t len)
{
	return ftruncate(fd, len);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	char both[2 * PATH_MAX], path[PATH_MAX];
	size_t len;
	int rc;

	if (!path_at(from_dir, from, both) || !path_at(to_dir, to, path))
		return r.renameat(from_dir, from, to_dir, to);
	if (fails(CALL_RENAME, NULL))
		return -1;
	len = strlen(both) + 1;
	memcpy(both + len, path, strlen(path));
	pthread_mutex_lock(&r.lock);
	rc = r.renameat(from_dir, from, to_dir, to);
	if (rc == 0)
		put('R', 0, 0, both, len + strlen(path));
	pthread_mutex_unlock(&r.lock);
	return rc;
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
unlinkat(int dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int rc;

	if (!path_at(dir, name, path))
		return r.unlinkat(dir, name, flags);
	if (fails(CALL_UNLINK, NULL))
		return -1;
	pthread_mutex_lock(&r.lock);
	rc = r.unlinkat(dir, name, flags);
	if (rc == 0)
		put('U', 0, 0, path, strlen(path));
	pthread_mutex_unlock(&r.lock);
	return rc;
}

int
unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int
mkdirat(int dir, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	int rc;

	if (!path_at(dir, name, path))
		return r.mkdirat(dir, name, mode);
	pthread_mutex_lock(&r.lock);
	rc = r.mkdirat(dir, name, mode);
	if (rc == 0)
		put('M', 0, 0, path, strlen(path));
	pthread_mutex_unlock(&r.lock);
	return rc;
}

int
mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

/* Time passes with what is done, however long that takes. */
int
clock_gettime(clockid_t id, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, id, now);

	if (rc != 0 || id != CLOCK_REALTIME)
		return rc;
	pthread_once(&r.once, begin);
	if (r.days_every > 0)
		now->tv_sec += TWO_DAYS_S * (1 + r.commits / r.days_every);
	return 0;
}
