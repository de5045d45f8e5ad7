#include "base/clock.h"
#include "imapd/command.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/settings.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "net/line.h"

#define DONE_LINE_MAX 1024

static bool
leave_idle(struct imap_session *s, enum status st)
{
	s->is_idle = false;
	s->take = session_take_command;
	conn_set_patience(s->conn, s->worker->settings->patience_s);
	command_finish(s, st);
	return true;
}

/* Until DONE.  Whatever else comes is answered, and never by closing: Outlook would not return. */
static bool
take_idle(struct imap_session *s)
{
	struct slice in = conn_input(s->conn), line;
	size_t used = slice_find_byte(in, '\n');
	bool was_overlong = s->run.is_overlong;
	bool is_done;

	if (used == in.len) {
		if (in.len >= DONE_LINE_MAX) {
			s->run.is_overlong = true;
			conn_consume(s->conn, in.len);
		}
		return false;
	}
	line = slice_trim(slice_sub(in, 0, used));
	is_done = !was_overlong && slice_equal_nocase(line, SLICE("DONE"));
	/* An empty line before DONE is seen from iOS. */
	if (!was_overlong && line.len == 0) {
		conn_consume(s->conn, used + 1);
		return true;
	}
	conn_consume(s->conn, used + 1);
	return leave_idle(s, is_done ? STATUS_OK :
	    command_refuse(s, STATUS_SYNTAX, "DONE was expected"));
}

/* IDLE: hear of changes at once.  RFC 2177. */
enum status
cmd_idle(struct imap_session *s, struct imap_reader *args)
{
	if (parse_end(args) != STATUS_OK)
		return STATUS_SYNTAX;
	conn_write(s->conn, SLICE("+ idling\r\n"));
	s->take = take_idle;
	s->is_idle = true;
	s->quiet_since_ms = clock_monotonic_ms();
	conn_set_patience(s->conn, 0);
	if (s->state == IMAP_SELECTED)
		selected_repeat(s->selected);
	/* What was held back so far, and what other sessions read meanwhile, comes first. */
	session_changed(s);
	return STATUS_PENDING;
}
