#include "imapd/parse.h"

#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/selected.h"
#include "imapd/write.h"
#include "store/client.h"

enum status
parse_end(const struct imap_reader *args)
{
	return imap_at_end(args) ? STATUS_OK : STATUS_SYNTAX;
}

enum status
parse_mailbox(struct imap_session *s, struct imap_reader *args, struct buf *out)
{
	struct slice wire;

	if (!imap_take_space(args) || imap_take_astring(args, &wire) != STATUS_OK)
		return STATUS_SYNTAX;
	buf_reset(out);
	if (name_decode(wire, out) == STATUS_OK)
		return STATUS_OK;
	return command_refuse(s, STATUS_DENIED, "[CANNOT] That cannot be a mailbox name");
}

enum status
parse_set(struct imap_session *s, struct imap_reader *args, struct uidset *out)
{
	struct slice set;

	if (!imap_take_space(args) || imap_take_set(args, &set) != STATUS_OK)
		return STATUS_SYNTAX;
	return sequence_select(&s->selected->view, set,
	    s->run.is_uid ? SEQUENCE_UIDS : SEQUENCE_NUMBERS, out);
}

struct parsed_flags
parsed_flags_init(void)
{
	struct parsed_flags f = { 0 };

	f.keywords = buf_init((KEYWORD_LEN_MAX + 1) * STORE_KEYWORDS_MAX);
	return f;
}

void
parsed_flags_clear(struct parsed_flags *f)
{
	buf_clear(&f->keywords);
}

static enum status
add_flag(struct parsed_flags *f, struct slice name)
{
	if (name.ptr[0] == '\\') {
		f->system |= system_flag(name);
		return STATUS_OK;
	}
	if (name.len > KEYWORD_LEN_MAX || f->count == STORE_KEYWORDS_MAX)
		return STATUS_LIMIT;
	if (f->count > 0)
		buf_append_byte(&f->keywords, ' ');
	f->count++;
	return buf_append(&f->keywords, name);
}

enum status
parse_flags(struct imap_reader *args, enum flag_list_form form, struct parsed_flags *out)
{
	bool is_list = imap_take_byte(args, '(');
	struct slice name;
	enum status st = STATUS_OK;

	if (!is_list && form == FLAG_LIST_PARENTHESES)
		return STATUS_SYNTAX;
	if (is_list && imap_take_byte(args, ')'))
		return STATUS_OK;
	do {
		if (imap_take_flag(args, &name) != STATUS_OK)
			return STATUS_SYNTAX;
		if (st == STATUS_OK)
			st = add_flag(out, name);
	} while (imap_take_space(args) && !imap_at_end(args));
	if (is_list && !imap_take_byte(args, ')'))
		return STATUS_SYNTAX;
	return st;
}
