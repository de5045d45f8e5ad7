#include "imapd/id.h"

#include "base/log.h"

#define FIELDS_MAX 30
#define FIELD_NAME_MAX 30
#define FIELD_VALUE_MAX 1024

static enum status
read_field(struct imap_reader *args, struct log_line *l)
{
	struct slice name, value;

	if (imap_take_string(args, &name) != STATUS_OK || !imap_take_space(args) ||
	    imap_take_nstring(args, &value) != STATUS_OK)
		return STATUS_SYNTAX;
	if (name.len > FIELD_NAME_MAX || value.len > FIELD_VALUE_MAX)
		return STATUS_LIMIT;
	if (slice_equal_nocase(name, SLICE("name")))
		log_slice(l, "name", value);
	if (slice_equal_nocase(name, SLICE("version")))
		log_slice(l, "version", value);
	return STATUS_OK;
}

enum status
id_read(struct imap_reader *args, const char *sid)
{
	struct log_line l;
	struct slice nil;
	unsigned count = 0;
	enum status st = STATUS_OK;

	log_begin(&l, LOG_INFO, "imap.client.named", sid);
	if (!imap_take_space(args))
		return STATUS_SYNTAX;
	if (!imap_take_byte(args, '('))
		return imap_take_nstring(args, &nil) == STATUS_OK && nil.ptr == NULL &&
		    imap_at_end(args) ? STATUS_OK : STATUS_SYNTAX;
	while (st == STATUS_OK && !imap_take_byte(args, ')')) {
		if (count > 0 && !imap_take_space(args))
			return STATUS_SYNTAX;
		if (count++ == FIELDS_MAX)
			return STATUS_LIMIT;
		st = read_field(args, &l);
	}
	if (st == STATUS_OK && !imap_at_end(args))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		log_end(&l);
	return st;
}
