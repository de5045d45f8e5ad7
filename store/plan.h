/*
 * plan.h -- what a message causes, as a value: policyd decides it, stored
 * executes it in one transaction.  It can be printed, tested and run dry.
 */
#ifndef STORE_PLAN_H
#define STORE_PLAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "wire/smtp_dsn.h"

#define PLAN_ACTIONS_MAX 4096
#define PLAN_PRECONDITIONS_MAX 256
#define AUDIT_DETAIL_MAX 3000

enum plan_direction { PLAN_IN, PLAN_OUT, PLAN_INTERNAL };

/* Checked inside the transaction; when one fails nothing happens. */
enum precondition_kind {
	PRECONDITION_NOT_FETCHED = 1,	/* fetch id, uidl: else the answer is EXISTS */
	PRECONDITION_QUEUED,		/* queue entry: else the answer is STALE */
};

struct precondition {
	uint8_t kind;
	uint32_t id;		/* NOT_FETCHED: fetch account */
	struct slice name;	/* NOT_FETCHED: uidl */
	uint64_t entry;		/* QUEUED: queue id */
	uint64_t size_bytes;	/* NOT_FETCHED: as listed, 0: not said (fetched_is_known()) */
};

enum plan_action_kind {
	ACTION_DELIVER = 1,	/* into a mailbox of account */
	ACTION_ARCHIVE,		/* one archive entry: sender and recipients of the envelope */
	ACTION_QUEUE,		/* to recipient, by route; or what its sender is to be told of it */
	ACTION_FETCHED,		/* remember uidl of fetch */
	ACTION_AUDIT,		/* write down what was decided, and why */
	ACTION_QUEUE_END,	/* a queue entry failed for good: its author is being told */
	ACTION_QUEUE_DELAYED,	/* its author is being told that it waits */
};

struct plan_action {
	uint8_t kind;
	uint8_t text;		/* DELIVER, QUEUE: 0 the message, i the i-th of the plan's others */
	uint32_t account;	/* DELIVER */
	uint8_t role;		/* DELIVER: enum mailbox_role; the account's folder with that role */
	uint64_t flags;		/* DELIVER: system flags */
	bool needs_room;	/* DELIVER: not into a full account (quota.h): then FULL */
	uint8_t direction;	/* ARCHIVE: enum plan_direction */
	struct slice sender;	/* ARCHIVE, QUEUE; empty: the null sender */
	struct slice recipients;	/* ARCHIVE: separated by LF.  QUEUE: one */
	uint32_t route, credential;	/* QUEUE: ids in the directory */
	struct smtp_dsn_rcpt wish;	/* QUEUE */
	uint8_t owed;		/* QUEUE: enum queue_owed (queue_client.h) */
	uint64_t entry;		/* QUEUE_END, QUEUE_DELAYED: queue id */
	uint32_t fetch;		/* FETCHED */
	struct slice uidl;	/* FETCHED */
	uint64_t size_bytes;	/* FETCHED: as listed outside, 0: not said */
	struct slice audit_kind, actor, subject, detail;	/* AUDIT; detail: lines of UTF-8 */
};

/* Another form of the message, for those copies that rules changed: as it goes outside, say. */
struct plan_text {
	uint32_t size_bytes;	/* at least 1 */
	uint8_t sha256[SHA256_LEN];
	struct slice digest;
};
#define PLAN_OTHERS_MAX 16

struct plan {
	struct slice mid;
	struct slice sid;
	uint32_t author;	/* account that wrote the message, 0: nobody of ours */
	uint64_t received_at;
	int16_t received_zone;
	struct smtp_dsn_mail dsn;	/* QUEUE: of all of them */
	/*
	 * The text travels as a sealed memfd beside the plan, with the others behind it in their
	 * order; size 0: no text, and no others.
	 */
	uint32_t size_bytes;
	uint8_t sha256[SHA256_LEN];
	struct slice digest;	/* store/digest.h */
	uint32_t other_count;
	struct plan_text *others;
	uint32_t precondition_count;
	struct precondition *preconditions;
	uint32_t action_count;
	struct plan_action *actions;
};

/* LIMIT when it has too many parts or does not fit a frame. */
MUST_USE enum status plan_encode(const struct plan *p, struct buf *out);
/* Slices are borrowed from payload, arrays are given: plan_clear().  CORRUPT. */
MUST_USE enum status plan_decode(struct slice payload, struct plan *out);
void plan_clear(struct plan *p);
/* Append a readable form, an action a line, for logs, tests and dry runs. */
void plan_print(const struct plan *p, struct buf *out);

#endif
