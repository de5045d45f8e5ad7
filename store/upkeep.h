/*
 * upkeep.h -- what stored does by itself when there is time: purge of the
 * trash, sealing of the journal, compaction.  Small jobs, one after the other,
 * with a pause behind each that is as long as it took, so that mail never
 * waits long for them.
 *
 * A round begins a minute after the start, or sooner, and then every [store] upkeep,
 * or when somebody wakes it; it asks each kind in turn until that has no more.
 */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include <stdbool.h>

#include "store/job.h"

struct stored;
struct upkeep;

struct upkeep_kind {
	const char *name;
	bool is_removing;	/* texts disappear by it: it rests while upkeep is held */
	/* The next slice, a job that holds the writer for less than 50 ms; given.  NULL: there is
	 * nothing to do for now.  Called on the loop. */
	struct job *(*next)(struct stored *s);
	/* It is through: j->status and j->why.  May be NULL. */
	void (*done)(struct stored *s, const struct job *j);
};

/* The kinds, each in a file of its own. */
extern const struct upkeep_kind upkeep_leave;
extern const struct upkeep_kind upkeep_purge;
extern const struct upkeep_kind upkeep_seal;
extern const struct upkeep_kind upkeep_history;
extern const struct upkeep_kind upkeep_compact;
/* A removed account still has something: what an earlier run of stored did not come to. */
bool upkeep_leave_waits(const struct stored *s);

struct upkeep *upkeep_new(struct stored *s);
void upkeep_free(struct upkeep **u);
/* Begin a round at once. */
void upkeep_wake(struct upkeep *u);
/* Counted: while somebody holds it, nothing removes a text.  A slice under way ends first; what
 * had to rest goes on when the last one releases it. */
void upkeep_hold(struct upkeep *u);
void upkeep_release(struct upkeep *u);
bool upkeep_is_held(const struct upkeep *u);
/* Is a slice of a kind that removes under way?  Who holds it waits for false. */
bool upkeep_is_removing(const struct upkeep *u);
/* What it does: for people to read. */
struct upkeep_state {
	const char *kind;	/* at work, or next; NULL: between rounds */
	unsigned holds;
};
void upkeep_state(const struct upkeep *u, struct upkeep_state *out);
/* A job of type STORE_UPKEEP came back from the committer. */
void upkeep_answer(struct stored *s, const struct job *j);

#endif
