#include "base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"

struct unit {
	char letter;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ 'k', UINT64_C(1) << 10 },
	{ 'm', UINT64_C(1) << 20 },
	{ 'g', UINT64_C(1) << 30 },
};

static const struct unit duration_units[] = {
	{ 's', 1 },
	{ 'm', 60 },
	{ 'h', 3600 },
	{ 'd', 86400 },
};

static const char *const type_names[] = {
	[SETTING_TEXT] = "text",
	[SETTING_U32] = "number",
	[SETTING_SIZE] = "size: bytes, or with k, m, g",
	[SETTING_DURATION] = "duration: with s, m, h, d",
	[SETTING_BOOL] = "yes or no",
};

/* The file being read. */
struct parse {
	const char *file;
	const struct setting *rows;
	size_t count;
	char *out;
	struct problem *why;
	uint32_t *set_at;	/* for each row: the line that set it, or 0 */
	uint32_t line;
	struct slice section;
	bool is_ours;		/* some row with a help text is of this section */
	bool has_section;
};

/* A number with one of the units behind it; a bare number only where that says enough. */
static enum status
parse_scaled(struct slice text, const struct unit *units, size_t count, bool is_bare_fine,
    uint64_t *out)
{
	uint64_t factor = 1;
	bool has_unit = false;
	uint64_t n;
	enum status st;
	size_t i;

	for (i = 0; i < count && text.len > 0; i++) {
		if (ascii_lower(text.ptr[text.len - 1]) != units[i].letter || has_unit)
			continue;
		factor = units[i].factor;
		has_unit = true;
	}
	st = parse_u64(slice_sub(text, 0, text.len - has_unit), 0, UINT64_MAX, &n);
	if (st != STATUS_OK)
		return st;
	if (!has_unit && !is_bare_fine && n != 0)
		return STATUS_SYNTAX;
	if (__builtin_mul_overflow(n, factor, &n))
		return STATUS_LIMIT;
	*out = n;
	return STATUS_OK;
}

enum status
settings_parse_duration(struct slice text, uint32_t *seconds)
{
	uint64_t n;
	enum status st;

	st = parse_scaled(text, duration_units, ARRAY_LEN(duration_units), false, &n);
	if (st != STATUS_OK)
		return st;
	if (n > UINT32_MAX)
		return STATUS_LIMIT;
	*seconds = (uint32_t)n;
	return STATUS_OK;
}

enum status
settings_parse_size(struct slice text, uint64_t *bytes)
{
	return parse_scaled(text, size_units, ARRAY_LEN(size_units), true, bytes);
}

static enum status
parse_bool(struct slice text, uint64_t *out)
{
	if (slice_equal_nocase(text, SLICE("yes")))
		*out = 1;
	else if (slice_equal_nocase(text, SLICE("no")))
		*out = 0;
	else
		return STATUS_SYNTAX;
	return STATUS_OK;
}

/* Any value but text, as a number within the row's bounds. */
static enum status
parse_number(const struct setting *row, struct slice text, uint64_t *out)
{
	enum status st = STATUS_SYNTAX;
	uint32_t seconds = 0;
	uint64_t n = 0;

	switch (row->type) {
	case SETTING_U32:
		st = parse_u64(text, 0, UINT32_MAX, &n);
		break;
	case SETTING_SIZE:
		st = settings_parse_size(text, &n);
		break;
	case SETTING_DURATION:
		st = settings_parse_duration(text, &seconds);
		n = seconds;
		break;
	case SETTING_BOOL:
		return parse_bool(text, out);
	case SETTING_TEXT:
		break;
	}
	if (st != STATUS_OK)
		return st;
	if ((row->min != 0 || row->max != 0) && (n < row->min || n > row->max))
		return STATUS_LIMIT;
	*out = n;
	return STATUS_OK;
}

/* Put a value into its field. */
static enum status
assign(const struct setting *row, struct slice text, char *out)
{
	char *field = out + row->offset;
	uint64_t n = 0;
	enum status st;

	if (row->type == SETTING_TEXT) {
		char *copy = mem_dup(text);
		char *before;

		memcpy(&before, field, sizeof(before));
		mem_free(before);
		memcpy(field, &copy, sizeof(copy));
		return STATUS_OK;
	}
	st = parse_number(row, text, &n);
	if (st != STATUS_OK)
		return st;
	if (row->type == SETTING_SIZE) {
		memcpy(field, &n, sizeof(n));
	} else if (row->type == SETTING_BOOL) {
		bool is_on = n != 0;

		memcpy(field, &is_on, sizeof(is_on));
	} else {
		uint32_t small = (uint32_t)n;

		memcpy(field, &small, sizeof(small));
	}
	return STATUS_OK;
}

static enum status
refuse_value(const struct parse *p, const struct setting *row, struct slice value, enum status st)
{
	if (st == STATUS_LIMIT && row->max != 0)
		problem_set(p->why, "%s:%" PRIu32 ": %s = %.*s is out of bounds: %" PRIu64
		    " to %" PRIu64, p->file, p->line, row->name, SLICE_ARG(value), row->min,
		    row->max);
	else if (st == STATUS_LIMIT)
		problem_set(p->why, "%s:%" PRIu32 ": %s = %.*s is too large", p->file, p->line,
		    row->name, SLICE_ARG(value));
	else
		problem_set(p->why, "%s:%" PRIu32 ": %s = %.*s is not a %s", p->file, p->line,
		    row->name, SLICE_ARG(value), type_names[row->type]);
	return st;
}

/* "[name]": whether its keys are ours. */
static enum status
read_section(struct parse *p, struct slice line)
{
	size_t i;

	if (line.len < 3 || line.ptr[line.len - 1] != ']') {
		problem_set(p->why, "%s:%" PRIu32 ": a section is written [name]", p->file,
		    p->line);
		return STATUS_SYNTAX;
	}
	p->section = slice_trim(slice_sub(line, 1, line.len - 2));
	p->has_section = true;
	p->is_ours = false;
	for (i = 0; i < p->count; i++)
		if (p->rows[i].help != NULL &&
		    slice_equal(p->section, slice_from_cstr(p->rows[i].section)))
			p->is_ours = true;
	return STATUS_OK;
}

static enum status
read_pair(struct parse *p, struct slice line)
{
	struct slice value = line;
	struct slice key = slice_trim(slice_take_until(&value, '='));
	const struct setting *row = NULL;
	enum status st;
	size_t i;

	if (key.len == 0 || slice_find_byte(line, '=') == line.len || !p->has_section) {
		problem_set(p->why, "%s:%" PRIu32 ": %s", p->file, p->line,
		    p->has_section ? "expected key = value" : "a [section] comes before any key");
		return STATUS_SYNTAX;
	}
	value = slice_trim(value);
	for (i = 0; i < p->count && row == NULL; i++)
		if (slice_equal(p->section, slice_from_cstr(p->rows[i].section)) &&
		    slice_equal(key, slice_from_cstr(p->rows[i].name)))
			row = &p->rows[i];
	if (row == NULL && !p->is_ours)
		return STATUS_OK;
	if (row == NULL) {
		problem_set(p->why, "%s:%" PRIu32 ": no setting %.*s in [%.*s]", p->file,
		    p->line, SLICE_ARG(key), SLICE_ARG(p->section));
		return STATUS_SYNTAX;
	}
	if (p->set_at[row - p->rows] != 0) {
		problem_set(p->why, "%s:%" PRIu32 ": %s was set on line %" PRIu32 " already",
		    p->file, p->line, row->name, p->set_at[row - p->rows]);
		return STATUS_SYNTAX;
	}
	st = assign(row, value, p->out);
	if (st != STATUS_OK)
		return refuse_value(p, row, value, st);
	p->set_at[row - p->rows] = p->line;
	return STATUS_OK;
}

/* HTAB and the CR of a line end are the only controls a line may have. */
static bool
has_control(struct slice line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (ascii_is_control(line.ptr[i]) && line.ptr[i] != '\t')
			return true;
	return false;
}

static enum status
read_line(struct parse *p, struct slice line)
{
	if (line.len > SETTINGS_LINE_MAX) {
		problem_set(p->why, "%s:%" PRIu32 ": the line is longer than %d bytes", p->file,
		    p->line, SETTINGS_LINE_MAX);
		return STATUS_LIMIT;
	}
	line = slice_trim(line);
	if (has_control(line) || !utf8_is_valid(line)) {
		problem_set(p->why, "%s:%" PRIu32 ": the line is not UTF-8 text", p->file,
		    p->line);
		return STATUS_SYNTAX;
	}
	if (line.len == 0 || line.ptr[0] == '#')
		return STATUS_OK;
	if (line.ptr[0] == '[')
		return read_section(p, line);
	return read_pair(p, line);
}

enum status
settings_parse(struct slice text, const char *file, const struct setting *rows, size_t count,
    void *out, struct problem *why)
{
	struct parse p = { .file = file, .rows = rows, .count = count, .out = out, .why = why };
	enum status st = STATUS_OK;
	size_t i;

	if (text.len > SETTINGS_FILE_MAX) {
		problem_set(why, "%s: the file is larger than %d bytes", file, SETTINGS_FILE_MAX);
		return STATUS_LIMIT;
	}
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_skip(text, 3);	/* Windows editors put it there */
	for (i = 0; i < count; i++)
		ASSERT(assign(&rows[i], slice_from_cstr(rows[i].fallback), out) == STATUS_OK);
	p.set_at = mem_array(uint32_t, count);
	while (text.len > 0 && st == STATUS_OK) {
		p.line++;
		st = read_line(&p, slice_take_until(&text, '\n'));
	}
	mem_free(p.set_at);
	if (st != STATUS_OK)
		settings_free(rows, count, out);
	return st;
}

/* All of an open file; LIMIT when it is larger than settings may be. */
static enum status
read_all(int fd, const char *path, struct buf *text, struct problem *why)
{
	for (;;) {
		ssize_t n;

		if (buf_reserve(text, 4096) != STATUS_OK) {
			problem_set(why, "%s: the file is larger than %d bytes", path,
			    SETTINGS_FILE_MAX);
			return STATUS_LIMIT;
		}
		n = read(fd, text->ptr + text->len, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem_set_errno(why, errno, "%s", path);
			return STATUS_IO;
		}
		if (n == 0)
			return STATUS_OK;
		text->len += (size_t)n;
	}
}

enum status
settings_load(const char *path, const struct setting *rows, size_t count, void *out,
    struct problem *why)
{
	struct buf text = buf_init(SETTINGS_FILE_MAX + 4096);
	enum status st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		int err = errno;

		problem_set_errno(why, err, "%s", path);
		return err == ENOENT ? STATUS_ABSENT : err == EACCES ? STATUS_DENIED : STATUS_IO;
	}
	st = read_all(fd, path, &text, why);
	if (st == STATUS_OK)
		st = settings_parse(buf_slice(&text), path, rows, count, out, why);
	close(fd);
	buf_wipe(&text);
	return st;
}

void
settings_free(const struct setting *rows, size_t count, void *out)
{
	static const size_t sizes[] = {
		[SETTING_TEXT] = sizeof(char *),
		[SETTING_U32] = sizeof(uint32_t),
		[SETTING_SIZE] = sizeof(uint64_t),
		[SETTING_DURATION] = sizeof(uint32_t),
		[SETTING_BOOL] = sizeof(bool),
	};
	size_t i;

	for (i = 0; i < count; i++) {
		char *field = (char *)out + rows[i].offset;

		if (rows[i].type == SETTING_TEXT) {
			char *text;

			memcpy(&text, field, sizeof(text));
			if (text != NULL)
				mem_wipe(text, strlen(text));
			mem_free(text);
		}
		memset(field, 0, sizes[rows[i].type]);
	}
}

void
settings_describe(FILE *to, const struct setting *rows, size_t count)
{
	const char *section = "";
	size_t i;

	for (i = 0; i < count; i++) {
		const struct setting *row = &rows[i];

		if (row->help == NULL)
			continue;
		if (strcmp(section, row->section) != 0)
			fprintf(to, "[%s]\n\n", row->section);
		section = row->section;
		fprintf(to, "%s = %s\n    %s", row->name, row->fallback, type_names[row->type]);
		if (row->min != 0 || row->max != 0)
			fprintf(to, "; %" PRIu64 " to %" PRIu64, row->min, row->max);
		fprintf(to, "\n    %s\n\n", row->help);
	}
}
