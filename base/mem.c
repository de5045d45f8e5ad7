#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static _Noreturn void
mem_out(size_t count, size_t size)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "base.memory.exhausted", NULL);
	log_u64(&l, "count", count);
	log_u64(&l, "size", size);
	log_end(&l);
	abort();
}

void *
mem_zeroed(size_t count, size_t size)
{
	void *ptr;

	if (count == 0 || size == 0)
		count = size = 1;
	ptr = calloc(count, size);
	if (ptr == NULL)
		mem_out(count, size);
	return ptr;
}

void *
mem_resize(void *ptr, size_t count, size_t size)
{
	if (count == 0 || size == 0)
		count = size = 1;
	ptr = reallocarray(ptr, count, size);
	if (ptr == NULL)
		mem_out(count, size);
	return ptr;
}

char *
mem_dup(struct slice s)
{
	char *copy;

	ASSERT(s.len < SIZE_MAX);
	copy = mem_zeroed(s.len + 1, 1);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

void
mem_need(bool is_there)
{
	if (!is_there)
		mem_out(1, 0);
}

void
mem_free(void *ptr)
{
	free(ptr);
}

void
mem_wipe(void *ptr, size_t len)
{
	if (len > 0)
		explicit_bzero(ptr, len);
}

_Noreturn void
mem_assert_failed(const char *what, const char *file, int line)
{
	struct log_line l;

	log_begin(&l, LOG_ERROR, "base.assert.failed", NULL);
	log_cstr(&l, "what", what);
	log_cstr(&l, "file", file);
	log_u64(&l, "line", (uint64_t)line);
	log_end(&l);
	abort();
}
