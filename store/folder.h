/*
 * folder.h -- for the writer: a mailbox while messages come and go in it.
 * Keeps the row's counters, the account's, and the chunk of flags at hand, and
 * writes each once: operations in ascending order of UIDs touch few rows.
 */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <stdbool.h>

#include "store/change.h"
#include "store/flags.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/uidset.h"

struct folder {
	struct mailbox_row row;		/* its name lies in name */
	char name[MAILBOX_NAME_MAX];
	int64_t bytes, messages;	/* what the account has more */
	uint64_t expunged_before;	/* once one was removed: the change that did so before */
	uint32_t chunk_number;
	bool is_chunk_loaded, is_chunk_changed;
	struct flags_chunk chunk;
};

/*
 * Open a mailbox that belongs to account.
 * ABSENT no such mailbox; DENIED it is another's.
 */
MUST_USE enum status folder_open(struct change *c, uint32_t account, uint32_t mailbox,
    struct folder *f, struct problem *why);
/* Write what changed. */
MUST_USE enum status folder_save(struct change *c, struct folder *f, struct problem *why);

/* A message comes in: row->uid and saved_at are given.  LIMIT the UIDs are used up. */
MUST_USE enum status folder_add(struct change *c, struct folder *f, struct message_row *row,
    uint64_t flags, struct problem *why);
/* A message goes; its rows are given.  ABSENT. */
MUST_USE enum status folder_remove(struct change *c, struct folder *f, uint32_t uid,
    struct message_row *row, uint64_t *flags, struct problem *why);
/* Flags of a message.  *entry is borrowed until the next call; ABSENT. */
MUST_USE enum status folder_flags(struct change *c, struct folder *f, uint32_t uid,
    const struct flags_entry **entry, struct problem *why);
MUST_USE enum status folder_set_flags(struct change *c, struct folder *f, uint32_t uid,
    uint64_t flags, struct problem *why);
/*
 * UIDs of messages that are in the mailbox and in [from, ...) of uids, ascending, at most max.
 * *found is the caller's to clear.  *next: where to go on; 0 when there are no more.
 */
MUST_USE enum status folder_list(struct change *c, struct folder *f, const struct uidset *uids,
    uint32_t from, uint32_t max, struct uidset *found, uint32_t *next, struct problem *why);

#endif
