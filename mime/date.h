/*
 * date.h -- RFC 5322 s.3.3 dates, and what the wild writes instead.
 */
#ifndef MIME_DATE_H
#define MIME_DATE_H

#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct date {
	int64_t at_s;		/* seconds since 1970, UTC */
	int16_t zone_min;	/* minutes east of UTC, as written */
	uint16_t year;		/* the calendar day as written, in its own zone: for SENTON */
	uint8_t month, day;
};

/* SYNTAX: no date can be made out.  Comments, names of zones and two-digit years are read. */
MUST_USE enum status date_parse(struct slice value, struct date *out);
/* "24-Nov-2026 10:36:51 +0800", as IMAP's date-time (RFC 3501 s.9); a leading SP day is read. */
MUST_USE enum status date_parse_imap(struct slice value, struct date *out);

#endif
