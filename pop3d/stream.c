#include "pop3d/stream.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/line.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"
#include "store/message.h"
#include "store/store.h"
#include "store/text.h"

#define SLICE_BYTES (64 * 1024)

struct stream {
	uint64_t text;
	uint32_t size_bytes;
	uint32_t at;		/* of the next byte to read */
	uint8_t ending;
	bool is_top;
	struct top_cut top;
	struct dot_writer dots;
};

/* Lines end with LF here; an empty line is one of nothing but a CR. */
size_t
top_cut_feed(struct top_cut *t, struct slice piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.ptr[i];

		if (t->is_done)
			return i;
		if (c != '\n') {
			t->is_behind_text = t->is_behind_text || c != '\r';
			continue;
		}
		if (t->is_in_body)
			t->lines_left--;
		else if (!t->is_behind_text)
			t->is_in_body = true;
		t->is_done = t->is_in_body && t->lines_left == 0;
		t->is_behind_text = false;
	}
	return piece.len;
}

static void
write_piece(void *ctx, struct slice piece)
{
	conn_write(ctx, piece);
}

/* Outlook hangs on NUL. */
static void
replace_nuls(char *bytes, size_t len)
{
	char *at = bytes;

	while ((at = memchr(at, '\0', len - (size_t)(at - bytes))) != NULL)
		*at++ = (char)0x80;
}

static enum status
read_slice_of(struct pop3_session *s, char *out, uint32_t len, struct problem *why)
{
	struct text_row row;
	struct txn *txn = NULL;
	enum status st = txn_begin_read(store_env(s->host->store), &txn, why);

	if (st != STATUS_OK)
		return st;
	st = text_get(txn, s->stream->text, &row, why);
	if (st == STATUS_OK && row.size_bytes != s->stream->size_bytes)
		st = STATUS_CORRUPT;
	if (st == STATUS_OK)
		st = text_read(s->host->store, &row, s->stream->at, len, out, why);
	txn_abort(&txn);
	return st;
}

static enum status
send_slice(struct pop3_session *s, char *scratch, struct problem *why)
{
	struct stream *t = s->stream;
	uint32_t len = t->size_bytes - t->at;
	struct slice piece;
	enum status st;

	if (len > SLICE_BYTES)
		len = SLICE_BYTES;
	st = read_slice_of(s, scratch, len, why);
	if (st != STATUS_OK)
		return st;
	t->at += len;
	replace_nuls(scratch, len);
	piece = slice_make(scratch, len);
	if (t->is_top)
		piece.len = top_cut_feed(&t->top, piece);
	dot_writer_feed(&t->dots, piece, write_piece, s->conn);
	return STATUS_OK;
}

static bool
is_sent(const struct stream *t)
{
	return t->at == t->size_bytes || t->top.is_done;
}

static void
end_text(struct pop3_session *s)
{
	struct stream *t = s->stream;

	if (!t->top.is_done && t->ending & ENDING_LINE)
		dot_writer_feed(&t->dots, SLICE("\r\n"), write_piece, s->conn);
	if (!t->top.is_done && t->ending & ENDING_HEADER)
		dot_writer_feed(&t->dots, SLICE("\r\n"), write_piece, s->conn);
	dot_writer_end(&t->dots, write_piece, s->conn);
	stream_free(&s->stream);
}

/* An answer begun cannot be taken back: without its final dot the client knows it is cut. */
static void
break_off(struct pop3_session *s, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "pop3.message.unreadable", s->sid);
	log_u64(&l, "text", s->stream->text);
	log_status(&l, st, why);
	log_end(&l);
	stream_free(&s->stream);
	session_enter(s, POP3_CLOSED);
}

/* OK: all is written, or the connection is at its end.  PENDING: the output is full. */
static enum status
fill_output(struct pop3_session *s)
{
	struct problem why = { 0 };
	char *scratch = mem_array(char, SLICE_BYTES);
	enum status st = STATUS_OK;

	while (st == STATUS_OK && !is_sent(s->stream) &&
	    conn_output_pending(s->conn) < CONN_OUTPUT_HIGH)
		st = send_slice(s, scratch, &why);
	mem_free(scratch);
	if (st != STATUS_OK)
		break_off(s, st, &why);
	else if (!is_sent(s->stream))
		return STATUS_PENDING;
	else
		end_text(s);
	return STATUS_OK;
}

static void
go_on(struct pop3_session *s)
{
	if (fill_output(s) == STATUS_PENDING)
		session_wait_output(s, go_on);
	else
		session_output_done(s);
}

enum status
stream_start(struct pop3_session *s, const struct drop_entry *e, uint32_t body_lines)
{
	struct stream *t = mem_new(struct stream);
	enum status st;

	t->text = e->text;
	t->size_bytes = e->text_size;
	t->ending = e->ending;
	t->is_top = body_lines != STREAM_WHOLE;
	t->top.lines_left = body_lines;
	t->dots = dot_writer_init();
	s->stream = t;
	st = fill_output(s);
	if (st == STATUS_PENDING)
		session_wait_output(s, go_on);
	return st;
}

void
stream_free(struct stream **t)
{
	mem_free(*t);
	*t = NULL;
}

enum status
stream_check(struct pop3_session *s, const struct drop_entry *e)
{
	struct problem why = { 0 };
	struct message_row row;
	struct text_row text;
	struct txn *txn = NULL;
	struct log_line l;
	enum status st = txn_begin_read(store_env(s->host->store), &txn, &why);

	if (st != STATUS_OK)
		return st;
	st = message_get(txn, maildrop_mailbox(s->drop), e->uid, &row, &why);
	if (st == STATUS_OK)
		st = text_get(txn, e->text, &text, &why);
	if (st == STATUS_OK && text.size_bytes != e->text_size)
		st = STATUS_CORRUPT;
	txn_abort(&txn);
	if (st != STATUS_OK && st != STATUS_ABSENT) {
		log_begin(&l, LOG_ERROR, "pop3.message.unreadable", s->sid);
		log_u64(&l, "uid", e->uid);
		log_status(&l, st, &why);
		log_end(&l);
	}
	return st;
}
