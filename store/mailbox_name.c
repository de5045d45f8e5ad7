#include "store/mailbox_name.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "base/ascii.h"

static bool
level_is_good(struct slice level)
{
	return level.len > 0 && !slice_equal(level, SLICE(".")) && !slice_equal(level, SLICE(".."));
}

/* C0 and C1 controls, DEL, and what LIST takes for wildcards. */
static bool
char_is_good(struct slice s, size_t i)
{
	unsigned char c = (unsigned char)s.ptr[i];

	if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0)
		return false;
	return !ascii_is_control((char)c) && c != '*' && c != '%';
}

enum status
mailbox_name_check(struct slice name, struct problem *why)
{
	struct slice rest = name;
	unsigned levels = 0;

	if (name.len > MAILBOX_NAME_MAX) {
		problem_set(why, "a mailbox name has at most %d bytes", MAILBOX_NAME_MAX);
		return STATUS_LIMIT;
	}
	for (size_t i = 0; i < name.len; i++) {
		if (char_is_good(name, i))
			continue;
		problem_set(why, "a mailbox name holds no controls, '*' or '%%'");
		return STATUS_SYNTAX;
	}
	if (!utf8_is_valid(name) || slice_ends(name, SLICE("/"))) {
		problem_set(why, "the mailbox name is not UTF-8 or ends in '/'");
		return STATUS_SYNTAX;
	}
	do {
		if (!level_is_good(slice_take_until(&rest, '/'))) {
			problem_set(why, "the mailbox name has an empty level, \".\" or \"..\"");
			return STATUS_SYNTAX;
		}
		levels++;
	} while (rest.len > 0);
	if (levels > MAILBOX_LEVELS_MAX) {
		problem_set(why, "a mailbox name has at most %d levels", MAILBOX_LEVELS_MAX);
		return STATUS_LIMIT;
	}
	return STATUS_OK;
}

enum status
mailbox_name_make(struct slice given, struct mailbox_name *out, struct problem *why)
{
	char text[MAILBOX_NAME_MAX];
	size_t len = sizeof(text);
	struct slice name, first;
	uint8_t *nfc;
	enum status st;

	st = mailbox_name_check(given, why);
	if (st != STATUS_OK)
		return st;
	nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)given.ptr, given.len, (uint8_t *)text, &len);
	if (nfc != (uint8_t *)text) {	/* it needed more room, and then it is too long */
		free(nfc);
		problem_set(why, "a mailbox name has at most %d bytes", MAILBOX_NAME_MAX);
		return STATUS_LIMIT;
	}
	name = slice_make(text, len);
	first = slice_take_until(&name, '/');
	if (slice_equal_nocase(first, SLICE("INBOX")))
		memcpy(text, "INBOX", 5);
	memcpy(out->text, text, len);
	out->len = (uint16_t)len;
	return STATUS_OK;
}

struct slice
mailbox_name_slice(const struct mailbox_name *n)
{
	return slice_make(n->text, n->len);
}

bool
mailbox_name_is_below(struct slice name, struct slice top)
{
	return name.len > top.len && slice_starts(name, top) && name.ptr[top.len] == '/';
}
