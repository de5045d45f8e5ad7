/*
 * print.h -- rows as people read them and as programs do.  Rows are JSON
 * objects; with --json they are printed one a line, else by a list of columns.
 */
#ifndef TOOLS_PRINT_H
#define TOOLS_PRINT_H

#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/slice.h"

struct column {
	const char *field;
	const char *heading;
	unsigned width;		/* of the column; longer values push the rest to the right */
};

/* One object on one line of standard output. */
void print_json(const json_t *row);
/* The headings; then each row. */
void print_headings(const struct column *columns, size_t count);
void print_row(const struct column *columns, size_t count, const json_t *row);
/* "field: value" a line, lists comma-separated, texts with line ends indented. */
void print_details(const json_t *row);
/* Append bytes as people read them: "17 bytes", "1.5 GiB". */
void print_size(struct buf *out, uint64_t bytes);
/* Set a text field; bytes that are no UTF-8 are shown as \xNN. */
void print_set(json_t *row, const char *field, struct slice text);
/* Set a field to a time, seconds since 1970, as RFC 3339 writes it. */
void print_set_time(json_t *row, const char *field, uint64_t at_s);

#endif
