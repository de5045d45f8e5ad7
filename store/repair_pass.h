/*
 * repair_pass.h -- what the steps of a repair and of a rebuild share.  Private
 * to repair*.c and rebuild.c.
 */
#ifndef STORE_REPAIR_PASS_H
#define STORE_REPAIR_PASS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "store/account.h"
#include "store/change.h"
#include "store/counters.h"
#include "store/repair.h"
#include "store/salvage.h"
#include "store/segment_scan.h"
#include "store/segment_writer.h"
#include "store/store.h"
#include "store/text.h"

#define REPAIR_UIDS (UINT32_C(1) << 20)
#define REPAIR_CHANGES (UINT64_C(1) << 40)

/* Numbers that grow as they are put. */
struct repair_numbers {
	uint64_t *all;
	size_t count;
};

struct repair {
	const char *path;
	const struct repair_options *o;
	struct repair_result *result;
	int dir;			/* of the store */
	int segments;			/* its directory of segments */
	int aside;			/* directory for what is put aside; -1: none yet */
	struct store *store;		/* the new one */
	struct txn *txn;		/* at hand */
	struct counters counters;	/* of the new one */
	struct change change;		/* everything is filed under one number */
	bool has_counters;		/* they were read from the old one */
	uint64_t archive_seen;		/* highest entry that was read */
	uint64_t texts_before;		/* last text id that the old index knew */
	uint32_t tables_damaged;	/* a bit for each */
	struct salvage_report salvage;
	struct segment_scan scan;
	struct segment_writer *writer;	/* for texts that are written anew; NULL: none yet */
	struct repair_numbers lost;	/* ids of texts, ascending */
	struct buf report;
};

/* Say, and write into the report, what was done about something. */
void repair_say(struct repair *r, enum repair_kind kind, const char *table, const char *key,
    uint32_t account, const char *format, ...) __attribute__((format(printf, 6, 7)));
void repair_progress(struct repair *r, const char *stage, uint64_t done, uint64_t total);
void repair_number_put(struct repair_numbers *n, uint64_t value);
void repair_numbers_sort(struct repair_numbers *n);
bool repair_numbers_have(const struct repair_numbers *n, uint64_t value);

/* Some page or record of the table could not be read. */
static inline bool
repair_is_damaged(const struct repair *r, enum store_table table)
{
	return r->tables_damaged >> table & 1;
}

/* Commit what was done so far when it is much, and go on. */
MUST_USE enum status repair_turn(struct repair *r, struct problem *why);

/* Every record of a table of the new index, copied, so that row may change anything. */
typedef enum status repair_row(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why);
MUST_USE enum status repair_each(struct repair *r, enum store_table table, repair_row *row,
    void *ctx, struct problem *why);

/* The record can be decoded as one of this table. */
bool repair_fits(struct txn *t, enum store_table table, struct slice key, struct slice value);

/* Put a file beside the report.  Nothing where the mode is REPAIR_LOOK. */
MUST_USE enum status repair_put_aside(struct repair *r, const char *name, struct slice bytes,
    struct problem *why);

/* Steps, in their order. */
MUST_USE enum status repair_import(struct repair *r, struct problem *why);
MUST_USE enum status repair_texts(struct repair *r, struct problem *why);
MUST_USE enum status repair_segments(struct repair *r, struct problem *why);
MUST_USE enum status repair_sealed(struct repair *r, struct problem *why);
MUST_USE enum status repair_mailboxes(struct repair *r, struct problem *why);
MUST_USE enum status repair_messages(struct repair *r, struct problem *why);
MUST_USE enum status repair_archive(struct repair *r, struct problem *why);
MUST_USE enum status repair_trash(struct repair *r, struct problem *why);
MUST_USE enum status repair_queue(struct repair *r, struct problem *why);
MUST_USE enum status repair_references(struct repair *r, struct problem *why);
MUST_USE enum status repair_space(struct repair *r, struct problem *why);
MUST_USE enum status repair_counts(struct repair *r, struct problem *why);

/* The row of a text, with its digest; is_lost: its bytes are. */
MUST_USE enum status repair_text_get(struct repair *r, uint64_t id, struct text_row *row,
    bool *is_lost, struct problem *why);
/* "1234 bytes of TIME, from NAME: SUBJECT", as much as is known. */
void repair_describe(const struct text_row *text, int64_t at, struct buf *out);
/* A text whose row was read again from its record; slices are the reader's, until its next use. */
struct repair_found {
	struct text_row row;
	struct slice owners, envelope, digest;
	uint64_t uidl;
	int64_t received_at;
	int16_t received_zone;
};
struct repair_reader;
struct repair_reader *repair_reader_new(void);
void repair_reader_free(struct repair_reader **l);
/* Find the record of a text and put a row for it, which nothing refers to.  ABSENT: none is whole. */
MUST_USE enum status repair_text_restore(struct repair *r, struct repair_reader *l, uint64_t id,
    struct repair_found *out, struct problem *why);

/* So many rows refer to a text. */
MUST_USE enum status repair_references_put(struct repair *r, uint64_t text, uint32_t count,
    struct problem *why);

/* One more message in an account's folder of that name, which is made where there is none. */
struct repair_message {
	uint32_t account;
	const char *folder;	/* "Recovered/..." */
	uint64_t text;
	uint32_t size_bytes;
	int64_t internal_at;
	int16_t internal_zone;
	uint64_t uidl;
	uint64_t flags;
};
MUST_USE enum status repair_deliver(struct repair *r, const struct repair_message *m,
    struct problem *why);
/* Who gets what nobody is known for.  ABSENT: there is no account at all. */
MUST_USE enum status repair_administrator(struct repair *r, uint32_t *account,
    struct problem *why);

/* Where the next record goes, in r->counters: a segment that nothing lies in. */
void repair_segment_next(struct repair *r);
/* Open the new index, which is empty, and put it in the old one's place. */
MUST_USE enum status repair_begin(struct repair *r, struct problem *why);
MUST_USE enum status repair_place(struct repair *r, struct problem *why);
void repair_end(struct repair *r);

/* All that a rebuild does once the store is locked. */
MUST_USE enum status rebuild_run(struct repair *r, struct problem *why);

#endif
