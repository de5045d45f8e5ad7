/*
 * text_hash.h -- which text has bytes of that hash, so that a message is kept
 * once.  Only texts that hold their bytes themselves are here.
 */
#ifndef STORE_TEXT_HASH_H
#define STORE_TEXT_HASH_H

#include "base/hash.h"
#include "store/env.h"

#define TEXT_HASH_AGE 20000	/* texts whose hashes lie together on disk */
#define TEXT_HASH_AGES 5	/* how many of those a lookup goes back: its cost stays flat */
#define TEXT_SAME_MIN 512u	/* shorter texts are written again: that costs no more than to refer */

/*
 * A text of these bytes, the newest, among the newest ages up to newest_text.  The whole hash and
 * the size are compared.  ABSENT.
 */
MUST_USE enum status text_hash_find(struct txn *t, const uint8_t sha256[SHA256_LEN],
    uint32_t size_bytes, uint64_t newest_text, uint64_t *text, struct problem *why);

/* For the writer, with the text's row.  Forgetting one that is not there is OK. */
MUST_USE enum status text_hash_put(struct txn *t, const uint8_t sha256[SHA256_LEN], uint64_t text,
    struct problem *why);
MUST_USE enum status text_hash_forget(struct txn *t, const uint8_t sha256[SHA256_LEN],
    uint64_t text, struct problem *why);

#endif
