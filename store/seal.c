#include "store/seal.h"

#include "base/mem.h"
#include "store/codec.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/sealed.h"
#include "store/segment.h"
#include "store/store.h"

#define ROW_PAGES 30	/* rows of a page, about */

struct sealing {
	struct sealed_row row;
	struct buf stored;
};

static void
sealing_free(void *own)
{
	struct sealing *s = own;

	buf_clear(&s->stored);
	mem_free(s);
}

static bool
is_full(const struct sealed_row *row, const struct buf *rows)
{
	return row->rows >= SEAL_ROWS || rows->len >= SEAL_BYTES;
}

/* Whole changes from the oldest on, up to a part's bounds.  False: they are to stay for now. */
static enum status
gather(struct txn *t, uint64_t before_s, struct sealed_row *row, struct buf *rows, bool *is_due,
    struct problem *why)
{
	struct journal_row line;
	struct slice key, value;
	struct cursor *c;
	enum status st = cursor_open(t, TABLE_JOURNAL, &c, why);

	if (st != STATUS_OK)
		return st;
	*is_due = false;
	st = cursor_seek(c, SLICE(""), &key, &value, why);
	while (st == STATUS_OK) {
		st = journal_decode(key, value, &line);
		if (st != STATUS_OK) {
			problem_set(why, "journal row %llu cannot be read: mailadm repair",
			    (unsigned long long)key_read_u64(key, 0));
			break;
		}
		if (line.change != row->last || row->rows == 0) {
			if (line.at_s >= before_s || is_full(row, rows))
				break;
			row->first = row->rows == 0 ? line.change : row->first;
			row->from_s = row->rows == 0 ? line.at_s : row->from_s;
		}
		row->last = line.change;
		row->until_s = line.at_s;
		row->rows++;
		put_slice(rows, key);
		put_slice(rows, value);
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	*is_due = row->rows > 0 && (is_full(row, rows) || row->from_s + SEAL_WAIT_S < before_s);
	if (st == STATUS_OK || st == STATUS_ABSENT)
		st = buf_status(rows);
	return st;
}

/* Take the rows out of the index: those that were read, and no others. */
static enum status
rows_delete(struct txn *t, const struct sealed_row *row, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	uint32_t count = 0;
	struct key k;
	enum status st = cursor_open(t, TABLE_JOURNAL, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u64(&k, row->first), &key, &value, why);
	while (st == STATUS_OK && key_read_u64(key, 0) <= row->last) {
		count++;
		st = cursor_delete(c, why);
		if (st == STATUS_OK)
			st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	if (st != STATUS_OK && st != STATUS_ABSENT)
		return st;
	if (count == row->rows)
		return STATUS_OK;
	problem_set(why, "the journal has changed while it was sealed");
	return STATUS_STALE;
}

static enum status
seal_run(struct job *j, struct change *c, struct problem *why)
{
	struct sealing *s = j->own;
	const struct text_row *at = &j->texts[0].row;
	enum status st = rows_delete(c->txn, &s->row, why);

	if (st != STATUS_OK)
		return st;
	s->row.place = (struct text_place){ at->segment, at->segment_at, at->head_len };
	j->texts[0].is_kept = true;
	return sealed_put(c->txn, &s->row, why);
}

static struct job *
seal_job(struct sealing *s, struct slice rows)
{
	struct job *j = job_new(STORE_UPKEEP, SLICE(""));
	struct job_text *t;

	j->run = seal_run;
	j->weight = s->row.rows / ROW_PAGES + 1;
	j->own = s;
	j->own_free = sealing_free;
	j->texts = mem_array(struct job_text, 1);
	j->text_count = 1;
	j->text_bytes = s->stored.len;
	t = &j->texts[0];
	t->type = RECORD_JOURNAL;
	t->codec = s->row.codec;
	t->id = s->row.first;
	t->size_bytes = s->row.size_bytes;
	t->text = buf_slice(&s->stored);
	t->envelope = t->owners = t->digest = SLICE("");
	t->received_at = s->row.from_s;
	sha256_of(rows, t->sha256);
	return j;
}

enum status
job_of_seal(struct txn *t, uint64_t before_s, struct job **out, struct problem *why)
{
	struct buf rows = buf_init(SEALED_SIZE_MAX);
	struct sealing *s = mem_new(struct sealing);
	bool is_due = false;
	enum status st;

	*out = NULL;
	st = gather(t, before_s, &s->row, &rows, &is_due, why);
	if (st == STATUS_OK && is_due) {
		s->stored = buf_init(codec_room((uint32_t)rows.len) + rows.len);
		sealed_pack(buf_slice(&rows), &s->stored, &s->row.codec);
		s->row.size_bytes = (uint32_t)rows.len;
		s->row.stored_len = (uint32_t)s->stored.len;
		*out = seal_job(s, buf_slice(&rows));
	} else {
		sealing_free(s);
	}
	buf_clear(&rows);
	return st;
}

uint32_t
seal_rows(const struct job *j)
{
	const struct sealing *s = j->own;

	return s->row.rows;
}
