/*
 * param.h -- the value and the parameters of Content-Type and
 * Content-Disposition (RFC 2045 s.5.1, RFC 2231 continuations and charsets).
 */
#ifndef MIME_PARAM_H
#define MIME_PARAM_H

#include "base/buf.h"

#define PARAM_MAX 100		/* parameters read of one field; the rest is passed over */
#define PARAM_VALUE_MAX 4096	/* bytes of one value put together */

struct param {
	struct slice name;	/* as written, without "*0*" */
	struct slice value;	/* quotes and quoted pairs undone, continuations joined; 8-bit and
				 * encoded words left alone */
};

struct param_list {
	struct slice type;	/* "multipart", or the whole value for a disposition */
	struct slice subtype;	/* empty when there is no '/' */
	size_t count;
	struct param params[PARAM_MAX];
	struct buf memory;	/* what slices above may point into */
};

/* *out is the caller's; release with param_list_clear().  Nonsense gives few fields. */
void param_list_parse(struct slice value, struct param_list *out);
void param_list_clear(struct param_list *p);
/* Value of the parameter (any case), or the empty slice. */
struct slice param_list_get(const struct param_list *p, struct slice name);

#endif
