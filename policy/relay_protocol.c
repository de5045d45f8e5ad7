#include "policy/relay_protocol.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "policy/protocol.h"

void
policy_relay_id_put(struct buf *out, uint32_t id)
{
	put_u32le(out, id);
}

enum status
policy_relay_id_read(struct slice payload, uint32_t *id)
{
	struct reader in = reader_of(payload);
	uint32_t v = read_u32le(&in);

	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*id = v;
	return STATUS_OK;
}

void
policy_route_put(struct buf *out, const struct policy_route *r)
{
	put_u32le(out, r->id);
	put_slice(out, r->name);
	put_slice(out, r->host);
	put_u16le(out, r->port);
	put_u8(out, r->is_lmtp);
	put_u8(out, r->tls);
	put_u8(out, r->checks_certificate);
	put_slice(out, r->ca_path);
	put_u32le(out, r->credential);
	put_slice(out, r->user);
}

static bool
read_bool(struct reader *in)
{
	uint8_t v = read_u8(in);

	if (v > 1)
		reader_fail(in);
	return v == 1;
}

static struct slice
read_limited(struct reader *in, size_t max)
{
	struct slice s = read_slice(in);

	if (s.len > max)
		reader_fail(in);
	return s;
}

enum status
policy_route_read(struct reader *in, struct policy_route *r)
{
	struct policy_route v = { 0 };

	v.id = read_u32le(in);
	v.name = read_limited(in, POLICY_TEXT_MAX);
	v.host = read_limited(in, POLICY_ADDRESS_MAX);
	v.port = read_u16le(in);
	v.is_lmtp = read_bool(in);
	v.tls = read_u8(in);
	v.checks_certificate = read_bool(in);
	v.ca_path = read_limited(in, POLICY_TEXT_MAX);
	v.credential = read_u32le(in);
	v.user = read_limited(in, POLICY_ADDRESS_MAX);
	if (!reader_at_end(in) || v.tls > ROUTE_TLS_OFF || v.port == 0)
		return STATUS_CORRUPT;
	*r = v;
	return STATUS_OK;
}

void
policy_returned_put(struct buf *out, const struct policy_returned *r)
{
	put_u8(out, (uint8_t)r->kind);
	put_u32le(out, r->author);
	put_slice(out, r->mid);
	put_slice(out, r->about);
	put_u32le(out, r->size_bytes);
	put_slice(out, slice_sub(r->detail, 0, utf8_cut(r->detail, POLICY_TEXT_MAX)));
	put_u32le(out, r->entry_count);
	for (uint32_t i = 0; i < r->entry_count; i++)
		put_u64le(out, r->entries[i]);
	if (r->kind >= RETURN_DELIVERED)
		put_slice(out, r->to);
}

enum status
policy_returned_read(struct slice payload, struct policy_returned *r, uint64_t **entries)
{
	struct reader in = reader_of(payload);
	struct policy_returned v = { 0 };
	uint64_t *list;
	uint8_t kind = read_u8(&in);

	v.kind = (enum return_kind)kind;
	v.author = read_u32le(&in);
	v.mid = read_limited(&in, POLICY_MID_MAX);
	v.about = read_limited(&in, POLICY_MID_MAX);
	v.size_bytes = read_u32le(&in);
	v.detail = read_limited(&in, POLICY_TEXT_MAX);
	v.entry_count = read_u32le(&in);
	if (!reader_ok(&in) || kind >= RETURN_KIND_COUNT || v.mid.len == 0 || v.about.len == 0 ||
	    v.entry_count == 0 || v.entry_count > POLICY_RETURN_ENTRIES_MAX)
		return STATUS_CORRUPT;
	list = mem_array(uint64_t, v.entry_count);
	for (uint32_t i = 0; i < v.entry_count; i++)
		list[i] = read_u64le(&in);
	if (kind >= RETURN_DELIVERED)
		v.to = read_limited(&in, POLICY_ADDRESS_MAX);
	if (!reader_at_end(&in)) {
		mem_free(list);
		return STATUS_CORRUPT;
	}
	v.entries = list;
	*r = v;
	*entries = list;
	return STATUS_OK;
}
