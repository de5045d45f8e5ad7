#include "imapd/search_match.h"

#include "base/mem.h"
#include "mime/charset.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/word.h"

#define FIELD_MAX (1024 * 1024)	/* bytes of one decoded field that are looked at */

void
search_subject_init(struct search_subject *s, const struct search_program *program,
    const struct flags_entry *entry, const struct keyword_names *keywords, bool is_recent,
    struct message_view *view)
{
	*s = (struct search_subject){
		.program = program,
		.entry = entry,
		.keywords = keywords,
		.is_recent = is_recent,
		.view = view,
	};
	s->header = buf_init(VIEW_HEADER_MAX);
}

void
search_subject_clear(struct search_subject *s)
{
	buf_clear(&s->header);
}

static bool
holds(struct slice hay, struct slice needle)
{
	return needle.len == 0 || slice_find(hay, needle) != hay.len;
}

/* Words */

/* Does decoded UTF-8 text hold the folded needle? */
static bool
text_holds(struct slice utf8, struct slice needle)
{
	struct buf folded = buf_init(4 * SEARCH_PART_MAX);
	bool found;

	(void)text_fold(utf8, &folded);
	found = holds(buf_slice(&folded), needle);
	buf_clear(&folded);
	return found;
}

static bool
field_holds(struct slice value, struct slice needle)
{
	struct buf text = buf_init(FIELD_MAX);
	bool found;

	(void)word_decode(value, SLICE(""), &text);
	found = text_holds(buf_slice(&text), needle);
	buf_clear(&text);
	return found;
}

/* field empty: any field, its name too. */
static bool
header_holds(struct slice header, struct slice field, struct slice needle)
{
	struct header_field f;

	while (header_next(&header, &f)) {
		if (field.len != 0 && !slice_equal_nocase(f.name, field))
			continue;
		if (field_holds(f.value, needle))
			return true;
		if (field.len == 0 && text_holds(f.name, needle))
			return true;
	}
	return false;
}

static enum status
read_header(struct search_subject *s, struct problem *why)
{
	enum status st = message_view_digest(s->view, why);
	uint32_t len;

	if (st != STATUS_OK || s->has_header)
		return st;
	len = s->view->digest.header_len;
	if (len > s->view->text.size_bytes)
		len = s->view->text.size_bytes;
	if (len > VIEW_HEADER_MAX)
		len = VIEW_HEADER_MAX;
	st = message_view_read(s->view, 0, len, &s->header, why);
	s->has_header = st == STATUS_OK;
	return st;
}

/* Nobody else has a turn while one message is looked at: what many keys may cost has an end. */
static enum status
spend(struct search_subject *s, size_t bytes)
{
	s->work += bytes;
	/* One TEXT goes through it once, and twice through its header. */
	return s->work > SEARCH_WORK_MAX && s->work / 2 > s->view->text.size_bytes ?
	    STATUS_LIMIT : STATUS_OK;
}

/*
 * Without a type it is text/plain (RFC 2045 s.5.2).  A message that is no part tree is a
 * report, as of a delivery, or a piece of one: text as well.
 */
static bool
is_text(const struct param_list *type)
{
	return type->type.len == 0 || slice_equal_nocase(type->type, SLICE("text")) ||
	    slice_equal_nocase(type->type, SLICE("message"));
}

/* The value of a parameter of the first such field, put together and decoded. */
static bool
param_holds(struct slice header, const char *field, const char *param, struct slice needle)
{
	struct param_list *list = mem_new(struct param_list);
	struct header_field f = { 0 };
	bool found;

	(void)header_find(header, slice_from_cstr(field), &f);
	param_list_parse(f.value, list);
	found = field_holds(param_list_get(list, slice_from_cstr(param)), needle);
	param_list_clear(list);
	mem_free(list);
	return found;
}

/* People look for attachments by their names. */
static bool
file_name_holds(struct slice header, struct slice needle)
{
	return param_holds(header, "Content-Disposition", "filename", needle) ||
	    param_holds(header, "Content-Type", "name", needle);
}

static bool
body_holds(const struct param_list *type, enum encoding encoding, struct slice body,
    struct slice needle)
{
	struct buf plain = buf_init(SEARCH_PART_MAX), utf8 = buf_init(2 * SEARCH_PART_MAX);
	bool found;

	(void)encoding_decode(encoding, body, &plain);
	(void)charset_to_utf8(param_list_get(type, SLICE("charset")), buf_slice(&plain), &utf8);
	found = text_holds(buf_slice(&utf8), needle);
	buf_clear(&plain);
	buf_clear(&utf8);
	return found;
}

/* What is not text is not even read. */
static enum status
leaf_holds(struct search_subject *s, const struct part *p, struct slice header,
    struct slice needle, bool *found, struct problem *why)
{
	struct buf body = buf_init(SEARCH_PART_MAX);
	struct param_list *type = mem_new(struct param_list);
	uint32_t len = p->body_len < SEARCH_PART_MAX ? p->body_len : SEARCH_PART_MAX;
	struct header_field f = { 0 };
	enum status st = STATUS_OK;

	(void)header_find(header, SLICE("Content-Type"), &f);
	param_list_parse(f.value, type);
	if (is_text(type)) {
		st = spend(s, len);
		if (st == STATUS_OK)
			st = message_view_read(s->view, p->body_at, len, &body, why);
		if (st == STATUS_OK)
			*found = body_holds(type, (enum encoding)p->encoding, buf_slice(&body),
			    needle);
	}
	param_list_clear(type);
	mem_free(type);
	buf_clear(&body);
	return st;
}

/* One part: its header for TEXT, that of a message inside in any case; and a leaf's text. */
static enum status
part_holds(struct search_subject *s, uint32_t index, const struct search_node *n, bool *found,
    struct problem *why)
{
	struct slice needle = buf_slice(&n->text);
	const struct part_tree *tree = &s->view->tree;
	const struct part *p = &tree->parts[index];
	bool is_inner = index != 0 && tree->parts[p->parent].kind == PART_MESSAGE;
	bool is_asked = is_inner || n->kind == SEARCH_TEXT;
	struct buf header = buf_init(VIEW_HEADER_MAX);
	uint32_t header_len = p->header_len < VIEW_HEADER_MAX ? p->header_len : VIEW_HEADER_MAX;
	enum status st = STATUS_OK;

	if (is_asked || p->kind == PART_LEAF)
		st = message_view_read(s->view, p->header_at, header_len, &header, why);
	if (st == STATUS_OK)
		st = spend(s, header.len);
	/* The message's own header has been looked at. */
	if (st == STATUS_OK && is_asked)
		*found = (index != 0 && header_holds(buf_slice(&header), SLICE(""), needle)) ||
		    file_name_holds(buf_slice(&header), needle);
	if (st == STATUS_OK && !*found && p->kind == PART_LEAF)
		st = leaf_holds(s, p, buf_slice(&header), needle, found, why);
	buf_clear(&header);
	return st;
}

static enum status
any_part_holds(struct search_subject *s, const struct search_node *n, bool *found,
    struct problem *why)
{
	enum status st = message_view_tree(s->view, why);

	for (uint32_t i = 0; st == STATUS_OK && !*found && i < s->view->tree.count; i++)
		st = part_holds(s, i, n, found, why);
	return st;
}

static enum status
match_text(struct search_subject *s, const struct search_node *n, bool *fits,
    struct problem *why)
{
	struct slice needle = buf_slice(&n->text);
	enum status st;

	*fits = false;
	if (n->kind == SEARCH_BODY)
		return any_part_holds(s, n, fits, why);
	st = read_header(s, why);
	if (st == STATUS_OK)
		st = spend(s, s->header.len);
	if (st != STATUS_OK)
		return st;
	*fits = header_holds(buf_slice(&s->header), n->field, needle);
	if (n->kind == SEARCH_TEXT && !*fits)
		return any_part_holds(s, n, fits, why);
	return STATUS_OK;
}

/* Days and sizes */

static uint32_t
internal_day(const struct message_row *row)
{
	unsigned year, month, day;

	civil_date(row->internal_at + (int64_t)row->internal_zone * 60, &year, &month, &day);
	return year * 10000 + month * 100 + day;
}

static enum status
match_row(struct search_subject *s, const struct search_node *n, bool *fits,
    struct problem *why)
{
	enum status st = message_view_row(s->view, why);
	uint32_t day, size;

	if (st != STATUS_OK)
		return st;
	day = internal_day(&s->view->row);
	size = s->view->row.size_bytes;
	*fits = n->kind == SEARCH_OLDER ? s->view->row.internal_at <= (int64_t)n->wanted :
	    n->kind == SEARCH_YOUNGER ? s->view->row.internal_at >= (int64_t)n->wanted :
	    n->kind == SEARCH_LARGER ? size > n->number :
	    n->kind == SEARCH_SMALLER ? size < n->number :
	    n->kind == SEARCH_BEFORE ? day < n->number :
	    n->kind == SEARCH_ON ? day == n->number : day >= n->number;
	return STATUS_OK;
}

static enum status
match_sent(struct search_subject *s, const struct search_node *n, bool *fits,
    struct problem *why)
{
	enum status st = message_view_digest(s->view, why);
	uint32_t day;

	if (st != STATUS_OK)
		return st;
	day = s->view->digest.sent_day;
	/* A message without a date was sent on no day. */
	*fits = day != 0 && (n->kind == SEARCH_SENTBEFORE ? day < n->number :
	    n->kind == SEARCH_SENTON ? day == n->number : day >= n->number);
	return STATUS_OK;
}

static bool
has_keyword(const struct search_subject *s, struct slice name)
{
	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++)
		if (slice_equal_nocase(s->keywords->names[i], name))
			return s->entry->flags >> (i + FLAG_KEYWORD_SHIFT) & 1;
	return false;
}

static bool
match_flags(const struct search_subject *s, const struct search_node *n)
{
	uint64_t flags = s->entry->flags;

	if (n->kind == SEARCH_FLAG)
		return (flags & n->mask) == n->wanted;
	if (n->kind == SEARCH_KEYWORD)
		return has_keyword(s, buf_slice(&n->text)) == (n->wanted != 0);
	if (n->kind == SEARCH_RECENT)
		return s->is_recent == (n->wanted != 0) && !(flags & n->mask);
	if (n->kind == SEARCH_MODSEQ)
		return s->entry->modseq >= n->wanted;
	if (n->kind == SEARCH_UIDS)
		return uidset_has(&n->uids, s->entry->uid);
	return true;
}

/* The tree; its depth is at most SEARCH_DEPTH_MAX. */

static enum status match_node(struct search_subject *s, uint32_t index, bool *fits,
    struct problem *why);

/* All children, or for OR one; those that cost little decide first. */
static enum status
match_children(struct search_subject *s, const struct search_node *n, bool *fits,
    struct problem *why)
{
	const struct search_node *nodes = s->program->nodes;
	bool is_or = n->kind == SEARCH_OR, one = !is_or;
	enum status st;

	for (unsigned cost = 0; cost < COST_COUNT; cost++)
		for (uint32_t i = n->child; i != 0; i = nodes[i].next) {
			if (nodes[i].cost != cost)
				continue;
			st = match_node(s, i, &one, why);
			if (st != STATUS_OK)
				return st;
			if (one == is_or) {
				*fits = one;
				return STATUS_OK;
			}
		}
	*fits = one;
	return STATUS_OK;
}

static enum status
match_node(struct search_subject *s, uint32_t index, bool *fits, struct problem *why)
{
	const struct search_node *n = &s->program->nodes[index];
	enum status st;

	switch (n->kind) {
	case SEARCH_AND:
	case SEARCH_OR:
		return match_children(s, n, fits, why);
	case SEARCH_NOT:
		st = match_node(s, n->child, fits, why);
		*fits = !*fits;
		return st;
	case SEARCH_ALL:
	case SEARCH_FLAG:
	case SEARCH_KEYWORD:
	case SEARCH_RECENT:
	case SEARCH_UIDS:
	case SEARCH_MODSEQ:
		*fits = match_flags(s, n);
		return STATUS_OK;
	case SEARCH_LARGER:
	case SEARCH_SMALLER:
	case SEARCH_OLDER:
	case SEARCH_YOUNGER:
	case SEARCH_BEFORE:
	case SEARCH_ON:
	case SEARCH_SINCE:
		return match_row(s, n, fits, why);
	case SEARCH_SENTBEFORE:
	case SEARCH_SENTON:
	case SEARCH_SENTSINCE:
		return match_sent(s, n, fits, why);
	case SEARCH_HEADER:
	case SEARCH_BODY:
	case SEARCH_TEXT:
		return match_text(s, n, fits, why);
	case SEARCH_KIND_COUNT:
		break;
	}
	return STATUS_CORRUPT;
}

enum status
search_match(struct search_subject *s, bool *fits, struct problem *why)
{
	return match_node(s, 0, fits, why);
}
