#include "base/ascii.h"
#include "base/buf.h"
#include "net/conn.h"
#include "smtpd/command.h"
#include "smtpd/intake.h"
#include "smtpd/session.h"
#include "smtpd/submit.h"
#include "smtpd/transaction.h"
#include "wire/smtp_reply.h"

static void
confirm_chunk(struct smtp_session *s, uint64_t size)
{
	struct buf text = buf_init(64), line = buf_init(128);

	(void)buf_append_u64(&text, size);
	(void)buf_append(&text, SLICE(" octets taken"));
	smtp_reply_write(&line, 250, SMTP_REPLY_LAST, SLICE("2.0.0"), buf_slice(&text));
	session_write(s, buf_slice(&line));
	buf_clear(&line);
	buf_clear(&text);
}

/* RFC 3030 s.2: a chunk that is refused has been read all the same. */
static void
chunk_ended(struct smtp_session *s)
{
	s->take = command_take;
	if (s->chunk_answer != ANSWER_OK)
		session_answer(s, s->chunk_answer);
	else if (s->chunk_is_last)
		session_answer(s, submit_text(s));
	else if (text_verdict(s->tx->text) != TEXT_GOOD)
		session_answer(s, submit_text(s));	/* it says what is wrong with the text */
	else
		confirm_chunk(s, s->chunk_size);
}

/* The taker of the bytes of a chunk, whatever they are. */
static enum status
chunk_take(struct smtp_session *s)
{
	struct slice piece = conn_input(s->conn);

	if (piece.len > s->chunk_left)
		piece.len = (size_t)s->chunk_left;
	if (s->chunk_answer == ANSWER_OK)
		text_feed(s->tx->text, piece);
	s->chunk_left -= piece.len;
	conn_consume(s->conn, piece.len);
	if (s->chunk_left == 0)
		chunk_ended(s);
	return STATUS_OK;
}

static enum status
parse_chunk(struct slice args, uint64_t *size, bool *is_last)
{
	struct slice word = slice_take_word(&args);

	args = slice_trim(args);
	*is_last = args.len > 0;
	if (args.len > 0 && !slice_equal_nocase(args, SLICE("LAST")))
		return STATUS_SYNTAX;
	return parse_u64(word, 0, UINT64_MAX, size);
}

/* ANSWER_OK when the chunk belongs to a message. */
static enum smtp_answer
open_chunk(struct smtp_session *s)
{
	if (s->state == SMTP_START)
		return ANSWER_HELLO_FIRST;
	if (s->state == SMTP_SENDER)
		return ANSWER_RECIPIENT_FIRST;
	if (s->state != SMTP_RECIPIENTS && s->state != SMTP_CHUNKS)
		return ANSWER_CHUNK_TROUBLE;
	if (s->state == SMTP_CHUNKS)
		return ANSWER_OK;
	if (intake_begin(s) != STATUS_OK)
		return ANSWER_LATER;
	session_enter(s, SMTP_CHUNKS);
	return ANSWER_OK;
}

/* BDAT size [LAST].  RFC 3030 s.2. */
enum smtp_answer
cmd_bdat(struct smtp_session *s, struct slice args)
{
	uint64_t size;
	bool is_last;

	if (parse_chunk(args, &size, &is_last) != STATUS_OK)
		return ANSWER_BAD_CHUNK;	/* nobody knows where the next command begins */
	if (size > 2 * s->server->settings->message_max)
		return ANSWER_TOO_BIG_BY_FAR;
	s->chunk_answer = open_chunk(s);
	s->chunk_is_last = is_last;
	s->chunk_size = s->chunk_left = size;
	s->take = chunk_take;
	if (s->state != SMTP_CHUNKS)
		session_text_begin(s);	/* refused, and read all the same */
	if (size == 0)
		chunk_ended(s);
	return ANSWER_WRITTEN;
}
