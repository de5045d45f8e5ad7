#include "pop3d/command.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"
#include "pop3d/stream.h"

/* RETR n: the whole message.  RFC 1939 s.5. */
enum status
cmd_retr(struct pop3_session *s, struct slice args)
{
	const struct drop_entry *e;
	uint32_t n;
	enum status st;

	st = maildrop_number(s->drop, args, &n);
	if (st != STATUS_OK)
		return st;
	e = maildrop_entry(s->drop, n);
	st = stream_check(s, e);
	if (st != STATUS_OK)
		return st;
	s->retrieved++;
	s->retrieved_bytes += e->size_bytes;
	conn_printf(s->conn, "+OK %u octets\r\n", e->size_bytes);
	return stream_start(s, e, STREAM_WHOLE);
}
