#include "policy/service.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/table.h"
#include "policy/fetching.h"
#include "policy/intake.h"
#include "policy/protocol.h"
#include "policy/session.h"

/* A process of ours that is connected. */
struct peer {
	struct table *sessions;
};

static void
peer_opened(void *ctx, struct ipc_peer *ipc)
{
	struct peer *peer = mem_new(struct peer);

	(void)ctx;
	peer->sessions = sessions_new();
	ipc_peer_set(ipc, peer);
}

static void
peer_closed(void *ctx, struct ipc_peer *ipc)
{
	struct policyd *p = ctx;
	struct peer *peer = ipc_peer_get(ipc);

	fetching_peer_gone(p->fetching, ipc_peer_id(ipc));
	sessions_free(&peer->sessions);
	mem_free(peer);
}

static const struct {
	bool is_notice;
	bool is_fetchers;	/* for fetchd's uid alone */
	enum status (*run)(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
	    struct ipc_frame *frame);
} requests[] = {
	[POLICY_SESSION_OPEN] = { true, false, session_open },
	[POLICY_SESSION_CLOSE] = { true, false, session_close },
	[POLICY_SASL] = { false, false, session_sasl },
	[POLICY_MAIL] = { false, false, session_path },
	[POLICY_RECIPIENT] = { false, false, session_path },
	[POLICY_SUBMIT] = { false, false, intake_submit },
	[POLICY_FETCH_LIST] = { false, true, fetching_list },
	[POLICY_FETCH_SECRET] = { false, true, fetching_secret },
	[POLICY_FETCH_KNOWN] = { false, true, fetching_uidls },
	[POLICY_FETCH_SUBMIT] = { false, true, intake_fetched },
	[POLICY_FETCH_KEEP] = { false, true, fetching_uidls },
	[POLICY_FETCH_REPORT] = { true, true, fetching_report },
};

static bool
is_fetcher(const struct policyd *p, uid_t uid)
{
	return uid == 0 || uid == geteuid() || uid == p->fetchd_uid;
}

static enum status
peer_frame(void *ctx, struct ipc_peer *ipc, struct ipc_frame *frame)
{
	struct policyd *p = ctx;
	struct peer *peer = ipc_peer_get(ipc);

	if (frame->type >= ARRAY_LEN(requests) || requests[frame->type].run == NULL ||
	    requests[frame->type].is_notice != (frame->request == 0))
		return STATUS_CORRUPT;
	if (requests[frame->type].is_fetchers && !is_fetcher(p, ipc_peer_uid(ipc)))
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
