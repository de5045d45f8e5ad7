#include "store/keyword.h"

#include "base/ascii.h"
#include "base/bytes.h"
#include "store/client.h"
#include "store/flags.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Keyword.  key: u32be mailbox id, u8 bit (FLAG_KEYWORD_SHIFT to 63)
 *   u8 version 1, slice name as it was first written
 */
#define KEYWORD_VERSION 1

enum status
keyword_list(struct txn *t, uint32_t mailbox, struct slice names[KEYWORD_COUNT_MAX],
    struct problem *why)
{
	struct slice key, value, name;
	struct cursor *c;
	struct reader in;
	unsigned bit;
	struct key k;
	enum status st;

	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++)
		names[i] = SLICE("");
	st = cursor_open(t, TABLE_KEYWORD, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, mailbox), &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == mailbox) {
		bit = key.len == 5 ? (unsigned char)key.ptr[4] : 0;
		in = reader_of(value);
		if (read_u8(&in) != KEYWORD_VERSION)
			reader_fail(&in);
		name = read_slice(&in);
		if (!reader_at_end(&in) || bit < FLAG_KEYWORD_SHIFT || bit > 63) {
			problem_set(why, "a keyword of mailbox %u cannot be read", mailbox);
			st = STATUS_CORRUPT;
			break;
		}
		names[bit - FLAG_KEYWORD_SHIFT] = name;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* RFC 3501 flag-keyword: an atom. */
static bool
keyword_is_atom(struct slice word)
{
	static const char specials[] = "(){%*\"\\]";

	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];

		if (ascii_is_control(c) || ascii_is_8bit(c) || c == ' ')
			return false;
		for (const char *s = specials; *s != '\0'; s++)
			if (c == *s)
				return false;
	}
	return word.len > 0;
}

static enum status
keyword_put(struct txn *t, uint32_t mailbox, unsigned bit, struct slice name,
    struct problem *why)
{
	struct buf b = buf_init(KEYWORD_LEN_MAX + 16);
	struct key k;
	enum status st;

	key_init(&k);
	key_u32(&k, mailbox);
	key_u8(&k, (uint8_t)bit);
	put_u8(&b, KEYWORD_VERSION);
	put_slice(&b, name);
	st = txn_put(t, TABLE_KEYWORD, key_slice(&k), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

/* *bit: of the keyword, 0 when need is KEYWORD_KNOWN and there is none. */
static enum status
keyword_bit(struct txn *t, uint32_t mailbox, struct slice word, enum keyword_need need,
    unsigned *bit, struct problem *why)
{
	struct slice names[KEYWORD_COUNT_MAX];
	unsigned unused = KEYWORD_COUNT_MAX;
	enum status st;

	st = keyword_list(t, mailbox, names, why);
	if (st != STATUS_OK)
		return st;
	*bit = 0;
	for (unsigned i = KEYWORD_COUNT_MAX; i-- > 0;) {
		if (names[i].len == 0)
			unused = i;
		if (!slice_equal_nocase(names[i], word))
			continue;
		*bit = i + FLAG_KEYWORD_SHIFT;
		return STATUS_OK;
	}
	if (need == KEYWORD_KNOWN)
		return STATUS_OK;
	if (unused == KEYWORD_COUNT_MAX) {
		problem_set(why, "a mailbox has at most %d keywords", KEYWORD_COUNT_MAX);
		return STATUS_LIMIT;
	}
	*bit = unused + FLAG_KEYWORD_SHIFT;
	return keyword_put(t, mailbox, *bit, word, why);
}

enum status
keyword_bits(struct txn *t, uint32_t mailbox, struct slice text, enum keyword_need need,
    uint64_t *bits, struct problem *why)
{
	unsigned bit = 0, count = 0;
	uint64_t sum = 0;
	struct slice word;
	enum status st;

	while (text.len > 0) {
		word = slice_take_word(&text);
		if (word.len == 0)
			continue;
		if (!keyword_is_atom(word)) {
			problem_set(why, "a keyword is an atom of ASCII");
			return STATUS_SYNTAX;
		}
		if (word.len > KEYWORD_LEN_MAX || ++count > STORE_KEYWORDS_MAX) {
			problem_set(why, "at most %d keywords of %d bytes at once",
			    STORE_KEYWORDS_MAX, KEYWORD_LEN_MAX);
			return STATUS_LIMIT;
		}
		st = keyword_bit(t, mailbox, word, need, &bit, why);
		if (st != STATUS_OK)
			return st;
		if (bit != 0)
			sum |= UINT64_C(1) << bit;
	}
	*bits = sum;
	return STATUS_OK;
}

enum status
keyword_print(struct txn *t, uint32_t mailbox, uint64_t flags, struct buf *out,
    struct problem *why)
{
	struct slice names[KEYWORD_COUNT_MAX];
	size_t at = out->len;
	enum status st;

	if (flags >> FLAG_KEYWORD_SHIFT == 0)
		return STATUS_OK;
	st = keyword_list(t, mailbox, names, why);
	if (st != STATUS_OK)
		return st;
	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++) {
		if (!(flags >> (i + FLAG_KEYWORD_SHIFT) & 1) || names[i].len == 0)
			continue;
		if (out->len > at)
			buf_append_byte(out, ' ');
		buf_append(out, names[i]);
	}
	return buf_status(out);
}

enum status
keyword_translate(struct txn *t, uint32_t from, uint32_t to, uint64_t flags, uint64_t *out,
    struct problem *why)
{
	struct buf text = buf_init(KEYWORD_COUNT_MAX * (KEYWORD_LEN_MAX + 1));
	uint64_t bits = 0;
	enum status st;

	if (from == to || flags >> FLAG_KEYWORD_SHIFT == 0) {
		*out = flags;
		return STATUS_OK;
	}
	st = keyword_print(t, from, flags, &text, why);
	if (st == STATUS_OK)
		st = keyword_bits(t, to, buf_slice(&text), KEYWORD_MAKE, &bits, why);
	if (st == STATUS_OK)
		*out = (flags & FLAG_SYSTEM) | bits;
	buf_clear(&text);
	return st;
}

enum status
keyword_delete_all(struct txn *t, uint32_t mailbox, struct problem *why)
{
	struct slice names[KEYWORD_COUNT_MAX];
	struct key k;
	enum status st;

	st = keyword_list(t, mailbox, names, why);
	for (unsigned i = 0; st == STATUS_OK && i < KEYWORD_COUNT_MAX; i++) {
		key_init(&k);
		key_u32(&k, mailbox);
		key_u8(&k, (uint8_t)(i + FLAG_KEYWORD_SHIFT));
		st = txn_delete(t, TABLE_KEYWORD, key_slice(&k), why);
		if (st == STATUS_ABSENT)
			st = STATUS_OK;
	}
	return st;
}
