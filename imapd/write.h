/*
 * write.h -- pieces of responses.
 */
#ifndef IMAPD_WRITE_H
#define IMAPD_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/mailbox.h"

/* Keywords of one mailbox while one transaction lives. */
struct keyword_names {
	bool is_loaded;
	struct slice names[KEYWORD_COUNT_MAX];
};

/* "(\Seen $label1)".  Keyword bits without a name are left out. */
void write_flags(struct buf *out, uint64_t flags, bool is_recent,
    const struct keyword_names *keywords);
/* "\"24-Nov-2026 10:36:51 +0800\"" */
void write_date(struct buf *out, int64_t at_s, int16_t zone_min);
/* Seconds since 1970 to a civil date, year 0..9999. */
void civil_date(int64_t at_s, unsigned *year, unsigned *month, unsigned *day);
/* The only bit set in flags a client may name with a backslash; 0: none of ours. */
uint64_t system_flag(struct slice name);

#endif
