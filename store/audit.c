#include "store/audit.h"

#include "base/ascii.h"
#include "base/bytes.h"
#include "store/change.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Audit.  key: u64be change, u16be part
 *   u8 version 1, u64 at_s, slice kind, slice actor, slice subject, slice detail
 */
#define AUDIT_VERSION 1
#define AUDIT_KEY_LEN 10

enum status
audit_decode(struct slice key, struct slice value, struct audit_row *out)
{
	struct reader in = reader_of(value);
	struct audit_row r = { 0 };

	if (read_u8(&in) != AUDIT_VERSION)
		return STATUS_CORRUPT;
	r.change = key_read_u64(key, 0);
	r.part = key_read_u16(key, 8);
	r.at_s = read_u64le(&in);
	r.kind = read_slice(&in);
	r.actor = read_slice(&in);
	r.subject = read_slice(&in);
	r.detail = read_slice(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
audit_put(struct change *c, const struct audit_row *row, struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	put_u8(&b, AUDIT_VERSION);
	put_u64le(&b, c->now_s);
	put_slice(&b, row->kind);
	put_slice(&b, row->actor);
	put_slice(&b, row->subject);
	put_slice(&b, row->detail);
	st = buf_status(&b);
	if (st != STATUS_OK)
		problem_set(why, "an audit row is too long");
	if (st == STATUS_OK)
		st = txn_put(c->txn, TABLE_AUDIT, key_of_u64_u16(&k, c->number, c->audit_part),
		    buf_slice(&b), why);
	if (st == STATUS_OK)
		c->audit_part++;
	buf_clear(&b);
	return st;
}

static bool
is_of_word(char c)
{
	return ascii_is_alnum(c) || ascii_is_8bit(c) || c == '-' || c == '_';
}

/* As a word of its own: "out" is not in "outside=". */
static bool
has_word(struct slice text, struct slice word)
{
	size_t at = 0;

	for (;;) {
		size_t end;

		at += slice_find(slice_skip(text, at), word);
		end = at + word.len;
		if (end > text.len)
			return false;
		if ((at == 0 || !is_of_word(text.ptr[at - 1])) &&
		    (end == text.len || !is_of_word(text.ptr[end])))
			return true;
		at++;
	}
}

static bool
audit_matches(const struct audit_filter *f, const struct audit_row *r)
{
	if (r->at_s < f->from_s || (f->to_s != 0 && r->at_s > f->to_s))
		return false;
	if (f->kind.len > 0 && !slice_equal(f->kind, r->kind))
		return false;
	if (f->actor.len > 0 && !slice_equal_nocase(f->actor, r->actor))
		return false;
	return f->subject.len == 0 || slice_equal_nocase(f->subject, r->subject) ||
	    has_word(r->detail, f->subject);
}

enum status
audit_slice(struct txn *t, const struct audit_filter *f, struct audit_place *place,
    uint32_t look_at, bool (*each)(void *ctx, const struct audit_row *row), void *ctx,
    struct problem *why)
{
	struct slice key, value, before;
	struct audit_row row;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_AUDIT, &c, why);
	if (st != STATUS_OK)
		return st;
	key_of_u64_u16(&k, place->is_begun ? place->change : UINT64_MAX,
	    place->is_begun ? place->part : UINT16_MAX);
	while (look_at-- > 0) {
		before = key_slice(&k);
		key = SLICE("");
		st = cursor_before(c, before, &key, &value, why);
		if (st == STATUS_OK)
			st = audit_decode(key, value, &row);
		if (st != STATUS_OK && (st != STATUS_CORRUPT || key.len != AUDIT_KEY_LEN))
			break;
		place->is_begun = true;
		place->is_damaged |= st == STATUS_CORRUPT;
		place->change = key_read_u64(key, 0);
		place->part = key_read_u16(key, 8);
		key_of_u64_u16(&k, place->change, place->part);
		if (st == STATUS_OK && audit_matches(f, &row) && !each(ctx, &row)) {
			st = STATUS_ABSENT;
			break;
		}
		st = STATUS_OK;
	}
	cursor_close(&c);
	if (st == STATUS_ABSENT && place->is_damaged) {
		problem_set(why, "rows of the audit that cannot be read were passed over: mailadm verify "
		    "names them");
		st = STATUS_CORRUPT;
	}
	return st;
}

void
audit_filter_put(const struct audit_filter *f, struct buf *out)
{
	put_u64le(out, f->from_s);
	put_u64le(out, f->to_s);
	put_slice(out, f->kind);
	put_slice(out, f->actor);
	put_slice(out, f->subject);
	put_u32le(out, f->limit);
}

enum status
audit_filter_read(struct slice payload, struct audit_filter *f)
{
	struct reader in = reader_of(payload);
	struct audit_filter r = { 0 };

	r.from_s = read_u64le(&in);
	r.to_s = read_u64le(&in);
	r.kind = read_slice(&in);
	r.actor = read_slice(&in);
	r.subject = read_slice(&in);
	r.limit = read_u32le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*f = r;
	return STATUS_OK;
}

void
audit_row_put(const struct audit_row *row, struct buf *out)
{
	put_u64le(out, row->change);
	put_u16le(out, row->part);
	put_u64le(out, row->at_s);
	put_slice(out, row->kind);
	put_slice(out, row->actor);
	put_slice(out, row->subject);
	put_slice(out, row->detail);
}

enum status
audit_row_read(struct slice payload, struct audit_row *row)
{
	struct reader in = reader_of(payload);
	struct audit_row r = { 0 };

	r.change = read_u64le(&in);
	r.part = read_u16le(&in);
	r.at_s = read_u64le(&in);
	r.kind = read_slice(&in);
	r.actor = read_slice(&in);
	r.subject = read_slice(&in);
	r.detail = read_slice(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*row = r;
	return STATUS_OK;
}
