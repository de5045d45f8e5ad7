/*
 * search_run.h -- tries a search program on every message of the view, in slices
 * of time.  What becomes of those that fit is for SEARCH, SORT and THREAD to say.
 */
#ifndef IMAPD_SEARCH_RUN_H
#define IMAPD_SEARCH_RUN_H

#include "imapd/message_view.h"
#include "imapd/search_program.h"
#include "imapd/session.h"
#include "store/flags.h"

struct search_kind_of_answer {
	/* A message fits.  view: what was read of it; number: in the view. */
	enum status (*found)(struct imap_session *s, void *data, const struct flags_entry *e,
	    uint32_t number, struct message_view *view, struct problem *why);
	/* All were tried: write the answer if st is OK.  Returns what the command ends with. */
	enum status (*end)(struct imap_session *s, void *data, enum status st);
	void (*free)(void *data);
};

/*
 * Takes data and the program.  It becomes the command's data; free() is called in
 * the end.  The command ends by command_finish(): the caller returns PENDING.
 */
void search_start(struct imap_session *s, struct search_program *program,
    const struct search_kind_of_answer *kind, void *data);
/* What to answer when the program cannot be read: knows BADCHARSET. */
enum status search_refuse(struct imap_session *s, enum status st);

#endif
