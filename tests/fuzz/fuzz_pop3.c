/*
 * Any bytes are read as what a POP3 server says, line by line, and as a text of
 * which TOP sends the beginning.  Slices stay within their line, ids keep their
 * form, and TOP sends the same however the text is cut.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "fetchd/listing.h"
#include "pop3d/stream.h"
#include "wire/pop3_reply.h"

#define LISTED_MAX 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_within(struct slice part, struct slice whole)
{
	ASSERT(part.len == 0 ||
	    (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void
read_line(struct slice line, struct listing *l)
{
	struct pop3_reply reply;
	struct slice uidl;
	uint32_t number;
	uint64_t bytes;

	if (pop3_reply_parse(line, &reply) == STATUS_OK) {
		check_within(reply.code, line);
		check_within(reply.text, line);
	}
	if (pop3_uidl_parse(line, &number, &uidl) == STATUS_OK) {
		check_within(uidl, line);
		ASSERT(uidl.len > 0 && uidl.len <= POP3_UIDL_MAX);
	}
	(void)!pop3_scan_parse(line, &number, &bytes);
	(void)pop3_capa_parse(line);
	(void)!listing_add(l, line, NULL);
}

static void
read_lines(struct slice input)
{
	struct listing l = listing_init(LISTED_MAX);
	struct slice rest = input;
	uint32_t *wanted;
	uint32_t twins, count;

	while (rest.len > 0)
		read_line(slice_take_until(&rest, '\n'), &l);
	if (listing_complete(&l, &twins, NULL) == STATUS_OK) {
		for (rest = input; rest.len > 0;)
			(void)!listing_size(&l, slice_take_until(&rest, '\n'), NULL);
		wanted = listing_wanted(&l, &count);
		ASSERT(count + twins == l.count);
		mem_free(wanted);
	}
	listing_clear(&l);
}

static size_t
top_of(struct slice text, uint32_t lines, size_t step)
{
	struct top_cut t = { .lines_left = lines };
	size_t sent = 0;

	while (text.len > 0 && !t.is_done) {
		sent += top_cut_feed(&t, slice_sub(text, 0, step));
		text = slice_skip(text, step);
	}
	return sent;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size);

	read_lines(input);
	if (size > 1)
		ASSERT(top_of(slice_skip(input, 1), data[0], 1 + data[0] % 7u) ==
		    top_of(slice_skip(input, 1), data[0], size));
	return 0;
}
