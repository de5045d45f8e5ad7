#include "imapd/write.h"

#include "store/flags.h"

static const struct {
	struct slice name;
	uint64_t flag;
} system_flags[] = {
	{ { "\\Answered", 9 }, FLAG_ANSWERED },
	{ { "\\Flagged", 8 }, FLAG_FLAGGED },
	{ { "\\Deleted", 8 }, FLAG_DELETED },
	{ { "\\Seen", 5 }, FLAG_SEEN },
	{ { "\\Draft", 6 }, FLAG_DRAFT },
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

uint64_t
system_flag(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++)
		if (slice_equal_nocase(name, system_flags[i].name))
			return system_flags[i].flag;
	return 0;
}

static void
put_flag(struct buf *out, struct slice name, bool *is_first)
{
	if (!*is_first)
		buf_append_byte(out, ' ');
	buf_append(out, name);
	*is_first = false;
}

void
write_flags(struct buf *out, uint64_t flags, bool is_recent,
    const struct keyword_names *keywords)
{
	uint64_t bits = flags >> FLAG_KEYWORD_SHIFT;
	bool is_first = true;

	buf_append_byte(out, '(');
	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++)
		if (flags & system_flags[i].flag)
			put_flag(out, system_flags[i].name, &is_first);
	if (is_recent)
		put_flag(out, SLICE("\\Recent"), &is_first);
	for (unsigned i = 0; bits != 0; i++, bits >>= 1)
		if ((bits & 1) && keywords->names[i].len != 0)
			put_flag(out, keywords->names[i], &is_first);
	buf_append_byte(out, ')');
}

/* Days since 1970 to a date of the Gregorian calendar; eras of 400 years that begin in March. */
void
civil_date(int64_t at_s, unsigned *year, unsigned *month, unsigned *day)
{
	int64_t days = at_s / 86400 - (at_s % 86400 < 0) + 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	y += era * 400 + (*month <= 2);
	*year = (unsigned)(y < 0 ? 0 : y > 9999 ? 9999 : y);
}

void
write_date(struct buf *out, int64_t at_s, int16_t zone_min)
{
	int64_t local = at_s + (int64_t)zone_min * 60;
	int64_t in_day = local % 86400 + (local % 86400 < 0 ? 86400 : 0);
	unsigned year, month, day, zone = (unsigned)(zone_min < 0 ? -zone_min : zone_min);

	civil_date(local, &year, &month, &day);
	buf_printf(out, "\"%2u-%.3s-%04u %02u:%02u:%02u %c%02u%02u\"", day,
	    &months[(month - 1) * 3], year, (unsigned)(in_day / 3600),
	    (unsigned)(in_day / 60 % 60), (unsigned)(in_day % 60), zone_min < 0 ? '-' : '+',
	    zone / 60, zone % 60);
}
