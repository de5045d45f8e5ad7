/*
 * verify_pass.h -- what the stages of a verification share.  Private to
 * verify*.c; everything here runs in the process that verify_store() made.
 */
#ifndef STORE_VERIFY_PASS_H
#define STORE_VERIFY_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/counters.h"
#include "store/key.h"
#include "store/store.h"

/* Where the pass is, for whoever looks after its death: in memory that both share. */
struct verify_place {
	uint32_t stage;
	struct key key;		/* last record read in it */
	bool is_open;		/* the store could be opened */
};

struct verify_pass {
	const char *path;
	struct store *store;
	struct txn *txn;
	struct counters counters;
	struct verify_place *place;
	const char *table;	/* of the stage at hand */
	int out;		/* where findings go */
	uint64_t findings;
};

/* What is known of the record at key is wrong. */
void pass_found(struct verify_pass *p, struct slice key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the key already as text. */
void pass_found_at(struct verify_pass *p, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void pass_progress(struct verify_pass *p, uint64_t done, uint64_t total);

/* Every record of a table that has its checksum; the others are found. */
typedef void verify_row(struct verify_pass *p, struct slice key, struct slice value, void *ctx);
void pass_rows(struct verify_pass *p, enum store_table table, verify_row *row, void *ctx);

/* Stages. */
void verify_pages(struct verify_pass *p);
void verify_meta(struct verify_pass *p);
void verify_accounts(struct verify_pass *p);
void verify_mailboxes(struct verify_pass *p);
void verify_mailbox_names(struct verify_pass *p);
void verify_subscriptions(struct verify_pass *p);
void verify_keywords(struct verify_pass *p);
void verify_messages(struct verify_pass *p);
void verify_flags(struct verify_pass *p);
void verify_text_rows(struct verify_pass *p);
void verify_references(struct verify_pass *p);
void verify_message_ids(struct verify_pass *p);
void verify_journal(struct verify_pass *p);
void verify_sealed(struct verify_pass *p);
void verify_archive(struct verify_pass *p);
void verify_trash(struct verify_pass *p);
void verify_queue(struct verify_pass *p);
void verify_queue_due(struct verify_pass *p);
void verify_fetched(struct verify_pass *p);
void verify_audit(struct verify_pass *p);
void verify_segment_rows(struct verify_pass *p);
void verify_text_hashes(struct verify_pass *p);
void verify_history(struct verify_pass *p);
void verify_segments(struct verify_pass *p);
void verify_texts(struct verify_pass *p);

#endif
