/*
 * header.h -- header fields of a message, as bytes (RFC 5322 s.2.2).
 * Never decodes; never allocates; all slices are views of the caller's text.
 * Line ends are CRLF; bare LF is taken as a line end too, as mail on disk has it.
 */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include <stdbool.h>

#include "base/slice.h"

struct header_field {
	struct slice raw;	/* the whole field with its line ends */
	struct slice name;	/* without the colon and the blanks before it; empty: a
				 * line without a colon, which is no field */
	struct slice value;	/* behind the colon, folds inside, without the last line end */
};

/* Take the next field off *rest; false at the empty line or the end of *rest. */
bool header_next(struct slice *rest, struct header_field *f);
/*
 * Split text at its first empty line.  *header includes the empty line when
 * there is one (as IMAP's BODY[HEADER] does); *body is what follows, maybe empty.
 * A first line "From " of an mbox belongs to the header.
 */
void header_split(struct slice text, struct slice *header, struct slice *body);
/* First field of that name (any case) in header; false when absent. */
bool header_find(struct slice header, struct slice name, struct header_field *f);
/* How many fields of that name there are, counting at most max. */
unsigned header_count(struct slice header, struct slice name, unsigned max);

#endif
