#include "imapd/command.h"
#include "imapd/parse.h"

/* "(STORAGE 512 MESSAGE 100)", or "()". */
static enum status
skip_limits(struct imap_reader *args)
{
	struct slice word;

	if (!imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	if (imap_take_byte(args, ')'))
		return STATUS_OK;
	do {
		if (imap_take_atom(args, &word) != STATUS_OK || !imap_take_space(args) ||
		    imap_take_atom(args, &word) != STATUS_OK)
			return STATUS_SYNTAX;
	} while (imap_take_space(args));
	return imap_take_byte(args, ')') ? STATUS_OK : STATUS_SYNTAX;
}

/* SETQUOTA root (...): nobody sets their own; QUOTASET is not announced.  RFC 9208 s.4.1.3. */
enum status
cmd_setquota(struct imap_session *s, struct imap_reader *args)
{
	struct slice root;
	enum status st = STATUS_SYNTAX;

	if (imap_take_space(args) && imap_take_astring(args, &root) == STATUS_OK &&
	    imap_take_space(args))
		st = skip_limits(args);
	if (st == STATUS_OK)
		st = parse_end(args);
	return st != STATUS_OK ? st :
	    command_refuse(s, STATUS_DENIED, "[NOPERM] Only the administrator sets quotas");
}
