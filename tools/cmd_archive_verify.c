/*
 * mailadm archive verify: one pass over the chain, compared with a head that
 * was written down and with those that policyd signed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "policy/head_sign.h"
#include "tools/archive.h"
#include "tools/arguments.h"
#include "tools/print.h"

#define HEADS_PATH "../policy/" HEAD_LOG_FILE
#define KEY_PATH "../policy/" HEAD_PUBLIC_FILE

struct verification {
	const struct invocation *in;
	bool is_shown;		/* progress is, on a terminal */
	uint64_t findings;
	struct archive_head *heads;
	size_t head_count, head_cap;
};

struct wish {
	const char *from, *expect, *heads, *key;
	bool is_reading_texts;
};

static void
tell(struct verification *v, const char *field, uint64_t number, struct slice what)
{
	json_t *row;

	v->findings++;
	if (v->is_shown)
		fputs("\r\033[K", stderr);
	if (v->in->is_json) {
		row = json_object();
		json_object_set_new(row, field, json_integer((json_int_t)number));
		print_set(row, "what", what);
		print_json(row);
		json_decref(row);
	} else {
		printf("%s %llu: %.*s\n", field, (unsigned long long)number, SLICE_ARG(what));
	}
}

static void
on_found(void *ctx, uint64_t entry, struct slice what)
{
	tell(ctx, "entry", entry, what);
}

static void
on_progress(void *ctx, uint64_t entry, uint64_t last)
{
	const struct verification *v = ctx;

	if (v->is_shown)
		fprintf(stderr, "\r\033[Kentry %llu of %llu", (unsigned long long)entry,
		    (unsigned long long)last);
}

static void
keep_head(struct verification *v, const struct archive_head *head)
{
	if (v->head_count == v->head_cap) {
		v->head_cap = v->head_cap == 0 ? 256 : 2 * v->head_cap;
		v->heads = mem_resize(v->heads, v->head_cap, sizeof(v->heads[0]));
	}
	v->heads[v->head_count++] = *head;
}

static int
head_order(const void *a, const void *b)
{
	const struct archive_head *x = a, *y = b;

	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* The lines of a file of signed heads. */
static void
read_lines(struct verification *v, FILE *f, struct head_key *key, uint64_t store)
{
	char line[HEAD_LINE_MAX + 2];
	struct archive_head head;
	uint64_t number = 0, of;
	enum status st;

	while (fgets(line, sizeof(line), f) != NULL) {
		struct slice text = slice_trim(slice_from_cstr(line));

		number++;
		if (text.len == 0)
			continue;
		st = head_line_read(key, text, &of, &head);
		if (st == STATUS_OK && of != store)
			tell(v, "line", number, SLICE("it was signed for another store"));
		else if (st == STATUS_OK)
			keep_head(v, &head);
		else if (st == STATUS_CORRUPT)
			tell(v, "line", number, SLICE("the instance's key has not signed it"));
		else if (line[strlen(line) - 1] == '\n')
			tell(v, "line", number, SLICE("it is no signed head"));
		/* else: being written, or a power cut ended it */
	}
	if (v->head_count > 0)
		qsort(v->heads, v->head_count, sizeof(v->heads[0]), head_order);
}

/* Signed heads: those of the file named; or the instance's own, where there are any yet. */
static enum status
read_heads(struct verification *v, const struct wish *w, uint64_t store, struct problem *why)
{
	struct head_key *key;
	FILE *f = fopen(w->heads != NULL ? w->heads : HEADS_PATH, "re");
	enum status st;

	if (f == NULL && w->heads == NULL && errno == ENOENT)
		return STATUS_OK;
	if (f == NULL) {
		problem_set_errno(why, errno, "%s", w->heads != NULL ? w->heads : HEADS_PATH);
		return errno == ENOENT ? STATUS_ABSENT : STATUS_DENIED;
	}
	st = head_key_public(w->key != NULL ? w->key : KEY_PATH, &key, why);
	if (st == STATUS_OK) {
		read_lines(v, f, key, store);
		head_key_free(&key);
	}
	fclose(f);
	return st;
}

static enum status
read_from(const struct wish *w, struct archive_head *from, struct problem *why)
{
	struct slice hash = slice_from_cstr(w->expect);

	if (w->from == NULL && w->expect == NULL)
		return STATUS_OK;
	if (w->from == NULL || w->expect == NULL ||
	    parse_u64(slice_from_cstr(w->from), 1, UINT64_MAX, &from->entry) != STATUS_OK ||
	    ascii_hex_decode(hash, from->hash, sizeof(from->hash)) != STATUS_OK) {
		problem_set(why, "--from-entry and --expect-head take both parts of what "
		    "archive head printed");
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

static void
conclude(const struct verification *v, const struct archive_head *head)
{
	struct buf hash = buf_init(2 * SHA256_LEN);

	buf_append_hex(&hash, slice_make(head->hash, sizeof(head->hash)));
	if (v->in->is_json) {
		json_t *row = json_object();

		json_object_set_new(row, "head", json_integer((json_int_t)head->entry));
		print_set(row, "hash", buf_slice(&hash));
		json_object_set_new(row, "signed_heads", json_integer((json_int_t)v->head_count));
		print_json(row);
		json_decref(row);
	} else {
		printf("the archive is whole; its head, to be kept elsewhere:\n%llu %.*s\n",
		    (unsigned long long)head->entry, SLICE_ARG(buf_slice(&hash)));
	}
	buf_clear(&hash);
}

static enum status
run(struct verification *v, const struct wish *w, struct store *s, struct problem *why)
{
	struct archive_verify pass = { .is_reading_texts = w->is_reading_texts,
		.found = on_found, .progress = on_progress, .ctx = v };
	struct archive_head head;
	enum status st = read_from(w, &pass.from, why);

	if (st == STATUS_OK)
		st = read_heads(v, w, store_id(s), why);
	if (st != STATUS_OK)
		return st;
	pass.heads = v->heads;
	pass.head_count = v->head_count;
	st = archive_verify(s, &pass, &head, why);
	if (v->is_shown)
		fputs("\r\033[K", stderr);
	if (st == STATUS_OK && v->findings > 0)
		st = STATUS_CORRUPT;
	if (st == STATUS_OK)
		conclude(v, &head);
	else if (v->findings > 0)
		problem_set(why, "%llu finding%s", (unsigned long long)v->findings,
		    v->findings == 1 ? "" : "s");
	return st;
}

/* Paths are the caller's; the instance is entered afterwards.  *own: free(). */
static enum status
make_absolute(const char **path, char **own, struct problem *why)
{
	if (*path == NULL)
		return STATUS_OK;
	*own = realpath(*path, NULL);
	if (*own == NULL) {
		problem_set_errno(why, errno, "%s", *path);
		return STATUS_ABSENT;
	}
	*path = *own;
	return STATUS_OK;
}

enum status
archive_cmd_verify(const struct invocation *in, struct problem *why)
{
	struct wish w = { 0 };
	const struct argument arguments[] = {
		{ .name = "--texts", .flag = &w.is_reading_texts },
		{ .name = "--from-entry", .text = &w.from },
		{ .name = "--expect-head", .text = &w.expect },
		{ .name = "--heads", .text = &w.heads },
		{ .name = "--key", .text = &w.key },
	};
	struct verification v = { .in = in, .is_shown = isatty(STDERR_FILENO) };
	struct store *s = NULL;
	char *heads = NULL, *key = NULL;
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK)
		st = make_absolute(&w.heads, &heads, why);
	if (st == STATUS_OK)
		st = make_absolute(&w.key, &key, why);
	if (st == STATUS_OK)
		st = archive_open(in, &s, why);
	if (st == STATUS_OK)
		st = run(&v, &w, s, why);
	store_close(&s);
	mem_free(v.heads);
	free(heads);
	free(key);
	return st;
}
