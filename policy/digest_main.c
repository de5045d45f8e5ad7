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
#include "store/text.h"

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

static enum status
work(struct helper *h, struct ipc_frame *frame)
{
	struct digest_work w;
	struct buf out = buf_init(IPC_FRAME_MAX);
	enum status st = digest_work_read(frame->payload, &w);

	if (st != STATUS_OK)
		return st;
	st = read_text(&w, frame->fd, &out);
	if (st != STATUS_OK) {
		buf_reset(&out);
		digest_refusal_put(&out, w.number, st);
	}
	ipc_notify(h->policyd, DIGEST_DONE, buf_slice(&out));
	buf_clear(&out);
	return STATUS_OK;
}

static enum status
write_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0)
			return STATUS_IO;
		s = slice_skip(s, (size_t)n);
	}
	return STATUS_OK;
}

/* Both texts in one memfd, as store/plan.h wants them. */
static enum status
put_texts(struct slice inside, struct slice outside, int *fd)
{
	enum status st = memfd_new(fd, NULL);

	if (st == STATUS_OK)
		st = write_all(*fd, inside);
	if (st == STATUS_OK)
		st = write_all(*fd, outside);
	if (st == STATUS_OK)
		st = memfd_seal(*fd, NULL);
	return st;
}

static enum status
rewrite_text(const struct digest_rewrite *w, int fd, struct buf *out, int *texts)
{
	struct buf outside = buf_init(TEXT_SIZE_MAX);
	struct slice text;
	enum status st = memfd_sealed_check(fd, w->size_bytes, NULL);

	if (st == STATUS_OK)
		st = memfd_map(fd, w->size_bytes, &text, NULL);
	if (st != STATUS_OK)
		return st;
	(void)alarm(DIGEST_PATIENCE_S(w->size_bytes));
	st = rewrite_outgoing(text, &w->order, &outside);
	if (st == STATUS_OK)
		st = put_texts(text, buf_slice(&outside), texts);
	if (st == STATUS_OK)
		digest_rewritten_put(out, w->number, buf_slice(&outside));
	(void)alarm(0);
	memfd_unmap(&text);
	buf_clear(&outside);
	return st == STATUS_OK ? buf_status(out) : st;
}

static enum status
rewrite(struct helper *h, struct ipc_frame *frame)
{
	struct digest_rewrite *w = mem_new(struct digest_rewrite);
	struct buf out = buf_init(IPC_FRAME_MAX);
	int texts = -1;
	enum status st = digest_rewrite_read(frame->payload, w);

	if (st == STATUS_OK && rewrite_text(w, frame->fd, &out, &texts) == STATUS_OK) {
		ipc_notify_fd(h->policyd, DIGEST_REWRITTEN, buf_slice(&out), texts);
	} else if (st == STATUS_OK) {
		buf_reset(&out);
		digest_refusal_put(&out, w->number, STATUS_LIMIT);
		ipc_notify(h->policyd, DIGEST_REWRITTEN, buf_slice(&out));
	}
	if (texts >= 0)
		close(texts);
	buf_clear(&out);
	mem_free(w);
	return st;
}

static void
work_arrived(void *ctx, struct ipc_frame *frame)
{
	struct helper *h = ctx;
	enum status st = STATUS_CORRUPT;

	if (frame->type == DIGEST_WORK)
		st = work(h, frame);
	else if (frame->type == DIGEST_REWRITE)
		st = rewrite(h, frame);
	if (st == STATUS_OK)
		return;
	log_event(LOG_ERROR, "digest.work.refused", NULL, "why", "it is no work");
	loop_stop(h->loop);
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
	static const struct sandbox_profile profile = {
		.may = SANDBOX_CONNECT_UNIX,
		.user = "tradepost-digest",
		.root = ".",
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
