#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ipc_channel.h"
#include "net/link.h"
#include "net/listener.h"

#define REFUSALS_EVERY_MS 1000	/* whoever knocks all the time does not fill the log */

struct ipc_server {
	struct loop *loop;
	struct listener *listener;
	const struct ipc_server_handler *handler;
	void *ctx;
	struct link peers;
	size_t peer_count;
	uint64_t last_id;
	uid_t *allowed;
	size_t allowed_count;
	uint64_t refused_at_ms;		/* when that was logged last; 0: never */
	uint32_t refused_since;		/* and how many were refused without a line */
};

struct ipc_peer {
	struct link link;	/* first */
	struct ipc_server *server;
	struct channel *channel;
	uint64_t id;
	uid_t uid;
	void *data;
};

static void
refuse(struct ipc_server *s, int fd, uid_t uid, enum status st, const struct problem *why)
{
	uint64_t now_ms = clock_monotonic_ms();
	struct log_line line;

	close(fd);
	if (s->refused_at_ms != 0 && now_ms - s->refused_at_ms < REFUSALS_EVERY_MS) {
		s->refused_since++;
		return;
	}
	log_begin(&line, LOG_WARN, "ipc.peer.refused", NULL);
	log_u64(&line, "uid", uid);
	log_status(&line, st, why);
	if (s->refused_since > 0)
		log_u64(&line, "more", s->refused_since);
	log_end(&line);
	s->refused_at_ms = now_ms;
	s->refused_since = 0;
}

static enum status
peer_frame(void *ctx, struct ipc_frame *frame)
{
	struct ipc_peer *p = ctx;

	return p->server->handler->on_frame(p->server->ctx, p, frame);
}

static void
peer_lost(void *ctx, enum status st, const struct problem *why)
{
	struct ipc_peer *p = ctx;

	struct log_line line;

	if (st != STATUS_OK) {
		log_begin(&line, LOG_WARN, "ipc.peer.dropped", NULL);
		log_u64(&line, "uid", p->uid);
		log_status(&line, st, why);
		log_end(&line);
	}
	ipc_peer_close(p);
}

static const struct channel_handler peer_handler = { peer_frame, peer_lost };

static bool
uid_is_allowed(const struct ipc_server *s, uid_t uid)
{
	if (uid == 0 || uid == geteuid())
		return true;
	for (size_t i = 0; i < s->allowed_count; i++)
		if (s->allowed[i] == uid)
			return true;
	return false;
}

static void
server_accepted(void *ctx, int fd)
{
	struct ipc_server *s = ctx;
	struct problem why = { 0 };
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	struct ipc_peer *p;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    !uid_is_allowed(s, cred.uid)) {
		problem_set(&why, "this user may not connect here");
		refuse(s, fd, cred.uid, STATUS_DENIED, &why);
		return;
	}
	if (s->peer_count >= IPC_PEERS_MAX) {
		problem_set(&why, "%d connections are open already", IPC_PEERS_MAX);
		refuse(s, fd, cred.uid, STATUS_LIMIT, &why);
		return;
	}
	p = mem_new(struct ipc_peer);
	p->server = s;
	p->id = ++s->last_id;
	p->uid = cred.uid;
	p->channel = channel_new(s->loop, fd, &peer_handler, p);
	link_append(&s->peers, &p->link);
	s->peer_count++;
	if (s->handler->on_open != NULL)
		s->handler->on_open(s->ctx, p);
}

struct ipc_server *
ipc_server_new(struct loop *l, int listen_fd, const uid_t *allowed_uids, size_t allowed_count,
    const struct ipc_server_handler *handler, void *ctx)
{
	struct ipc_server *s = mem_new(struct ipc_server);

	s->loop = l;
	s->handler = handler;
	s->ctx = ctx;
	link_init(&s->peers);
	if (allowed_count > 0) {
		s->allowed = mem_array(uid_t, allowed_count);
		for (size_t i = 0; i < allowed_count; i++)
			s->allowed[i] = allowed_uids[i];
		s->allowed_count = allowed_count;
	}
	s->listener = listener_new(l, listen_fd, server_accepted, s);
	return s;
}

void
ipc_server_free(struct ipc_server **sp)
{
	struct ipc_server *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	listener_free(&s->listener);
	while (!link_is_empty(&s->peers))
		ipc_peer_close((struct ipc_peer *)s->peers.next);
	mem_free(s->allowed);
	mem_free(s);
}

void
ipc_peer_set(struct ipc_peer *p, void *data)
{
	p->data = data;
}

void *
ipc_peer_get(const struct ipc_peer *p)
{
	return p->data;
}

uid_t
ipc_peer_uid(const struct ipc_peer *p)
{
	return p->uid;
}

uint64_t
ipc_peer_id(const struct ipc_peer *p)
{
	return p->id;
}

void
ipc_send(struct ipc_peer *p, uint16_t type, uint32_t request, struct slice payload, int fd)
{
	channel_send(p->channel, type, request, payload, fd);
}

bool
ipc_send_to(struct ipc_server *s, uint64_t peer_id, uint16_t type, uint32_t request,
    struct slice payload, int fd)
{
	for (struct link *l = s->peers.next; l != &s->peers; l = l->next) {
		struct ipc_peer *p = (struct ipc_peer *)l;

		if (p->id == peer_id) {
			ipc_send(p, type, request, payload, fd);
			return true;
		}
	}
	return false;
}

size_t
ipc_peer_pending(const struct ipc_peer *p)
{
	return channel_pending(p->channel);
}

void
ipc_peer_close(struct ipc_peer *p)
{
	struct ipc_server *s = p->server;

	link_remove(&p->link);
	s->peer_count--;
	if (s->handler->on_close != NULL)
		s->handler->on_close(s->ctx, p);
	channel_free(&p->channel);
	mem_free(p);
}
