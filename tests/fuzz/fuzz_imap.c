/*
 * Any bytes are read as IMAP commands, as a client's lines come in, and their
 * arguments as every command might read them.  A name that is read is written
 * and read again as the same name; a set names only what is there.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "imapd/append_text.h"
#include "imapd/fetch_items.h"
#include "imapd/id.h"
#include "imapd/list_options.h"
#include "imapd/match.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/qresync.h"
#include "imapd/reader.h"
#include "imapd/search_program.h"
#include "imapd/search_return.h"
#include "wire/imap_utf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_name(struct slice wire)
{
	struct buf name = buf_init(4 * NAME_WIRE_MAX), again = buf_init(4 * NAME_WIRE_MAX);
	struct buf written = buf_init(16 * NAME_WIRE_MAX);
	struct match_pattern *p = mem_new(struct match_pattern);

	if (name_decode(wire, &name) == STATUS_OK) {
		ASSERT(utf8_is_valid(buf_slice(&name)));
		imap_utf7_encode(buf_slice(&name), &written);
		ASSERT(imap_utf7_decode(buf_slice(&written), &again) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&name), buf_slice(&again)));
		match_compile(buf_slice(&name), p);
		(void)match_name(p, buf_slice(&name));
	}
	mem_free(p);
	buf_clear(&name);
	buf_clear(&again);
	buf_clear(&written);
}

/* What a client says to know, and what it said of sets by themselves. */
static void
read_known(struct imap_reader r, const struct sequence *view)
{
	struct qresync q;

	if (qresync_take(&r, &q) == STATUS_OK)
		ASSERT(q.modseq > 0 && q.uid_validity > 0);
	(void)qresync_matched(view, q.numbers, q.uids);
	qresync_clear(&q);
}

static void
read_set(struct slice text, const struct sequence *view)
{
	struct uidset numbers = uidset_init(), uids = uidset_init();

	if (sequence_select(view, text, SEQUENCE_NUMBERS, &numbers) == STATUS_OK)
		ASSERT(uidset_size(&numbers) <= view->total);
	if (sequence_select(view, text, SEQUENCE_UIDS, &uids) == STATUS_OK)
		for (uint32_t i = 0; i < uids.count; i++)
			ASSERT(sequence_number(view, uids.ranges[i].first) != 0 &&
			    sequence_number(view, uids.ranges[i].last) != 0);
	uidset_clear(&numbers);
	uidset_clear(&uids);
	numbers = uidset_init();
	if (sequence_read_set(text, UINT32_MAX, &numbers) == STATUS_OK)
		ASSERT(numbers.count > 0 && numbers.ranges[0].first > 0);
	uidset_clear(&numbers);
}

/* What extensions put in front of and behind the arguments. */
static void
read_options(struct imap_reader r)
{
	struct slice patterns[LIST_PATTERNS_MAX];
	struct list_options options = { 0 };
	struct status_items items = { 0 };
	struct imap_reader start = r;
	unsigned count = 0, wanted = 0;

	if (search_return_parse(&r, &wanted) != STATUS_OK)
		r = start;
	(void)imap_take_space(&r);
	if (status_items_parse(&r, &items) == STATUS_OK)
		ASSERT(items.count <= STATUS_ITEMS_MAX);
	r = start;
	(void)imap_take_space(&r);
	(void)!list_select_parse(&r, &options);
	if (list_patterns_parse(&r, patterns, &count) == STATUS_OK)
		ASSERT(count <= LIST_PATTERNS_MAX);
	(void)!list_return_parse(&r, &options);
}

static void
read_arguments(struct slice text, const struct sequence *view)
{
	struct buf memory = buf_init(text.len);
	struct imap_reader r = imap_reader_init(text, &memory);
	struct imap_reader start;
	struct parsed_flags flags = parsed_flags_init();
	struct search_program program;
	struct fetch_items items;
	struct slice word;

	(void)!imap_take_tag(&r, &word);
	(void)imap_take_space(&r);
	(void)!imap_take_atom(&r, &word);
	start = r;
	read_options(r);
	(void)!search_program_parse(&r, view, &program);
	search_program_clear(&program);
	r = start;
	read_known(r, view);
	r = start;
	(void)!id_read(&r, "fuzz");
	r = start;
	(void)imap_take_space(&r);
	(void)!fetch_items_parse(&r, &items);
	fetch_items_clear(&items);
	r = start;
	(void)imap_take_space(&r);
	(void)!parse_flags(&r, FLAG_LIST_BARE, &flags);
	parsed_flags_clear(&flags);
	r = start;
	while (imap_take_space(&r) && imap_take_pattern(&r, &word) == STATUS_OK) {
		read_name(word);
		read_set(word, view);
	}
	buf_clear(&memory);
}

static enum status
count_piece(void *ctx, struct slice piece, struct problem *why)
{
	(void)why;
	*(uint64_t *)ctx += piece.len;
	return STATUS_OK;
}

static void
read_text(struct slice text)
{
	struct append_text a;
	uint64_t written = 0;

	append_text_init(&a, count_piece, &written);
	ASSERT(append_text_feed(&a, text, NULL) == STATUS_OK);
	ASSERT(append_text_end(&a, NULL) == STATUS_OK);
	ASSERT(written == a.size_bytes && written <= 2 * text.len);
	append_text_clear(&a);
}

/* All commands, one behind the other. */
static void
read_commands(struct slice text, const struct sequence *view)
{
	static const struct reader_limits limits = { 8192, 4096, 16384 };
	struct command_reader r;
	bool goes_on = true;
	size_t used;

	command_reader_init(&r, &limits);
	while (goes_on && text.len > 0) {
		enum reader_event event = command_reader_feed(&r, text, &used);

		ASSERT(used <= text.len);
		text = slice_skip(text, used);
		switch (event) {
		case READER_MORE:
			goes_on = used > 0;
			break;
		case READER_COMMAND:
			read_arguments(command_reader_text(&r), view);
			command_reader_reset(&r);
			break;
		case READER_LITERAL:
			if (command_reader_accept(&r) != STATUS_OK)
				command_reader_reset(&r);
			break;
		case READER_BAD_LINE:
			command_reader_reset(&r);
			break;
		case READER_TOO_LONG:
			goes_on = false;
			break;
		}
	}
	command_reader_clear(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct sequence view;

	sequence_init(&view);
	sequence_append(&view, 1, 3);
	sequence_append(&view, 5, 5);
	sequence_append(&view, 4294967290, 4294967295);
	read_commands(text, &view);
	read_arguments(text, &view);
	read_text(text);
	sequence_clear(&view);
	return 0;
}
