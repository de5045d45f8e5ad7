#include "store/upkeep_compact.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/admin.h"
#include "store/compaction.h"
#include "store/segment.h"
#include "store/upkeep.h"

struct asker {
	struct admin_task task;
	struct stored *stored;
	uint64_t peer;
	uint32_t request;
};

struct compaction {
	struct compact_rules rules;
	struct compact_walk walk;
	struct compact_walk before;	/* where the slice begins that was given last */
	bool is_out;		/* it has not come back: refused, if one is asked for */
	enum compact_work work;	/* of the job at hand */
	uint32_t segment;	/* that it is about */
	uint64_t size_bytes;	/* of its file */
	struct asker *asker;
	uint32_t asked_percent;	/* 0: as set */
	struct compact_progress progress;	/* since asker asked */
};

struct compaction *
compaction_new(void)
{
	return mem_new(struct compaction);
}

void
compaction_free(struct compaction **c)
{
	mem_free(*c);
	*c = NULL;
}

static uint64_t
file_size(const struct stored *s, uint32_t segment)
{
	char name[16];
	struct stat sb;

	snprintf(name, sizeof(name), "%08x.seg", segment);
	return fstatat(store_segments_fd(s->store), name, &sb, 0) == 0 ? (uint64_t)sb.st_size : 0;
}

static void
tell_progress(struct compaction *c)
{
	struct buf b = buf_init(64);

	if (c->asker == NULL)
		return;
	compact_progress_put(&c->progress, &b);
	ipc_send_to(c->asker->stored->admin, c->asker->peer, STORE_ROW, c->asker->request,
	    buf_slice(&b), -1);
	buf_clear(&b);
}

static void
tell_end(struct compaction *c, enum status st, const struct problem *why)
{
	struct asker *a = c->asker;

	c->asked_percent = 0;
	if (a == NULL)
		return;
	c->progress.segment = 0;
	tell_progress(c);
	c->asker = NULL;
	admin_end(a->stored, a->peer, a->request, st, why);
}

/* A segment that cannot be moved is left alone until the next start; mailadm verify names why. */
static void
skip(struct compaction *c, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "store.compact.skipped", NULL);
	log_u64(&l, "segment", c->segment);
	log_status(&l, st, why);
	log_end(&l);
	if (c->rules.skip_count < COMPACT_SKIPS_MAX)
		c->rules.skips[c->rules.skip_count++] = c->segment;
	c->walk.segment = 0;
}

/* The next slice of the segment at hand; NULL when it cannot be moved. */
static struct job *
move_next(struct stored *s, struct txn *t)
{
	struct compaction *c = s->compaction;
	struct problem why = { "" };
	struct job *j = NULL;
	enum status st;

	if (c->is_out)
		c->walk = c->before;
	if (c->walk.is_end) {
		c->work = COMPACT_RETIRE;
		c->size_bytes = file_size(s, c->segment);
		return compact_retire(s->store, c->segment);
	}
	c->work = COMPACT_MOVE;
	c->before = c->walk;
	st = compact_slice(s->store, t, &c->walk, &j, &why);
	c->is_out = st == STATUS_OK;
	if (st != STATUS_OK)
		skip(c, st, &why);
	return j;
}

/* Begin with another segment; false: there is none. */
static bool
choose(struct stored *s, struct txn *t)
{
	struct compaction *c = s->compaction;

	c->rules.at_percent = c->asked_percent != 0 ? c->asked_percent : s->settings->compact_at;
	c->rules.grace_s = s->settings->compact_grace_s;
	c->rules.now_s = clock_now_s();
	if (c->rules.skip_count == COMPACT_SKIPS_MAX ||
	    compact_choose(t, &c->rules, &c->work, &c->segment, NULL) != STATUS_OK ||
	    c->work == COMPACT_NOTHING)
		return false;
	/* One that is dead by its counts is walked, too: what a row refers to after all is moved. */
	compact_begin(&c->walk, c->segment);
	return true;
}

static struct job *
compact_next(struct stored *s)
{
	struct compaction *c = s->compaction;
	struct problem why = { "" };
	struct job *j = NULL;
	struct txn *t;
	enum status st = txn_begin_read(store_env(s->store), &t, &why);

	while (st == STATUS_OK && j == NULL) {
		if (c->walk.segment == 0 && !choose(s, t))
			break;
		if (c->work == COMPACT_DELETE) {
			c->size_bytes = file_size(s, c->segment);
			j = compact_delete(s->store, c->segment);
		} else {
			j = move_next(s, t);
		}
	}
	if (st == STATUS_OK)
		txn_abort(&t);
	if (j == NULL)
		tell_end(c, st, &why);
	c->progress.segment = j == NULL ? 0 : c->segment;
	return j;
}

static void
log_segment(const char *event, const struct compaction *c)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, event, NULL);
	log_u64(&l, "segment", c->segment);
	log_u64(&l, "size", c->size_bytes);
	log_u64(&l, "moved", c->walk.moved_bytes);
	log_end(&l);
}

static void
compact_done(struct stored *s, const struct job *j)
{
	struct compaction *c = s->compaction;
	struct compact_progress *p = &c->progress;

	c->is_out = false;
	if (j->status == STATUS_CORRUPT)
		skip(c, j->status, &j->why);
	if (j->status != STATUS_OK) {
		c->walk.segment = 0;	/* from its beginning, in another round */
		tell_end(c, j->status, &j->why);
		return;
	}
	if (c->work == COMPACT_MOVE) {
		p->moved_bytes += j->text_bytes;
	} else if (c->work == COMPACT_RETIRE) {
		log_segment("store.segment.retired", c);
		p->retired++;
		p->gained_bytes += c->size_bytes < c->walk.moved_bytes ? 0 :
		    c->size_bytes - c->walk.moved_bytes;
		c->walk.segment = 0;
	} else {
		log_segment("store.segment.deleted", c);
		p->deleted++;
		c->walk.segment = 0;
	}
	tell_progress(c);
}

const struct upkeep_kind upkeep_compact = { "compact", true, compact_next, compact_done };

/* What was begun goes on; only nobody hears of it. */
static void
asker_close(struct admin_task *task)
{
	struct asker *a = (struct asker *)task;

	if (a->stored->compaction->asker == a)
		a->stored->compaction->asker = NULL;
	mem_free(a);
}

/* STORE_COMPACT: u32 percent, 0 as set -> compact_progress_put() rows, STORE_END. */
enum status
admin_compact(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct compaction *c = s->compaction;
	struct reader in = reader_of(frame->payload);
	uint32_t percent = read_u32le(&in);
	struct problem why = { "" };
	struct asker *a;

	if (!reader_at_end(&in) || percent > 100 || ipc_peer_get(peer) != NULL)
		return STATUS_CORRUPT;
	if (c->asker != NULL)
		problem_set(&why, "a compaction is under way that somebody waits for");
	else if (upkeep_is_held(s->upkeep))
		problem_set(&why, "a backup is being made: nothing is removed until it is there");
	if (why.text[0] != '\0') {
		admin_end(s, ipc_peer_id(peer), frame->request, STATUS_BUSY, &why);
		return STATUS_OK;
	}
	a = mem_new(struct asker);
	a->task.close = asker_close;
	a->stored = s;
	a->peer = ipc_peer_id(peer);
	a->request = frame->request;
	ipc_peer_set(peer, a);
	c->asker = a;
	c->asked_percent = percent;
	c->progress = (struct compact_progress){ .grace_s = s->settings->compact_grace_s };
	upkeep_wake(s->upkeep);
	return STATUS_OK;
}
