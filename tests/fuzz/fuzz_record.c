/* Any bytes are decoded as a digest record and as the summary of an envelope, or refused. */
#include <stddef.h>
#include <stdint.h>

#include "store/digest.h"
#include "store/summary.h"

static void
summarise(struct slice envelope)
{
	struct summary s;

	summary_init(&s);
	if (summary_read(envelope, &s) == STATUS_OK)
		(void)summary_holds(&s.from, SLICE("a"));
	summary_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct part_tree t;
	struct digest d;
	unsigned i;

	summarise(slice_make(data, size));
	if (digest_decode(slice_make(data, size), &d) != STATUS_OK)
		return 0;
	summarise(d.envelope);
	for (i = 0; i < d.reference_count; i++)
		(void)digest_reference(&d, i);
	if (digest_parts(&d, &t) == STATUS_OK)
		part_tree_clear(&t);
	return 0;
}
