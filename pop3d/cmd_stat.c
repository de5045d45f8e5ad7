#include <inttypes.h>

#include "pop3d/command.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"

/* STAT: messages not marked, and their size.  RFC 1939 s.5. */
enum status
cmd_stat(struct pop3_session *s, struct slice args)
{
	uint32_t count;
	uint64_t bytes;

	if (args.len > 0)
		return STATUS_SYNTAX;
	maildrop_total(s->drop, &count, &bytes);
	conn_printf(s->conn, "+OK %u %" PRIu64 "\r\n", count, bytes);
	return STATUS_OK;
}
