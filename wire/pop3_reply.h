/*
 * pop3_reply.h -- what a POP3 server says: status lines, listing lines,
 * capabilities (RFC 1939, 2449, 5034).  No I/O, no states.  Lines come without
 * their CRLF; slices returned are borrowed from them.
 */
#ifndef WIRE_POP3_REPLY_H
#define WIRE_POP3_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

#define POP3_UIDL_MAX 70	/* RFC 1939 s.7 */
#define POP3_REPLY_MAX 2048	/* bytes of a status or listing line we read; RFC 2449 says 512 */

enum pop3_reply_kind {
	POP3_REPLY_OK,		/* "+OK" */
	POP3_REPLY_ERR,		/* "-ERR" */
	POP3_REPLY_GO_ON,	/* "+ " and a SASL challenge */
};

struct pop3_reply {
	enum pop3_reply_kind kind;
	struct slice code;	/* "SYS/TEMP" of "[SYS/TEMP]", RFC 2449 s.8; empty: none */
	struct slice text;	/* what is left; for GO_ON the challenge */
};

/* SYNTAX: it is none of the three forms, or holds a NUL. */
MUST_USE enum status pop3_reply_parse(struct slice line, struct pop3_reply *out);

/*
 * "3 1234", perhaps with more behind it, as LIST gives a line each and STAT its reply.
 * SYNTAX  not two numbers     LIMIT  a number is over its type's range
 */
MUST_USE enum status pop3_scan_parse(struct slice line, uint32_t *number, uint64_t *size_bytes);
/*
 * "3 whqtswO00WBw418f9t5JxYwZ".
 * SYNTAX  no number, no id, or a byte outside 0x21..0x7E in it
 * LIMIT   the number is over 32 bits or the id over POP3_UIDL_MAX
 */
MUST_USE enum status pop3_uidl_parse(struct slice line, uint32_t *number, struct slice *uidl);

enum {
	POP3_CAPA_TOP = 1,
	POP3_CAPA_USER = 2,
	POP3_CAPA_UIDL = 4,
	POP3_CAPA_STLS = 8,
	POP3_CAPA_PIPELINING = 16,
	POP3_CAPA_SASL_PLAIN = 32,
	POP3_CAPA_SASL_LOGIN = 64,
};
/* The bits that one line of CAPA's answer means; 0 for what we do not know. */
unsigned pop3_capa_parse(struct slice line);

#endif
