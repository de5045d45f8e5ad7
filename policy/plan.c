#include "policy/plan.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "store/flags.h"
#include "store/mailbox.h"
#include "store/queue_client.h"
#include "store/spool.h"

#define NOTICE_DETAIL_MAX 600	/* of the notice about a mail: an id and a login */

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

static struct plan_action *
add_action(struct plan *p, enum plan_action_kind kind)
{
	struct plan_action *a = &p->actions[p->action_count++];

	a->kind = (uint8_t)kind;
	return a;
}

static void
add_deliveries(const struct route_decision *decision, struct plan *p)
{
	for (uint32_t i = 0; decision != NULL && i < decision->account_count; i++) {
		struct plan_action *a = add_action(p, ACTION_DELIVER);

		a->account = decision->accounts[i];
		a->role = MAILBOX_INBOX;
		/* Mail for several is not held up by one of them who is full. */
		a->needs_room = decision->account_count == 1;
	}
}

static void
add_sent_copy(const struct plan_source *s, struct plan *p)
{
	struct plan_action *a;

	if (!s->has_sent_copy || s->author == 0)
		return;
	a = add_action(p, ACTION_DELIVER);
	a->account = s->author;
	a->role = MAILBOX_SENT;
	a->flags = FLAG_SEEN;
}

static bool
goes_outside(const struct plan_source *s)
{
	return s->leaving != NULL && s->leaving->count > 0;
}

static void
add_outside(const struct plan_source *s, struct plan *p)
{
	if (!goes_outside(s))
		return;
	p->others = mem_new(struct plan_text);
	p->other_count = 1;
	p->others[0].size_bytes = s->outside->size_bytes;
	memcpy(p->others[0].sha256, s->outside->sha256, sizeof(p->others[0].sha256));
	p->others[0].digest = s->outside->record;
	for (uint32_t i = 0; i < s->leaving->count; i++) {
		const struct leaving_recipient *r = &s->leaving->recipients[i];
		struct plan_action *a = add_action(p, ACTION_QUEUE);

		a->text = 1;
		a->sender = slice_from_cstr(s->leaving->sender);
		a->recipients = r->address;
		a->route = r->route;
		a->credential = r->credential;
		if (s->wishes != NULL)
			a->wish = s->wishes[r->at];
	}
}

/*
 * RFC 3461 s.6.1: of what is in its mailbox the sender is told, if that was asked for; behind an
 * address of several people, too, who all get it at once (s.5.2.7.2).  Nobody is told at a null
 * sender, nor at an address that could not be queued.
 */
static bool
owes_notice(const struct plan_source *s, uint32_t i)
{
	uint8_t notify = s->wishes != NULL ? s->wishes[s->leaving->inside_at[i]].notify : 0;

	return smtp_notify_wants(notify, SMTP_NOTIFY_SUCCESS) && s->sender.len > 0 &&
	    s->sender.len <= SPOOL_ADDRESS_MAX && s->leaving->inside[i].len <= SPOOL_ADDRESS_MAX;
}

bool
plan_owes_receipt(const struct plan_source *s)
{
	bool owes = false;

	for (uint32_t i = 0; s->leaving != NULL && i < s->leaving->inside_count && !owes; i++)
		owes = owes_notice(s, i);
	return owes;
}

static void
add_owed(const struct plan_source *s, struct plan *p)
{
	if (s->leaving == NULL || s->has_no_receipt)
		return;
	for (uint32_t i = 0; i < s->leaving->inside_count; i++) {
		struct plan_action *a;

		if (!owes_notice(s, i))
			continue;
		a = add_action(p, ACTION_QUEUE);
		a->sender = s->sender;
		a->recipients = s->leaving->inside[i];
		a->wish = s->wishes[s->leaving->inside_at[i]];
		a->owed = QUEUE_OWES_DELIVERED;
	}
}

static void
add_fetched(const struct plan_source *s, struct plan *p)
{
	p->preconditions = mem_new(struct precondition);
	p->preconditions[0] = (struct precondition){
		.kind = PRECONDITION_NOT_FETCHED,
		.id = s->fetch,
		.name = s->uidl,
		.size_bytes = s->listed_bytes,
	};
	p->precondition_count = 1;
	p->actions[p->action_count++] = (struct plan_action){
		.kind = ACTION_FETCHED,
		.fetch = s->fetch,
		.uidl = s->uidl,
		.size_bytes = s->listed_bytes,
	};
}

static void
plan_begin(const struct plan_source *s, struct plan *p)
{
	*p = (struct plan){
		.mid = s->mid,
		.sid = s->sid,
		.author = s->author,
		.received_at = s->received_at,
		.received_zone = local_zone(s->received_at),
		.size_bytes = s->size_bytes,
		.digest = s->digest,
		.dsn = s->dsn,
	};
	memcpy(p->sha256, s->sha256, sizeof(p->sha256));
}

static void
add_archive(struct plan *p, enum plan_direction direction, struct slice sender,
    struct slice recipients)
{
	struct plan_action *a = add_action(p, ACTION_ARCHIVE);

	a->direction = (uint8_t)direction;
	a->sender = sender;
	a->recipients = recipients;
}

static void
add_audit(struct plan *p, const char *kind, struct slice actor, struct slice subject,
    struct slice detail)
{
	struct plan_action *a = add_action(p, ACTION_AUDIT);

	a->audit_kind = slice_from_cstr(kind);
	a->actor = actor;
	a->subject = subject;
	a->detail = detail;
}

/* Whole lines of both, as far as they fit. */
static void
add_reasons(struct buf *out, struct slice reasons)
{
	size_t max = out->len + AUDIT_DETAIL_MAX;

	while (reasons.len > 0) {
		struct slice line = slice_sub(reasons, 0, slice_find_byte(reasons, '\n') + 1);

		if (out->len + line.len > max)
			return;
		buf_append(out, line);
		reasons = slice_skip(reasons, line.len);
	}
}

/* Envelope and reasons in one memory that grows no more before slices of it are made. */
static void
fill_memory(const struct plan_source *s, const struct route_decision *decision,
    struct buf *memory, struct slice *recipients, struct slice *detail)
{
	size_t at;

	*memory = buf_init(POLICY_PLAN_RECIPIENTS_BYTES + 2 * AUDIT_DETAIL_MAX);
	add_lines(memory, s->recipients, s->recipient_count);
	at = memory->len;
	if (s->has_no_receipt)
		add_reasons(memory, SLICE("step=receipt none why=too-many-for-domain-or-all\n"));
	if (goes_outside(s))
		add_reasons(memory, buf_slice(&s->leaving->reasons));
	if (decision != NULL)
		add_reasons(memory, buf_slice(&decision->reasons));
	*recipients = slice_sub(buf_slice(memory), 0, at);
	*detail = slice_sub(buf_slice(memory), at, AUDIT_DETAIL_MAX);
	if (memory->len - at > AUDIT_DETAIL_MAX)
		detail->len = slice_find_last_byte(*detail, '\n');
}

void
plan_for_mail(const struct plan_source *s, const struct route_decision *decision,
    struct plan *out, struct buf *memory)
{
	uint32_t accounts = decision != NULL ? decision->account_count : 0;
	uint32_t outside = goes_outside(s) ? s->leaving->count : 0;
	uint32_t inside = s->leaving != NULL ? s->leaving->inside_count : 0;
	struct slice recipients, detail;
	struct plan p;

	fill_memory(s, decision, memory, &recipients, &detail);
	plan_begin(s, &p);
	p.actions = mem_array(struct plan_action, accounts + inside + outside + 4);
	add_deliveries(decision, &p);
	add_sent_copy(s, &p);
	add_outside(s, &p);
	add_owed(s, &p);
	if (outside > 0)
		add_archive(&p, PLAN_OUT, s->sender, recipients);
	else
		add_archive(&p, s->author != 0 ? PLAN_INTERNAL : PLAN_IN, s->sender, recipients);
	if (s->fetch != 0)
		add_fetched(s, &p);
	add_audit(&p, "mail", s->actor, s->mid, detail);
	*out = p;
}

/* To a mailbox of ours, or out again with a null sender: what fails on that way is told to nobody. */
static void
add_told(const struct plan_told *told, struct plan *p)
{
	struct plan_action *a;

	if (told->account != 0) {
		a = add_action(p, ACTION_DELIVER);
		a->account = told->account;
		a->role = MAILBOX_INBOX;
		add_archive(p, PLAN_IN, (struct slice){ 0 }, told->login);
		return;
	}
	a = add_action(p, ACTION_QUEUE);
	a->recipients = told->outside.address;
	a->route = told->outside.route;
	a->credential = told->outside.credential;
	a->wish.notify = SMTP_NOTIFY_NEVER;
	add_archive(p, PLAN_OUT, (struct slice){ 0 }, told->outside.address);
}

static void
add_entries(const struct policy_returned *returned, enum plan_action_kind kind, struct plan *p,
    struct buf *memory)
{
	for (uint32_t i = 0; i < returned->entry_count; i++) {
		add_action(p, kind)->entry = returned->entries[i];
		p->preconditions[p->precondition_count++] = (struct precondition){
			.kind = PRECONDITION_QUEUED,
			.entry = returned->entries[i],
		};
		buf_printf(memory, i > 0 ? ",%llu" : "%llu",
		    (unsigned long long)returned->entries[i]);
	}
	buf_append_byte(memory, '\n');
}

void
plan_for_return(const struct plan_source *s, const struct policy_returned *returned,
    const struct plan_told *told, struct plan *out, struct buf *memory)
{
	static const char *const audits[] = {
		[RETURN_FAILED] = "mail.failed",
		[RETURN_DELAYED] = "mail.delayed",
		[RETURN_DELIVERED] = "mail.delivered",
		[RETURN_RELAYED] = "mail.relayed",
	};
	struct slice who = told->account != 0 ? told->login : told->outside.address;
	bool has_text = s->size_bytes > 0;
	size_t end;	/* of the mail's record: then comes the notice's own */
	struct plan p;

	*memory = buf_init(AUDIT_DETAIL_MAX + NOTICE_DETAIL_MAX);
	plan_begin(s, &p);
	p.actions = mem_array(struct plan_action, returned->entry_count + 4);
	p.preconditions = mem_array(struct precondition, returned->entry_count);
	if (has_text)
		add_told(told, &p);
	buf_printf(memory, "%.*s\ntold=%.*s notice=%.*s entries=", SLICE_ARG(returned->detail),
	    SLICE_ARG(has_text ? who : SLICE("nobody")),
	    SLICE_ARG(has_text ? s->mid : SLICE("none")));
	add_entries(returned, returned->kind == RETURN_DELAYED ? ACTION_QUEUE_DELAYED :
	    ACTION_QUEUE_END, &p, memory);
	end = memory->len;
	buf_printf(memory, "step=notice about=%.*s -> %.*s\n", SLICE_ARG(returned->about),
	    SLICE_ARG(who));
	add_audit(&p, audits[returned->kind], s->actor, returned->about,
	    slice_sub(buf_slice(memory), 0, end < AUDIT_DETAIL_MAX ? end : AUDIT_DETAIL_MAX));
	if (has_text)
		add_audit(&p, "mail", s->actor, s->mid, slice_skip(buf_slice(memory), end));
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
