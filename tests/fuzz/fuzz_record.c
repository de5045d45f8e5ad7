/* Any bytes are decoded as a digest record, or refused. */
#include <stddef.h>
#include <stdint.h>

#include "store/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct part_tree t;
	struct digest d;
	unsigned i;

	if (digest_decode(slice_make(data, size), &d) != STATUS_OK)
		return 0;
	for (i = 0; i < d.reference_count; i++)
		(void)digest_reference(&d, i);
	if (digest_parts(&d, &t) == STATUS_OK)
		part_tree_clear(&t);
	return 0;
}
