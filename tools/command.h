/*
 * command.h -- mailadm's commands as rows: NOUN VERB, what they take, what
 * they print.  main.c finds the row and calls its run().
 */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct invocation {
	const char *dir;	/* -C */
	bool is_json;		/* --json: one object a line */
	const char *noun, *verb;	/* verb "" where the noun has none */
	int argc;		/* what follows, NULL-terminated */
	char **argv;
};

/*
 * OK done, ABSENT EXISTS DENIED ... no (exit 1), SYNTAX usage (exit 2), BUSY
 * try later (exit 75).  why is printed by the caller.
 */
typedef enum status command_run(const struct invocation *in, struct problem *why);

struct command {
	const char *noun, *verb;
	const char *usage;	/* what follows noun and verb */
	const char *help;
	command_run *run;
};

/* The tables of the files of the same names; each ends with noun NULL. */
extern const struct command instance_commands[];	/* init serve check endpoints upgrade verify
						 * compact rebuild repair restore */
extern const struct command directory_commands[];	/* user domain alias fetch */
extern const struct command archive_commands[];		/* archive */
extern const struct command audit_commands[];		/* audit */
extern const struct command stats_commands[];		/* stats */
extern const struct command queue_commands[];		/* queue */
extern const struct command trash_commands[];		/* trash */
extern const struct command backup_commands[];		/* backup */

command_run cmd_restore, cmd_compact, cmd_init, cmd_serve, cmd_check, cmd_endpoints, cmd_rebuild,
    cmd_repair, cmd_upgrade, cmd_verify;
command_run cmd_trash_restore, cmd_trash_purge;

#endif
