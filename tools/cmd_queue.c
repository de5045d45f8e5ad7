/*
 * mailadm queue: outgoing mail that has not left yet.  An entry is one
 * recipient of one message.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "store/protocol.h"
#include "store/queue_order.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/store_call.h"

static const struct column columns[] = {
	{ "entry", "ENTRY", 6 }, { "mid", "MESSAGE", 13 }, { "state", "STATE", 8 },
	{ "to", "TO", 30 }, { "attempts", "TRIED", 6 }, { "due", "NEXT TRY", 21 },
	{ "detail", "LAST ANSWER", 0 },
};

struct listing {
	const struct invocation *in;
	uint64_t only;		/* 0: all */
	unsigned rows;
};

static json_t *
row_object(const struct spool_row *row, uint32_t size_bytes)
{
	static const char *const owes[QUEUE_OWED_COUNT] = {
		[QUEUE_OWES_MAIL] = "mail",
		[QUEUE_OWES_DELIVERED] = "receipt of its delivery",
		[QUEUE_OWES_RELAYED] = "receipt of its relaying",
	};
	json_t *object = json_object();

	json_object_set_new(object, "entry", json_integer((json_int_t)row->id));
	print_set(object, "mid", row->mid);
	print_set(object, "state", slice_from_cstr(row->state == SPOOL_HELD ? "held" : "waiting"));
	print_set(object, "from", row->sender);
	print_set(object, "to", row->recipient);
	print_set(object, "owes", slice_from_cstr(owes[row->owed]));
	json_object_set_new(object, "size", json_integer(size_bytes));
	json_object_set_new(object, "route", json_integer(row->route));
	print_set_time(object, "queued", row->made_at);
	print_set_time(object, "due", row->due_at);
	json_object_set_new(object, "attempts", json_integer(row->attempts));
	json_object_set_new(object, "delay_told", json_boolean(row->is_delay_told));
	print_set(object, "detail", row->detail);
	return object;
}

static void
show(struct listing *list, json_t *object)
{
	if (list->in->is_json) {
		print_json(object);
	} else if (list->only != 0) {
		print_details(object);
	} else {
		if (list->rows == 0)
			print_headings(columns, ARRAY_LEN(columns));
		print_row(columns, ARRAY_LEN(columns), object);
	}
	list->rows++;
}

static void
on_row(void *ctx, struct slice payload)
{
	struct listing *list = ctx;
	struct spool_row row;
	uint32_t size_bytes;
	json_t *object;

	if (queue_row_read(payload, &row, &size_bytes) != STATUS_OK ||
	    (list->only != 0 && list->only != row.id))
		return;
	object = row_object(&row, size_bytes);
	show(list, object);
	json_decref(object);
}

static enum status
read_entry(const char *text, uint64_t *out, struct problem *why)
{
	if (parse_u64(slice_from_cstr(text), 1, UINT64_MAX, out) == STATUS_OK)
		return STATUS_OK;
	problem_set(why, "\"%s\" is no queue entry: mailadm queue list prints their numbers", text);
	return STATUS_SYNTAX;
}

static enum status
queue_list(const struct invocation *in, struct problem *why)
{
	struct listing list = { .in = in };
	enum status st;

	if (in->argc != 0) {
		problem_set(why, "queue list takes nothing");
		return STATUS_SYNTAX;
	}
	st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = store_call(in, STORE_QUEUE_LIST, SLICE(""), on_row, &list, why);
	return st;
}

static enum status
queue_show(const struct invocation *in, struct problem *why)
{
	struct listing list = { .in = in };
	enum status st = STATUS_SYNTAX;

	if (in->argc == 1)
		st = read_entry(in->argv[0], &list.only, why);
	else
		problem_set(why, "name one entry");
	if (st == STATUS_OK)
		st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = store_call(in, STORE_QUEUE_LIST, SLICE(""), on_row, &list, why);
	if (st == STATUS_OK && list.rows == 0) {
		problem_set(why, "there is no queue entry %" PRIu64, list.only);
		return STATUS_ABSENT;
	}
	return st;
}

static enum status
order_one(const struct invocation *in, uint8_t kind, uint64_t id, struct problem *why)
{
	struct queue_order order = { .kind = kind, .id = id };
	struct buf payload = buf_init(1024);
	enum status st;

	queue_order_put(&order, &payload);
	st = store_call(in, STORE_QUEUE_CHANGE, buf_slice(&payload), NULL, NULL, why);
	buf_clear(&payload);
	return st;
}

struct held {
	uint64_t *ids;
	size_t count;
};

static void
on_held(void *ctx, struct slice payload)
{
	struct held *held = ctx;
	struct spool_row row;
	uint32_t size_bytes;

	if (queue_row_read(payload, &row, &size_bytes) != STATUS_OK || row.state != SPOOL_HELD)
		return;
	held->ids = mem_resize(held->ids, held->count + 1, sizeof(*held->ids));
	held->ids[held->count++] = row.id;
}

/* After a restore it may be many. */
static enum status
release_all(const struct invocation *in, struct problem *why)
{
	struct held held = { NULL, 0 };
	enum status st = store_call(in, STORE_QUEUE_LIST, SLICE(""), on_held, &held, why);

	for (size_t i = 0; st == STATUS_OK && i < held.count; i++)
		st = order_one(in, QUEUE_ORDER_RELEASE, held.ids[i], why);
	if (st == STATUS_OK && !in->is_json)
		printf("%zu released\n", held.count);
	mem_free(held.ids);
	return st;
}

/* retry, hold, release, remove: one or several entries, each by itself. */
static enum status
queue_change(const struct invocation *in, struct problem *why)
{
	static const struct {
		const char *verb;
		uint8_t kind;
	} verbs[] = {
		{ "retry", QUEUE_ORDER_RETRY }, { "hold", QUEUE_ORDER_HOLD },
		{ "release", QUEUE_ORDER_RELEASE }, { "remove", QUEUE_ORDER_REMOVE },
	};
	uint8_t kind = 0;
	uint64_t id = 0;
	enum status st;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].verb, in->verb) == 0)
			kind = verbs[i].kind;
	if (in->argc == 0) {
		problem_set(why, "name the entries: mailadm queue list prints their numbers");
		return STATUS_SYNTAX;
	}
	st = instance_enter(in->dir, why);
	if (st == STATUS_OK && kind == QUEUE_ORDER_RELEASE && strcmp(in->argv[0], "--all") == 0)
		return release_all(in, why);
	for (int i = 0; i < in->argc && st == STATUS_OK; i++) {
		st = read_entry(in->argv[i], &id, why);
		if (st == STATUS_OK)
			st = order_one(in, kind, id, why);
	}
	return st;
}

const struct command queue_commands[] = {
	{ "queue", "list", "", "outgoing mail that has not left yet", queue_list },
	{ "queue", "show", "ENTRY", "one entry", queue_show },
	{ "queue", "retry", "ENTRY...", "try now", queue_change },
	{ "queue", "hold", "ENTRY...", "try no more until released", queue_change },
	{ "queue", "release", "ENTRY... | --all", "try again, now; --all: whatever is held",
	    queue_change },
	{ "queue", "remove", "ENTRY...", "forget it unsent; nobody is told", queue_change },
	{ 0 },
};
