/*
 * replay.c -- runs a fuzz target over inputs that are kept: files as they are,
 * and packs (pack.py), which hold many.  For builds without libFuzzer.
 *
 *   fuzz_NAME [--starve BUDGET] FILE...
 *
 * --starve: each input as often as a library allocates, with another allocation
 * failing each time (starve.h); about BUDGET times in all, so some inputs are left out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"
#include "tests/fuzz/starve.h"

#define FILE_MAX (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

enum { STARVED_EACH = 40 };	/* times that one input is run at most */

/* Inputs are replayed one after the other, whole or starved. */
static struct {
	unsigned budget;	/* 0: none is starved */
	unsigned starved;
} s;

static const struct slice pack_head = SLICE("TRADEPOST SEEDS\n");

/* In memory of its own size, so that a read past its end is seen. */
static void
run_one(struct slice input)
{
	uint8_t *exact = malloc(input.len == 0 ? 1 : input.len);

	ASSERT(exact != NULL);
	if (input.len > 0)
		memcpy(exact, input.ptr, input.len);
	(void)LLVMFuzzerTestOneInput(exact, input.len);
	free(exact);
}

static void
replay_one(struct slice input)
{
	unsigned left = s.budget - s.starved;

	/* First as it is: what libraries make once is there, as it is in a daemon that has started. */
	if (s.budget == 0 || s.starved < s.budget)
		run_one(input);
	if (s.budget > 0)
		s.starved += starve(run_one, input, left < STARVED_EACH ? left : STARVED_EACH);
}

/* Entries "NAME LENGTH\n", as many bytes, "\n".  How many there were. */
static unsigned
replay_pack(struct slice rest)
{
	unsigned count = 0;
	uint32_t len;

	for (; rest.len > 0; count++) {
		struct slice line = slice_take_until(&rest, '\n');
		struct slice name = slice_take_word(&line);

		if (parse_u32(line, 0, FILE_MAX, &len) != STATUS_OK || len >= rest.len) {
			fprintf(stderr, "the entry %.*s is broken\n", SLICE_ARG(name));
			exit(2);
		}
		replay_one(slice_sub(rest, 0, len));
		rest = slice_skip(rest, len + 1);
	}
	return count;
}

static void
read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char piece[65536];
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		(void)buf_append(out, slice_make(piece, n));
	fclose(f);
}

int
main(int argc, char **argv)
{
	unsigned count = 0;
	int first = 1;

	if (argc > 2 && strcmp(argv[1], "--starve") == 0) {
		if (parse_u32(slice_from_cstr(argv[2]), 1, UINT32_MAX, &s.budget) != STATUS_OK)
			return 2;
		first = 3;
	}
	if (LLVMFuzzerInitialize != NULL)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	replay_one(SLICE(""));
	for (int i = first; i < argc; i++) {
		struct buf text = buf_init(FILE_MAX);
		struct slice all;

		read_file(argv[i], &text);
		all = buf_slice(&text);
		if (slice_starts(all, pack_head)) {
			count += replay_pack(slice_skip(all, pack_head.len));
		} else {
			replay_one(all);
			count++;
		}
		buf_clear(&text);
	}
	printf("%u inputs, starved %u times\n", count, s.starved);
	return 0;
}
