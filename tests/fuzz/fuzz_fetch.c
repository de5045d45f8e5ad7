/*
 * Any bytes are what an outside POP3 server says to a client that asks its
 * usual questions: each question gets one answer, no part is larger than was
 * agreed, and the connection is not used after it failed.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "fetchd/pop3_client.h"
#include "net/loop.h"

#define SAID_MAX 50000
#define LINES_MAX 20
#define TEXT_MAX 5000

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asker {
	struct loop *loop;
	struct pop3_client *client;
	unsigned at;		/* the question */
	uint64_t parts;		/* lines or bytes of its answer */
	bool is_open;		/* it is not answered yet */
};

static enum status on_line(void *ctx, struct slice part, struct problem *why);
static enum status on_text(void *ctx, struct slice part, struct problem *why);
static void on_done(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why);

static const struct pop3_ask questions[] = {
	{ SLICE(""), POP3_ANSWER_LINE, 60, 0, NULL, on_done },
	{ SLICE("CAPA"), POP3_ANSWER_LINES, 60, LINES_MAX, on_line, on_done },
	{ SLICE("AUTH PLAIN AAAA"), POP3_ANSWER_LINE, 60, 0, NULL, on_done },
	{ SLICE("UIDL"), POP3_ANSWER_LINES, 60, LINES_MAX, on_line, on_done },
	{ SLICE("RETR 1"), POP3_ANSWER_TEXT, 60, TEXT_MAX, on_text, on_done },
	{ SLICE("RETR 2"), POP3_ANSWER_TEXT, 60, TEXT_MAX, on_text, on_done },
	{ SLICE("QUIT"), POP3_ANSWER_LINE, 60, 0, NULL, on_done },
};

static enum status
on_line(void *ctx, struct slice part, struct problem *why)
{
	struct asker *a = ctx;

	(void)why;
	ASSERT(a->is_open && part.len <= POP3_REPLY_MAX && ++a->parts <= LINES_MAX);
	return STATUS_OK;
}

static enum status
on_text(void *ctx, struct slice part, struct problem *why)
{
	struct asker *a = ctx;

	(void)why;
	a->parts += part.len;
	ASSERT(a->is_open && a->parts <= TEXT_MAX);
	return STATUS_OK;
}

static void
on_done(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct asker *a = ctx;

	(void)why;
	ASSERT(a->is_open && (reply != NULL) == (st == STATUS_OK || st == STATUS_DENIED));
	a->is_open = false;
	if (reply == NULL || ++a->at == ARRAY_LEN(questions)) {
		loop_stop(a->loop);
		return;
	}
	a->parts = 0;
	a->is_open = true;
	pop3_client_ask(a->client, &questions[a->at]);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_open("fuzz", LOG_ERROR);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice said = slice_sub(slice_make(data, size), 0, SAID_MAX);
	struct asker a = { .loop = loop_new(), .is_open = true };
	int fds[2];

	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	ASSERT(write(fds[0], said.ptr, said.len) == (ssize_t)said.len);
	(void)shutdown(fds[0], SHUT_WR);
	a.client = pop3_client_new(a.loop, fds[1], &a);
	pop3_client_ask(a.client, &questions[0]);
	loop_run(a.loop);
	ASSERT(!a.is_open);
	pop3_client_free(&a.client);
	close(fds[0]);
	loop_free(&a.loop);
	return 0;
}
