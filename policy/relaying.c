#include "policy/relaying.h"

#include "policy/directory.h"
#include "policy/protocol.h"
#include "policy/relay_protocol.h"

enum { PORT_SMTP = 25 };

static enum status
refuse(struct ipc_peer *peer, const struct ipc_frame *frame, enum status st, const char *text)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	struct problem why = { 0 };

	problem_set(&why, "%s", text);
	policy_answer_put(&out, st, &why);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_clear(&out);
	return STATUS_OK;
}

static struct policy_route
for_relayd(const struct route_record *r)
{
	return (struct policy_route){
		.id = r->id,
		.name = r->name,
		.host = r->host,
		.port = r->port,
		.is_lmtp = r->is_lmtp,
		.tls = r->tls,
		.checks_certificate = r->checks_certificate,
		.ca_path = r->ca_path,
		.credential = r->user.len > 0 ? r->id : 0,
		.user = r->user,
	};
}

enum status
relaying_route(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct policy_route route = { .name = SLICE("mx"), .port = PORT_SMTP,
		.tls = ROUTE_TLS_TRY };
	struct buf out = buf_init(IPC_FRAME_MAX);
	const struct route_record *r = NULL;
	uint32_t id;
	enum status st = policy_relay_id_read(frame->payload, &id);

	(void)sessions;
	if (st != STATUS_OK)
		return st;
	if (id != 0) {
		r = directory_route(p->directory, id);
		if (r == NULL)
			return refuse(peer, frame, STATUS_ABSENT, "the route was removed");
		if (!r->is_enabled)
			return refuse(peer, frame, STATUS_DENIED, "the route is switched off");
		route = for_relayd(r);
	}
	policy_answer_put(&out, STATUS_OK, NULL);
	policy_route_put(&out, &route);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_clear(&out);
	return STATUS_OK;
}

/* A route's secret has the route's id: one of them cannot outlive the other. */
enum status
relaying_credential(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	const struct route_record *r;
	uint32_t id;
	enum status st = policy_relay_id_read(frame->payload, &id);

	(void)sessions;
	if (st != STATUS_OK)
		return st;
	r = directory_route(p->directory, id);
	if (r == NULL || r->secret.len == 0)
		return refuse(peer, frame, STATUS_ABSENT, "no such credential");
	policy_answer_put(&out, STATUS_OK, NULL);
	policy_secret_put(&out, r->secret);
	ipc_send(peer, frame->type, frame->request, buf_slice(&out), -1);
	buf_wipe(&out);
	return STATUS_OK;
}
