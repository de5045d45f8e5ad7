/*
 * queue_client.h -- how relayd takes outgoing mail that is due, and says what
 * became of it.  An entry is one recipient of one message.  What is taken is
 * leased to the connection: nobody else gets it, and when the connection ends
 * it is due again.
 */
#ifndef STORE_QUEUE_CLIENT_H
#define STORE_QUEUE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "wire/smtp_dsn.h"

struct loop;
struct queue_client;

/* on_due: something may have become due, or the connection is new: take again. */
struct queue_client *queue_client_new(struct loop *l, const char *path,
    void (*on_due)(void *ctx), void *ctx);
void queue_client_free(struct queue_client **c);
/* Forget a call: its done will not be called. */
void queue_cancel(struct queue_client *c, uint32_t call);

/* What an entry waits for. */
enum queue_owed {
	QUEUE_OWES_MAIL,	/* to be sent */
	QUEUE_OWES_DELIVERED,	/* it is in its mailbox: its sender is to be told (NOTIFY=SUCCESS) */
	QUEUE_OWES_RELAYED,	/* the next server has it, which will not tell: the same */
	QUEUE_OWED_COUNT
};

struct queue_item {
	uint64_t id;
	uint64_t text;		/* items of one text can go in one transaction */
	uint32_t size_bytes;
	struct slice mid;
	struct slice sender;	/* envelope; empty: the null sender */
	struct slice recipient;
	uint32_t route, credential;	/* ids in policyd's directory; route 0: by MX */
	uint32_t author;	/* account; 0: nobody of ours */
	uint64_t made_at;
	uint32_t attempts;	/* before this one */
	bool is_delay_told;	/* the author knows that it is late */
	struct smtp_dsn_mail dsn;
	struct smtp_dsn_rcpt wish;
	uint8_t owed;		/* enum queue_owed */
	struct slice detail;	/* RELAYED: what the next server said */
};

/*
 * At most max entries that are due at now_s, longest due first.  next_due_at: when the next one
 * will be, 0: none waits.
 */
#define QUEUE_TAKE_MAX 200
typedef void queue_take_done(void *ctx, enum status st, const struct queue_item *items,
    uint32_t count, uint64_t next_due_at);
uint32_t queue_take(struct queue_client *c, uint32_t max, uint64_t now_s, queue_take_done *done,
    void *ctx);

/* The text as a sealed memfd, given. */
typedef void queue_text_done(void *ctx, enum status st, int fd, uint32_t size_bytes);
uint32_t queue_text(struct queue_client *c, uint64_t text, queue_text_done *done, void *ctx);

enum queue_outcome {
	QUEUE_SENT = 1,		/* the next server has it: the entry ends */
	QUEUE_LATER,		/* not now: due again at due_at */
	QUEUE_PUT_BACK,		/* not tried: due again at due_at, not counted as an attempt */
	QUEUE_RELAYED,		/* as SENT, but due at once: it owes that notice from now on */
};
/*
 * detail: where and with what answer, one line of printable text, for the audit and for mailadm
 * queue show.  What failed for good ends through policy_return() (policy/relay_client.h).
 */
typedef void queue_settle_done(void *ctx, enum status st);
uint32_t queue_settle(struct queue_client *c, uint64_t id, enum queue_outcome outcome,
    uint64_t due_at, struct slice detail, queue_settle_done *done, void *ctx);

#endif
