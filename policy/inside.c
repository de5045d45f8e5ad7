#include "policy/inside.h"

#include "base/ascii.h"

/* "[192.168.1.5]" or "192.168.1.5": the last label of a name is no number (RFC 3696 s.2). */
static bool
is_address(struct slice domain)
{
	struct slice last = slice_skip(domain, slice_find_last_byte(domain, '.') + 1);

	if (domain.ptr[0] == '[')
		return true;
	for (size_t i = 0; i < last.len; i++)
		if (!ascii_is_digit(last.ptr[i]))
			return false;
	return last.len > 0;
}

/* RFC 6761, RFC 6762, RFC 8375, and what offices and routers call their networks. */
bool
inside_is_internal(struct slice domain)
{
	static const char *const names[] = { "local", "lan", "internal", "intranet", "localdomain",
		"localhost", "home", "corp", "private", "home.arpa", "invalid" };

	if (slice_find_byte(domain, '.') == domain.len || is_address(domain))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct slice name = slice_from_cstr(names[i]);
		size_t at = domain.len > name.len ? domain.len - name.len : 0;

		if (at > 0 && domain.ptr[at - 1] == '.' &&
		    slice_equal_nocase(slice_skip(domain, at), name))
			return true;
	}
	return false;
}
