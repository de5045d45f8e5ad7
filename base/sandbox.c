#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"

/*
 * Landlock's numbers (linux/landlock.h): Debian 12's header knows only the
 * first ABIs, the running kernel may know more.
 */
#define LL_FS_EXECUTE (UINT64_C(1) << 0)
#define LL_FS_WRITE_FILE (UINT64_C(1) << 1)
#define LL_FS_READ_FILE (UINT64_C(1) << 2)
#define LL_FS_READ_DIR (UINT64_C(1) << 3)
#define LL_FS_REMOVE_DIR (UINT64_C(1) << 4)
#define LL_FS_REMOVE_FILE (UINT64_C(1) << 5)
#define LL_FS_MAKE_CHAR (UINT64_C(1) << 6)
#define LL_FS_MAKE_DIR (UINT64_C(1) << 7)
#define LL_FS_MAKE_REG (UINT64_C(1) << 8)
#define LL_FS_REFER (UINT64_C(1) << 13)
#define LL_FS_TRUNCATE (UINT64_C(1) << 14)
#define LL_FS_IOCTL_DEV (UINT64_C(1) << 15)
#define LL_NET_BIND UINT64_C(1)
#define LL_NET_CONNECT UINT64_C(2)
#define LL_SCOPE_ALL UINT64_C(3)	/* abstract Unix sockets, signals */
#define LL_CREATE_VERSION 1u
#define LL_RULE_PATH_BENEATH 1

#define MEMORY_MAX (UINT64_C(4) << 30)
#define THREADS_MAX 1024	/* of one user: all instances of the machine together */

/* All file rights that an ABI knows, by its number. */
static const uint64_t fs_rights[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };

struct ruleset_attr {
	uint64_t fs, net, scoped;
};
struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static const int common_calls[] = {
	SCMP_SYS(accept4), SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(fcntl), SCMP_SYS(fdatasync), SCMP_SYS(fstat),
	SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(futex), SCMP_SYS(getegid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpeername), SCMP_SYS(getpid),
	SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt), SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid),
	SCMP_SYS(lseek), SCMP_SYS(madvise), SCMP_SYS(memfd_create), SCMP_SYS(mremap),
	SCMP_SYS(munmap), SCMP_SYS(nanosleep), SCMP_SYS(newfstatat), SCMP_SYS(pipe2),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pread64), SCMP_SYS(preadv),
	SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(set_robust_list),
	SCMP_SYS(setsockopt), SCMP_SYS(shutdown), SCMP_SYS(sigaltstack), SCMP_SYS(socketpair),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(uname),
	SCMP_SYS(write), SCMP_SYS(writev),
};
static const int open_calls[] = {
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(flock),
	SCMP_SYS(fstatfs), SCMP_SYS(getdents64), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat),
	SCMP_SYS(statfs), SCMP_SYS(statx),
};
static const int change_calls[] = {
	SCMP_SYS(chmod), SCMP_SYS(fallocate), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(sync_file_range), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
};
/* Whoever calls these is somebody else by now. */
static const int deadly_calls[] = {
	SCMP_SYS(bpf), SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(io_uring_setup), SCMP_SYS(kexec_load),
	SCMP_SYS(keyctl), SCMP_SYS(mount), SCMP_SYS(open_by_handle_at), SCMP_SYS(perf_event_open),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(ptrace), SCMP_SYS(setns),
	SCMP_SYS(unshare), SCMP_SYS(userfaultfd), SCMP_SYS(vfork),
};

static enum status
refused(struct problem *why, const char *step)
{
	problem_set_errno(why, errno, "the kernel refuses to cage this process (%s)", step);
	return STATUS_IO;
}

static void
reached(struct buf *level, const char *step)
{
	if (level->len > 0)
		buf_append_byte(level, ',');
	buf_append(level, slice_from_cstr(step));
}

/* While we are root still: later it is not ours to drop. */
static enum status
drop_bounds(struct problem *why)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			return refused(why, "capability bounding set");
	return STATUS_OK;
}

/* Become the process's own user; it must not be possible to come back. */
static enum status
take_user(const struct sandbox_profile *p, struct buf *level, struct problem *why)
{
	const struct passwd *user;
	int death_signal = 0;

	if (geteuid() != 0 || p->user == NULL)
		return STATUS_OK;
	user = getpwnam(p->user);
	if (user == NULL) {
		problem_set(why, "root does not serve: there is no user %s (mailadm init makes it)",
		    p->user);
		return STATUS_ABSENT;
	}
	(void)prctl(PR_GET_PDEATHSIG, &death_signal);
	/* Our place stays the current directory, which lies inside. */
	if (initgroups(p->user, user->pw_gid) != 0 || (p->root != NULL && chroot(p->root) != 0) ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
		return refused(why, "user");
	if (setuid(0) == 0) {
		problem_set(why, "root can be taken back after giving it up");
		return STATUS_IO;
	}
	/* Changing the user forgets that the supervisor's death is to end us. */
	(void)prctl(PR_SET_PDEATHSIG, death_signal);
	reached(level, "uid");
	if (p->root != NULL)
		reached(level, "root");
	return STATUS_OK;
}

static enum status
drop_capabilities(struct buf *level, struct problem *why)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) != 0)
		return refused(why, "capabilities");
	reached(level, "caps");
	return STATUS_OK;
}

/* Never more than before: raising is for root. */
static int
set_limit(int which, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit((unsigned)which, &limit) != 0)
		return -1;
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > most)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit((unsigned)which, &limit);
}

static enum status
set_limits(const struct sandbox_profile *p, struct buf *level, struct problem *why)
{
	/* A checker's shadow memory is larger than any limit. */
	if (set_limit(RLIMIT_CORE, 0) != 0 ||
	    set_limit(RLIMIT_DATA, IS_SANITIZED ? RLIM_INFINITY : MEMORY_MAX) != 0 ||
	    set_limit(RLIMIT_NPROC, p->may & SANDBOX_THREADS ? THREADS_MAX : 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return refused(why, "limits");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused(why, "no_new_privs");
	reached(level, "nnp");
	return STATUS_OK;
}

static enum status
allow_path(int ruleset, const struct sandbox_path *path, uint64_t handled, struct problem *why)
{
	struct path_beneath_attr rule = { .allowed = LL_FS_READ_FILE | LL_FS_READ_DIR };
	int is_folder, rc;

	rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	is_folder = rule.parent_fd >= 0;
	if (!is_folder)
		rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0 && errno == EACCES) {
		problem_set_errno(why, errno, "%s cannot be reached as uid %u: each folder of the instance "
		    "has to let others pass (chmod o+x)", path->path, (unsigned)geteuid());
		return STATUS_DENIED;
	}
	if (rule.parent_fd < 0)
		return errno == ENOENT ? STATUS_OK : refused(why, path->path);
	if (path->access == SANDBOX_WRITE)
		rule.allowed |= LL_FS_WRITE_FILE | LL_FS_REMOVE_FILE | LL_FS_MAKE_REG | LL_FS_MAKE_DIR |
		    LL_FS_TRUNCATE;
	if (!is_folder)
		rule.allowed &= LL_FS_READ_FILE | LL_FS_WRITE_FILE | LL_FS_TRUNCATE;
	rule.allowed &= handled;
	rc = (int)syscall(SYS_landlock_add_rule, ruleset, LL_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc == 0 ? STATUS_OK : refused(why, path->path);
}

static enum status
enter_landlock(const struct sandbox_profile *p, struct buf *level, struct problem *why)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_CREATE_VERSION);
	struct ruleset_attr attr = { 0 };
	size_t known = abi >= 6 ? sizeof(attr) : abi >= 4 ? 16 : 8;
	enum status st = STATUS_OK;
	int ruleset;

	if (abi < 1)
		return STATUS_OK;	/* not in this kernel */
	attr.fs = fs_rights[(size_t)abi < ARRAY_LEN(fs_rights) ? (size_t)abi
							      : ARRAY_LEN(fs_rights) - 1];
	if (abi >= 4)	/* listening sockets are inherited, nobody makes one */
		attr.net = p->may & SANDBOX_CONNECT_TCP ? LL_NET_BIND : LL_NET_BIND | LL_NET_CONNECT;
	if (abi >= 6)
		attr.scoped = LL_SCOPE_ALL;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, known, 0);
	if (ruleset < 0)
		return refused(why, "Landlock");
	for (size_t i = 0; i < p->path_count && st == STATUS_OK; i++)
		st = allow_path(ruleset, &p->paths[i], attr.fs, why);
	if (st == STATUS_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		st = refused(why, "Landlock");
	close(ruleset);
	if (st == STATUS_OK) {
		if (level->len > 0)
			buf_append_byte(level, ',');
		buf_printf(level, "landlock%ld", abi);
	}
	return st;
}

static int
allow_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}

static int
allow_sockets(scmp_filter_ctx filter, unsigned may)
{
	static const uint64_t tcp[] = { AF_INET, AF_INET6 };
	/* How much a peer has not taken yet. */
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
	    SCMP_A1(SCMP_CMP_EQ, SIOCOUTQ, 0));

	if (rc == 0 && (may & (SANDBOX_CONNECT_UNIX | SANDBOX_CONNECT_TCP)))
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
	if (rc == 0 && (may & SANDBOX_CONNECT_UNIX))
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	for (size_t i = 0; i < ARRAY_LEN(tcp) && rc == 0 && (may & SANDBOX_CONNECT_TCP); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, tcp[i], 0));
	if (rc == 0 && (may & SANDBOX_CONNECT_TCP))	/* the resolver binds its UDP sockets */
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);
	if (rc == 0 && (may & SANDBOX_CONNECT_TCP))
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0));
	return rc;
}

/* Signals and limits, of ourselves alone. */
static int
allow_self(scmp_filter_ctx filter)
{
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
		    SCMP_A0(SCMP_CMP_EQ, 0, 0));
	return rc;
}

/* Memory that is never executable; threads, where they are needed, but no processes. */
static int
allow_memory(scmp_filter_ctx filter, unsigned may)
{
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0 && (may & SANDBOX_THREADS))
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* clone3's flags lie in memory and cannot be judged: glibc falls back to clone. */
	if (rc == 0 && (may & SANDBOX_THREADS))
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

static bool
may_write(const struct sandbox_profile *p)
{
	for (size_t i = 0; i < p->path_count; i++)
		if (p->paths[i].access == SANDBOX_WRITE)
			return true;
	return false;
}

static enum status
enter_seccomp(const struct sandbox_profile *p, struct buf *level, struct problem *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (filter == NULL)
		return refused(why, "seccomp");
	rc = allow_calls(filter, common_calls, ARRAY_LEN(common_calls));
	if (rc == 0 && (p->may & SANDBOX_OPEN))
		rc = allow_calls(filter, open_calls, ARRAY_LEN(open_calls));
	if (rc == 0 && (p->may & SANDBOX_OPEN) && may_write(p))
		rc = allow_calls(filter, change_calls, ARRAY_LEN(change_calls));
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = allow_self(filter);
	if (rc == 0)
		rc = allow_sockets(filter, p->may);
	if (rc == 0)
		rc = allow_memory(filter, p->may);
	for (size_t i = 0; i < ARRAY_LEN(deadly_calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly_calls[i], 0);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc != 0) {
		errno = -rc;
		return refused(why, "seccomp");
	}
	reached(level, "seccomp");
	return STATUS_OK;
}

/* Users and system calls could be changed for other threads, too, but not Landlock. */
static enum status
check_alone(struct problem *why)
{
	struct stat threads;

	/* Two links of the folder itself, and one each thread. */
	if (stat("/proc/self/task", &threads) != 0 || threads.st_nlink <= 3)
		return STATUS_OK;
	problem_set(why, "%d threads were started before the cage was entered",
	    (int)threads.st_nlink - 3);
	return STATUS_DENIED;
}

enum status
sandbox_enter(const struct sandbox_profile *p, struct buf *level, struct problem *why)
{
	enum status st = check_alone(why);

	tzset();	/* its file cannot be read later */
	if (st == STATUS_OK)
		st = drop_bounds(why);
	if (st == STATUS_OK)
		st = take_user(p, level, why);
	if (st == STATUS_OK)
		st = drop_capabilities(level, why);
	if (st == STATUS_OK)
		st = set_limits(p, level, why);
	if (st == STATUS_OK)
		st = enter_landlock(p, level, why);
	if (st == STATUS_OK)
		st = enter_seccomp(p, level, why);
	return st;
}
