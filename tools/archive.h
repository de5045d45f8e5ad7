/*
 * archive.h -- what the files of mailadm archive share.  They read the store
 * by themselves, as a worker does, whether the instance is served or not.
 */
#ifndef TOOLS_ARCHIVE_H
#define TOOLS_ARCHIVE_H

#include "store/archive.h"
#include "store/store.h"
#include "store/summary.h"
#include "store/text.h"
#include "tools/command.h"
#include "tools/people.h"

/* Enter the instance and open its store; store_close(). */
MUST_USE enum status archive_open(const struct invocation *in, struct store **out,
    struct problem *why);

/* The store, its people, and one entry at a time. */
struct archive_view {
	struct store *store;
	struct people *people;
	/* Of the entry read last; its slices are good until the next one. */
	struct archive_row row;
	struct text_row text;
	struct buf mid, sender, recipients;	/* recipients: separated by LF */
	struct summary summary;
	struct buf digest, meta;
};

/* archive_view_close() in any case. */
MUST_USE enum status archive_view_open(const struct invocation *in, struct archive_view *v,
    struct problem *why);
void archive_view_close(struct archive_view *v);
/* Read an entry whole.  ABSENT: there is none of that number; CORRUPT: it cannot be read. */
MUST_USE enum status archive_view_read(struct archive_view *v, struct txn *t, uint64_t entry,
    struct problem *why);
/* "in", "out", "internal"; "?" for what is none. */
const char *archive_direction_name(uint8_t direction);

/* Which entries a command is about. */
struct archive_wish {
	/* As typed, or NULL. */
	const char *from, *to, *person, *subject, *direction, *since, *until;
	uint32_t limit;			/* newest so many; 0: all */
	const char *target, *format;	/* --to of export, --format */
	bool is_raw;
	int entry_count;		/* named one by one: in argv */
	char **entries;
};

enum { ARCHIVE_TAKES_RAW = 1, ARCHIVE_TAKES_TARGET = 2 };
/* takes: which options beside those that choose.  With a target --to names it, and --recipient
 * chooses what --to chooses otherwise. */
MUST_USE enum status archive_wish_read(const struct invocation *in, unsigned takes,
    struct archive_wish *out, struct problem *why);

struct archive_list {
	uint64_t *entries;	/* newest first */
	size_t count;
};

/* What is named or chosen; shows how far the search is.  ABSENT when an entry is not there. */
MUST_USE enum status archive_find(struct archive_view *v, const struct archive_wish *w,
    struct archive_list *out, struct problem *why);
void archive_list_clear(struct archive_list *l);

command_run archive_cmd_head, archive_cmd_verify, archive_cmd_search, archive_cmd_show,
    archive_cmd_export;

#endif
