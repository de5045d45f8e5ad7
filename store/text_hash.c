#include "store/text_hash.h"

#include <string.h>

#include "base/bytes.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/text.h"

/*
 * Hash of a text.  key: u32be text / 20000, the first 8 bytes of its SHA-256, u64be text
 *   u8 version 1
 */
#define TEXT_HASH_VERSION 1

static struct slice
hash_place(struct key *k, uint64_t age, const uint8_t sha256[SHA256_LEN], uint64_t text)
{
	key_init(k);
	key_u32(k, (uint32_t)age);
	key_u64(k, load_u64be(sha256));
	key_u64(k, text);
	return key_slice(k);
}

/* The text has all of that hash. */
static enum status
hash_check(struct txn *t, uint64_t text, const uint8_t sha256[SHA256_LEN], uint32_t size_bytes,
    struct problem *why)
{
	struct text_row row;
	enum status st = text_get(t, text, &row, why);

	if (st != STATUS_OK)
		return st;
	return row.codec != CODEC_SAME && row.size_bytes == size_bytes &&
	    memcmp(row.sha256, sha256, SHA256_LEN) == 0 ? STATUS_OK : STATUS_ABSENT;
}

enum status
text_hash_find(struct txn *t, const uint8_t sha256[SHA256_LEN], uint32_t size_bytes,
    uint64_t newest_text, uint64_t *text, struct problem *why)
{
	uint64_t newest = newest_text / TEXT_HASH_AGE;
	struct slice got, value;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_TEXT_HASH, &c, why);
	if (st != STATUS_OK)
		return st;
	st = STATUS_ABSENT;
	for (uint64_t back = 0; st == STATUS_ABSENT && back <= newest && back < TEXT_HASH_AGES;
	     back++) {
		st = cursor_before(c, hash_place(&k, newest - back, sha256, UINT64_MAX), &got,
		    &value, why);
		if (st == STATUS_OK && memcmp(got.ptr, k.bytes, 12) != 0)
			st = STATUS_ABSENT;
		if (st == STATUS_OK) {
			*text = key_read_u64(got, 12);
			st = hash_check(t, *text, sha256, size_bytes, why);
		}
	}
	cursor_close(&c);
	return st;
}

enum status
text_hash_put(struct txn *t, const uint8_t sha256[SHA256_LEN], uint64_t text, struct problem *why)
{
	static const char version[] = { TEXT_HASH_VERSION };
	struct key k;

	return txn_put(t, TABLE_TEXT_HASH, hash_place(&k, text / TEXT_HASH_AGE, sha256, text),
	    slice_make(version, sizeof(version)), why);
}

enum status
text_hash_forget(struct txn *t, const uint8_t sha256[SHA256_LEN], uint64_t text,
    struct problem *why)
{
	struct key k;
	enum status st = txn_delete(t, TABLE_TEXT_HASH,
	    hash_place(&k, text / TEXT_HASH_AGE, sha256, text), why);

	return st == STATUS_ABSENT ? STATUS_OK : st;
}
