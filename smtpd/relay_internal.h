/*
 * relay_internal.h -- what the parts of relayd share.
 *
 *   relay.c              takes entries from the queue; beginning and end
 *   relay_route.c        how a route goes, asked of policyd, for batches that wait for it
 *   relay_batch.c        entries of one message that go together, and their text
 *   relay_settle.c       what became of an entry, told to stored until it is on disk
 *   relay_wishes.c       what senders want to hear of their mail, for the next server
 *   relay_return.c       notices to authors, given to policyd until they are on disk
 *   relay_destination.c  a smarthost, or a domain: batches that wait, connections, back-off
 *   relay_link.c         one connection, from finding the host to its end
 *   relay_tls.c          TLS contexts for clients, kept
 */
#ifndef SMTPD_RELAY_INTERNAL_H
#define SMTPD_RELAY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/slice.h"
#include "base/table.h"
#include "policy/relay_client.h"
#include "smtpd/mx.h"
#include "smtpd/relay.h"
#include "smtpd/relay_schedule.h"
#include "smtpd/relay_session.h"
#include "smtpd/relay_settings.h"
#include "smtpd/relay_text.h"
#include "store/queue_client.h"

enum {
	RELAY_ENTRIES_MAX = 1000,	/* in hand at one time */
	RELAY_WAITING_MAX = 300,	/* of these for one destination; others go back */
	RELAY_TAKE_MIN = 50,		/* room that a call is worth */
	RELAY_AGAIN_MAX = 20,		/* transactions that an entry did not get into */
	RELAY_DETAIL_MAX = 480,		/* stored keeps little more */
	RELAY_TEXTS_MAX = 256 * 1024 * 1024,	/* bytes of texts in memory, or a single larger one */
	RELAY_NOTICE_DETAIL_MAX = 1000,	/* policyd takes no more */
};

struct relay_batch;
struct relay_destination;
struct relay_link;
struct relay_route;
struct relay_tls_kept;

struct relay {
	struct loop *loop;
	const struct relay_settings *settings;
	struct relay_schedule schedule;
	struct buf hostname;		/* what we call ourselves */
	struct buf mail_hostname;	/* what smtpd calls itself */
	struct buf instance;		/* absolute path of its folder, "/" behind it */
	struct slice domain;
	struct dns_address *own;	/* addresses of this machine */
	uint32_t own_count;
	struct queue_client *queue;
	struct policy_client *policy;
	struct dns *dns;
	struct relay_tls_kept *tls;		/* list */

	struct table *entries;		/* in hand, by id */
	struct relay_batch *batches;	/* all of them, a list */
	struct relay_route *routes;	/* list */
	struct relay_destination *destinations;	/* list; the one served last is last */
	struct relay_entry *unsettled;	/* list: to be told to stored again */
	struct timer *settle_timer;
	struct relay_notice *notices;	/* list: on their way to policyd */
	struct relay_batch *owed;	/* list, by next_waiting: that owe notices, just taken */
	uint32_t link_count;
	uint64_t text_bytes;		/* of texts that are loaded or asked for */
	uint32_t settling;		/* entries that stored is being told of */

	uint32_t take_call, take_asked;
	bool take_again;
	uint64_t wake_at;		/* when the timer takes; 0: it does not run */
	struct timer *take_timer;
	struct timer *sweep_timer;

	void (*stopped)(void *ctx);	/* not NULL: stopping */
	void *stopped_ctx;
	struct timer *stop_timer;
};

/* Seconds since 1970. */
uint64_t relay_now(void);
/* Something will be due then. */
void relay_wake_at(struct relay *r, uint64_t at_s);
/* An entry ended or a link did: there may be room for more, or nothing left while stopping. */
void relay_entry_ended(struct relay *r);
void relay_check_stopped(struct relay *r);

/* Entries and batches */

struct relay_entry {
	struct relay_batch *batch;
	uint64_t id;
	char *recipient;
	size_t recipient_len;
	uint64_t made_at;
	uint32_t attempts;
	bool is_delay_told;
	struct smtp_dsn_rcpt wish;	/* its orcpt is the entry's */
	bool is_passed_on;		/* the server that has it will tell of it */
	bool is_ended;			/* nothing more is done about it */
	uint32_t agains;
	bool has_result;
	struct relay_result result;
	/* What stored is told. */
	struct relay_entry *next_unsettled;
	enum queue_outcome outcome;
	uint64_t due_at;
};

enum relay_load { RELAY_UNLOADED, RELAY_LOADING, RELAY_LOADED };

struct relay_batch {
	struct relay *relay;
	struct relay_batch *prev, *next;	/* all batches */
	struct relay_batch *next_waiting;	/* of its route or destination */
	struct relay_destination *destination;	/* NULL: not placed yet, or concluded */
	struct relay_link *link;		/* that sends it */
	uint64_t text_id;
	uint32_t size_bytes, route, author;
	char *mid, *sender, *domain;
	size_t sender_len;
	struct smtp_dsn_mail dsn;		/* its envid is the batch's */
	enum queue_owed owed;			/* a notice: it goes nowhere else */
	struct relay_entry *entries[RELAY_RECIPIENTS_MAX];
	uint32_t count;
	uint32_t open;			/* entries that are not ended */
	uint32_t notices;		/* that still need the batch */
	char remote[320];		/* "host[address]:port" of the last attempt */
	char remote_host[260];

	enum relay_load load;
	struct relay_text text;
	uint32_t text_call;
	void (*loaded)(struct relay_batch *b, enum status st);
};

/* A batch of one new entry. */
struct relay_batch *relay_batch_new(struct relay *r, const struct queue_item *item);
/* Another batch of the same message, sender and route, without entries. */
struct relay_batch *relay_batch_like(const struct relay_batch *b);
/* Frees it when nothing needs it any more. */
void relay_batch_check(struct relay_batch *b);
void relay_batch_free(struct relay_batch *b);
/* Move entries of from into b, as many as fit, when they can go together; from may be freed. */
bool relay_batch_join(struct relay_batch *b, struct relay_batch *from);
/*
 * Have the text; loaded is called from the loop, or at once.  BUSY, ABSENT and so on: it cannot be
 * had now.
 */
void relay_batch_load(struct relay_batch *b, void (*loaded)(struct relay_batch *b, enum status st));
/* Ask for the text now, to have it when it is needed. */
void relay_batch_prefetch(struct relay_batch *b);
/* The text is there, or there is room for it in memory. */
bool relay_batch_may_load(const struct relay_batch *b);
/* Nobody waits for the text any more. */
void relay_batch_leave(struct relay_batch *b);
/* The text is not needed now. */
void relay_batch_unload(struct relay_batch *b);
/* All entries have results: settle them, tell authors, make a new batch of those to go again. */
void relay_batch_conclude(struct relay_batch *b);
/* The same with one result for all entries that have none. */
void relay_batch_conclude_with(struct relay_batch *b, const struct relay_result *result);
/* Nothing was tried: due again then, unless it is time to give up or to tell the author. */
void relay_batch_put_back(struct relay_batch *b, uint64_t due_at, const struct relay_result *why);
/*
 * The same where the reason is ours: however old it is, nobody is told.  After days without
 * power all mail is old, and none of it was tried.
 */
void relay_batch_postpone(struct relay_batch *b, uint64_t due_at, const struct relay_result *why);
/* How old the oldest entry is. */
uint64_t relay_batch_made_at(const struct relay_batch *b);

/* Tell stored, again and again until it has it; then the entry ends. */
void relay_settle_entry(struct relay_entry *e, enum queue_outcome outcome, uint64_t due_at);
/* Append where it went and with what answer, for stored: as much as fits. */
void relay_entry_detail(const struct relay_entry *e, struct buf *out);
/* The entry is over and done with. */
void relay_entry_end(struct relay_entry *e);
/* The settle timer. */
void relay_settle_again(void *ctx);

/* Notices */

/* What is told, and to whom. */
struct relay_told {
	enum return_kind kind;
	bool is_expired;
	bool is_silent;			/* nobody wants to hear of it: policyd ends the entries */
};

struct relay_notice {
	struct relay_notice *prev, *next;
	struct relay_batch *batch;
	struct relay_told told;
	uint64_t ids[RELAY_RECIPIENTS_MAX];
	uint32_t indices[RELAY_RECIPIENTS_MAX];	/* of the batch's entries */
	uint32_t count;
	int fd;				/* -1: none yet, or nobody is told */
	uint32_t size_bytes;
	char mid[ID_SID_LEN + 1];
	struct buf detail;
	uint32_t call;
	uint32_t failures;
	struct timer *timer;
};

/* A notice for some entries of a batch; takes care of itself and of them from now on. */
void relay_notice_start(struct relay_batch *b, struct relay_told told, const uint32_t *indices,
    uint32_t count);
/* Take in an entry that owes a notice; those of one message that came together share one. */
void relay_owed_add(struct relay *r, const struct queue_item *item);
/* No more came: make their notices. */
void relay_owed_tell(struct relay *r);
void relay_notice_free(struct relay_notice *n);

/* Routes */

struct relay_route {
	struct relay_route *next;
	struct relay *relay;
	uint32_t id;
	uint32_t generation;		/* counts changes: links of another one are not used on */
	uint64_t known_ms;		/* when policyd said it last; 0: never */
	uint32_t call;
	char *name, *host, *ca_path, *user;
	uint16_t port;
	bool is_lmtp, checks_certificate;
	enum relay_tls tls;
	uint32_t credential;
	struct relay_batch *first, *last;	/* waiting for policyd's answer */
};

/* Find the way for a new batch, and put it where it belongs. */
void relay_route_place(struct relay *r, struct relay_batch *b);
void relay_route_free(struct relay_route *route);

/* Destinations */

struct relay_destination {
	struct relay_destination *next;
	struct relay *relay;
	struct relay_route *route;
	char *domain;			/* NULL: the route names the host */
	struct relay_batch *first, *last;
	uint32_t waiting;		/* entries */
	uint64_t busy_since_ms;		/* since when some wait without a break */
	uint32_t passed;		/* entries whose turn came since then */
	uint64_t put_off_to_ms;		/* when those that went back will have had their turn */
	struct relay_link *links;
	uint32_t link_count, starting_count;
	uint32_t failures;		/* connections in a row */
	bool is_answering;		/* the last one came to where mail can be sent */
	uint64_t blocked_until;
	uint64_t used_at;
	struct relay_result failure;	/* the last one */
};

/* Hand a batch to the destination of a route; domain NULL: the route's own host. */
void relay_destination_place(struct relay_route *route, const char *domain,
    struct relay_batch *b);
/* Put a batch in front of those that wait.  Pumps nothing. */
void relay_destination_return(struct relay_destination *d, struct relay_batch *b);
/* Use its links, or make new ones, as the limits allow. */
void relay_destination_pump(struct relay_destination *d);
/* A connection became free, or ended: somebody may wait for one. */
void relay_destinations_pump(struct relay *r);
/* A connection could not be made; the link is gone. */
void relay_destination_failed(struct relay_destination *d, const struct relay_result *why);
/* The route goes another way now: what is known about its destinations counts no more. */
void relay_destinations_forgive(struct relay_route *route);
/* Free those that nothing is known about that matters. */
void relay_destinations_sweep(struct relay *r);
void relay_destination_free(struct relay_destination *d);

/* Links */

enum relay_link_state {
	RELAY_LINK_FINDING,	/* MX, addresses */
	RELAY_LINK_DIALING,
	RELAY_LINK_STARTING,	/* a session is not idle yet */
	RELAY_LINK_IDLE,
	RELAY_LINK_LOADING,	/* has a batch, whose text is to come */
	RELAY_LINK_BUSY,	/* sends it */
};

struct relay_link {
	struct relay_link *next;
	struct relay_destination *destination;
	enum relay_link_state state;
	uint32_t generation;		/* of the route, when it was begun */
	uint32_t dials;
	char sid[ID_SID_LEN + 1];
	struct mx_search *search;
	struct mx_list hosts;
	uint32_t host_at;
	struct dns_call *lookup;
	struct dns_address addresses[DNS_HOSTS_MAX];
	uint32_t address_count, address_at;
	struct dial *dial;
	struct relay_session *session;
	struct tls_context *tls;	/* borrowed from tls_kept */
	struct relay_tls_kept *tls_kept;
	bool is_tls_off;		/* the handshake failed, and it may go without */
	uint32_t secret_call;
	struct relay_batch *batch;
	struct relay_message message;
	struct slice recipients[RELAY_RECIPIENTS_MAX];
	struct relay_wishes *wishes;	/* of the message; NULL: it has none */
	struct timer *idle_timer;
	struct relay_result failure;	/* of the last host tried */
	bool has_failure;
};

void relay_link_new(struct relay_destination *d);
/* Send a batch over an idle link. */
void relay_link_give(struct relay_link *k, struct relay_batch *b);
/* End it, whatever it does; a batch on it goes nowhere any more. */
void relay_link_free(struct relay_link *k);
/* An idle link of anybody's, ended to make room; false when there is none. */
bool relay_link_evict(struct relay *r);

/* Wishes */

/* What the next server is told of what a batch's senders want to hear (RFC 3461 s.5.2.1). */
struct relay_wishes {
	struct smtp_dsn_mail mail;
	struct smtp_dsn_rcpt recipients[RELAY_RECIPIENTS_MAX];
	struct buf memory;
};

/* For a batch whose text is loaded; NULL when there is nothing to say.  Given: relay_wishes_free(). */
struct relay_wishes *relay_wishes_of(const struct relay_batch *b);
void relay_wishes_free(struct relay_wishes **w);
/* NOTIFY of this entry, or what is usual, has that among what its sender wants to hear. */
bool relay_entry_wants(const struct relay_entry *e, enum smtp_notify what);

/* TLS contexts */

/* The context for a route's certificate rules; release it with relay_tls_put(). */
MUST_USE enum status relay_tls_get(struct relay *r, bool checks, const char *ca_path,
    struct relay_tls_kept **out, struct tls_context **context, struct problem *why);
void relay_tls_put(struct relay_tls_kept *t);
/* Frees all; nobody uses any. */
void relay_tls_free(struct relay *r);

#endif
