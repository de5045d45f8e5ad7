/*
 * thread.h -- SORT and THREAD of RFC 5256 over messages whose keys were computed
 * when they came in.  Nothing recurses; references that would make a circle are
 * passed over, and so are those behind the limits.
 */
#ifndef IMAPD_THREAD_H
#define IMAPD_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define THREAD_NODES_MAX 1000000	/* messages, and ids that none of them has */
#define THREAD_CLIMB_MAX 1000		/* levels that a search for a circle goes up */
#define SORT_KEYS_MAX 20

enum sort_key {
	SORT_ARRIVAL,
	SORT_CC,
	SORT_DATE,
	SORT_FROM,
	SORT_SIZE,
	SORT_SUBJECT,
	SORT_TO,
	SORT_KEY_COUNT
};

struct sort_order {
	enum sort_key keys[SORT_KEYS_MAX];
	bool is_reverse[SORT_KEYS_MAX];
	unsigned count;
};

/* Texts lie in the list's memory, since that grows. */
struct thread_text {
	uint32_t at, len;
};

struct thread_message {
	uint32_t number;	/* what is told: a number or a UID; each above the one before */
	int64_t arrival, date;
	uint32_t size_bytes;
	struct thread_text from, to, cc, subject;
	bool is_reply;		/* by its subject, "Re: x" */
	uint64_t id;		/* message_id_key(); 0: none */
	struct thread_text references;	/* u64 keys as they lie in memory, oldest first */
};

struct thread_list {
	struct thread_message *messages;
	uint32_t count, cap;
	struct buf memory;
};

struct thread_list thread_list_init(void);
void thread_list_clear(struct thread_list *l);
/* Append a text to the memory. */
enum status thread_text_put(struct thread_list *l, struct slice s, struct thread_text *out);
void thread_list_add(struct thread_list *l, const struct thread_message *m);

/* Reorders the list. */
void thread_sort(struct thread_list *l, const struct sort_order *order);
/* Append " (1 2)(3)", nothing when the list is empty. */
void thread_by_references(const struct thread_list *l, struct buf *out);
void thread_by_subject(const struct thread_list *l, struct buf *out);

#endif
