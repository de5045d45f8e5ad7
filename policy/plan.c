#include "policy/plan.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "store/mailbox.h"

/* Minutes east of UTC here, at that time: INTERNALDATE shows it (RFC 3501 s.2.3.3). */
static int16_t
local_zone(uint64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm local;

	if (localtime_r(&at, &local) == NULL)
		return 0;
	return (int16_t)(local.tm_gmtoff / 60);
}

static void
add_lines(struct buf *out, const struct slice *lines, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_byte(out, '\n');
		buf_append(out, lines[i]);
	}
}

static void
add_deliveries(const struct route_decision *decision, struct plan *p)
{
	for (uint32_t i = 0; i < decision->account_count; i++)
		p->actions[p->action_count++] = (struct plan_action){
			.kind = ACTION_DELIVER,
			.account = decision->accounts[i],
			.role = MAILBOX_INBOX,
		};
}

static void
add_fetched(const struct plan_source *s, struct plan *p)
{
	p->preconditions = mem_new(struct precondition);
	p->preconditions[0] = (struct precondition){
		.kind = PRECONDITION_NOT_FETCHED,
		.id = s->fetch,
		.name = s->uidl,
	};
	p->precondition_count = 1;
	p->actions[p->action_count++] = (struct plan_action){
		.kind = ACTION_FETCHED,
		.fetch = s->fetch,
		.uidl = s->uidl,
	};
}

void
plan_for_mail(const struct plan_source *s, const struct route_decision *decision,
    struct plan *out, struct buf *memory)
{
	struct plan p = {
		.mid = s->mid,
		.sid = s->sid,
		.author = s->author,
		.received_at = s->received_at,
		.received_zone = local_zone(s->received_at),
		.size_bytes = s->size_bytes,
		.digest = s->digest,
	};

	memcpy(p.sha256, s->sha256, sizeof(p.sha256));
	*memory = buf_init(POLICY_PLAN_RECIPIENTS_BYTES);
	add_lines(memory, s->recipients, s->recipient_count);
	p.actions = mem_array(struct plan_action, decision->account_count + 3);
	add_deliveries(decision, &p);
	p.actions[p.action_count++] = (struct plan_action){
		.kind = ACTION_ARCHIVE,
		.direction = s->author != 0 ? PLAN_INTERNAL : PLAN_IN,
		.sender = s->sender,
		.recipients = buf_slice(memory),
	};
	if (s->fetch != 0)
		add_fetched(s, &p);
	p.actions[p.action_count++] = (struct plan_action){
		.kind = ACTION_AUDIT,
		.audit_kind = SLICE("mail"),
		.actor = s->actor,
		.subject = s->mid,
		.detail = buf_slice(&decision->reasons),
	};
	*out = p;
}

void
plan_for_audit(const struct pending_audit_record *audit, struct plan *out)
{
	struct plan p = {
		.mid = SLICE("-"),
		.received_at = audit->at_s,
		.received_zone = local_zone(audit->at_s),
	};

	p.actions = mem_new(struct plan_action);
	p.action_count = 1;
	p.actions[0] = (struct plan_action){
		.kind = ACTION_AUDIT,
		.audit_kind = audit->kind,
		.actor = audit->actor,
		.subject = audit->subject,
		.detail = audit->detail,
	};
	*out = p;
}
