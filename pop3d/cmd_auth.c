#include "base/buf.h"
#include "net/sasl.h"
#include "pop3d/command.h"
#include "pop3d/login.h"
#include "pop3d/session.h"

static const char *const mechanisms[] = { "PLAIN", "LOGIN" };

/*
 * "AUTH" alone: Outlook asks so, with and without a blank behind it, and wants
 * the list of mechanisms as a multi-line answer.
 */
static void
list_mechanisms(struct pop3_session *s)
{
	conn_write(s->conn, SLICE("+OK mechanisms follow\r\n"));
	for (size_t i = 0; !session_needs_tls(s) && i < ARRAY_LEN(mechanisms); i++)
		conn_printf(s->conn, "%s\r\n", mechanisms[i]);
	conn_write(s->conn, SLICE(".\r\n"));
}

static bool
is_known(struct slice mechanism)
{
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (slice_equal_nocase(mechanism, slice_from_cstr(mechanisms[i])))
			return true;
	}
	return false;
}

/* AUTH mechanism [initial-response].  RFC 5034 s.4. */
enum status
cmd_auth(struct pop3_session *s, struct slice args)
{
	struct slice mechanism = slice_take_word(&args);
	struct buf message = buf_init(SASL_LINE_MAX);
	enum status st;

	args = slice_trim(args);
	if (mechanism.len == 0) {
		list_mechanisms(s);
		return STATUS_OK;
	}
	if (!is_known(mechanism)) {
		conn_write(s->conn, SLICE("-ERR this mechanism is not supported\r\n"));
		return STATUS_OK;
	}
	if (session_needs_tls(s)) {
		conn_write(s->conn, SLICE(NEEDS_TLS_LINE));
		return STATUS_OK;
	}
	st = args.len > 0 ? sasl_initial_decode(args, &message) : STATUS_OK;
	if (st == STATUS_OK) {
		login_sasl(s, mechanism, args.len > 0, buf_slice(&message));
		st = STATUS_PENDING;
	} else if (st == STATUS_DENIED) {
		st = STATUS_SYNTAX;
	}
	buf_wipe(&message);
	return st;
}
