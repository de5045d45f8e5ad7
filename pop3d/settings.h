/*
 * settings.h -- what an administrator can set for pop3d, and what nobody can.
 */
#ifndef POP3D_SETTINGS_H
#define POP3D_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct pop3_settings {
	bool clear_login;	/* USER, PASS and AUTH without TLS */
	uint32_t workers;	/* processes of --role worker; all fronts agree on it */
	uint32_t clients_max;	/* not logged in, in one front */
	uint32_t peer_max;	/* of these from one address */
	uint32_t account_max;	/* sessions of one account */
	uint32_t login_deadline_s;	/* from the greeting to the end of the login */
	char *tls_floor;	/* "1.2" or "1.0" */
};

/* Limits on what a client may send. */
enum {
	POP3_LINE_MAX = 2048,		/* a command line; RFC 2449 s.4 asks for 255 */
	POP3_NAME_MAX = 255,		/* USER's argument */
	POP3_PASSWORD_MAX = 1024,
	POP3_MISTAKES_MAX = 20,		/* commands refused for their form, then the door */
	POP3_LOGINS_MAX = 5,		/* failed logins on one connection */
	POP3_MARKS_MAX = 100000,	/* DELE in one session */
	POP3_MESSAGES_MAX = 4000000,	/* in one maildrop */
};

#endif
