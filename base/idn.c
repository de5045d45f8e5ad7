#include "base/idn.h"

#include <idn2.h>

#include "base/ascii.h"
#include "base/mem.h"

#define DOMAIN_MAX 1024	/* bytes of UTF-8 that are looked at */

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_8bit(s.ptr[i]))
			return false;
	return true;
}

/* Letters, digits and hyphens, none empty: the library asks for less. */
static bool
are_labels(struct slice s)
{
	char before = '.';

	for (size_t i = 0; i < s.len; before = s.ptr[i++])
		if (!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '-' &&
		    (s.ptr[i] != '.' || before == '.'))
			return false;
	return true;
}

enum status
idn_domain(struct slice domain, struct buf *out)
{
	struct buf copy = buf_init(DOMAIN_MAX);
	const char *cstr;
	char *labels = NULL;
	enum status st;
	int rc;

	if (is_ascii(domain))
		return buf_append(out, domain);
	st = buf_append(&copy, domain);
	if (st == STATUS_OK)
		st = buf_cstr(&copy, &cstr);
	if (st != STATUS_OK) {
		st = STATUS_SYNTAX;
		goto out;
	}
	rc = idn2_to_ascii_8z(cstr, &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	mem_need(rc != IDN2_MALLOC);
	st = rc == IDN2_OK && are_labels(slice_from_cstr(labels)) ?
	    buf_append(out, slice_from_cstr(labels)) : STATUS_SYNTAX;
out:
	idn2_free(labels);
	buf_clear(&copy);
	return st;
}

void
idn_address(struct slice address, struct buf *out)
{
	size_t at = address.len, before = out->len;

	while (at > 0 && address.ptr[at - 1] != '@')
		at--;
	if (is_ascii(slice_sub(address, 0, at)) &&
	    buf_append(out, slice_sub(address, 0, at)) == STATUS_OK &&
	    idn_domain(slice_skip(address, at), out) == STATUS_OK)
		return;
	buf_truncate(out, before);
	(void)buf_append(out, address);
}
