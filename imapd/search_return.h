/*
 * search_return.h -- what a SEARCH gives back when it says RETURN (RFC 4731),
 * what of it '$' names afterwards (RFC 5182), and the ESEARCH response.
 */
#ifndef IMAPD_SEARCH_RETURN_H
#define IMAPD_SEARCH_RETURN_H

#include "base/buf.h"
#include "store/flags.h"
#include "store/uidset.h"
#include "wire/imap_token.h"

enum {
	RETURN_MIN = 1,
	RETURN_MAX = 2,
	RETURN_ALL = 4,
	RETURN_COUNT = 8,
	RETURN_SAVE = 16,
};

/* Messages that fit, in the order in which they were found: ascending. */
struct search_result {
	unsigned wanted;	/* RETURN_*; 0: a SEARCH without RETURN */
	bool is_uid;		/* min, max and all are UIDs, not numbers */
	uint32_t min, max;	/* 0: none was found */
	uint64_t count;
	uint64_t min_modseq, max_modseq, modseq;	/* of these two, and the highest */
	struct uidset all;
	struct uidset saved;	/* UIDs */
};

/* " RETURN (MIN COUNT)" if it is there.  *wanted: 0 if not.  SYNTAX. */
MUST_USE enum status search_return_parse(struct imap_reader *args, unsigned *wanted);

struct search_result search_result_init(unsigned wanted, bool is_uid);
void search_result_clear(struct search_result *r);
/* One more.  LIMIT: too many ranges. */
MUST_USE enum status search_result_add(struct search_result *r, const struct flags_entry *e,
    uint32_t number);
/* Highest mod-sequence of what is told (RFC 7162 s.3.1.10). */
uint64_t search_result_modseq(const struct search_result *r);
/* Append "* ESEARCH (TAG "a") UID COUNT 3" and CRLF; nothing when only SAVE was wanted. */
void search_result_write(const struct search_result *r, struct slice tag, bool has_modseq,
    struct buf *out);

#endif
