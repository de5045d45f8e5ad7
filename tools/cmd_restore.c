/*
 * mailadm restore: a whole instance out of a backup, in a new directory; parts of one:
 * restore_into.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/bootstrap.h"
#include "store/backup.h"
#include "store/revive.h"
#include "store/upgrade.h"
#include "store/verify.h"
#include "tools/arguments.h"
#include "tools/backup_show.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/restore_into.h"
#include "tools/users.h"
#include "tools/verify_show.h"

#define UNPACKED "restore.unpacked"

/* What a restore makes; all of it is removed when an interrupted one is begun again. */
static const char *const folders[] = { "store", "policy", "tls", "run", "backup" };

struct restoration {
	const struct invocation *in;
	struct backup_place *place;
	struct backup_manifest manifest;
	struct backup_show show;
	struct backup_hooks hooks;
	int partial_fd;		/* locked: one restore at a time works in a directory */
	char note[64];
};

static enum status
dir_errno(const char *dir, struct problem *why)
{
	problem_set_errno(why, errno, "%s", dir);
	return errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_IO;
}

/* The current directory is empty but for what a restore or a new file system leaves in it. */
static enum status
check_empty(const char *dir, struct problem *why)
{
	DIR *d = opendir(".");
	struct dirent *e;
	enum status st = STATUS_OK;

	if (d == NULL)
		return dir_errno(dir, why);
	while (st == STATUS_OK && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    strcmp(e->d_name, "lost+found") == 0)
			continue;
		problem_set(why, "%s is not empty: a whole instance is restored to a new directory",
		    dir);
		st = STATUS_EXISTS;
	}
	closedir(d);
	return st;
}

/* What an interrupted restore left. */
static void
place_clear(void)
{
	DIR *d = opendir(".");
	struct dirent *e;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		scratch_remove(folders[i]);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (strncmp(e->d_name, UNPACKED, strlen(UNPACKED)) == 0)
			scratch_remove(e->d_name);
	if (d != NULL)
		closedir(d);
	unlink("tradepost.conf");
}

/* Begin in NEWDIR, which becomes the current directory and is no instance before the end. */
static enum status
place_begin(struct restoration *r, const char *dir, struct problem *why)
{
	enum status st = STATUS_OK;

	if (mkdir(dir, 0711) == 0 ? chmod(dir, 0711) != 0 : errno != EEXIST)
		return dir_errno(dir, why);
	if (chdir(dir) != 0)
		return dir_errno(dir, why);
	if (access(INSTANCE_PARTIAL, F_OK) != 0)
		st = check_empty(dir, why);
	if (st != STATUS_OK)
		return st;
	r->partial_fd = open(INSTANCE_PARTIAL, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (r->partial_fd < 0 || fsync(r->partial_fd) != 0)
		return dir_errno(INSTANCE_PARTIAL, why);
	if (flock(r->partial_fd, LOCK_EX | LOCK_NB) != 0) {
		problem_set(why, "another restore to %s is at work", dir);
		return STATUS_BUSY;
	}
	place_clear();
	return STATUS_OK;
}

static void
on_finding(void *ctx, const struct verify_finding *f)
{
	struct restoration *r = ctx;
	char what[160];

	snprintf(what, sizeof(what), "%.*s %.*s", SLICE_ARG(f->table), SLICE_ARG(f->key));
	r->hooks.found(r->hooks.ctx, slice_from_cstr(what), f->what);
}

static void
on_verifying(void *ctx, struct slice stage, uint64_t done, uint64_t total)
{
	const struct restoration *r = ctx;

	if (r->show.is_shown)
		verify_show(stage, done, total);
}

/* The store as clients may meet it, looked at before anybody does. */
static enum status
make_usable(struct restoration *r, struct problem *why)
{
	struct upgrade_hooks silent = { NULL, NULL };
	struct verify_hooks looking = { on_finding, on_verifying, r };
	uint32_t from;
	enum status st = store_upgrade("store", &silent, &from, why);

	if (st == STATUS_OK)
		st = store_revive("store", slice_from_cstr(r->note), why);
	if (st == STATUS_OK)
		st = bootstrap_restored("policy", slice_from_cstr(r->note), why);
	if (st == STATUS_OK) {
		st = verify_store("store", &looking, why);
		if (st == STATUS_CORRUPT)
			problem_set(why, "the restored store is not whole: see above");
	}
	return st;
}

/* Nothing is missing any more: from here on the directory is an instance. */
static enum status
place_end(struct problem *why)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status st = STATUS_OK;

	if (fd < 0 || fsync(fd) != 0 || unlink(INSTANCE_PARTIAL) != 0 || fsync(fd) != 0)
		st = dir_errno(INSTANCE_PARTIAL, why);
	if (fd >= 0)
		close(fd);
	return st;
}

static void
tell(const struct restoration *r)
{
	uint64_t messages = r->manifest.rows[BACKUP_MESSAGES];
	uint64_t queued = r->manifest.rows[BACKUP_QUEUE];
	json_t *row;

	if (r->in->is_json) {
		row = json_object();
		print_set(row, "restored", slice_from_cstr(r->manifest.name));
		json_object_set_new(row, "messages", json_integer((json_int_t)messages));
		json_object_set_new(row, "queue_held", json_integer((json_int_t)queued));
		print_json(row);
		json_decref(row);
		return;
	}
	printf("restored %s: %llu messages, verified\n"
	       "Held, because it may have gone out or come in since the backup: %llu queue entries "
	       "(mailadm queue list, queue release)\nand the collecting of outside mailboxes "
	       "(mailadm fetch release).\n",
	    r->manifest.name, (unsigned long long)messages, (unsigned long long)queued);
}

static enum status
restore_whole(struct restoration *r, const char *unpacked, struct problem *why)
{
	enum status st = geteuid() == 0 ? users_make(why) : STATUS_OK;

	snprintf(r->note, sizeof(r->note), "backup %s", r->manifest.name);
	if (st == STATUS_OK)
		st = instance_folders_make(why);
	if (st == STATUS_OK)
		st = backup_lay_out(r->place, &r->manifest, ".", BACKUP_COPY, &r->hooks, why);
	if (st == STATUS_OK)
		st = make_usable(r, why);
	if (unpacked[0] != '\0')
		scratch_remove(unpacked);
	if (st == STATUS_OK)
		st = place_end(why);
	backup_show_end(&r->show);
	if (st == STATUS_OK)
		tell(r);
	return st;
}

/* A packed backup is unpacked in the new directory, so this has to begin first. */
static enum status
open_and_begin(struct restoration *r, const char *from, const char *at, char unpacked[4096],
    struct problem *why)
{
	char *path = realpath(from, NULL);
	struct stat sb;
	bool is_packed = path != NULL && stat(path, &sb) == 0 && S_ISREG(sb.st_mode);
	enum status st = STATUS_OK;

	if (path == NULL) {
		problem_set_errno(why, errno, "%s", from);
		return STATUS_ABSENT;
	}
	if (is_packed)
		st = place_begin(r, r->in->dir, why);
	if (st == STATUS_OK)
		st = backup_show_open(path, UNPACKED, &r->hooks, &r->place, unpacked, why);
	if (st == STATUS_OK)
		st = backup_find(r->place, at, &r->manifest, why);
	if (st == STATUS_OK && !is_packed)
		st = place_begin(r, r->in->dir, why);
	free(path);
	return st;
}

static enum status
whole(const struct invocation *in, const struct restore_into *what, struct problem *why)
{
	struct restoration r = { .in = in, .partial_fd = -1 };
	char unpacked[4096] = "";
	enum status st;

	r.hooks = backup_show_begin(in, &r.show);
	st = open_and_begin(&r, what->from, what->at, unpacked, why);
	if (st == STATUS_OK)
		st = restore_whole(&r, unpacked, why);
	backup_show_end(&r.show);
	backup_manifest_clear(&r.manifest);
	backup_close(&r.place);
	return st;
}

enum status
cmd_restore(const struct invocation *in, struct problem *why)
{
	struct restore_into what = { .at = "" };
	const struct argument arguments[] = { { .name = "--from", .text = &what.from },
		{ .name = "--at", .text = &what.at }, { .name = "--account", .text = &what.account },
		{ .name = "--into", .text = &what.into }, { .name = "--folder", .text = &what.folder },
		{ .name = "--message", .text = &what.message },
		{ .name = "--trash", .flag = &what.is_trash },
		{ .name = "--list", .flag = &what.is_list } };
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st != STATUS_OK)
		return st;
	if (what.from == NULL) {
		problem_set(why, "say where the backups are: --from DIRECTORY or FILE");
		return STATUS_SYNTAX;
	}
	if (what.account != NULL)
		return restore_into(in, &what, why);
	if (what.folder != NULL || what.message != NULL || what.into != NULL || what.is_trash ||
	    what.is_list) {
		problem_set(why, "say whose it is: --account LOGIN");
		return STATUS_SYNTAX;
	}
	return whole(in, &what, why);
}
