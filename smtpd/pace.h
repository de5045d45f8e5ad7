/*
 * pace.h -- how long a client may take for what it is doing: a command, a
 * text, and all the talk without a message.  Arithmetic only; time is passed in
 * and deadlines come out as seconds from now; 0: the time is over.
 */
#ifndef SMTPD_PACE_H
#define SMTPD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct smtp_settings;

#define PACE_CROWDED_S 30	/* nobody has longer for a command while places are short */

struct pace {
	uint64_t lull_ends_ms;		/* a login or a message has to have come by then */
	uint64_t text_ends_ms;		/* the whole text too */
	uint64_t window_bytes;		/* of it, since the window began */
	bool is_crowded;
};

/* A login or a message came, or the client itself: it has lull_s until the next. */
void pace_progress(struct pace *p, uint32_t lull_s, uint64_t now_ms);
/* For a command that is waited for from now on. */
uint32_t pace_command_s(const struct pace *p, const struct smtp_settings *settings,
    uint64_t now_ms);
/* A text begins. */
void pace_text_begin(struct pace *p, const struct smtp_settings *settings, uint64_t now_ms);
/* For the window of data_grace that begins now, in which data_rate is to be kept. */
uint32_t pace_window_s(const struct pace *p, const struct smtp_settings *settings,
    uint64_t now_ms);
/* So many more bytes came; true: the window is filled, and the next begins. */
bool pace_text_moved(struct pace *p, const struct smtp_settings *settings, uint64_t bytes);

#endif
