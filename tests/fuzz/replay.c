/*
 * replay.c -- runs a fuzz target over inputs that are kept: files as they are,
 * and packs (pack.py), which hold many.  For builds without libFuzzer.
 *
 *   fuzz_NAME FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"

#define FILE_MAX (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static const struct slice pack_head = SLICE("TRADEPOST SEEDS\n");

/* In memory of its own size, so that a read past its end is seen. */
static void
replay_one(struct slice input)
{
	uint8_t *exact = malloc(input.len == 0 ? 1 : input.len);

	ASSERT(exact != NULL);
	if (input.len > 0)
		memcpy(exact, input.ptr, input.len);
	(void)LLVMFuzzerTestOneInput(exact, input.len);
	free(exact);
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

	if (LLVMFuzzerInitialize != NULL)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	replay_one(SLICE(""));
	for (int i = 1; i < argc; i++) {
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
	printf("%u inputs\n", count);
	return 0;
}
