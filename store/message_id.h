/*
 * message_id.h -- which text has which Message-ID, and who of ours wrote it:
 * how an answer from outside finds back to the person it answers.
 */
#ifndef STORE_MESSAGE_ID_H
#define STORE_MESSAGE_ID_H

#include "store/env.h"

#define MESSAGE_ID_AGE 20000	/* texts whose keys lie together on disk */
#define MESSAGE_ID_AGES_MAX 500	/* how many of those a lookup goes back */

struct message_id_row {
	uint64_t key;		/* message_id_key() */
	uint64_t text;
	uint32_t author;	/* account; 0: nobody of ours */
	uint8_t direction;	/* enum plan_direction */
};

/* For the writer. */
MUST_USE enum status message_id_put(struct txn *t, const struct message_id_row *row,
    struct problem *why);
/* The text is gone.  What one of ours wrote stays known: answers to it may still come. */
MUST_USE enum status message_id_forget(struct txn *t, uint64_t key, uint64_t text,
    struct problem *why);
/* The newest with this key, among texts up to newest_text.  ABSENT. */
MUST_USE enum status message_id_find(struct txn *t, uint64_t key, uint64_t newest_text,
    struct message_id_row *out, struct problem *why);

#endif
