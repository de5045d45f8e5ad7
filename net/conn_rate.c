#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "net/conn_internal.h"

static void
begin_window(struct conn *c, struct conn_rate *r)
{
	r->moved = 0;
	r->due_ms = clock_monotonic_ms() + (uint64_t)r->window_s * 1000;
	conn_arm(c);
}

static void
end_window(struct conn_rate *r)
{
	r->moved = 0;
	r->due_ms = 0;
}

void
conn_set_input_rate(struct conn *c, uint32_t seconds, size_t bytes)
{
	c->in_rate.window_s = seconds;
	c->in_rate.wanted = bytes;
	if (seconds == 0)
		end_window(&c->in_rate);
	else
		begin_window(c, &c->in_rate);
}

void
conn_set_output_rate(struct conn *c, uint32_t seconds, size_t bytes)
{
	c->out_rate.window_s = seconds;
	c->out_rate.wanted = bytes;
	end_window(&c->out_rate);
	if (seconds != 0 && fifo_len(&c->out) > 0)
		begin_window(c, &c->out_rate);
}

void
conn_rate_came(struct conn *c, size_t came)
{
	struct conn_rate *r = &c->in_rate;

	if (r->window_s == 0)
		return;
	r->moved += came;
	if (r->moved >= r->wanted)
		begin_window(c, r);
}

void
conn_rate_sent(struct conn *c, size_t sent, size_t left)
{
	struct conn_rate *r = &c->out_rate;

	r->moved += sent;
	if (left == 0)
		end_window(r);
	else if (r->window_s != 0 && (r->due_ms == 0 || r->moved >= r->wanted))
		begin_window(c, r);
}

uint64_t
conn_rate_ends(const struct conn *c)
{
	return earlier(c->in_rate.due_ms, c->out_rate.due_ms);
}

bool
conn_rate_is_kept(struct conn *c, uint64_t now_ms, struct problem *why)
{
	/* While we let the peer wait, it is not the one who is slow. */
	if (c->in_rate.due_ms != 0 && c->is_paused)
		c->in_rate.due_ms = now_ms + (uint64_t)c->in_rate.window_s * 1000;
	if (c->in_rate.due_ms != 0 && c->in_rate.due_ms <= now_ms)
		problem_set(why, "input comes too slowly");
	else if (c->out_rate.due_ms != 0 && c->out_rate.due_ms <= now_ms)
		problem_set(why, "output is read too slowly");
	return why->text[0] == '\0';
}

/* The kernel takes large lumps: what a slow peer does is seen in its queue only. */
size_t
conn_unsent(const struct conn *c)
{
	int queued = 0;

	if (ioctl(c->fd, SIOCOUTQ, &queued) != 0 || queued < 0)
		queued = 0;
	return fifo_len(&c->out) + (size_t)queued;
}

uint64_t
conn_last_deadline(struct conn_last *last, size_t left, uint64_t now_ms)
{
	uint64_t next = now_ms + CONN_FINISH_STEP_S * UINT64_C(1000);

	if (last->left < left || last->left - left < CONN_FINISH_BYTES)
		return now_ms;
	last->left = left;
	return next < last->ends_at_ms ? next : last->ends_at_ms;
}
