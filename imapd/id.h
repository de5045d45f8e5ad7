/*
 * id.h -- the argument of ID (RFC 2971), before and after login.
 */
#ifndef IMAPD_ID_H
#define IMAPD_ID_H

#include "base/slice.h"
#include "wire/imap_token.h"

#define ID_RESPONSE "* ID (\"name\" \"Tradepost\" \"version\" \"0.1.0\")\r\n"

/*
 * Read SP and a list of fields and log what the client calls itself.
 * SYNTAX   LIMIT more than 30 fields, or a value over 1,024 bytes (RFC 2971 s.3.3)
 */
MUST_USE enum status id_read(struct imap_reader *args, const char *sid);

#endif
