#include "net/fifo.h"

#include <string.h>

#include "base/mem.h"

#define CAP_MIN 512

void
fifo_append(struct fifo *f, struct slice s)
{
	size_t len = fifo_len(f);
	size_t cap;

	if (s.len == 0)
		return;
	if (f->cap - f->to < s.len) {
		if (f->from > 0 && f->cap - len >= s.len && f->from >= len) {
			memcpy(f->ptr, f->ptr + f->from, len);
		} else {
			cap = f->cap == 0 ? CAP_MIN : f->cap;
			while (cap - len < s.len)
				cap *= 2;
			if (f->from > 0 && len > 0)
				memmove(f->ptr, f->ptr + f->from, len);
			f->ptr = mem_resize(f->ptr, cap, 1);
			f->cap = cap;
		}
		f->from = 0;
		f->to = len;
	}
	memcpy(f->ptr + f->to, s.ptr, s.len);
	f->to += s.len;
}

void
fifo_consume(struct fifo *f, size_t n)
{
	ASSERT(n <= fifo_len(f));
	f->from += n;
	if (f->from == f->to)
		fifo_clear(f);
}

void
fifo_clear(struct fifo *f)
{
	mem_free(f->ptr);
	*f = (struct fifo){ 0 };
}
