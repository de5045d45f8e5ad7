/*
 * mailadm -- the administrator's command: mailadm -C DIR NOUN VERB ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/serve_settings.h"

const struct command instance_commands[] = {
	{ "init", "", "--domain DOMAIN [--ports auto|standard]", "make an instance in DIR",
	    cmd_init },
	{ "serve", "", "[--debug]", "run the instance in the foreground until SIGTERM or Ctrl-C",
	    cmd_serve },
	{ "check", "", "", "look for mistakes in settings, permissions and certificates",
	    cmd_check },
	{ "endpoints", "", "", "where clients connect, once all is ready", cmd_endpoints },
	{ "rebuild", "", "[--yes]", "make a stopped instance's store anew from its texts alone",
	    cmd_rebuild },
	{ "repair", "", "[--yes]", "put aside what is damaged in a stopped instance's store", cmd_repair },
	{ "upgrade", "", "", "make a stopped instance's store, written by an older version, one of this",
	    cmd_upgrade },
	{ "verify", "", "[STORE]", "look at every record of the store, served or not", cmd_verify },
	{ "compact", "", "[--at PERCENT]",
	    "give back the space of texts that are gone: segments of which PERCENT is dead", cmd_compact },
	{ "restore", "",
	    "--from DIRECTORY|FILE [--at BACKUP] [--account LOGIN [--into LOGIN] [--folder NAME] "
	    "[--message MID|MESSAGE-ID] [--trash] [--list]]",
	    "make an instance in DIR, which is new, of a backup; with --account put a person's "
	    "messages into the running instance DIR again, in folders of their own: those of the "
	    "folders, or with --trash those that had been removed; --list only shows them",
	    cmd_restore },
	{ 0 },
};

static const struct command *const tables[] = {
	instance_commands,
	directory_commands,
	audit_commands,
	archive_commands,
	queue_commands,
	stats_commands,
	backup_commands,
	trash_commands,
};

static const struct command *
command_find(const char *noun, const char *verb)
{
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct command *c = tables[t]; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0 &&
			    (c->verb[0] == '\0' || strcmp(c->verb, verb) == 0))
				return c;
	return NULL;
}

static bool
noun_is_known(const char *noun)
{
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct command *c = tables[t]; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0)
				return true;
	return false;
}

/* All commands, or those of one noun. */
static void
print_usage(FILE *to, const char *noun)
{
	fprintf(to, "usage: mailadm [-C DIR] [--json] NOUN VERB ...\n\n");
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct command *c = tables[t]; c->noun != NULL; c++)
			if (noun == NULL || strcmp(noun, c->noun) == 0)
				fprintf(to, "  %s%s%s %s\n        %s\n", c->noun,
				    c->verb[0] ? " " : "", c->verb, c->usage, c->help);
	fprintf(to, "\nThe manual: man mailadm\n");
}

static int
exit_code(enum status st)
{
	switch (st) {
	case STATUS_OK:
		return 0;
	case STATUS_SYNTAX:
		return 2;
	case STATUS_BUSY:
	case STATUS_PENDING:
	case STATUS_STALE:
		return 75;
	case STATUS_LIMIT:
	case STATUS_ABSENT:
	case STATUS_EXISTS:
	case STATUS_DENIED:
	case STATUS_CORRUPT:
	case STATUS_IO:
	case STATUS_FULL:
	case STATUS_COUNT:
		return 1;
	}
	return 1;
}

/* Options that may stand anywhere before the noun, --json also behind it. */
static int
take_options(int argc, char **argv, struct invocation *in)
{
	int used = 1, kept = 0;

	while (used < argc) {
		if (strcmp(argv[used], "-C") == 0 && used + 1 < argc) {
			in->dir = argv[used + 1];
			used += 2;
		} else if (strcmp(argv[used], "--json") == 0) {
			in->is_json = true;
			used++;
		} else {
			break;
		}
	}
	for (; used < argc; used++) {
		if (strcmp(argv[used], "--json") == 0)
			in->is_json = true;
		else
			argv[kept++] = argv[used];
	}
	argv[kept] = NULL;
	return kept;
}

static int
command_call(const struct command *c, struct invocation *in)
{
	struct problem why = { "" };
	enum status st = c->run(in, &why);

	fflush(stdout);
	if (st == STATUS_OK)
		return 0;
	fprintf(stderr, "mailadm: %s\n", why.text[0] != '\0' ? why.text : status_name(st));
	if (st == STATUS_SYNTAX)
		fprintf(stderr, "usage: mailadm -C DIR %s%s%s %s\n", c->noun,
		    c->verb[0] ? " " : "", c->verb, c->usage);
	return exit_code(st);
}

int
main(int argc, char **argv)
{
	struct invocation in = { .dir = "." };
	const struct command *c;
	int skip;

	argc = take_options(argc, argv, &in);
	if (argc == 1 && strcmp(argv[0], "--version") == 0) {
		printf("mailadm %s\n", TRADEPOST_VERSION);
		return 0;
	}
	if (argc == 1 && strcmp(argv[0], "--settings-help") == 0) {
		size_t count;
		const struct setting *rows = serve_settings_rows(&count);

		settings_describe(stdout, rows, count);
		return 0;
	}
	if (argc == 0 || strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0) {
		print_usage(argc == 0 ? stderr : stdout, argc > 1 ? argv[1] : NULL);
		return argc == 0 ? 2 : 0;
	}
	in.noun = argv[0];
	in.verb = argc > 1 ? argv[1] : "";
	c = command_find(in.noun, in.verb);
	if (c == NULL) {
		print_usage(stderr, noun_is_known(in.noun) ? in.noun : NULL);
		/* Last, where it is seen. */
		fprintf(stderr, "mailadm: no command %s%s%s\n", in.noun, in.verb[0] ? " " : "",
		    in.verb);
		return 2;
	}
	skip = c->verb[0] == '\0' ? 1 : 2;
	if (c->verb[0] == '\0')
		in.verb = "";
	in.argc = argc - skip;
	in.argv = argv + skip;
	return command_call(c, &in);
}
