#include "imapd/fetch_items.h"

#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"

/* RFC822.PEEK and kin are from RFC 1730; Outlook still sends them. */
static const struct {
	const char *name;
	const char *label;
	enum fetch_kind kind;
	enum section_kind section;
	bool sets_seen;
} item_names[] = {
	{ "FLAGS", "FLAGS", FETCH_FLAGS, SECTION_ALL, false },
	{ "UID", "UID", FETCH_UID, SECTION_ALL, false },
	{ "MODSEQ", "MODSEQ", FETCH_MODSEQ, SECTION_ALL, false },
	{ "INTERNALDATE", "INTERNALDATE", FETCH_INTERNALDATE, SECTION_ALL, false },
	{ "RFC822.SIZE", "RFC822.SIZE", FETCH_SIZE, SECTION_ALL, false },
	{ "ENVELOPE", "ENVELOPE", FETCH_ENVELOPE, SECTION_ALL, false },
	{ "BODYSTRUCTURE", "BODYSTRUCTURE", FETCH_BODYSTRUCTURE, SECTION_ALL, false },
	{ "RFC822", "RFC822", FETCH_SECTION, SECTION_ALL, true },
	{ "RFC822.PEEK", "RFC822", FETCH_SECTION, SECTION_ALL, false },
	{ "RFC822.HEADER", "RFC822.HEADER", FETCH_SECTION, SECTION_HEADER, false },
	{ "RFC822.HEADER.PEEK", "RFC822.HEADER", FETCH_SECTION, SECTION_HEADER, false },
	{ "RFC822.TEXT", "RFC822.TEXT", FETCH_SECTION, SECTION_TEXT, true },
	{ "RFC822.TEXT.PEEK", "RFC822.TEXT", FETCH_SECTION, SECTION_TEXT, false },
};

static const char *const labels[] = {
	[FETCH_FLAGS] = "FLAGS",
	[FETCH_UID] = "UID",
	[FETCH_MODSEQ] = "MODSEQ",
	[FETCH_INTERNALDATE] = "INTERNALDATE",
	[FETCH_SIZE] = "RFC822.SIZE",
	[FETCH_ENVELOPE] = "ENVELOPE",
	[FETCH_BODYSTRUCTURE] = "BODYSTRUCTURE",
	[FETCH_BODY] = "BODY",
	[FETCH_SECTION] = "BODY",
};

static const struct {
	const char *name;
	enum fetch_kind kinds[5];
	unsigned count;
} macros[] = {
	{ "ALL", { FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE, FETCH_ENVELOPE }, 4 },
	{ "FAST", { FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE }, 3 },
	{ "FULL",
	    { FETCH_FLAGS, FETCH_INTERNALDATE, FETCH_SIZE, FETCH_ENVELOPE, FETCH_BODY }, 5 },
};

static const struct {
	const char *name;
	enum section_kind kind;
} section_names[] = {
	{ "HEADER", SECTION_HEADER },
	{ "HEADER.FIELDS", SECTION_FIELDS },
	{ "HEADER.FIELDS.NOT", SECTION_FIELDS_NOT },
	{ "TEXT", SECTION_TEXT },
	{ "MIME", SECTION_MIME },
};

void
fetch_items_add(struct fetch_items *f, enum fetch_kind kind)
{
	if (f->items == NULL)
		f->items = mem_array(struct fetch_item, FETCH_ITEMS_MAX + FETCH_ITEMS_ADDED);
	ASSERT(f->count < FETCH_ITEMS_MAX + FETCH_ITEMS_ADDED);
	f->items[f->count++] = (struct fetch_item){
		.kind = kind,
		.label = slice_from_cstr(labels[kind]),
	};
}

bool
fetch_items_have(const struct fetch_items *f, enum fetch_kind kind)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (f->items[i].kind == kind)
			return true;
	return false;
}

void
fetch_items_clear(struct fetch_items *f)
{
	for (uint32_t i = 0; i < f->count; i++) {
		mem_free(f->items[i].section.path);
		mem_free(f->items[i].section.fields);
	}
	mem_free(f->items);
	*f = (struct fetch_items){ 0 };
}

/* Letters, digits and dots. */
static struct slice
take_word(struct imap_reader *args)
{
	struct slice s = args->rest;
	size_t n = 0;

	while (n < s.len && (ascii_is_alnum(s.ptr[n]) || s.ptr[n] == '.'))
		n++;
	args->rest = slice_skip(s, n);
	return slice_sub(s, 0, n);
}

/* "1.2." or "1.2" before "]". */
static enum status
read_path(struct imap_reader *args, struct section *out)
{
	enum status st;

	while (args->rest.len != 0 && ascii_is_digit(args->rest.ptr[0])) {
		if (out->depth == FETCH_PATH_MAX)
			return STATUS_LIMIT;
		if (out->path == NULL)
			out->path = mem_array(uint32_t, FETCH_PATH_MAX);
		st = imap_take_number(args, &out->path[out->depth]);
		if (st != STATUS_OK || out->path[out->depth] == 0)
			return STATUS_SYNTAX;
		out->depth++;
		if (!imap_take_byte(args, '.'))
			break;
		/* A dot at the end is nothing. */
		if (args->rest.len == 0 || args->rest.ptr[0] == ']')
			return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

static enum status
read_fields(struct imap_reader *args, struct section *out)
{
	if (!imap_take_space(args) || !imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	out->fields = mem_array(struct slice, FETCH_FIELDS_MAX);
	do {
		if (out->field_count == FETCH_FIELDS_MAX)
			return STATUS_LIMIT;
		if (imap_take_astring(args, &out->fields[out->field_count]) != STATUS_OK)
			return STATUS_SYNTAX;
		out->field_count++;
	} while (imap_take_space(args));
	return imap_take_byte(args, ')') ? STATUS_OK : STATUS_SYNTAX;
}

static enum status
read_section_kind(struct imap_reader *args, struct section *out)
{
	struct slice word;
	size_t i;

	if (args->rest.len == 0 || args->rest.ptr[0] == ']')
		return STATUS_OK;
	word = take_word(args);
	for (i = 0; i < ARRAY_LEN(section_names); i++)
		if (slice_equal_nocase(word, slice_from_cstr(section_names[i].name)))
			break;
	if (i == ARRAY_LEN(section_names))
		return STATUS_SYNTAX;
	out->kind = section_names[i].kind;
	if (out->kind == SECTION_MIME && out->depth == 0)
		return STATUS_SYNTAX;
	if (out->kind == SECTION_FIELDS || out->kind == SECTION_FIELDS_NOT)
		return read_fields(args, out);
	return STATUS_OK;
}

static enum status
read_partial(struct imap_reader *args, struct section *out)
{
	if (!imap_take_byte(args, '<'))
		return STATUS_OK;
	out->has_partial = true;
	if (imap_take_number(args, &out->from) != STATUS_OK || !imap_take_byte(args, '.') ||
	    imap_take_number(args, &out->most) != STATUS_OK || out->most == 0 ||
	    !imap_take_byte(args, '>'))
		return STATUS_SYNTAX;
	return STATUS_OK;
}

/* Behind "BODY" or "BODY.PEEK": a section, or for BODY nothing. */
static enum status
read_body(struct imap_reader *args, struct fetch_items *out, bool is_peek)
{
	struct imap_reader ahead = *args;
	struct slice inside;
	struct section *section;
	enum status st;

	/* Outlook Express writes "BODY.PEEK [". */
	(void)imap_take_space(&ahead);
	if (!imap_take_byte(&ahead, '[')) {
		fetch_items_add(out, FETCH_BODY);
		return is_peek ? STATUS_SYNTAX : STATUS_OK;
	}
	*args = ahead;
	inside = args->rest;
	fetch_items_add(out, FETCH_SECTION);
	section = &out->items[out->count - 1].section;
	st = read_path(args, section);
	if (st == STATUS_OK)
		st = read_section_kind(args, section);
	if (st == STATUS_OK && (args->rest.len == 0 || args->rest.ptr[0] != ']'))
		st = STATUS_SYNTAX;
	if (st != STATUS_OK)
		return st;
	out->items[out->count - 1].spelled =
	    slice_sub(inside, 0, inside.len - args->rest.len);
	(void)imap_take_byte(args, ']');
	out->sets_seen |= !is_peek;
	return read_partial(args, section);
}

static enum status
read_item(struct imap_reader *args, struct fetch_items *out)
{
	struct slice word = take_word(args);

	if (out->count == FETCH_ITEMS_MAX)
		return STATUS_LIMIT;
	if (slice_equal_nocase(word, SLICE("BODY")))
		return read_body(args, out, false);
	if (slice_equal_nocase(word, SLICE("BODY.PEEK")))
		return read_body(args, out, true);
	for (size_t i = 0; i < ARRAY_LEN(item_names); i++) {
		if (!slice_equal_nocase(word, slice_from_cstr(item_names[i].name)))
			continue;
		fetch_items_add(out, item_names[i].kind);
		out->items[out->count - 1].label = slice_from_cstr(item_names[i].label);
		out->items[out->count - 1].section.kind = item_names[i].section;
		out->sets_seen |= item_names[i].sets_seen;
		return STATUS_OK;
	}
	return STATUS_SYNTAX;
}

static bool
read_macro(struct imap_reader *args, struct fetch_items *out)
{
	struct imap_reader ahead = *args;
	struct slice word = take_word(&ahead);

	for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
		if (!slice_equal_nocase(word, slice_from_cstr(macros[i].name)))
			continue;
		for (unsigned k = 0; k < macros[i].count; k++)
			fetch_items_add(out, macros[i].kinds[k]);
		*args = ahead;
		return true;
	}
	return false;
}

enum status
fetch_items_parse(struct imap_reader *args, struct fetch_items *out)
{
	enum status st;

	*out = (struct fetch_items){ 0 };
	if (read_macro(args, out))
		return STATUS_OK;
	if (!imap_take_byte(args, '('))
		return read_item(args, out);
	do
		st = read_item(args, out);
	while (st == STATUS_OK && imap_take_space(args));
	if (st == STATUS_OK && !imap_take_byte(args, ')'))
		st = STATUS_SYNTAX;
	return st;
}
