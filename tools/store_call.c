#include "tools/store_call.h"

#include "base/bytes.h"
#include "net/ipc.h"
#include "store/protocol.h"
#include "tools/instance.h"

#define DEADLINE_MS 60000
#define WATCH_MS (7u * 86400 * 1000)

struct call {
	void (*row)(void *ctx, struct slice payload);
	void *ctx;
	enum status st;
	struct problem *why;
};

static void
on_frame(void *ctx, struct ipc_frame *frame)
{
	struct call *call = ctx;
	struct reader in = reader_of(frame->payload);
	struct slice text;

	if (frame->type == STORE_ROW && call->row != NULL) {
		call->row(call->ctx, frame->payload);
	} else if (frame->type == STORE_END) {
		call->st = (enum status)read_u8(&in);
		text = read_slice(&in);
		if (text.len > 0)
			problem_set(call->why, "%.*s", SLICE_ARG(text));
	}
}

static enum status
ask(const struct invocation *in, uint16_t type, struct slice payload, int fd,
    uint32_t deadline_ms, struct call *call)
{
	struct problem said = { "" };
	enum status st = ipc_call_wait("store-admin.sock", type, payload, fd, STORE_END, deadline_ms,
	    on_frame, call, &said);

	return st == STATUS_OK ? call->st : instance_unanswered(in->dir, st, &said, call->why);
}

enum status
store_call(const struct invocation *in, uint16_t type, struct slice payload,
    void (*row)(void *ctx, struct slice payload), void *ctx, struct problem *why)
{
	struct call call = { row, ctx, STATUS_IO, why };

	return ask(in, type, payload, -1, DEADLINE_MS, &call);
}

enum status
store_watch(const struct invocation *in, uint16_t type, struct slice payload,
    void (*row)(void *ctx, struct slice payload), void *ctx, struct problem *why)
{
	struct call call = { row, ctx, STATUS_IO, why };

	return ask(in, type, payload, -1, WATCH_MS, &call);
}

enum status
store_send(const struct invocation *in, uint16_t type, struct slice payload, int fd,
    struct problem *why)
{
	struct call call = { NULL, NULL, STATUS_IO, why };

	return ask(in, type, payload, fd, DEADLINE_MS, &call);
}
