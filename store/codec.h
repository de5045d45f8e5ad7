/*
 * codec.h -- the stored form of a text that is kept compressed (CODEC_ZSTD).
 *
 *   u32le stored length of each frame, one for every CODEC_FRAME bytes of text, the last one's
 *   may be fewer; then the frames: zstd with its own checksum, each by itself
 *
 * So a part of a long text is read without the rest, in bounded memory, and is proved.
 */
#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define CODEC_FRAME (256u * 1024)
/* Most bytes that a frame of ours can have (zstd's bound for CODEC_FRAME, and its checksum). */
#define CODEC_FRAME_STORED_MAX (CODEC_FRAME + CODEC_FRAME / 256 + 64)
#define CODEC_TEXT_MIN 512u	/* shorter texts are kept as they are */

/* Frames that a text of so many bytes has, and the length of their table. */
uint32_t codec_frames(uint32_t size_bytes);
uint32_t codec_table_len(uint32_t size_bytes);

/* Most bytes that packing such a text takes while it is tried. */
size_t codec_room(uint32_t size_bytes);

struct packer;
struct packer *packer_new(void);
void packer_free(struct packer **p);
/*
 * Append the stored form of text to out when it saves 30 % at least; false: it does not, or the
 * text is too short, or one that a sample shows to be pressed already, and out is as it was.
 */
bool packer_pack(struct packer *p, struct slice text, struct buf *out);

struct unpacker;
struct unpacker *unpacker_new(void);
void unpacker_free(struct unpacker **u);
/* Write the size bytes that the frame stands for to out.  CORRUPT: it stands for anything else. */
MUST_USE enum status unpacker_frame(struct unpacker *u, struct slice frame, char *out,
    size_t size);

#endif
