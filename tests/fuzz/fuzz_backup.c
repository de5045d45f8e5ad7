/* Any lines before a good checksum are a manifest, or are refused; any bytes a message to put back. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "store/backup_manifest.h"
#include "store/put_back.h"

#define TEXT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
end_put(struct buf *text)
{
	uint8_t hash[SHA256_LEN];

	sha256_of(buf_slice(text), hash);
	buf_append(text, SLICE("end "));
	buf_append_hex(text, slice_make(hash, sizeof(hash)));
	buf_append_byte(text, '\n');
}

/* What was read names only what lies below an instance, and reads again as it was. */
static void
manifest_reads_again(const struct backup_manifest *m)
{
	struct buf text = buf_init(4 * TEXT_MAX), again = buf_init(4 * TEXT_MAX);
	struct backup_manifest back;

	for (size_t i = 0; i < m->file_count; i++)
		ASSERT(backup_path_check(slice_from_cstr(m->files[i].path)));
	for (size_t i = 0; i < m->segment_count; i++)
		ASSERT(backup_manifest_segment(m, m->segments[i].number) == &m->segments[i]);
	if (backup_manifest_encode(m, &text) == STATUS_OK) {
		ASSERT(backup_manifest_decode(buf_slice(&text), &back) == STATUS_OK);
		ASSERT(backup_manifest_encode(&back, &again) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&text), buf_slice(&again)));
		backup_manifest_clear(&back);
	}
	buf_clear(&text);
	buf_clear(&again);
}

static void
put_back_reads_again(struct slice in)
{
	struct buf out = buf_init(TEXT_MAX);
	struct put_back p;

	if (put_back_read(in, &p) == STATUS_OK) {
		ASSERT(put_back_put(&p, &out) == STATUS_OK);
		ASSERT(slice_equal(buf_slice(&out), in));
	}
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = buf_init(TEXT_MAX);
	struct backup_manifest m;

	if (size > TEXT_MAX / 2)
		return 0;
	put_back_reads_again(slice_make(data, size));
	buf_append(&text, SLICE("tradepost-backup 1\n"));
	buf_append(&text, slice_make(data, size));
	end_put(&text);
	if (backup_manifest_decode(buf_slice(&text), &m) == STATUS_OK) {
		manifest_reads_again(&m);
		backup_manifest_clear(&m);
	}
	buf_clear(&text);
	return 0;
}
