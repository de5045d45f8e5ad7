#include "policy/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"

static enum status
append_nfc(struct slice utf8, struct buf *out)
{
	size_t len = 0;
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)utf8.ptr, utf8.len, NULL,
	    &len);
	enum status st;

	if (normal == NULL)
		return STATUS_LIMIT;
	st = len <= PASSWORD_MAX ? buf_append(out, slice_make(normal, len)) : STATUS_LIMIT;
	mem_wipe(normal, len);
	free(normal);
	return st;
}

enum status
password_prepare(struct slice raw, struct buf *out)
{
	if (raw.len == 0)
		return STATUS_SYNTAX;
	if (raw.len > PASSWORD_MAX)
		return STATUS_LIMIT;
	for (size_t i = 0; i < raw.len; i++)
		if (ascii_is_control(raw.ptr[i]))
			return STATUS_SYNTAX;
	if (utf8_is_valid(raw))
		return append_nfc(raw, out);
	return buf_append(out, raw);
}

/* crypt(3) wants a NUL, and 32 KiB of memory. */
static bool
hash(struct slice prepared, const char *setting, struct buf *out)
{
	struct crypt_data *data = mem_new(struct crypt_data);
	char *phrase = mem_dup(prepared);
	const char *hashed = crypt_rn(phrase, setting, data, (int)sizeof(*data));
	bool good = hashed != NULL && buf_append(out, slice_from_cstr(hashed)) == STATUS_OK;

	mem_wipe(phrase, prepared.len);
	mem_free(phrase);
	mem_wipe(data, sizeof(*data));
	mem_free(data);
	return good;
}

enum status
password_verifier(struct slice prepared, struct buf *out, struct problem *why)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, (int)sizeof(setting)) == NULL ||
	    !hash(prepared, setting, out)) {
		problem_set(why, "the password cannot be hashed: crypt(3) has no yescrypt here");
		return STATUS_IO;
	}
	return STATUS_OK;
}

bool
password_matches(struct slice prepared, const char *verifier)
{
	struct buf got = buf_init(CRYPT_OUTPUT_SIZE);
	bool same = hash(prepared, verifier, &got) && got.len == strlen(verifier) &&
	    hash_equal(got.ptr, verifier, got.len);

	buf_wipe(&got);
	return same;
}
