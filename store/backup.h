/*
 * backup.h -- backups of an instance in a directory of their own (the place):
 *
 *   backups/NAME           what one backup is: manifest (backup_manifest.h)
 *   chunks/xx/HASH         256 KiB of an index or a file, zstd, named by the plain bytes' SHA-256
 *   segments/XXXXXXXX.seg  segments, as in the store; XXXXXXXX.N.seg where another had the number
 *   lock                   held while something is changed here
 *
 * Backups share chunks and segments; what is there is never changed, segments only grow.  A backup
 * counts from the moment its manifest is there, which is put in place last; what an interrupted one
 * left is used by the next.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "store/backup_manifest.h"

struct backup_place;

enum backup_access { BACKUP_LOOK, BACKUP_CHANGE };

struct backup_hooks {
	/* stage: "index", "segments", ...; bytes.  May be NULL. */
	void (*progress)(void *ctx, struct slice stage, uint64_t done, uint64_t total);
	/* Something is damaged; what it is called and what is wrong.  May be NULL. */
	void (*found)(void *ctx, struct slice what, struct slice wrong);
	void *ctx;
};

/*
 * Open a place; BACKUP_CHANGE makes one of a directory that is empty or not there.
 * ABSENT  no backups are there   EXISTS  the directory holds something else
 * BUSY    another process changes it (or, to change it, uses it)   DENIED, IO
 */
MUST_USE enum status backup_open(const char *path, enum backup_access access,
    struct backup_place **out, struct problem *why);
void backup_close(struct backup_place **p);

/*
 * Names of all backups, the oldest first, given: backup_names_clear().
 */
struct backup_names {
	char (*names)[BACKUP_NAME_LEN + 1];
	size_t count;
};
MUST_USE enum status backup_names(struct backup_place *p, struct backup_names *out,
    struct problem *why);
void backup_names_clear(struct backup_names *n);
/*
 * The manifest of the backup that is meant: its name or the beginning of it, the newest of several;
 * "" is the newest of all.  Given: backup_manifest_clear().
 * ABSENT  there is none   CORRUPT  it cannot be read (why names it)
 */
MUST_USE enum status backup_find(struct backup_place *p, const char *at,
    struct backup_manifest *out, struct problem *why);

struct backup_source {
	const char *root;		/* of the instance: store/ and policy/ are below it */
	const char *const *files;	/* and these, or all files in them; NULL-terminated */
	/* Those, where they are there, that may know less than the store does, and never more:
	 * taken before it. */
	const char *const *early_files;
	bool (*is_held)(void *ctx);	/* still no text disappears; may be NULL */
	void *ctx;
};

struct backup_result {
	char name[BACKUP_NAME_LEN + 1];
	uint64_t size_bytes;	/* of all that it holds */
	uint64_t new_bytes;	/* that were written for it */
	uint64_t read_bytes;	/* of the instance that were read for it */
};

/*
 * Make a backup of an instance, which may be at work; its manifest is there, and all that it
 * names is on disk and was read back, when it returns OK.
 * BUSY    the place's disk is full, or texts were removed meanwhile: try later
 * DENIED  the place holds backups of another store
 */
MUST_USE enum status backup_take(struct backup_place *p, const struct backup_source *source,
    const struct backup_hooks *hooks, struct backup_result *result, struct problem *why);

enum backup_texts {
	BACKUP_COPY,	/* segments are copied */
	BACKUP_LINK,	/* symbolic links into the place: for looking only */
};
/*
 * Lay out a backup in directory root, which exists: store/, policy/ and the files.  Everything is
 * compared with its hash and on disk when it returns OK.
 * CORRUPT  something is damaged or missing; why names it
 */
MUST_USE enum status backup_lay_out(struct backup_place *p, const struct backup_manifest *m,
    const char *root, enum backup_texts texts, const struct backup_hooks *hooks,
    struct problem *why);

/*
 * Lay out a backup in directory scratch, which is empty, verify it as a store (verify.h) and
 * compare how many records it has; findings are told by hooks->found.  CORRUPT: it is not whole.
 */
MUST_USE enum status backup_prove(struct backup_place *p, const struct backup_manifest *m,
    const char *scratch, const struct backup_hooks *hooks, struct problem *why);

/*
 * Compare all that the backups name with its hash; what is wrong is told by hooks->found.
 * CORRUPT  something was found
 */
MUST_USE enum status backup_check(struct backup_place *p, const struct backup_hooks *hooks,
    struct problem *why);

struct backup_keep {
	uint32_t daily, weekly, monthly;	/* the newest of so many days, weeks, months */
};
struct backup_pruned {
	uint32_t kept, removed;
	uint64_t freed_bytes;
};
/*
 * Remove the backups that keep does not name, and what no backup needs any more.  The newest whole
 * one always stays.
 * CORRUPT  a manifest cannot be read (why names it): nothing is removed
 */
MUST_USE enum status backup_prune(struct backup_place *p, const struct backup_keep *keep,
    struct backup_pruned *out, struct problem *why);

/* Write one backup into one file: a tar archive of a place that holds this backup alone, zstd. */
MUST_USE enum status backup_pack(struct backup_place *p, const struct backup_manifest *m,
    const char *path, const struct backup_hooks *hooks, struct problem *why);
/* Make a place in directory path, which is empty, of such a file.  CORRUPT: it is none. */
MUST_USE enum status backup_unpack(const char *file, const char *path,
    const struct backup_hooks *hooks, struct problem *why);

#endif
