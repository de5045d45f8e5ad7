/*
 * settings.h -- what an administrator can say about receiving mail: [smtp].
 */
#ifndef SMTPD_SETTINGS_H
#define SMTPD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

struct smtp_settings {
	char *hostname;		/* "": made of domain */
	char *domain;		/* "": none; then it is the machine's name */
	char *tls_cert, *tls_key;
	char *tls_min;		/* "1.2" or "1.0" */
	uint64_t message_max;
	uint64_t in_flight;
	uint32_t recipients_max;
	uint32_t connections_max;	/* to the port for everybody */
	uint32_t login_places;		/* at the ports for our people, before their login */
	uint32_t address_max;
	uint32_t account_max;
	uint32_t banner_wait_ms;
	uint32_t command_patience_s;
	uint32_t data_deadline_s;
	uint32_t data_grace_s;
	uint64_t data_rate;		/* bytes a second */
	uint32_t login_deadline_s;
	uint32_t lull_s;
	bool auth_old_form;
	bool receipts_outside;
};

extern const struct setting smtp_settings_table[];
extern const size_t smtp_settings_count;

#endif
