/*
 * crash_driver STORED DIRECTORY LOG FIRST COUNT EVERY [SHIM]: starts stored in
 * an instance's directory, with SHIM preloaded, and has it do COUNT things, some
 * at a time, from message FIRST on; each EVERY-th (0: none) is a compaction.  What is asked and what was answered goes to
 * LOG and, once more, to standard output.  Exit 0: all was answered well; 1: some
 * was not, or stored ended; 2: stored did not start.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "store/client.h"
#include "store/digest.h"
#include "store/grant.h"
#include "store/mailbox.h"
#include "store/plan_client.h"
#include "store/protocol.h"
#include "store/trash_order.h"
#include "tests/crash/crash.h"

#define KEY SLICE("the key of the grants")
#define IN_FLIGHT 6
#define DEADLINE_MS 60000
#define LIVE_MAX 64		/* appended messages that flags and expunges are for */
#define LOOK_MS 20
#define LOOKS_MAX 3000		/* in all a minute */

enum { FD_COUNT = 6 };

struct step {
	struct driver *d;
	char kind;
	uint32_t n, uid;
	uint64_t removed;	/* R, Z: the change that removed it */
};

struct driver {
	struct loop *loop;
	struct store_client *work;
	struct plan_client *plan;
	struct ipc_client *admin;
	struct timer *look;
	unsigned looks;
	int how;		/* stored ended */
	struct buf grant;
	pid_t stored;
	int log;
	uint32_t inbox, next, left, in_flight;
	uint64_t random;
	bool has_failed;
	struct {
		uint32_t n, uid;
	} live[LIVE_MAX];
	uint32_t live_count;
	struct {
		uint32_t n;
		uint64_t change;	/* that removed it: with it comes its id in the trash */
	} gone[LIVE_MAX];
	uint32_t gone_count;
	uint32_t every;
	struct step *compaction;	/* under way, and the process that waits for it */
	pid_t compacting;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "crash_driver: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
must(enum status st, const struct problem *why)
{
	if (st == STATUS_OK)
		return;
	fprintf(stderr, "crash_driver: %s\n", why->text);
	exit(2);
}

static void
line_put(struct driver *d, const char *line)
{
	struct crash_record h = { .op = 'A', .len = (uint32_t)strlen(line) };
	struct iovec v[2] = { { &h, sizeof(h) }, { (void *)(uintptr_t)line, strlen(line) } };

	if (d->log >= 0 && writev(d->log, v, 2) != (ssize_t)(sizeof(h) + strlen(line)))
		die("log");
	printf("%s\n", line);
	fflush(stdout);
}

static void
say(struct driver *d, char what, const struct step *s, uint32_t validity, uint64_t change)
{
	char line[CRASH_LINE_MAX];

	snprintf(line, sizeof(line), "%c %c %u %u %u %llu", what, s->kind, s->n, s->uid, validity,
	    (unsigned long long)change);
	line_put(d, line);
}

static int
listen_on(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s.sock", name);
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 64) != 0)
		die(name);
	return fd;
}

static _Noreturn void
stored_exec(const char *program, const char *shim, const int fds[FD_COUNT])
{
	int high[FD_COUNT];

	for (int i = 0; i < FD_COUNT; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 50);
	for (int i = 0; i < FD_COUNT; i++)
		if (dup2(high[i], 3 + i) != 3 + i)
			_exit(2);
	if (freopen("../stored.log", "a", stderr) == NULL)
		_exit(2);
	setenv("LISTEN_FDS", "6", 1);
	setenv("LISTEN_FDNAMES",
	    "store-plan:store-work:store-queue:store-admin:grant-key:ready", 1);
	if (shim != NULL)
		setenv("LD_PRELOAD", shim, 1);
	/* In its cage it could not look at its own descriptors, as the shim does. */
	execl(program, "stored", "--debug", (char *)NULL);
	_exit(127);
}

static void
stored_launch(struct driver *d, const char *program, const char *shim)
{
	int fds[FD_COUNT], pipes[2];
	struct problem why = { "" };
	char byte;

	fds[0] = listen_on("store-plan");
	fds[1] = listen_on("store-work");
	fds[2] = listen_on("store-queue");
	fds[3] = listen_on("store-admin");
	must(memfd_new(&fds[4], &why), &why);
	if (write(fds[4], KEY.ptr, KEY.len) != (ssize_t)KEY.len || pipe2(pipes, O_CLOEXEC) != 0)
		die("pipe");
	fds[5] = pipes[1];
	d->stored = fork();
	if (d->stored == 0)
		stored_exec(program, shim, fds);
	for (int i = 0; i < FD_COUNT; i++)
		close(fds[i]);
	if (read(pipes[0], &byte, 1) != 1) {
		waitpid(d->stored, NULL, 0);
		fprintf(stderr, "crash_driver: stored did not start\n");
		exit(2);
	}
	close(pipes[0]);
}

static uint32_t
random_below(struct driver *d, uint32_t n)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return (uint32_t)(d->random % n);
}

static void steps_begin(struct driver *d);

static void
step_end(struct step *s, enum status st, uint32_t validity, uint64_t change)
{
	struct driver *d = s->d;

	if (st == STATUS_OK)
		say(d, 'A', s, validity, change);
	else
		d->has_failed = true;
	mem_free(s);
	d->in_flight--;
	steps_begin(d);
}

static void
plan_answered(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	(void)why;
	step_end(ctx, st, 0, change);
}

static void
work_answered(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct step *s = ctx;
	struct driver *d = s->d;

	(void)why;
	if (st == STATUS_OK && s->kind == 'P') {
		s->uid = r->target.ranges[0].first;
		if (d->live_count < LIVE_MAX) {
			d->live[d->live_count].n = s->n;
			d->live[d->live_count++].uid = s->uid;
		}
	}
	if (st == STATUS_OK && s->kind == 'X' && d->gone_count < LIVE_MAX) {
		d->gone[d->gone_count].n = s->n;
		d->gone[d->gone_count++].change = r->change;
	}
	step_end(s, st, st == STATUS_OK ? r->uid_validity : 0, st == STATUS_OK ? r->change : 0);
}

static void
admin_answered(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct reader in;

	if (st == STATUS_OK) {
		in = reader_of(answer->payload);
		st = (enum status)read_u8(&in);
	}
	step_end(ctx, st, 0, 0);
}

/* A message that was expunged before comes back, or goes for good. */
static void
order(struct driver *d, struct step *s)
{
	struct trash_order o = { .kind = s->kind == 'R' ? TRASH_RESTORE : TRASH_PURGE, .count = 1,
		.ids = { { CRASH_ME, s->removed, 0 } } };
	struct buf b = buf_init(1024);

	trash_order_put(&o, &b);
	ipc_call(d->admin, STORE_TRASH_CHANGE, buf_slice(&b), -1, DEADLINE_MS, admin_answered, s);
	buf_clear(&b);
}

/* A process waits for its end, as mailadm does. */
static void
compact(struct driver *d, struct step *s)
{
	struct buf percent = buf_init(8);
	struct problem why = { "" };

	put_u32le(&percent, 1);
	d->compaction = s;
	d->compacting = fork();
	if (d->compacting == 0)
		_exit((int)ipc_call_wait("store-admin.sock", STORE_COMPACT, buf_slice(&percent), -1,
		    STORE_END, DEADLINE_MS, NULL, NULL, &why));
	buf_clear(&percent);
}

static void
compact_look(struct driver *d)
{
	struct step *s = d->compaction;
	int how;

	if (s == NULL || waitpid(d->compacting, &how, WNOHANG) != d->compacting)
		return;
	d->compaction = NULL;
	step_end(s, WIFEXITED(how) ? (enum status)WEXITSTATUS(how) : STATUS_BUSY, 0, 0);
}

static int
text_memfd(uint32_t n, struct slice *text, char memory[CRASH_TEXT_MAX])
{
	struct problem why = { "" };
	int fd;

	*text = slice_make(memory, crash_text(n, memory));
	must(memfd_new(&fd, &why), &why);
	if (write(fd, text->ptr, text->len) != (ssize_t)text->len)
		die("memfd");
	must(memfd_seal(fd, &why), &why);
	return fd;
}

static void
deliver(struct driver *d, struct step *s)
{
	static char memory[CRASH_TEXT_MAX];
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = CRASH_ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_DELIVER, .account = CRASH_OTHER, .role = MAILBOX_INBOX },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_OUT, .sender = SLICE("a@example.test"),
		    .recipients = SLICE("b@example.test") },
		{ .kind = ACTION_QUEUE, .sender = SLICE("a@example.test"),
		    .recipients = SLICE("b@example.test"), .route = 1 },
		{ .kind = ACTION_AUDIT, .audit_kind = SLICE("mail"), .actor = SLICE("smtp"),
		    .subject = SLICE("m3v7q2m9tzae"), .detail = SLICE("it was a test\n") },
	};
	struct plan p = { .mid = SLICE("m3v7q2m9tzae"), .sid = SLICE("s"), .received_at = 1795516611,
		.actions = actions, .action_count = ARRAY_LEN(actions) };
	struct buf digest = buf_init(DIGEST_RECORD_MAX);
	struct slice text;
	int fd = text_memfd(s->n, &text, memory);

	p.size_bytes = (uint32_t)text.len;
	sha256_of(text, p.sha256);
	digest_compute(text, &digest);
	p.digest = buf_slice(&digest);
	plan_execute(d->plan, &p, fd, plan_answered, s);
	buf_clear(&digest);
	close(fd);
}

static void
append(struct driver *d, struct step *s)
{
	static char memory[CRASH_TEXT_MAX];
	struct buf digest = buf_init(DIGEST_RECORD_MAX);
	struct slice text;
	int fd = text_memfd(s->n, &text, memory);
	struct store_append_message m = { .size_bytes = (uint32_t)text.len,
		.internal_at = 1795516611, .keywords = SLICE("$Tried") };

	sha256_of(text, m.sha256);
	digest_compute(text, &digest);
	m.digest = buf_slice(&digest);
	store_append(d->work, buf_slice(&d->grant), d->inbox, fd, &m, 1, work_answered, s);
	buf_clear(&digest);
	close(fd);
}

/* A flag or an expunge of a message that was appended before. */
static void
change(struct driver *d, struct step *s)
{
	struct uidset uids = uidset_init();

	must(uidset_add(&uids, s->uid, s->uid), NULL);
	if (s->kind == 'F')
		store_flags(d->work, buf_slice(&d->grant), d->inbox, &uids, STORE_FLAGS_ADD, 4,
		    SLICE(""), 0, work_answered, s);
	else
		store_expunge(d->work, buf_slice(&d->grant), d->inbox, &uids, EXPUNGE_ALL,
		    work_answered, s);
	uidset_clear(&uids);
}

/* One follows another, however fast the steps between them are. */
static bool
compaction_is_due(const struct driver *d)
{
	return d->every > 0 && d->left % d->every == 0;
}

static struct step *
step_new(struct driver *d)
{
	struct step *s = mem_new(struct step);
	uint32_t die_roll = random_below(d, 12), i;

	s->d = d;
	if (compaction_is_due(d)) {
		s->kind = 'C';
	} else if (die_roll < 4 && d->live_count > 0) {
		i = random_below(d, d->live_count);
		s->n = d->live[i].n;
		s->uid = d->live[i].uid;
		s->kind = die_roll < 2 ? 'F' : 'X';
		if (s->kind == 'X')
			d->live[i] = d->live[--d->live_count];
	} else if (die_roll >= 10 && d->gone_count > 0) {
		i = random_below(d, d->gone_count);
		s->n = d->gone[i].n;
		s->removed = d->gone[i].change;
		s->kind = die_roll == 10 ? 'R' : 'Z';
		d->gone[i] = d->gone[--d->gone_count];
	} else {
		s->n = d->next++;
		s->kind = die_roll < 7 ? 'D' : 'P';
	}
	return s;
}

static void
steps_begin(struct driver *d)
{
	while (d->left > 0 && !d->has_failed && d->in_flight < IN_FLIGHT) {
		struct step *s;

		if (d->compaction != NULL && compaction_is_due(d))
			return;	/* its end goes on */
		s = step_new(d);
		d->left--;
		d->in_flight++;
		say(d, 'I', s, 0, 0);
		if (s->kind == 'D')
			deliver(d, s);
		else if (s->kind == 'P')
			append(d, s);
		else if (s->kind == 'R' || s->kind == 'Z')
			order(d, s);
		else if (s->kind == 'C')
			compact(d, s);
		else
			change(d, s);
	}
	if (d->in_flight == 0)
		loop_stop(d->loop);
}

static void
session_answered(void *ctx, enum status st, const struct store_result *r,
    const struct problem *why)
{
	struct driver *d = ctx;

	(void)r;
	(void)why;
	d->has_failed = st != STATUS_OK;
	loop_stop(d->loop);
}

static void
on_nothing(void *ctx)
{
	(void)ctx;
}

/* A stored that has ended answers nothing. */
static void
on_look(void *ctx)
{
	struct driver *d = ctx;

	if (d->looks++ < LOOKS_MAX && waitpid(d->stored, &d->how, WNOHANG) == 0) {
		timer_set(d->look, LOOK_MS);
		compact_look(d);
		return;
	}
	if (d->looks < LOOKS_MAX)
		d->stored = 0;
	d->has_failed = true;
	loop_stop(d->loop);
}

static void
instance_make(const char *dir)
{
	FILE *conf;

	if (chdir(dir) != 0 || (mkdir("run", 0711) != 0 && errno != EEXIST))
		die(dir);
	if (access("tradepost.conf", F_OK) != 0) {
		conf = fopen("tradepost.conf", "w");
		if (conf == NULL || fputs("[store]\nsegment = 1m\nfloor = 0\nballast = 1m\n"
		    "compact_grace = 0\njournal_days = 0\n", conf) < 0)
			die("tradepost.conf");
		fclose(conf);
	}
	if (chdir("run") != 0)
		die("run");
}

/* The accounts' folders; the first inbox of a new store has the id 1. */
static void
sessions_make(struct driver *d)
{
	struct grant g = { .account = CRASH_ME, .rights = GRANT_CHANGE, .login = SLICE("z@acme.test"),
		.sid = SLICE("s") };

	grant_seal(&g, KEY, &d->grant);
	d->inbox = 1;
	store_session(d->work, buf_slice(&d->grant), session_answered, d);
	loop_run(d->loop);
}

int
main(int argc, char **argv)
{
	struct driver d = { .log = -1, .grant = buf_init(GRANT_MAX), .random = 88172645463325252 };

	if (argc < 7 || argc > 8)
		return 2;
	if (argv[3][0] != '\0')
		d.log = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	d.next = (uint32_t)strtoul(argv[4], NULL, 10);
	d.left = (uint32_t)strtoul(argv[5], NULL, 10);
	d.every = (uint32_t)strtoul(argv[6], NULL, 10);
	d.random += d.next * UINT64_C(0x9e3779b97f4a7c15);
	instance_make(argv[2]);
	stored_launch(&d, argv[1], argc == 8 ? argv[7] : NULL);
	d.loop = loop_new();
	d.work = store_client_new(d.loop, "store-work.sock", on_nothing, &d);
	d.plan = plan_client_new(d.loop, "store-plan.sock");
	d.admin = ipc_client_new(d.loop, "store-admin.sock", NULL, NULL, NULL);
	d.look = timer_new(d.loop, on_look, &d);
	timer_set(d.look, LOOK_MS);
	sessions_make(&d);
	if (!d.has_failed && d.left > 0) {
		steps_begin(&d);
		loop_run(d.loop);
	}
	if (d.stored != 0) {
		kill(d.stored, SIGTERM);
		waitpid(d.stored, &d.how, 0);
	}
	if (WIFSIGNALED(d.how) || WEXITSTATUS(d.how) != 0)
		d.has_failed = true;
	return d.has_failed;
}
