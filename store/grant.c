#include "store/grant.h"

#include "base/bytes.h"
#include "base/hash.h"

#define GRANT_VERSION 2

void
grant_seal(const struct grant *g, struct slice key, struct buf *out)
{
	size_t at = out->len;
	uint8_t seal[SHA256_LEN];

	put_u8(out, GRANT_VERSION);
	put_u32le(out, g->account);
	put_u32le(out, g->rights);
	put_u64le(out, g->issued_at);
	put_slice(out, g->login);
	put_slice(out, g->origin.len > 0 ? g->origin : g->sid);
	put_u64le(out, g->login_mark);
	hmac_sha256(key, slice_skip(buf_slice(out), at), seal);
	buf_append(out, slice_make(seal, sizeof(seal)));
}

/* *signed_len: how many bytes the seal, which follows them, speaks for. */
static enum status
grant_decode(struct slice sealed, struct grant *out, size_t *signed_len)
{
	struct reader in = reader_of(sealed);
	struct grant g = { 0 };
	struct slice rest;
	uint8_t version = read_u8(&in);

	if (sealed.len > GRANT_MAX || version < 1 || version > GRANT_VERSION)
		return STATUS_CORRUPT;
	g.account = read_u32le(&in);
	g.rights = read_u32le(&in);
	g.issued_at = read_u64le(&in);
	g.login = read_slice(&in);
	g.origin = rest = read_slice(&in);
	g.sid = slice_take_until(&rest, ' ');
	if (version >= 2)
		g.login_mark = read_u64le(&in);
	*signed_len = sealed.len - in.rest.len;
	read_bytes(&in, SHA256_LEN);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = g;
	return STATUS_OK;
}

enum status
grant_open(struct slice sealed, struct slice key, struct grant *out)
{
	uint8_t seal[SHA256_LEN];
	struct grant g;
	size_t len;

	if (grant_decode(sealed, &g, &len) != STATUS_OK)
		return STATUS_CORRUPT;
	hmac_sha256(key, slice_sub(sealed, 0, len), seal);
	if (!hash_equal(seal, sealed.ptr + len, SHA256_LEN))
		return STATUS_DENIED;
	*out = g;
	return STATUS_OK;
}

enum status
grant_peek(struct slice sealed, struct grant *out)
{
	size_t len;

	return grant_decode(sealed, out, &len);
}
