#include <pwd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "net/daemon.h"
#include "net/loop.h"
#include "store/codec.h"
#include "store/ballast.h"
#include "store/commit_stats.h"
#include "store/stored.h"
#include "store/upkeep.h"
#include "store/upkeep_compact.h"

/*
 * stored: the one writer.  It never parses a message: texts come with their
 * digests, and plans say what is to be done.
 */

#define READERS_EVERY_MS 10000
#define BALLAST_EVERY_MS 2000
#define FAREWELL_MS 50		/* for answers to leave */

/* Asked before the sandbox is entered: inside it there is no /etc/passwd. */
static void
stored_know_user(struct stored_users *users, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	ASSERT(users->count < ARRAY_LEN(users->uids));
	if (pw != NULL)
		users->uids[users->count++] = pw->pw_uid;
}

/* What one turn of the loop brought goes to the committer together: one batch, not two. */
static void
stored_hand_over(void *ctx)
{
	struct stored *s = ctx;

	if (s->gathered == NULL)
		return;
	committer_submit(s->committer, &s->gathered);
	s->gathered_last = &s->gathered;
	s->gathered_bytes = 0;
}

enum status
stored_submit(struct stored *s, struct job **job, struct problem *why)
{
	uint64_t waiting = committer_pending_bytes(s->committer) + s->gathered_bytes;
	struct job *j = *job;

	if (j->text_bytes > 0 && waiting > 0 && waiting + j->text_bytes > s->settings->budget) {
		problem_set(why, "too many messages wait to be written");
		job_free(job);
		return STATUS_BUSY;
	}
	job_pack(j, s->packer);
	if (s->gathered == NULL)
		loop_post(s->loop, stored_hand_over, s);
	*s->gathered_last = j;
	s->gathered_last = &j->next;
	s->gathered_bytes += j->text_bytes;
	*job = NULL;
	return STATUS_OK;
}

/* Queued mail, and the administrator's orders; what relayd settles it knows itself. */
static bool
job_makes_due(const struct job *j)
{
	if (j->status != STATUS_OK)
		return false;
	for (uint32_t i = 0; i < j->plan.action_count; i++)
		if (j->plan.actions[i].kind == ACTION_QUEUE)
			return true;
	return j->type == STORE_QUEUE_CHANGE;
}

/* The administrator may raise the quota before mail is refused. */
static void
log_filling(const struct job *j)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "store.account.filling", NULL);
	log_u64(&l, "account", j->filling.account);
	log_u64(&l, "bytes", j->filling.bytes);
	log_u64(&l, "quota", j->filling.quota_bytes);
	log_end(&l);
}

static void
stored_done(void *ctx, struct job *jobs, bool is_changed)
{
	struct stored *s = ctx;
	struct job *j;
	bool is_due = false;

	while ((j = jobs) != NULL) {
		jobs = j->next;
		is_due |= job_makes_due(j);
		if (j->status == STATUS_OK && j->filling.account != 0)
			log_filling(j);
		if (j->type < STORE_PLAN)
			work_answer(s, j);
		else if (j->type < STORE_QUEUE_TAKE)
			plan_answer(s, j);
		else if (j->type < STORE_AUDIT_LIST)
			queue_answer(s, j);
		else if (j->type < STORE_UPKEEP)
			admin_answer(s, j);
		else
			upkeep_answer(s, j);
		job_free(&j);
	}
	if (is_changed)
		wake_all(s->wake);
	if (is_due)
		queue_tell_due(s);
}

static void
stored_readers(void *ctx)
{
	struct stored *s = ctx;

	env_check_readers(store_env(s->store));
	timer_set(s->readers, READERS_EVERY_MS);
}

static void
stored_tend(void *ctx)
{
	struct stored *s = ctx;

	ballast_tend(s->ballast);
	timer_set(s->tending, BALLAST_EVERY_MS);
}

static void
stored_farewell(void *ctx)
{
	struct stored *s = ctx;

	loop_stop(s->loop);
}

static enum status
stored_listen(struct stored *s, struct problem *why)
{
	static const struct {
		const char *name;
		void (*serve)(struct stored *s, int listen_fd);
	} sockets[] = {
		{ "store-plan", plan_server_new },
		{ "store-work", work_server_new },
		{ "store-queue", queue_server_new },
		{ "store-admin", admin_server_new },
	};

	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		int fd = daemon_fd(s->daemon, sockets[i].name, 0);

		if (fd < 0) {
			problem_set(why, "the socket %s was not passed", sockets[i].name);
			return STATUS_ABSENT;
		}
		sockets[i].serve(s, fd);
	}
	return STATUS_OK;
}

static enum status
stored_open(struct stored *s, struct problem *why)
{
	struct committer_spec spec = {
		.segment_size = s->settings->segment,
		.floor_bytes = s->settings->floor,
		.stats = s->stats,
		.done = stored_done,
		.ctx = s,
	};
	enum status st;

	s->ballast = ballast_new(STORE_PATH, s->settings->ballast, s->settings->floor);
	spec.ballast = s->ballast;
	st = store_open(STORE_PATH, ENV_WRITE, &s->store, why);
	if (st == STATUS_OK)
		st = committer_new(s->store, s->loop, &spec, &s->committer, why);
	if (st == STATUS_OK)
		st = stored_listen(s, why);
	return st;
}

/* The loop's first turn: under our own user and inside the sandbox, which threads made now share. */
static void
stored_begin(void *ctx)
{
	struct stored *s = ctx;
	struct problem why = { "" };
	enum status st = stored_open(s, &why);

	if (st != STATUS_OK) {
		log_event(LOG_ERROR, "store.open.failed", NULL, "why", why.text);
		_exit(st == STATUS_CORRUPT ? DAEMON_EXIT_DAMAGED : 1);
	}
	timer_set(s->readers, READERS_EVERY_MS);
	stored_tend(s);
	s->upkeep = upkeep_new(s);
	if (upkeep_leave_waits(s))
		upkeep_wake(s->upkeep);
	daemon_ready(s->daemon);
}

static enum status
stored_start(struct daemon *d, void *settings, struct problem *why)
{
	struct stored *s = mem_new(struct stored);
	enum status st;

	daemon_set_data(d, s);
	s->daemon = d;
	s->loop = daemon_loop(d);
	s->settings = settings;
	s->grant_key = buf_init(256);
	s->gathered_last = &s->gathered;
	s->wake = wake_new();
	s->stats = commit_stats_new();
	s->started_s = clock_now_s();
	s->packer = packer_new();
	s->compaction = compaction_new();
	s->readers = timer_new(s->loop, stored_readers, s);
	s->tending = timer_new(s->loop, stored_tend, s);
	s->farewell = timer_new(s->loop, stored_farewell, s);
	st = daemon_key(d, "grant-key", &s->grant_key);
	if (st != STATUS_OK) {
		problem_set(why, "the key of the grants was not passed");
		return st;
	}
	stored_know_user(&s->plan_users, "tradepost-policyd");
	stored_know_user(&s->work_users, "tradepost-imapd");
	stored_know_user(&s->work_users, "tradepost-pop3d");
	stored_know_user(&s->queue_users, "tradepost-relayd");
	st = stored_make_place(why);
	if (st == STATUS_OK)
		loop_post(s->loop, stored_begin, s);
	return st;
}

static const struct sandbox_profile *
stored_sandbox(const struct daemon *d)
{
	static const struct sandbox_path paths[] = { { STORE_PATH, SANDBOX_WRITE } };
	static const struct sandbox_profile profile = {
		.may = SANDBOX_OPEN | SANDBOX_THREADS,
		.paths = paths,
		.path_count = ARRAY_LEN(paths),
		.user = STORED_USER,
		.root = "..",
	};

	(void)d;
	return &profile;
}

/* Finish the batch; its answers are posted to the loop before the timer that stops it. */
static void
stored_stop(struct daemon *d)
{
	struct stored *s = daemon_data(d);

	if (s->committer != NULL) {
		stored_hand_over(s);
		committer_stop(s->committer);
	}
	timer_set(s->farewell, FAREWELL_MS);
}

static void
stored_end(struct daemon *d)
{
	struct stored *s = daemon_data(d);

	if (s == NULL)
		return;
	work_server_free(s);
	plan_server_free(s);
	queue_server_free(s);
	admin_server_free(s);
	upkeep_free(&s->upkeep);
	committer_free(&s->committer);
	commit_stats_free(&s->stats);
	ballast_free(&s->ballast);
	store_close(&s->store);
	timer_free(&s->readers);
	timer_free(&s->tending);
	timer_free(&s->farewell);
	wake_free(&s->wake);
	packer_free(&s->packer);
	compaction_free(&s->compaction);
	logins_clear(&s->logins);
	buf_wipe(&s->grant_key);
	mem_free(s);
}

int
main(int argc, char **argv)
{
	struct stored_settings settings = { 0 };
	struct daemon_spec spec = {
		.name = "stored",
		.settings = stored_settings_rows,
		.setting_count = stored_settings_count,
		.settings_out = &settings,
		.start = stored_start,
		.stop = stored_stop,
		.end = stored_end,
		.sandbox = stored_sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
