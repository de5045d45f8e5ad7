/*
 * A small store of two people, each text naming its owners: whatever is done to a page or a record
 * of it, a repair gives a store that is whole, has everything that was not damaged, and gives nobody
 * anything of another's.  So does a rebuild of the segments alone.
 *
 * DAMAGE_STEP=n in the environment: every n-th page and record only (default 8).
 */
#include "store/repair.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/ascii.h"
#include "base/check.h"
#include "store/former.h"
#include "store/spool.h"
#include "store/testing_damage.h"
#include "store/testing_fill.h"

#define MESSAGES_MAX 64

/* What the store held before: a line of a text, and whose mailboxes it was in. */
static struct {
	char line[40];
	uint32_t owners[2];
} messages[MESSAGES_MAX];
static unsigned message_count;

/* A message that names its owners, remembered. */
static void
text_make(uint32_t a, uint32_t b, struct slice field, struct buf *out)
{
	buf_append(out, field);
	buf_printf(out, "Subject: number %u\r\nMessage-ID: <%u@b.test>\r\n\r\nowner-%u owner-%u.\r\n"
	    "line-%u-\r\n", message_count, message_count, a, b, message_count);
	snprintf(messages[message_count].line, sizeof(messages[0].line), "line-%u-", message_count);
	messages[message_count].owners[0] = a;
	messages[message_count++].owners[1] = b;
}

static void
append(struct testing *t, uint32_t account, const char *folder, const char *keyword)
{
	struct buf text = buf_init(1 << 20);
	const char *s;

	text_make(account, account, SLICE(""), &text);
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

	text_make(ME, OTHER, SLICE(""), &text);
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "The same again and again.\r\n");
	CHECK_STATUS(buf_cstr(&text, &s), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		testing_append(t, people[i], testing_mailbox(t, people[i], "INBOX"), s, 0, "");
	buf_clear(&text);
}

/* One for both from outside. */
static void
deliver(struct testing *t, struct slice field, struct slice recipients)
{
	struct buf text = buf_init(1 << 20);

	text_make(ME, OTHER, field, &text);
	testing_deliver(t, buf_slice(&text), recipients);
	buf_clear(&text);
}

static void
fill(struct testing *t)
{
	struct buf field = buf_init(1 << 16), recipients = buf_init(1 << 16);

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
	testing_crowd(&field, &recipients);
	deliver(t, SLICE(""), SLICE("c@d.test"));
	deliver(t, buf_slice(&field), buf_slice(&recipients));
	deliver(t, SLICE(""), SLICE("c@d.test"));
	testing_expunge(t, ME, testing_mailbox(t, ME, "INBOX"), "2:3");
	buf_clear(&field);
	buf_clear(&recipients);
}

static int
setup(void **state)
{
	return testing_setup_closed(state, fill);
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

/* What was done to the files is mended, and all is undone; true: it had to be rebuilt. */
static bool
check_mended(const char *path, const struct original *o, const char *what, unsigned missing_max)
{
	struct repair_result result;
	char name[SCRATCH_PATH_MAX + 40];
	bool is_rebuilt;

	mend(path, what, &result, &is_rebuilt);
	check_all(path, what, missing_max);
	aside_remove(path, &result);
	original_give(o);
	for (int i = 2; i < 5; i++) {
		snprintf(name, sizeof(name), "%s/segments/%08x.seg", path, i);
		unlink(name);
	}
	return is_rebuilt;
}

static void
damage_of_any_page_is_repaired(void **state)
{
	struct testing *t = *state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct {
		size_t len;
		enum damage_kind kind;
	} damages[] = { { page, DAMAGE_FLIP }, { page, DAMAGE_ZERO }, { page, DAMAGE_CUT },
		{ 16, DAMAGE_FLIP } };
	unsigned tried = 0, rebuilt = 0;
	struct original o;
	char what[80];

	original_take(t->path, &o);
	for (size_t at = 0; at + page <= o.index_bytes.len; at += page * step()) {
		for (unsigned i = 0; i < ARRAY_LEN(damages); i++) {
			file_put_damaged(o.index, &o.index_bytes, at, damages[i].len, damages[i].kind);
			snprintf(what, sizeof(what), "page %zu, damage %u", at / page, i);
			rebuilt += check_mended(t->path, &o, what, 0);
			tried++;
		}
	}
	print_message("%u tried, %u rebuilt\n", tried, rebuilt);
	CHECK(rebuilt < tried / 2);
	original_clear(&o);
}

static void
damage_of_any_segment_record_is_repaired(void **state)
{
	struct testing *t = *state;
	size_t at[64], len[64];
	struct original o;
	unsigned count;

	original_take(t->path, &o);
	count = records_find(&o.segment_bytes, at, len);
	CHECK(count > 20);
	for (unsigned i = 0; i < count; i += (unsigned)step()) {
		const struct {
			size_t at, len;
			enum damage_kind kind;
			unsigned missing_max;
		} damages[] = {
			{ at[i], len[i], DAMAGE_FLIP, 1 },
			{ at[i], len[i], DAMAGE_ZERO, 1 },
			{ at[i], len[i], DAMAGE_CUT, count - i },
			/* A head alone is made anew: the row knows the text. */
			{ at[i], RECORD_HEAD_LEN, DAMAGE_ZERO, 0 },
			{ at[i] + len[i] - 1, 1, DAMAGE_FLIP, 1 },
		};

		for (unsigned d = 0; d < ARRAY_LEN(damages); d++) {
			char what[80];

			file_put_damaged(o.segment, &o.segment_bytes, damages[d].at, damages[d].len,
			    damages[d].kind);
			snprintf(what, sizeof(what), "record %u, damage %u", i, d);
			CHECK(!check_mended(t->path, &o, what, damages[d].missing_max));
		}
	}
	original_clear(&o);
}

static void
a_record_that_is_gone_or_contradicts_others_is_mended(void **state)
{
	static const enum store_table counted[] = { TABLE_ACCOUNT, TABLE_REFERENCE, TABLE_SEGMENT };
	struct testing *t = *state;
	struct original o;
	char what[80];

	original_take(t->path, &o);
	for (unsigned i = 0; i < 2 * TABLE_COUNT * 2; i += (unsigned)step()) {
		unsigned table = i / 4;

		if (!record_alter(t->path, table, (int)(i % 4 / 2), i % 2 == 0 ? -1 : 0))
			continue;
		snprintf(what, sizeof(what), "table %s, record %u gone or unreadable",
		    store_tables[table], i % 4 / 2);
		CHECK(!check_mended(t->path, &o, what, 0));
	}
	for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
		for (int at = 1; record_alter(t->path, counted[i], 0, at); at += 2 * (int)step()) {
			snprintf(what, sizeof(what), "table %s, byte %d", store_tables[counted[i]], at);
			CHECK(!check_mended(t->path, &o, what, 0));
		}
	}
	original_clear(&o);
}

/* A person who is no more, and what they had in their trash. */
static void
leave(struct testing *t)
{
	struct buf b = buf_init(1024);
	struct txn *txn;
	struct job *j;

	testing_open(t);
	account_remove_put(OTHER, SLICE("li@acme.test"), &b);
	CHECK_STATUS(job_of_account_remove(buf_slice(&b), &j, NULL), STATUS_OK);
	while (j != NULL) {
		CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
		txn = testing_read(t);
		j = job_of_leaving(txn);
		txn_abort(&txn);
	}
	testing_close(t);
	buf_clear(&b);
}

static void
a_former_persons_trash_is_mended_as_anybodys(void **state)
{
	struct testing *t = *state;
	struct original o;

	leave(t);
	original_take(t->path, &o);
	CHECK(record_alter(t->path, TABLE_TRASH, 2, -1));	/* the first two are of ME */
	CHECK(!check_mended(t->path, &o, "trash of a former person", 0));
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

		original_give(&original);
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
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, testing_teardown_closed)
		ROW(a_whole_store_is_left_as_it_is),
		ROW(a_segment_without_its_head_is_repaired),
		ROW(a_former_persons_trash_is_mended_as_anybodys),
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
