#include "imapd/search_return.h"

static const struct {
	const char *name;
	unsigned bit;
} options[] = {
	{ "MIN", RETURN_MIN },
	{ "MAX", RETURN_MAX },
	{ "ALL", RETURN_ALL },
	{ "COUNT", RETURN_COUNT },
	{ "SAVE", RETURN_SAVE },
};

static enum status
take_option(struct imap_reader *args, unsigned *wanted)
{
	struct slice word;

	if (imap_take_atom(args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (slice_equal_nocase(word, slice_from_cstr(options[i].name))) {
			*wanted |= options[i].bit;
			return STATUS_OK;
		}
	return STATUS_SYNTAX;
}

enum status
search_return_parse(struct imap_reader *args, unsigned *wanted)
{
	struct imap_reader ahead = *args;
	struct slice word;
	unsigned found = 0;

	*wanted = 0;
	if (!imap_take_space(&ahead) || imap_take_atom(&ahead, &word) != STATUS_OK ||
	    !slice_equal_nocase(word, SLICE("RETURN")))
		return STATUS_OK;
	if (!imap_take_space(&ahead) || !imap_take_byte(&ahead, '('))
		return STATUS_SYNTAX;
	if (!imap_take_byte(&ahead, ')')) {
		do {
			if (take_option(&ahead, &found) != STATUS_OK)
				return STATUS_SYNTAX;
		} while (imap_take_space(&ahead));
		if (!imap_take_byte(&ahead, ')'))
			return STATUS_SYNTAX;
	}
	*args = ahead;
	*wanted = found == 0 ? RETURN_ALL : found;
	return STATUS_OK;
}

struct search_result
search_result_init(unsigned wanted, bool is_uid)
{
	return (struct search_result){
		.wanted = wanted,
		.is_uid = is_uid,
		.all = uidset_init(),
		.saved = uidset_init(),
	};
}

void
search_result_clear(struct search_result *r)
{
	uidset_clear(&r->all);
	uidset_clear(&r->saved);
}

/* RFC 5182 s.2.1: with MIN or MAX, and neither ALL nor COUNT, only those are saved. */
static enum status
save(struct search_result *r, uint32_t uid)
{
	unsigned ends = r->wanted & (RETURN_MIN | RETURN_MAX);
	struct uidset first = uidset_init();
	enum status st = STATUS_OK;

	if (ends == 0 || r->wanted & (RETURN_ALL | RETURN_COUNT))
		return uidset_add(&r->saved, uid, uid);
	if (r->count == 0)
		return uidset_add(&r->saved, uid, uid);
	if (ends == RETURN_MIN)
		return STATUS_OK;
	/* The last found takes the place of the one before, not that of the first. */
	if (ends & RETURN_MIN)
		st = uidset_add(&first, r->saved.ranges[0].first, r->saved.ranges[0].first);
	if (st == STATUS_OK)
		st = uidset_add(&first, uid, uid);
	uidset_clear(&r->saved);
	r->saved = first;
	return st;
}

enum status
search_result_add(struct search_result *r, const struct flags_entry *e, uint32_t number)
{
	uint32_t n = r->is_uid ? e->uid : number;
	enum status st = STATUS_OK;

	if (r->wanted & RETURN_ALL)
		st = uidset_add(&r->all, n, n);
	if (st == STATUS_OK && r->wanted & RETURN_SAVE)
		st = save(r, e->uid);
	if (st != STATUS_OK)
		return st;
	if (r->count++ == 0) {
		r->min = n;
		r->min_modseq = e->modseq;
	}
	r->max = n;
	r->max_modseq = e->modseq;
	if (e->modseq > r->modseq)
		r->modseq = e->modseq;
	return STATUS_OK;
}

uint64_t
search_result_modseq(const struct search_result *r)
{
	uint64_t n = 0;

	if ((r->wanted & (RETURN_MIN | RETURN_MAX)) == 0 ||
	    r->wanted & (RETURN_ALL | RETURN_COUNT))
		return r->modseq;
	if (r->wanted & RETURN_MIN)
		n = r->min_modseq;
	if (r->wanted & RETURN_MAX && r->max_modseq > n)
		n = r->max_modseq;
	return n;
}

static void
put_number(struct buf *out, const char *name, uint64_t n)
{
	buf_append_byte(out, ' ');
	buf_append(out, slice_from_cstr(name));
	buf_append_byte(out, ' ');
	buf_append_u64(out, n);
}

void
search_result_write(const struct search_result *r, struct slice tag, bool has_modseq,
    struct buf *out)
{
	if (r->wanted == RETURN_SAVE)
		return;
	/* The tag is a quoted string: iOS does not understand an atom here. */
	buf_append(out, SLICE("* ESEARCH (TAG \""));
	buf_append(out, tag);
	buf_append(out, SLICE("\")"));
	if (r->is_uid)
		buf_append(out, SLICE(" UID"));
	if (r->wanted & RETURN_MIN && r->count > 0)
		put_number(out, "MIN", r->min);
	if (r->wanted & RETURN_MAX && r->count > 0)
		put_number(out, "MAX", r->max);
	if (r->wanted & RETURN_ALL && r->count > 0) {
		buf_append(out, SLICE(" ALL "));
		uidset_print(&r->all, out);
	}
	if (r->wanted & RETURN_COUNT)
		put_number(out, "COUNT", r->count);
	if (has_modseq && r->count > 0)
		put_number(out, "MODSEQ", search_result_modseq(r));
	buf_append(out, SLICE("\r\n"));
}
