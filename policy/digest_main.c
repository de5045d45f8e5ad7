/*
 * digest_main.c -- the digest helper: reads message texts for policyd.  It is
 * disposable: it opens nothing, knows no secret, and what it says are values
 * that policyd checks.
 */
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "mime/charset.h"
#include "net/daemon.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "policy/digest.h"

struct helper {
	struct ipc_client *policyd;
	struct loop *loop;
};

static enum status
read_text(const struct digest_work *w, int fd, struct buf *out)
{
	struct slice text;
	enum status st = memfd_sealed_check(fd, w->size_bytes, NULL);

	if (st == STATUS_OK)
		st = memfd_map(fd, w->size_bytes, &text, NULL);
	if (st != STATUS_OK)
		return st;
	/* A text that makes us spin ends us; policyd gives it to another helper once. */
	(void)alarm(DIGEST_PATIENCE_S(w->size_bytes));
	digest_answer_put(out, w, text);
	(void)alarm(0);
	memfd_unmap(&text);
	return buf_status(out);
}

static void
work_arrived(void *ctx, struct ipc_frame *frame)
{
	struct helper *h = ctx;
	struct digest_work w;
	struct buf out = buf_init(IPC_FRAME_MAX);
	enum status st;

	if (frame->type != DIGEST_WORK || digest_work_read(frame->payload, &w) != STATUS_OK) {
		log_event(LOG_ERROR, "digest.work.refused", NULL, "why", "it is no work");
		loop_stop(h->loop);
		return;
	}
	st = read_text(&w, frame->fd, &out);
	if (st != STATUS_OK) {
		buf_reset(&out);
		digest_refusal_put(&out, w.number, st);
	}
	ipc_notify(h->policyd, DIGEST_DONE, buf_slice(&out));
	buf_clear(&out);
}

static void
connected(void *ctx)
{
	struct helper *h = ctx;

	ipc_notify(h->policyd, DIGEST_HELLO, (struct slice){ 0 });
}

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	struct helper *h = mem_new(struct helper);

	(void)settings;
	(void)why;
	daemon_set_data(d, h);
	charset_prepare();
	h->loop = daemon_loop(d);
	h->policyd = ipc_client_new(h->loop, "digest.sock", work_arrived, connected, h);
	daemon_ready(d);
	return STATUS_OK;
}

static void
end(struct daemon *d)
{
	struct helper *h = daemon_data(d);

	if (h == NULL)
		return;
	ipc_client_free(&h->policyd);
	mem_free(h);
}

static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	static const struct sandbox_path paths[] = {
		{ "digest.sock", SANDBOX_WRITE },
	};
	static const struct sandbox_profile profile = {
		.may = SANDBOX_CONNECT_UNIX,
		.paths = paths,
		.path_count = ARRAY_LEN(paths),
		.user = "tradepost-digest",
	};

	(void)d;
	return &profile;
}

int
main(int argc, char **argv)
{
	static const struct daemon_spec spec = {
		.name = "digest",
		.start = start,
		.end = end,
		.sandbox = sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
