#include "imapd/search_program.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"
#include "imapd/condstore.h"
#include "mime/charset.h"
#include "mime/date.h"
#include "store/flags.h"

#define NEEDLE_MAX (256 * 1024)

enum argument {
	ARGUMENT_NONE,
	ARGUMENT_TEXT,		/* in the search's charset */
	ARGUMENT_FIELD,		/* a name, then text */
	ARGUMENT_NUMBER,
	ARGUMENT_DATE,
	ARGUMENT_KEYWORD,
	ARGUMENT_UIDS,
	ARGUMENT_MODSEQ,
	ARGUMENT_INTERVAL,	/* seconds before now */
};

static const enum search_cost costs[SEARCH_KIND_COUNT] = {
	[SEARCH_LARGER] = COST_ROW,
	[SEARCH_SMALLER] = COST_ROW,
	[SEARCH_OLDER] = COST_ROW,
	[SEARCH_YOUNGER] = COST_ROW,
	[SEARCH_BEFORE] = COST_ROW,
	[SEARCH_ON] = COST_ROW,
	[SEARCH_SINCE] = COST_ROW,
	[SEARCH_SENTBEFORE] = COST_DIGEST,
	[SEARCH_SENTON] = COST_DIGEST,
	[SEARCH_SENTSINCE] = COST_DIGEST,
	[SEARCH_HEADER] = COST_HEADER,
	[SEARCH_BODY] = COST_TEXT,
	[SEARCH_TEXT] = COST_TEXT,
};

static const struct {
	const char *name;
	enum search_kind kind;
	enum argument argument;
	uint64_t mask, wanted;
	const char *field;
} keys[] = {
	{ "ALL", SEARCH_ALL, ARGUMENT_NONE, 0, 0, NULL },
	{ "ANSWERED", SEARCH_FLAG, ARGUMENT_NONE, FLAG_ANSWERED, FLAG_ANSWERED, NULL },
	{ "BCC", SEARCH_HEADER, ARGUMENT_TEXT, 0, 0, "Bcc" },
	{ "BEFORE", SEARCH_BEFORE, ARGUMENT_DATE, 0, 0, NULL },
	{ "BODY", SEARCH_BODY, ARGUMENT_TEXT, 0, 0, NULL },
	{ "CC", SEARCH_HEADER, ARGUMENT_TEXT, 0, 0, "Cc" },
	{ "DELETED", SEARCH_FLAG, ARGUMENT_NONE, FLAG_DELETED, FLAG_DELETED, NULL },
	{ "DRAFT", SEARCH_FLAG, ARGUMENT_NONE, FLAG_DRAFT, FLAG_DRAFT, NULL },
	{ "FLAGGED", SEARCH_FLAG, ARGUMENT_NONE, FLAG_FLAGGED, FLAG_FLAGGED, NULL },
	{ "FROM", SEARCH_HEADER, ARGUMENT_TEXT, 0, 0, "From" },
	{ "HEADER", SEARCH_HEADER, ARGUMENT_FIELD, 0, 0, NULL },
	{ "KEYWORD", SEARCH_KEYWORD, ARGUMENT_KEYWORD, 0, 1, NULL },
	{ "LARGER", SEARCH_LARGER, ARGUMENT_NUMBER, 0, 0, NULL },
	{ "MODSEQ", SEARCH_MODSEQ, ARGUMENT_MODSEQ, 0, 0, NULL },
	/* wanted: without \Seen, too */
	{ "NEW", SEARCH_RECENT, ARGUMENT_NONE, FLAG_SEEN, 1, NULL },
	{ "OLD", SEARCH_RECENT, ARGUMENT_NONE, 0, 0, NULL },
	{ "OLDER", SEARCH_OLDER, ARGUMENT_INTERVAL, 0, 0, NULL },
	{ "ON", SEARCH_ON, ARGUMENT_DATE, 0, 0, NULL },
	{ "RECENT", SEARCH_RECENT, ARGUMENT_NONE, 0, 1, NULL },
	{ "SEEN", SEARCH_FLAG, ARGUMENT_NONE, FLAG_SEEN, FLAG_SEEN, NULL },
	{ "SENTBEFORE", SEARCH_SENTBEFORE, ARGUMENT_DATE, 0, 0, NULL },
	{ "SENTON", SEARCH_SENTON, ARGUMENT_DATE, 0, 0, NULL },
	{ "SENTSINCE", SEARCH_SENTSINCE, ARGUMENT_DATE, 0, 0, NULL },
	{ "SINCE", SEARCH_SINCE, ARGUMENT_DATE, 0, 0, NULL },
	{ "SMALLER", SEARCH_SMALLER, ARGUMENT_NUMBER, 0, 0, NULL },
	{ "SUBJECT", SEARCH_HEADER, ARGUMENT_TEXT, 0, 0, "Subject" },
	{ "TEXT", SEARCH_TEXT, ARGUMENT_TEXT, 0, 0, NULL },
	{ "TO", SEARCH_HEADER, ARGUMENT_TEXT, 0, 0, "To" },
	{ "UID", SEARCH_UIDS, ARGUMENT_UIDS, 0, 0, NULL },
	{ "UNANSWERED", SEARCH_FLAG, ARGUMENT_NONE, FLAG_ANSWERED, 0, NULL },
	{ "UNDELETED", SEARCH_FLAG, ARGUMENT_NONE, FLAG_DELETED, 0, NULL },
	{ "UNDRAFT", SEARCH_FLAG, ARGUMENT_NONE, FLAG_DRAFT, 0, NULL },
	{ "UNFLAGGED", SEARCH_FLAG, ARGUMENT_NONE, FLAG_FLAGGED, 0, NULL },
	{ "UNKEYWORD", SEARCH_KEYWORD, ARGUMENT_KEYWORD, 0, 0, NULL },
	{ "UNSEEN", SEARCH_FLAG, ARGUMENT_NONE, FLAG_SEEN, 0, NULL },
	{ "YOUNGER", SEARCH_YOUNGER, ARGUMENT_INTERVAL, 0, 0, NULL },
};

static const char *const charsets[] = {
	"US-ASCII", "UTF-8", "GB2312", "GBK", "GB18030", "BIG5",
};

struct parse {
	struct imap_reader *args;
	const struct sequence *view;
	struct search_program *out;
	struct slice charset;		/* empty: guess */
	uint32_t open[SEARCH_DEPTH_MAX];	/* inner nodes that are not complete */
	uint32_t last[SEARCH_DEPTH_MAX];	/* the latest child of each */
	unsigned depth;
};

void
search_program_clear(struct search_program *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		uidset_clear(&p->nodes[i].uids);
		buf_clear(&p->nodes[i].text);
	}
	mem_free(p->nodes);
	*p = (struct search_program){ 0 };
}

/* A new node as the next child of the innermost open one. */
static enum status
add_node(struct parse *p, enum search_kind kind, uint32_t *index)
{
	struct search_program *out = p->out;
	struct search_node *n;

	if (out->count == SEARCH_KEYS_MAX)
		return STATUS_LIMIT;
	n = &out->nodes[out->count];
	n->kind = kind;
	n->cost = costs[kind];
	n->uids = uidset_init();
	n->text = buf_init(NEEDLE_MAX);
	*index = out->count++;
	if (p->depth == 0)
		return STATUS_OK;
	if (p->last[p->depth - 1] == 0)
		out->nodes[p->open[p->depth - 1]].child = *index;
	else
		out->nodes[p->last[p->depth - 1]].next = *index;
	p->last[p->depth - 1] = *index;
	return STATUS_OK;
}

static enum status
open_node(struct parse *p, enum search_kind kind)
{
	uint32_t index;
	enum status st;

	if (p->depth == SEARCH_DEPTH_MAX)
		return STATUS_LIMIT;
	st = add_node(p, kind, &index);
	if (st != STATUS_OK)
		return st;
	p->open[p->depth] = index;
	p->last[p->depth] = 0;
	p->depth++;
	return STATUS_OK;
}

static void
close_node(struct parse *p)
{
	struct search_node *nodes = p->out->nodes;
	struct search_node *n = &nodes[p->open[--p->depth]];

	for (uint32_t i = n->child; i != 0; i = nodes[i].next)
		if (nodes[i].cost > n->cost)
			n->cost = nodes[i].cost;
}

/* How many operands the innermost open node has: 0, 1, or 2 for more. */
static unsigned
operands(const struct parse *p)
{
	const struct search_node *n = &p->out->nodes[p->open[p->depth - 1]];

	if (n->child == 0)
		return 0;
	return p->out->nodes[n->child].next == 0 ? 1 : 2;
}

static enum status
take_text(struct parse *p, struct buf *out)
{
	struct buf utf8 = buf_init(NEEDLE_MAX);
	struct slice raw, charset = p->charset;
	enum status st;

	if (!imap_take_space(p->args) || imap_take_astring(p->args, &raw) != STATUS_OK)
		return STATUS_SYNTAX;
	if (charset.len == 0)
		charset = charset_guess(raw, SLICE("gb18030"));
	st = charset_to_utf8_strict(charset, raw, &utf8);
	if (st == STATUS_OK)
		st = text_fold(buf_slice(&utf8), out);
	buf_clear(&utf8);
	return st == STATUS_ABSENT ? STATUS_SYNTAX : st;
}

/* "1-Feb-1994", quoted or not. */
static enum status
take_date(struct parse *p, uint32_t *day)
{
	struct buf full = buf_init(64);
	struct slice word;
	struct date date;
	enum status st;

	if (!imap_take_space(p->args) || imap_take_astring(p->args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	word = slice_trim(word);
	buf_append(&full, word);
	buf_append(&full, SLICE(" 00:00:00 +0000"));
	st = buf_status(&full) == STATUS_OK ? date_parse_imap(buf_slice(&full), &date) :
	    STATUS_SYNTAX;
	buf_clear(&full);
	if (st == STATUS_OK)
		*day = date.year * 10000u + date.month * 100u + date.day;
	return st;
}

static enum status
take_uids(struct parse *p, enum sequence_kind kind, struct uidset *out)
{
	struct slice set;

	if (imap_take_set(p->args, &set) != STATUS_OK)
		return STATUS_SYNTAX;
	return sequence_select(p->view, set, kind, out);
}

/*
 * RFC 7162 s.3.1.5: an entry name and a type may come first, "/flags/\\Seen" all.
 * We number changes of a message, not of each flag, as it allows.
 */
static enum status
take_modseq(struct parse *p, uint64_t *out)
{
	struct imap_reader ahead = *p->args;
	struct slice entry, type;

	p->out->has_modseq = true;
	if (imap_take_space(&ahead) && ahead.rest.len != 0 && ahead.rest.ptr[0] == '"') {
		if (imap_take_string(&ahead, &entry) != STATUS_OK ||
		    !slice_starts(entry, SLICE("/flags/")) || !imap_take_space(&ahead) ||
		    imap_take_atom(&ahead, &type) != STATUS_OK ||
		    (!slice_equal_nocase(type, SLICE("all")) &&
		    !slice_equal_nocase(type, SLICE("shared")) &&
		    !slice_equal_nocase(type, SLICE("priv"))))
			return STATUS_SYNTAX;
		*p->args = ahead;
	}
	return condstore_take_number(p->args, out);
}

static enum status
take_argument(struct parse *p, enum argument argument, struct search_node *n)
{
	struct slice word;

	switch (argument) {
	case ARGUMENT_NONE:
		return STATUS_OK;
	case ARGUMENT_TEXT:
		return take_text(p, &n->text);
	case ARGUMENT_FIELD:
		if (!imap_take_space(p->args) ||
		    imap_take_astring(p->args, &n->field) != STATUS_OK)
			return STATUS_SYNTAX;
		return take_text(p, &n->text);
	case ARGUMENT_NUMBER:
		return imap_take_space(p->args) ? imap_take_number(p->args, &n->number) :
		    STATUS_SYNTAX;
	case ARGUMENT_DATE:
		return take_date(p, &n->number);
	case ARGUMENT_KEYWORD:
		if (!imap_take_space(p->args) || imap_take_atom(p->args, &word) != STATUS_OK)
			return STATUS_SYNTAX;
		return buf_append(&n->text, word);
	case ARGUMENT_UIDS:
		return imap_take_space(p->args) ? take_uids(p, SEQUENCE_UIDS, &n->uids) :
		    STATUS_SYNTAX;
	case ARGUMENT_MODSEQ:
		return take_modseq(p, &n->wanted);
	case ARGUMENT_INTERVAL:
		if (!imap_take_space(p->args) ||
		    imap_take_number(p->args, &n->number) != STATUS_OK || n->number == 0)
			return STATUS_SYNTAX;
		n->wanted = clock_now_s() - n->number;
		return STATUS_OK;
	}
	return STATUS_SYNTAX;
}

static enum status
take_leaf(struct parse *p, struct slice word)
{
	uint32_t index;
	enum status st;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct search_node *n;

		if (!slice_equal_nocase(word, slice_from_cstr(keys[i].name)))
			continue;
		st = add_node(p, keys[i].kind, &index);
		if (st != STATUS_OK)
			return st;
		n = &p->out->nodes[index];
		n->mask = keys[i].mask;
		n->wanted = keys[i].wanted;
		n->field = slice_from_cstr(keys[i].field);
		return take_argument(p, keys[i].argument, n);
	}
	return STATUS_SYNTAX;
}

/* One key, or the beginning of one that has operands. */
static enum status
take_key(struct parse *p)
{
	struct slice word;
	uint32_t index;
	enum status st;

	if (imap_take_byte(p->args, '('))
		return open_node(p, SEARCH_AND);
	if (p->args->rest.len != 0 &&
	    (ascii_is_digit(p->args->rest.ptr[0]) || p->args->rest.ptr[0] == '*' ||
	    p->args->rest.ptr[0] == '$')) {
		st = add_node(p, SEARCH_UIDS, &index);
		return st != STATUS_OK ? st :
		    take_uids(p, SEQUENCE_NUMBERS, &p->out->nodes[index].uids);
	}
	if (imap_take_atom(p->args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	if (slice_equal_nocase(word, SLICE("NOT")))
		return open_node(p, SEARCH_NOT);
	if (slice_equal_nocase(word, SLICE("OR")))
		return open_node(p, SEARCH_OR);
	return take_leaf(p, word);
}

/* Close what is complete.  *more: another key must follow. */
static enum status
settle(struct parse *p, bool *more)
{
	while (p->depth > 0) {
		enum search_kind kind = p->out->nodes[p->open[p->depth - 1]].kind;
		unsigned have = operands(p);

		if ((kind == SEARCH_NOT && have == 1) || (kind == SEARCH_OR && have == 2)) {
			close_node(p);
			continue;
		}
		if (kind != SEARCH_AND || have == 0)
			break;
		if (p->depth == 1 && imap_at_end(p->args)) {
			close_node(p);
			continue;
		}
		if (p->depth == 1 || !imap_take_byte(p->args, ')'))
			break;
		close_node(p);
	}
	*more = p->depth > 0;
	return STATUS_OK;
}

/* SP and the name of a charset we know.  ABSENT: we do not. */
static enum status
take_charset(struct parse *p)
{
	if (!imap_take_space(p->args) || imap_take_astring(p->args, &p->charset) != STATUS_OK)
		return STATUS_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++)
		if (slice_equal_nocase(p->charset, slice_from_cstr(charsets[i])))
			return STATUS_OK;
	return STATUS_ABSENT;
}

static enum status
take_optional_charset(struct parse *p)
{
	struct imap_reader ahead = *p->args;
	struct slice word;

	if (!imap_take_space(&ahead) || imap_take_atom(&ahead, &word) != STATUS_OK ||
	    !slice_equal_nocase(word, SLICE("CHARSET")))
		return STATUS_OK;
	*p->args = ahead;
	return take_charset(p);
}

static enum status
take_keys(struct parse *p)
{
	bool more = true, is_inside = false;
	enum status st = open_node(p, SEARCH_AND);

	while (st == STATUS_OK && more) {
		/* No blank behind an opening parenthesis. */
		if (!is_inside && !imap_take_space(p->args))
			return STATUS_SYNTAX;
		is_inside = p->args->rest.len != 0 && p->args->rest.ptr[0] == '(';
		st = take_key(p);
		if (st == STATUS_OK)
			st = settle(p, &more);
	}
	return st;
}

enum status
search_program_parse(struct imap_reader *args, const struct sequence *view,
    struct search_program *out)
{
	struct parse p = { .args = args, .view = view, .out = out };
	enum status st;

	*out = (struct search_program){ 0 };
	out->nodes = mem_array(struct search_node, SEARCH_KEYS_MAX);
	st = take_optional_charset(&p);
	return st == STATUS_OK ? take_keys(&p) : st;
}

enum status
search_program_parse_in(struct imap_reader *args, const struct sequence *view,
    struct search_program *out)
{
	struct parse p = { .args = args, .view = view, .out = out };
	enum status st;

	*out = (struct search_program){ 0 };
	out->nodes = mem_array(struct search_node, SEARCH_KEYS_MAX);
	st = take_charset(&p);
	return st == STATUS_OK ? take_keys(&p) : st;
}
