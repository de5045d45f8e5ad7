#include "store/segment_writer.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"

#define STAGE_MAX (16u * 1024 * 1024)
#define STAGE_FLUSH (1024 * 1024)	/* a batch larger than this goes out in pieces */
#define STAGE_TEXT_MAX (64 * 1024)	/* larger texts are written without a copy */
#define VOIDS_MAX 4096
#define RETRY_S 2

struct segment_writer {
	struct store *store;
	uint64_t size_bytes;
	int fd;
	uint32_t number;
	uint64_t at;			/* where stage ends */
	struct buf stage;		/* not written yet; it ends at at */
	bool is_begun;			/* the batch has its marker */
	bool is_dirty;			/* written since a sync was started */
	bool is_started;		/* a sync was started, and nobody has waited for it yet */
	uint32_t batch_number;		/* where the batch began */
	uint64_t batch_at;
	uint64_t voids[VOIDS_MAX];
	uint32_t void_count, void_marked;	/* marked: the current marker names them */

	pthread_t ahead, syncer;
	bool has_ahead, has_syncer;
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t turned;
	pthread_cond_t synced;
	bool is_syncing;		/* the syncer has work */
	int sync_errno;			/* how it ended */
	uint32_t wanted, ready;		/* highest segment asked for, and made */
	bool is_stopping;
	enum status failed;		/* why the segment behind ready could not be made */
	struct problem failed_why;
};

static enum status
segment_need(struct segment_writer *w, uint32_t number, struct problem *why)
{
	int dir = store_segments_fd(w->store), fd;
	enum status st;

	st = segment_open(dir, number, store_id(w->store), SEGMENT_WRITE, &fd, NULL);
	if (st != STATUS_OK)
		return segment_make(dir, number, store_id(w->store), w->size_bytes, why);
	close(fd);
	/* It was made by a process that may have ended between rename and sync. */
	return segment_name_sync(dir, number, why);
}

static void
ahead_pause(struct segment_writer *w)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RETRY_S;
	pthread_cond_timedwait(&w->turned, &w->lock, &until);
}

static void *
ahead_run(void *ctx)
{
	struct segment_writer *w = ctx;
	struct problem why;
	uint32_t number;
	enum status st;

	pthread_mutex_lock(&w->lock);
	while (!w->is_stopping) {
		if (w->wanted <= w->ready) {
			pthread_cond_wait(&w->turned, &w->lock);
			continue;
		}
		number = w->ready + 1;
		pthread_mutex_unlock(&w->lock);
		why = (struct problem){ "" };
		st = segment_need(w, number, &why);
		if (st != STATUS_OK)
			log_event(LOG_WARN, "store.segment.not_made", NULL, "why", why.text);
		pthread_mutex_lock(&w->lock);
		w->failed = st;
		w->failed_why = why;
		if (st == STATUS_OK)
			w->ready = number;
		pthread_cond_broadcast(&w->turned);
		if (st != STATUS_OK)
			ahead_pause(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Syncs the segment while the committer is busy with rows. */
static void *
syncer_run(void *ctx)
{
	struct segment_writer *w = ctx;
	int err;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->is_syncing && !w->is_stopping)
			pthread_cond_wait(&w->synced, &w->lock);
		if (!w->is_syncing)
			break;
		pthread_mutex_unlock(&w->lock);
		err = fdatasync(w->fd) == 0 ? 0 : errno;
		pthread_mutex_lock(&w->lock);
		w->sync_errno = err;
		w->is_syncing = false;
		pthread_cond_broadcast(&w->synced);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static enum status
threads_start(struct segment_writer *w, struct problem *why)
{
	w->has_ahead = pthread_create(&w->ahead, NULL, ahead_run, w) == 0;
	w->has_syncer = pthread_create(&w->syncer, NULL, syncer_run, w) == 0;
	if (w->has_ahead && w->has_syncer)
		return STATUS_OK;
	problem_set(why, "a thread cannot be made");
	return STATUS_IO;
}

enum status
segment_writer_open(struct store *s, uint64_t size_bytes, const struct counters *at,
    struct segment_writer **out, struct problem *why)
{
	struct segment_writer *w = mem_new(struct segment_writer);
	int dir = store_segments_fd(s);
	enum status st;

	w->store = s;
	w->size_bytes = size_bytes;
	w->stage = buf_init(STAGE_MAX);
	w->number = at->segment == 0 ? 1 : at->segment;
	w->at = at->segment == 0 ? SEGMENT_HEAD_LEN : at->segment_at;
	w->fd = -1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->turned, NULL);
	pthread_cond_init(&w->synced, NULL);
	st = w->at == SEGMENT_HEAD_LEN ? segment_need(w, w->number, why) : STATUS_OK;
	if (st == STATUS_OK)
		st = segment_open(dir, w->number, store_id(s), SEGMENT_WRITE, &w->fd, why);
	if (st == STATUS_ABSENT)
		st = STATUS_CORRUPT;
	if (st == STATUS_OK) {
		w->ready = w->number;
		w->wanted = w->number + 1;
		w->batch_number = w->number;
		w->batch_at = w->at;
		st = threads_start(w, why);
	}
	if (st != STATUS_OK) {
		segment_writer_close(&w);
		return st;
	}
	*out = w;
	return STATUS_OK;
}

void
segment_writer_close(struct segment_writer **wp)
{
	struct segment_writer *w = *wp;

	if (w == NULL)
		return;
	*wp = NULL;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_broadcast(&w->turned);
	pthread_cond_broadcast(&w->synced);
	pthread_mutex_unlock(&w->lock);
	if (w->has_ahead)
		pthread_join(w->ahead, NULL);
	if (w->has_syncer)
		pthread_join(w->syncer, NULL);
	pthread_cond_destroy(&w->synced);
	pthread_cond_destroy(&w->turned);
	pthread_mutex_destroy(&w->lock);
	if (w->fd >= 0)
		close(w->fd);
	buf_clear(&w->stage);
	mem_free(w);
}

static enum status
write_at(struct segment_writer *w, struct slice s, uint64_t at, struct problem *why)
{
	ssize_t n;

	w->is_dirty = true;
	while (s.len > 0) {
		n = pwrite(w->fd, s.ptr, s.len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem_set_errno(why, errno, "writing segment %08x", w->number);
			return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? STATUS_BUSY :
			    STATUS_IO;
		}
		s = slice_skip(s, (size_t)n);
		at += (uint64_t)n;
	}
	return STATUS_OK;
}

static enum status
stage_flush(struct segment_writer *w, struct problem *why)
{
	enum status st;

	if (w->stage.len == 0)
		return STATUS_OK;
	st = write_at(w, buf_slice(&w->stage), w->at - w->stage.len, why);
	buf_reset(&w->stage);
	return st;
}

/* Wait for the sync that was started. */
static enum status
sync_wait(struct segment_writer *w, struct problem *why)
{
	int err;

	if (!w->is_started)
		return STATUS_OK;
	pthread_mutex_lock(&w->lock);
	while (w->is_syncing)
		pthread_cond_wait(&w->synced, &w->lock);
	err = w->sync_errno;
	pthread_mutex_unlock(&w->lock);
	w->is_started = false;
	if (err == 0)
		return STATUS_OK;
	problem_set_errno(why, err, "syncing segment %08x", w->number);
	return STATUS_IO;
}

enum status
segment_writer_start(struct segment_writer *w, struct problem *why)
{
	enum status st;

	st = stage_flush(w, why);
	if (st != STATUS_OK || !w->is_dirty)
		return st;
	st = sync_wait(w, why);
	if (st != STATUS_OK)
		return st;
	w->is_dirty = false;
	w->is_started = true;
	pthread_mutex_lock(&w->lock);
	w->is_syncing = true;
	pthread_cond_broadcast(&w->synced);
	pthread_mutex_unlock(&w->lock);
	return STATUS_OK;
}

enum status
segment_writer_sync(struct segment_writer *w, struct problem *why)
{
	enum status st;

	st = segment_writer_start(w, why);
	return st == STATUS_OK ? sync_wait(w, why) : st;
}

/* The next segment, which is normally there already. */
static enum status
segment_turn(struct segment_writer *w, struct problem *why)
{
	uint32_t next = w->number + 1;
	enum status st;
	int fd;

	st = segment_writer_sync(w, why);
	if (st != STATUS_OK)
		return st;
	pthread_mutex_lock(&w->lock);
	if (w->wanted < next)
		w->wanted = next;
	w->failed = STATUS_OK;
	pthread_cond_broadcast(&w->turned);
	while (w->ready < next && w->failed == STATUS_OK)
		pthread_cond_wait(&w->turned, &w->lock);
	st = w->ready >= next ? STATUS_OK : w->failed;
	if (st == STATUS_OK)
		w->wanted = next + 1;
	else
		problem_set(why, "%s", w->failed_why.text);
	pthread_cond_broadcast(&w->turned);
	pthread_mutex_unlock(&w->lock);
	if (st == STATUS_OK)
		st = segment_open(store_segments_fd(w->store), next, store_id(w->store),
		    SEGMENT_WRITE, &fd, why);
	if (st != STATUS_OK)
		return st;
	close(w->fd);
	w->fd = fd;
	w->number = next;
	w->at = SEGMENT_HEAD_LEN;
	return STATUS_OK;
}

static void
stage_pad(struct segment_writer *w)
{
	static const char zeros[RECORD_ALIGN];
	size_t n = (RECORD_ALIGN - w->at % RECORD_ALIGN) % RECORD_ALIGN;

	buf_append(&w->stage, slice_make(zeros, n));
	w->at += n;
}

/* One record behind the last, in the segment at hand. */
static enum status
record_add(struct segment_writer *w, struct segment_record *r, struct text_place *place,
    struct problem *why)
{
	struct record_place where = { store_id(w->store), w->number, w->at };
	size_t meta = (size_t)record_meta_len(r);
	uint8_t head[RECORD_HEAD_LEN];
	enum status st = STATUS_OK;

	r->meta_crc = crc32c(crc32c(crc32c(0, r->mid), r->envelope), r->owners);
	r->meta_crc = crc32c(r->meta_crc, r->digest);
	r->text_crc = crc32c(0, r->text);
	record_head_encode(r, &where, head);
	*place = (struct text_place){ w->number, w->at + RECORD_HEAD_LEN + meta,
		(uint32_t)(RECORD_HEAD_LEN + meta) };
	buf_append(&w->stage, slice_make(head, sizeof(head)));
	buf_append(&w->stage, r->mid);
	buf_append(&w->stage, r->envelope);
	buf_append(&w->stage, r->owners);
	buf_append(&w->stage, r->digest);
	w->at += RECORD_HEAD_LEN + meta;
	if (r->text.len <= STAGE_TEXT_MAX) {
		buf_append(&w->stage, r->text);
	} else {
		st = stage_flush(w, why);
		if (st == STATUS_OK)
			st = write_at(w, r->text, w->at, why);
	}
	w->at += r->text.len;
	stage_pad(w);
	if (buf_status(&w->stage) != STATUS_OK)
		return STATUS_LIMIT;
	return st == STATUS_OK && w->stage.len > STAGE_FLUSH ? stage_flush(w, why) : st;
}

static enum status
marker_add(struct segment_writer *w, uint64_t last_change, struct problem *why)
{
	struct segment_record r = { .type = RECORD_MARKER, .id = last_change };
	struct buf ids = buf_init(VOIDS_MAX * 8);
	struct text_place place;
	enum status st;

	for (uint32_t i = 0; i < w->void_count; i++)
		put_u64le(&ids, w->voids[i]);
	w->void_marked = w->void_count;
	r.text = buf_slice(&ids);
	r.size_bytes = (uint32_t)r.text.len;
	sha256_of(r.text, r.sha256);
	st = record_add(w, &r, &place, why);
	buf_clear(&ids);
	return st;
}

/* Room for so many bytes, in the next segment if need be, behind the batch's marker. */
static enum status
batch_need(struct segment_writer *w, uint64_t need, uint64_t last_change, struct problem *why)
{
	bool is_turning;
	enum status st = STATUS_OK;

	if (!w->is_begun)
		need += RECORD_HEAD_LEN + (uint64_t)w->void_count * 8 + RECORD_ALIGN;
	/* What is larger than a segment begins one and runs over its end. */
	is_turning = w->at + need > w->size_bytes && w->at > SEGMENT_HEAD_LEN;
	if (is_turning)
		st = segment_turn(w, why);
	if (st == STATUS_OK && (is_turning || !w->is_begun))
		st = marker_add(w, last_change, why);
	w->is_begun = true;
	return st;
}

enum status
segment_writer_mark(struct segment_writer *w, uint64_t last_change, struct problem *why)
{
	return w->is_begun ? STATUS_OK : batch_need(w, 0, last_change, why);
}

enum status
segment_writer_add(struct segment_writer *w, struct segment_record *r, uint64_t last_change,
    struct text_place *place, struct problem *why)
{
	enum status st = batch_need(w, record_len(r) + RECORD_ALIGN, last_change, why);

	return st == STATUS_OK ? record_add(w, r, place, why) : st;
}

void
segment_writer_place(const struct segment_writer *w, struct counters *c)
{
	c->segment = w->number;
	c->segment_at = w->at;
}

void
segment_writer_void(struct segment_writer *w, uint64_t text)
{
	if (w->void_count < VOIDS_MAX)
		w->voids[w->void_count++] = text;
}

void
segment_writer_committed(struct segment_writer *w)
{
	w->void_count -= w->void_marked;
	memmove(w->voids, w->voids + w->void_marked, w->void_count * sizeof(w->voids[0]));
	w->void_marked = 0;
	w->is_begun = false;
	w->batch_number = w->number;
	w->batch_at = w->at;
}

void
segment_writer_rewind(struct segment_writer *w)
{
	buf_reset(&w->stage);
	w->void_marked = 0;
	w->is_begun = false;
	w->at = w->number == w->batch_number ? w->batch_at : SEGMENT_HEAD_LEN;
	w->batch_number = w->number;
	w->batch_at = w->at;
}
