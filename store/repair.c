#include "store/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/audit.h"
#include "store/identity.h"
#include "store/repair_pass.h"
#include "store/verify.h"

#define NEW_DIR "repair"	/* in the store's directory: where the new index is made */
#define LOCK_TRIES 20	/* a process that was killed may end a little later */
#define LOCK_PAUSE_US 50000
#define TURN_WRITES 20000
#define TURN_PARTS 1000
#define EACH_COUNT 128
#define SHOW_EVERY 1024	/* records, a multiple of EACH_COUNT */
#define REPORT_MAX (256u * 1024 * 1024)
#define LINE_MAX_LEN 1000

static const char *const kind_names[REPAIR_KIND_COUNT] = {
	[REPAIR_LOST] = "lost",
	[REPAIR_MENDED] = "mended",
	[REPAIR_RECOVERED] = "recovered",
	[REPAIR_CHANGED] = "changed",
};

void
repair_say(struct repair *r, enum repair_kind kind, const char *table, const char *key,
    uint32_t account, const char *format, ...)
{
	char what[LINE_MAX_LEN];
	struct repair_line line = { kind, slice_from_cstr(table), slice_from_cstr(key), account,
		SLICE("") };
	struct slice login = SLICE("");
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	line.what = slice_sub(slice_from_cstr(what), 0, n < 0 ? 0 : (size_t)n);
	r->result->lines[kind]++;
	buf_printf(&r->report, "%s %s %s", kind_names[kind], table, key);
	if (account != 0 && r->o->hooks.login != NULL &&
	    r->o->hooks.login(r->o->hooks.ctx, account, &login) && login.len > 0)
		buf_printf(&r->report, " of %.*s", SLICE_ARG(login));
	else if (account != 0)
		buf_printf(&r->report, " of account %u", account);
	buf_printf(&r->report, ": %.*s\n", SLICE_ARG(line.what));
	r->o->hooks.line(r->o->hooks.ctx, &line);
}

void
repair_progress(struct repair *r, const char *stage, uint64_t done, uint64_t total)
{
	if (r->o->hooks.progress != NULL)
		r->o->hooks.progress(r->o->hooks.ctx, slice_from_cstr(stage), done, total);
}

void
repair_number_put(struct repair_numbers *n, uint64_t value)
{
	if ((n->count & (n->count - 1)) == 0)
		n->all = mem_resize(n->all, n->count == 0 ? 1 : 2 * n->count, sizeof(n->all[0]));
	n->all[n->count++] = value;
}

static int
number_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void
repair_numbers_sort(struct repair_numbers *n)
{
	if (n->count > 0)
		qsort(n->all, n->count, sizeof(n->all[0]), number_order);
}

bool
repair_numbers_have(const struct repair_numbers *n, uint64_t value)
{
	return n->count > 0 &&
	    bsearch(&value, n->all, n->count, sizeof(n->all[0]), number_order) != NULL;
}

enum status
repair_turn(struct repair *r, struct problem *why)
{
	enum status st;

	if (r->change.journal_part > TURN_PARTS) {	/* a change has only so many */
		r->counters.change = ++r->change.number;
		r->change.journal_part = r->change.audit_part = 0;
		r->change.trash_part = 0;
	}
	if (txn_writes(r->txn) < TURN_WRITES)
		return STATUS_OK;
	st = txn_commit(&r->txn, why);
	if (st == STATUS_OK)
		st = txn_begin_write(store_env(r->store), &r->txn, why);
	r->change.txn = r->txn;
	return st;
}

/* Copies of the records behind *last, up to EACH_COUNT of them. */
static enum status
records_take(struct repair *r, enum store_table table, const struct buf *last, struct buf *out,
    unsigned *count, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	enum status st = cursor_open(r->txn, table, &c, why);

	*count = 0;
	buf_reset(out);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, buf_slice(last), &key, &value, why);
	if (st == STATUS_OK && slice_equal(key, buf_slice(last)))
		st = cursor_next(c, &key, &value, why);
	while (st == STATUS_OK && *count < EACH_COUNT) {
		put_slice(out, key);
		put_slice(out, value);
		++*count;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
repair_each(struct repair *r, enum store_table table, repair_row *row, void *ctx,
    struct problem *why)
{
	struct buf last = buf_init(ENV_KEY_MAX);
	struct buf records = buf_init(EACH_COUNT * (ENV_KEY_MAX + ENV_VALUE_MAX + 16));
	uint64_t done = 0, total = 0;
	unsigned count;
	enum status st = txn_count(r->txn, table, &total, why);

	if (st != STATUS_OK)
		goto out;
	do {
		struct reader in;

		st = records_take(r, table, &last, &records, &count, why);
		in = reader_of(buf_slice(&records));
		for (unsigned i = 0; st == STATUS_OK && i < count; i++) {
			struct slice key = read_slice(&in), value = read_slice(&in);

			buf_reset(&last);
			buf_append(&last, key);
			st = row(r, key, value, ctx, why);
			if (st == STATUS_OK)
				st = repair_turn(r, why);
		}
		done += count;
		if (count > 0 && done % SHOW_EVERY == 0)
			repair_progress(r, store_tables[table], done, total);
	} while (st == STATUS_OK && count > 0);
out:
	buf_clear(&records);
	buf_clear(&last);
	return st;
}

/* The directory for what is put aside, one of its own for each run. */
static enum status
aside_make(struct repair *r, struct problem *why)
{
	char at[CLOCK_RFC3339_LEN + 1], *name = r->result->aside;
	size_t n, size = sizeof(r->result->aside);
	int rc = -1;

	clock_write_rfc3339(r->change.now_s, at);
	n = (size_t)snprintf(name, size, "damaged-");
	for (const char *c = at; *c != '\0'; c++)
		if (*c != '-' && *c != ':')
			name[n++] = *c;
	name[n] = '\0';
	for (unsigned i = 2; i < 1000; i++) {
		rc = mkdirat(r->dir, name, 0750);
		if (rc == 0 || errno != EEXIST)
			break;
		snprintf(name + n, size - n, "-%u", i);
	}
	if (rc == 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "cannot make %s", name);
	name[0] = '\0';
	return STATUS_IO;
}

static enum status
aside_need(struct repair *r, struct problem *why)
{
	enum status st;

	if (r->aside >= 0)
		return STATUS_OK;
	st = aside_make(r, why);
	if (st != STATUS_OK)
		return st;
	r->aside = openat(r->dir, r->result->aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->aside >= 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "%s", r->result->aside);
	return STATUS_IO;
}

enum status
repair_put_aside(struct repair *r, const char *name, struct slice bytes, struct problem *why)
{
	enum status st = STATUS_OK;
	int fd;

	if (r->o->mode != REPAIR_DO)
		return STATUS_OK;
	st = aside_need(r, why);
	if (st != STATUS_OK)
		return st;
	fd = openat(r->aside, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	while (fd >= 0 && bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno != EINTR)
			break;
		bytes = slice_skip(bytes, n < 0 ? 0 : (size_t)n);
	}
	if (fd < 0 || bytes.len > 0 || fsync(fd) != 0 || fsync(r->aside) != 0) {
		problem_set_errno(why, errno, "%s/%s", r->result->aside, name);
		st = errno == ENOSPC || errno == EDQUOT ? STATUS_BUSY : STATUS_IO;
	}
	if (fd >= 0)
		close(fd);
	return st;
}

/* What an earlier run left, or this one made. */
static void
new_remove(struct repair *r)
{
	static const char *const names[] = { NEW_DIR "/data.mdb", NEW_DIR "/lock.mdb",
		NEW_DIR "/lock.writer", NEW_DIR "/data.new", NEW_DIR "/data.new-lock",
		NEW_DIR "/segments" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlinkat(r->dir, names[i], 0);
	unlinkat(r->dir, NEW_DIR, AT_REMOVEDIR);
}

static enum status
new_open(struct repair *r, struct problem *why)
{
	struct buf b = buf_init(4096);
	const char *path;
	enum status st;

	buf_printf(&b, "%s/" NEW_DIR, r->path);
	st = buf_cstr(&b, &path);
	if (st == STATUS_OK)
		st = store_open(path, ENV_WRITE, &r->store, why);
	if (st == STATUS_OK)
		st = txn_begin_write(store_env(r->store), &r->txn, why);
	r->change.txn = r->txn;
	buf_clear(&b);
	return st;
}

/* Whoever wants to write the store finds it taken. */
static enum status
lock_take(struct repair *r, int *lock, struct problem *why)
{
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0) {
		problem_set_errno(why, errno, "%s", r->path);
		return errno == EACCES ? STATUS_DENIED : STATUS_ABSENT;
	}
	r->segments = openat(r->dir, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->segments < 0) {
		problem_set_errno(why, errno, "%s/segments", r->path);
		return errno == EACCES ? STATUS_DENIED : STATUS_ABSENT;
	}
	*lock = openat(r->dir, "lock.writer", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; *lock >= 0 && i < LOCK_TRIES && flock(*lock, LOCK_EX | LOCK_NB) != 0; i++)
		usleep(LOCK_PAUSE_US);
	if (*lock < 0 || flock(*lock, LOCK_EX | LOCK_NB) != 0) {
		problem_set_errno(why, errno, "%s is open to write: stop what serves it", r->path);
		return errno == EWOULDBLOCK ? STATUS_BUSY : STATUS_DENIED;
	}
	return STATUS_OK;
}

/* The store's own number was read by then: whoever opens it takes it from there. */
static enum status
new_reopen(struct repair *r, struct problem *why)
{
	enum status st = txn_commit(&r->txn, why);

	store_close(&r->store);
	return st == STATUS_OK ? new_open(r, why) : st;
}

enum status
repair_begin(struct repair *r, struct problem *why)
{
	struct identity i = { STORE_VERSION, r->scan.store, clock_now_s() };
	enum status st;

	new_remove(r);
	if (mkdirat(r->dir, NEW_DIR, 0750) != 0 ||
	    symlinkat("../segments", r->dir, NEW_DIR "/segments") != 0) {
		problem_set_errno(why, errno, "cannot make %s/" NEW_DIR, r->path);
		return errno == EACCES ? STATUS_DENIED : STATUS_IO;
	}
	r->change.now_s = clock_now_s();
	r->change.counters = &r->counters;
	st = new_open(r, why);
	if (st == STATUS_OK)
		st = identity_put(r->txn, &i, why);
	return st == STATUS_OK && i.id != 0 ? new_reopen(r, why) : st;
}

struct looking {
	struct repair *r;
	struct problem *first;
};

static void
on_finding(void *ctx, const struct verify_finding *f)
{
	struct looking *l = ctx;

	problem_set(l->first, "%.*s %.*s: %.*s", SLICE_ARG(f->table), SLICE_ARG(f->key),
	    SLICE_ARG(f->what));
}

static void
on_look(void *ctx, struct slice stage, uint64_t done, uint64_t total)
{
	const struct repair_hooks *hooks = &((struct looking *)ctx)->r->o->hooks;

	if (hooks->progress != NULL)
		hooks->progress(hooks->ctx, stage, done, total);
}

/* A look at the store at path/name; first: the first finding. */
static enum status
look(struct repair *r, const char *name, struct problem *first, struct problem *why)
{
	struct looking l = { r, first };
	struct verify_hooks hooks = { on_finding, on_look, &l };
	struct buf b = buf_init(4096);
	const char *path;
	enum status st;

	buf_printf(&b, "%s/%s", r->path, name);
	st = buf_cstr(&b, &path);
	if (st == STATUS_OK)
		st = verify_store(path, &hooks, why);
	buf_clear(&b);
	return st;
}

/* Give the old index its other name, and the new one its own. */
static enum status
names_change(struct repair *r, struct problem *why)
{
	if ((linkat(r->dir, "data.mdb", r->aside, "data.mdb", 0) != 0 && errno != ENOENT) ||
	    fsync(r->aside) != 0 || fchmodat(r->dir, NEW_DIR "/data.mdb", 0640, 0) != 0 ||
	    renameat(r->dir, NEW_DIR "/data.mdb", r->dir, "data.mdb") != 0 || fsync(r->dir) != 0) {
		problem_set_errno(why, errno, "putting the new index in its place");
		return STATUS_IO;
	}
	return STATUS_OK;
}

enum status
repair_place(struct repair *r, struct problem *why)
{
	struct problem first = { "" };
	enum status st;

	repair_segment_next(r);
	st = counters_put(r->txn, &r->counters, why);
	if (st == STATUS_OK)
		st = txn_commit(&r->txn, why);
	txn_abort(&r->txn);
	segment_writer_close(&r->writer);
	store_close(&r->store);
	if (st == STATUS_OK && r->o->mode == REPAIR_DO) {
		repair_progress(r, "proving", 0, 1);
		st = look(r, NEW_DIR, &first, why);
	}
	if (st == STATUS_CORRUPT && first.text[0] != '\0')
		problem_set(why, "what came out is not whole, nothing was changed: %s", first.text);
	if (st != STATUS_OK || r->o->mode != REPAIR_DO)
		return st;
	st = aside_need(r, why);
	if (st == STATUS_OK)
		st = repair_put_aside(r, "report.txt", buf_slice(&r->report), why);
	return st == STATUS_OK ? names_change(r, why) : st;
}

void
repair_end(struct repair *r)
{
	txn_abort(&r->txn);
	segment_writer_close(&r->writer);
	store_close(&r->store);
	segment_scan_clear(&r->scan);
	mem_free(r->lost.all);
	buf_clear(&r->report);
	if (r->dir >= 0)
		new_remove(r);
	if (r->aside >= 0)
		close(r->aside);
	if (r->segments >= 0)
		close(r->segments);
	if (r->dir >= 0)
		close(r->dir);
}

static void
scan_progress(void *ctx, uint64_t done, uint64_t total)
{
	repair_progress(ctx, "segments", done, total);
}

static enum status
audit_say(struct repair *r, struct problem *why)
{
	struct buf detail = buf_init(1000);
	struct audit_row row = { .kind = SLICE("store.repaired"), .actor = SLICE("admin"),
		.subject = SLICE("store") };
	enum status st;

	for (unsigned i = 0; i < REPAIR_KIND_COUNT; i++)
		buf_printf(&detail, "%s: %llu\n", kind_names[i],
		    (unsigned long long)r->result->lines[i]);
	row.detail = buf_slice(&detail);
	st = audit_put(&r->change, &row, why);
	buf_clear(&detail);
	return st;
}

static enum status
repair_run(struct repair *r, struct problem *why)
{
	static const struct {
		const char *name;
		enum status (*run)(struct repair *r, struct problem *why);
	} steps[] = {
		{ "texts", repair_texts },
		{ "segments", repair_segments },
		{ "journal", repair_sealed },
		{ "mailboxes", repair_mailboxes },
		{ "messages", repair_messages },
		{ "archive", repair_archive },
		{ "trash", repair_trash },
		{ "queue", repair_queue },
		{ "counters", repair_counts },
		{ "references", repair_references },
		{ "space", repair_space },
		{ "audit", audit_say },
	};
	struct identity own;
	enum status st = repair_begin(r, why);

	if (st == STATUS_OK)
		st = repair_import(r, why);
	if (st == STATUS_OK)
		st = identity_get(r->txn, &own, why);
	if (st == STATUS_OK)
		st = segment_scan(r->segments, own.id, scan_progress, r, &r->scan, why);
	if (st == STATUS_OK && own.id == 0) {
		own.id = r->scan.store;
		st = identity_put(r->txn, &own, why);
	}
	if (st == STATUS_OK)
		st = new_reopen(r, why);
	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(steps); i++) {
		repair_progress(r, steps[i].name, i, ARRAY_LEN(steps));
		st = steps[i].run(r, why);
	}
	return st == STATUS_OK ? repair_place(r, why) : st;
}

/* Hold the store and do it. */
static enum status
run_locked(const char *path, const struct repair_options *o, struct repair_result *out,
    bool is_repair, struct problem *why)
{
	struct repair r = { .path = path, .o = o, .result = out, .dir = -1, .segments = -1,
		.aside = -1, .report = buf_init(REPORT_MAX) };
	struct problem first = { "" };
	int lock = -1;
	enum status st;

	memset(out, 0, sizeof(*out));
	st = lock_take(&r, &lock, why);
	if (st == STATUS_OK && is_repair) {
		st = look(&r, ".", &first, NULL);
		if (st == STATUS_CORRUPT || st == STATUS_ABSENT || st == STATUS_IO)
			st = repair_run(&r, why);
	} else if (st == STATUS_OK) {
		st = rebuild_run(&r, why);
	}
	repair_end(&r);
	if (lock >= 0)
		close(lock);
	return st;
}

enum status
repair_store(const char *path, const struct repair_options *o, struct repair_result *out,
    struct problem *why)
{
	return run_locked(path, o, out, true, why);
}

enum status
rebuild_store(const char *path, const struct repair_options *o, struct repair_result *out,
    struct problem *why)
{
	return run_locked(path, o, out, false, why);
}
