#include "policy/lan.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/ascii.h"

enum { MAPPED_BITS = 96 };

/* Both families in one form.  *is_v4: it was written with dots. */
static bool
read_address(struct slice text, uint8_t out[16], bool *is_v4)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char name[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(name) ||
	    slice_find_byte(text, '\0') < text.len)
		return false;
	memcpy(name, text.ptr, text.len);
	name[text.len] = '\0';
	*is_v4 = inet_pton(AF_INET, name, out + 12) == 1;
	if (!*is_v4)
		return inet_pton(AF_INET6, name, out) == 1;
	memcpy(out, mapped, sizeof(mapped));
	return true;
}

static bool
has_bits_behind(const struct lan_range *r)
{
	for (unsigned bit = r->prefix; bit < 128; bit++)
		if (r->address[bit / 8] & (0x80u >> bit % 8))
			return true;
	return false;
}

static bool
read_range(struct slice text, struct lan_range *out)
{
	struct slice rest = text, address = slice_take_until(&rest, '/');
	bool has_prefix = slice_find_byte(text, '/') < text.len, is_v4;
	uint32_t bits;

	if (!read_address(address, out->address, &is_v4))
		return false;
	bits = is_v4 ? 32 : 128;
	if (has_prefix && parse_u32(rest, is_v4 ? LAN_PREFIX4_MIN : LAN_PREFIX6_MIN, bits,
	    &bits) != STATUS_OK)
		return false;
	out->prefix = (uint8_t)(bits + (is_v4 ? MAPPED_BITS : 0));
	return !has_bits_behind(out);
}

enum status
lan_parse(struct slice text, struct lan *out, struct problem *why)
{
	struct lan lan = { 0 };

	text = slice_trim(text);
	while (text.len > 0) {
		bool more = slice_find_byte(text, ',') < text.len;
		struct slice one = slice_trim(slice_take_until(&text, ','));

		if (lan.count == LAN_RANGES_MAX) {
			problem_set(why, "at most %d ranges in lan", LAN_RANGES_MAX);
			return STATUS_LIMIT;
		}
		if (!read_range(one, &lan.ranges[lan.count]) || (more && text.len == 0)) {
			problem_set(why, "lan: \"%.*s\" is no address or range: write 192.168.1.7 or "
			    "192.168.0.0/16 (from /%d), fd00::/8 (from /%d)", SLICE_ARG(one),
			    LAN_PREFIX4_MIN, LAN_PREFIX6_MIN);
			return STATUS_SYNTAX;
		}
		lan.count++;
	}
	*out = lan;
	return STATUS_OK;
}

static bool
is_in(const struct lan_range *r, const uint8_t address[16])
{
	unsigned whole = r->prefix / 8, left = r->prefix % 8;

	if (memcmp(r->address, address, whole) != 0)
		return false;
	return left == 0 ||
	    ((r->address[whole] ^ address[whole]) & (uint8_t)(0xff00u >> left)) == 0;
}

bool
lan_has(const struct lan *lan, struct slice peer)
{
	uint8_t address[16];
	bool is_v4;

	if (!read_address(peer, address, &is_v4))
		return false;
	for (unsigned i = 0; i < lan->count; i++)
		if (is_in(&lan->ranges[i], address))
			return true;
	return false;
}
