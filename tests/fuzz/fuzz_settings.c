/*
 * Any bytes are what an administrator writes: tradepost.conf, ranges of
 * addresses, durations, names of domains, people and mailboxes.  A canonical
 * form is its own.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/settings.h"
#include "policy/display_name.h"
#include "policy/identity.h"
#include "policy/lan.h"
#include "store/mailbox_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct everything {
	char *text;
	uint32_t number, duration;
	uint64_t size;
	bool is_so;
};

static const struct setting rows[] = {
	{ "a", "text", SETTING_TEXT, offsetof(struct everything, text), "x", 0, 0, "" },
	{ "a", "number", SETTING_U32, offsetof(struct everything, number), "7", 1, 9, "" },
	{ "a", "size", SETTING_SIZE, offsetof(struct everything, size), "1k", 1, 1 << 30, "" },
	{ "b", "for", SETTING_DURATION, offsetof(struct everything, duration), "5m", 0, 0, "" },
	{ "b", "so", SETTING_BOOL, offsetof(struct everything, is_so), "no", 0, 0, "" },
};

static void
read_settings(struct slice text)
{
	struct everything e = { 0 };
	struct problem why = { 0 };

	if (settings_parse(text, "fuzz", rows, ARRAY_LEN(rows), &e, &why) != STATUS_OK) {
		ASSERT(e.text == NULL && e.number == 0);
		return;
	}
	ASSERT(e.text != NULL && e.number >= 1 && e.number <= 9 && e.size >= 1);
	settings_free(rows, ARRAY_LEN(rows), &e);
}

static void
read_form(struct slice text, enum status (*form)(struct slice text, struct buf *out))
{
	struct buf once = buf_init(4096), twice = buf_init(4096);

	if (form(text, &once) == STATUS_OK) {
		ASSERT(utf8_is_valid(buf_slice(&once)));
		ASSERT(form(buf_slice(&once), &twice) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&once), buf_slice(&twice)));
	}
	buf_clear(&once);
	buf_clear(&twice);
}

static void
read_line(struct slice line)
{
	struct buf key = buf_init(4 * DISPLAY_NAME_KEY_MAX), again = buf_init(key.max);
	struct mailbox_name name, same;
	uint32_t seconds;
	struct lan lan;

	(void)!settings_parse_duration(line, &seconds);
	if (lan_parse(line, &lan, NULL) == STATUS_OK)
		(void)lan_has(&lan, SLICE("192.168.1.1"));
	read_form(line, identity_domain_form);
	read_form(line, identity_address_form);
	if (mailbox_name_make(line, &name, NULL) == STATUS_OK) {
		ASSERT(mailbox_name_make(mailbox_name_slice(&name), &same, NULL) == STATUS_OK);
		ASSERT(slice_equal(mailbox_name_slice(&name), mailbox_name_slice(&same)));
	}
	if (display_name_key(line, &key) == STATUS_OK) {
		ASSERT(display_name_key(buf_slice(&key), &again) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&key), buf_slice(&again)));
	}
	if (utf8_is_valid(line)) {
		buf_reset(&again);
		display_name_without_brackets(line, &again);
		(void)display_name_is_address(line, line);
	}
	buf_clear(&key);
	buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);

	read_settings(text);
	while (text.len > 0)
		read_line(slice_take_until(&text, '\n'));
	return 0;
}
