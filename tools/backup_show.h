/*
 * backup_show.h -- what commands about backups share: progress on a terminal,
 * findings, and directories that are gone afterwards.
 */
#ifndef TOOLS_BACKUP_SHOW_H
#define TOOLS_BACKUP_SHOW_H

#include <stdbool.h>

#include "store/backup.h"
#include "tools/command.h"

struct backup_show {
	bool is_json, is_shown;
	unsigned percent;
	char stage[24];
	uint64_t findings;
};

/* Hooks that show on s. */
struct backup_hooks backup_show_begin(const struct invocation *in, struct backup_show *s);
/* The line of progress is gone. */
void backup_show_end(struct backup_show *s);

/* A new directory beside path ("../backup/prove": "../backup/prove-XXXXXX"), its path written to
 * out.  Those of processes that ended without removing theirs are removed. */
MUST_USE enum status scratch_make(const char *path, char out[4096], struct problem *why);
/* Remove a directory with all that is in it. */
void scratch_remove(const char *path);

/*
 * Open the place at from, a directory or a packed file; this one is unpacked beside scratch, and
 * *unpacked is that directory: scratch_remove() it when it is not empty.
 */
MUST_USE enum status backup_show_open(const char *from, const char *scratch,
    const struct backup_hooks *hooks, struct backup_place **out, char unpacked[4096],
    struct problem *why);

#endif
