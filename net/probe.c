#include "net/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/slice.h"
#include "net/loop.h"

#define HEARD_MS 300		/* who refuses us closes by then */
#define PAGE 4096
#define NAMES_MAX 1024

/* Each gives 0 when it worked, or -1 and errno. */
typedef int attempt_run(const char *what);

struct attempt {
	const char *act, *what;
	attempt_run *run;
};

static int
closed(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

/* Files */

static int
open_read(const char *what)
{
	return closed(open(what, O_RDONLY | O_CLOEXEC));
}

static int
open_write(const char *what)
{
	return closed(open(what, O_WRONLY | O_CLOEXEC));
}

static int
make(const char *what)
{
	return closed(open(what, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

static int
make_folder(const char *what)
{
	return mkdir(what, 0700);
}

static int
change_mode(const char *what)
{
	return chmod(what, 0644);
}

static int
move(const char *what)
{
	return rename(what, "../store/moved");
}

static int
make_link(const char *what)
{
	return symlink("/etc/passwd", what);
}

static int
change_root(const char *what)
{
	return chroot(what);
}

/* Sockets */

static int
unix_connected(const struct sockaddr_un *to, size_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd answer = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)to, (socklen_t)len) != 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	if (poll(&answer, 1, HEARD_MS) > 0) {
		close(fd);
		errno = ECONNRESET;
		return -1;
	}
	return close(fd);
}

static int
connect_unix(const char *what)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	memcpy(to.sun_path, what, strlen(what));
	return unix_connected(&to, sizeof(to));
}

static int
connect_abstract(const char *what)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	memcpy(to.sun_path + 1, what, strlen(what));
	return unix_connected(&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(what));
}

static struct sockaddr_in
test_address(void)
{
	uint32_t port = 0;
	enum status st = parse_u32(slice_from_cstr(getenv("TRADEPOST_PROBE_PORT")), 0, 65535, &port);

	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(st == STATUS_OK ? (uint16_t)port : 0) };
}

static int
connect_inet(int type)
{
	struct sockaddr_in to = test_address();
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int rc, err;

	if (fd < 0)
		return -1;
	rc = connect(fd, (const struct sockaddr *)&to, sizeof(to));
	err = errno;
	close(fd);
	errno = err;
	return rc;
}

static int
connect_tcp(const char *what)
{
	(void)what;
	return connect_inet(SOCK_STREAM);
}

static int
connect_udp(const char *what)
{
	(void)what;
	return connect_inet(SOCK_DGRAM);
}

static int
listen_tcp(const char *what)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)what;
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0)
		return -1;
	return listen(fd, 1);
}

static int
listen_unix(const char *what)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, what, strlen(what));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
		return -1;
	return listen(fd, 1);
}

static int
socket_family(const char *what)
{
	uint32_t family = 0;

	return parse_u32(slice_from_cstr(what), 0, 100, &family) != STATUS_OK
	    ? 0 : closed(socket((int)family, SOCK_RAW | SOCK_CLOEXEC, 0));
}

/* A listener that was inherited, let loose and sent elsewhere. */
static int
reuse_listener(const char *what)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	struct sockaddr_in to = test_address();

	(void)what;
	for (int fd = 0; fd < 100; fd++) {
		struct sockaddr_in own = { 0 };
		socklen_t len = sizeof(own);
		int listens = 0;
		socklen_t size = sizeof(listens);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens ||
		    getsockname(fd, (struct sockaddr *)&own, &len) != 0 || own.sin_family != AF_INET)
			continue;
		return connect(fd, &nowhere, sizeof(nowhere)) == 0
		    ? connect(fd, (const struct sockaddr *)&to, sizeof(to)) : -1;
	}
	errno = ENOTSOCK;
	return -1;
}

/* Other processes */

static int
signal_parent(const char *what)
{
	(void)what;
	return kill(getppid(), 0);
}

static int
signal_all(const char *what)
{
	(void)what;
	return kill(-1, 0);
}

static int
signal_thread(const char *what)
{
	(void)what;
	return tgkill(getppid(), getppid(), 0);
}

static int
open_parent(const char *what)
{
	(void)what;
	return closed((int)syscall(SYS_pidfd_open, getppid(), 0));
}

static int
limit_parent(const char *what)
{
	struct rlimit files;

	(void)what;
	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &files);
}

static int
clone_process(const char *what)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)what;
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int
clone3_process(const char *what)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	(void)what;
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static void *
thread_main(void *ctx)
{
	return ctx;
}

static int
start_thread(const char *what)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, thread_main, NULL);

	(void)what;
	if (err == 0)
		return pthread_join(thread, NULL);
	errno = err;
	return -1;
}

/* Memory */

static int
map_code(const char *what)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)what;
	return page == MAP_FAILED ? -1 : munmap(page, PAGE);
}

static int
make_code(const char *what)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)what;
	return page == MAP_FAILED ? -1 : mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static int
map_memfd_code(const char *what)
{
	int fd = memfd_create(what, MFD_CLOEXEC);
	void *page;

	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		return -1;
	page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return page == MAP_FAILED ? -1 : munmap(page, PAGE);
}

static int
take_memory(const char *what)
{
	void *much = mmap(NULL, (size_t)5 << 30, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)what;
	return much == MAP_FAILED ? -1 : munmap(much, (size_t)5 << 30);
}

/* Rights */

static int
become_root(const char *what)
{
	(void)what;
	return setuid(0);
}

static int
take_groups(const char *what)
{
	static const gid_t root = 0;

	(void)what;
	return (int)syscall(SYS_setgroups, 1, &root);
}

static int
take_capabilities(const char *what)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[2] = { { ~0u, ~0u, 0 }, { ~0u, ~0u, 0 } };

	(void)what;
	return (int)syscall(SYS_capset, &head, all);
}

static int
be_dumpable(const char *what)
{
	(void)what;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
raise_core(const char *what)
{
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)what;
	return setrlimit(RLIMIT_CORE, &all);
}

static int
set_name(const char *what)
{
	return sethostname(what, strlen(what));
}

/* System calls that end the process. */

static int
call_execve(const char *what)
{
	char *argv[] = { (char *)(uintptr_t)what, NULL };

	return execve(what, argv, NULL);
}

static int
call_fork(const char *what)
{
	long pid = syscall(SYS_fork);

	(void)what;
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int
call_number(const char *what)
{
	uint32_t number = 0;

	/* Arguments that no call does anything with. */
	return parse_u32(slice_from_cstr(what), 0, 1000, &number) != STATUS_OK
	    ? 0 : (int)syscall((long)number, -1, 0, 0, 0, 0, 0);
}

#define TEXT_OF(x) #x
#define NUMBER(x) TEXT_OF(x)

static const struct attempt together[] = {
	{ "open_read", "../store/data.mdb", open_read },
	{ "open_read", "../store/segments", open_read },
	{ "open_read", "../policy/data.mdb", open_read },
	{ "open_read", "../tls/key.pem", open_read },
	{ "open_read", "../tradepost.conf", open_read },
	{ "open_read", "../backup", open_read },
	{ "open_read", "serve.lock", open_read },
	{ "open_read", "/", open_read },
	{ "open_read", "/etc/passwd", open_read },
	{ "open_read", "/etc/shadow", open_read },
	{ "open_read", "/root", open_read },
	{ "open_read", "/bin/sh", open_read },
	{ "open_read", "/proc/self/maps", open_read },
	{ "open_read", "/proc/1/environ", open_read },
	{ "open_write", "../store/data.mdb", open_write },
	{ "open_write", "../store/lock.mdb", open_write },
	{ "open_write", "../store/victim", open_write },
	{ "open_write", "../policy/data.mdb", open_write },
	{ "open_write", "../policy/lock.mdb", open_write },
	{ "open_write", "../policy/victim", open_write },
	{ "open_write", "../tls/key.pem", open_write },
	{ "open_write", "../tls/victim", open_write },
	{ "open_write", "../tradepost.conf", open_write },
	{ "open_write", "victim", open_write },
	{ "open_write", "/dev/null", open_write },
	{ "open_write", "/proc/self/mem", open_write },
	{ "make", "../store/made", make },
	{ "make", "../policy/made", make },
	{ "make", "../made", make },
	{ "make", "made", make },
	{ "make", "/tmp/tradepost-made", make },
	{ "make", "/var/tmp/tradepost-made", make },
	{ "make", "/dev/shm/tradepost-made", make },
	{ "make_folder", "../store/folder", make_folder },
	{ "make_folder", "folder", make_folder },
	{ "change_mode", "../store/victim", change_mode },
	{ "change_mode", "victim", change_mode },
	{ "make_link", "../store/link", make_link },
	{ "remove", "victim", unlink },
	{ "remove", "../policy/victim", unlink },
	{ "remove", "policy.sock", unlink },
	{ "move", "../store/victim", move },
	{ "remove", "../store/moved", unlink },
	{ "remove", "../store/victim", unlink },
	{ "change_root", ".", change_root },
	{ "connect", "store-plan.sock", connect_unix },
	{ "connect", "store-work.sock", connect_unix },
	{ "connect", "store-queue.sock", connect_unix },
	{ "connect", "store-admin.sock", connect_unix },
	{ "connect", "policy.sock", connect_unix },
	{ "connect", "policy-admin.sock", connect_unix },
	{ "connect", "digest.sock", connect_unix },
	{ "connect", "imap-worker-0.sock", connect_unix },
	{ "connect", "pop3-worker-0.sock", connect_unix },
	{ "connect", "serve.sock", connect_unix },
	{ "connect", "/tmp/tradepost-probe.sock", connect_unix },
	{ "connect_abstract", "tradepost-probe", connect_abstract },
	{ "connect_tcp", "", connect_tcp },
	{ "connect_udp", "", connect_udp },
	{ "listen_tcp", "", listen_tcp },
	{ "listen_unix", "listening.sock", listen_unix },
	{ "socket_family", NUMBER(AF_INET), socket_family },
	{ "socket_family", NUMBER(AF_NETLINK), socket_family },
	{ "socket_family", NUMBER(AF_PACKET), socket_family },
	{ "socket_family", NUMBER(AF_ALG), socket_family },
	{ "socket_family", NUMBER(AF_VSOCK), socket_family },
	{ "signal_parent", "", signal_parent },
	{ "signal_all", "", signal_all },
	{ "signal_thread", "", signal_thread },
	{ "open_parent", "", open_parent },
	{ "limit_parent", "", limit_parent },
	{ "clone_process", "", clone_process },
	{ "clone3_process", "", clone3_process },
	{ "start_thread", "", start_thread },
	{ "map_code", "", map_code },
	{ "make_code", "", make_code },
	{ "map_memfd_code", "code", map_memfd_code },
	{ "take_memory", "", take_memory },
	{ "become_root", "", become_root },
	{ "take_groups", "", take_groups },
	{ "take_capabilities", "", take_capabilities },
	{ "be_dumpable", "", be_dumpable },
	{ "raise_core", "", raise_core },
	{ "set_name", "taken", set_name },
	{ "call", NUMBER(SYS_add_key), call_number },
	{ "call", NUMBER(SYS_shmget), call_number },
	{ "call", NUMBER(SYS_mq_open), call_number },
	{ "call", NUMBER(SYS_inotify_init1), call_number },
	{ "call", NUMBER(SYS_personality), call_number },
	{ "call", NUMBER(SYS_umount2), call_number },
	{ "call", NUMBER(SYS_reboot), call_number },
	{ "call", NUMBER(SYS_init_module), call_number },
	{ "call", NUMBER(SYS_settimeofday), call_number },
	{ "call", NUMBER(SYS_seccomp), call_number },
};

static const struct attempt alone[] = {
	{ "execve", "/bin/true", call_execve },
	{ "ptrace", NUMBER(SYS_ptrace), call_number },
	{ "fork", "", call_fork },
	{ "process_vm_writev", NUMBER(SYS_process_vm_writev), call_number },
	{ "reuse_listener", "", reuse_listener },
	{ "execveat", NUMBER(SYS_execveat), call_number },
	{ "process_vm_readv", NUMBER(SYS_process_vm_readv), call_number },
	{ "mount", NUMBER(SYS_mount), call_number },
	{ "unshare", NUMBER(SYS_unshare), call_number },
	{ "setns", NUMBER(SYS_setns), call_number },
	{ "bpf", NUMBER(SYS_bpf), call_number },
	{ "perf_event_open", NUMBER(SYS_perf_event_open), call_number },
	{ "userfaultfd", NUMBER(SYS_userfaultfd), call_number },
	{ "io_uring_setup", NUMBER(SYS_io_uring_setup), call_number },
	{ "open_by_handle_at", NUMBER(SYS_open_by_handle_at), call_number },
	{ "keyctl", NUMBER(SYS_keyctl), call_number },
	{ "kexec_load", NUMBER(SYS_kexec_load), call_number },
};

static void
attempt_make(const struct attempt *a)
{
	int rc = a->run(a->what);
	const char *error = rc == 0 ? "done" : strerrorname_np(errno);
	struct log_line line;

	log_begin(&line, LOG_INFO, "net.probe.tried", NULL);
	log_cstr(&line, "act", a->act);
	log_cstr(&line, "what", a->what);
	log_cstr(&line, "got", error == NULL ? "unknown" : error);
	log_end(&line);
}

static void
make_together(void *ctx)
{
	struct buf names = buf_init(NAMES_MAX);
	struct log_line line;

	(void)ctx;
	for (size_t i = 0; i < ARRAY_LEN(together); i++)
		attempt_make(&together[i]);
	for (size_t i = 0; i < ARRAY_LEN(alone); i++) {
		if (i > 0)
			buf_append_byte(&names, ',');
		buf_append(&names, slice_from_cstr(alone[i].act));
	}
	log_begin(&line, LOG_INFO, "net.probe.done", NULL);
	log_slice(&line, "alone", buf_slice(&names));
	log_end(&line);
	buf_clear(&names);
}

static void
make_alone(void *ctx)
{
	attempt_make(ctx);
}

void
probe_listen(struct loop *l)
{
	loop_on_signal(l, SIGRTMIN, make_together, NULL);
	for (size_t i = 0; i < ARRAY_LEN(alone); i++)
		loop_on_signal(l, SIGRTMIN + 1 + (int)i, make_alone,
		    (void *)(uintptr_t)&alone[i]);
}
