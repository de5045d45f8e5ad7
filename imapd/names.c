#include "imapd/names.h"

#include <stdlib.h>
#include <uninorm.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "mime/charset.h"
#include "wire/imap_utf7.h"

/* What mail programs call the special folders; ASCII compares without case. */
static const struct {
	const char *name;
	enum mailbox_role role;
} aliases[] = {
	{ "Sent", MAILBOX_SENT },
	{ "Sent Items", MAILBOX_SENT },
	{ "Sent Mail", MAILBOX_SENT },
	{ "Sent Messages", MAILBOX_SENT },
	{ "SentMail", MAILBOX_SENT },
	{ "Sent-mail", MAILBOX_SENT },
	{ "已发送", MAILBOX_SENT },
	{ "已发送邮件", MAILBOX_SENT },
	{ "已发邮件", MAILBOX_SENT },
	{ "发件", MAILBOX_SENT },
	{ "寄件備份", MAILBOX_SENT },
	{ "寄件備份匣", MAILBOX_SENT },
	{ "Draft", MAILBOX_DRAFTS },
	{ "Drafts", MAILBOX_DRAFTS },
	{ "草稿", MAILBOX_DRAFTS },
	{ "草稿箱", MAILBOX_DRAFTS },
	{ "草稿匣", MAILBOX_DRAFTS },
	{ "Trash", MAILBOX_TRASH },
	{ "Deleted", MAILBOX_TRASH },
	{ "Deleted Items", MAILBOX_TRASH },
	{ "Deleted Messages", MAILBOX_TRASH },
	{ "已删除", MAILBOX_TRASH },
	{ "已删除邮件", MAILBOX_TRASH },
	{ "垃圾桶", MAILBOX_TRASH },
	{ "刪除的郵件", MAILBOX_TRASH },
	{ "Junk", MAILBOX_JUNK },
	{ "Junk E-mail", MAILBOX_JUNK },
	{ "Junk Email", MAILBOX_JUNK },
	{ "Junk Mail", MAILBOX_JUNK },
	{ "Spam", MAILBOX_JUNK },
	{ "Bulk Mail", MAILBOX_JUNK },
	{ "垃圾邮件", MAILBOX_JUNK },
	{ "垃圾箱", MAILBOX_JUNK },
	{ "垃圾郵件", MAILBOX_JUNK },
	{ "Archive", MAILBOX_ARCHIVE },
	{ "Archives", MAILBOX_ARCHIVE },
	{ "存档", MAILBOX_ARCHIVE },
	{ "归档", MAILBOX_ARCHIVE },
};

static const char *const attributes[MAILBOX_ROLE_COUNT] = {
	[MAILBOX_PLAIN] = "",
	[MAILBOX_INBOX] = "",
	[MAILBOX_DRAFTS] = " \\Drafts",
	[MAILBOX_SENT] = " \\Sent",
	[MAILBOX_TRASH] = " \\Trash",
	[MAILBOX_JUNK] = " \\Junk",
	[MAILBOX_ARCHIVE] = " \\Archive",
};

static bool
has_8bit(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_8bit(s.ptr[i]))
			return true;
	return false;
}

static bool
has_controls(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_control(s.ptr[i]))
			return true;
	return false;
}

/* Append text (valid UTF-8) in normal form C. */
static enum status
put_nfc(struct slice text, struct buf *out)
{
	size_t len = 0;
	uint8_t *nfc;
	enum status st;

	if (!has_8bit(text))
		return buf_append(out, text);
	nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)text.ptr, text.len, NULL, &len);
	if (nfc == NULL)
		return STATUS_SYNTAX;
	st = buf_append(out, slice_make(nfc, len));
	free(nfc);
	return st;
}

enum status
name_decode_pattern(struct slice wire, struct buf *out)
{
	struct buf text = buf_init(2 * NAME_WIRE_MAX);
	enum status st;

	if (wire.len > NAME_WIRE_MAX)
		return STATUS_LIMIT;
	if (!has_8bit(wire))
		st = imap_utf7_decode(wire, &text);
	else if (utf8_is_valid(wire))
		st = buf_append(&text, wire);
	else
		st = charset_to_utf8_strict(SLICE("gb18030"), wire, &text);
	if (st == STATUS_OK && has_controls(buf_slice(&text)))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = put_nfc(buf_slice(&text), out);
	buf_clear(&text);
	return st;
}

enum status
name_decode(struct slice wire, struct buf *out)
{
	size_t from = out->len;
	enum status st = name_decode_pattern(wire, out);
	struct slice name;

	if (st != STATUS_OK)
		return st;
	name = slice_skip(buf_slice(out), from);
	if (name.len > 1 && name.ptr[name.len - 1] == '/') {
		buf_truncate(out, out->len - 1);
		name.len--;
	}
	if (slice_starts_nocase(name, SLICE("INBOX")) && (name.len == 5 || name.ptr[5] == '/'))
		for (size_t i = 0; i < 5; i++)
			out->ptr[from + i] = ascii_upper(out->ptr[from + i]);
	return STATUS_OK;
}

void
name_write(struct buf *out, struct slice utf8)
{
	size_t at;

	buf_append_byte(out, '"');
	at = out->len;
	imap_utf7_encode(utf8, out);
	/* Quotes and backslashes inside need a backslash; they are rare. */
	for (; at < out->len; at++) {
		if (out->ptr[at] != '"' && out->ptr[at] != '\\')
			continue;
		struct slice tail = slice_skip(buf_slice(out), at);
		char *copy = mem_dup(tail);

		buf_truncate(out, at);
		buf_append_byte(out, '\\');
		buf_append(out, slice_make(copy, tail.len));
		mem_free(copy);
		at++;
	}
	buf_append_byte(out, '"');
}

enum mailbox_role
name_role(struct slice utf8)
{
	/* "INBOX/Sent" and "INBOX.Sent": programs set up for other servers. */
	if (slice_starts_nocase(utf8, SLICE("INBOX/")) ||
	    slice_starts_nocase(utf8, SLICE("INBOX.")))
		utf8 = slice_skip(utf8, 6);
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (slice_equal_nocase(utf8, slice_from_cstr(aliases[i].name)))
			return aliases[i].role;
	return MAILBOX_PLAIN;
}

struct role_search {
	enum mailbox_role role;
	uint32_t id;
};

static bool
note_role(void *ctx, const struct mailbox_row *row)
{
	struct role_search *search = ctx;

	if (row->role != search->role)
		return true;
	search->id = row->id;
	return false;
}

enum status
name_resolve(struct txn *t, uint32_t account, struct slice utf8, struct mailbox_row *out,
    struct problem *why)
{
	struct role_search search = { .role = name_role(utf8) };
	enum status st = mailbox_find(t, account, utf8, out, why);

	/* No mailbox has a name that none may have. */
	if (st == STATUS_SYNTAX || st == STATUS_LIMIT)
		st = STATUS_ABSENT;
	if (st != STATUS_ABSENT || search.role == MAILBOX_PLAIN)
		return st;
	st = mailbox_each(t, account, note_role, &search, why);
	if (st != STATUS_OK)
		return st;
	if (search.id == 0)
		return STATUS_ABSENT;
	return mailbox_get(t, search.id, out, why);
}

const char *
role_attribute(enum mailbox_role role)
{
	return role < MAILBOX_ROLE_COUNT ? attributes[role] : "";
}

enum mailbox_role
role_of_attribute(struct slice attribute)
{
	for (unsigned role = 0; role < MAILBOX_ROLE_COUNT; role++) {
		struct slice known = slice_from_cstr(attributes[role]);

		if (known.len > 1 && slice_equal_nocase(attribute, slice_skip(known, 1)))
			return (enum mailbox_role)role;
	}
	return MAILBOX_PLAIN;
}
