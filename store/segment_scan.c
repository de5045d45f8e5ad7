#include "store/segment_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

#define WINDOW (1024 * 1024)
#define MARKER_MAX (64 * 1024)

struct scanning {
	struct segment_scan *out;
	int fd;
	uint32_t number;
	uint64_t size;
	uint8_t *window;	/* bytes of the file from window_at on */
	uint64_t window_at;
	size_t window_len;
};

/* Room for one more, twice as much each time. */
static void *
grow(void *all, size_t count, size_t size)
{
	return (count & (count - 1)) == 0 ? mem_resize(all, count == 0 ? 1 : 2 * count, size) : all;
}

/* len bytes at a place, borrowed until the next call; NULL where the file ends before. */
static const uint8_t *
bytes_at(struct scanning *s, uint64_t at, size_t len)
{
	ssize_t n;

	if (at + len > s->size)
		return NULL;
	if (at < s->window_at || at + len > s->window_at + s->window_len) {
		n = pread(s->fd, s->window, WINDOW, (off_t)at);
		s->window_at = at;
		s->window_len = n > 0 ? (size_t)n : 0;
		if (s->window_len < len)
			return NULL;
	}
	return s->window + (at - s->window_at);
}

static bool
record_at(struct scanning *s, uint64_t at, struct segment_record *r)
{
	struct record_place place = { s->out->store, s->number, at };
	const uint8_t *head = bytes_at(s, at, RECORD_HEAD_LEN);

	return head != NULL && record_head_decode(head, &place, r) == STATUS_OK &&
	    record_len(r) <= s->size - at + RECORD_ALIGN;
}

static bool
marker_take(struct scanning *s, uint64_t at, const struct segment_record *r)
{
	const uint8_t *text;

	if (record_meta_len(r) != 0 || r->text.len % 8 != 0 || r->text.len > MARKER_MAX)
		return false;
	text = bytes_at(s, at + RECORD_HEAD_LEN, r->text.len);
	if (text == NULL || crc32c(0, slice_make(text, r->text.len)) != r->text_crc)
		return false;
	s->out->markers = grow(s->out->markers, s->out->marker_count, sizeof(s->out->markers[0]));
	s->out->markers[s->out->marker_count++] = (struct scan_marker){ r->id, s->number };
	for (size_t i = 0; i < r->text.len; i += 8) {
		s->out->voids = grow(s->out->voids, s->out->void_count, sizeof(s->out->voids[0]));
		s->out->voids[s->out->void_count++] = load_u64le(text + i);
	}
	return true;
}

static void
text_take(struct scanning *s, uint64_t at, uint64_t id)
{
	struct segment_scan *out = s->out;

	out->texts = grow(out->texts, out->text_count, sizeof(out->texts[0]));
	out->texts[out->text_count++] = (struct scan_text){ id, s->number, at, out->marker_count };
}

static void
gap_take(struct scanning *s, uint64_t from, uint64_t to)
{
	s->out->gaps = grow(s->out->gaps, s->out->gap_count, sizeof(s->out->gaps[0]));
	s->out->gaps[s->out->gap_count++] = (struct scan_gap){ s->number, from, to };
}

/* A record, taken: its length.  0: there is none. */
static uint64_t
record_take(struct scanning *s, uint64_t at)
{
	struct segment_record r;

	if (!record_at(s, at, &r))
		return 0;
	if (r.type == RECORD_MARKER && !marker_take(s, at, &r))
		return 0;
	if (r.type == RECORD_TEXT)
		text_take(s, at, r.id);
	return record_len(&r);
}

/* Records one behind the other; where there is none, the next place that has one. */
static uint64_t
records_walk(struct scanning *s)
{
	uint64_t at = SEGMENT_HEAD_LEN, end = at, len;

	while (at + RECORD_HEAD_LEN <= s->size) {
		len = record_take(s, at);
		if (len == 0) {
			at += RECORD_ALIGN;
			continue;
		}
		if (at > end)
			gap_take(s, end, at);
		at += len;
		end = at;
	}
	return end;
}

static bool
head_read(int fd, uint32_t number, uint64_t *store)
{
	uint8_t head[SEGMENT_HEAD_LEN];

	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    memcmp(head, "TPSEG1\r\n", 8) == 0 && load_u32le(head + 16) == number &&
	    load_u32le(head + SEGMENT_HEAD_LEN - 4) ==
		crc32c(0, slice_make(head, SEGMENT_HEAD_LEN - 4)) &&
	    (*store = load_u64le(head + 8), true);
}

enum status
scan_open(int dir, uint32_t number, int *fd, struct problem *why)
{
	char name[16];
	int f;

	snprintf(name, sizeof(name), "%08x.seg", number);
	f = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (f < 0) {
		problem_set_errno(why, errno, "segment %s", name);
		return errno == ENOENT ? STATUS_ABSENT : STATUS_IO;
	}
	*fd = f;
	return STATUS_OK;
}

static int
file_order(const void *a, const void *b)
{
	const struct scan_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int
text_order(const void *a, const void *b)
{
	const struct scan_text *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int
number_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static enum status
files_list(int dir, struct segment_scan *out, struct problem *why)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	unsigned number;
	char *rest;

	if (d == NULL) {
		problem_set_errno(why, errno, "the segments' directory");
		if (copy >= 0)
			close(copy);
		return STATUS_IO;
	}
	while ((e = readdir(d)) != NULL) {
		number = (unsigned)strtoul(e->d_name, &rest, 16);
		if (rest != e->d_name + 8 || strcmp(rest, ".seg") != 0 || number == 0)
			continue;
		out->files = grow(out->files, out->file_count, sizeof(out->files[0]));
		out->files[out->file_count++] = (struct scan_file){ .number = number };
	}
	closedir(d);
	if (out->file_count > 0)
		qsort(out->files, out->file_count, sizeof(out->files[0]), file_order);
	return STATUS_OK;
}

/* The id that most heads carry. */
static uint64_t
store_guess(int dir, struct segment_scan *out)
{
	uint64_t store, best = 0;
	size_t votes = 0;
	int fd;

	for (size_t i = 0; i < out->file_count; i++) {
		if (scan_open(dir, out->files[i].number, &fd, NULL) != STATUS_OK)
			continue;
		if (head_read(fd, out->files[i].number, &store)) {
			if (votes == 0)
				best = store;
			votes = best == store ? votes + 1 : votes - 1;
		}
		close(fd);
	}
	return best;
}

static enum status
file_scan(int dir, struct segment_scan *out, struct scan_file *f, uint8_t *window,
    struct problem *why)
{
	struct scanning s = { .out = out, .number = f->number, .window = window };
	struct stat sb;
	uint64_t store = 0;
	enum status st = scan_open(dir, f->number, &s.fd, why);

	if (st != STATUS_OK)
		return st;
	if (fstat(s.fd, &sb) == 0)
		s.size = (uint64_t)sb.st_size;
	f->has_head = head_read(s.fd, f->number, &store) && store == out->store;
	f->end = records_walk(&s);
	close(s.fd);
	return STATUS_OK;
}

enum status
segment_scan(int dir, uint64_t store, void (*progress)(void *ctx, uint64_t done, uint64_t total),
    void *ctx, struct segment_scan *out, struct problem *why)
{
	uint8_t *window = mem_zeroed(1, WINDOW);
	enum status st;

	*out = (struct segment_scan){ .store = store };
	st = files_list(dir, out, why);
	if (st == STATUS_OK && store == 0)
		out->store = store_guess(dir, out);
	if (st == STATUS_OK && out->store == 0 && out->file_count > 0) {
		problem_set(why, "no segment has a head that can be read");
		st = STATUS_ABSENT;
	}
	for (size_t i = 0; st == STATUS_OK && i < out->file_count; i++) {
		st = file_scan(dir, out, &out->files[i], window, why);
		if (progress != NULL)
			progress(ctx, i + 1, out->file_count);
	}
	mem_free(window);
	if (out->text_count > 0)
		qsort(out->texts, out->text_count, sizeof(out->texts[0]), text_order);
	if (out->void_count > 0)
		qsort(out->voids, out->void_count, sizeof(out->voids[0]), number_order);
	if (st != STATUS_OK)
		segment_scan_clear(out);
	return st;
}

void
segment_scan_clear(struct segment_scan *s)
{
	mem_free(s->texts);
	mem_free(s->gaps);
	mem_free(s->markers);
	mem_free(s->voids);
	mem_free(s->files);
	*s = (struct segment_scan){ 0 };
}

const struct scan_text *
scan_find(const struct segment_scan *s, uint64_t id)
{
	size_t from = 0, to = s->text_count;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->texts[mid].id < id)
			from = mid + 1;
		else
			to = mid;
	}
	return from < s->text_count && s->texts[from].id == id ? &s->texts[from] : NULL;
}
