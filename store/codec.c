#include "store/codec.h"

#include <zstd.h>

#include "base/bytes.h"
#include "base/mem.h"

#define LEVEL 1
#define SAMPLE (16u * 1024)
#define SAMPLED_FROM (64u * 1024)	/* texts longer than this are sampled first */

struct packer {
	ZSTD_CCtx *zstd;
	char sample[SAMPLE + SAMPLE / 256 + 64];
};

struct unpacker {
	ZSTD_DCtx *zstd;
};

uint32_t
codec_frames(uint32_t size_bytes)
{
	return size_bytes / CODEC_FRAME + (size_bytes % CODEC_FRAME != 0);
}

uint32_t
codec_table_len(uint32_t size_bytes)
{
	return codec_frames(size_bytes) * 4;
}

size_t
codec_room(uint32_t size_bytes)
{
	/* zstd's bound is a 256th more and, for few bytes, up to 64. */
	return (size_t)size_bytes + size_bytes / 256 + (size_t)codec_frames(size_bytes) * 128;
}

struct packer *
packer_new(void)
{
	struct packer *p = mem_new(struct packer);

	p->zstd = ZSTD_createCCtx();
	mem_need(p->zstd != NULL);
	ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
	return p;
}

void
packer_free(struct packer **pp)
{
	struct packer *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	ZSTD_freeCCtx(p->zstd);
	mem_free(p);
}

static bool
is_saving(size_t stored, size_t plain)
{
	return stored * 10 <= plain * 7;
}

/* The beginning of a message is words; whether what is long in it was pressed shows its middle. */
static bool
sample_saves(struct packer *p, struct slice text)
{
	size_t n = ZSTD_compress2(p->zstd, p->sample, sizeof(p->sample), text.ptr + text.len / 2,
	    SAMPLE);

	return !ZSTD_isError(n) && is_saving(n, SAMPLE);
}

static bool
frames_put(struct packer *p, struct slice text, struct buf *out)
{
	size_t table = out->len, n;

	for (uint32_t i = 0; i < codec_frames((uint32_t)text.len); i++)
		put_u32le(out, 0);
	for (size_t at = 0; at < text.len; at += CODEC_FRAME, table += 4) {
		struct slice piece = slice_sub(text, at, CODEC_FRAME);

		if (buf_reserve(out, ZSTD_compressBound(piece.len)) != STATUS_OK)
			return false;
		n = ZSTD_compress2(p->zstd, out->ptr + out->len, out->cap - out->len, piece.ptr,
		    piece.len);
		if (ZSTD_isError(n) || n > CODEC_FRAME_STORED_MAX)
			return false;
		store_u32le((uint8_t *)out->ptr + table, (uint32_t)n);
		out->len += n;
	}
	return true;
}

bool
packer_pack(struct packer *p, struct slice text, struct buf *out)
{
	size_t before = out->len;

	if (text.len < CODEC_TEXT_MIN || text.len > UINT32_MAX ||
	    (text.len > SAMPLED_FROM && !sample_saves(p, text)))
		return false;
	if (frames_put(p, text, out) && is_saving(out->len - before, text.len))
		return true;
	buf_truncate(out, before);
	return false;
}

struct unpacker *
unpacker_new(void)
{
	struct unpacker *u = mem_new(struct unpacker);

	u->zstd = ZSTD_createDCtx();
	mem_need(u->zstd != NULL);
	return u;
}

void
unpacker_free(struct unpacker **up)
{
	struct unpacker *u = *up;

	if (u == NULL)
		return;
	*up = NULL;
	ZSTD_freeDCtx(u->zstd);
	mem_free(u);
}

enum status
unpacker_frame(struct unpacker *u, struct slice frame, char *out, size_t size)
{
	/* What decodes to more than size does not fit, and ends before it is written. */
	size_t n = ZSTD_decompressDCtx(u->zstd, out, size, frame.ptr, frame.len);

	return ZSTD_isError(n) || n != size ? STATUS_CORRUPT : STATUS_OK;
}
