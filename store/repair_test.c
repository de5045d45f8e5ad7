/*
 * A small store of two people, each text naming its owners: whatever is done to a page or a record
 * of it, a repair gives a store that is whole, has everything that was not damaged, and gives nobody
 * anything of another's.  So does a rebuild of the segments alone.
 *
 * DAMAGE_STEP=n in the environment: every n-th page and record only (default 8).
 */
#include "store/repair.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/mem.h"
#include "store/archive.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/plan.h"
#include "store/spool.h"
#include "store/testing.h"
#include "store/testing_check.h"
#include "store/text.h"
#include "store/verify.h"

#define KINDS 3		/* of damage: a flipped bit, zeros, the file cut */
#define MESSAGES_MAX 64

/* What the store held before: a line of a text, and whose mailboxes it was in. */
static struct {
	char line[40];
	uint32_t owners[2];
} messages[MESSAGES_MAX];
static unsigned message_count;

/* A message that names its owners, remembered. */
static void
text_make(uint32_t a, uint32_t b, const char *head, struct buf *out)
{
	buf_printf(out, "%sSubject: number %u\r\nMessage-ID: <%u@b.test>\r\n\r\nowner-%u owner-%u.\r\n"
	    "line-%u-\r\n", head, message_count, message_count, a, b, message_count);
	snprintf(messages[message_count].line, sizeof(messages[0].line), "line-%u-", message_count);
	messages[message_count].owners[0] = a;
	messages[message_count++].owners[1] = b;
}

static void
append(struct testing *t, uint32_t account, const char *folder, const char *keyword)
{
	struct buf text = buf_init(1 << 20);
	const char *s;

	text_make(account, account, "", &text);
	CHECK_STATUS(buf_cstr(&text, &s), STATUS_OK);
	testing_append(t, account, testing_mailbox(t, account, folder), s, FLAG_FLAGGED, keyword);
	buf_clear(&text);
}

/* A long text, compressed, that both have: it is kept once. */
static void
append_same(struct testing *t)
{
	static const uint32_t people[] = { ME, OTHER };
	struct buf text = buf_init(1 << 20);
	const char *s;

	text_make(ME, OTHER, "", &text);
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "The same again and again.\r\n");
	CHECK_STATUS(buf_cstr(&text, &s), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		testing_append(t, people[i], testing_mailbox(t, people[i], "INBOX"), s, 0, "");
	buf_clear(&text);
}

/* For both, archived, queued. */
static void
deliver(struct testing *t, const char *head, const char *recipients)
{
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_DELIVER, .account = OTHER, .role = MAILBOX_JUNK },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_IN, .sender = SLICE("a@b.test"),
		    .recipients = slice_from_cstr(recipients) },
		{ .kind = ACTION_QUEUE, .sender = SLICE("a@b.test"), .recipients = SLICE("c@d.test"),
		    .route = 1 },
		{ .kind = ACTION_FETCHED, .fetch = 3 },
		{ .kind = ACTION_AUDIT, .audit_kind = SLICE("mail"), .actor = SLICE("x"),
		    .subject = SLICE("abc"), .detail = SLICE("line\n") },
	};
	struct plan p = { .mid = SLICE("k3v7q2m9tzae"), .sid = SLICE("s"), .received_at = 1700000000,
		.action_count = ARRAY_LEN(actions), .actions = actions };
	struct buf text = buf_init(1 << 20), digest = buf_init(DIGEST_RECORD_MAX), b = buf_init(1 << 20);
	struct job *j = NULL;
	int fd;

	text_make(ME, OTHER, head, &text);
	actions[4].uidl = slice_from_cstr(messages[message_count - 1].line);
	p.size_bytes = (uint32_t)text.len;
	fd = testing_memfd(buf_slice(&text));
	sha256_of(buf_slice(&text), p.sha256);
	digest_compute(buf_slice(&text), &digest);
	p.digest = buf_slice(&digest);
	CHECK_STATUS(plan_encode(&p, &b), STATUS_OK);
	CHECK_STATUS(job_of_plan(buf_slice(&b), fd, &j, NULL), STATUS_OK);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
	close(fd);
	buf_clear(&text);
	buf_clear(&digest);
	buf_clear(&b);
}

static void
fill(struct testing *t)
{
	struct buf head = buf_init(1 << 20), many = buf_init(1 << 16);
	struct store_work w = { 0 };
	const char *s, *m;

	message_count = 0;
	testing_account(t, ME);
	testing_account(t, OTHER);
	CHECK_STATUS(make(t, "Customers/Li"), STATUS_OK);
	for (int i = 0; i < 5; i++) {
		append(t, ME, "INBOX", i == 2 ? "$Label1" : "");
		append(t, OTHER, "INBOX", "");
		append(t, ME, "Customers/Li", "");
	}
	append_same(t);
	deliver(t, "", "c@d.test");
	/* A digest and an envelope that are too long for their rows. */
	buf_printf(&head, "To: ");
	for (int i = 0; i < 120; i++) {
		buf_printf(&head, "person%d@department.example.test,\r\n\t", i);
		buf_printf(&many, "person%d@department.example.test\n", i);
	}
	buf_printf(&head, "end@d.test\r\n");
	buf_printf(&many, "end@d.test");
	CHECK_STATUS(buf_cstr(&head, &s), STATUS_OK);
	CHECK_STATUS(buf_cstr(&many, &m), STATUS_OK);
	deliver(t, s, m);
	deliver(t, "", "c@d.test");
	w.mailbox = testing_mailbox(t, ME, "INBOX");
	w.uids = uidset_init();
	CHECK_STATUS(uidset_add(&w.uids, 2, 3), STATUS_OK);
	w.mode = EXPUNGE_ALL;
	CHECK_STATUS(testing_work(t, ME, STORE_EXPUNGE, &w)->status, STATUS_OK);
	uidset_clear(&w.uids);
	buf_clear(&head);
	buf_clear(&many);
}

static int
setup(void **state)
{
	struct testing *t;

	testing_setup(state);
	t = *state;
	fill(t);
	testing_close(t);
	return 0;
}

/* The store is closed by then. */
static int
teardown(void **state)
{
	struct testing *t = *state;

	scratch_remove(t->path);
	return 0;
}

static void
on_found(void *ctx, const struct verify_finding *f)
{
	char *first = ctx;

	if (first[0] == '\0')
		snprintf(first, 300, "%.*s %.*s: %.*s", SLICE_ARG(f->table), SLICE_ARG(f->key),
		    SLICE_ARG(f->what));
}

static enum status
verify(const char *path, char first[300])
{
	struct verify_hooks hooks = { on_found, NULL, first };

	first[0] = '\0';
	return verify_store(path, &hooks, NULL);
}

static void
on_line(void *ctx, const struct repair_line *l)
{
	if (ctx != NULL)
		print_message("%d %.*s %.*s of %u: %.*s\n", (int)l->kind, SLICE_ARG(l->table),
		    SLICE_ARG(l->key), l->account, SLICE_ARG(l->what));
}

/* What is found of the messages, and where. */
struct finding {
	struct store *store;
	struct txn *txn;
	const struct mailbox_row *box;
	uint32_t account;
	unsigned in_place[MESSAGES_MAX][2];	/* by owner: in a mailbox or the trash of theirs */
	bool is_somewhere[MESSAGES_MAX];	/* with the administrator, at least */
};

static bool
text_find(struct finding *f, uint64_t id, const char *folder)
{
	struct text_row row;
	char *text, owner[24];
	bool is_given = strstr(folder, "Recovered/un") != NULL && f->account == ME;

	CHECK_STATUS(text_get(f->txn, id, &row, NULL), STATUS_OK);
	text = mem_zeroed(1, row.size_bytes + 1);
	CHECK_STATUS(text_read(f->store, &row, 0, row.size_bytes, text, NULL), STATUS_OK);
	snprintf(owner, sizeof(owner), "owner-%u", f->account);
	if (!is_given && strstr(text, owner) == NULL)
		fail_msg("account %u has another's in %s:\n%s", f->account, folder, text);
	for (unsigned i = 0; i < message_count; i++) {
		if (strstr(text, messages[i].line) == NULL)
			continue;
		f->is_somewhere[i] = true;
		for (unsigned o = 0; o < 2; o++)
			if (messages[i].owners[o] == f->account && !is_given)
				f->in_place[i][o]++;
	}
	mem_free(text);
	return true;
}

static bool
find_message(void *ctx, const struct message_row *row)
{
	struct finding *f = ctx;
	char folder[MAILBOX_NAME_MAX + 1];

	snprintf(folder, sizeof(folder), "%.*s", SLICE_ARG(f->box->name));
	return text_find(f, row->text, folder);
}

static bool
find_box(void *ctx, const struct mailbox_row *row)
{
	struct finding *f = ctx;

	f->box = row;
	CHECK_STATUS(message_each(f->txn, row->id, 1, UINT32_MAX, find_message, f, NULL), STATUS_OK);
	return true;
}

static bool
find_trash(void *ctx, const struct trash_row *row)
{
	struct finding *f = ctx;

	return text_find(f, row->message.text, "trash");
}

static void
find(const char *path, struct finding *f)
{
	static const uint32_t accounts[] = { ME, OTHER };
	struct problem why = { "" };

	memset(f, 0, sizeof(*f));
	if (store_open(path, ENV_READ, &f->store, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	CHECK_STATUS(txn_begin_read(store_env(f->store), &f->txn, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
		f->account = accounts[i];
		CHECK_STATUS(mailbox_each(f->txn, accounts[i], find_box, f, NULL), STATUS_OK);
		CHECK_STATUS(trash_each(f->txn, accounts[i], find_trash, f, NULL), STATUS_OK);
	}
	txn_abort(&f->txn);
	store_close(&f->store);
}

static void
file_put(const char *path, struct slice bytes)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
	close(fd);
}

static struct buf
file_get(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = buf_init(1 << 26);
	struct stat sb;

	CHECK(fd >= 0 && fstat(fd, &sb) == 0);
	CHECK_STATUS(buf_reserve(&b, (size_t)sb.st_size), STATUS_OK);
	CHECK(read(fd, b.ptr, (size_t)sb.st_size) == sb.st_size);
	b.len = (size_t)sb.st_size;
	close(fd);
	return b;
}

/* A store whose files can be given back their bytes. */
struct original {
	char index[SCRATCH_PATH_MAX + 20], segment[SCRATCH_PATH_MAX + 40];
	struct buf index_bytes, segment_bytes;
};

static void
original_take(const char *path, struct original *o)
{
	snprintf(o->index, sizeof(o->index), "%s/data.mdb", path);
	snprintf(o->segment, sizeof(o->segment), "%s/segments/00000001.seg", path);
	o->index_bytes = file_get(o->index);
	o->segment_bytes = file_get(o->segment);
}

static void
original_give(const char *path, const struct original *o)
{
	char name[SCRATCH_PATH_MAX + 40];

	file_put(o->index, buf_slice(&o->index_bytes));
	file_put(o->segment, buf_slice(&o->segment_bytes));
	for (int i = 2; i < 5; i++) {
		snprintf(name, sizeof(name), "%s/segments/%08x.seg", path, i);
		unlink(name);
	}
}

static void
original_clear(struct original *o)
{
	buf_clear(&o->index_bytes);
	buf_clear(&o->segment_bytes);
}

static void
aside_remove(const char *path, const struct repair_result *result)
{
	char name[SCRATCH_PATH_MAX + 60];

	if (result->aside[0] == '\0')
		return;
	snprintf(name, sizeof(name), "%s/%s", path, result->aside);
	scratch_remove(name);
}

/* Repair, or rebuild where too little is left; the store is whole then. */
static void
mend(const char *path, const char *what, struct repair_result *result, bool *is_rebuilt)
{
	struct repair_options o = { .mode = REPAIR_DO, .administrator = ME,
		.hooks = { .line = on_line, .ctx = getenv("DAMAGE_TELL") } };
	struct problem why = { "" };
	char first[300];
	enum status st = repair_store(path, &o, result, &why);

	*is_rebuilt = st == STATUS_CORRUPT || st == STATUS_ABSENT;
	if (*is_rebuilt) {
		if (st == STATUS_ABSENT || strstr(why.text, "not whole") != NULL)
			fail_msg("%s: %s", what, why.text);
		aside_remove(path, result);
		st = rebuild_store(path, &o, result, &why);
	}
	if (st != STATUS_OK)
		fail_msg("%s: %s: %s", what, status_name(st), why.text);
	if (verify(path, first) != STATUS_OK)
		fail_msg("%s, repaired: %s", what, first);
}

static void
damage(struct buf *b, size_t at, size_t len, unsigned kind)
{
	if (kind == 0)
		b->ptr[at + at / 7 % len] = (char)(b->ptr[at + at / 7 % len] ^ 1 << at / 64 % 8);
	else if (kind == 1)
		memset(b->ptr + at, 0, len);
	else
		buf_truncate(b, at + len / 2);
}

static size_t
step(void)
{
	const char *text = getenv("DAMAGE_STEP");
	uint32_t n;

	return text != NULL && parse_u32(slice_from_cstr(text), 1, 1000, &n) == STATUS_OK ? n : 8;
}

/* All messages are there, each with whom it belongs to, or with the administrator where not known. */
static void
check_all(const char *path, const char *what, unsigned missing_max)
{
	struct finding f;
	unsigned missing = 0;

	find(path, &f);
	for (unsigned i = 0; i < message_count; i++)
		missing += !f.is_somewhere[i];
	if (missing > missing_max)
		fail_msg("%s: %u messages are gone", what, missing);
}

static void
a_whole_store_is_left_as_it_is(void **state)
{
	struct testing *t = *state;
	struct repair_options o = { .mode = REPAIR_DO, .hooks = { .line = on_line } };
	struct repair_result result;
	struct original before;
	struct buf after;
	struct problem why = { "" };

	original_take(t->path, &before);
	if (repair_store(t->path, &o, &result, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	CHECK(result.aside[0] == '\0' && result.lines[REPAIR_LOST] == 0);
	after = file_get(before.index);
	CHECK(slice_equal(buf_slice(&before.index_bytes), buf_slice(&after)));
	buf_clear(&after);
	original_clear(&before);
}

static void
damage_of_any_page_is_repaired(void **state)
{
	struct testing *t = *state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned tried = 0, rebuilt = 0;
	struct repair_result result;
	struct original o;
	char what[80];

	original_take(t->path, &o);
	for (size_t at = 0; at + page <= o.index_bytes.len; at += page * step()) {
		for (unsigned kind = 0; kind <= KINDS; kind++) {
			struct buf bad = buf_init(1 << 26);
			bool is_rebuilt;

			buf_append(&bad, buf_slice(&o.index_bytes));
			damage(&bad, at, kind == KINDS ? 16 : page, kind % KINDS);
			file_put(o.index, buf_slice(&bad));
			buf_clear(&bad);
			snprintf(what, sizeof(what), "page %zu, damage %u", at / page, kind);
			mend(t->path, what, &result, &is_rebuilt);
			check_all(t->path, what, 0);
			aside_remove(t->path, &result);
			original_give(t->path, &o);
			tried++;
			rebuilt += is_rebuilt;
		}
	}
	print_message("%u tried, %u rebuilt\n", tried, rebuilt);
	CHECK(rebuilt < tried / 2);
	original_clear(&o);
}

/* Where the records of the first segment begin, and their lengths. */
static unsigned
records_find(const struct buf *segment, size_t at[64], size_t len[64])
{
	struct segment_record r;
	unsigned n = 0;

	for (size_t i = SEGMENT_HEAD_LEN; i + RECORD_HEAD_LEN < segment->len && n < 64;) {
		struct record_place place = { load_u64le((const uint8_t *)segment->ptr + 8), 1, i };

		if (record_head_decode((const uint8_t *)segment->ptr + i, &place, &r) != STATUS_OK)
			break;
		at[n] = i;
		len[n++] = (size_t)(RECORD_HEAD_LEN + record_meta_len(&r) + r.text.len);
		i += (size_t)record_len(&r);
	}
	return n;
}

static void
damage_of_any_segment_record_is_repaired(void **state)
{
	struct testing *t = *state;
	size_t at[64], len[64];
	struct repair_result result;
	struct original o;
	unsigned count;
	char what[80];

	original_take(t->path, &o);
	count = records_find(&o.segment_bytes, at, len);
	CHECK(count > 20);
	for (unsigned i = 0; i < count; i += (unsigned)step()) {
		for (unsigned kind = 0; kind < KINDS + 2; kind++) {
			struct buf bad = buf_init(1 << 26);
			bool is_rebuilt;

			buf_append(&bad, buf_slice(&o.segment_bytes));
			if (kind < KINDS)
				damage(&bad, at[i], len[i], kind);
			else if (kind == KINDS)
				damage(&bad, at[i], RECORD_HEAD_LEN, 1);
			else
				damage(&bad, at[i] + len[i] - 1, 1, 0);
			file_put(o.segment, buf_slice(&bad));
			buf_clear(&bad);
			snprintf(what, sizeof(what), "record %u, damage %u", i, kind);
			mend(t->path, what, &result, &is_rebuilt);
			CHECK(!is_rebuilt);
			check_all(t->path, what, kind == 2 ? count - i : 1);
			/* A head alone is made anew: the row knows the text. */
			if (kind == KINDS)
				check_all(t->path, what, 0);
			aside_remove(t->path, &result);
			original_give(t->path, &o);
		}
	}
	original_clear(&o);
}

/* The n-th record of a table is deleted (at < 0), or one byte of it changed; false: there is none. */
static bool
alter(const char *path, unsigned table, int n, int at)
{
	struct buf bytes = buf_init(ENV_VALUE_MAX);
	struct slice key, value;
	struct cursor *c;
	struct store *s;
	struct txn *t;
	struct key k;
	enum status st;
	bool is_there;

	CHECK_STATUS(store_open(path, ENV_WRITE, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(cursor_open(t, table, &c, NULL), STATUS_OK);
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	for (int i = 0; i < n && st == STATUS_OK; i++)
		st = cursor_next(c, &key, &value, NULL);
	cursor_close(&c);
	is_there = st == STATUS_OK && (at < 0 || (size_t)at < value.len);
	if (is_there) {
		key_init(&k);
		key_bytes(&k, key);
		buf_append(&bytes, value);
		if (at < 0) {
			CHECK_STATUS(txn_delete(t, table, key_slice(&k), NULL), STATUS_OK);
		} else {
			bytes.ptr[at] = (char)(bytes.ptr[at] == 1 ? 2 : 1);
			CHECK_STATUS(txn_put(t, table, key_slice(&k), buf_slice(&bytes), NULL),
			    STATUS_OK);
		}
	}
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	store_close(&s);
	buf_clear(&bytes);
	return is_there;
}

static void
a_record_that_is_gone_or_contradicts_others_is_mended(void **state)
{
	static const enum store_table counted[] = { TABLE_ACCOUNT, TABLE_REFERENCE, TABLE_SEGMENT };
	struct testing *t = *state;
	struct repair_result result;
	struct original o;
	bool is_rebuilt;
	char what[80];

	original_take(t->path, &o);
	for (unsigned i = 0; i < 2 * TABLE_COUNT * 2; i += (unsigned)step()) {
		unsigned table = i / 4;

		if (!alter(t->path, table, (int)(i % 4 / 2), i % 2 == 0 ? -1 : 0))
			continue;
		snprintf(what, sizeof(what), "table %s, record %u gone or unreadable",
		    store_tables[table], i % 4 / 2);
		mend(t->path, what, &result, &is_rebuilt);
		CHECK(!is_rebuilt);
		check_all(t->path, what, 0);
		aside_remove(t->path, &result);
		original_give(t->path, &o);
	}
	for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
		for (int at = 1; alter(t->path, counted[i], 0, at); at += 2 * (int)step()) {
			snprintf(what, sizeof(what), "table %s, byte %d", store_tables[counted[i]], at);
			mend(t->path, what, &result, &is_rebuilt);
			CHECK(!is_rebuilt);
			check_all(t->path, what, 0);
			aside_remove(t->path, &result);
			original_give(t->path, &o);
		}
	}
	original_clear(&o);
}

static void
a_segment_without_its_head_is_repaired(void **state)
{
	struct testing *t = *state;
	struct repair_result result;
	struct original o;
	bool is_rebuilt;

	original_take(t->path, &o);
	memset(o.segment_bytes.ptr, 0, SEGMENT_HEAD_LEN);
	file_put(o.segment, buf_slice(&o.segment_bytes));
	mend(t->path, "head", &result, &is_rebuilt);
	CHECK(!is_rebuilt);
	check_all(t->path, "head", 0);
	original_clear(&o);
}

static void
numbers_are_raised_and_the_queue_is_held(void **state)
{
	struct testing *t = *state;
	struct mailbox_row before, after;
	struct repair_result result;
	struct spool_row row;
	uint64_t change, changed;
	struct original o;
	struct txn *txn;
	bool is_rebuilt;

	testing_open(t);
	txn = testing_read(t);
	CHECK_STATUS(mailbox_find(txn, ME, SLICE("INBOX"), &before, NULL), STATUS_OK);
	CHECK_STATUS(store_change(txn, &change, NULL), STATUS_OK);
	txn_abort(&txn);
	testing_close(t);
	original_take(t->path, &o);
	memset(o.segment_bytes.ptr, 0, SEGMENT_HEAD_LEN);
	file_put(o.segment, buf_slice(&o.segment_bytes));
	mend(t->path, "head", &result, &is_rebuilt);
	testing_open(t);
	txn = testing_read(t);
	CHECK_STATUS(mailbox_find(txn, ME, SLICE("INBOX"), &after, NULL), STATUS_OK);
	CHECK_U64(after.uid_next, before.uid_next + (1 << 20));
	CHECK_U64(after.uid_validity, before.uid_validity);
	CHECK_U64(after.messages, before.messages);
	CHECK_STATUS(store_change(txn, &changed, NULL), STATUS_OK);
	CHECK(changed >= change + (UINT64_C(1) << 40));
	CHECK_STATUS(spool_get(txn, 1, &row, NULL), STATUS_OK);
	CHECK(row.state == SPOOL_HELD);
	txn_abort(&txn);
	/* It works as a store does. */
	append(t, ME, "INBOX", "");
	testing_close(t);
	original_clear(&o);
}

/* A process that repairs is killed a little later each time. */
static void
a_repair_that_is_killed_leaves_the_old_or_the_new(void **state)
{
	struct testing *t = *state;
	struct repair_options o = { .mode = REPAIR_DO, .administrator = ME,
		.hooks = { .line = on_line } };
	struct repair_result result;
	struct original original;
	unsigned done = 0;
	bool is_rebuilt;

	original_take(t->path, &original);
	memset(original.index_bytes.ptr + 9 * sysconf(_SC_PAGESIZE), 0, 64);
	for (unsigned ms = 1; done < 2 && ms < 4000; ms += 1 + ms / 4) {
		int wait_status;
		pid_t pid;

		original_give(t->path, &original);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			_exit(repair_store(t->path, &o, &result, NULL) == STATUS_OK ? 0 : 1);
		usleep(ms * 1000);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, &wait_status, 0) == pid);
		done += WIFEXITED(wait_status) != 0;
		mend(t->path, "killed", &result, &is_rebuilt);
		CHECK(!is_rebuilt);
		check_all(t->path, "killed", 0);
	}
	CHECK(done > 0);
	original_clear(&original);
}

static void
a_look_changes_nothing(void **state)
{
	struct testing *t = *state;
	struct repair_options o = { .mode = REPAIR_LOOK, .administrator = ME,
		.hooks = { .line = on_line } };
	struct repair_result result;
	struct original before, after;
	char first[300];

	original_take(t->path, &before);
	memset(before.segment_bytes.ptr + SEGMENT_HEAD_LEN + 200, 0, 4000);
	memset(before.index_bytes.ptr + 5 * sysconf(_SC_PAGESIZE), 0, 4096);
	file_put(before.segment, buf_slice(&before.segment_bytes));
	file_put(before.index, buf_slice(&before.index_bytes));
	CHECK_STATUS(repair_store(t->path, &o, &result, NULL), STATUS_OK);
	CHECK(result.lines[REPAIR_LOST] > 0 && result.aside[0] == '\0');
	original_take(t->path, &after);
	CHECK(slice_equal(buf_slice(&before.index_bytes), buf_slice(&after.index_bytes)));
	CHECK(slice_equal(buf_slice(&before.segment_bytes), buf_slice(&after.segment_bytes)));
	CHECK_STATUS(verify(t->path, first), STATUS_CORRUPT);
	original_clear(&before);
	original_clear(&after);
}

static void
a_rebuild_gives_everybody_their_own(void **state)
{
	struct testing *t = *state;
	struct repair_options o = { .mode = REPAIR_DO, .administrator = ME,
		.hooks = { .line = on_line, .ctx = getenv("DAMAGE_TELL") } };
	struct repair_result result;
	struct problem why = { "" };
	char first[300];
	struct finding f;
	unsigned uncertain = 0;

	if (rebuild_store(t->path, &o, &result, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	if (verify(t->path, first) != STATUS_OK)
		fail_msg("%s", first);
	find(t->path, &f);
	for (unsigned i = 0; i < message_count; i++) {
		CHECK(f.is_somewhere[i]);
		uncertain += f.in_place[i][0] == 0 || f.in_place[i][1] == 0;
	}
	CHECK_U64(uncertain, 1);	/* the last batch */
	testing_open(t);
	check_counters(t);
	append(t, ME, "INBOX", "");
	testing_close(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(a_whole_store_is_left_as_it_is),
		ROW(a_segment_without_its_head_is_repaired),
		ROW(numbers_are_raised_and_the_queue_is_held),
		ROW(a_look_changes_nothing),
		ROW(a_repair_that_is_killed_leaves_the_old_or_the_new),
		ROW(a_rebuild_gives_everybody_their_own),
		ROW(a_record_that_is_gone_or_contradicts_others_is_mended),
		ROW(damage_of_any_segment_record_is_repaired),
		ROW(damage_of_any_page_is_repaired),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
