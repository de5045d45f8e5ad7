/*
 * search_program.h -- the keys of a SEARCH (RFC 3501 s.6.4.4) as a tree.
 */
#ifndef IMAPD_SEARCH_PROGRAM_H
#define IMAPD_SEARCH_PROGRAM_H

#include <stdint.h>

#include "base/buf.h"
#include "imapd/sequence.h"
#include "wire/imap_token.h"

#define SEARCH_KEYS_MAX 256
#define SEARCH_DEPTH_MAX 64

enum search_kind {
	SEARCH_AND,		/* of its children */
	SEARCH_OR,		/* two children */
	SEARCH_NOT,		/* one child */
	SEARCH_ALL,
	SEARCH_FLAG,		/* (flags & mask) == wanted */
	SEARCH_KEYWORD,		/* text: its name */
	SEARCH_RECENT,
	SEARCH_UIDS,		/* uids */
	SEARCH_MODSEQ,		/* changed at wanted or later */
	SEARCH_LARGER,		/* than number bytes */
	SEARCH_SMALLER,
	SEARCH_OLDER,		/* INTERNALDATE <= wanted (RFC 5032) */
	SEARCH_YOUNGER,		/* INTERNALDATE >= wanted */
	SEARCH_BEFORE,		/* INTERNALDATE's day < number, year * 10000 + month * 100 + day */
	SEARCH_ON,
	SEARCH_SINCE,
	SEARCH_SENTBEFORE,	/* the Date field's day */
	SEARCH_SENTON,
	SEARCH_SENTSINCE,
	SEARCH_HEADER,		/* field holds text */
	SEARCH_BODY,
	SEARCH_TEXT,
	SEARCH_KIND_COUNT
};

/* How dear it is to find out: cheap keys are tried first. */
enum search_cost { COST_FLAGS, COST_ROW, COST_DIGEST, COST_HEADER, COST_TEXT, COST_COUNT };

struct search_node {
	enum search_kind kind;
	enum search_cost cost;		/* of the dearest below */
	uint32_t child, next;		/* indices; 0: none (the root is nobody's child) */
	uint64_t mask, wanted;
	uint32_t number;
	struct uidset uids;
	struct slice field;		/* borrowed from the command */
	struct buf text;		/* UTF-8, case folded */
};

struct search_program {
	struct search_node *nodes;	/* nodes[0]: SEARCH_AND of all */
	uint32_t count;
	bool has_modseq;	/* a key asks for mod-sequences: the answer tells the highest */
};

/*
 * Read "[CHARSET x] key ..." to the end.  view: what sets mean.
 * Release with search_program_clear() whatever the answer.
 * SYNTAX   LIMIT too many or too deep
 * ABSENT   a charset we do not know (answer BADCHARSET)
 */
MUST_USE enum status search_program_parse(struct imap_reader *args, const struct sequence *view,
    struct search_program *out);
/* The same for SORT and THREAD: " charset key ...", the charset must be there. */
MUST_USE enum status search_program_parse_in(struct imap_reader *args,
    const struct sequence *view, struct search_program *out);
void search_program_clear(struct search_program *p);

#endif
