/*
 * Sets of numbers against a bitmap, and patterns of LIST against the plain
 * recursive definition of what they match.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "imapd/match.h"
#include "store/uidset.h"
#include "wire/imap_token.h"

#define NUMBERS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_set(const struct uidset *s, const bool has[NUMBERS])
{
	uint64_t count = 0;

	for (uint32_t n = 0; n < NUMBERS; n++) {
		ASSERT(uidset_has(s, n) == has[n]);
		count += has[n];
	}
	ASSERT(uidset_size(s) == count);
	for (uint32_t i = 0; i < s->count; i++) {
		ASSERT(s->ranges[i].first <= s->ranges[i].last);
		ASSERT(i == 0 || s->ranges[i - 1].last + 1 < s->ranges[i].first);
	}
}

/* Printed, and read again as IMAP and as a record. */
static void
write_set(const struct uidset *s)
{
	struct buf text = buf_init(65536), record = buf_init(65536), again = buf_init(65536);
	struct uidset from_text = uidset_init(), from_record;
	struct slice rest;
	struct reader in;
	uint32_t first, last;

	uidset_print(s, &text);
	rest = buf_slice(&text);
	while (imap_set_next(&rest, &first, &last) == STATUS_OK)
		ASSERT(uidset_add(&from_text, first, last) == STATUS_OK);
	ASSERT(rest.len == 0 && from_text.count == s->count);
	uidset_put(s, &record);
	in = reader_of(buf_slice(&record));
	uidset_read(&in, &from_record);
	ASSERT(reader_at_end(&in));
	uidset_put(&from_record, &again);
	ASSERT(slice_equal(buf_slice(&record), buf_slice(&again)));
	uidset_clear(&from_text);
	uidset_clear(&from_record);
	buf_clear(&text);
	buf_clear(&record);
	buf_clear(&again);
}

static void
make_set(struct slice input)
{
	struct uidset s = uidset_init();
	bool has[NUMBERS] = { false };

	for (size_t i = 0; i + 1 < input.len && i < 400; i += 2) {
		uint32_t a = (unsigned char)input.ptr[i], b = (unsigned char)input.ptr[i + 1];
		uint32_t first = (a < b ? a : b), last = (a < b ? b : a);

		/* 0 is no number of IMAP's. */
		first += first == 0;
		last += last == 0;
		ASSERT(uidset_add(&s, first, last) == STATUS_OK);
		memset(has + first, true, last - first + 1);
	}
	check_set(&s, has);
	write_set(&s);
	uidset_clear(&s);
}

static bool
matches(struct slice pattern, struct slice name)
{
	if (pattern.len == 0)
		return name.len == 0;
	if (pattern.ptr[0] == '*' || pattern.ptr[0] == '%')
		return matches(slice_skip(pattern, 1), name) ||
		    (name.len > 0 && (pattern.ptr[0] == '*' || name.ptr[0] != '/') &&
			matches(pattern, slice_skip(name, 1)));
	return name.len > 0 && name.ptr[0] == pattern.ptr[0] &&
	    matches(slice_skip(pattern, 1), slice_skip(name, 1));
}

/* "inbox" is another matter: match_test.c. */
static bool
is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == 'i' || s.ptr[i] == 'I')
			return false;
	return true;
}

static void
match_short(struct slice input)
{
	struct slice pattern = slice_take_until(&input, '\n');
	struct slice name = slice_take_until(&input, '\n');
	struct match_pattern *p;

	if (pattern.len > 12 || name.len > 12 || name.len == 0 || !is_plain(pattern) ||
	    !is_plain(name))
		return;
	p = mem_new(struct match_pattern);
	match_compile(pattern, p);
	ASSERT(match_name(p, name) == matches(pattern, name));
	mem_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size);

	make_set(input);
	match_short(input);
	return 0;
}
