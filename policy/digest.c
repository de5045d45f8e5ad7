#include "policy/digest.h"

#include <string.h>

#include "base/bytes.h"
#include "store/digest.h"

void
digest_work_put(struct buf *out, const struct digest_work *w)
{
	put_u64le(out, w->number);
	put_u32le(out, w->size_bytes);
	put_u32le(out, w->prefix_len);
}

enum status
digest_work_read(struct slice payload, struct digest_work *w)
{
	struct reader in = reader_of(payload);
	struct digest_work v = { 0 };

	v.number = read_u64le(&in);
	v.size_bytes = read_u32le(&in);
	v.prefix_len = read_u32le(&in);
	if (!reader_at_end(&in) || v.prefix_len > v.size_bytes)
		return STATUS_CORRUPT;
	*w = v;
	return STATUS_OK;
}

void
digest_answer_put(struct buf *out, const struct digest_work *w, struct slice text)
{
	struct buf record = buf_init(DIGEST_RECORD_MAX);
	uint8_t sha256[SHA256_LEN];

	sha256_of(text, sha256);
	digest_compute(text, &record);
	put_u64le(out, w->number);
	put_u8(out, STATUS_OK);
	(void)buf_append(out, slice_make(sha256, sizeof(sha256)));
	put_slice(out, buf_slice(&record));
	facts_put(slice_skip(text, w->prefix_len), out);
	buf_clear(&record);
}

void
digest_refusal_put(struct buf *out, uint64_t number, enum status st)
{
	put_u64le(out, number);
	put_u8(out, (uint8_t)st);
}

static enum status
read_values(struct reader *in, struct digest_done *d)
{
	struct slice sha256 = read_bytes(in, SHA256_LEN);
	struct digest digest;

	d->record = read_slice(in);
	if (!reader_ok(in) || d->record.len > DIGEST_RECORD_MAX ||
	    digest_decode(d->record, &digest) != STATUS_OK)
		return STATUS_CORRUPT;
	memcpy(d->sha256, sha256.ptr, SHA256_LEN);
	return facts_read(in, &d->facts);
}

enum status
digest_done_read(struct slice payload, struct digest_done *d)
{
	struct reader in = reader_of(payload);
	struct digest_done v = { .payload = payload };
	uint8_t status;

	v.number = read_u64le(&in);
	status = read_u8(&in);
	if (!reader_ok(&in) || status >= STATUS_COUNT)
		return STATUS_CORRUPT;
	v.status = (enum status)status;
	if (v.status == STATUS_OK) {
		if (read_values(&in, &v) != STATUS_OK)
			return STATUS_CORRUPT;
	} else if (!reader_at_end(&in)) {
		return STATUS_CORRUPT;
	}
	*d = v;
	return STATUS_OK;
}

void
digest_done_clear(struct digest_done *d)
{
	facts_clear(&d->facts);
}
