/*
 * mem.h -- memory that is there or the process is not.
 * Out of memory ends the process (its parent restarts it), so a size that a
 * peer chose is checked against a limit before it comes here.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Zeroed memory for one / count objects.  Gives; release with mem_free(). */
#define mem_new(type) ((type *)mem_zeroed(1, sizeof(type)))
#define mem_array(type, count) ((type *)mem_zeroed((count), sizeof(type)))
void *mem_zeroed(size_t count, size_t size);
/* As realloc() for count objects; new bytes are not initialised. */
void *mem_resize(void *ptr, size_t count, size_t size);
/* Copy of the bytes with a NUL behind them.  Gives; mem_free(). */
char *mem_dup(struct slice s);
void mem_free(void *ptr);
/* As if out of memory when is_there is false: for calls of libraries that fail for nothing else. */
void mem_need(bool is_there);
/* Overwrite in a way the compiler keeps. */
void mem_wipe(void *ptr, size_t len);

/* Ends the process when x is false.  Only for what a bug of ours can break. */
#define ASSERT(x) ((x) ? (void)0 : mem_assert_failed(#x, __FILE__, __LINE__))
_Noreturn void mem_assert_failed(const char *what, const char *file, int line);

#endif
