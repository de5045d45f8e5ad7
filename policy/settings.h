/*
 * settings.h -- what tradepost.conf says to policyd, section [policy].
 */
#ifndef POLICY_SETTINGS_H
#define POLICY_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"

struct policy_settings {
	uint64_t bytes_in_flight;
	uint32_t auth_threads;
	uint32_t auth_queue;
	char *lan;
	bool sent_copy;
	uint64_t quota;		/* 0: none */
	uint32_t trash_days;	/* 0: for ever */
	uint32_t head_every_s;	/* from one signed head of the archive to the next */
};

extern const struct setting policy_setting_rows[];
extern const size_t policy_setting_count;

#endif
