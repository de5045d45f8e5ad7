/*
 * settings.h -- the [imap] section of tradepost.conf.
 */
#ifndef IMAPD_SETTINGS_H
#define IMAPD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

struct imap_settings {
	uint32_t workers;
	bool clear_login;
	uint64_t message_max;
	uint64_t append_budget;
	uint32_t user_connections;
	uint32_t connections;
	uint32_t peer_connections;
	uint32_t heartbeat_s;
	uint32_t patience_s;
	uint32_t command_deadline_s;
	bool legacy_tls;
};

extern const struct setting imap_setting_rows[];
extern const size_t imap_setting_count;

#endif
