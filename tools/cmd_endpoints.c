/* mailadm endpoints: where clients connect, once every process is ready. */
#include <stdio.h>

#include "base/bytes.h"
#include "net/ipc.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/serve_protocol.h"

struct answer {
	bool is_json;
	enum status st;
	struct problem *why;
};

static void
on_row(void *ctx, struct ipc_frame *frame)
{
	struct answer *a = ctx;
	struct reader in = reader_of(frame->payload);

	if (frame->type == SERVE_ENDPOINT) {
		struct slice name = read_slice(&in), address = read_slice(&in);
		json_t *row = json_object();

		if (!a->is_json) {
			printf("%.*s %.*s\n", SLICE_ARG(name), SLICE_ARG(address));
			json_decref(row);
			return;
		}
		print_set(row, "name", name);
		print_set(row, "address", address);
		print_json(row);
		json_decref(row);
	} else if (frame->type == SERVE_END) {
		a->st = (enum status)read_u8(&in);
		if (a->st != STATUS_OK) {
			struct slice text = read_slice(&in);

			problem_set(a->why, "%.*s", SLICE_ARG(text));
		}
	}
}

enum status
cmd_endpoints(const struct invocation *in, struct problem *why)
{
	struct answer a = { .is_json = in->is_json, .st = STATUS_IO, .why = why };
	struct problem said = { "" };
	enum status st;

	if (in->argc > 0) {
		problem_set(why, "endpoints takes nothing");
		return STATUS_SYNTAX;
	}
	st = instance_enter(in->dir, why);
	if (st != STATUS_OK)
		return st;
	st = ipc_call_wait(SERVE_SOCKET, SERVE_ENDPOINTS, SLICE(""), -1, SERVE_END, 5000, on_row,
	    &a, &said);
	if (st == STATUS_DENIED)
		return instance_unanswered(in->dir, st, &said, why);
	if (st != STATUS_OK) {
		problem_set(why, "nobody serves this instance: start it with mailadm -C %s serve",
		    in->dir);
		return STATUS_ABSENT;
	}
	return a.st == STATUS_BUSY ? STATUS_ABSENT : a.st;	/* "exit 1 before" */
}
