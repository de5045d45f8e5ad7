/*
 * pace.h -- how long a client may take for a command, and for all the talk
 * without a message.  Arithmetic only; time is passed in and deadlines come out as
 * seconds from now; 0: the time is over.
 */
#ifndef SMTPD_PACE_H
#define SMTPD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct smtp_settings;

#define PACE_CROWDED_S 30	/* nobody has longer for a command while places are short */

struct pace {
	uint64_t lull_ends_ms;		/* a login or a message has to have come by then */
	bool is_crowded;
};

/* A login or a message came, or the client itself: it has lull_s until the next. */
void pace_progress(struct pace *p, uint32_t lull_s, uint64_t now_ms);
/* For a command that is waited for from now on. */
uint32_t pace_command_s(const struct pace *p, const struct smtp_settings *settings,
    uint64_t now_ms);

#endif
