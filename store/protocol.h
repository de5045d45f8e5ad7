/*
 * protocol.h -- what stored answers on its four sockets.  Every answer begins
 * with u8 status (enum status) and slice why; the rest follows when it is OK.
 * Encoders and decoders of requests: client.h, plan_client.h, queue_client.h; tested as pairs.
 */
#ifndef STORE_PROTOCOL_H
#define STORE_PROTOCOL_H

enum store_request {
	/* store-work.sock: workers, under a grant */
	STORE_HELLO = 1,	/* -> an eventfd, signalled after commits */
	STORE_SESSION,		/* make the account's folders when it has none */
	STORE_APPEND,
	STORE_COPY,
	STORE_MOVE,
	STORE_FLAGS,
	STORE_EXPUNGE,
	STORE_MAILBOX_MAKE,
	STORE_MAILBOX_RENAME,
	STORE_MAILBOX_REMOVE,
	STORE_SUBSCRIBE,
	STORE_UNSUBSCRIBE,
	STORE_CLAIM_RECENT,
	/* store-plan.sock: policyd */
	STORE_PLAN = 100,	/* plan, text descriptor -> u64 change, u64 text id */
	STORE_THREAD,		/* keys of message ids -> author accounts */
	STORE_FETCHED,		/* fetch id, uidls and sizes -> what is known of each */
	STORE_FETCHED_KEEP,	/* fetch id, uidls still outside: forget the others */
	STORE_ARCHIVE_HEAD,	/* -> u64 store id, u64 entry, its hash */
	STORE_FETCHED_MARK,	/* fetch id, how far their removal outside has come, uidls and sizes */
	STORE_ACCOUNT_SET = 120,	/* accounts and their limits; limits.h */
	STORE_ACCOUNT_REMOVE,	/* account: all it has goes to its trash */
	STORE_ACCOUNT_USE,	/* accounts -> what each uses of its quota; limits.h */
	STORE_LOGINS,		/* a notice, and stored's own to workers: logins.h */
	/* store-queue.sock: relayd; queue_order.h */
	STORE_QUEUE_TAKE = 150,
	STORE_QUEUE_TEXT,
	STORE_QUEUE_SETTLE,
	STORE_QUEUE_DUE,
	/* store-admin.sock: mailadm */
	STORE_AUDIT_LIST = 200,	/* filters -> rows (STORE_ROW), then STORE_END */
	STORE_QUEUE_LIST,	/* -> queue_row_put() rows, then STORE_END */
	STORE_QUEUE_CHANGE,	/* queue_order_put() -> STORE_END */
	STORE_TRASH_CHANGE = 211,	/* put back or purge -> STORE_END */
	STORE_STATS = 220,	/* -> rows, then STORE_END */
	STORE_COMPACT = 230,	/* -> rows that tell how far it is, then STORE_END */
	STORE_HOLD,		/* while the connection lasts no text disappears -> STORE_END */
	STORE_PUT_BACK = 240,	/* one message of a backup, its text as a descriptor -> STORE_END */
	STORE_AUDIT_PUT = 250,	/* what an administrator looked at or did -> STORE_END */
	STORE_ROW = 300,
	STORE_END,
	/* no request: a job that stored gives itself (upkeep.h) */
	STORE_UPKEEP = 400,
};

#endif
