/*
 * mailadm stats store: how large the store is, how it writes, who reads, and
 * the day the disk is full.  What only stored knows is there while it is served.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "store/account.h"
#include "store/counters.h"
#include "store/history.h"
#include "store/key.h"
#include "store/protocol.h"
#include "store/store.h"
#include "store/text.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/store_call.h"

#define SLICE_TEXTS 5000	/* rows that one read transaction looks at */
#define DAY_S 86400
#define GROWTH_DAYS 30		/* that the forecast looks back at most */

enum unit { COUNT, BYTES, MICROSECONDS, SECONDS, TEXT };

/* In the order they are printed; a field that is not there is left out. */
static const struct {
	const char *field, *label;
	enum unit unit;
} lines[] = {
	{ "accounts", "accounts", COUNT },
	{ "mailboxes", "mailboxes", COUNT },
	{ "messages", "messages in mailboxes", COUNT },
	{ "message_bytes", "their size", BYTES },
	{ "trash_messages", "removed messages kept", COUNT },
	{ "archive_entries", "archive entries", COUNT },
	{ "queue_entries", "entries of the queue", COUNT },
	{ "texts", "texts, each kept once", COUNT },
	{ "text_bytes", "their size", BYTES },
	{ "segments", "segments", COUNT },
	{ "segment_bytes", "segments on disk", BYTES },
	{ "index_bytes", "index on disk", BYTES },
	{ "index_free_bytes", "of it free", BYTES },
	{ "index_free_pages", "free pages", COUNT },
	{ "disk_free_bytes", "free on the disk", BYTES },
	{ "days_remembered", "days of it remembered", COUNT },
	{ "growth_bytes_a_day", "growth a day", BYTES },
	{ "disk_full_on", "disk full on", TEXT },
	{ "uptime_s", "stored runs for", SECONDS },
	{ "window_s", "figures of the last", SECONDS },
	{ "commits", "commits", COUNT },
	{ "jobs", "jobs in them", COUNT },
	{ "batch_max", "most jobs in one", COUNT },
	{ "commit_p50_us", "commit, median", MICROSECONDS },
	{ "commit_p99_us", "commit, 99 of 100", MICROSECONDS },
	{ "commit_max_us", "commit, longest", MICROSECONDS },
	{ "jobs_waiting", "jobs waiting", COUNT },
	{ "bytes_pending", "bytes of texts waiting", BYTES },
	{ "readers", "readers", COUNT },
	{ "readers_at_work", "readers at work", COUNT },
	{ "oldest_reader_pid", "oldest: process", COUNT },
	{ "oldest_reader_transactions", "oldest: transactions behind", COUNT },
	{ "oldest_reader_s", "oldest: behind for", SECONDS },
	{ "oldest_reader_note", "oldest", TEXT },
	{ "ballast", "ballast", TEXT },
	{ "upkeep", "upkeep", TEXT },
	{ "upkeep_holds", "held by", COUNT },
};

static void
set(json_t *row, const char *field, uint64_t value)
{
	json_object_set_new(row, field, json_integer((json_int_t)value));
}

static void
print_bytes(uint64_t n)
{
	struct buf text = buf_init(64);

	print_size(&text, n);
	printf("%.*s\n", SLICE_ARG(buf_slice(&text)));
	buf_clear(&text);
}

static void
print_lines(const json_t *row)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const json_t *v = json_object_get(row, lines[i].field);
		uint64_t n = (uint64_t)json_integer_value(v);

		if (v == NULL)
			continue;
		printf("%-28s ", lines[i].label);
		switch (lines[i].unit) {
		case COUNT:
			printf("%llu\n", (unsigned long long)n);
			break;
		case BYTES:
			print_bytes(n);
			break;
		case MICROSECONDS:
			printf("%llu.%llu ms\n", (unsigned long long)n / 1000,
			    (unsigned long long)n / 100 % 10);
			break;
		case SECONDS:
			printf("%llu s\n", (unsigned long long)n);
			break;
		case TEXT:
			printf("%s\n", json_string_value(v));
			break;
		}
	}
}

/* What accounts count of themselves. */
static enum status
add_accounts(json_t *row, struct txn *t, struct problem *why)
{
	uint64_t accounts = 0, mailboxes = 0, messages = 0, bytes = 0;
	struct slice key, value;
	struct account_row a;
	struct cursor *c;
	enum status st = cursor_open(t, TABLE_ACCOUNT, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, why);
	while (st == STATUS_OK) {
		st = account_get(t, key_read_u32(key, 0), &a, why);
		if (st != STATUS_OK)
			break;
		accounts++;
		mailboxes += a.mailboxes;
		messages += a.messages;
		bytes += a.bytes;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	set(row, "accounts", accounts);
	set(row, "mailboxes", mailboxes);
	set(row, "messages", messages);
	set(row, "message_bytes", bytes);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* Sizes of some texts behind *last.  ABSENT: there are no more. */
static enum status
add_texts(struct txn *t, uint64_t *last, uint64_t *bytes, struct problem *why)
{
	struct slice key, value;
	struct text_row text;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_TEXT, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u64(&k, *last + 1), &key, &value, why);
	for (unsigned n = 0; st == STATUS_OK && n < SLICE_TEXTS; n++) {
		*last = key_read_u64(key, 0);
		st = text_get(t, *last, &text, why);
		if (st != STATUS_OK)
			break;
		*bytes += text.size_bytes;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st;
}

static enum status
add_all_texts(json_t *row, struct store *s, struct problem *why)
{
	uint64_t last = 0, bytes = 0;
	struct txn *t;
	enum status st = STATUS_OK;

	while (st == STATUS_OK) {
		st = txn_begin_read(store_env(s), &t, why);
		if (st != STATUS_OK)
			return st;
		st = add_texts(t, &last, &bytes, why);
		txn_abort(&t);
	}
	set(row, "text_bytes", bytes);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* Tables whose records are told by their number. */
static enum status
add_counts(json_t *row, struct txn *t, struct problem *why)
{
	static const struct {
		const char *field;
		enum store_table table;
	} tables[] = {
		{ "trash_messages", TABLE_TRASH }, { "queue_entries", TABLE_QUEUE },
		{ "texts", TABLE_TEXT }, { "days_remembered", TABLE_HISTORY },
	};
	uint64_t n;
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(tables); i++) {
		st = txn_count(t, tables[i].table, &n, why);
		if (st == STATUS_OK)
			set(row, tables[i].field, n);
	}
	return st;
}

static uint64_t
count_segments(void)
{
	DIR *dir = opendir("../store/segments");
	struct dirent *entry;
	uint64_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		n += slice_ends(slice_from_cstr(entry->d_name), SLICE(".seg"));
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* From the day of a month ago, or the first one known, until now. */
static void
add_forecast(json_t *row, struct txn *t, uint64_t store_bytes, uint64_t free_bytes)
{
	uint32_t today = (uint32_t)(clock_now_s() / DAY_S);
	struct history_row now = { .day = today, .store_bytes = store_bytes,
		.free_bytes = free_bytes };
	struct history_row then = now;
	char date[CLOCK_RFC3339_LEN + 1];
	uint64_t a_day, days;

	if (history_first(t, today - GROWTH_DAYS, &then, NULL) != STATUS_OK)
		then = now;
	switch (history_forecast(&then, &now, &a_day, &days)) {
	case HISTORY_UNKNOWN:
		json_object_set_new(row, "disk_full_on", json_string("not known yet"));
		break;
	case HISTORY_NOT_GROWING:
		set(row, "growth_bytes_a_day", 0);
		json_object_set_new(row, "disk_full_on", json_string("never, as it is now"));
		break;
	case HISTORY_GROWING:
		clock_write_rfc3339((today + (days < 1000000 ? days : 1000000)) * DAY_S, date);
		set(row, "growth_bytes_a_day", a_day);
		json_object_set_new(row, "disk_full_on", json_stringn(date, 10));
		break;
	}
}

static enum status
add_index(json_t *row, struct store *s, struct txn *t, struct problem *why)
{
	struct env_size size;
	struct counters n;
	uint64_t store_bytes, free_bytes;
	enum status st = env_size(t, &size, why);

	if (st == STATUS_OK)
		st = counters_get(t, &n, why);
	if (st == STATUS_OK)
		st = history_measure(s, &store_bytes, &free_bytes, why);
	if (st != STATUS_OK)
		return st;
	set(row, "archive_entries", n.archive);
	set(row, "segments", count_segments());
	set(row, "index_bytes", size.pages * size.page_bytes);
	set(row, "index_free_pages", size.free_pages);
	set(row, "index_free_bytes", size.free_pages * size.page_bytes);
	set(row, "segment_bytes", store_bytes > size.pages * size.page_bytes ?
	    store_bytes - size.pages * size.page_bytes : 0);
	set(row, "disk_free_bytes", free_bytes);
	add_forecast(row, t, store_bytes, free_bytes);
	return STATUS_OK;
}

static void
on_row(void *ctx, struct slice payload)
{
	struct reader in = reader_of(payload);
	struct slice name = read_slice(&in), text;
	char field[64] = "";
	uint64_t value = read_u64le(&in);

	text = read_slice(&in);
	if (!reader_at_end(&in) || name.len >= sizeof(field))
		return;
	memcpy(field, name.ptr, name.len);
	if (text.len > 0)
		print_set(ctx, field, text);
	else
		set(ctx, field, value);
}

/* What the store's own files say. */
static enum status
add_store(json_t *row, struct problem *why)
{
	struct store *s = NULL;
	struct txn *t;
	enum status st = store_open("../store", ENV_READ, &s, why);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s), &t, why);
	if (st == STATUS_OK) {
		st = add_accounts(row, t, why);
		if (st == STATUS_OK)
			st = add_counts(row, t, why);
		if (st == STATUS_OK)
			st = add_index(row, s, t, why);
		txn_abort(&t);
	}
	if (st == STATUS_OK)
		st = add_all_texts(row, s, why);
	store_close(&s);
	return st;
}

static enum status
stats_store(const struct invocation *in, struct problem *why)
{
	struct problem unused = { "" };
	json_t *row = json_object();
	enum status st = STATUS_OK;

	if (in->argc > 0) {
		problem_set(why, "stats store takes nothing");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK)
		st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = add_store(row, why);
	/* Nobody answers while it is stopped: then there is nothing of that to tell. */
	if (st == STATUS_OK &&
	    store_call(in, STORE_STATS, SLICE(""), on_row, row, &unused) != STATUS_OK)
		json_object_set_new(row, "upkeep", json_string("not served"));
	if (st == STATUS_OK && in->is_json)
		print_json(row);
	else if (st == STATUS_OK)
		print_lines(row);
	json_decref(row);
	return st;
}

const struct command stats_commands[] = {
	{ "stats", "store", "", "how large the store is, how it writes, when the disk is full",
	    stats_store },
	{ 0 },
};
