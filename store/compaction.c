#include "store/compaction.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/counters.h"
#include "store/sealed.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/segment_writer.h"
#include "store/store.h"

#define SLICE_HEADS 1000	/* records looked at in one slice */
#define WEIGHT_BASE 8
#define VOIDS_LEN_MAX (64 * 1024)	/* of one marker */

struct move {
	const struct mover *mover;
	uint64_t id;
	struct text_place from;
};

/* A slice that has been read: texts of the job are its moves, in order. */
struct slice_job {
	struct store *store;
	uint32_t segment;
	uint32_t count;		/* records to move; behind them the text of the voids, perhaps */
	struct move moves[COMPACT_SLICE_RECORDS];
	struct job_text texts[COMPACT_SLICE_RECORDS];
	char *bytes[COMPACT_SLICE_RECORDS];	/* of each: mid, envelope, owners, digest, text */
	uint64_t total;
	struct buf voids;	/* ids that markers of the segment name */
};

/* Who refers to records of a type, and leads that to where they are now. */
struct mover {
	uint8_t type;
	/* OK: a row refers to the record whose text lies there.  ABSENT. */
	enum status (*is_wanted)(struct txn *t, uint64_t id, const struct text_place *at,
	    struct problem *why);
	enum status (*move)(struct txn *t, uint64_t id, const struct text_place *from,
	    const struct text_place *to, struct problem *why);
};

static enum status
text_is_wanted(struct txn *t, uint64_t id, const struct text_place *at, struct problem *why)
{
	struct text_row row;
	enum status st = text_get(t, id, &row, why);

	if (st != STATUS_OK)
		return st;
	return row.segment == at->segment && row.segment_at == at->at ? STATUS_OK : STATUS_ABSENT;
}

static enum status
sealed_is_wanted(struct txn *t, uint64_t id, const struct text_place *at, struct problem *why)
{
	struct sealed_row row;
	enum status st = sealed_get(t, id, &row, why);

	if (st != STATUS_OK)
		return st;
	return row.place.segment == at->segment && row.place.at == at->at ? STATUS_OK
									   : STATUS_ABSENT;
}

static enum status
sealed_moved(struct txn *t, uint64_t id, const struct text_place *from,
    const struct text_place *to, struct problem *why)
{
	enum status st = sealed_is_wanted(t, id, from, why);

	return st == STATUS_OK ? sealed_move(t, id, to, why) : st;
}

static const struct mover movers[] = {
	{ RECORD_TEXT, text_is_wanted, text_move },
	{ RECORD_JOURNAL, sealed_is_wanted, sealed_moved },
};

static const struct mover *
mover_of(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(movers); i++)
		if (movers[i].type == type)
			return &movers[i];
	return NULL;
}

struct choosing {
	const struct compact_rules *rules;
	uint32_t current;
	enum compact_work work;
	uint32_t segment;
	uint64_t best;		/* dead bytes of a thousand, of the one to be moved */
};

static bool
is_skipped(const struct compact_rules *r, uint32_t segment)
{
	for (uint32_t i = 0; i < r->skip_count; i++)
		if (r->skips[i] == segment)
			return true;
	return false;
}

static bool
choose_row(void *ctx, const struct segment_row *row)
{
	struct choosing *c = ctx;
	uint64_t all = row->live_bytes + row->dead_bytes, share;

	if (row->state == SEGMENT_RETIRED) {
		if (row->retired_at + c->rules->grace_s > c->rules->now_s)
			return true;
		c->work = COMPACT_DELETE;
		c->segment = row->number;
		return false;
	}
	if (row->number >= c->current || row->dead_bytes == 0 || is_skipped(c->rules, row->number))
		return true;
	share = row->dead_bytes * 1000 / all;
	if (share < c->rules->at_percent * UINT64_C(10) || share <= c->best)
		return true;
	c->best = share;
	c->work = row->live_bytes == 0 ? COMPACT_RETIRE : COMPACT_MOVE;
	c->segment = row->number;
	return true;
}

enum status
compact_choose(struct txn *t, const struct compact_rules *rules, enum compact_work *work,
    uint32_t *segment, struct problem *why)
{
	struct choosing c = { .rules = rules };
	struct counters n;
	enum status st = counters_get(t, &n, why);

	c.current = n.segment;
	if (st == STATUS_OK)
		st = segment_row_each(t, 0, choose_row, &c, why);
	if (st == STATUS_OK) {
		*work = c.work;
		*segment = c.segment;
	}
	return st;
}

void
compact_begin(struct compact_walk *w, uint32_t segment)
{
	*w = (struct compact_walk){ .segment = segment, .at = SEGMENT_HEAD_LEN };
}

static void
slice_free(void *own)
{
	struct slice_job *sj = own;

	for (uint32_t i = 0; i < sj->count; i++)
		mem_free(sj->bytes[i]);
	buf_clear(&sj->voids);
	mem_free(sj);
}

/* What lies behind the head of a record, proved. */
static enum status
record_bytes(int fd, uint64_t at, const struct segment_record *r, char **out, struct problem *why)
{
	size_t meta = record_meta_len(r), len = meta + r->text.len;
	char *bytes;
	enum status st;

	if (meta > TEXT_META_MAX || r->text.len > UINT32_MAX || r->mid.len > MID_LEN_MAX) {
		problem_set(why, "its lengths are wrong");
		return STATUS_CORRUPT;
	}
	bytes = mem_array(char, len + 1);
	st = segment_read(fd, at + RECORD_HEAD_LEN, bytes, len, why);
	if (st == STATUS_OK && (crc32c(0, slice_make(bytes, meta)) != r->meta_crc ||
	    crc32c(0, slice_make(bytes + meta, r->text.len)) != r->text_crc)) {
		problem_set(why, "its bytes are damaged");
		st = STATUS_CORRUPT;
	}
	if (st != STATUS_OK) {
		mem_free(bytes);
		return st;
	}
	*out = bytes;
	return STATUS_OK;
}

static struct slice
cut(struct slice *rest, size_t len)
{
	struct slice s = slice_sub(*rest, 0, len);

	*rest = slice_skip(*rest, len);
	return s;
}

/* The record as the job is to write it again. */
static void
text_of_record(const struct segment_record *r, char *bytes, struct job_text *t)
{
	struct slice rest = slice_make(bytes, record_meta_len(r) + r->text.len);
	struct slice mid = cut(&rest, r->mid.len);

	t->type = r->type;
	t->codec = r->codec;
	t->id = r->id;
	t->size_bytes = r->size_bytes;
	memcpy(t->sha256, r->sha256, SHA256_LEN);
	if (mid.len > 0)
		memcpy(t->mid, mid.ptr, mid.len);
	t->mid_len = (uint8_t)mid.len;
	t->received_at = r->received_at;
	t->received_zone = r->received_zone;
	t->uidl = r->uidl;
	t->envelope = cut(&rest, r->envelope.len);
	t->owners = cut(&rest, r->owners.len);
	t->digest = cut(&rest, r->digest.len);
	t->text = rest;
}

/* Texts that a marker names as void are named again by one that stays. */
static enum status
marker_take(int fd, uint64_t at, const struct segment_record *r, struct buf *voids,
    struct problem *why)
{
	char *bytes = NULL;
	enum status st;

	if (r->text.len == 0)
		return STATUS_OK;
	if (r->text.len > VOIDS_LEN_MAX)
		return STATUS_CORRUPT;
	st = record_bytes(fd, at, r, &bytes, why);
	if (st == STATUS_OK)
		buf_append(voids, slice_make(bytes + record_meta_len(r), r->text.len));
	mem_free(bytes);
	return st;
}

/* LIMIT: the slice is full, and the record for the next one. */
static enum status
record_take(struct slice_job *sj, struct txn *t, int fd, uint64_t at,
    const struct segment_record *r, struct problem *why)
{
	struct text_place from = { sj->segment, at + RECORD_HEAD_LEN + record_meta_len(r),
		(uint32_t)(RECORD_HEAD_LEN + record_meta_len(r)) };
	const struct mover *mover = mover_of(r->type);
	enum status st;

	if (r->type == RECORD_MARKER)
		return marker_take(fd, at, r, &sj->voids, why);
	if (mover == NULL) {
		problem_set(why, "a record of type %u is not known", r->type);
		return STATUS_CORRUPT;
	}
	st = mover->is_wanted(t, r->id, &from, why);
	if (st != STATUS_OK)
		return st == STATUS_ABSENT ? STATUS_OK : st;
	if (sj->count == COMPACT_SLICE_RECORDS ||
	    (sj->count > 0 && sj->total + record_len(r) > COMPACT_SLICE_BYTES))
		return STATUS_LIMIT;
	st = record_bytes(fd, at, r, &sj->bytes[sj->count], why);
	if (st != STATUS_OK)
		return st;
	text_of_record(r, sj->bytes[sj->count], &sj->texts[sj->count]);
	sj->moves[sj->count++] = (struct move){ mover, r->id, from };
	sj->total += record_len(r);
	return STATUS_OK;
}

/* As many records as one slice looks at. */
static enum status
slice_read(struct slice_job *sj, struct txn *t, struct compact_walk *w, struct problem *why)
{
	struct record_place place = { store_id(sj->store), w->segment, w->at };
	struct segment_record r;
	uint8_t head[RECORD_HEAD_LEN];
	enum status st;
	int fd;

	st = store_segment(sj->store, w->segment, &fd, why);
	for (unsigned i = 0; st == STATUS_OK && i < SLICE_HEADS; i++) {
		/* Zeros, or what no commit refers to: behind it lies nothing that is wanted. */
		if (segment_read(fd, place.at, (char *)head, sizeof(head), NULL) != STATUS_OK ||
		    record_head_decode(head, &place, &r) != STATUS_OK) {
			w->is_end = true;
			break;
		}
		st = record_take(sj, t, fd, place.at, &r, why);
		if (st == STATUS_OK)
			place.at += record_len(&r);
	}
	if (st != STATUS_OK && st != STATUS_LIMIT)
		return st;
	w->at = place.at;
	w->moved_bytes += sj->total;
	return STATUS_OK;
}

static enum status
slice_run(struct job *j, struct change *c, struct problem *why)
{
	const struct slice_job *sj = j->own;
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < sj->count; i++) {
		const struct text_row *row = &j->texts[i].row;
		struct text_place to = { row->segment, row->segment_at, row->head_len };

		st = sj->moves[i].mover->move(c->txn, sj->moves[i].id, &sj->moves[i].from, &to, why);
		j->texts[i].is_kept = st == STATUS_OK;
		if (st == STATUS_ABSENT)	/* it has gone meanwhile */
			st = STATUS_OK;
	}
	return st;
}

enum status
compact_slice(struct store *s, struct txn *t, struct compact_walk *w, struct job **job,
    struct problem *why)
{
	struct slice_job *sj = mem_new(struct slice_job);
	struct problem own = { "" };
	struct job_text *voids;
	struct job *j;
	enum status st;

	sj->store = s;
	sj->segment = w->segment;
	sj->voids = buf_init(SLICE_HEADS * VOIDS_LEN_MAX);
	st = slice_read(sj, t, w, &own);
	if (st != STATUS_OK) {
		problem_set(why, "segment %u, record at %llu: %s", w->segment,
		    (unsigned long long)w->at, own.text);
		slice_free(sj);
		return st;
	}
	j = job_new(STORE_UPKEEP, SLICE(""));
	j->run = slice_run;
	j->own = sj;
	j->own_free = slice_free;
	j->weight = WEIGHT_BASE + sj->count / 2;
	j->text_bytes = sj->total;
	j->text_count = sj->count + (sj->voids.len > 0);
	j->texts = mem_array(struct job_text, j->text_count);
	if (sj->count > 0)
		memcpy(j->texts, sj->texts, sj->count * sizeof(j->texts[0]));
	if (sj->voids.len > 0) {
		voids = &j->texts[sj->count];
		voids->type = RECORD_MARKER;
		voids->text = buf_slice(&sj->voids);
	}
	*job = j;
	return STATUS_OK;
}

static struct job *
segment_job(struct store *s, uint32_t segment, job_run *run)
{
	struct slice_job *sj = mem_new(struct slice_job);
	struct job *j = job_new(STORE_UPKEEP, SLICE(""));

	sj->store = s;
	sj->segment = segment;
	j->run = run;
	j->own = sj;
	j->own_free = slice_free;
	j->weight = WEIGHT_BASE;
	return j;
}

/* The count decides: what was moved is on disk since the batches before. */
static enum status
retire_run(struct job *j, struct change *c, struct problem *why)
{
	const struct slice_job *sj = j->own;
	struct segment_row row;
	enum status st = segment_row_get(c->txn, sj->segment, &row, why);

	if (st != STATUS_OK || row.state == SEGMENT_RETIRED)
		return st;
	if (row.live_bytes > 0) {
		problem_set(why, "segment %u: rows refer to %llu bytes that are not found in it",
		    sj->segment, (unsigned long long)row.live_bytes);
		return STATUS_CORRUPT;
	}
	row.state = SEGMENT_RETIRED;
	row.retired_at = c->now_s;
	return segment_row_put(c->txn, &row, why);
}

struct job *
compact_retire(struct store *s, uint32_t segment)
{
	struct job *j = segment_job(s, segment, retire_run);

	/* With a marker behind all that was moved: a rebuild takes it as sure. */
	j->texts = mem_array(struct job_text, 1);
	j->texts[0].type = RECORD_MARKER;
	j->text_count = 1;
	return j;
}

/* The file first: a row without a file is found again, a file without a row never. */
static enum status
delete_run(struct job *j, struct change *c, struct problem *why)
{
	const struct slice_job *sj = j->own;
	struct segment_row row;
	enum status st = segment_row_get(c->txn, sj->segment, &row, why);

	if (st != STATUS_OK || row.state != SEGMENT_RETIRED)
		return st;
	if (row.live_bytes > 0) {
		problem_set(why, "segment %u is retired, and rows refer to it", sj->segment);
		return STATUS_CORRUPT;
	}
	st = segment_delete(store_segments_fd(sj->store), sj->segment, why);
	return st == STATUS_OK ? segment_row_delete(c->txn, sj->segment, why) : st;
}

struct job *
compact_delete(struct store *s, uint32_t segment)
{
	return segment_job(s, segment, delete_run);
}

void
compact_progress_put(const struct compact_progress *p, struct buf *out)
{
	put_u32le(out, p->segment);
	put_u32le(out, p->retired);
	put_u32le(out, p->deleted);
	put_u64le(out, p->moved_bytes);
	put_u64le(out, p->gained_bytes);
	put_u32le(out, p->grace_s);
}

enum status
compact_progress_read(struct slice payload, struct compact_progress *out)
{
	struct reader in = reader_of(payload);
	struct compact_progress p = { 0 };

	p.segment = read_u32le(&in);
	p.retired = read_u32le(&in);
	p.deleted = read_u32le(&in);
	p.moved_bytes = read_u64le(&in);
	p.gained_bytes = read_u64le(&in);
	p.grace_s = read_u32le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = p;
	return STATUS_OK;
}
