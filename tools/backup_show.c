#include "tools/backup_show.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/print.h"

static void
on_progress(void *ctx, struct slice stage, uint64_t done, uint64_t total)
{
	struct backup_show *s = ctx;
	unsigned percent = total == 0 ? 100 : (unsigned)(done * 100 / total);

	if (!s->is_shown ||
	    (percent == s->percent && slice_equal(stage, slice_from_cstr(s->stage))))
		return;
	s->percent = percent;
	snprintf(s->stage, sizeof(s->stage), "%.*s", SLICE_ARG(stage));
	fprintf(stderr, "\r\033[K%s: %u %%", s->stage, percent);
}

static void
on_found(void *ctx, struct slice what, struct slice wrong)
{
	struct backup_show *s = ctx;
	json_t *row;

	s->findings++;
	backup_show_end(s);
	if (!s->is_json) {
		printf("%.*s: %.*s\n", SLICE_ARG(what), SLICE_ARG(wrong));
		return;
	}
	row = json_object();
	print_set(row, "damaged", what);
	print_set(row, "what", wrong);
	print_json(row);
	json_decref(row);
}

struct backup_hooks
backup_show_begin(const struct invocation *in, struct backup_show *s)
{
	*s = (struct backup_show){ .is_json = in->is_json, .is_shown = isatty(STDERR_FILENO) };
	return (struct backup_hooks){ on_progress, on_found, s };
}

void
backup_show_end(struct backup_show *s)
{
	if (s->is_shown)
		fputs("\r\033[K", stderr);
}

static int
remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void
scratch_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Who uses a directory holds its lock until the process ends. */
static bool
scratch_lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (fd >= 0)
		close(fd);
	return false;
}

static void
remove_abandoned(const char *path)
{
	char pattern[4096];
	glob_t found;

	if (snprintf(pattern, sizeof(pattern), "%s-??????", path) >= (int)sizeof(pattern) ||
	    glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (scratch_lock(found.gl_pathv[i]))
			scratch_remove(found.gl_pathv[i]);
	globfree(&found);
}

enum status
scratch_make(const char *path, char out[4096], struct problem *why)
{
	remove_abandoned(path);
	if (snprintf(out, 4096, "%s-XXXXXX", path) < 4096 && mkdtemp(out) != NULL) {
		(void)scratch_lock(out);
		return STATUS_OK;
	}
	problem_set_errno(why, errno, "cannot make a directory beside %s", path);
	out[0] = '\0';
	return errno == EACCES ? STATUS_DENIED : STATUS_IO;
}

enum status
backup_show_open(const char *from, const char *scratch, const struct backup_hooks *hooks,
    struct backup_place **out, char unpacked[4096], struct problem *why)
{
	struct stat sb;
	enum status st = STATUS_OK;

	unpacked[0] = '\0';
	if (stat(from, &sb) != 0 || !S_ISREG(sb.st_mode))
		return backup_open(from, BACKUP_LOOK, out, why);
	st = scratch_make(scratch, unpacked, why);
	if (st == STATUS_OK)
		st = backup_unpack(from, unpacked, hooks, why);
	if (st == STATUS_OK)
		st = backup_open(unpacked, BACKUP_LOOK, out, why);
	if (st != STATUS_OK && unpacked[0] != '\0') {
		scratch_remove(unpacked);
		unpacked[0] = '\0';
	}
	return st;
}
