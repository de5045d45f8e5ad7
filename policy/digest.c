#include "policy/digest.h"

#include <string.h>

#include "base/bytes.h"
#include "store/digest.h"
#include "store/text.h"

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

void
digest_rewrite_put(struct buf *out, uint64_t number, uint32_t size_bytes,
    const struct rewrite_order *o)
{
	uint32_t domains = o->domain_count, addresses = o->address_count;

	if (domains > REWRITE_DOMAINS_MAX)
		domains = REWRITE_DOMAINS_MAX;
	if (addresses > REWRITE_ADDRESSES_MAX)
		addresses = REWRITE_ADDRESSES_MAX;
	put_u64le(out, number);
	put_u32le(out, size_bytes);
	put_u32le(out, o->prefix_len);
	put_u64le(out, o->at_s);
	put_slice(out, o->mid);
	put_slice(out, o->name);
	put_slice(out, o->address);
	put_slice(out, o->domain);
	put_u32le(out, domains);
	for (uint32_t i = 0; i < domains; i++)
		put_slice(out, o->domains[i]);
	put_u32le(out, addresses);
	for (uint32_t i = 0; i < addresses; i++) {
		put_slice(out, o->addresses[i].inside);
		put_slice(out, o->addresses[i].name);
		put_slice(out, o->addresses[i].address);
	}
}

static uint32_t
read_count(struct reader *in, uint32_t max)
{
	uint32_t count = read_u32le(in);

	if (count <= max)
		return count;
	reader_fail(in);
	return 0;
}

enum status
digest_rewrite_read(struct slice payload, struct digest_rewrite *w)
{
	struct reader in = reader_of(payload);
	struct rewrite_order *o = &w->order;

	w->number = read_u64le(&in);
	w->size_bytes = read_u32le(&in);
	*o = (struct rewrite_order){ .domains = w->domains, .addresses = w->addresses };
	o->prefix_len = read_u32le(&in);
	o->at_s = read_u64le(&in);
	o->mid = read_slice(&in);
	o->name = read_slice(&in);
	o->address = read_slice(&in);
	o->domain = read_slice(&in);
	o->domain_count = read_count(&in, REWRITE_DOMAINS_MAX);
	for (uint32_t i = 0; i < o->domain_count; i++)
		w->domains[i] = read_slice(&in);
	o->address_count = read_count(&in, REWRITE_ADDRESSES_MAX);
	for (uint32_t i = 0; i < o->address_count; i++) {
		w->addresses[i].inside = read_slice(&in);
		w->addresses[i].name = read_slice(&in);
		w->addresses[i].address = read_slice(&in);
	}
	return reader_at_end(&in) && o->prefix_len <= w->size_bytes ? STATUS_OK : STATUS_CORRUPT;
}

void
digest_rewritten_put(struct buf *out, uint64_t number, struct slice text)
{
	struct buf record = buf_init(DIGEST_RECORD_MAX);
	uint8_t sha256[SHA256_LEN];

	sha256_of(text, sha256);
	digest_compute(text, &record);
	put_u64le(out, number);
	put_u8(out, STATUS_OK);
	put_u32le(out, (uint32_t)text.len);
	(void)buf_append(out, slice_make(sha256, sizeof(sha256)));
	put_slice(out, buf_slice(&record));
	buf_clear(&record);
}

enum status
digest_rewritten_read(struct slice payload, struct digest_rewritten *d)
{
	struct reader in = reader_of(payload);
	struct digest_rewritten v = { 0 };
	struct digest digest;
	struct slice sha256;
	uint8_t status;

	v.number = read_u64le(&in);
	status = read_u8(&in);
	if (!reader_ok(&in) || status >= STATUS_COUNT)
		return STATUS_CORRUPT;
	v.status = (enum status)status;
	if (v.status == STATUS_OK) {
		v.size_bytes = read_u32le(&in);
		sha256 = read_bytes(&in, SHA256_LEN);
		v.record = read_slice(&in);
		if (!reader_ok(&in) || v.size_bytes == 0 || v.size_bytes > TEXT_SIZE_MAX ||
		    v.record.len > DIGEST_RECORD_MAX ||
		    digest_decode(v.record, &digest) != STATUS_OK)
			return STATUS_CORRUPT;
		memcpy(v.sha256, sha256.ptr, SHA256_LEN);
	}
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*d = v;
	return STATUS_OK;
}
