#include "net/handover.h"

#define FIELD_MAX 4096	/* all fields but the input */

enum status
handover_encode(struct buf *out, const struct handover *h)
{
	const struct slice fields[] = { h->sid, h->grant, h->login, h->peer, h->tag };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].len > FIELD_MAX)
			return STATUS_LIMIT;
	if (h->input.len > HANDOVER_INPUT_MAX)
		return STATUS_LIMIT;
	put_slice(out, h->sid);
	put_slice(out, h->grant);
	put_slice(out, h->login);
	put_slice(out, h->peer);
	put_u8(out, h->is_secure);
	put_slice(out, h->tag);
	put_slice(out, h->input);
	return buf_status(out);
}

enum status
handover_decode(struct slice payload, struct handover *h)
{
	struct reader in = reader_of(payload);
	struct handover got;
	uint8_t is_secure;

	got.sid = read_slice(&in);
	got.grant = read_slice(&in);
	got.login = read_slice(&in);
	got.peer = read_slice(&in);
	is_secure = read_u8(&in);
	got.is_secure = is_secure == 1;
	got.tag = read_slice(&in);
	got.input = read_slice(&in);
	if (!reader_at_end(&in) || is_secure > 1 || got.sid.len > FIELD_MAX ||
	    got.grant.len > FIELD_MAX || got.login.len > FIELD_MAX || got.peer.len > FIELD_MAX ||
	    got.tag.len > FIELD_MAX || got.input.len > HANDOVER_INPUT_MAX)
		return STATUS_CORRUPT;
	*h = got;
	return STATUS_OK;
}
