/*
 * trash_select.h -- which removed messages a command is about: named one by
 * one, or by what they are.  Reads the store; the instance may be served or not.
 */
#ifndef TOOLS_TRASH_SELECT_H
#define TOOLS_TRASH_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "store/summary.h"
#include "store/text.h"
#include "store/trash.h"
#include "tools/command.h"
#include "tools/people.h"

/* A command line about the trash: the options that all share, and what it names. */
struct trash_args {
	const char *account, *from, *subject, *mailbox, *mid;	/* NULL: not said */
	uint64_t since_s, until_s;	/* until_s 0: no end */
	uint32_t limit;			/* newest so many; 0: all */
	bool is_yes, is_raw;
	const char *to, *into;
	bool is_filtered;	/* any of the options that choose was given */
	int id_count;		/* arguments that are no options: ids as trash list prints them */
	char **ids;		/* in argv, which is reordered */
};

/* Which options beside the choosing ones a command takes. */
enum { TRASH_TAKES_RAW = 1, TRASH_TAKES_CHANGE = 2 };
/* SYNTAX with why. */
MUST_USE enum status trash_args_read(const struct invocation *in, unsigned takes,
    struct trash_args *out, struct problem *why);

/* The store and its people, open to read. */
struct trash_view {
	struct store *store;
	struct people *people;
	struct summary summary;	/* of the last message that was looked at */
	struct buf digest;	/* its digest record */
};

/* The instance is entered.  ABSENT, CORRUPT, ... with why.  trash_view_close() in any case. */
MUST_USE enum status trash_view_open(const struct invocation *in, struct trash_view *v,
    struct problem *why);
void trash_view_close(struct trash_view *v);
/* Digest record and summary of a text; both empty where they cannot be read. */
void trash_view_read(struct trash_view *v, const struct text_row *text);

struct trash_list {
	struct trash_id *ids;	/* newest first */
	size_t count;
};

/* What the arguments name or choose.  ABSENT with why when an id is not there; SYNTAX. */
MUST_USE enum status trash_select(struct trash_view *v, const struct trash_args *args,
    struct trash_list *out, struct problem *why);
void trash_list_clear(struct trash_list *l);

#endif
