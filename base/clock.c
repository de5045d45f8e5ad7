#include "base/clock.h"

#include <string.h>
#include <time.h>

#define LAST_SECOND UINT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

uint64_t
clock_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

uint64_t
clock_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct tm
utc(uint64_t at_s)
{
	time_t t = (time_t)(at_s < LAST_SECOND ? at_s : LAST_SECOND);
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	return tm;
}

void
clock_format_rfc5322(uint64_t at_s, struct buf *out)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = utc(at_s);

	buf_printf(out, "%s, %d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
write_digits(char *to, size_t n, int value)
{
	while (n > 0) {
		to[--n] = (char)('0' + value % 10);
		value /= 10;
	}
}

void
clock_write_rfc3339(uint64_t at_s, char out[CLOCK_RFC3339_LEN + 1])
{
	struct tm tm = utc(at_s);

	memcpy(out, "0000-00-00T00:00:00Z", CLOCK_RFC3339_LEN + 1);
	write_digits(out, 4, tm.tm_year + 1900);
	write_digits(out + 5, 2, tm.tm_mon + 1);
	write_digits(out + 8, 2, tm.tm_mday);
	write_digits(out + 11, 2, tm.tm_hour);
	write_digits(out + 14, 2, tm.tm_min);
	write_digits(out + 17, 2, tm.tm_sec);
}

void
clock_format_rfc3339(uint64_t at_s, struct buf *out)
{
	char text[CLOCK_RFC3339_LEN + 1];

	clock_write_rfc3339(at_s, text);
	buf_append(out, slice_make(text, CLOCK_RFC3339_LEN));
}
