#include "wire/pop3_reply.h"

#include "base/ascii.h"

/* Text begins with word, and a blank or nothing follows; *rest is what follows. */
static bool
starts_word(struct slice line, struct slice word, struct slice *rest)
{
	if (!slice_starts_nocase(line, word))
		return false;
	*rest = slice_skip(line, word.len);
	return rest->len == 0 || ascii_is_space(rest->ptr[0]);
}

/* RFC 2449 s.8: only directly behind the indicator, and without blanks or brackets inside. */
static void
take_code(struct pop3_reply *r)
{
	size_t end = slice_find_byte(r->text, ']');
	struct slice code;

	if (!slice_starts(r->text, SLICE("[")) || end == r->text.len)
		return;
	code = slice_sub(r->text, 1, end - 1);
	if (code.len == 0 || slice_find_byte(code, ' ') < code.len)
		return;
	r->code = code;
	r->text = slice_trim(slice_skip(r->text, end + 1));
}

enum status
pop3_reply_parse(struct slice line, struct pop3_reply *out)
{
	struct pop3_reply r = { .kind = POP3_REPLY_OK };

	if (slice_find_byte(line, '\0') < line.len)
		return STATUS_SYNTAX;
	if (starts_word(line, SLICE("+OK"), &r.text))
		r.kind = POP3_REPLY_OK;
	else if (starts_word(line, SLICE("-ERR"), &r.text))
		r.kind = POP3_REPLY_ERR;
	else if (starts_word(line, SLICE("+"), &r.text))
		r.kind = POP3_REPLY_GO_ON;
	else
		return STATUS_SYNTAX;
	r.text = slice_trim(r.text);
	if (r.kind != POP3_REPLY_GO_ON)
		take_code(&r);
	*out = r;
	return STATUS_OK;
}

/* The next word, whatever blanks stand around it. */
static struct slice
next_word(struct slice *line)
{
	*line = slice_trim(*line);
	return slice_take_word(line);
}

enum status
pop3_scan_parse(struct slice line, uint32_t *number, uint64_t *size_bytes)
{
	uint32_t n;
	uint64_t size;
	enum status st;

	st = parse_u32(next_word(&line), 0, UINT32_MAX, &n);
	if (st != STATUS_OK)
		return st;
	st = parse_u64(next_word(&line), 0, UINT64_MAX, &size);
	if (st != STATUS_OK)
		return st;
	*number = n;
	*size_bytes = size;
	return STATUS_OK;
}

enum status
pop3_uidl_parse(struct slice line, uint32_t *number, struct slice *uidl)
{
	struct slice id;
	uint32_t n;
	enum status st;

	st = parse_u32(next_word(&line), 0, UINT32_MAX, &n);
	if (st != STATUS_OK)
		return st;
	id = next_word(&line);
	if (id.len == 0 || slice_trim(line).len > 0)
		return STATUS_SYNTAX;
	if (id.len > POP3_UIDL_MAX)
		return STATUS_LIMIT;
	for (size_t i = 0; i < id.len; i++) {
		if (id.ptr[i] < 0x21 || id.ptr[i] > 0x7e)
			return STATUS_SYNTAX;
	}
	*number = n;
	*uidl = id;
	return STATUS_OK;
}

static unsigned
sasl_mechanisms(struct slice names)
{
	unsigned bits = 0;

	for (;;) {
		struct slice name = next_word(&names);

		if (name.len == 0)
			return bits;
		if (slice_equal_nocase(name, SLICE("PLAIN")))
			bits |= POP3_CAPA_SASL_PLAIN;
		else if (slice_equal_nocase(name, SLICE("LOGIN")))
			bits |= POP3_CAPA_SASL_LOGIN;
	}
}

unsigned
pop3_capa_parse(struct slice line)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {
		{ "TOP", POP3_CAPA_TOP },
		{ "USER", POP3_CAPA_USER },
		{ "UIDL", POP3_CAPA_UIDL },
		{ "STLS", POP3_CAPA_STLS },
		{ "PIPELINING", POP3_CAPA_PIPELINING },
	};
	struct slice name = next_word(&line);

	if (slice_equal_nocase(name, SLICE("SASL")))
		return sasl_mechanisms(line);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (slice_equal_nocase(name, slice_from_cstr(known[i].name)))
			return known[i].bit;
	}
	return 0;
}
