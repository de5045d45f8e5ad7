#include "tools/children.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/daemon.h"
#include "net/ipc.h"
#include "net/loop.h"

#define CHILD_COUNT_MAX 96
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 30000
#define BACKOFF_DAMAGED_MAX_MS 600000	/* where only an administrator can help */
#define STEADY_MS 60000		/* after so long alive the back-off begins anew */
#define STOP_MS 20000
#define FIRST_FD 3

enum key_kind { KEY_GRANT, KEY_TICKET, KEY_COUNT };

static const struct {
	const char *name;
	size_t len;
} keys[KEY_COUNT] = {
	[KEY_GRANT] = { "grant-key", 32 },
	[KEY_TICKET] = { "ticket-key", 80 },	/* OpenSSL's ticket name, HMAC and cipher keys */
};

/* Processes are started from the first tier to the last, and stopped the other way. */
enum tier { TIER_STORE, TIER_POLICY, TIER_WORKER, TIER_FRONT };

/* One row a kind of process.  sockets: names it inherits, %u stands for its instance. */
static const struct child_kind {
	const char *program;
	const char *role;	/* NULL: none */
	enum tier tier;
	size_t count_at;	/* where in struct children_counts; SIZE_MAX: one */
	const char *tcp[4];
	const char *local[5];
	bool has_key[KEY_COUNT];
} kinds[] = {
	{ "stored", NULL, TIER_STORE, SIZE_MAX, { 0 },
	    { "store-plan", "store-work", "store-queue", "store-admin" }, { [KEY_GRANT] = true } },
	{ "policyd", NULL, TIER_POLICY, SIZE_MAX, { 0 }, { "policy", "policy-admin", "digest" },
	    { [KEY_GRANT] = true } },
	{ "digest", NULL, TIER_POLICY, offsetof(struct children_counts, digests), { 0 }, { 0 },
	    { 0 } },
	{ "imapd", "worker", TIER_WORKER, offsetof(struct children_counts, imap_workers), { 0 },
	    { "imap-worker" }, { 0 } },
	{ "pop3d", "worker", TIER_WORKER, offsetof(struct children_counts, pop3_workers), { 0 },
	    { "pop3-worker" }, { 0 } },
	{ "smtpd", NULL, TIER_FRONT, SIZE_MAX, { "smtp", "submission", "submissions" }, { 0 },
	    { [KEY_TICKET] = true } },
	{ "imapd", "front", TIER_FRONT, offsetof(struct children_counts, imap_fronts),
	    { "imap", "imaps" }, { 0 }, { [KEY_TICKET] = true } },
	{ "pop3d", "front", TIER_FRONT, SIZE_MAX, { "pop3", "pop3s" }, { 0 },
	    { [KEY_TICKET] = true } },
	{ "fetchd", NULL, TIER_FRONT, SIZE_MAX, { 0 }, { 0 }, { 0 } },
	{ "relayd", NULL, TIER_FRONT, SIZE_MAX, { 0 }, { 0 }, { 0 } },
};

struct child {
	struct children *all;
	const struct child_kind *kind;
	uint32_t instance;
	char name[40];
	size_t first_local, local_count;	/* its Unix sockets in all->locals */
	pid_t pid;
	bool is_ready;
	uint32_t restarts;
	uint64_t started_ms;
	uint32_t backoff_ms;
	int ready_fd;
	struct watch *ready;
	struct timer *restart;
};

struct children {
	struct loop *loop;
	struct endpoints *tcp;
	struct endpoints locals;
	const char *program_dir;
	bool is_debug;
	void (*stopped)(void *ctx);
	void *ctx;
	int key_fds[KEY_COUNT];
	size_t count;
	struct child list[CHILD_COUNT_MAX];
	enum tier starting_tier;	/* a tier is started when the one below it is ready */
	bool is_stopping;
	enum tier stopping_tier;
	struct timer *kill_timer;
};

static void child_start(void *ctx);

/* What a child inherits, put at FIRST_FD and up in the order of the names. */
struct inheritance {
	int fds[40];
	size_t count;
	struct buf names;
};

static void
inherit(struct inheritance *in, const char *name, int fd)
{
	ASSERT(in->count < ARRAY_LEN(in->fds));
	if (in->count > 0)
		buf_append_byte(&in->names, ':');
	buf_append(&in->names, slice_from_cstr(name));
	in->fds[in->count++] = fd;
}

static void
inherit_all(struct inheritance *in, const struct child *c, int ready_fd)
{
	const struct children *all = c->all;

	for (size_t k = 0; k < ARRAY_LEN(c->kind->tcp) && c->kind->tcp[k] != NULL; k++)
		for (size_t i = 0; i < all->tcp->count; i++)
			if (strcmp(all->tcp->list[i].name, c->kind->tcp[k]) == 0)
				inherit(in, c->kind->tcp[k], all->tcp->list[i].fd);
	for (size_t i = 0; i < c->local_count; i++)
		inherit(in, all->locals.list[c->first_local + i].name,
		    all->locals.list[c->first_local + i].fd);
	for (unsigned k = 0; k < KEY_COUNT; k++)
		if (c->kind->has_key[k])
			inherit(in, keys[k].name, all->key_fds[k]);
	inherit(in, "ready", ready_fd);
}

/* In the child: put the descriptors in their places and become the program. */
static _Noreturn void
child_exec(const struct child *c, struct inheritance *in, pid_t parent)
{
	char path[4096], instance[16], count[16];
	const char *names;
	char *argv[8];
	size_t argc = 0;
	int high[ARRAY_LEN(in->fds)];

	/* Here, since the daemon's own asking would come too late for a parent that died meanwhile. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(127);
	/* First above all targets, so that no copy overwrites a source. */
	for (size_t i = 0; i < in->count; i++)
		high[i] = fcntl(in->fds[i], F_DUPFD_CLOEXEC, 200);
	for (size_t i = 0; i < in->count; i++)
		if (high[i] < 0 || dup2(high[i], FIRST_FD + (int)i) < 0)
			_exit(127);
	snprintf(count, sizeof(count), "%zu", in->count);
	snprintf(instance, sizeof(instance), "%u", (unsigned)c->instance);
	if (buf_cstr(&in->names, &names) != STATUS_OK ||
	    setenv("LISTEN_FDS", count, 1) != 0 || setenv("LISTEN_FDNAMES", names, 1) != 0)
		_exit(127);
	unsetenv("LISTEN_PID");
	if (snprintf(path, sizeof(path), "%s/%s", c->all->program_dir, c->kind->program) >=
	    (int)sizeof(path))
		_exit(127);
	argv[argc++] = path;
	argv[argc++] = "--instance";
	argv[argc++] = instance;
	if (c->kind->role != NULL) {
		argv[argc++] = "--role";
		argv[argc++] = (char *)(uintptr_t)c->kind->role;
	}
	if (c->all->is_debug)
		argv[argc++] = "--debug";
	argv[argc] = NULL;
	execv(path, argv);
	_exit(127);
}

static void
start_tier(struct children *all, enum tier tier)
{
	all->starting_tier = tier;
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].kind->tier == tier)
			timer_set(all->list[i].restart, 0);
}

/* Go up tier by tier; once all are up, what dies is started again by itself. */
static void
start_step(struct children *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].kind->tier == all->starting_tier && !all->list[i].is_ready)
			return;
	if (all->starting_tier < TIER_FRONT)
		start_tier(all, all->starting_tier + 1);
}

static void
child_is_ready(void *ctx, unsigned events)
{
	struct child *c = ctx;
	char byte;
	ssize_t n = read(c->ready_fd, &byte, 1);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	watch_free(&c->ready);
	close(c->ready_fd);
	c->ready_fd = -1;
	if (n == 1) {
		c->is_ready = true;
		log_event(LOG_INFO, "serve.process.ready", NULL, "name", c->name);
		start_step(c->all);
	}
}

static void
child_failed_to_start(struct child *c, const char *what)
{
	log_event(LOG_ERROR, "serve.process.start_failed", NULL, what, strerror(errno));
	timer_set(c->restart, BACKOFF_MAX_MS);
}

static void
child_start(void *ctx)
{
	struct child *c = ctx;
	struct inheritance in = { .names = buf_init(2048) };
	int pipe_fds[2];
	pid_t parent = getpid();
	pid_t pid;

	if (c->all->is_stopping)
		return;
	if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
		child_failed_to_start(c, "pipe");
		return;
	}
	inherit_all(&in, c, pipe_fds[1]);
	pid = fork();
	if (pid == 0)
		child_exec(c, &in, parent);
	close(pipe_fds[1]);
	buf_clear(&in.names);
	if (pid < 0) {
		close(pipe_fds[0]);
		child_failed_to_start(c, "fork");
		return;
	}
	(void)fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	c->pid = pid;
	c->started_ms = clock_monotonic_ms();
	c->ready_fd = pipe_fds[0];
	c->ready = watch_new(c->all->loop, c->ready_fd, child_is_ready, c);
	watch_want(c->ready, WATCH_READ);
}

static bool
tier_is_empty(const struct children *all, enum tier tier)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].pid != 0 && all->list[i].kind->tier >= tier)
			return false;
	return true;
}

static void
tier_signal(struct children *all, int signo)
{
	for (size_t i = 0; i < all->count; i++) {
		struct child *c = &all->list[i];

		if (c->pid != 0 && c->kind->tier >= all->stopping_tier)
			kill(c->pid, signo);
	}
}

/* Go down tier by tier as they empty. */
static void
stop_step(struct children *all)
{
	while (tier_is_empty(all, all->stopping_tier)) {
		if (all->stopping_tier == TIER_STORE) {
			timer_stop(all->kill_timer);
			all->stopped(all->ctx);
			return;
		}
		all->stopping_tier--;
		tier_signal(all, SIGTERM);
		timer_set(all->kill_timer, STOP_MS);
	}
}

static void
stop_takes_too_long(void *ctx)
{
	struct children *all = ctx;

	log_event(LOG_WARN, "serve.stop.forced", NULL, "why", "processes did not end in time");
	tier_signal(all, SIGKILL);
}

static bool
is_damaged(int wait_status)
{
	return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == DAEMON_EXIT_DAMAGED;
}

static void
log_death(const struct child *c, int wait_status)
{
	struct log_line l;
	bool is_wanted = c->all->is_stopping;

	log_begin(&l, is_wanted ? LOG_INFO : LOG_ERROR, "serve.process.ended", NULL);
	log_cstr(&l, "name", c->name);
	log_u64(&l, "pid", (uint64_t)c->pid);
	if (WIFSIGNALED(wait_status))
		log_u64(&l, "signal", (uint64_t)WTERMSIG(wait_status));
	else
		log_u64(&l, "code", (uint64_t)WEXITSTATUS(wait_status));
	if (!is_wanted)
		log_u64(&l, "restart_ms", c->backoff_ms);
	if (is_damaged(wait_status))
		log_cstr(&l, "do", "stop the instance, then mailadm repair");
	log_end(&l);
}

static void
child_ended(struct child *c, int wait_status)
{
	uint32_t pause_max_ms = is_damaged(wait_status) ? BACKOFF_DAMAGED_MAX_MS : BACKOFF_MAX_MS;

	if (clock_monotonic_ms() - c->started_ms > STEADY_MS)
		c->backoff_ms = BACKOFF_MIN_MS;
	log_death(c, wait_status);
	c->pid = 0;
	c->is_ready = false;
	if (c->ready != NULL) {
		watch_free(&c->ready);
		close(c->ready_fd);
		c->ready_fd = -1;
	}
	if (c->all->is_stopping) {
		stop_step(c->all);
		return;
	}
	c->restarts++;
	timer_set(c->restart, c->backoff_ms);
	c->backoff_ms *= 2;
	if (c->backoff_ms > pause_max_ms)
		c->backoff_ms = pause_max_ms;
}

static void
on_child_signal(void *ctx)
{
	struct children *all = ctx;
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
		for (size_t i = 0; i < all->count; i++)
			if (all->list[i].pid == pid) {
				child_ended(&all->list[i], wait_status);
				break;
			}
}

static enum status
make_keys(struct children *all, struct problem *why)
{
	for (unsigned k = 0; k < KEY_COUNT; k++) {
		uint8_t key[80];
		enum status st = memfd_new(&all->key_fds[k], why);

		if (st != STATUS_OK)
			return st;
		ASSERT(keys[k].len <= sizeof(key));
		id_random(key, keys[k].len);
		if (write(all->key_fds[k], key, keys[k].len) != (ssize_t)keys[k].len)
			st = STATUS_IO;
		mem_wipe(key, sizeof(key));
		if (st == STATUS_OK)
			st = memfd_seal(all->key_fds[k], why);
		if (st != STATUS_OK)
			return st;
	}
	return STATUS_OK;
}

/*
 * Served by root, the daemons have users of their own.  A socket belongs to
 * whom it is for, so that nobody else can even connect; what listens asks the kernel
 * who comes all the same.  What is not listed is the administrator's: root's.
 */
static const struct {
	const char *name, *user, *group;	/* group: NULL for none */
	mode_t mode;
} doors[] = {
	{ "store-plan", "tradepost-policyd", NULL, 0600 },
	{ "store-work", "root", "tradepost-store", 0660 },
	{ "store-queue", "tradepost-relayd", NULL, 0600 },
	{ "policy", "root", NULL, 0666 },	/* for five users of no common group */
	{ "digest", "tradepost-digest", NULL, 0600 },
	{ "imap-worker", "tradepost-imapfront", NULL, 0600 },
	{ "pop3-worker", "tradepost-pop3front", NULL, 0600 },
};

static enum status
socket_give(const char *name, const char *file, struct problem *why)
{
	for (size_t i = 0; i < ARRAY_LEN(doors) && geteuid() == 0; i++) {
		const struct passwd *user;
		const struct group *group = NULL;

		if (strcmp(doors[i].name, name) != 0)
			continue;
		user = getpwnam(doors[i].user);
		if (doors[i].group != NULL)
			group = getgrnam(doors[i].group);
		if (user == NULL || (doors[i].group != NULL && group == NULL)) {
			problem_set(why, "there is no user %s, or no group for it: mailadm init makes "
			    "them", doors[i].user);
			return STATUS_ABSENT;
		}
		if (chown(file, user->pw_uid, group == NULL ? (gid_t)0 : group->gr_gid) != 0 ||
		    chmod(file, doors[i].mode) != 0) {
			problem_set_errno(why, errno, "run/%s", file);
			return STATUS_IO;
		}
	}
	return STATUS_OK;
}

static enum status
add_child(struct children *all, const struct child_kind *kind, uint32_t instance,
    struct problem *why)
{
	struct child *c = &all->list[all->count];

	if (all->count == CHILD_COUNT_MAX) {
		problem_set(why, "more than %d processes", CHILD_COUNT_MAX);
		return STATUS_LIMIT;
	}
	*c = (struct child){ .all = all, .kind = kind, .instance = instance, .ready_fd = -1,
		.backoff_ms = BACKOFF_MIN_MS, .first_local = all->locals.count };
	snprintf(c->name, sizeof(c->name), "%s%s%s", kind->program, kind->role ? "-" : "",
	    kind->role ? kind->role : "");
	if (kind->count_at != SIZE_MAX)
		snprintf(c->name + strlen(c->name), sizeof(c->name) - strlen(c->name), "-%u",
		    (unsigned)instance);
	for (size_t i = 0; i < ARRAY_LEN(kind->local) && kind->local[i] != NULL; i++) {
		char file[64];
		enum status st;

		if (kind->tier == TIER_WORKER)
			snprintf(file, sizeof(file), "%s-%u.sock", kind->local[i],
			    (unsigned)instance);
		else
			snprintf(file, sizeof(file), "%s.sock", kind->local[i]);
		st = endpoints_add_unix(&all->locals, kind->local[i], file, 0600, why);
		if (st == STATUS_OK)
			st = socket_give(kind->local[i], file, why);
		if (st != STATUS_OK)
			return st;
	}
	c->local_count = all->locals.count - c->first_local;
	c->restart = timer_new(all->loop, child_start, c);
	all->count++;
	return STATUS_OK;
}

/* Who would only listen has nothing to do where all of that is switched off. */
static bool
is_wanted(const struct children *all, const struct child_kind *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kind->tcp) && kind->tcp[i] != NULL; i++)
		for (size_t k = 0; k < all->tcp->count; k++)
			if (strcmp(all->tcp->list[k].name, kind->tcp[i]) == 0)
				return true;
	return kind->tcp[0] == NULL;
}

static enum status
add_all(struct children *all, const struct children_counts *counts, struct problem *why)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		uint32_t n = is_wanted(all, &kinds[k]) ? 1 : 0;

		if (n > 0 && kinds[k].count_at != SIZE_MAX)
			memcpy(&n, (const char *)counts + kinds[k].count_at, sizeof(n));
		for (uint32_t i = 0; i < n; i++) {
			enum status st = add_child(all, &kinds[k], i, why);

			if (st != STATUS_OK)
				return st;
		}
	}
	return STATUS_OK;
}

enum status
children_new(struct loop *l, struct endpoints *endpoints, const char *program_dir,
    const struct children_counts *counts, bool is_debug, void (*stopped)(void *ctx), void *ctx,
    struct children **out, struct problem *why)
{
	struct children *all = mem_new(struct children);
	enum status st;

	all->loop = l;
	all->tcp = endpoints;
	all->program_dir = program_dir;
	all->is_debug = is_debug;
	all->stopped = stopped;
	all->ctx = ctx;
	all->stopping_tier = TIER_FRONT + 1;
	all->kill_timer = timer_new(l, stop_takes_too_long, all);
	for (unsigned k = 0; k < KEY_COUNT; k++)
		all->key_fds[k] = -1;
	st = make_keys(all, why);
	if (st == STATUS_OK)
		st = add_all(all, counts, why);
	if (st != STATUS_OK) {
		children_free(&all);
		return st;
	}
	loop_on_signal(l, SIGCHLD, on_child_signal, all);
	start_tier(all, TIER_STORE);
	*out = all;
	return STATUS_OK;
}

void
children_free(struct children **c)
{
	struct children *all = *c;

	if (all == NULL)
		return;
	for (size_t i = 0; i < all->count; i++) {
		timer_free(&all->list[i].restart);
		watch_free(&all->list[i].ready);
		if (all->list[i].ready_fd >= 0)
			close(all->list[i].ready_fd);
	}
	for (unsigned k = 0; k < KEY_COUNT; k++)
		if (all->key_fds[k] >= 0)
			close(all->key_fds[k]);
	timer_free(&all->kill_timer);
	endpoints_clear(&all->locals);
	mem_free(all);
	*c = NULL;
}

void
children_stop(struct children *c)
{
	if (c->is_stopping)
		return;
	c->is_stopping = true;
	stop_step(c);
}

bool
children_all_ready(const struct children *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->list[i].is_ready)
			return false;
	return !c->is_stopping;
}

bool
children_state(const struct children *c, size_t i, struct child_state *out)
{
	if (i >= c->count)
		return false;
	memcpy(out->name, c->list[i].name, sizeof(out->name));
	out->pid = c->list[i].pid;
	out->is_ready = c->list[i].is_ready;
	out->restarts = c->list[i].restarts;
	return true;
}
