/*
 * search_match.h -- does a message fit a SEARCH?
 */
#ifndef IMAPD_SEARCH_MATCH_H
#define IMAPD_SEARCH_MATCH_H

#include "imapd/message_view.h"
#include "imapd/search_program.h"
#include "imapd/write.h"
#include "store/flags.h"

#define SEARCH_PART_MAX (8 * 1024 * 1024)	/* bytes of one part that are looked at */
/* Bytes that all keys together may look at in one message; or twice as many as it has. */
#define SEARCH_WORK_MAX (64 * 1024 * 1024)

struct search_subject {
	const struct search_program *program;
	const struct flags_entry *entry;
	const struct keyword_names *keywords;
	bool is_recent;
	struct message_view *view;
	struct buf header;	/* read when first needed */
	bool has_header;
	uint64_t work;		/* bytes looked at so far */
};

/* One that holds nothing yet; release with search_subject_clear(). */
void search_subject_init(struct search_subject *s, const struct search_program *program,
    const struct flags_entry *entry, const struct keyword_names *keywords, bool is_recent,
    struct message_view *view);
void search_subject_clear(struct search_subject *s);
/* *fits is set on OK.  LIMIT above SEARCH_WORK_MAX; other errors are those of reading the message. */
MUST_USE enum status search_match(struct search_subject *s, bool *fits, struct problem *why);

#endif
