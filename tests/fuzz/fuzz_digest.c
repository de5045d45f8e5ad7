/*
 * Any bytes make a digest that decodes again, whose parts lie within the text
 * and whose answers are whole.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "store/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_parts(const struct digest *d, size_t size)
{
	struct part_tree t;
	uint32_t i;

	ASSERT(digest_parts(d, &t) == STATUS_OK);
	for (i = 0; i < t.count; i++) {
		const struct part *p = &t.parts[i];

		ASSERT((size_t)p->header_at + p->header_len <= size);
		ASSERT((size_t)p->body_at + p->body_len <= size);
		ASSERT(p->depth <= PART_DEPTH_MAX);
		ASSERT(p->kind == PART_LEAF || (i + 1 < t.count && t.parts[i + 1].parent == i));
	}
	part_tree_clear(&t);
}

static bool
is_whole(struct slice answer)
{
	return answer.len > 2 && answer.ptr[0] == '(' && answer.ptr[answer.len - 1] == ')';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf record = buf_init(DIGEST_RECORD_MAX);
	struct buf body = buf_init(DIGEST_RECORD_MAX);
	struct digest d;

	digest_compute(slice_make(data, size), &record);
	ASSERT(buf_status(&record) == STATUS_OK);
	ASSERT(digest_decode(buf_slice(&record), &d) == STATUS_OK);
	ASSERT(is_whole(d.envelope) && is_whole(d.structure));
	check_parts(&d, size);
	digest_body_form(slice_make(data, size), &body);
	ASSERT(is_whole(buf_slice(&body)));
	buf_clear(&record);
	buf_clear(&body);
	return 0;
}
