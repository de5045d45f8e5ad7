/*
 * mailadm serve: make the sockets, start the processes, start again what dies,
 * until SIGTERM or SIGINT.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "policy/bootstrap.h"
#include "store/identity.h"
#include "tools/certificate.h"
#include "tools/children.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/programs.h"
#include "tools/serve_protocol.h"
#include "tools/serve_settings.h"

struct serve {
	struct loop *loop;
	struct serve_settings settings;
	struct endpoints tcp;
	struct endpoints control;
	struct children *children;
	struct ipc_server *server;
	char programs[PROGRAMS_DIR_MAX];
};

static void
send_end(struct ipc_peer *peer, uint32_t request, enum status st, const char *text)
{
	struct buf out = buf_init(1024);

	put_u8(&out, (uint8_t)st);
	put_slice(&out, slice_from_cstr(text));
	ipc_send(peer, SERVE_END, request, buf_slice(&out), -1);
	buf_clear(&out);
}

static void
answer_endpoints(const struct serve *s, struct ipc_peer *peer, uint32_t request)
{
	if (!children_all_ready(s->children)) {
		send_end(peer, request, STATUS_BUSY, "not all processes are ready yet");
		return;
	}
	for (size_t i = 0; i < s->tcp.count; i++) {
		struct buf out = buf_init(1024);

		put_slice(&out, slice_from_cstr(s->tcp.list[i].name));
		put_slice(&out, slice_from_cstr(s->tcp.list[i].address));
		ipc_send(peer, SERVE_ENDPOINT, request, buf_slice(&out), -1);
		buf_clear(&out);
	}
	send_end(peer, request, STATUS_OK, "");
}

static void
answer_status(const struct serve *s, struct ipc_peer *peer, uint32_t request)
{
	struct child_state state;

	for (size_t i = 0; children_state(s->children, i, &state); i++) {
		struct buf out = buf_init(1024);

		put_slice(&out, slice_from_cstr(state.name));
		put_u32le(&out, (uint32_t)state.pid);
		put_u8(&out, state.is_ready);
		put_u32le(&out, state.restarts);
		ipc_send(peer, SERVE_PROCESS, request, buf_slice(&out), -1);
		buf_clear(&out);
	}
	send_end(peer, request, STATUS_OK, "");
}

static enum status
on_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	const struct serve *s = ctx;

	switch (frame->type) {
	case SERVE_ENDPOINTS:
		answer_endpoints(s, peer, frame->request);
		return STATUS_OK;
	case SERVE_STATUS:
		answer_status(s, peer, frame->request);
		return STATUS_OK;
	}
	return STATUS_SYNTAX;
}

static void
on_close(void *ctx, struct ipc_peer *peer)
{
	(void)ctx;
	(void)peer;
}

static const struct ipc_server_handler handler = { .on_frame = on_frame, .on_close = on_close };

static void
on_stop_signal(void *ctx)
{
	struct serve *s = ctx;

	log_event(LOG_INFO, "serve.stop.begun", NULL, "why", "signal");
	children_stop(s->children);
}

static void
all_stopped(void *ctx)
{
	struct serve *s = ctx;

	loop_stop(s->loop);
}

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static enum status
bind_all(struct serve *s, struct problem *why)
{
	for (size_t i = 0; i < LISTEN_COUNT; i++) {
		enum status st = endpoints_add_tcp(&s->tcp, listen_names[i], s->settings.listen[i],
		    why);

		if (st != STATUS_OK)
			return st;
	}
	return endpoints_add_unix(&s->control, "serve", SERVE_SOCKET, 0600, why);
}

/* stored and policyd would say the same, again and again. */
static enum status
check_versions(struct problem *why)
{
	struct problem unused = { "" };
	struct identity i;
	enum status st = STATUS_OK;

	if (identity_look("../store", &i, &unused) == STATUS_OK)
		st = identity_check(&i, why);
	if (st == STATUS_OK && bootstrap_look("../policy", &unused) == STATUS_CORRUPT) {
		problem_set(why, "%s", unused.text);
		st = STATUS_CORRUPT;
	}
	return st;	/* what is not made yet, or ill otherwise, is theirs to complain of */
}

static enum status
prepare(struct serve *s, struct problem *why)
{
	int renewed;
	enum status st = serve_settings_load(&s->settings, why);

	if (st == STATUS_OK)
		st = check_versions(why);
	if (st == STATUS_OK)
		st = certificate_renew(clock_now_s(), slice_from_cstr(s->settings.domain), &renewed,
		    why);
	if (st == STATUS_OK && renewed)
		log_event(LOG_INFO, "serve.certificate.renewed", NULL, "file", "tls/cert.pem");
	if (st == STATUS_OK)
		st = bind_all(s, why);
	return st;
}

enum status
cmd_serve(const struct invocation *in, struct problem *why)
{
	struct serve s = { 0 };
	bool is_debug = in->argc == 1 && strcmp(in->argv[0], "--debug") == 0;
	enum status st;

	if (in->argc > 0 && !is_debug) {
		problem_set(why, "serve takes only --debug");
		return STATUS_SYNTAX;
	}
	umask(077);
	st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = instance_lock(why);
	if (st != STATUS_OK)
		return st;
	log_open("serve", is_debug ? LOG_DEBUG : LOG_INFO);
	raise_descriptor_limit();
	signal(SIGPIPE, SIG_IGN);
	programs_dir(s.programs);
	s.loop = loop_new();
	st = prepare(&s, why);
	if (st == STATUS_OK)
		st = children_new(s.loop, &s.tcp, s.programs, &s.settings.counts, is_debug,
		    all_stopped, &s, &s.children, why);
	if (st != STATUS_OK)
		goto out;
	s.server = ipc_server_new(s.loop, s.control.list[0].fd, NULL, 0, &handler, &s);
	loop_on_signal(s.loop, SIGTERM, on_stop_signal, &s);
	loop_on_signal(s.loop, SIGINT, on_stop_signal, &s);
	loop_run(s.loop);
	log_event(LOG_INFO, "serve.stop.done", NULL, "why", "all processes ended");
	ipc_server_free(&s.server);
	children_free(&s.children);
	unlink(SERVE_SOCKET);
out:
	endpoints_clear(&s.tcp);
	endpoints_clear(&s.control);
	serve_settings_free(&s.settings);
	loop_free(&s.loop);
	return st;
}
