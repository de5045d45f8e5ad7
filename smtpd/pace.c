#include "smtpd/pace.h"

#include "smtpd/settings.h"

/* Seconds from now to the earlier of both, up; 0 when it is past. */
static uint32_t
seconds_to(uint64_t at_ms, uint32_t patience_s, uint64_t now_ms)
{
	uint64_t left_s = at_ms > now_ms ? (at_ms - now_ms + 999) / 1000 : 0;

	return left_s < patience_s ? (uint32_t)left_s : patience_s;
}

static uint32_t
shortened(const struct pace *p, uint32_t patience_s)
{
	return p->is_crowded && patience_s > PACE_CROWDED_S ? PACE_CROWDED_S : patience_s;
}

void
pace_progress(struct pace *p, uint32_t lull_s, uint64_t now_ms)
{
	p->lull_ends_ms = now_ms + (uint64_t)shortened(p, lull_s) * 1000;
}

uint32_t
pace_command_s(const struct pace *p, const struct smtp_settings *settings, uint64_t now_ms)
{
	return seconds_to(p->lull_ends_ms, shortened(p, settings->command_patience_s), now_ms);
}
