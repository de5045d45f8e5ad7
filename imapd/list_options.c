#include "imapd/list_options.h"

struct option {
	const char *name;
	unsigned bit;
};

static const struct option select_options[] = {
	{ "SUBSCRIBED", LIST_SUBSCRIBED },
	{ "SPECIAL-USE", LIST_SPECIAL_USE },
	{ "RECURSIVEMATCH", LIST_RECURSIVE_MATCH },
	{ "REMOTE", LIST_REMOTE },
	{ NULL, 0 },
};

static const struct option return_options[] = {
	{ "SUBSCRIBED", LIST_SUBSCRIBED },
	{ "SPECIAL-USE", LIST_SPECIAL_USE },
	{ "CHILDREN", LIST_CHILDREN },
	{ "STATUS", LIST_STATUS },
	{ NULL, 0 },
};

static enum status
take_option(struct imap_reader *args, const struct option *known, unsigned *bit)
{
	struct slice word;

	if (imap_take_atom(args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	for (; known->name != NULL; known++)
		if (slice_equal_nocase(word, slice_from_cstr(known->name))) {
			*bit = known->bit;
			return STATUS_OK;
		}
	return STATUS_SYNTAX;
}

/* Behind "(": options and ")". */
static enum status
take_options(struct imap_reader *args, const struct option *known, struct list_options *out,
    unsigned *bits)
{
	unsigned bit;
	enum status st;

	if (imap_take_byte(args, ')'))
		return STATUS_OK;
	do {
		st = take_option(args, known, &bit);
		if (st == STATUS_OK && bit == LIST_STATUS)
			st = imap_take_space(args) ? status_items_parse(args, &out->status) :
			    STATUS_SYNTAX;
		if (st != STATUS_OK)
			return st;
		*bits |= bit;
	} while (imap_take_space(args));
	return imap_take_byte(args, ')') ? STATUS_OK : STATUS_SYNTAX;
}

enum status
list_select_parse(struct imap_reader *args, struct list_options *out)
{
	enum status st;

	if (!imap_take_byte(args, '('))
		return STATUS_OK;
	st = take_options(args, select_options, out, &out->select);
	if (st == STATUS_OK && !imap_take_space(args))
		st = STATUS_SYNTAX;
	/* RFC 5258 s.3.1: it modifies others, and means nothing alone. */
	if (st == STATUS_OK && out->select & LIST_RECURSIVE_MATCH &&
	    !(out->select & (LIST_SUBSCRIBED | LIST_SPECIAL_USE)))
		st = STATUS_SYNTAX;
	return st;
}

enum status
list_return_parse(struct imap_reader *args, struct list_options *out)
{
	struct slice word;

	if (imap_at_end(args))
		return STATUS_OK;
	if (!imap_take_space(args) || imap_take_atom(args, &word) != STATUS_OK ||
	    !slice_equal_nocase(word, SLICE("RETURN")) || !imap_take_space(args) ||
	    !imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	return take_options(args, return_options, out, &out->tell);
}

enum status
list_patterns_parse(struct imap_reader *args, struct slice out[LIST_PATTERNS_MAX],
    unsigned *count)
{
	*count = 0;
	if (!imap_take_byte(args, '(')) {
		*count = 1;
		return imap_take_pattern(args, &out[0]);
	}
	do {
		if (*count == LIST_PATTERNS_MAX)
			return STATUS_LIMIT;
		if (imap_take_pattern(args, &out[*count]) != STATUS_OK)
			return STATUS_SYNTAX;
		++*count;
	} while (imap_take_space(args));
	return imap_take_byte(args, ')') ? STATUS_OK : STATUS_SYNTAX;
}
