#include "base/clock.h"
#include "store/admin.h"
#include "store/ballast.h"
#include "store/commit_stats.h"
#include "store/upkeep.h"

/*
 * STORE_STATS: what stored alone knows -- how it writes, what waits, who reads.
 */

static void
row(struct ipc_peer *peer, uint32_t request, const char *name, uint64_t value)
{
	struct buf b = buf_init(256);

	put_slice(&b, slice_from_cstr(name));
	put_u64le(&b, value);
	put_slice(&b, SLICE(""));
	ipc_send(peer, STORE_ROW, request, buf_slice(&b), -1);
	buf_clear(&b);
}

static void
row_text(struct ipc_peer *peer, uint32_t request, const char *name, const char *value)
{
	struct buf b = buf_init(256);

	put_slice(&b, slice_from_cstr(name));
	put_u64le(&b, 0);
	put_slice(&b, slice_from_cstr(value));
	ipc_send(peer, STORE_ROW, request, buf_slice(&b), -1);
	buf_clear(&b);
}

static void
commit_rows(struct stored *s, struct ipc_peer *peer, uint32_t request)
{
	struct commit_summary c;

	commit_stats_read(s->stats, clock_monotonic_ms(), &c);
	row(peer, request, "window_s", COMMIT_STATS_WINDOW_S);
	row(peer, request, "commits", c.commits);
	row(peer, request, "jobs", c.jobs);
	row(peer, request, "batch_max", c.batch_max);
	row(peer, request, "commit_p50_us", c.p50_us);
	row(peer, request, "commit_p99_us", c.p99_us);
	row(peer, request, "commit_max_us", c.max_us);
	row(peer, request, "jobs_waiting", committer_waiting(s->committer));
	row(peer, request, "bytes_pending",
	    committer_pending_bytes(s->committer) + s->gathered_bytes);
}

static void
reader_rows(struct stored *s, struct ipc_peer *peer, uint32_t request)
{
	struct env *e = store_env(s->store);
	uint64_t newest = env_newest(e), age_s = 0;
	struct env_readers n;
	bool is_exact = true;

	env_readers(e, &n);
	row(peer, request, "readers", n.slots);
	row(peer, request, "readers_at_work", n.count);
	if (n.count > 0 && n.oldest_snapshot < newest)
		is_exact = commit_stats_age(s->stats, n.oldest_snapshot, clock_monotonic_ms(),
		    &age_s);
	row(peer, request, "oldest_reader_pid", n.oldest_pid);
	row(peer, request, "oldest_reader_transactions",
	    n.count > 0 && newest > n.oldest_snapshot ? newest - n.oldest_snapshot : 0);
	row(peer, request, "oldest_reader_s", age_s);
	if (!is_exact)
		row_text(peer, request, "oldest_reader_note", "for longer than is remembered");
}

/* Rows of slice name, u64 value, slice text; then STORE_END. */
enum status
admin_stats(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct upkeep_state upkeep;

	if (frame->payload.len != 0)
		return STATUS_CORRUPT;
	row(peer, frame->request, "uptime_s", clock_now_s() - s->started_s);
	commit_rows(s, peer, frame->request);
	reader_rows(s, peer, frame->request);
	upkeep_state(s->upkeep, &upkeep);
	row_text(peer, frame->request, "upkeep", upkeep.kind != NULL ? upkeep.kind : "idle");
	row(peer, frame->request, "upkeep_holds", upkeep.holds);
	row_text(peer, frame->request, "ballast",
	    ballast_is_out(s->ballast) ? "let go: the disk is full" : "kept");
	admin_end(s, ipc_peer_id(peer), frame->request, STATUS_OK, NULL);
	return STATUS_OK;
}
