#include <inttypes.h>

#include "pop3d/command.h"
#include "pop3d/listing.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"

static void
id_line(struct pop3_session *s, uint32_t n, struct buf *out)
{
	buf_printf(out, "%u %016" PRIx64 "\r\n", n, maildrop_entry(s->drop, n)->uidl);
}

/* UIDL [n]: ids that never change.  RFC 1939 s.7. */
enum status
cmd_uidl(struct pop3_session *s, struct slice args)
{
	uint32_t n;
	enum status st;

	if (args.len == 0)
		return listing_start(s, id_line);
	st = maildrop_number(s->drop, args, &n);
	if (st == STATUS_OK)
		conn_printf(s->conn, "+OK %u %016" PRIx64 "\r\n", n,
		    maildrop_entry(s->drop, n)->uidl);
	return st;
}
