/*
 * mailadm archive export: messages as files, for a court, an auditor, another
 * mail program.  Nothing is ever written over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "tools/archive.h"
#include "tools/audit_look.h"
#include "tools/print.h"

#define NAME_SUBJECT_MAX 60	/* bytes of a subject in a file's name */
#define DETAIL_MAX 2500

struct export {
	const struct invocation *in;
	const struct archive_wish *wish;
	struct archive_view *view;
	bool is_mbox;
	char *target;		/* absolute: the directory, or the file */
	int dir;		/* where files are made */
	int fd;			/* of the mbox */
	uint64_t bytes;
	size_t lost;		/* entries without a text */
};

static enum status
failed(struct problem *why, const char *what)
{
	if (errno == EEXIST) {
		problem_set(why, "%s is there already, and nothing is written over: name a new place "
		    "with --to", what);
		return STATUS_EXISTS;
	}
	problem_set_errno(why, errno, "%s", what);
	return STATUS_IO;
}

static enum status
write_all(int fd, struct slice rest, struct problem *why)
{
	while (rest.len > 0) {
		ssize_t n = write(fd, rest.ptr, rest.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(why, "writing");
		rest = slice_skip(rest, (size_t)n);
	}
	return STATUS_OK;
}

/* Begin a file under a name that says that it is not whole. */
static enum status
part_open(const struct export *e, const char *name, char part[300], int *fd,
    struct problem *why)
{
	snprintf(part, 300, ".%s.part", name);
	(void)unlinkat(e->dir, part, 0);
	*fd = openat(e->dir, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *fd >= 0 ? STATUS_OK : failed(why, part);
}

/* It is whole and on disk: it gets its name, unless there is such a file. */
static enum status
part_close(const struct export *e, const char *name, const char *part, int fd, enum status st,
    struct problem *why)
{
	if (st == STATUS_OK && fsync(fd) != 0)
		st = failed(why, name);
	if (close(fd) != 0 && st == STATUS_OK)
		st = failed(why, name);
	if (st == STATUS_OK && renameat2(e->dir, part, e->dir, name, RENAME_NOREPLACE) != 0) {
		/* A file system that cannot do this at once. */
		if (errno != EINVAL && errno != ENOSYS)
			st = failed(why, name);
		else if (faccessat(e->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			st = (errno = EEXIST, failed(why, name));
		else if (renameat(e->dir, part, e->dir, name) != 0)
			st = failed(why, name);
	}
	if (st != STATUS_OK)
		(void)unlinkat(e->dir, part, 0);
	return st;
}

/* "1042-20261124-093005-offer for lamps.eml" */
static void
file_name(const struct archive_view *v, char out[200])
{
	struct slice subject = slice_trim(buf_slice(&v->summary.subject));
	time_t at = (time_t)v->row.received_at;
	struct buf safe = buf_init(NAME_SUBJECT_MAX);
	struct tm tm;
	char when[32] = "";

	if (gmtime_r(&at, &tm) != NULL)
		strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	subject.len = utf8_cut(subject, NAME_SUBJECT_MAX);
	for (size_t i = 0; i < subject.len; i++) {
		char c = subject.ptr[i];

		buf_append_byte(&safe, ascii_is_control(c) || strchr("/\\:*?\"<>|", c) ? '_' : c);
	}
	while (safe.len > 0 && strchr(". ", safe.ptr[safe.len - 1]) != NULL)
		safe.len--;	/* what Windows would drop */
	snprintf(out, 200, "%llu-%s%s%.*s.eml", (unsigned long long)v->row.entry, when,
	    safe.len > 0 ? "-" : "", SLICE_ARG(buf_slice(&safe)));
	buf_clear(&safe);
}

static enum status
write_eml(struct export *e, struct slice text, struct problem *why)
{
	char name[200], part[300];
	enum status st;
	int fd;

	file_name(e->view, name);
	st = part_open(e, name, part, &fd, why);
	if (st != STATUS_OK)
		return st;
	return part_close(e, name, part, fd, write_all(fd, text, why), why);
}

/* RFC 4155's "From " line; its date is UTC. */
static void
mbox_from(const struct archive_view *v, struct buf *out)
{
	struct slice sender = buf_slice(&v->sender);
	time_t at = (time_t)v->row.received_at;
	struct tm tm;
	char when[40] = "";

	if (gmtime_r(&at, &tm) != NULL)
		strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm);
	buf_append(out, SLICE("From "));
	if (sender.len == 0)
		buf_append(out, SLICE("MAILER-DAEMON"));
	for (size_t i = 0; i < sender.len; i++)
		buf_append_byte(out, ascii_is_space(sender.ptr[i]) ||
		    ascii_is_control(sender.ptr[i]) ? '-' : sender.ptr[i]);
	buf_printf(out, " %s\n", when);
}

/* The message with LF at line ends and '>' before lines that look like the beginning of one. */
static enum status
write_mbox(struct export *e, struct slice text, struct problem *why)
{
	struct buf out = buf_init(2 * text.len + 4096);
	enum status st;

	mbox_from(e->view, &out);
	while (text.len > 0) {
		struct slice line = slice_take_until(&text, '\n'), plain = line;

		while (slice_starts(plain, SLICE(">")))
			plain = slice_skip(plain, 1);
		if (slice_starts(plain, SLICE("From ")))
			buf_append_byte(&out, '>');
		if (slice_ends(line, SLICE("\r")))
			line.len--;
		buf_append(&out, line);
		buf_append_byte(&out, '\n');
	}
	buf_append_byte(&out, '\n');
	st = write_all(e->fd, buf_slice(&out), why);
	buf_clear(&out);
	return st;
}

static enum status
export_entry(struct export *e, uint64_t entry, struct problem *why)
{
	struct archive_view *v = e->view;
	struct txn *t;
	char *bytes;
	enum status st = txn_begin_read(store_env(v->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = archive_view_read(v, t, entry, why);
	txn_abort(&t);
	if (st != STATUS_OK)
		return st;
	if (v->text.id == 0) {
		fprintf(stderr, "mailadm: entry %llu: its text was lost, as a repair says\n",
		    (unsigned long long)entry);
		e->lost++;
		return STATUS_OK;
	}
	bytes = mem_zeroed(1, (size_t)v->text.size_bytes + 1);
	st = text_read(v->store, &v->text, 0, v->text.size_bytes, bytes, why);
	if (st == STATUS_OK) {
		struct slice text = slice_make(bytes, v->text.size_bytes);

		st = e->is_mbox ? write_mbox(e, text, why) : write_eml(e, text, why);
	}
	e->bytes += v->text.size_bytes;
	mem_free(bytes);
	return st;
}

static enum status
export_all(struct export *e, const struct archive_list *list, struct problem *why)
{
	bool is_shown = isatty(STDERR_FILENO);
	enum status st = STATUS_OK;

	/* The oldest first, as they came. */
	for (size_t i = list->count; st == STATUS_OK && i > 0; i--) {
		st = export_entry(e, list->entries[i - 1], why);
		if (is_shown)
			fprintf(stderr, "\r\033[K%zu of %zu messages", list->count - i + 1,
			    list->count);
	}
	if (is_shown)
		fputs("\r\033[K", stderr);
	return st;
}

/* Options and entries, for the audit. */
static void
describe(const struct export *e, const struct archive_list *list, struct buf *out)
{
	buf_printf(out, "%zu messages to %s\n", list->count, e->target);
	for (int i = 0; i < e->in->argc; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "chosen by: ", e->in->argv[i]);
	buf_append(out, SLICE("\nentries:"));
	for (size_t i = 0; i < list->count && out->len + 32 < DETAIL_MAX; i++)
		buf_printf(out, " %llu", (unsigned long long)list->entries[i]);
	buf_append_byte(out, '\n');
}

/* The directory that files are made in: the target, made where there is none, or the mbox's. */
static enum status
open_place(struct export *e, char name[200], struct problem *why)
{
	char *slash = strrchr(e->target, '/');

	if (!e->is_mbox && mkdir(e->target, 0700) != 0 && errno != EEXIST)
		return failed(why, e->target);
	if (e->is_mbox) {
		if (strlen(slash + 1) >= 200 || slash[1] == '\0') {
			problem_set(why, "%s is no name for a file", e->target);
			return STATUS_SYNTAX;
		}
		snprintf(name, 200, "%s", slash + 1);
		slash[slash == e->target] = '\0';
	}
	e->dir = open(e->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->dir < 0)
		return failed(why, e->target);
	if (e->is_mbox && faccessat(e->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return failed(why, name);
	}
	return STATUS_OK;
}

static enum status
export_to(struct export *e, const struct archive_list *list, struct problem *why)
{
	struct buf detail = buf_init(DETAIL_MAX + 100);
	char name[200] = "", part[300];
	enum status st;

	describe(e, list, &detail);
	st = open_place(e, name, why);
	if (st == STATUS_OK)
		st = audit_look(e->in, "archive.exported", SLICE("archive"), buf_slice(&detail),
		    why);
	buf_clear(&detail);
	if (st == STATUS_OK && e->is_mbox)
		st = part_open(e, name, part, &e->fd, why);
	if (st == STATUS_OK) {
		st = export_all(e, list, why);
		if (e->is_mbox)
			st = part_close(e, name, part, e->fd, st, why);
	}
	if (st == STATUS_OK && fsync(e->dir) != 0)
		st = failed(why, e->target);
	if (e->dir >= 0)
		close(e->dir);
	return st;
}

/* "--to": what the caller means by it, before the instance is entered. */
static enum status
read_target(struct export *e, struct problem *why)
{
	const char *to = e->wish->target, *format = e->wish->format;
	char *here = getcwd(NULL, 0);
	struct buf path = buf_init(8192);

	if (to == NULL || here == NULL) {
		problem_set(why, "--to says where the messages go: a directory, or FILE.mbox");
		free(here);
		return STATUS_SYNTAX;
	}
	e->is_mbox = format != NULL ? strcmp(format, "mbox") == 0 :
	    slice_ends(slice_from_cstr(to), SLICE(".mbox"));
	if (format != NULL && !e->is_mbox && strcmp(format, "eml") != 0) {
		problem_set(why, "--format is eml or mbox, not \"%s\"", format);
		free(here);
		return STATUS_SYNTAX;
	}
	if (to[0] != '/')
		buf_printf(&path, "%s/", here);
	buf_append(&path, slice_from_cstr(to));
	e->target = mem_dup(buf_slice(&path));
	buf_clear(&path);
	free(here);
	return STATUS_OK;
}

static void
tell(const struct export *e, const struct archive_list *list)
{
	size_t count = list->count - e->lost;
	json_t *row;

	if (e->in->is_json) {
		row = json_object();
		json_object_set_new(row, "messages", json_integer((json_int_t)count));
		json_object_set_new(row, "lost", json_integer((json_int_t)e->lost));
		json_object_set_new(row, "bytes", json_integer((json_int_t)e->bytes));
		print_json(row);
		json_decref(row);
	} else {
		printf("%zu message%s, %llu bytes\n", count, count == 1 ? "" : "s",
		    (unsigned long long)e->bytes);
	}
}

enum status
archive_cmd_export(const struct invocation *in, struct problem *why)
{
	struct archive_wish w;
	struct archive_view v;
	struct archive_list list = { 0 };
	struct export e = { .in = in, .wish = &w, .view = &v, .dir = -1, .fd = -1 };
	enum status st = archive_wish_read(in, ARCHIVE_TAKES_TARGET, &w, why);

	if (st == STATUS_OK)
		st = read_target(&e, why);
	if (st != STATUS_OK)
		return st;
	st = archive_view_open(in, &v, why);
	if (st == STATUS_OK)
		st = archive_find(&v, &w, &list, why);
	if (st == STATUS_OK && list.count == 0) {
		problem_set(why, "nothing of the archive is like that");
		st = STATUS_ABSENT;
	}
	if (st == STATUS_OK)
		st = export_to(&e, &list, why);
	if (st == STATUS_OK)
		tell(&e, &list);
	archive_list_clear(&list);
	archive_view_close(&v);
	mem_free(e.target);
	return st;
}
