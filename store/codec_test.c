#include "store/codec.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mem.h"

#define LARGEST (2 * CODEC_FRAME + 1)

struct tools {
	struct packer *packer;
	struct unpacker *unpacker;
	char *text;
	struct buf stored;
	char *back;
};

static int
setup(void **state)
{
	static struct tools t;
	static const char words[] = "400 pcs LED lamps at USD 3.20 FOB Ningbo, shipment in 30 days\r\n";

	t.packer = packer_new();
	t.unpacker = unpacker_new();
	t.text = mem_array(char, LARGEST);
	t.back = mem_array(char, CODEC_FRAME);
	t.stored = buf_init(codec_room(LARGEST));
	for (size_t i = 0; i < LARGEST; i++)
		t.text[i] = words[i % (sizeof(words) - 1)];
	*state = &t;
	return 0;
}

static int
teardown(void **state)
{
	struct tools *t = *state;

	packer_free(&t->packer);
	unpacker_free(&t->unpacker);
	buf_clear(&t->stored);
	mem_free(t->text);
	mem_free(t->back);
	return 0;
}

/* Noise of a generator, as pressed attachments look. */
static void
fill_with_noise(char *out, size_t len)
{
	uint32_t x = 88172645;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		out[i] = (char)(x >> 11);
	}
}

static void
texts_come_back_frame_by_frame(void **state)
{
	static const struct {
		size_t len;
		uint32_t frames;
	} texts[] = {
		{ CODEC_TEXT_MIN, 1 }, { CODEC_FRAME - 1, 1 }, { CODEC_FRAME, 1 },
		{ CODEC_FRAME + 1, 2 }, { 2 * CODEC_FRAME, 2 }, { LARGEST, 3 },
	};
	struct tools *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct slice text = slice_make(t->text, texts[i].len), rest;
		size_t at = 0;

		buf_reset(&t->stored);
		CHECK(packer_pack(t->packer, text, &t->stored));
		CHECK(t->stored.len * 10 <= text.len * 7);
		CHECK_U64(codec_frames((uint32_t)text.len), texts[i].frames);
		rest = slice_skip(buf_slice(&t->stored), codec_table_len((uint32_t)text.len));
		for (uint32_t f = 0; f < texts[i].frames; f++, at += CODEC_FRAME) {
			struct slice piece = slice_sub(text, at, CODEC_FRAME);
			uint32_t len = load_u32le((const uint8_t *)t->stored.ptr + f * 4);

			CHECK(len <= rest.len && len <= CODEC_FRAME_STORED_MAX);
			CHECK_STATUS(unpacker_frame(t->unpacker, slice_sub(rest, 0, len), t->back,
			    piece.len), STATUS_OK);
			CHECK(memcmp(t->back, piece.ptr, piece.len) == 0);
			rest = slice_skip(rest, len);
		}
		CHECK_U64(rest.len, 0);
	}
}

static void
what_saves_too_little_stays_as_it_is(void **state)
{
	struct tools *t = *state;
	char *noise = mem_array(char, LARGEST);

	buf_reset(&t->stored);
	buf_append(&t->stored, SLICE("before"));
	fill_with_noise(noise, LARGEST);
	CHECK(!packer_pack(t->packer, SLICE(""), &t->stored));
	CHECK(!packer_pack(t->packer, slice_make(t->text, CODEC_TEXT_MIN - 1), &t->stored));
	CHECK(!packer_pack(t->packer, slice_make(noise, 10000), &t->stored));
	CHECK(!packer_pack(t->packer, slice_make(noise, LARGEST), &t->stored));
	/* Words in front of a pressed attachment. */
	memcpy(noise, t->text, 20000);
	CHECK(!packer_pack(t->packer, slice_make(noise, LARGEST), &t->stored));
	CHECK_SLICE(buf_slice(&t->stored), "before");
	mem_free(noise);
}

static void
a_damaged_frame_is_never_taken(void **state)
{
	struct tools *t = *state;
	struct slice text = slice_make(t->text, 3000), frame;
	char *copy;

	buf_reset(&t->stored);
	CHECK(packer_pack(t->packer, text, &t->stored));
	frame = slice_skip(buf_slice(&t->stored), codec_table_len(3000));
	for (size_t cut = 0; cut < frame.len; cut++)
		CHECK_STATUS(unpacker_frame(t->unpacker, slice_sub(frame, 0, cut), t->back, 3000),
		    STATUS_CORRUPT);
	CHECK_STATUS(unpacker_frame(t->unpacker, frame, t->back, 2999), STATUS_CORRUPT);
	CHECK_STATUS(unpacker_frame(t->unpacker, frame, t->back, 3001), STATUS_CORRUPT);
	copy = mem_dup(frame);
	for (size_t i = 0; i < frame.len; i++) {
		copy[i] ^= 0x10;
		/* A bit that means nothing may be; then the bytes are right all the same. */
		if (unpacker_frame(t->unpacker, slice_make(copy, frame.len), t->back, 3000) ==
		    STATUS_OK)
			CHECK(memcmp(t->back, text.ptr, 3000) == 0);
		copy[i] ^= 0x10;
	}
	mem_free(copy);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_come_back_frame_by_frame),
		cmocka_unit_test(what_saves_too_little_stays_as_it_is),
		cmocka_unit_test(a_damaged_frame_is_never_taken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
