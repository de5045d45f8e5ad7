#include "imapd/append_text.h"

void
append_text_init(struct append_text *a,
    enum status (*put)(void *ctx, struct slice piece, struct problem *why), void *ctx)
{
	*a = (struct append_text){ .put = put, .ctx = ctx };
	a->head = buf_init(APPEND_FROM_LINE_MAX);
}

void
append_text_clear(struct append_text *a)
{
	buf_clear(&a->head);
}

static enum status
put(struct append_text *a, struct slice piece, struct problem *why)
{
	if (piece.len == 0)
		return STATUS_OK;
	a->size_bytes += piece.len;
	return a->put(a->ctx, piece, why);
}

static enum status
put_lines(struct append_text *a, struct slice piece, struct problem *why)
{
	enum status st = STATUS_OK;

	while (st == STATUS_OK && piece.len != 0) {
		size_t lf = slice_find_byte(piece, '\n');
		bool has_cr = lf == 0 ? a->after_cr : piece.ptr[lf - 1] == '\r';

		if (lf == piece.len) {
			a->after_cr = piece.ptr[piece.len - 1] == '\r';
			return put(a, piece, why);
		}
		if (has_cr) {
			st = put(a, slice_sub(piece, 0, lf + 1), why);
		} else {
			st = put(a, slice_sub(piece, 0, lf), why);
			if (st == STATUS_OK)
				st = put(a, SLICE("\r\n"), why);
		}
		a->after_cr = false;
		piece = slice_skip(piece, lf + 1);
	}
	return st;
}

/* The first line is what it is: drop it or pass it on. */
static enum status
settle_head(struct append_text *a, size_t drop, struct problem *why)
{
	enum status st;

	a->is_past_head = true;
	st = put_lines(a, slice_skip(buf_slice(&a->head), drop), why);
	buf_clear(&a->head);
	return st;
}

enum status
append_text_feed(struct append_text *a, struct slice piece, struct problem *why)
{
	static const struct slice from = { "From ", 5 };
	enum status st = STATUS_OK;

	while (st == STATUS_OK && !a->is_past_head && piece.len != 0) {
		struct slice head;

		/* The head has room: it is settled before it is full. */
		buf_append(&a->head, slice_sub(piece, 0, 1));
		piece = slice_skip(piece, 1);
		head = buf_slice(&a->head);
		if (head.len <= from.len && !slice_starts(from, head))
			st = settle_head(a, 0, why);
		else if (head.ptr[head.len - 1] == '\n')
			st = settle_head(a, head.len, why);
		else if (head.len == APPEND_FROM_LINE_MAX)
			st = settle_head(a, 0, why);
	}
	if (st != STATUS_OK)
		return st;
	return put_lines(a, piece, why);
}

enum status
append_text_end(struct append_text *a, struct problem *why)
{
	return a->is_past_head ? STATUS_OK : settle_head(a, 0, why);
}
