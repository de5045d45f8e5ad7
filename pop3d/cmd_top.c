#include "base/ascii.h"
#include "pop3d/command.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"
#include "pop3d/stream.h"

/* TOP n k: the header and k lines of the body.  RFC 1939 s.7. */
enum status
cmd_top(struct pop3_session *s, struct slice args)
{
	struct slice number = slice_take_word(&args);
	uint32_t n;
	uint32_t lines;
	enum status st;

	st = parse_u32(slice_trim(args), 0, STREAM_WHOLE - 1, &lines);
	if (st != STATUS_OK)
		return st;
	st = maildrop_number(s->drop, number, &n);
	if (st == STATUS_OK)
		st = stream_check(s, maildrop_entry(s->drop, n));
	if (st != STATUS_OK)
		return st;
	conn_write(s->conn, SLICE("+OK the top follows\r\n"));
	return stream_start(s, maildrop_entry(s->drop, n), lines);
}
