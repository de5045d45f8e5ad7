#include "tools/print.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/clock.h"

#define VALUE_MAX (256u * 1024)

void
print_json(const json_t *row)
{
	json_dumpf(row, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	fflush(stdout);
}

/* Append what peers wrote without controls, which a terminal would obey. */
static void
plain_text(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool is_c1 = c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0;

		if (c == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n')
			continue;	/* a line end of a mail is one here, too */
		if (is_c1)
			i++;
		if (is_c1 || (ascii_is_control((char)c) && c != '\n' && c != '\t'))
			buf_append_byte(out, c == '\r' ? ' ' : '?');
		else
			buf_append_byte(out, (char)c);
	}
}

/* Append a value as text; inner objects as "key=value". */
static void
value_text(const json_t *v, struct buf *out)
{
	size_t i;
	const char *key;
	json_t *item;

	switch (json_typeof(v)) {
	case JSON_STRING:
		plain_text(slice_make(json_string_value(v), json_string_length(v)), out);
		return;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return;
	case JSON_REAL:
		buf_printf(out, "%.1f", json_real_value(v));
		return;
	case JSON_TRUE:
		buf_append(out, SLICE("yes"));
		return;
	case JSON_FALSE:
		buf_append(out, SLICE("no"));
		return;
	case JSON_NULL:
		buf_append(out, SLICE("-"));
		return;
	case JSON_ARRAY:
		json_array_foreach(v, i, item)
		{
			if (i > 0)
				buf_append(out, SLICE(", "));
			value_text(item, out);
		}
		return;
	case JSON_OBJECT:
		json_object_foreach((json_t *)(uintptr_t)v, key, item)
		{
			if (out->len > 0 && out->ptr[out->len - 1] != ' ')
				buf_append_byte(out, ' ');
			buf_printf(out, "%s=", key);
			value_text(item, out);
		}
		return;
	}
}

void
print_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t u = 0;

	for (; value >= 1024 && u + 1 < ARRAY_LEN(units); u++)
		value /= 1024;
	if (u == 0)
		buf_printf(out, "%llu bytes", (unsigned long long)bytes);
	else
		buf_printf(out, "%.1f %s", value, units[u]);
}

/* Columns a terminal uses: wide characters (CJK, full width) count two. */
static unsigned
display_width(struct slice s)
{
	unsigned width = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < 0x80)
			width += 1;
		else if (c >= 0xe3 && c < 0xf0)
			width += 2;
		else if (c >= 0xc0)
			width += 1;
	}
	return width;
}

static void
print_cell(struct slice text, unsigned width, int is_last)
{
	unsigned used = display_width(text);

	fwrite(text.ptr, 1, text.len, stdout);
	if (is_last)
		return;
	do
		putchar(' ');
	while (++used <= width);
}

void
print_headings(const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print_cell(slice_from_cstr(columns[i].heading), columns[i].width, i + 1 == count);
	putchar('\n');
}

void
print_row(const struct column *columns, size_t count, const json_t *row)
{
	for (size_t i = 0; i < count; i++) {
		const json_t *v = json_object_get(row, columns[i].field);
		struct buf text = buf_init(VALUE_MAX);

		if (v != NULL)
			value_text(v, &text);
		if (text.len == 0)
			buf_append_byte(&text, '-');
		print_cell(buf_slice(&text), columns[i].width, i + 1 == count);
		buf_clear(&text);
	}
	putchar('\n');
}

void
print_details(const json_t *row)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)row, key, v)
	{
		struct buf text = buf_init(VALUE_MAX);
		struct slice rest;

		value_text(v, &text);
		rest = buf_slice(&text);
		printf("%s:", key);
		if (slice_find_byte(rest, '\n') == rest.len) {
			printf(" %.*s\n", SLICE_ARG(rest));
		} else {
			putchar('\n');
			while (rest.len > 0) {
				struct slice line = slice_take_until(&rest, '\n');

				printf("    %.*s\n", SLICE_ARG(line));
			}
		}
		buf_clear(&text);
	}
}

void
print_set(json_t *row, const char *field, struct slice text)
{
	struct buf shown = buf_init(VALUE_MAX);
	bool is_utf8 = utf8_is_valid(text);

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c >= 0x80 && !is_utf8)
			buf_printf(&shown, "\\x%02x", c);
		else
			buf_append_byte(&shown, (char)c);
	}
	json_object_set_new(row, field, json_stringn(shown.len ? shown.ptr : "", shown.len));
	buf_clear(&shown);
}

void
print_set_time(json_t *row, const char *field, uint64_t at_s)
{
	struct buf at = buf_init(64);

	clock_format_rfc3339(at_s, &at);
	print_set(row, field, buf_slice(&at));
	buf_clear(&at);
}
