#include "smtpd/relay_features.h"

#include "base/ascii.h"
#include "smtpd/relay_auth.h"

static const struct {
	const char *keyword;
	unsigned feature;
} keywords[] = {
	{ "PIPELINING", RELAY_PIPELINING },
	{ "8BITMIME", RELAY_8BITMIME },
	{ "SMTPUTF8", RELAY_SMTPUTF8 },
	{ "STARTTLS", RELAY_STARTTLS },
	{ "SIZE", RELAY_SIZE },
	{ "DSN", RELAY_DSN },
};

void
relay_features_add(struct relay_features *f, struct slice line)
{
	struct slice rest = slice_trim(line);
	struct slice word = slice_take_word(&rest);
	uint64_t size;

	/* "AUTH=LOGIN PLAIN" is how servers said it for old Outlooks. */
	if (slice_starts_nocase(word, SLICE("AUTH="))) {
		f->auth |= relay_auth_parse(slice_skip(word, 5));
		word.len = 4;
	}
	if (slice_equal_nocase(word, SLICE("AUTH")))
		f->auth |= relay_auth_parse(rest);
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (slice_equal_nocase(word, slice_from_cstr(keywords[i].keyword)))
			f->offers |= keywords[i].feature;
	if (slice_equal_nocase(word, SLICE("SIZE")) &&
	    parse_u64(slice_trim(rest), 0, UINT64_MAX, &size) == STATUS_OK)
		f->size_max = size;
}
