/*
 * store.h -- the message store: one LMDB environment and the segment files,
 * in one directory.  Workers open it to read; only stored opens it to write.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

#include "store/env.h"

struct store;

enum store_table {
	TABLE_META,		/* text                 -> numbers of the whole store, former.h */
	TABLE_ACCOUNT,		/* account u32          -> account.h */
	TABLE_MAILBOX,		/* mailbox u32          -> mailbox.h */
	TABLE_MAILBOX_NAME,	/* account u32, name    -> mailbox id */
	TABLE_SUBSCRIPTION,	/* account u32, name    -> nothing but that it is */
	TABLE_KEYWORD,		/* mailbox u32, bit u8  -> keyword */
	TABLE_MESSAGE,		/* mailbox u32, uid u32 -> message.h */
	TABLE_FLAGS,		/* mailbox u32, chunk u32 -> flags.h */
	TABLE_TEXT,		/* text u64             -> text.h */
	TABLE_MESSAGE_ID,	/* age u32, key u64, text u64 -> who wrote it */
	TABLE_JOURNAL,		/* change u64, part u16 -> journal.h */
	TABLE_ARCHIVE,		/* entry u64            -> archive.h */
	TABLE_TRASH,		/* account u32, change u64, part u32 -> trash.h */
	TABLE_QUEUE,		/* queue id u64         -> spool.h */
	TABLE_QUEUE_DUE,	/* due u64, queue id u64 -> nothing but that it is */
	TABLE_FETCHED,		/* fetch u32, uidl      -> when it was stored */
	TABLE_AUDIT,		/* change u64, part u16 -> audit.h */
	TABLE_REFERENCE,	/* text u64             -> how many rows refer to it */
	TABLE_SEALED,		/* first change u64     -> sealed.h */
	TABLE_TEXT_HASH,	/* age u32, hash u64, text u64 -> nothing but that it is */
	TABLE_SEGMENT,		/* segment u32          -> segment_row.h */
	TABLE_HISTORY,		/* day u32              -> history.h */
	TABLE_COUNT
};

/* Their names in the environment. */
extern const char *const store_tables[TABLE_COUNT];

/*
 * Open the store in directory path; STORE_WRITE makes a new one where there is none.
 * Errors as env_open(); CORRUPT also for a store of another version (identity.h).
 */
MUST_USE enum status store_open(const char *path, enum env_mode mode, struct store **out,
    struct problem *why);
void store_close(struct store **s);
struct env *store_env(struct store *s);
/* Directory of the segment files; stays the store's. */
int store_segments_fd(const struct store *s);
/* The frame of a compressed text that was decoded last (text_bytes.c makes it); stays the store's. */
struct frame_cache;
struct frame_cache **store_frame_cache(struct store *s);
/* Random number made with the store; segments carry it. */
uint64_t store_id(const struct store *s);

/* Change number of the last committed change a transaction sees; 0 in an empty store. */
MUST_USE enum status store_change(struct txn *t, uint64_t *change, struct problem *why);

#endif
