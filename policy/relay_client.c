#include "policy/relay_client.h"

#include "net/ipc.h"
#include "policy/client_internal.h"
#include "policy/protocol.h"
#include "policy/relay_protocol.h"

uint32_t
policy_route(struct policy_client *c, uint32_t route, policy_route_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_ROUTE, ctx);
	struct buf payload = buf_init(64);

	call->done.route = done;
	policy_relay_id_put(&payload, route);
	return policy_call_ask(call, POLICY_ROUTE, &payload, -1, LIST_DEADLINE_MS);
}

uint32_t
policy_credential(struct policy_client *c, uint32_t credential, policy_secret_done *done,
    void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_SECRET, ctx);
	struct buf payload = buf_init(64);

	call->done.secret = done;
	policy_relay_id_put(&payload, credential);
	return policy_call_ask(call, POLICY_CREDENTIAL, &payload, -1, LIST_DEADLINE_MS);
}

uint32_t
policy_return(struct policy_client *c, const struct policy_returned *r, int text,
    policy_return_done *done, void *ctx)
{
	struct call *call = policy_call_new(c, ANSWER_FETCHED, ctx);
	struct buf payload = buf_init(IPC_FRAME_MAX);

	call->done.fetched = done;
	if (r->entry_count <= POLICY_RETURN_ENTRIES_MAX)
		policy_returned_put(&payload, r);
	else
		payload.is_over = true;
	return policy_call_ask(call, POLICY_RETURN, &payload, r->size_bytes > 0 ? text : -1,
	    SUBMIT_DEADLINE_MS);
}
