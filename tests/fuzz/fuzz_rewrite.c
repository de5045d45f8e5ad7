/*
 * Any bytes are rewritten for the outside: what comes out is 7-bit, in CRLF
 * lines of at most 998 bytes, has one From, Date and Message-ID and no Bcc.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "mime/header.h"
#include "policy/digest.h"
#include "policy/relay_protocol.h"
#include "policy/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 64 * 1024 * 1024, LINE_MAX_LEN = 998 };

static void
check_lines(struct slice text)
{
	size_t line = 0;

	for (size_t i = 0; i < text.len; i++) {
		ASSERT(!ascii_is_8bit(text.ptr[i]) && text.ptr[i] != '\0' && text.ptr[i] != '\n');
		if (text.ptr[i] != '\r') {
			ASSERT(++line <= LINE_MAX_LEN);
			continue;
		}
		ASSERT(i + 1 < text.len && text.ptr[i + 1] == '\n');
		i++;
		line = 0;
	}
}

static void
check_header(struct slice text)
{
	struct slice header, body;

	header_split(text, &header, &body);
	ASSERT(slice_ends(header, SLICE("\r\n\r\n")));
	ASSERT(header_count(header, SLICE("From"), 9) == 1);
	ASSERT(header_count(header, SLICE("Date"), 9) == 1);
	ASSERT(header_count(header, SLICE("Message-ID"), 9) == 1);
	ASSERT(header_count(header, SLICE("Bcc"), 9) == 0);
	ASSERT(header_count(header, SLICE(""), 9) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slice domains[] = { SLICE("acme.test") };
	static const struct rewrite_address addresses[] = { { SLICE("a@acme.test"),
		SLICE("\345\274\240, \"x\""), SLICE("s@x.test") } };
	static const struct rewrite_order order = { .at_s = 1, .mid = SLICE("m"),
		.name = SLICE("N"), .address = SLICE("s@x.test"), .domain = SLICE("x.test"),
		.domain_count = 1, .domains = domains, .address_count = 1,
		.addresses = addresses };
	struct digest_rewrite *w = mem_new(struct digest_rewrite);
	struct buf once = buf_init(OUT_MAX);
	struct digest_rewritten rewritten;
	struct policy_returned returned;
	uint64_t *entries;

	ASSERT(rewrite_outgoing(slice_make(data, size), &order, &once) == STATUS_OK);
	check_lines(buf_slice(&once));
	check_header(buf_slice(&once));
	/* And as what helpers and relayd send. */
	(void)(digest_rewrite_read(slice_make(data, size), w) == STATUS_OK);
	(void)(digest_rewritten_read(slice_make(data, size), &rewritten) == STATUS_OK);
	if (policy_returned_read(slice_make(data, size), &returned, &entries) == STATUS_OK)
		mem_free(entries);
	buf_clear(&once);
	mem_free(w);
	return 0;
}
