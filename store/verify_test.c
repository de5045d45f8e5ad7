/*
 * A small store with something in every table: verify calls it whole, names
 * each wrong record, and comes to its end whatever is done to pages and segments.
 */
#include "store/verify.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mem.h"
#include "store/archive.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/plan.h"
#include "store/seal.h"
#include "store/spool.h"
#include "store/testing.h"
#include "store/testing_check.h"
#include "store/text.h"

#define KINDS 3		/* of damage: a flipped bit, zeros, the file cut */

struct result {
	unsigned findings;
	char first[400];	/* table key: what */
};

static void
on_found(void *ctx, const struct verify_finding *f)
{
	struct result *r = ctx;

	if (r->findings++ == 0)
		snprintf(r->first, sizeof(r->first), "%.*s %.*s: %.*s", SLICE_ARG(f->table),
		    SLICE_ARG(f->key), SLICE_ARG(f->what));
}

static enum status
verify(const char *path, struct result *r)
{
	struct verify_hooks hooks = { on_found, NULL, r };
	struct problem why = { "" };
	enum status st;

	*r = (struct result){ 0 };
	st = verify_store(path, &hooks, &why);
	CHECK((st == STATUS_OK) == (r->findings == 0 && why.text[0] == '\0'));
	return st;
}

/* A message from outside for ME and OTHER, archived, queued, written down. */
static void
deliver(struct testing *t, const char *text, const char *recipients)
{
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_DELIVER, .account = OTHER, .role = MAILBOX_JUNK },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_IN, .sender = SLICE("a@b.test"),
		    .recipients = slice_from_cstr(recipients) },
		{ .kind = ACTION_QUEUE, .sender = SLICE("a@b.test"), .recipients = SLICE("c@d.test"),
		    .route = 1 },
		{ .kind = ACTION_FETCHED, .fetch = 3, .uidl = slice_sub(slice_from_cstr(text), 0, 40) },
		{ .kind = ACTION_AUDIT, .audit_kind = SLICE("mail"), .actor = SLICE("x"),
		    .subject = SLICE("abc"), .detail = SLICE("line\n") },
	};
	struct plan p = { .mid = SLICE("k3v7q2m9tzae"), .sid = SLICE("s"), .received_at = 1700000000,
		.size_bytes = (uint32_t)strlen(text), .action_count = ARRAY_LEN(actions),
		.actions = actions };
	struct buf digest = buf_init(DIGEST_RECORD_MAX), b = buf_init(1 << 20);
	int fd = testing_memfd(slice_from_cstr(text));
	struct job *j = NULL;

	sha256_of(slice_from_cstr(text), p.sha256);
	digest_compute(slice_from_cstr(text), &digest);
	p.digest = buf_slice(&digest);
	CHECK_STATUS(plan_encode(&p, &b), STATUS_OK);
	CHECK_STATUS(job_of_plan(buf_slice(&b), fd, &j, NULL), STATUS_OK);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
	close(fd);
	buf_clear(&digest);
	buf_clear(&b);
}

/* All rows of the journal so far. */
static void
seal(struct testing *t)
{
	struct txn *txn = testing_read(t);
	struct job *j = NULL;

	CHECK_STATUS(job_of_seal(txn, UINT64_MAX, &j, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
}

static void
fill(struct testing *t)
{
	struct buf text = buf_init(1 << 20), many = buf_init(1 << 16);
	struct store_work w = { 0 };
	uint32_t inbox = ten(t);
	const char *s;

	CHECK_STATUS(make(t, "Customers/Li"), STATUS_OK);
	seal(t);
	testing_append(t, ME, inbox, "with a keyword", FLAG_FLAGGED, "$Label1");
	deliver(t, "Subject: one\r\nMessage-ID: <1@b.test>\r\n\r\nOne.\r\n", "c@d.test");
	/* A digest and an envelope that are too long for their rows. */
	buf_printf(&text, "Message-ID: <2@b.test>\r\nTo: ");
	for (int i = 0; i < 120; i++) {
		buf_printf(&text, "person%d@department.example.test,\r\n\t", i);
		buf_printf(&many, "person%d@department.example.test\n", i);
	}
	buf_printf(&text, "end@d.test\r\n\r\nTwo.\r\n");
	buf_printf(&many, "end@d.test");
	CHECK_STATUS(buf_cstr(&text, &s), STATUS_OK);
	buf_append_byte(&many, '\0');
	deliver(t, s, many.ptr);
	/* One that is compressed, and its twin. */
	for (int i = 0; i < 2; i++)
		testing_append(t, OTHER, testing_mailbox(t, OTHER, "INBOX"), s, 0, "");
	w.mailbox = inbox;
	w.uids = uidset_init();
	CHECK_STATUS(uidset_add(&w.uids, 2, 3), STATUS_OK);
	w.mode = EXPUNGE_ALL;
	CHECK_STATUS(testing_work(t, ME, STORE_EXPUNGE, &w)->status, STATUS_OK);
	uidset_clear(&w.uids);
	buf_clear(&text);
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
a_whole_store_is_whole(void **state)
{
	struct testing *t = *state;
	struct result r;

	if (verify(t->path, &r) != STATUS_OK)
		fail_msg("%s", r.first);
}

static void
no_store_is_no_damage(void **state)
{
	struct testing *t = *state;
	struct verify_hooks hooks = { on_found, NULL, NULL };
	char path[SCRATCH_PATH_MAX + 10];

	snprintf(path, sizeof(path), "%s/nothing", t->path);
	CHECK_STATUS(verify_store(path, &hooks, NULL), STATUS_ABSENT);
}

/* A record is deleted, or a byte of it becomes 1 (or 2), with a checksum that is right. */
static const struct {
	enum store_table table;
	int nth;		/* record of the table */
	int at;			/* byte of the payload; -1: delete the record */
	const char *says;	/* first finding: the beginning of it */
} alterations[] = {
	{ TABLE_META, 0, 1, "mailbox 1: its mod-sequence was never given" },
	{ TABLE_META, 0, 9, "text " },
	{ TABLE_META, 0, 17, "archive : it ends with entry 2" },
	{ TABLE_META, 0, 30, "archive : the last entry" },
	{ TABLE_ACCOUNT, 0, 1, "account 7: bytes is" },
	{ TABLE_ACCOUNT, 0, 9, "account 7: messages is" },
	{ TABLE_ACCOUNT, 0, -1, "mailbox 1: its account 7 is not there" },
	{ TABLE_MAILBOX, 0, 18, "account 7: messages is" },
	{ TABLE_MAILBOX, 0, 10, "mailbox 1: UID " },
	{ TABLE_MAILBOX, 0, 22, "mailbox 1: unseen is" },
	{ TABLE_MAILBOX, 0, 26, "mailbox 1: deleted is" },
	{ TABLE_MAILBOX, 0, 38, "mailbox 1: a message has a higher" },
	{ TABLE_MAILBOX, 0, 0, "account 7: mailbox 1 has not the role" },
	{ TABLE_MAILBOX_NAME, 0, -1, "account 7: " },
	{ TABLE_MAILBOX_NAME, 1, 1, "account 7: " },
	{ TABLE_SUBSCRIPTION, 0, 0, "subscription 7/Deleted Items: it cannot be read" },
	{ TABLE_KEYWORD, 0, -1, "mailbox 1: keyword 8 has no name" },
	{ TABLE_KEYWORD, 0, 0, "keyword 1/8: it cannot be read" },
	{ TABLE_MESSAGE, 0, -1, "mailbox 1: messages is 11, counted are 10" },
	{ TABLE_MESSAGE, 0, 1, "reference 1: it says 1, 0 rows" },
	{ TABLE_MESSAGE, 0, 0, "mailbox 1: it cannot be recounted" },
	{ TABLE_FLAGS, 0, -1, "mailbox 1: messages by flags" },
	{ TABLE_FLAGS, 0, 1, "mailbox 1: " },
	{ TABLE_TEXT, 0, -1, "message 1/1: its text 1 is not there" },
	{ TABLE_TEXT, 0, 5, "text 1: the record in segment 1 is another's" },
	{ TABLE_TEXT, 1, 5, "text 2: the record in segment 1 is another's" },
	{ TABLE_REFERENCE, 0, -1, "text 1: its count of references is not there" },
	{ TABLE_REFERENCE, 0, 1, "reference 1: it says" },
	{ TABLE_MESSAGE_ID, 0, 0, "message_id " },
	{ TABLE_JOURNAL, 0, 0, "journal 14/0: it cannot be read" },
	{ TABLE_SEALED, 0, 0, "sealed 1: it cannot be read" },
	{ TABLE_SEALED, 0, 1, "sealed 1: the rows in segment 1 are not those" },
	{ TABLE_SEALED, 0, 9, "sealed 1: the rows in segment 1 are not those" },
	{ TABLE_SEALED, 0, 33, "sealed 1: the journal's rows from change 1 on are damaged" },
	{ TABLE_SEALED, 0, 53, "sealed 1: " },
	{ TABLE_ARCHIVE, 0, -1, "reference 12: it says 4, 3 rows" },
	{ TABLE_ARCHIVE, 0, 9, "archive 1: the chain breaks here" },
	{ TABLE_ARCHIVE, 1, 9, "archive 2: the chain breaks here" },
	{ TABLE_TRASH, 0, 1, "reference 1: it says 1, 2 rows" },
	{ TABLE_TRASH, 0, -1, "reference 2: it says 1, 0 rows" },
	{ TABLE_QUEUE, 0, -1, "reference 12: it says" },
	{ TABLE_QUEUE, 0, 1, "queue_due " },
	{ TABLE_QUEUE_DUE, 0, -1, "queue 1: it waits, but is not in queue_due" },
	{ TABLE_FETCHED, 0, 0, "fetched 3/0/" },
	{ TABLE_AUDIT, 0, 0, "audit " },
	{ TABLE_TEXT_HASH, 0, 0, "text_hash 0/" },
	{ TABLE_SEGMENT, 0, -1, "segment : the count of segment 1 is not there" },
	{ TABLE_SEGMENT, 0, 0, "segment 1: it cannot be read" },
	{ TABLE_SEGMENT, 0, 1, "segment 1: it says" },
	{ TABLE_SEGMENT, 0, 17, "segment 1: it is to be deleted, but rows refer to it" },
};

/* Give the n-th record of a table; its key is copied. */
static void
record_nth(struct txn *t, enum store_table table, int n, struct key *k, struct buf *value)
{
	struct slice key, v;
	struct cursor *c;

	CHECK_STATUS(cursor_open(t, table, &c, NULL), STATUS_OK);
	CHECK_STATUS(cursor_seek(c, SLICE(""), &key, &v, NULL), STATUS_OK);
	for (int i = 0; i < n; i++)
		CHECK_STATUS(cursor_next(c, &key, &v, NULL), STATUS_OK);
	key_init(k);
	key_bytes(k, key);
	buf_reset(value);
	buf_append(value, v);
	cursor_close(&c);
}

/* Alter a record, or give it its bytes back: at -2. */
static void
alter(const char *path, enum store_table table, int nth, int at, struct key *k, struct buf *value)
{
	struct store *s;
	struct txn *t;

	CHECK_STATUS(store_open(path, ENV_WRITE, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(s), &t, NULL), STATUS_OK);
	if (at != -2)
		record_nth(t, table, nth, k, value);
	if (at == -1) {
		CHECK_STATUS(txn_delete(t, table, key_slice(k), NULL), STATUS_OK);
	} else {
		char was = at >= 0 ? value->ptr[at] : 0;

		if (at >= 0)
			value->ptr[at] = was == 1 ? 2 : 1;
		CHECK_STATUS(txn_put(t, table, key_slice(k), buf_slice(value), NULL), STATUS_OK);
		if (at >= 0)
			value->ptr[at] = was;
	}
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	store_close(&s);
}

static void
each_wrong_record_is_named(void **state)
{
	struct testing *t = *state;
	struct buf value = buf_init(ENV_VALUE_MAX);
	struct result r;
	struct key k;

	for (size_t i = 0; i < ARRAY_LEN(alterations); i++) {
		alter(t->path, alterations[i].table, alterations[i].nth, alterations[i].at, &k, &value);
		verify(t->path, &r);
		if (!slice_starts(slice_from_cstr(r.first), slice_from_cstr(alterations[i].says)))
			fail_msg("%zu: \"%s\", not \"%s\"", i, r.first, alterations[i].says);
		alter(t->path, alterations[i].table, 0, -2, &k, &value);
	}
	CHECK_STATUS(verify(t->path, &r), STATUS_OK);
	buf_clear(&value);
}

/* A hash of everything that can be read. */
static void
contents(const char *path, uint8_t out[SHA256_LEN])
{
	struct sha256 *h = sha256_new();
	struct slice key, value;
	struct text_row row;
	struct cursor *c;
	struct store *s;
	struct txn *t;
	enum status st;
	char *bytes;

	CHECK_STATUS(store_open(path, ENV_READ, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(store_env(s), &t, NULL), STATUS_OK);
	for (unsigned table = 0; table < TABLE_COUNT; table++) {
		CHECK_STATUS(cursor_open(t, table, &c, NULL), STATUS_OK);
		st = cursor_seek(c, SLICE(""), &key, &value, NULL);
		for (; st == STATUS_OK; st = cursor_next(c, &key, &value, NULL)) {
			sha256_update(h, key);
			sha256_update(h, value);
			if (table != TABLE_TEXT)
				continue;
			CHECK_STATUS(text_get(t, key_read_u64(key, 0), &row, NULL), STATUS_OK);
			bytes = mem_zeroed(1, row.size_bytes + 1);
			CHECK_STATUS(text_read(s, &row, 0, row.size_bytes, bytes, NULL), STATUS_OK);
			sha256_update(h, slice_make(bytes, row.size_bytes));
			mem_free(bytes);
		}
		CHECK_STATUS(st, STATUS_ABSENT);
		cursor_close(&c);
	}
	txn_abort(&t);
	store_close(&s);
	sha256_final(h, out);
	sha256_free(&h);
}

static void
file_put(const char *path, struct slice bytes)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

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

/* Damage len bytes at a place of a file: what is whole then has the contents it had. */
static unsigned
damage(struct testing *t, const char *path, const struct buf *good, size_t at, size_t len,
    unsigned kind, const uint8_t before[SHA256_LEN])
{
	struct buf bad = buf_init(1 << 26);
	uint8_t after[SHA256_LEN];
	struct result r;
	enum status st;

	buf_append(&bad, buf_slice(good));
	if (kind == 0)
		bad.ptr[at + at / 7 % len] = (char)(bad.ptr[at + at / 7 % len] ^ 1 << at / 64 % 8);
	else if (kind == 1)
		memset(bad.ptr + at, 0, len);
	else
		buf_truncate(&bad, at + len / 2);
	file_put(path, buf_slice(&bad));
	buf_clear(&bad);
	st = verify(t->path, &r);
	if (st == STATUS_OK) {
		contents(t->path, after);
		if (memcmp(before, after, sizeof(after)) != 0)
			fail_msg("%s at %zu, damage %u: not named", path, at, kind);
	}
	return st != STATUS_OK;
}

static void
damage_of_any_page_is_named(void **state)
{
	struct testing *t = *state;
	uint8_t before[SHA256_LEN];
	char path[SCRATCH_PATH_MAX + 20];
	unsigned named = 0, tried = 0;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct buf good;

	contents(t->path, before);
	snprintf(path, sizeof(path), "%s/data.mdb", t->path);
	good = file_get(path);
	for (size_t at = 0; at + page <= good.len; at += page) {
		for (unsigned kind = 0; kind < KINDS; kind++) {
			named += damage(t, path, &good, at, page, kind, before);
			tried++;
		}
		/* The head, too: there all bytes count. */
		named += damage(t, path, &good, at, 16, 0, before);
	}
	print_message("%u of %u named\n", named, tried);
	CHECK(named > tried / 2);
	file_put(path, buf_slice(&good));
	buf_clear(&good);
}

/* Where the records of the first segment begin, and their lengths. */
static unsigned
records_find(const struct buf *segment, size_t at[64], size_t len[64])
{
	unsigned n = 0;

	for (size_t i = SEGMENT_HEAD_LEN; i + RECORD_HEAD_LEN < segment->len && n < 64;) {
		const uint8_t *b = (const uint8_t *)segment->ptr + i;

		if (memcmp(b, "TPR1", 4) != 0)
			break;
		at[n] = i;
		len[n] = RECORD_HEAD_LEN + b[7] + load_u32le(b + 8) + load_u32le(b + 12) +
		    load_u32le(b + 16) + b[42] + ((size_t)b[43] << 8);
		i += (len[n++] + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
	}
	return n;
}

static void
damage_of_any_segment_record_is_named(void **state)
{
	struct testing *t = *state;
	size_t at[64], len[64];
	uint8_t before[SHA256_LEN];
	char path[SCRATCH_PATH_MAX + 40];
	struct buf good;
	unsigned count;

	contents(t->path, before);
	snprintf(path, sizeof(path), "%s/segments/00000001.seg", t->path);
	good = file_get(path);
	count = records_find(&good, at, len);
	CHECK(count > 20);
	for (unsigned i = 0; i < count; i++) {
		for (unsigned kind = 0; kind < KINDS; kind++)
			CHECK(damage(t, path, &good, at[i], len[i], kind, before));
		CHECK(damage(t, path, &good, at[i] + len[i] - 1, 1, 0, before));
	}
	CHECK(damage(t, path, &good, 0, SEGMENT_HEAD_LEN, 1, before));
	CHECK(unlink(path) == 0);
	CHECK_STATUS(verify(t->path, &(struct result){ 0 }), STATUS_CORRUPT);
	buf_clear(&good);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_whole_store_is_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(no_store_is_no_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(each_wrong_record_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_of_any_page_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_of_any_segment_record_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
