/*
 * settings.h -- tradepost.conf: "[section]", "key = value", "#".
 * A daemon declares its settings in a table; parser, errors with file and
 * line, and the reference page all come from it.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdint.h>
#include <stdio.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

enum setting_type {
	SETTING_TEXT,		/* char *, given; freed by settings_free() */
	SETTING_U32,		/* uint32_t within [min, max] */
	SETTING_SIZE,		/* uint64_t bytes; "512", "64k", "20m", "1g" */
	SETTING_DURATION,	/* uint32_t seconds; "0", "30s", "5m", "2h", "7d" */
	SETTING_BOOL,		/* bool: yes or no */
};

struct setting {
	const char *section;
	const char *name;
	enum setting_type type;
	size_t offset;		/* of the field in the daemon's settings struct */
	const char *fallback;	/* as it would be written in the file */
	uint64_t min, max;	/* for numbers; both 0: no bounds */
	const char *help;	/* NULL: another program's setting, read here too */
};

#define SETTINGS_FILE_MAX (256 * 1024)
#define SETTINGS_LINE_MAX 4096

/*
 * Fill *out (zeroed by the caller) from the file's text: fallbacks first, then
 * the file.  file names it in messages.  Sections that no row with a help text
 * is of belong to other programs and are passed over; an unknown key in one of
 * ours is SYNTAX.
 * On any failure *out is zeroed again.
 *
 * SYNTAX  not UTF-8, controls, no "key = value", an unknown key, a key set twice, a bad value
 * LIMIT   text, a line or a number is too large (why names file, line and bounds)
 */
MUST_USE enum status settings_parse(struct slice text, const char *file,
    const struct setting *rows, size_t count, void *out, struct problem *why);
/* The same from a file; ABSENT when it is not there, DENIED when we may not read it, else IO. */
MUST_USE enum status settings_load(const char *path, const struct setting *rows, size_t count,
    void *out, struct problem *why);
/* Release what settings_parse() gave and zero the fields of all rows. */
void settings_free(const struct setting *rows, size_t count, void *out);
/* One value, as settings_parse() reads it.  SYNTAX no such form; LIMIT over 32 bits of seconds,
 * 64 of bytes. */
MUST_USE enum status settings_parse_duration(struct slice text, uint32_t *seconds);
MUST_USE enum status settings_parse_size(struct slice text, uint64_t *bytes);
/* Writes the reference page, one paragraph a row. */
void settings_describe(FILE *to, const struct setting *rows, size_t count);

#endif
