#include "net/admission.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

#define HOST_BYTES 8	/* of an IPv6 address, behind its network */

struct admission {
	struct table *counts;	/* key -> how many, as a pointer */
	uint32_t places;
	uint32_t each;
	uint32_t taken;
};

struct admission *
admission_new(uint32_t places, uint32_t each)
{
	struct admission *a = mem_new(struct admission);

	a->counts = table_new();
	a->places = places;
	a->each = each;
	return a;
}

void
admission_free(struct admission **ap)
{
	struct admission *a = *ap;

	if (a == NULL)
		return;
	*ap = NULL;
	table_free(&a->counts, NULL);
	mem_free(a);
}

enum status
admission_enter(struct admission *a, struct slice key)
{
	uintptr_t count = (uintptr_t)table_get(a->counts, key);

	if (a->taken >= a->places)
		return STATUS_BUSY;
	if (count >= a->each)
		return STATUS_LIMIT;
	(void)table_put(a->counts, key, (void *)(count + 1));
	a->taken++;
	return STATUS_OK;
}

void
admission_leave(struct admission *a, struct slice key)
{
	uintptr_t count = (uintptr_t)table_get(a->counts, key);

	ASSERT(count > 0);
	if (count == 1)
		(void)table_remove(a->counts, key);
	else
		(void)table_put(a->counts, key, (void *)(count - 1));
	a->taken--;
}

uint32_t
admission_count(const struct admission *a)
{
	return a->taken;
}

bool
admission_is_crowded(const struct admission *a)
{
	return a->taken > a->places - a->places / 4;
}

struct slice
admission_address(const char *peer, char out[ADMISSION_ADDRESS_MAX])
{
	struct slice text = slice_from_cstr(peer);
	struct in6_addr v6;

	if (text.len >= ADMISSION_ADDRESS_MAX)
		text.len = ADMISSION_ADDRESS_MAX - 1;
	/* 2000::/3 is what providers give out (RFC 4291 s.2.4); a LAN's own addresses are not. */
	if (inet_pton(AF_INET6, peer, &v6) == 1 && (v6.s6_addr[0] & 0xe0) == 0x20) {
		memset(v6.s6_addr + sizeof(v6) - HOST_BYTES, 0, HOST_BYTES);
		if (inet_ntop(AF_INET6, &v6, out, ADMISSION_ADDRESS_MAX) != NULL)
			return slice_from_cstr(out);
	}
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return slice_make(out, text.len);
}
