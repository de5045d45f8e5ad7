#include "store/committer.h"

#include <pthread.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "net/loop.h"
#include "store/ballast.h"
#include "store/commit_stats.h"
#include "store/codec.h"
#include "store/segment_writer.h"
#include "store/store.h"
#include "store/text_hash.h"

#define BATCH_JOBS_MAX 256
#define BATCH_PAGES_MAX 2000
#define BATCH_BYTES_MAX (64u * 1024 * 1024)

struct committer {
	struct store *store;
	struct loop *loop;
	struct committer_spec spec;
	struct segment_writer *writer;
	struct packer *packer;
	struct buf packed;		/* stored form of the text at hand */
	struct txn *reading;		/* while the texts of a batch are written */
	struct table *written;		/* by hash: texts of the batch at hand */
	struct counters counters;	/* as committed, but for text: ids are not given twice */
	uint64_t floor_checked_ms;
	bool is_full;

	pthread_t thread;
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t came;
	struct job *first, **last;	/* waiting */
	uint64_t pending_bytes;
	bool is_stopping;
};

/* Jobs that leave the committer, on their way to the loop. */
struct parcel {
	struct committer *committer;
	struct job *jobs;
	bool is_changed;
};

/* The disk no longer keeps what it was given: whoever restarts us reads what is really there. */
static _Noreturn void
committer_die(const struct problem *why)
{
	log_event(LOG_ERROR, "store.commit.failed", NULL, "why", why->text);
	_exit(1);
}

static void
job_fail(struct job *j, enum status st, const struct problem *why)
{
	j->status = st;
	if (why->text[0] != '\0')
		problem_set(&j->why, "%s", why->text);
}

/* One look a second at how much room there is. */
static bool
disk_is_full(struct committer *k)
{
	uint64_t now = clock_monotonic_ms();
	struct statvfs fs;

	if (k->spec.ballast != NULL && ballast_is_out(k->spec.ballast))
		return true;
	if (k->floor_checked_ms != 0 && now - k->floor_checked_ms < 1000)
		return k->is_full;
	k->floor_checked_ms = now;
	k->is_full = fstatvfs(store_segments_fd(k->store), &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < k->spec.floor_bytes;
	return k->is_full;
}

/* A message in the form in which it is stored. */
static struct slice
text_form(struct committer *k, struct job_text *t)
{
	struct slice packed = t->packed;

	if (!t->is_packed) {	/* a large one: the small came with theirs */
		buf_clear(&k->packed);
		if (packer_pack(k->packer, t->text, &k->packed))
			packed = buf_slice(&k->packed);
	}
	t->codec = packed.len > 0 ? CODEC_ZSTD : CODEC_PLAIN;
	return packed.len > 0 ? packed : t->text;
}

/* A text that has the same bytes, in this batch or among the newest in the store; 0: none. */
static uint64_t
text_twin(struct committer *k, const struct job_text *t)
{
	const struct job_text *other;
	struct text_row row;
	uint64_t id = 0;

	if (t->text.len < TEXT_SAME_MIN)
		return 0;
	other = table_get(k->written, slice_make(t->sha256, SHA256_LEN));
	if (other != NULL)
		return other->text.len == t->text.len ? other->row.id : 0;
	/* One that is damaged must not cost those who have sent or put back the same bytes theirs. */
	if (text_hash_find(k->reading, t->sha256, (uint32_t)t->text.len, k->counters.text, &id,
	    NULL) != STATUS_OK || text_get(k->reading, id, &row, NULL) != STATUS_OK ||
	    text_prove(k->store, &row, NULL) != STATUS_OK)
		return 0;
	return id;
}

/* What is stored of a message: a reference to its twin, or the text in its codec's form. */
static struct slice
text_stored(struct committer *k, const struct job *j, struct job_text *t, uint8_t same[SAME_LEN])
{
	uint64_t twin = j->is_writing_all ? 0 : text_twin(k, t);

	t->row.same_as = twin;
	if (twin == 0) {
		table_put(k->written, slice_make(t->sha256, SHA256_LEN), t);
		return text_form(k, t);
	}
	t->codec = CODEC_SAME;
	store_u64le(same, twin);
	return slice_make(same, SAME_LEN);
}

/* Ids of texts that no row refers to, from the marker of a segment that is to go. */
static enum status
marker_write(struct committer *k, struct slice ids, struct problem *why)
{
	for (; ids.len >= 8; ids = slice_skip(ids, 8))
		segment_writer_void(k->writer, load_u64le((const uint8_t *)ids.ptr));
	return segment_writer_mark(k->writer, k->counters.change, why);
}

/* Write one text to the segment, and say in its row where it lies. */
static enum status
text_write(struct committer *k, const struct job *j, struct job_text *t, struct problem *why)
{
	bool is_message = t->type == 0, is_inline = t->digest.len <= DIGEST_INLINE_MAX;
	struct segment_record r = {
		.type = is_message ? RECORD_TEXT : t->type,
		.received_at = t->received_at,
		.received_zone = t->received_zone,
		.uidl = t->uidl,
		.size_bytes = is_message ? (uint32_t)t->text.len : t->size_bytes,
		.mid = slice_make(t->mid, t->mid_len),
		.envelope = t->envelope,
		.owners = t->owners,
		.digest = is_inline ? SLICE("") : t->digest,
		.text = t->text,
	};
	struct text_place place;
	uint8_t same[SAME_LEN];
	enum status st;

	if (t->type == RECORD_MARKER)
		return marker_write(k, t->text, why);
	st = is_message ? job_text_check(t, why) : STATUS_OK;
	if (st != STATUS_OK)
		return st;
	if (is_message)
		r.text = text_stored(k, j, t, same);
	r.codec = t->codec;
	r.id = is_message ? ++k->counters.text : t->id;
	for (size_t i = 0; i < SHA256_LEN; i++)
		r.sha256[i] = t->row.sha256[i] = t->sha256[i];
	st = segment_writer_add(k->writer, &r, k->counters.change, &place, why);
	if (st != STATUS_OK)
		return st;
	t->is_written = true;
	t->row.id = r.id;
	t->row.mid = r.mid;
	t->row.size_bytes = r.size_bytes;
	t->row.received_at = r.received_at;
	t->row.segment = place.segment;
	t->row.segment_at = place.at;
	t->row.head_len = place.head_len;
	t->row.codec = r.codec;
	t->row.stored_len = (uint32_t)r.text.len;
	t->row.digest_len = (uint32_t)t->digest.len;
	t->row.digest = is_inline ? t->digest : SLICE("");
	return STATUS_OK;
}

/* No text of the batch can be written: those that have one must come again. */
static void
texts_refuse(struct committer *k, struct job *jobs, const struct problem *why)
{
	segment_writer_rewind(k->writer);
	for (struct job *j = jobs; j != NULL; j = j->next) {
		for (uint32_t i = 0; i < j->text_count; i++)
			j->texts[i].is_written = false;
		if (j->text_count > 0 && j->status == STATUS_OK)
			job_fail(j, STATUS_BUSY, why);
	}
}

/* Those of one job: OK, or BUSY when the disk takes no more of the batch. */
static enum status
texts_write_job(struct committer *k, struct job *j, struct problem *why)
{
	struct problem own = { "" };
	enum status st = STATUS_OK;

	/* What makes room goes on. */
	if (j->text_count > 0 && j->type != STORE_UPKEEP && disk_is_full(k)) {
		problem_set(&own, "the disk is nearly full: less than [store] floor is free");
		job_fail(j, STATUS_BUSY, &own);
		return STATUS_OK;
	}
	for (uint32_t i = 0; st == STATUS_OK && i < j->text_count; i++)
		st = text_write(k, j, &j->texts[i], &own);
	if (st == STATUS_IO)
		committer_die(&own);
	if (st == STATUS_BUSY) {
		*why = own;
		return STATUS_BUSY;
	}
	if (st != STATUS_OK)
		job_fail(j, st, &own);
	return STATUS_OK;
}

static void
texts_write(struct committer *k, struct job *jobs)
{
	struct problem why = { "" };
	enum status st = txn_begin_read(store_env(k->store), &k->reading, &why);

	if (st != STATUS_OK)
		committer_die(&why);
	k->written = table_new();
	for (struct job *j = jobs; st == STATUS_OK && j != NULL; j = j->next)
		st = texts_write_job(k, j, &why);
	table_free(&k->written, NULL);
	txn_abort(&k->reading);
	if (st == STATUS_OK)
		st = segment_writer_start(k->writer, &why);
	if (st == STATUS_IO)
		committer_die(&why);
	if (st != STATUS_OK)
		texts_refuse(k, jobs, &why);
}

/* Run one job under the next change number. */
static enum status
job_do(struct job *j, struct txn *txn, struct counters *n, uint64_t now_s)
{
	struct change c = {
		.txn = txn,
		.counters = n,
		.number = n->change + 1,
		.now_s = now_s,
		.actor = j->actor,
		.sid = j->sid,
	};
	uint64_t before = txn_writes(txn);
	struct problem why = { "" };
	enum status st;

	if (!j->is_started) {
		j->resume_at = 0;
		j->filling.account = 0;
		result_clear(&j->result);
	}
	for (uint32_t i = 0; i < j->text_count; i++)
		j->texts[i].is_kept = false;
	st = j->run(j, &c, &why);
	if (st != STATUS_OK && st != STATUS_PENDING) {
		job_fail(j, st, &why);
		return st;
	}
	j->status = st;
	if (c.filling.account != 0)
		j->filling = c.filling;
	if (txn_writes(txn) != before)
		j->result.change = n->change = c.number;
	return STATUS_OK;
}

/* After an error of its own LMDB refuses everything else in the transaction. */
static bool
job_spoils(enum status st)
{
	return st == STATUS_IO || st == STATUS_BUSY || st == STATUS_CORRUPT;
}

/*
 * Run all jobs that have not failed.  STALE: one of them failed after it had written, or took the
 * transaction with it, which must be thrown away and begun again without that job.
 */
static enum status
jobs_do(struct job *jobs, struct txn *txn, struct counters *n, uint64_t now_s)
{
	struct counters before;
	uint64_t writes;

	for (struct job *j = jobs; j != NULL; j = j->next) {
		if (j->status != STATUS_OK && j->status != STATUS_PENDING)
			continue;
		before = *n;
		writes = txn_writes(txn);
		if (job_do(j, txn, n, now_s) == STATUS_OK)
			continue;
		if (txn_writes(txn) != writes || job_spoils(j->status))
			return STATUS_STALE;
		*n = before;
	}
	return STATUS_OK;
}

/* A transaction with all jobs in it that can be done.  Gives *txn and its counters. */
static void
batch_run(struct committer *k, struct job *jobs, struct txn **txn, struct counters *n)
{
	uint64_t now_s = clock_now_s();
	struct problem why = { "" };

	for (;;) {
		if (txn_begin_write(store_env(k->store), txn, &why) != STATUS_OK)
			committer_die(&why);
		*n = k->counters;
		if (jobs_do(jobs, *txn, n, now_s) == STATUS_OK)
			return;
		txn_abort(txn);
	}
}

/* Nothing of the batch is on disk: those that would have been done must come again. */
static void
batch_refuse(struct committer *k, struct job *jobs, const struct problem *why)
{
	segment_writer_rewind(k->writer);
	for (struct job *j = jobs; j != NULL; j = j->next)
		if (j->status == STATUS_OK || j->status == STATUS_PENDING)
			job_fail(j, STATUS_BUSY, why);
	log_event(LOG_WARN, "store.commit.refused", NULL, "why", why->text);
}

/* Jobs that are not through go on where they stopped, also after a part that changed nothing. */
static void
batch_begun(struct job *jobs)
{
	for (struct job *j = jobs; j != NULL; j = j->next)
		if (j->status == STATUS_PENDING)
			j->is_started = true;
}

static void
batch_committed(struct committer *k, struct job *jobs)
{
	segment_writer_committed(k->writer);
	for (struct job *j = jobs; j != NULL; j = j->next) {
		/* Of one that failed nothing stayed, whatever its run had come to. */
		bool is_done = j->status == STATUS_OK || j->status == STATUS_PENDING;

		for (uint32_t i = 0; i < j->text_count; i++)
			if (j->texts[i].type == 0 && j->texts[i].is_written &&
			    !(is_done && j->texts[i].is_kept))
				segment_writer_void(k->writer, j->texts[i].row.id);
	}
	batch_begun(jobs);
}

/* It is on disk since now. */
static void
batch_count(struct committer *k, const struct job *jobs, uint64_t begun_us)
{
	uint64_t now_us = clock_monotonic_us(), count = 0;

	for (; jobs != NULL; jobs = jobs->next)
		count++;
	if (k->spec.stats != NULL)
		commit_stats_add(k->spec.stats, now_us / 1000, now_us - begun_us, count,
		    env_newest(store_env(k->store)));
}

/* One that makes room, sooner or later. */
static bool
job_removes(const struct job *j)
{
	static const uint16_t types[] = { STORE_FLAGS, STORE_MOVE, STORE_EXPUNGE,
		STORE_MAILBOX_REMOVE, STORE_ACCOUNT_REMOVE, STORE_QUEUE_SETTLE, STORE_QUEUE_CHANGE,
		STORE_TRASH_CHANGE, STORE_UPKEEP };

	for (size_t i = 0; j->text_count == 0 && i < ARRAY_LEN(types); i++)
		if (j->type == types[i])
			return true;
	return false;
}

/*
 * The disk is full: with the ballast gone, what removes messages is done after all, the rest
 * refused.  False: there is nothing to be done.  A job that is in its midst does not know where its
 * refused part began: who asked asks again, and finds the room.
 */
static bool
batch_lighten(struct committer *k, struct job *jobs, const struct problem *why)
{
	bool is_wanted = false, is_left = false;

	for (const struct job *j = jobs; j != NULL; j = j->next)
		is_wanted |= job_removes(j);
	if (!is_wanted || k->spec.ballast == NULL || !ballast_release(k->spec.ballast))
		return false;
	segment_writer_rewind(k->writer);
	for (struct job *j = jobs; j != NULL; j = j->next) {
		if (j->status != STATUS_OK && j->status != STATUS_PENDING)
			continue;
		if (job_removes(j) && !j->is_started)
			is_left = true;
		else
			job_fail(j, STATUS_BUSY, why);
	}
	return is_left;
}

/* Returns true when something was committed. */
static bool
batch_do(struct committer *k, struct job *jobs)
{
	uint64_t begun_us = clock_monotonic_us();
	struct problem why = { "" };
	struct counters n;
	struct txn *txn;
	enum status st;

	texts_write(k, jobs);
	batch_run(k, jobs, &txn, &n);
	if (txn_writes(txn) == 0) {
		txn_abort(&txn);
		segment_writer_rewind(k->writer);
		batch_begun(jobs);
		return false;
	}
	st = segment_writer_sync(k->writer, &why);
	if (st == STATUS_IO)
		committer_die(&why);
	segment_writer_place(k->writer, &n);
	if (st == STATUS_OK)
		st = counters_put(txn, &n, &why);
	if (st == STATUS_OK)
		st = txn_commit(&txn, &why);
	else
		txn_abort(&txn);
	if (st == STATUS_OK) {
		k->counters = n;
		batch_committed(k, jobs);
		batch_count(k, jobs, begun_us);
		return true;
	}
	if (st != STATUS_BUSY)
		committer_die(&why);
	if (batch_lighten(k, jobs, &why))
		return batch_do(k, jobs);
	batch_refuse(k, jobs, &why);
	return false;
}

static void
parcel_deliver(void *ctx)
{
	struct parcel *p = ctx;

	p->committer->spec.done(p->committer->spec.ctx, p->jobs, p->is_changed);
	mem_free(p);
}

/* What waits, up to the bounds of a transaction.  A job already begun goes alone. */
static struct job *
batch_take(struct committer *k)
{
	struct job *jobs = k->first, *j, **end = &k->first;
	unsigned count = 0, pages = 0;
	uint64_t bytes = 0;

	while ((j = *end) != NULL) {
		if (count > 0 && (j->is_started || count == BATCH_JOBS_MAX ||
		    pages + j->weight > BATCH_PAGES_MAX || bytes + j->text_bytes > BATCH_BYTES_MAX))
			break;
		count++;
		pages += j->weight;
		bytes += j->text_bytes;
		end = &j->next;
		if (j->is_started)
			break;
	}
	k->first = *end;
	if (k->first == NULL)
		k->last = &k->first;
	*end = NULL;
	return jobs;
}

/* A text went between the finding of it and the job that refers to it: write it after all. */
static bool
job_comes_again(struct job *j)
{
	bool has_same = false;

	for (uint32_t i = 0; i < j->text_count; i++)
		has_same |= j->texts[i].row.same_as != 0;
	if (j->status != STATUS_BUSY || j->is_writing_all || !has_same)
		return false;
	j->is_writing_all = true;
	j->status = STATUS_OK;
	j->why = (struct problem){ "" };
	return true;
}

static void
line_put_first(struct committer *k, struct job *j)
{
	j->next = k->first;
	if (k->first == NULL)
		k->last = &j->next;
	k->first = j;
}

static void
line_put_last(struct committer *k, struct job *j)
{
	j->next = NULL;
	*k->last = j;
	k->last = &j->next;
}

/* Jobs that are not through stand in line again, behind those that came meanwhile; the others go
 * home. */
static struct job *
batch_settle(struct committer *k, struct job *jobs)
{
	struct job *done = NULL, **done_end = &done, *j;

	pthread_mutex_lock(&k->lock);
	while ((j = jobs) != NULL) {
		jobs = j->next;
		if (j->status == STATUS_PENDING && !j->is_unparted) {
			line_put_last(k, j);
		} else if (j->status == STATUS_PENDING || job_comes_again(j)) {
			line_put_first(k, j);
		} else {
			k->pending_bytes -= j->text_bytes;
			j->next = NULL;
			*done_end = j;
			done_end = &j->next;
		}
	}
	pthread_mutex_unlock(&k->lock);
	return done;
}

static void *
committer_run(void *ctx)
{
	struct committer *k = ctx;
	struct parcel *p;
	struct job *jobs;

	for (;;) {
		pthread_mutex_lock(&k->lock);
		while (k->first == NULL && !k->is_stopping)
			pthread_cond_wait(&k->came, &k->lock);
		jobs = k->first == NULL ? NULL : batch_take(k);
		pthread_mutex_unlock(&k->lock);
		if (jobs == NULL)
			return NULL;
		p = mem_new(struct parcel);
		p->committer = k;
		p->is_changed = batch_do(k, jobs);
		p->jobs = batch_settle(k, jobs);
		loop_post(k->loop, parcel_deliver, p);
	}
}

enum status
committer_new(struct store *s, struct loop *l, const struct committer_spec *spec,
    struct committer **out, struct problem *why)
{
	struct committer *k = mem_new(struct committer);
	struct txn *t;
	enum status st;

	k->store = s;
	k->loop = l;
	k->spec = *spec;
	k->last = &k->first;
	k->packed = buf_init(codec_room(TEXT_SIZE_MAX));
	st = txn_begin_read(store_env(s), &t, why);
	if (st == STATUS_OK) {
		st = counters_get(t, &k->counters, why);
		txn_abort(&t);
	}
	if (st == STATUS_OK)
		st = segment_writer_open(s, spec->segment_size, &k->counters, &k->writer, why);
	if (st != STATUS_OK) {
		mem_free(k);
		return st;
	}
	k->packer = packer_new();
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->came, NULL);
	if (pthread_create(&k->thread, NULL, committer_run, k) != 0) {
		problem_set(why, "a thread cannot be made");
		segment_writer_close(&k->writer);
		packer_free(&k->packer);
		mem_free(k);
		return STATUS_IO;
	}
	*out = k;
	return STATUS_OK;
}

void
committer_submit(struct committer *k, struct job **jobs)
{
	struct job *j = *jobs;

	*jobs = NULL;
	pthread_mutex_lock(&k->lock);
	for (*k->last = j; j != NULL; j = j->next) {
		k->last = &j->next;
		k->pending_bytes += j->text_bytes;
	}
	pthread_cond_signal(&k->came);
	pthread_mutex_unlock(&k->lock);
}

void
committer_stop(struct committer *k)
{
	pthread_mutex_lock(&k->lock);
	if (k->is_stopping) {
		pthread_mutex_unlock(&k->lock);
		return;
	}
	k->is_stopping = true;
	pthread_cond_signal(&k->came);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
}

void
committer_free(struct committer **kp)
{
	struct committer *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	committer_stop(k);
	segment_writer_close(&k->writer);
	packer_free(&k->packer);
	buf_clear(&k->packed);
	pthread_cond_destroy(&k->came);
	pthread_mutex_destroy(&k->lock);
	mem_free(k);
}

uint64_t
committer_pending_bytes(struct committer *k)
{
	uint64_t n;

	pthread_mutex_lock(&k->lock);
	n = k->pending_bytes;
	pthread_mutex_unlock(&k->lock);
	return n;
}

uint64_t
committer_waiting(struct committer *k)
{
	uint64_t n = 0;

	pthread_mutex_lock(&k->lock);
	for (const struct job *j = k->first; j != NULL; j = j->next)
		n++;
	pthread_mutex_unlock(&k->lock);
	return n;
}
