/*
 * relay_testing.h -- relayd between a store, a policyd and a server that are
 * played: the clients of store and policy are defined in relay_testing.c, and
 * answer from the loop.  One world at a time.  Include base/check.h first.
 */
#ifndef SMTPD_RELAY_TESTING_H
#define SMTPD_RELAY_TESTING_H

#include "base/buf.h"
#include "policy/relay_client.h"
#include "smtpd/relay.h"
#include "smtpd/relay_settings.h"
#include "store/queue_client.h"

#define ENTRIES_MAX 400

struct ask;
struct listener;
struct server_conn;

struct kept {
	struct queue_item item;
	char recipient[64];
	bool is_leased, is_over;
	enum queue_outcome outcome;
	uint64_t due_at;
	unsigned settled, returned, delayed;
	char detail[600];
};

struct world {
	struct loop *loop;
	struct relay_settings settings;
	struct relay *relay;
	struct kept entries[ENTRIES_MAX];
	uint32_t entry_count;
	struct ask *asks;
	uint32_t ask_number;
	enum status settle_status, route_status, return_status, text_status;
	struct policy_route route;
	void (*on_due)(void *ctx);
	void *on_due_ctx;
	unsigned texts, returns;
	bool holds_texts;		/* questions for texts wait */
	bool return_had_text;
	enum return_kind return_kind;
	struct buf notice;
	/* The server. */
	struct listener *listener;
	int listen_fd;
	uint16_t port;
	struct server_conn *conns;
	unsigned connections, open_connections, most_connections, messages, recipients;
	bool is_silent, drops_after_dot, is_mute_after_dot, has_dsn;
	struct buf said;		/* MAIL and RCPT lines that it heard */
	size_t ends;
};

/* An empty queue, a route to a server that listens; world_clear() ends it. */
void world_open(struct world *w);
void world_clear(struct world *w);
/* Start relayd in it. */
void world_start(struct world *w);
/* The server is gone. */
void server_stop(struct world *w);
/* It closes every connection, and takes new ones. */
void server_hang_up(struct world *w);
/* It says something on its newest connection. */
void server_say(struct world *w, const char *line);
/* One more recipient of a text; its local part is what the server answers to RCPT. */
struct kept *add_entry(struct world *w, uint64_t text_id, const char *sender,
    const char *recipient);
/* Answer the oldest question, if there is one. */
void answer_one(void *unused);
/* Let everything happen that can happen in so long. */
void turn(struct world *w, unsigned ms);
/* Until every entry is settled or returned. */
void until_settled(struct world *w);
bool notice_holds(const struct world *w, const char *want);

#endif
