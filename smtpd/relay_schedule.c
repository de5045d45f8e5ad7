#include "smtpd/relay_schedule.h"

#include "base/slice.h"

#define REST_STEP_S 15
#define REST_MAX_S 60
#define TRIES_MIN 3		/* before mail is given up, */
#define TRIED_MIN_S 3600	/* and so long at least from the first of them to the last */

static uint64_t
pause_after(const struct relay_schedule *s, uint32_t attempts)
{
	static const uint32_t factors[] = { 1, 2, 4, 8, 12, 24, 48 };
	size_t i = attempts == 0 ? 0 : attempts - 1;
	uint64_t pause;

	if (i >= ARRAY_LEN(factors))
		i = ARRAY_LEN(factors) - 1;
	pause = (uint64_t)s->first_s * factors[i];
	return pause < s->max_s ? pause : s->max_s;
}

uint64_t
relay_schedule_next(const struct relay_schedule *s, uint32_t attempts, uint64_t now_s,
    uint64_t random)
{
	uint64_t pause = pause_after(s, attempts);

	if (pause / 10 > 0)
		pause = pause - pause / 10 + random % (2 * (pause / 10) + 1);
	return now_s + pause;
}

/* Clocks are set back, too: then nothing is old. */
static uint64_t
age(uint64_t made_at, uint64_t now_s)
{
	return now_s > made_at ? now_s - made_at : 0;
}

static bool
is_tried_enough(const struct relay_schedule *s, uint32_t attempts)
{
	uint64_t wanted_s = s->expire_s < TRIED_MIN_S ? s->expire_s : TRIED_MIN_S;
	uint64_t tried_s = 0;

	for (uint32_t i = 1; i < attempts && tried_s < wanted_s; i++)
		tried_s += pause_after(s, i);
	return attempts >= TRIES_MIN && tried_s >= wanted_s;
}

bool
relay_schedule_is_expired(const struct relay_schedule *s, uint64_t made_at, uint32_t attempts,
    uint64_t now_s)
{
	return age(made_at, now_s) >= s->expire_s && is_tried_enough(s, attempts);
}

bool
relay_schedule_is_late(const struct relay_schedule *s, uint64_t made_at, bool is_told,
    uint64_t now_s)
{
	return !is_told && s->notice_s > 0 && age(made_at, now_s) >= s->notice_s;
}

uint32_t
relay_schedule_rest(const struct relay_schedule *s, uint32_t failures)
{
	uint32_t rest = failures < REST_MAX_S / REST_STEP_S ? failures * REST_STEP_S : REST_MAX_S;

	return rest < s->first_s ? rest : s->first_s;
}
