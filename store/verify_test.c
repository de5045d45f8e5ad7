/*
 * A small store with something in every table: verify calls it whole, names
 * each wrong record, and comes to its end whatever is done to pages and segments.
 */
#include "store/verify.h"

#include "base/check.h"
#include "store/testing_damage.h"
#include "store/testing_fill.h"

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

static void
fill(struct testing *t)
{
	struct buf text = buf_init(1 << 20), recipients = buf_init(1 << 16);
	uint32_t inbox = ten(t);
	const char *s;

	CHECK_STATUS(make(t, "Customers/Li"), STATUS_OK);
	testing_seal(t, UINT64_MAX);
	testing_append(t, ME, inbox, "with a keyword", FLAG_FLAGGED, "$Label1");
	testing_deliver(t, SLICE("Subject: one\r\nMessage-ID: <1@b.test>\r\n\r\nOne.\r\n"),
	    SLICE("c@d.test"));
	buf_append(&text, SLICE("Message-ID: <2@b.test>\r\n"));
	testing_crowd(&text, &recipients);
	buf_append(&text, SLICE("\r\nTwo.\r\n"));
	testing_deliver(t, buf_slice(&text), buf_slice(&recipients));
	/* One that is compressed, and its twin. */
	CHECK_STATUS(buf_cstr(&text, &s), STATUS_OK);
	for (int i = 0; i < 2; i++)
		testing_append(t, OTHER, testing_mailbox(t, OTHER, "INBOX"), s, 0, "");
	testing_expunge(t, ME, inbox, "2:3");
	buf_clear(&text);
	buf_clear(&recipients);
}

static int
setup(void **state)
{
	return testing_setup_closed(state, fill);
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

/* What record_alter() does. */
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

static void
each_wrong_record_is_named(void **state)
{
	struct testing *t = *state;
	struct original o;
	struct result r;

	original_take(t->path, &o);
	for (size_t i = 0; i < ARRAY_LEN(alterations); i++) {
		CHECK(record_alter(t->path, alterations[i].table, alterations[i].nth,
		    alterations[i].at));
		verify(t->path, &r);
		if (!slice_starts(slice_from_cstr(r.first), slice_from_cstr(alterations[i].says)))
			fail_msg("%zu: \"%s\", not \"%s\"", i, r.first, alterations[i].says);
		original_give(&o);
	}
	CHECK_STATUS(verify(t->path, &r), STATUS_OK);
	original_clear(&o);
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

/* Whether damage at a place of a file is named: what is whole then has the contents it had. */
static bool
is_named(struct testing *t, const char *path, const struct buf *good, size_t at, size_t len,
    enum damage_kind kind, const uint8_t before[SHA256_LEN])
{
	uint8_t after[SHA256_LEN];
	struct result r;

	file_put_damaged(path, good, at, len, kind);
	if (verify(t->path, &r) != STATUS_OK)
		return true;
	contents(t->path, after);
	if (memcmp(before, after, sizeof(after)) != 0)
		fail_msg("%s at %zu, damage %d: not named", path, at, (int)kind);
	return false;
}

static void
damage_of_any_page_is_named(void **state)
{
	struct testing *t = *state;
	uint8_t before[SHA256_LEN];
	unsigned named = 0, tried = 0;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct original o;

	contents(t->path, before);
	original_take(t->path, &o);
	for (size_t at = 0; at + page <= o.index_bytes.len; at += page) {
		for (enum damage_kind kind = 0; kind < DAMAGE_KINDS; kind++) {
			named += is_named(t, o.index, &o.index_bytes, at, page, kind, before);
			tried++;
		}
		/* The head, too: there all bytes count. */
		named += is_named(t, o.index, &o.index_bytes, at, 16, DAMAGE_FLIP, before);
	}
	print_message("%u of %u named\n", named, tried);
	CHECK(named > tried / 2);
	original_clear(&o);
}

static void
damage_of_any_segment_record_is_named(void **state)
{
	struct testing *t = *state;
	size_t at[64], len[64];
	uint8_t before[SHA256_LEN];
	struct original o;
	unsigned count;

	contents(t->path, before);
	original_take(t->path, &o);
	count = records_find(&o.segment_bytes, at, len);
	CHECK(count > 20);
	for (unsigned i = 0; i < count; i++) {
		for (enum damage_kind kind = 0; kind < DAMAGE_KINDS; kind++)
			CHECK(is_named(t, o.segment, &o.segment_bytes, at[i], len[i], kind, before));
		CHECK(is_named(t, o.segment, &o.segment_bytes, at[i] + len[i] - 1, 1, DAMAGE_FLIP,
		    before));
	}
	CHECK(is_named(t, o.segment, &o.segment_bytes, 0, SEGMENT_HEAD_LEN, DAMAGE_ZERO, before));
	CHECK(unlink(o.segment) == 0);
	CHECK_STATUS(verify(t->path, &(struct result){ 0 }), STATUS_CORRUPT);
	original_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, testing_teardown_closed)
		ROW(a_whole_store_is_whole),
		ROW(no_store_is_no_damage),
		ROW(each_wrong_record_is_named),
		ROW(damage_of_any_page_is_named),
		ROW(damage_of_any_segment_record_is_named),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
