#include "store/backup_manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

#define HEAD "tradepost-backup 1\n"
#define GROW_MIN 16

const struct backup_table backup_tables[BACKUP_ROWS] = {
	[BACKUP_ACCOUNTS] = { "account", TABLE_ACCOUNT },
	[BACKUP_MAILBOXES] = { "mailbox", TABLE_MAILBOX },
	[BACKUP_MESSAGES] = { "message", TABLE_MESSAGE },
	[BACKUP_TEXTS] = { "text", TABLE_TEXT },
	[BACKUP_ARCHIVE] = { "archive", TABLE_ARCHIVE },
	[BACKUP_QUEUE] = { "queue", TABLE_QUEUE },
};

void
backup_manifest_clear(struct backup_manifest *m)
{
	mem_free(m->files);
	mem_free(m->chunks);
	mem_free(m->segments);
	*m = (struct backup_manifest){ 0 };
}

/* Room for one more: lists double, at powers of two. */
static void *
grow(void *list, size_t count, size_t size)
{
	if (count >= GROW_MIN ? (count & (count - 1)) != 0 : count != 0)
		return list;
	return mem_resize(list, count < GROW_MIN ? GROW_MIN : 2 * count, size);
}

struct backup_file *
backup_manifest_add_file(struct backup_manifest *m, const char *path, uint32_t mode,
    uint64_t size_bytes)
{
	struct backup_file *f;

	m->files = grow(m->files, m->file_count, sizeof(*m->files));
	f = &m->files[m->file_count++];
	*f = (struct backup_file){ .mode = mode, .size_bytes = size_bytes,
		.first_chunk = m->chunk_count };
	snprintf(f->path, sizeof(f->path), "%s", path);
	return f;
}

void
backup_manifest_add_chunk(struct backup_manifest *m, const uint8_t sha256[SHA256_LEN])
{
	m->chunks = grow(m->chunks, m->chunk_count, sizeof(*m->chunks));
	memcpy(m->chunks[m->chunk_count++].sha256, sha256, SHA256_LEN);
	m->files[m->file_count - 1].chunk_count++;
}

void
backup_manifest_add_segment(struct backup_manifest *m, const struct backup_segment *s)
{
	m->segments = grow(m->segments, m->segment_count, sizeof(*m->segments));
	m->segments[m->segment_count++] = *s;
}

const struct backup_segment *
backup_manifest_segment(const struct backup_manifest *m, uint32_t number)
{
	size_t low = 0, high = m->segment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->segments[middle].number == number)
			return &m->segments[middle];
		if (m->segments[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

uint64_t
backup_manifest_size(const struct backup_manifest *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->file_count; i++)
		sum += m->files[i].size_bytes;
	for (size_t i = 0; i < m->segment_count; i++)
		sum += m->segments[i].size_bytes;
	return sum;
}

size_t
backup_chunk_size(const struct backup_file *f, size_t i)
{
	uint64_t left = f->size_bytes - (uint64_t)i * BACKUP_CHUNK;

	return left < BACKUP_CHUNK ? (size_t)left : BACKUP_CHUNK;
}

static void
put_hash(struct buf *out, const uint8_t sha256[SHA256_LEN])
{
	buf_append_hex(out, slice_make(sha256, SHA256_LEN));
	buf_append_byte(out, '\n');
}

static void
put_file(const struct backup_manifest *m, const struct backup_file *f, struct buf *out)
{
	buf_printf(out, "file %o %llu %s\n", f->mode, (unsigned long long)f->size_bytes, f->path);
	for (size_t i = 0; i < f->chunk_count; i++) {
		buf_append(out, SLICE("chunk "));
		put_hash(out, m->chunks[f->first_chunk + i].sha256);
	}
}

static void
put_segment(const struct backup_segment *s, struct buf *out)
{
	buf_printf(out, "segment %u %s %llu ", s->number, s->file,
	    (unsigned long long)s->size_bytes);
	buf_append_hex(out, slice_make(s->sha256, SHA256_LEN));
	buf_printf(out, " %llu %llu\n", (unsigned long long)s->inode,
	    (unsigned long long)s->changed_ns);
}

enum status
backup_manifest_encode(const struct backup_manifest *m, struct buf *out)
{
	uint8_t hash[SHA256_LEN];

	buf_append(out, SLICE(HEAD));
	buf_printf(out, "taken %llu\n", (unsigned long long)m->taken_at);
	buf_printf(out, "store %016llx\n", (unsigned long long)m->store);
	buf_printf(out, "change %llu\n", (unsigned long long)m->change);
	for (size_t i = 0; i < BACKUP_ROWS; i++)
		buf_printf(out, "rows %s %llu\n", backup_tables[i].name,
		    (unsigned long long)m->rows[i]);
	for (size_t i = 0; i < m->file_count; i++)
		put_file(m, &m->files[i], out);
	for (size_t i = 0; i < m->segment_count; i++)
		put_segment(&m->segments[i], out);
	sha256_of(buf_slice(out), hash);
	buf_append(out, SLICE("end "));
	put_hash(out, hash);
	return buf_status(out);
}

/* Sticky, as struct reader is: a word that is not what it should be makes everything wrong. */
struct words {
	struct slice rest;	/* of the line */
	bool is_wrong;
};

static uint64_t
take_number(struct words *w, uint64_t max)
{
	uint64_t n = 0;

	if (parse_u64(slice_take_word(&w->rest), 0, max, &n) != STATUS_OK)
		w->is_wrong = true;
	return n;
}

/* Digits of a base that is a power of two. */
static uint64_t
take_digits(struct words *w, unsigned shift, size_t len_max)
{
	struct slice word = slice_take_word(&w->rest);
	uint64_t n = 0;

	if (word.len == 0 || word.len > len_max)
		w->is_wrong = true;
	for (size_t i = 0; i < word.len; i++) {
		int digit = ascii_hex_value(word.ptr[i]);

		if (digit < 0 || digit >= 1 << shift)
			w->is_wrong = true;
		else
			n = n << shift | (unsigned)digit;
	}
	return n;
}

static void
take_hash(struct words *w, uint8_t out[SHA256_LEN])
{
	struct slice word = slice_take_word(&w->rest);

	if (word.len != 2 * (size_t)SHA256_LEN) {
		w->is_wrong = true;
		return;
	}
	for (size_t i = 0; i < SHA256_LEN; i++) {
		int high = ascii_hex_value(word.ptr[2 * i]), low = ascii_hex_value(word.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			w->is_wrong = true;
		else
			out[i] = (uint8_t)(high << 4 | low);
	}
}

static void
take_rows(struct words *w, struct backup_manifest *m)
{
	struct slice name = slice_take_word(&w->rest);
	uint64_t n = take_number(w, UINT64_MAX);

	for (size_t i = 0; i < BACKUP_ROWS; i++)
		if (slice_equal(name, slice_from_cstr(backup_tables[i].name)))
			m->rows[i] = n;
}

static void
take_file(struct words *w, struct backup_manifest *m)
{
	uint32_t mode = (uint32_t)take_digits(w, 3, 5);
	uint64_t size_bytes = take_number(w, UINT64_MAX / 2);
	char path[BACKUP_PATH_MAX + 1];

	if (!backup_path_check(w->rest)) {
		w->is_wrong = true;
		return;
	}
	snprintf(path, sizeof(path), "%.*s", SLICE_ARG(w->rest));
	w->rest = SLICE("");
	backup_manifest_add_file(m, path, mode & 0777, size_bytes);
}

static void
take_chunk(struct words *w, struct backup_manifest *m)
{
	uint8_t hash[SHA256_LEN] = { 0 };

	take_hash(w, hash);
	if (m->file_count == 0)
		w->is_wrong = true;
	else
		backup_manifest_add_chunk(m, hash);
}

/* The name is one that backup_segment_name() makes for the number. */
static bool
segment_name_is_of(struct slice name, uint32_t number, char out[BACKUP_FILE_MAX + 1])
{
	uint64_t copy = 0;

	if (name.len > 13 && slice_ends(name, SLICE(".seg")) &&
	    parse_u64(slice_sub(name, 9, name.len - 13), 1, UINT32_MAX, &copy) != STATUS_OK)
		return false;
	backup_segment_name(number, (unsigned)copy, out);
	return slice_equal(name, slice_from_cstr(out));
}

static void
take_segment(struct words *w, struct backup_manifest *m)
{
	struct backup_segment s = { .number = (uint32_t)take_number(w, UINT32_MAX) };

	if (!segment_name_is_of(slice_take_word(&w->rest), s.number, s.file) ||
	    (m->segment_count > 0 && s.number <= m->segments[m->segment_count - 1].number))
		w->is_wrong = true;
	s.size_bytes = take_number(w, UINT64_MAX / 2);
	take_hash(w, s.sha256);
	s.inode = take_number(w, UINT64_MAX);
	s.changed_ns = take_number(w, UINT64_MAX);
	if (!w->is_wrong)
		backup_manifest_add_segment(m, &s);
}

static bool
line_take(struct slice line, struct backup_manifest *m)
{
	struct words w = { line, false };
	struct slice word = slice_take_word(&w.rest);

	if (slice_equal(word, SLICE("taken")))
		m->taken_at = take_number(&w, UINT64_MAX);
	else if (slice_equal(word, SLICE("store")))
		m->store = take_digits(&w, 4, 16);
	else if (slice_equal(word, SLICE("change")))
		m->change = take_number(&w, UINT64_MAX);
	else if (slice_equal(word, SLICE("rows")))
		take_rows(&w, m);
	else if (slice_equal(word, SLICE("file")))
		take_file(&w, m);
	else if (slice_equal(word, SLICE("chunk")))
		take_chunk(&w, m);
	else if (slice_equal(word, SLICE("segment")))
		take_segment(&w, m);
	else
		return false;
	return !w.is_wrong && w.rest.len == 0;
}

/* Each file has as many chunks as its size asks for. */
static bool
chunks_fit(const struct backup_manifest *m)
{
	for (size_t i = 0; i < m->file_count; i++) {
		const struct backup_file *f = &m->files[i];

		if (f->chunk_count != (f->size_bytes + BACKUP_CHUNK - 1) / BACKUP_CHUNK)
			return false;
	}
	return true;
}

enum status
backup_manifest_decode(struct slice text, struct backup_manifest *out)
{
	size_t end_len = 4 + 2 * SHA256_LEN + 1;
	struct backup_manifest m = { 0 };
	uint8_t hash[SHA256_LEN], want[SHA256_LEN] = { 0 };
	struct slice body, last;
	struct words w;
	bool is_sound;

	if (text.len < end_len || !slice_starts(text, SLICE(HEAD)))
		return STATUS_CORRUPT;
	body = slice_sub(text, 0, text.len - end_len);
	last = slice_skip(text, text.len - end_len);
	w = (struct words){ slice_sub(last, 4, 2 * (size_t)SHA256_LEN), false };
	take_hash(&w, want);
	sha256_of(body, hash);
	is_sound = !w.is_wrong && slice_starts(last, SLICE("end ")) && slice_ends(last, SLICE("\n")) &&
	    memcmp(hash, want, sizeof(hash)) == 0;
	body = slice_skip(body, sizeof(HEAD) - 1);
	while (is_sound && body.len > 0)
		is_sound = line_take(slice_take_until(&body, '\n'), &m);
	if (!is_sound || !chunks_fit(&m)) {
		backup_manifest_clear(&m);
		return STATUS_CORRUPT;
	}
	*out = m;
	return STATUS_OK;
}

void
backup_name_make(uint64_t at_s, char out[BACKUP_NAME_LEN + 1])
{
	char at[CLOCK_RFC3339_LEN + 1];
	size_t len = 0;

	clock_write_rfc3339(at_s, at);
	for (const char *c = at; *c != '\0' && len < BACKUP_NAME_LEN; c++)
		if (*c != '-' && *c != ':')
			out[len++] = *c;
	out[len] = '\0';
}

bool
backup_name_check(struct slice name)
{
	if (name.len != BACKUP_NAME_LEN || name.ptr[8] != 'T' || name.ptr[BACKUP_NAME_LEN - 1] != 'Z')
		return false;
	for (size_t i = 0; i < BACKUP_NAME_LEN - 1; i++)
		if (i != 8 && (name.ptr[i] < '0' || name.ptr[i] > '9'))
			return false;
	return true;
}

void
backup_segment_name(uint32_t number, unsigned copy, char out[BACKUP_FILE_MAX + 1])
{
	if (copy == 0)
		snprintf(out, BACKUP_FILE_MAX + 1, "%08x.seg", number);
	else
		snprintf(out, BACKUP_FILE_MAX + 1, "%08x.%u.seg", number, copy);
}

bool
backup_path_check(struct slice path)
{
	struct slice rest = path;

	if (path.len == 0 || path.len > BACKUP_PATH_MAX || path.ptr[path.len - 1] == '/')
		return false;
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] < ' ' || path.ptr[i] == 0x7f)
			return false;
	while (rest.len > 0) {
		struct slice part = slice_take_until(&rest, '/');

		if (part.len == 0 || slice_equal(part, SLICE(".")) || slice_equal(part, SLICE("..")))
			return false;
	}
	return true;
}
