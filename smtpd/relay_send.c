/* One message: envelope, text, and what the server makes of it. */
#include "base/ascii.h"
#include "base/idn.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/loop.h"
#include "smtpd/relay_session_internal.h"
#include "smtpd/relay_text.h"
#include "wire/smtp_path.h"

#define PIECE (32 * 1024)
#define WIRE_MAX (SMTP_ADDRESS_MAX + 256)	/* an address with A-labels */
#define EXTRA_MAX 1024				/* parameters */
#define OUT_OF_TURN "the server speaks out of turn"

enum step { STEP_RESET, STEP_MAIL, STEP_RCPT, STEP_DATA };

/* What the i-th command of the envelope is; *recipient: whom a RCPT names. */
static enum step
step_of(const struct relay_session *s, uint32_t i, uint32_t *recipient)
{
	if (s->has_reset) {
		if (i == 0)
			return STEP_RESET;
		i--;
	}
	if (i == 0)
		return STEP_MAIL;
	if (i > s->asked_count)
		return STEP_DATA;
	*recipient = s->asked[i - 1];
	return STEP_RCPT;
}

void
relay_settle(struct relay_session *s, uint32_t i, const struct relay_result *r)
{
	if (s->recipients[i] == RELAY_RCPT_SETTLED)
		return;
	if (s->recipients[i] == RELAY_RCPT_ACCEPTED)
		s->accepted--;
	s->recipients[i] = RELAY_RCPT_SETTLED;
	s->handler->on_result(s->ctx, i, r);
}

void
relay_settle_open(struct relay_session *s, const struct relay_result *r)
{
	uint32_t count = s->message->count;

	for (uint32_t i = 0; i < count && !s->is_freed; i++)
		relay_settle(s, i, r);
}

/* An address that no path on the wire can hold, or that could forge commands. */
static bool
is_sound(struct slice address)
{
	if (address.len > SMTP_ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < address.len; i++)
		if (ascii_is_control(address.ptr[i]) || address.ptr[i] == '<' ||
		    address.ptr[i] == '>')
			return false;
	return true;
}

/* Only a server with SMTPUTF8 can be told that address: A-labels do not help. */
static bool
is_utf8(struct slice address)
{
	struct buf wire = buf_init(WIRE_MAX);
	bool is_it = false;

	idn_address(address, &wire);
	for (size_t i = 0; i < wire.len; i++)
		is_it = is_it || ascii_is_8bit(wire.ptr[i]);
	buf_clear(&wire);
	return is_it;
}

/* What the server is not even asked, since it said that it cannot do it: NULL when all is well. */
static const char *
unfit_message(const struct relay_session *s, const char **enhanced)
{
	const struct relay_message *m = s->message;
	unsigned offers = s->features.offers;

	*enhanced = "5.3.4";
	if ((offers & RELAY_SIZE) && s->features.size_max > 0 &&
	    m->text->bytes.len > s->features.size_max)
		return "the message is larger than the server takes";
	*enhanced = "5.6.3";
	if (m->text->is_8bit && !(offers & RELAY_8BITMIME))
		return "the text is 8-bit, and the server takes 7-bit text only";
	*enhanced = "5.6.7";
	if (is_utf8(m->sender) && !(offers & RELAY_SMTPUTF8))
		return "the sender's address is not ASCII, and the server takes no such (SMTPUTF8)";
	*enhanced = "5.1.7";
	if (!is_sound(m->sender))
		return "the sender's address cannot be sent";
	return NULL;
}

static void
settle_unfit(struct relay_session *s)
{
	const char *enhanced;
	const char *text = unfit_message(s, &enhanced);
	struct relay_result r;

	if (text != NULL) {
		r = relay_result_make(enhanced, slice_from_cstr(text));
		relay_settle_open(s, &r);
	}
	for (uint32_t i = 0; i < s->message->count && !s->is_freed; i++) {
		struct slice to = s->message->recipients[i];

		if (to.len == 0 || !is_sound(to)) {
			r = relay_result_make("5.1.3", SLICE("the address cannot be sent"));
			relay_settle(s, i, &r);
		} else if (is_utf8(to) && !(s->features.offers & RELAY_SMTPUTF8)) {
			r = relay_result_make("5.6.7", SLICE("the address is not ASCII, and the "
			    "server takes no such (SMTPUTF8)"));
			relay_settle(s, i, &r);
		} else if (is_utf8(to)) {
			s->has_utf8 = true;
		}
	}
	s->has_utf8 = s->has_utf8 || is_utf8(s->message->sender);
}

/* Envelope */

static void
say_mail(struct relay_session *s)
{
	const struct relay_message *m = s->message;
	struct buf sender = buf_init(WIRE_MAX), extra = buf_init(EXTRA_MAX);

	idn_address(m->sender, &sender);
	if (s->features.offers & RELAY_SIZE)
		buf_printf(&extra, " SIZE=%zu", m->text->bytes.len);
	if (m->text->is_8bit)
		(void)buf_append(&extra, SLICE(" BODY=8BITMIME"));
	if (s->has_utf8)
		(void)buf_append(&extra, SLICE(" SMTPUTF8"));
	if (relay_session_has_dsn(s) && m->dsn.ret != SMTP_RET_UNSAID)
		buf_printf(&extra, " RET=%s", m->dsn.ret == SMTP_RET_FULL ? "FULL" : "HDRS");
	if (relay_session_has_dsn(s) && m->dsn.envid.len > 0)
		buf_printf(&extra, " ENVID=%.*s", SLICE_ARG(m->dsn.envid));
	relay_session_say(s, "MAIL FROM:<%.*s>%.*s", SLICE_ARG(buf_slice(&sender)),
	    SLICE_ARG(buf_slice(&extra)));
	buf_clear(&sender);
	buf_clear(&extra);
}

static void
say_recipient(struct relay_session *s, uint32_t i)
{
	struct buf wire = buf_init(WIRE_MAX), extra = buf_init(EXTRA_MAX);
	const struct smtp_dsn_rcpt *wish = s->message->wishes != NULL &&
	    relay_session_has_dsn(s) ? &s->message->wishes[i] : NULL;

	idn_address(s->message->recipients[i], &wire);
	if (wish != NULL && wish->notify != 0) {
		(void)buf_append(&extra, SLICE(" NOTIFY="));
		smtp_notify_write(wish->notify, &extra);
	}
	if (wish != NULL && wish->orcpt.len > 0)
		buf_printf(&extra, " ORCPT=%.*s", SLICE_ARG(wish->orcpt));
	relay_session_say(s, "RCPT TO:<%.*s>%.*s", SLICE_ARG(buf_slice(&wire)),
	    SLICE_ARG(buf_slice(&extra)));
	buf_clear(&wire);
	buf_clear(&extra);
}

static void
say_step(struct relay_session *s)
{
	uint32_t i = 0;

	switch (step_of(s, s->sent++, &i)) {
	case STEP_RESET:
		relay_session_say(s, "RSET");
		break;
	case STEP_MAIL:
		say_mail(s);
		break;
	case STEP_RCPT:
		say_recipient(s, i);
		break;
	case STEP_DATA:
		relay_session_say(s, "DATA");
		break;
	}
}

/* Say what may be said now: all at once to one who can take it, else one by one. */
static void
say_steps(struct relay_session *s)
{
	bool is_pipelining = s->features.offers & RELAY_PIPELINING;

	while (s->sent < s->steps && (is_pipelining || s->sent == s->answered))
		say_step(s);
}

/* The transaction ends without a text: the next one begins with RSET. */
static void
abandon(struct relay_session *s)
{
	s->needs_reset = true;
	relay_session_rest(s);
}

static void
begin(struct relay_session *s)
{
	for (uint32_t i = 0; i < s->message->count; i++)
		if (s->recipients[i] == RELAY_RCPT_OPEN)
			s->asked[s->asked_count++] = (uint8_t)i;
	if (s->asked_count == 0) {
		relay_session_rest(s);
		return;
	}
	/* Behind an idle time RSET finds out whether the server is still there. */
	s->has_reset = s->messages > 1 || s->needs_reset;
	s->needs_reset = false;
	s->steps = s->asked_count + 2 + (s->has_reset ? 1 : 0);
	relay_session_enter(s, RELAY_ENVELOPE);
	say_steps(s);
}

void
relay_session_send(struct relay_session *s, const struct relay_message *m)
{
	ASSERT(s->state == RELAY_IDLE && m->count > 0 && m->count <= RELAY_RECIPIENTS_MAX);
	s->depth++;
	timer_stop(s->later);
	s->message = m;
	s->messages++;
	s->accepted = s->sent = s->answered = s->decided = s->asked_count = 0;
	s->has_utf8 = false;
	for (uint32_t i = 0; i < m->count; i++)
		s->recipients[i] = RELAY_RCPT_OPEN;
	settle_unfit(s);
	if (!s->is_freed)
		begin(s);
	if (--s->depth == 0 && s->is_freed)
		mem_free(s);
}

/* Replies to the envelope */

static void
on_recipient(struct relay_session *s, uint32_t i)
{
	struct relay_result r = relay_judge(RELAY_RECIPIENT, &s->reply);

	if (s->recipients[i] == RELAY_RCPT_SETTLED)
		return;		/* the sender was refused before */
	if (r.verdict == RELAY_SENT) {
		s->recipients[i] = RELAY_RCPT_ACCEPTED;
		s->accepted++;
		return;
	}
	/* RFC 5321 s.4.5.3.1.10: enough recipients for one message; the others take the next. */
	if (s->accepted > 0 && r.verdict == RELAY_LATER &&
	    (s->reply.code == 452 || s->reply.code == 552))
		r.verdict = RELAY_AGAIN;
	relay_settle(s, i, &r);
}

static void
begin_text(struct relay_session *s)
{
	s->dots = dot_writer_init();
	s->text_at = 0;
	s->is_ahead = conn_input(s->conn).len > 0;
	relay_session_enter(s, RELAY_SENDING);
	relay_send_text(s);
}

/* The last command of the envelope is answered. */
static void
on_data(struct relay_session *s)
{
	struct relay_result r = relay_judge(RELAY_DATA, &s->reply);

	if (r.verdict == RELAY_SENT && s->accepted > 0) {
		begin_text(s);
	} else if (r.verdict == RELAY_SENT) {
		/* RFC 2920 s.3.1: it waits for a text although it took nobody: an empty one. */
		conn_write(s->conn, SLICE(".\r\n"));
		relay_session_enter(s, RELAY_DECIDING);
	} else {
		relay_settle_open(s, &r);
		if (!s->is_freed)
			abandon(s);
	}
}

/* The next command was answered: what follows from that, but for the going on. */
static void
on_step(struct relay_session *s)
{
	uint32_t i = 0;
	struct relay_result r;

	switch (step_of(s, s->answered - 1, &i)) {
	case STEP_RESET:
		break;		/* who cannot do that will not like MAIL either */
	case STEP_MAIL:
		r = relay_judge(RELAY_SENDER, &s->reply);
		if (r.verdict != RELAY_SENT)
			relay_settle_open(s, &r);
		break;
	case STEP_RCPT:
		on_recipient(s, i);
		break;
	case STEP_DATA:
		on_data(s);
		break;
	}
}

/* Nobody is left whom the text could go to, and DATA was not said. */
static bool
is_vain(const struct relay_session *s)
{
	if (s->sent != s->answered || s->sent == s->steps)
		return false;
	for (uint32_t i = 0; i < s->asked_count; i++)
		if (s->recipients[s->asked[i]] != RELAY_RCPT_SETTLED)
			return false;
	return true;
}

void
relay_on_envelope(struct relay_session *s)
{
	if (s->reply.code == 421) {
		relay_session_end_reply(s, RELAY_SENDER);
		return;
	}
	s->answered++;
	/* An answer to what was not said yet would be taken for that of the next command. */
	if (s->answered == s->sent && s->sent < s->steps && conn_input(s->conn).len > 0) {
		relay_session_end_text(s, RELAY_END_LOST, "4.5.0", OUT_OF_TURN);
		return;
	}
	on_step(s);
	if (s->is_freed || s->state != RELAY_ENVELOPE)
		return;
	relay_session_enter(s, RELAY_ENVELOPE);	/* the time begins anew for each answer */
	if (is_vain(s))
		abandon(s);
	else
		say_steps(s);
}

/* The text */

static void
write_piece(void *ctx, struct slice piece)
{
	struct relay_session *s = ctx;

	conn_write(s->conn, piece);
}

void
relay_send_text(struct relay_session *s)
{
	const struct relay_text *text = s->message->text;
	struct slice piece;

	while (conn_output_pending(s->conn) < CONN_OUTPUT_HIGH) {
		if (!relay_text_next(text, &s->text_at, PIECE, &piece)) {
			dot_writer_end(&s->dots, write_piece, s);
			relay_session_enter(s, RELAY_DECIDING);
			return;
		}
		dot_writer_feed(&s->dots, piece, write_piece, s);
	}
}

/* LMTP answers for each recipient it accepted, in their order: the next one without an answer. */
static bool
next_accepted(struct relay_session *s, uint32_t *i)
{
	for (; s->decided < s->asked_count; s->decided++) {
		*i = s->asked[s->decided];
		if (s->recipients[*i] == RELAY_RCPT_ACCEPTED) {
			s->decided++;
			return true;
		}
	}
	return false;
}

/*
 * The server's word on the text.  It may come before all of the text went out: then
 * the rest of it is not wanted, and the connection is of no use any more.
 */
void
relay_on_decision(struct relay_session *s)
{
	bool is_early = s->state == RELAY_SENDING || s->is_ahead;
	struct relay_result r = relay_judge(RELAY_TEXT, &s->reply);
	uint32_t i;

	if (is_early && r.verdict == RELAY_SENT)
		r = relay_result_make("4.5.0", SLICE(OUT_OF_TURN));
	if (is_early || s->reply.code == 421) {
		relay_session_end(s, RELAY_END_REFUSED, &r);
		return;
	}
	if (s->how.is_lmtp && next_accepted(s, &i))
		relay_settle(s, i, &r);
	else
		relay_settle_open(s, &r);
	if (s->is_freed)
		return;
	if (s->accepted == 0)
		relay_session_rest(s);
	else
		relay_session_enter(s, RELAY_DECIDING);
}
