#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "store/verify_pass.h"

#define STILL_MS 120000
#define TELL_MAX 4096
#define KEY_TEXT_MAX (4 * ENV_KEY_MAX)

/* What the process that reads tells the other: u8 kind, u32 length, and that many bytes. */
enum verify_tell {
	TELL_FOUND = 1,		/* slice table, slice key, slice what */
	TELL_PROGRESS,		/* slice stage, u64 done, u64 total */
	TELL_END,		/* u8 status, slice why */
};

static const struct {
	const char *table;
	void (*run)(struct verify_pass *p);
	const char *form;	/* of its keys: digits are bytes of numbers, 's' is text */
} stages[] = {
	{ "pages", verify_pages, "" },
	{ "meta", verify_meta, "s" },
	{ "account", verify_accounts, "4" },
	{ "mailbox", verify_mailboxes, "4" },
	{ "mailbox_name", verify_mailbox_names, "4s" },
	{ "subscription", verify_subscriptions, "4s" },
	{ "keyword", verify_keywords, "41" },
	{ "message", verify_messages, "44" },
	{ "flags", verify_flags, "44" },
	{ "text", verify_text_rows, "8" },
	{ "reference", verify_references, "8" },
	{ "message_id", verify_message_ids, "488" },
	{ "journal", verify_journal, "82" },
	{ "sealed", verify_sealed, "8" },
	{ "archive", verify_archive, "8" },
	{ "trash", verify_trash, "484" },
	{ "queue", verify_queue, "8" },
	{ "queue_due", verify_queue_due, "88" },
	{ "fetched", verify_fetched, "41s" },
	{ "audit", verify_audit, "82" },
	{ "text_hash", verify_text_hashes, "488" },
	{ "segment", verify_segment_rows, "4" },
	{ "history", verify_history, "4" },
	{ "segment", verify_segments, "48" },
	{ "text", verify_texts, "8" },
};

/* A key as people write it; one of another form in hexadecimal. */
static void
key_print(struct slice key, const char *form, struct buf *out)
{
	struct buf text = buf_init(KEY_TEXT_MAX);
	size_t at = 0;

	for (const char *f = form; *f != '\0'; f++) {
		size_t width = *f == 's' ? key.len - at : (size_t)(*f - '0');
		uint64_t n = 0;

		if (at + width > key.len)
			break;
		if (f != form)
			buf_append_byte(&text, '/');
		if (*f == 's')
			buf_append(&text, slice_sub(key, at, width));
		for (size_t i = 0; *f != 's' && i < width; i++)
			n = n << 8 | (unsigned char)key.ptr[at + i];
		if (*f != 's')
			buf_append_u64(&text, n);
		at += width;
	}
	if (at == key.len && buf_status(&text) == STATUS_OK)
		buf_append(out, buf_slice(&text));
	else
		buf_append_hex(out, key);
	buf_clear(&text);
}

static void
tell(int out, enum verify_tell kind, struct buf *payload)
{
	struct buf b = buf_init(TELL_MAX + 8);
	struct slice s;

	put_u8(&b, (uint8_t)kind);
	put_slice(&b, buf_slice(payload));
	for (s = buf_slice(&b); s.len > 0;) {
		ssize_t n = write(out, s.ptr, s.len);

		if (n < 0 && errno != EINTR)
			_exit(1);	/* nobody listens any more */
		if (n > 0)
			s = slice_skip(s, (size_t)n);
	}
	buf_clear(&b);
	buf_clear(payload);
}

static void found(struct verify_pass *p, struct slice key, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void
found(struct verify_pass *p, struct slice key, const char *format, va_list arguments)
{
	struct buf b = buf_init(TELL_MAX);
	char what[256];
	int n = vsnprintf(what, sizeof(what), format, arguments);

	p->findings++;
	put_slice(&b, slice_from_cstr(p->table));
	put_slice(&b, key);
	put_slice(&b, slice_sub(slice_from_cstr(what), 0, n < 0 ? 0 : (size_t)n));
	tell(p->out, TELL_FOUND, &b);
}

void
pass_found(struct verify_pass *p, struct slice key, const char *format, ...)
{
	struct buf text = buf_init(KEY_TEXT_MAX);
	va_list arguments;

	key_print(key, stages[p->place->stage].form, &text);
	va_start(arguments, format);
	found(p, buf_slice(&text), format, arguments);
	va_end(arguments);
	buf_clear(&text);
}

void
pass_found_at(struct verify_pass *p, const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	found(p, slice_from_cstr(key), format, arguments);
	va_end(arguments);
}

void
pass_progress(struct verify_pass *p, uint64_t done, uint64_t total)
{
	struct buf b = buf_init(TELL_MAX);

	put_slice(&b, slice_from_cstr(p->table));
	put_u64le(&b, done);
	put_u64le(&b, total);
	tell(p->out, TELL_PROGRESS, &b);
}

static void
end_tell(int out, enum status st, const struct problem *why)
{
	struct buf b = buf_init(TELL_MAX);

	put_u8(&b, (uint8_t)st);
	put_slice(&b, slice_from_cstr(why->text));
	tell(out, TELL_END, &b);
}

/* What a child does: all stages from first on. */
static void
pass_run(struct verify_pass *p, uint32_t first)
{
	struct problem why = { "" };
	enum status st = store_open(p->path, ENV_READ, &p->store, &why);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(p->store), &p->txn, &why);
	p->place->is_open = st == STATUS_OK;
	for (uint32_t i = first; st == STATUS_OK && i < ARRAY_LEN(stages); i++) {
		p->place->stage = i;
		key_init(&p->place->key);
		p->table = stages[i].table;
		pass_progress(p, i, ARRAY_LEN(stages));
		if (i == first || i == 1)
			st = counters_get(p->txn, &p->counters, &why);
		if (st == STATUS_CORRUPT) {	/* named by the stage of that table */
			st = STATUS_OK;
			memset(&p->counters, 0xff, sizeof(p->counters));
		}
		if (st == STATUS_OK)
			stages[i].run(p);
	}
	txn_abort(&p->txn);
	store_close(&p->store);
	end_tell(p->out, st, &why);
}

static _Noreturn void
child_run(const char *path, struct verify_place *place, uint32_t first, int out)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	struct verify_pass p = { .path = path, .place = place, .out = out };
	struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* it may hold what is locked */
	/* What LMDB or a checker says of damaged pages is told as a finding instead. */
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		signal(deadly[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	pass_run(&p, first);
	_exit(0);
}

/* The other side: what a child told so far. */
struct listener {
	const struct verify_hooks *hooks;
	struct buf in;
	bool is_ended;
	uint64_t findings;
	enum status st;
	struct problem *why;
};

static void
hear_one(struct listener *l, uint8_t kind, struct slice payload)
{
	struct reader in = reader_of(payload);
	struct verify_finding f;
	struct slice text;
	uint64_t done, total;

	if (kind == TELL_FOUND) {
		f.table = read_slice(&in);
		f.key = read_slice(&in);
		f.what = read_slice(&in);
		l->findings++;
		l->hooks->found(l->hooks->ctx, &f);
	} else if (kind == TELL_PROGRESS) {
		text = read_slice(&in);
		done = read_u64le(&in);
		total = read_u64le(&in);
		if (l->hooks->progress != NULL)
			l->hooks->progress(l->hooks->ctx, text, done, total);
	} else {
		l->is_ended = true;
		l->st = (enum status)read_u8(&in);
		text = read_slice(&in);
		if (text.len > 0)
			problem_set(l->why, "%.*s", SLICE_ARG(text));
	}
}

static void
hear(struct listener *l)
{
	for (;;) {
		struct reader in = reader_of(buf_slice(&l->in));
		uint8_t kind = read_u8(&in);
		struct slice payload = read_slice(&in);

		if (!reader_ok(&in))
			return;
		hear_one(l, kind, payload);
		buf_consume(&l->in, 1 + 4 + payload.len);
	}
}

static enum status
child_make(const char *path, struct verify_place *place, uint32_t first, pid_t *pid, int *from,
    struct problem *why)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0) {
		problem_set_errno(why, errno, "pipe");
		return STATUS_IO;
	}
	*pid = fork();
	if (*pid == 0)
		child_run(path, place, first, fds[1]);
	close(fds[1]);
	*from = fds[0];
	if (*pid > 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "fork");
	close(fds[0]);
	return STATUS_IO;
}

/* Something can be read; false: nothing was told nor done for long, pages that lead in circles. */
static bool
child_is_busy(int from, const struct verify_place *place)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	struct key before;
	int n;

	do {
		before = place->key;
		n = poll(&p, 1, STILL_MS);
	} while ((n < 0 && errno == EINTR) ||
	    (n == 0 && !slice_equal(key_slice(&before), key_slice(&place->key))));
	return n != 0;
}

/* One child until its end; l->is_ended says whether it came to one of its own. */
static enum status
child_hear(const char *path, struct verify_place *place, uint32_t first, struct listener *l)
{
	char bytes[TELL_MAX];
	pid_t pid;
	int from;
	ssize_t n;
	enum status st = child_make(path, place, first, &pid, &from, l->why);

	if (st != STATUS_OK)
		return st;
	while (child_is_busy(from, place) && (n = read(from, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || buf_append(&l->in, slice_make(bytes, (size_t)n)) != STATUS_OK)
			break;
		hear(l);
	}
	close(from);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return STATUS_OK;
}

/* A stage whose pages killed the process that read them. */
static void
deadly_found(struct listener *l, const struct verify_place *place)
{
	struct buf key = buf_init(KEY_TEXT_MAX);
	struct verify_finding f = {
		.table = slice_from_cstr(place->is_open ? stages[place->stage].table : "pages"),
		.what = SLICE("what lies behind this record cannot be read: the pages are damaged"),
	};

	if (place->key.len > 0)
		key_print(key_slice(&place->key), stages[place->stage].form, &key);
	f.key = buf_slice(&key);
	l->findings++;
	l->hooks->found(l->hooks->ctx, &f);
	buf_clear(&key);
}

enum status
verify_store(const char *path, const struct verify_hooks *hooks, struct problem *why)
{
	struct verify_place *place = mmap(NULL, sizeof(*place), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct listener l = { .hooks = hooks, .in = buf_init(1 << 20), .why = why };
	enum status st = place == MAP_FAILED ? STATUS_IO : STATUS_OK;
	uint32_t next = 0;

	while (st == STATUS_OK && !l.is_ended && next < ARRAY_LEN(stages)) {
		place->stage = next;
		place->is_open = false;
		key_init(&place->key);
		buf_reset(&l.in);
		st = child_hear(path, place, next, &l);
		if (st != STATUS_OK || l.is_ended)
			break;
		deadly_found(&l, place);
		next = place->is_open ? place->stage + 1 : ARRAY_LEN(stages);
	}
	if (st == STATUS_OK && l.is_ended)
		st = l.st;
	if (st == STATUS_OK && l.findings > 0)
		st = STATUS_CORRUPT;
	buf_clear(&l.in);
	if (place != MAP_FAILED)
		munmap(place, sizeof(*place));
	return st;
}
