/*
 * maildrop.h -- the messages of an inbox as they were at login: numbers, sizes,
 * ids, and which are marked to be deleted.  No lock: other sessions go on, and
 * what they delete is ABSENT here once it is asked for.
 */
#ifndef POP3D_MAILDROP_H
#define POP3D_MAILDROP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "store/uidset.h"

struct maildrop;
struct store;

/* How a text must end on the wire: what it lacks is added behind it. */
enum {
	ENDING_LINE = 1,	/* its last line has no CRLF */
	ENDING_HEADER = 2,	/* no empty line ends its header: Outlook waits for one */
};

struct drop_entry {
	uint64_t uidl;
	uint64_t text;
	uint32_t uid;
	uint32_t text_size;
	uint32_t size_bytes;	/* exactly what RETR sends, stuffing apart */
	uint8_t ending;		/* ENDING_* bits */
	bool is_marked;
};

struct maildrop *maildrop_new(struct store *s, uint32_t account);
void maildrop_free(struct maildrop **d);
/*
 * Take the next part of the snapshot, in one short transaction.  Messages that
 * cannot be read are passed over and logged.
 * OK  it is complete    PENDING  call again    LIMIT  over POP3_MESSAGES_MAX    else as the store
 */
MUST_USE enum status maildrop_load(struct maildrop *d, const char *sid, struct problem *why);

/* Id of the inbox; 0 until the first part is loaded. */
uint32_t maildrop_mailbox(const struct maildrop *d);
/* Highest message number; marked ones keep theirs. */
uint32_t maildrop_count(const struct maildrop *d);
/* What STAT says: messages not marked, and their bytes. */
void maildrop_total(const struct maildrop *d, uint32_t *count, uint64_t *bytes);
/* Message n, from 1; NULL when there is none or it is marked.  Borrowed. */
const struct drop_entry *maildrop_entry(const struct maildrop *d, uint32_t n);
/*
 * Read a message number as a command's only argument.
 * SYNTAX  no number     ABSENT  no such message, or marked
 */
MUST_USE enum status maildrop_number(const struct maildrop *d, struct slice text, uint32_t *n);

/* n must be there.  LIMIT above POP3_MARKS_MAX. */
MUST_USE enum status maildrop_mark(struct maildrop *d, uint32_t n);
void maildrop_unmark_all(struct maildrop *d);
uint32_t maildrop_marked(const struct maildrop *d);
/* UIDs of the marked messages; *out is initialised here, uidset_clear(). */
MUST_USE enum status maildrop_marked_uids(const struct maildrop *d, struct uidset *out);

/* ENDING_* bits of a text by its last bytes (up to 4), its size and its header's length. */
uint8_t ending_of(struct slice tail, uint32_t size_bytes, uint32_t header_len);
uint32_t ending_size(uint8_t ending);

#endif
