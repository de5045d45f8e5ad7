/*
 * main.c -- policyd: who may log in, whom a message reaches, and what the
 * administrator has set.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "net/daemon.h"
#include "net/loop.h"
#include "policy/admin.h"
#include "policy/auth.h"
#include "policy/directory.h"
#include "policy/fetching.h"
#include "policy/heads.h"
#include "policy/helper.h"
#include "policy/intake.h"
#include "policy/limits.h"
#include "policy/receipts.h"
#include "policy/outbox.h"
#include "policy/policyd.h"
#include "policy/service.h"
#include "policy/settings.h"
#include "store/plan_client.h"

#define DIRECTORY_PATH "../policy"
#define POLICYD_USER "tradepost-policyd"

enum { STOP_PATIENCE_MS = 5000 };

static struct policy_settings settings;

enum { SERVICES_MAX = 8 };

struct main {
	struct daemon *daemon;
	struct policyd policyd;
	uid_t services[SERVICES_MAX], digest;	/* who may connect */
	size_t service_count;
	struct timer *stop_late;
};

/* The uid of a service's user, or ours where there is no such user. */
static uid_t
service_uid(const char *name)
{
	const struct passwd *user = getpwnam(name);

	return user != NULL ? user->pw_uid : geteuid();
}

/* Asked before the sandbox is entered: inside it there is no /etc/passwd. */
static void
know_users(struct main *m)
{
	static const char *const names[] = { "tradepost-smtpd", "tradepost-imapfront",
		"tradepost-pop3front", "tradepost-fetchd", "tradepost-relayd" };

	for (size_t i = 0; i < ARRAY_LEN(names) && i < SERVICES_MAX; i++)
		m->services[m->service_count++] = service_uid(names[i]);
	m->digest = service_uid("tradepost-digest");
	m->policyd.fetchd_uid = service_uid("tradepost-fetchd");
	m->policyd.relayd_uid = service_uid("tradepost-relayd");
}

/*
 * Started as root: the directory and the files in it, which root may have made,
 * become those of the user that we are going to be.
 */
static enum status
give_place(struct problem *why)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(POLICYD_USER) : NULL;
	DIR *dir = user != NULL ? opendir(DIRECTORY_PATH) : NULL;
	struct dirent *entry;
	struct stat sb;
	int rc = dir == NULL ? -1 : fchown(dirfd(dir), user->pw_uid, user->pw_gid);

	if (user == NULL)
		return STATUS_OK;
	if (rc == 0)
		rc = fchmod(dirfd(dir), 0700);
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		rc = fstatat(dirfd(dir), entry->d_name, &sb, AT_SYMLINK_NOFOLLOW);
		if (rc == 0 && S_ISREG(sb.st_mode) && sb.st_uid != user->pw_uid)
			rc = fchownat(dirfd(dir), entry->d_name, user->pw_uid, user->pw_gid,
			    AT_SYMLINK_NOFOLLOW);
	}
	if (rc != 0)
		problem_set_errno(why, errno, "%s", DIRECTORY_PATH);
	if (dir != NULL)
		closedir(dir);
	return rc == 0 ? STATUS_OK : STATUS_DENIED;
}

static enum status
need_fd(struct daemon *d, const char *name, int *fd, struct problem *why)
{
	*fd = daemon_fd(d, name, 0);
	if (*fd >= 0)
		return STATUS_OK;
	problem_set(why, "the socket \"%s\" was not passed to us", name);
	return STATUS_ABSENT;
}

static enum status
start_listening(struct main *m, struct problem *why)
{
	struct policyd *p = &m->policyd;
	int service_fd, digest_fd, admin_fd;
	enum status st = need_fd(m->daemon, "policy", &service_fd, why);

	if (st == STATUS_OK)
		st = need_fd(m->daemon, "digest", &digest_fd, why);
	if (st == STATUS_OK)
		st = need_fd(m->daemon, "policy-admin", &admin_fd, why);
	if (st != STATUS_OK)
		return st;
	p->helpers = helpers_new(p->loop, digest_fd, &m->digest, 1);
	service_start(p, service_fd, m->services, m->service_count);
	p->admin = admin_new(p, admin_fd);
	return STATUS_OK;
}

static enum status
serve(struct main *m, struct problem *why)
{
	struct policyd *p = &m->policyd;
	enum status st = directory_open(DIRECTORY_PATH, &p->directory, why);

	if (st == STATUS_OK)
		st = auth_start(p->auth, p->directory, why);
	if (st != STATUS_OK)
		return st;
	p->store = plan_client_new(p->loop, "store-plan.sock");
	p->receipts = receipts_new();
	p->intake = intake_new(p);
	p->fetching = fetching_new(p);
	p->outbox = outbox_new(p);
	p->limits = limits_new(p);
	st = heads_new(p, DIRECTORY_PATH, &p->heads, why);
	if (st == STATUS_OK)
		st = start_listening(m, why);
	if (st == STATUS_OK)
		outbox_kick(p->outbox);
	return st;
}

/* The loop's first turn: under our own user and inside the sandbox. */
static void
begin(void *ctx)
{
	struct main *m = ctx;
	struct problem why = { 0 };

	if (serve(m, &why) != STATUS_OK) {
		log_event(LOG_ERROR, "policy.start.failed", NULL, "why", why.text);
		_exit(1);
	}
	daemon_ready(m->daemon);
}

static enum status
check(const void *settings_read, struct problem *why)
{
	const struct policy_settings *s = settings_read;
	struct lan lan;

	return lan_parse(slice_from_cstr(s->lan), &lan, why);
}

static enum status
start(struct daemon *d, void *settings_read, struct problem *why)
{
	struct main *m = mem_new(struct main);
	struct policyd *p = &m->policyd;
	enum status st;

	daemon_set_data(d, m);
	m->daemon = d;
	p->loop = daemon_loop(d);
	p->settings = settings_read;
	p->grant_key = buf_init(1024);
	st = daemon_key(d, "grant-key", &p->grant_key);
	if (st != STATUS_OK) {
		problem_set(why, "the grant key was not passed to us");
		return st;
	}
	know_users(m);
	st = lan_parse(slice_from_cstr(p->settings->lan), &p->lan, why);
	if (st == STATUS_OK)
		st = give_place(why);
	if (st == STATUS_OK)
		st = auth_new(p->loop, (struct auth_options){
		    .threads = p->settings->auth_threads,
		    .queue_max = p->settings->auth_queue,
		    .delay_unit_ms = 1000 }, &p->auth, why);
	if (st == STATUS_OK)
		loop_post(p->loop, begin, m);
	return st;
}

static void
stop_now(void *ctx)
{
	loop_stop(ctx);
}

/* What is in hand is finished; what comes is told to try later. */
static void
stop(struct daemon *d)
{
	struct main *m = daemon_data(d);

	m->policyd.is_stopping = true;
	m->stop_late = timer_new(daemon_loop(d), stop_now, daemon_loop(d));
	timer_set(m->stop_late, STOP_PATIENCE_MS);
	if (m->policyd.intake != NULL)
		intake_when_idle(m->policyd.intake, stop_now, daemon_loop(d));
	else
		loop_stop(daemon_loop(d));
}

static void
end(struct daemon *d)
{
	struct main *m = daemon_data(d);
	struct policyd *p;

	if (m == NULL)
		return;
	p = &m->policyd;
	service_stop(p);
	admin_free(&p->admin);
	intake_free(&p->intake);
	receipts_free(&p->receipts);
	fetching_free(&p->fetching);
	outbox_free(&p->outbox);
	limits_free(&p->limits);
	heads_free(&p->heads);
	helpers_free(&p->helpers);
	plan_client_free(&p->store);
	auth_free(&p->auth);
	directory_close(&p->directory);
	timer_free(&m->stop_late);
	buf_wipe(&p->grant_key);
	mem_free(m);
}

static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	static const struct sandbox_path paths[] = { { DIRECTORY_PATH, SANDBOX_WRITE } };
	static const struct sandbox_profile profile = {
		.may = SANDBOX_OPEN | SANDBOX_CONNECT_UNIX | SANDBOX_THREADS,
		.paths = paths,
		.path_count = ARRAY_LEN(paths),
		.user = POLICYD_USER,
		.root = "..",
	};

	(void)d;
	return &profile;
}

int
main(int argc, char **argv)
{
	struct daemon_spec spec = {
		.name = "policyd",
		.settings = policy_setting_rows,
		.setting_count = policy_setting_count,
		.settings_out = &settings,
		.check = check,
		.start = start,
		.stop = stop,
		.end = end,
		.sandbox = sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
