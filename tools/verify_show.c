#include "tools/verify_show.h"

#include <stdio.h>

void
verify_show(struct slice stage, uint64_t done, uint64_t total)
{
	fprintf(stderr, "\r\033[K%.*s: ", SLICE_ARG(stage));
	if (total == 0)
		fprintf(stderr, "%llu", (unsigned long long)done);
	else if (total < 1024)
		fprintf(stderr, "stage %llu of %llu", (unsigned long long)done + 1,
		    (unsigned long long)total);
	else
		fprintf(stderr, "%llu MiB", (unsigned long long)(done >> 20));
}
