#include "mime/date.h"

#include <stdbool.h>

#include "base/ascii.h"
#include "mime/lex.h"

#define DATE_VALUE_MAX 256	/* bytes looked at; no date is longer */

/* What has been found in a date so far; -1: not yet. */
struct found {
	int year, month, day;
	int hour, minute, second;
	int zone_min;
	bool has_zone;
	bool is_pm, is_am;
};

static const char months[12][4] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
	"oct", "nov", "dec" };

/* RFC 5322 s.4.3; all other names mean an unknown zone, which is UTC. */
static const struct {
	struct slice name;
	int hours;
} zones[] = {
	{ { "EST", 3 }, -5 }, { { "EDT", 3 }, -4 }, { { "CST", 3 }, -6 }, { { "CDT", 3 }, -5 },
	{ { "MST", 3 }, -7 }, { { "MDT", 3 }, -6 }, { { "PST", 3 }, -8 }, { { "PDT", 3 }, -7 },
	{ { "GMT", 3 }, 0 }, { { "UTC", 3 }, 0 }, { { "UT", 2 }, 0 }, { { "Z", 1 }, 0 },
	{ { "CET", 3 }, 1 }, { { "CEST", 4 }, 2 }, { { "MSK", 3 }, 3 }, { { "JST", 3 }, 9 },
	{ { "HKT", 3 }, 8 },
};

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of January of year. */
static int64_t
days_to_year(int year)
{
	int64_t before = year - 1;

	return before * 365 + before / 4 - before / 100 + before / 400 - 719162;
}

static enum status
found_finish(const struct found *f, struct date *out)
{
	int64_t days;
	int hour = f->hour < 0 ? 0 : f->hour;
	int minute = f->minute < 0 ? 0 : f->minute;
	int second = f->second < 0 ? 0 : f->second;
	int i;

	if (f->year < 1900 || f->year > 9999 || f->month < 1 || f->month > 12)
		return STATUS_SYNTAX;
	if (f->day < 1 || f->day > month_days(f->year, f->month))
		return STATUS_SYNTAX;
	if (f->is_pm && hour < 12)
		hour += 12;
	if (f->is_am && hour == 12)
		hour = 0;
	if (hour > 23 || minute > 59 || second > 60)
		return STATUS_SYNTAX;
	days = days_to_year(f->year) + f->day - 1;
	for (i = 1; i < f->month; i++)
		days += month_days(f->year, i);
	out->at_s = days * 86400 + hour * 3600 + minute * 60 + second - f->zone_min * 60;
	out->zone_min = (int16_t)f->zone_min;
	out->year = (uint16_t)f->year;
	out->month = (uint8_t)f->month;
	out->day = (uint8_t)f->day;
	return STATUS_OK;
}

/* Take digits off *s; -1 when there are none or more than max of them. */
static int
take_number(struct slice *s, size_t max)
{
	int n = 0;
	size_t i = 0;

	while (i < s->len && i <= max && ascii_is_digit(s->ptr[i]))
		n = n * 10 + (s->ptr[i++] - '0');
	if (i == 0 || i > max)
		return -1;
	*s = slice_skip(*s, i);
	return n;
}

static bool
take_byte(struct slice *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/* 1..12 by the first three letters, or 0. */
static int
month_of(struct slice word)
{
	int i;

	for (i = 0; word.len >= 3 && i < 12; i++)
		if (slice_equal_nocase(slice_sub(word, 0, 3), slice_make(months[i], 3)))
			return i + 1;
	return 0;
}

/* RFC 5322 s.4.3: two digits below 50 are of this century, three count from 1900. */
static int
year_of(int n, size_t digits)
{
	if (digits == 2)
		return n < 50 ? 2000 + n : 1900 + n;
	return digits == 3 ? 1900 + n : n;
}

/* "+0800" as minutes; hours above 23 are a zone nobody has and count as none. */
static bool
zone_of(struct slice word, int *minutes)
{
	bool is_west = word.len > 0 && word.ptr[0] == '-';
	int hours, rest;

	if (word.len != 5 && !(word.len == 6 && word.ptr[3] == ':'))
		return false;
	if (word.ptr[0] != '-' && word.ptr[0] != '+')
		return false;
	word = slice_skip(word, 1);
	if (word.len < 4 || !ascii_is_digit(word.ptr[0]) || !ascii_is_digit(word.ptr[1]))
		return false;
	hours = (word.ptr[0] - '0') * 10 + word.ptr[1] - '0';
	word = slice_skip(word, 2);
	(void)take_byte(&word, ':');
	rest = take_number(&word, 2);
	if (rest < 0 || word.len > 0)
		return false;
	*minutes = hours > 23 || rest > 59 ? 0 : hours * 60 + rest;
	if (is_west)
		*minutes = -*minutes;
	return true;
}

static void
read_zone(struct found *f, struct slice word)
{
	int minutes;

	if (zone_of(word, &minutes)) {
		f->zone_min = minutes;
		f->has_zone = true;
	}
}

/* hh:mm, hh:mm:ss, fractions dropped, a zone stuck to it read. */
static void
read_time(struct found *f, struct slice word)
{
	int hour = take_number(&word, 2);
	int minute = take_byte(&word, ':') ? take_number(&word, 2) : -1;
	int second = take_byte(&word, ':') ? take_number(&word, 2) : 0;

	if (hour < 0 || minute < 0 || second < 0)
		return;
	f->hour = hour;
	f->minute = minute;
	f->second = second;
	if (take_byte(&word, '.'))
		while (word.len > 0 && ascii_is_digit(word.ptr[0]))
			word = slice_skip(word, 1);
	if (slice_equal_nocase(word, SLICE("pm")))
		f->is_pm = true;
	else if (slice_equal_nocase(word, SLICE("am")))
		f->is_am = true;
	else
		read_zone(f, word);
}

/* "24-Nov-2026", "2026-11-24" and "2026-11-24T10:36:51Z". */
static void
read_dashed(struct found *f, struct slice word)
{
	struct slice first = slice_take_until(&word, '-');
	struct slice second = slice_take_until(&word, '-');
	size_t digits = 0;
	int n, month, last;

	n = take_number(&first, 4);
	month = month_of(second);
	if (month == 0)
		month = take_number(&second, 2);
	while (digits < word.len && ascii_is_digit(word.ptr[digits]))
		digits++;
	last = take_number(&word, 4);
	if (n < 0 || month < 1 || last < 0)
		return;
	f->month = month;
	f->day = n > 31 ? last : n;
	f->year = n > 31 ? n : year_of(last, digits);
	if (take_byte(&word, 'T') || take_byte(&word, 't') || take_byte(&word, ':'))
		read_time(f, word);
}

static void
read_number(struct found *f, struct slice word)
{
	size_t digits = word.len;
	int n = take_number(&word, 4);

	if (n < 0 || word.len > 0)
		return;
	if (f->day < 0 && digits <= 2)
		f->day = n;
	else if (f->year < 0 && digits >= 2)
		f->year = year_of(n, digits);
}

static void
read_name(struct found *f, struct slice word)
{
	size_t i;

	if (f->month < 0 && month_of(word) > 0) {
		f->month = month_of(word);
		return;
	}
	if (slice_equal_nocase(word, SLICE("pm")))
		f->is_pm = true;
	if (slice_equal_nocase(word, SLICE("am")))
		f->is_am = true;
	for (i = 0; !f->has_zone && f->hour >= 0 && i < ARRAY_LEN(zones); i++) {
		if (slice_equal_nocase(word, zones[i].name)) {
			f->zone_min = zones[i].hours * 60;
			f->has_zone = true;
		}
	}
}

static void
read_word(struct found *f, struct slice word)
{
	bool has_colon = slice_find_byte(word, ':') < word.len;
	bool has_dash = slice_find_byte(word, '-') < word.len;

	if (word.ptr[0] == '+' || word.ptr[0] == '-') {
		if (f->hour >= 0 && !f->has_zone)
			read_zone(f, word);
	} else if (ascii_is_alpha(word.ptr[0])) {
		read_name(f, word);
	} else if (has_dash && (!has_colon ||
		    slice_find_byte(word, '-') < slice_find_byte(word, ':'))) {
		if (f->day < 0 && f->year < 0)
			read_dashed(f, word);
	} else if (has_colon) {
		if (f->hour < 0)
			read_time(f, word);
	} else {
		read_number(f, word);
	}
}

static bool
is_word_byte(char c)
{
	return ascii_is_alnum(c) || c == ':' || c == '+' || c == '-' || c == '.';
}

enum status
date_parse(struct slice value, struct date *out)
{
	struct found f = { -1, -1, -1, -1, -1, -1, 0, false, false, false };

	value = slice_sub(slice_trim(value), 0, DATE_VALUE_MAX);
	while (value.len > 0) {
		size_t n = 0;

		if (value.ptr[0] == '(')
			value = slice_skip(value, lex_comment_len(value, false));
		while (n < value.len && is_word_byte(value.ptr[n]))
			n++;
		if (n > 0)
			read_word(&f, slice_sub(value, 0, n));
		value = slice_skip(value, n > 0 ? n : 1);
	}
	return found_finish(&f, out);
}

enum status
date_parse_imap(struct slice value, struct date *out)
{
	struct found f = { -1, -1, -1, -1, -1, -1, 0, false, false, false };
	struct slice month;
	bool is_form;

	if (value.len > 0 && value.ptr[0] == ' ')
		value = slice_skip(value, 1);
	f.day = take_number(&value, 2);
	is_form = take_byte(&value, '-');
	month = slice_sub(value, 0, 3);
	f.month = month_of(month);
	value = slice_skip(value, month.len);
	is_form = is_form && take_byte(&value, '-') && value.len > 4 && value.ptr[4] == ' ';
	f.year = take_number(&value, 4);
	is_form = is_form && take_byte(&value, ' ') && value.len > 8 && value.ptr[8] == ' ';
	read_time(&f, slice_sub(value, 0, 8));
	is_form = is_form && f.hour >= 0;
	read_zone(&f, slice_skip(value, 9));
	if (!is_form || !f.has_zone)
		return STATUS_SYNTAX;
	return found_finish(&f, out);
}
