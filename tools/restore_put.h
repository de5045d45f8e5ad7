/*
 * restore_put.h -- messages of a backup on their way into a running instance:
 * each goes to a folder below a new one (what a restore had put into such a
 * folder: to that), unless it lies there already.
 */
#ifndef TOOLS_RESTORE_PUT_H
#define TOOLS_RESTORE_PUT_H

#include "base/buf.h"
#include "store/message.h"
#include "store/store.h"
#include "store/text.h"
#include "tools/command.h"

/* What it is told once; everything is borrowed. */
struct restore_way {
	const struct invocation *in;	/* its instance has been entered */
	struct store *from;		/* of the backup */
	const char *backup;		/* its name */
	uint32_t account;		/* in the instance */
	const char *login;		/* whose that is */
	const char *top;		/* "Restored 2026-11-24 14.30", "... li@acme.test deleted" */
	const char *message;		/* as it was asked for; NULL: not by name */
};

struct restore_item {
	struct slice folder;		/* where it lay in the backup */
	const struct message_row *row;
	const struct text_row *text;
	uint64_t flags;			/* system flags */
	struct slice keywords;		/* separated by SP */
};

struct restore_put;

/* *way stays there until restore_put_free(). */
struct restore_put *restore_put_new(const struct restore_way *way);
void restore_put_free(struct restore_put **p);

/*
 * Put one message where it belongs, unless as many with the same bytes lie there as were put so
 * far.  was_there says which.  BUSY: nobody serves the instance.
 */
MUST_USE enum status restore_put(struct restore_put *p, const struct restore_item *item,
    bool *was_there, struct problem *why);
/* The folder was made by an earlier restore: it does not go below another one. */
bool restore_put_is_beside(struct slice folder);
/*
 * Append the name of the folder in the instance: below way->top; but what an earlier restore made
 * keeps its own name, with what top says after its date.
 */
void restore_put_folder(const struct restore_way *way, struct slice folder, struct buf *out);

#endif
