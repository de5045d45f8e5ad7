/*
 * mailadm compact: give back the space of texts that have gone, now instead of
 * at stored's next round of upkeep.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "net/ipc.h"
#include "store/compaction.h"
#include "store/protocol.h"
#include "tools/arguments.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/store_call.h"

struct watching {
	bool is_shown;		/* on a terminal */
	struct compact_progress last;
};

static void
on_row(void *ctx, struct slice payload)
{
	struct watching *w = ctx;

	if (compact_progress_read(payload, &w->last) != STATUS_OK || !w->is_shown)
		return;
	fprintf(stderr, "\r\033[K%u segments done, %" PRIu64 " MiB moved", w->last.retired,
	    w->last.moved_bytes >> 20);
	if (w->last.segment != 0)
		fprintf(stderr, ", segment %u", w->last.segment);
}

static void
print_outcome(const struct invocation *in, const struct compact_progress *p)
{
	json_t *row = json_object();

	json_object_set_new(row, "segments", json_integer(p->retired));
	json_object_set_new(row, "deleted", json_integer(p->deleted));
	json_object_set_new(row, "moved_bytes", json_integer((json_int_t)p->moved_bytes));
	json_object_set_new(row, "gained_bytes", json_integer((json_int_t)p->gained_bytes));
	json_object_set_new(row, "grace_s", json_integer(p->grace_s));
	if (in->is_json)
		print_json(row);
	else if (p->retired == 0)
		printf("no segment has that much to give back\n");
	else
		printf("%u segment%s: %" PRIu64 " MiB written again, %" PRIu64 " MiB gained; their "
		    "files are deleted %u minutes after\n", p->retired, p->retired == 1 ? "" : "s",
		    p->moved_bytes >> 20, p->gained_bytes >> 20, p->grace_s / 60);
	json_decref(row);
}

enum status
cmd_compact(const struct invocation *in, struct problem *why)
{
	struct watching w = { .is_shown = isatty(STDERR_FILENO) && !in->is_json };
	uint32_t percent = 0;
	const struct argument arguments[] = { { .name = "--at", .number = &percent } };
	struct buf payload = buf_init(8);
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK && percent > 100) {
		problem_set(why, "--at takes a percentage, 1 to 100");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK)
		st = instance_enter(in->dir, why);
	if (st != STATUS_OK)
		return st;
	put_u32le(&payload, percent);
	st = store_watch(in, STORE_COMPACT, buf_slice(&payload), on_row, &w, why);
	buf_clear(&payload);
	if (w.is_shown)
		fputs("\r\033[K", stderr);
	if (st == STATUS_OK)
		print_outcome(in, &w.last);
	return st;
}
