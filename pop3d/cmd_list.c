#include "pop3d/command.h"
#include "pop3d/listing.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"

static void
size_line(struct pop3_session *s, uint32_t n, struct buf *out)
{
	buf_printf(out, "%u %u\r\n", n, maildrop_entry(s->drop, n)->size_bytes);
}

/* LIST [n]: sizes.  RFC 1939 s.5. */
enum status
cmd_list(struct pop3_session *s, struct slice args)
{
	uint32_t n;
	enum status st;

	if (args.len == 0)
		return listing_start(s, size_line);
	st = maildrop_number(s->drop, args, &n);
	if (st == STATUS_OK)
		conn_printf(s->conn, "+OK %u %u\r\n", n,
		    maildrop_entry(s->drop, n)->size_bytes);
	return st;
}
