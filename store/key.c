#include "store/key.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

void
key_init(struct key *k)
{
	k->len = 0;
}

static uint8_t *
key_room(struct key *k, size_t n)
{
	uint8_t *at = k->bytes + k->len;

	ASSERT(n <= (size_t)(ENV_KEY_MAX - k->len));
	k->len = (uint16_t)(k->len + n);
	return at;
}

void
key_u8(struct key *k, uint8_t v)
{
	*key_room(k, 1) = v;
}

void
key_u16(struct key *k, uint16_t v)
{
	uint8_t *at = key_room(k, 2);

	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void
key_u32(struct key *k, uint32_t v)
{
	store_u32be(key_room(k, 4), v);
}

void
key_u64(struct key *k, uint64_t v)
{
	store_u64be(key_room(k, 8), v);
}

void
key_bytes(struct key *k, struct slice s)
{
	uint8_t *at = key_room(k, s.len);

	if (s.len > 0)
		memcpy(at, s.ptr, s.len);
}

struct slice
key_slice(const struct key *k)
{
	return slice_make(k->bytes, k->len);
}

struct slice
key_of_u32(struct key *k, uint32_t a)
{
	key_init(k);
	key_u32(k, a);
	return key_slice(k);
}

struct slice
key_of_u64(struct key *k, uint64_t a)
{
	key_init(k);
	key_u64(k, a);
	return key_slice(k);
}

struct slice
key_of_u32_u32(struct key *k, uint32_t a, uint32_t b)
{
	key_init(k);
	key_u32(k, a);
	key_u32(k, b);
	return key_slice(k);
}

struct slice
key_of_u64_u16(struct key *k, uint64_t a, uint16_t b)
{
	key_init(k);
	key_u64(k, a);
	key_u16(k, b);
	return key_slice(k);
}

struct slice
key_of_u32_name(struct key *k, uint32_t a, struct slice name)
{
	key_init(k);
	key_u32(k, a);
	key_bytes(k, name);
	return key_slice(k);
}

uint16_t
key_read_u16(struct slice key, size_t at)
{
	const uint8_t *p;

	if (key.len < at + 2)
		return 0;
	p = (const uint8_t *)key.ptr + at;
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
key_read_u32(struct slice key, size_t at)
{
	return key.len < at + 4 ? 0 : load_u32be((const uint8_t *)key.ptr + at);
}

uint64_t
key_read_u64(struct slice key, size_t at)
{
	return key.len < at + 8 ? 0 : load_u64be((const uint8_t *)key.ptr + at);
}
