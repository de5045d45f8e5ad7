#include "policy/service.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/table.h"
#include "policy/fetching.h"
#include "policy/intake.h"
#include "policy/protocol.h"
#include "policy/relaying.h"
#include "policy/session.h"

/* A process of ours that is connected. */
struct peer {
	struct peer *next, **at;	/* of p->peers; at: what points to this one */
	struct ipc_peer *ipc;
	struct table *sessions;
};

static void
peer_opened(void *ctx, struct ipc_peer *ipc)
{
	struct peer *peer = mem_new(struct peer);
	struct policyd *p = ctx;

	peer->ipc = ipc;
	peer->next = p->peers;
	peer->at = &p->peers;
	if (peer->next != NULL)
		peer->next->at = &peer->next;
	p->peers = peer;
	peer->sessions = sessions_new();
	ipc_peer_set(ipc, peer);
}

static void
peer_closed(void *ctx, struct ipc_peer *ipc)
{
	struct policyd *p = ctx;
	struct peer *peer = ipc_peer_get(ipc);

	fetching_peer_gone(p->fetching, ipc_peer_id(ipc));
	*peer->at = peer->next;
	if (peer->next != NULL)
		peer->next->at = peer->at;
	sessions_free(&peer->sessions);
	mem_free(peer);
}

/* Whose requests they are, besides root's and our own uid's: a bit each, ANYBODY's are everybody's. */
enum { ANYBODY = 0, FETCHD = 1, RELAYD = 2 };

static const struct {
	bool is_notice;
	unsigned whose;
	enum status (*run)(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
	    struct ipc_frame *frame);
} requests[] = {
	[POLICY_SESSION_OPEN] = { true, ANYBODY, session_open },
	[POLICY_SESSION_CLOSE] = { true, ANYBODY, session_close },
	[POLICY_SASL] = { false, ANYBODY, session_sasl },
	[POLICY_MAIL] = { false, ANYBODY, session_path },
	[POLICY_RECIPIENT] = { false, ANYBODY, session_path },
	[POLICY_SUBMIT] = { false, ANYBODY, intake_submit },
	[POLICY_FETCH_LIST] = { false, FETCHD, fetching_list },
	[POLICY_FETCH_SECRET] = { false, FETCHD, fetching_secret },
	[POLICY_FETCH_KNOWN] = { false, FETCHD, fetching_uidls },
	[POLICY_FETCH_SUBMIT] = { false, FETCHD, intake_fetched },
	[POLICY_FETCH_KEEP] = { false, FETCHD, fetching_uidls },
	[POLICY_FETCH_REPORT] = { true, FETCHD, fetching_report },
	[POLICY_ROUTE] = { false, RELAYD, relaying_route },
	[POLICY_CREDENTIAL] = { false, RELAYD, relaying_credential },
	[POLICY_RETURN] = { false, RELAYD, intake_returned },
	[POLICY_FETCH_REMOVING] = { false, FETCHD, fetching_uidls },
	[POLICY_FETCH_REMOVED] = { false, FETCHD, fetching_uidls },
};

static bool
may_ask(const struct policyd *p, unsigned whose, uid_t uid)
{
	if (whose == ANYBODY || uid == 0 || uid == geteuid())
		return true;
	return (whose == FETCHD && uid == p->fetchd_uid) ||
	    (whose == RELAYD && uid == p->relayd_uid);
}

static enum status
peer_frame(void *ctx, struct ipc_peer *ipc, struct ipc_frame *frame)
{
	struct policyd *p = ctx;
	struct peer *peer = ipc_peer_get(ipc);

	if (frame->type >= ARRAY_LEN(requests) || requests[frame->type].run == NULL ||
	    requests[frame->type].is_notice != (frame->request == 0))
		return STATUS_CORRUPT;
	if (!may_ask(p, requests[frame->type].whose, ipc_peer_uid(ipc)))
		return STATUS_DENIED;
	return requests[frame->type].run(p, peer->sessions, ipc, frame);
}

void
service_start(struct policyd *p, int listen_fd, const uid_t *uids, size_t uid_count)
{
	static const struct ipc_server_handler handler = {
		.on_open = peer_opened,
		.on_frame = peer_frame,
		.on_close = peer_closed,
	};

	p->service = ipc_server_new(p->loop, listen_fd, uids, uid_count, &handler, p);
}

void
service_stop(struct policyd *p)
{
	ipc_server_free(&p->service);
}

void
service_end_sessions(struct policyd *p, uint32_t account, uint64_t mark)
{
	for (struct peer *peer = p->peers; peer != NULL; peer = peer->next)
		sessions_end(peer->sessions, peer->ipc, account, mark);
}
