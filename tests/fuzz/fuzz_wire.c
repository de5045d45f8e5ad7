/*
 * Any bytes are the small grammars that servers and clients share: SMTP paths
 * and parameters, reply lines, names of mailboxes, strings, base64.  What is
 * read can be written and read again.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/mem.h"
#include "smtpd/relay_features.h"
#include "smtpd/relay_reply.h"
#include "wire/imap_string.h"
#include "wire/imap_token.h"
#include "wire/imap_utf7.h"
#include "wire/smtp_dsn.h"
#include "wire/smtp_path.h"
#include "wire/smtp_reply.h"

#define ROOM(size) (8 * (size) + 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In its canonical form an address is itself. */
static void
check_address(const struct smtp_path *p)
{
	struct buf text = buf_init(SMTP_ADDRESS_MAX), bracketed = buf_init(SMTP_ADDRESS_MAX + 2);
	struct buf again = buf_init(SMTP_ADDRESS_MAX);
	struct smtp_path canonical;
	struct slice rest;

	smtp_path_text(p, &text);
	ASSERT(buf_status(&text) == STATUS_OK);
	(void)buf_printf(&bracketed, "<%.*s>", SLICE_ARG(buf_slice(&text)));
	rest = buf_slice(&bracketed);
	if (smtp_path_take(&rest, SMTP_PATH_STRICT, &canonical) == STATUS_OK) {
		smtp_path_text(&canonical, &again);
		ASSERT(slice_equal(buf_slice(&text), buf_slice(&again)));
	}
	buf_clear(&text);
	buf_clear(&bracketed);
	buf_clear(&again);
}

static void
read_path(struct slice line)
{
	static const enum smtp_path_mode modes[] = { SMTP_PATH_STRICT, SMTP_PATH_LIBERAL };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct smtp_parameter parameter;
		struct slice rest = line;
		struct smtp_path path;

		if (smtp_path_take(&rest, modes[i], &path) != STATUS_OK)
			continue;
		check_address(&path);
		while (smtp_parameter_take(&rest, &parameter) == STATUS_OK)
			ASSERT(parameter.name.len > 0);
	}
}

static void
read_reply(struct slice line, struct relay_reply *whole)
{
	struct smtp_reply_line reply, again;
	struct buf out = buf_init(SMTP_REPLY_LINE_MAX + 2);

	if (smtp_reply_parse(line, &reply) == STATUS_OK) {
		smtp_reply_write(&out, reply.code, reply.place, reply.enhanced, reply.text);
		ASSERT(slice_ends(buf_slice(&out), SLICE("\r\n")));
		ASSERT(smtp_reply_parse(slice_sub(buf_slice(&out), 0, out.len - 2), &again) ==
		    STATUS_OK);
		ASSERT(again.code == reply.code && again.place == reply.place);
	}
	if (relay_reply_add(whole, line) == STATUS_OK) {
		(void)relay_judge(line.len % RELAY_PHASE_COUNT, whole);
		relay_reply_reset(whole);
	}
	buf_clear(&out);
}

static void
read_mailbox(struct slice name)
{
	struct buf utf8 = buf_init(ROOM(name.len)), wire = buf_init(ROOM(ROOM(name.len)));
	struct buf again = buf_init(ROOM(name.len));

	if (imap_utf7_decode(name, &utf8) == STATUS_OK) {
		ASSERT(utf8_is_valid(buf_slice(&utf8)));
		imap_utf7_encode(buf_slice(&utf8), &wire);
		ASSERT(imap_utf7_decode(buf_slice(&wire), &again) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&utf8), buf_slice(&again)));
	}
	buf_clear(&utf8);
	buf_clear(&wire);
	buf_clear(&again);
}

/* What we write as a string is read as one; only a NUL becomes another byte. */
static void
write_string(struct slice s)
{
	struct buf out = buf_init(ROOM(s.len)), memory = buf_init(ROOM(s.len));
	struct imap_reader r;
	struct slice read;

	imap_put_string(&out, s);
	r = imap_reader_init(buf_slice(&out), &memory);
	ASSERT(imap_take_string(&r, &read) == STATUS_OK && imap_at_end(&r));
	ASSERT(read.len == s.len);
	for (size_t i = 0; i < s.len; i++)
		ASSERT(s.ptr[i] == read.ptr[i] || s.ptr[i] == '\0');
	buf_clear(&out);
	buf_clear(&memory);
}

static void
code_base64(struct slice s)
{
	struct buf text = buf_init(ROOM(s.len)), back = buf_init(ROOM(s.len));

	ASSERT(base64_encode(&text, s) == STATUS_OK);
	ASSERT(base64_decode(&back, buf_slice(&text)) == STATUS_OK);
	ASSERT(slice_equal(buf_slice(&back), s));
	buf_reset(&back);
	if (base64_decode(&back, s) == STATUS_OK) {
		buf_reset(&text);
		ASSERT(base64_encode(&text, buf_slice(&back)) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&text), s));
	} else {
		ASSERT(back.len == 0);
	}
	ASSERT(base64_decode_lenient(&back, s) == STATUS_OK);
	buf_clear(&text);
	buf_clear(&back);
}

/* What is taken is taken again as it was written, and nothing of it ends a line. */
static void
read_dsn(struct slice value)
{
	struct buf first = buf_init(SMTP_ORCPT_MAX), again = buf_init(SMTP_ORCPT_MAX),
	    shown = buf_init(SMTP_ORCPT_MAX), text = buf_init(3 * SMTP_ENVID_MAX);
	uint8_t notify = 0, same = 0;

	if (smtp_notify_parse(value, &notify) == STATUS_OK) {
		smtp_notify_write(notify, &first);
		ASSERT(smtp_notify_parse(buf_slice(&first), &same) == STATUS_OK && same == notify);
	}
	buf_reset(&first);
	if (smtp_orcpt_parse(value, true, &first) == STATUS_OK) {
		ASSERT(smtp_orcpt_parse(buf_slice(&first), false, &again) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&first), buf_slice(&again)));
		smtp_xtext_show(buf_slice(&first), &shown);
		for (size_t i = 0; i < shown.len; i++)
			ASSERT(shown.ptr[i] >= ' ' && shown.ptr[i] <= '~');
	}
	buf_reset(&shown);
	smtp_xtext_write(slice_sub(value, 0, SMTP_ENVID_MAX), &text);
	if (smtp_envid_check(value) == STATUS_OK)
		smtp_xtext_show(value, &shown);
	ASSERT(buf_status(&text) == STATUS_OK && buf_status(&shown) == STATUS_OK);
	buf_clear(&first);
	buf_clear(&again);
	buf_clear(&shown);
	buf_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size), rest = input;
	struct relay_reply whole = { 0 };

	relay_reply_reset(&whole);
	while (rest.len > 0) {
		struct slice line = slice_take_until(&rest, '\n');

		read_path(line);
		read_reply(line, &whole);
		read_mailbox(line);
		read_dsn(line);
	}
	write_string(input);
	code_base64(input);
	return 0;
}
