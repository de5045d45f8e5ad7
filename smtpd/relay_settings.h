/*
 * relay_settings.h -- what an administrator can say about sending mail: [relay],
 * [dns].
 */
#ifndef SMTPD_RELAY_SETTINGS_H
#define SMTPD_RELAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

struct relay_settings {
	char *hostname;		/* "": [smtp] hostname, else the company's domain */
	char *smtp_hostname;
	char *domain;
	uint32_t concurrent;
	uint32_t per_destination;
	uint32_t per_connection;
	uint32_t idle_s;
	uint32_t patience_s;
	uint32_t retry_first_s, retry_max_s;
	uint32_t delay_notice_s;
	uint32_t expire_s;
	uint32_t mx_port;
	bool mx_local;
	char *dns_server;
};

extern const struct setting relay_settings_table[];
extern const size_t relay_settings_count;

#endif
