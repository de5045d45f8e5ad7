/* Any bytes are a text's row and the frame of a compressed text, or are refused. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/codec.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is packed comes back; first length of the frame is the table of a text of one frame. */
static void
packed_comes_back(struct packer *p, struct unpacker *u, struct slice text)
{
	struct buf stored = buf_init(codec_room((uint32_t)text.len));
	char *back = mem_array(char, text.len + 1);

	if (text.len <= CODEC_FRAME && packer_pack(p, text, &stored)) {
		ASSERT(unpacker_frame(u, slice_skip(buf_slice(&stored), 4), back, text.len) ==
		    STATUS_OK);
		ASSERT(memcmp(back, text.ptr, text.len) == 0);
	}
	mem_free(back);
	buf_clear(&stored);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packer *p = packer_new();
	struct unpacker *u = unpacker_new();
	struct slice in = slice_make(data, size);
	struct text_row row;
	char *out;

	if (text_decode(in, &row) == STATUS_OK)
		ASSERT(row.codec != 0 || row.stored_len == row.size_bytes);
	packed_comes_back(p, u, in);
	if (size > 4) {
		uint32_t want = load_u32le(data) % (CODEC_FRAME + 1);

		out = mem_array(char, want + 1u);
		if (unpacker_frame(u, slice_skip(in, 4), out, want) == STATUS_OK)
			ASSERT(want <= CODEC_FRAME);
		mem_free(out);
	}
	packer_free(&p);
	unpacker_free(&u);
	return 0;
}
