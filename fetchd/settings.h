/*
 * settings.h -- what an administrator can set for fetchd, and limits on what
 * an outside server may send, which nobody can.
 */
#ifndef FETCHD_SETTINGS_H
#define FETCHD_SETTINGS_H

#include <stdint.h>

struct fetch_settings {
	uint32_t concurrent;		/* mailboxes collected at the same time */
	uint64_t message_max;		/* bytes */
	char *hostname;			/* smtpd's: in our Received lines; "": the machine's */
};

enum {
	FETCH_LISTED_MAX = 1000000,	/* messages in one mailbox */
	FETCH_COMMAND_S = 60,		/* for a command and its one-line answer */
	FETCH_LISTING_S = 600,		/* for a whole UIDL or LIST */
	FETCH_RETR_S = 120,		/* for a message, and 1 s more for ... */
	FETCH_RETR_BYTES_S = 500,	/* ... so many of its bytes, as LIST counts them */
	FETCH_PATIENCE_S = 120,		/* silence while we wait for something */
	FETCH_DIAL_MS = 30000,
	FETCH_CAPA_LINES_MAX = 200,
	FETCH_SKIPPED_MAX = 1000,	/* ids remembered as breaking the connection, or without room */
	FETCH_FULL_AGAIN_S = 3600,	/* so long what there is no room for is not tried again */
};

#endif
