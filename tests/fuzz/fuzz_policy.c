/*
 * Any bytes are read as a message by a digest helper: its answer is one that
 * policyd takes, and routing it to a shared address finds somebody.  Any bytes
 * are read as what peers and helpers send.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "net/ipc.h"
#include "policy/digest.h"
#include "policy/protocol.h"
#include "policy/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

static struct directory *
company(void)
{
	struct directory *d = directory_new();
	struct account_record dispatcher = { .login = SLICE("d@acme.test"), .is_enabled = true,
		.name_count = 1, .names = { SLICE("Zhang San") } };
	struct fetch_record sales = { .name = SLICE("sales"), .shared = SLICE("s@x"),
		.dispatcher = 1 };

	ASSERT(directory_put_account(d, &dispatcher, &note, NULL) == STATUS_OK);
	ASSERT(directory_put_fetch(d, &sales, &note, NULL) == STATUS_OK);
	return d;
}

static void
read_message(struct slice text)
{
	struct digest_work w = { 1, (uint32_t)text.len, 0 };
	struct buf answer = buf_init(IPC_FRAME_MAX);
	struct directory *d = company();
	struct route_decision decision;
	struct digest_done done;
	struct route_question q = { .fetch = directory_fetch(d, 1), .facts = &done.facts };

	digest_answer_put(&answer, &w, text);
	ASSERT(buf_status(&answer) == STATUS_OK);
	ASSERT(digest_done_read(buf_slice(&answer), &done) == STATUS_OK);
	ASSERT(route_decide(d, &q, &decision) == STATUS_OK);
	ASSERT(decision.account_count == 1);
	route_decision_clear(&decision);
	digest_done_clear(&done);
	directory_close(&d);
	buf_clear(&answer);
}

static void
read_frames(struct slice payload)
{
	struct policy_submission submission;
	struct policy_uidls uidls;
	struct policy_fetched fetched;
	struct policy_sasl_step step;
	struct digest_done done;
	struct smtp_dsn_rcpt *wishes;
	struct slice *list;
	uint64_t *sizes;

	if (policy_submission_read(payload, &submission, &list, &wishes) == STATUS_OK) {
		mem_free(list);
		mem_free(wishes);
	}
	if (policy_uidls_read(payload, &uidls, &list, &sizes) == STATUS_OK) {
		mem_free(list);
		mem_free(sizes);
	}
	if (digest_done_read(payload, &done) == STATUS_OK)
		digest_done_clear(&done);
	if (policy_fetched_read(payload, &fetched) == STATUS_OK)
		ASSERT(fetched.prefix_len <= fetched.size_bytes);
	if (policy_sasl_step_read(payload, &step) == STATUS_OK)
		ASSERT(step.message.len <= payload.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size);

	read_message(input);
	read_frames(input);
	return 0;
}
