/*
 * restore_into.h -- mailadm restore --account: messages of a backup come into
 * the running instance again, in folders of their own; nothing is replaced.
 */
#ifndef TOOLS_RESTORE_INTO_H
#define TOOLS_RESTORE_INTO_H

#include "tools/command.h"

struct restore_into {
	const char *from, *at;		/* place or packed file; "": the newest backup */
	const char *account;		/* login, as it was then */
	const char *into;		/* login of who gets it; NULL: the same */
	const char *folder;		/* NULL: all of them */
	const char *message;		/* mid or Message-ID; NULL: all of them */
	bool is_trash;			/* what had been removed, in place of what had not */
	bool is_list;			/* show what would come; the instance may be stopped */
};

/*
 * ABSENT  no such account, folder, message or backup   BUSY  nobody serves the instance
 * Messages that lie in the target folder already are passed over: it may be run again.
 * A message that is named and lay in no folder is looked for in the trash.
 */
MUST_USE enum status restore_into(const struct invocation *in, const struct restore_into *what,
    struct problem *why);

#endif
