#include "pop3d/listing.h"

#include "pop3d/maildrop.h"
#include "pop3d/session.h"

#define LINES_AT_ONCE 1000
#define LINE_BYTES_MAX 64

/* True when nothing is left. */
static bool
write_lines(struct pop3_session *s)
{
	struct buf out = buf_init(LINES_AT_ONCE * LINE_BYTES_MAX);
	uint32_t count = maildrop_count(s->drop);

	for (unsigned i = 0; s->listed <= count && i < LINES_AT_ONCE; i++, s->listed++) {
		if (maildrop_entry(s->drop, s->listed) != NULL)
			s->list_line(s, s->listed, &out);
	}
	if (s->listed > count)
		buf_append(&out, SLICE(".\r\n"));
	conn_write(s->conn, buf_slice(&out));
	buf_clear(&out);
	return s->listed > count;
}

static bool
fill_output(struct pop3_session *s)
{
	while (conn_output_pending(s->conn) < CONN_OUTPUT_HIGH) {
		if (write_lines(s))
			return true;
	}
	return false;
}

static void
go_on(struct pop3_session *s)
{
	if (fill_output(s))
		session_output_done(s);
	else
		session_wait_output(s, go_on);
}

enum status
listing_start(struct pop3_session *s,
    void (*line)(struct pop3_session *s, uint32_t n, struct buf *out))
{
	uint32_t count;
	uint64_t bytes;

	maildrop_total(s->drop, &count, &bytes);
	conn_printf(s->conn, "+OK %u messages\r\n", count);
	s->listed = 1;
	s->list_line = line;
	if (fill_output(s))
		return STATUS_OK;
	session_wait_output(s, go_on);
	return STATUS_PENDING;
}
