#include "smtpd/text.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/ipc.h"

#define STAGE_SIZE (64u * 1024)

struct text {
	struct text_budget *budget;
	uint64_t max_bytes;
	uint64_t fed_bytes;
	uint64_t written;	/* to the memfd and the stage; what the budget was charged */
	uint32_t prefix_len;
	enum text_lines lines;
	enum text_verdict verdict;
	bool is_after_cr;	/* the last byte was a CR, held back */
	int fd;
	int err;		/* errno of the write that broke it */
	struct buf stage;
};

/* The text is refused: what it holds is given back at once, so that others find room. */
static void
spoil(struct text *t, enum text_verdict verdict)
{
	if (t->verdict != TEXT_GOOD)
		return;
	t->verdict = verdict;
	t->budget->used -= t->written;
	t->written = 0;
	buf_clear(&t->stage);
	close(t->fd);
	t->fd = -1;
}

static void
stage_flush(struct text *t)
{
	struct slice rest = buf_slice(&t->stage);

	while (rest.len > 0) {
		ssize_t n = write(t->fd, rest.ptr, rest.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			t->err = errno;
			spoil(t, TEXT_BROKEN);
			return;
		}
		rest = slice_skip(rest, (size_t)n);
	}
	buf_reset(&t->stage);
}

static void
put(struct text *t, struct slice run)
{
	if (t->verdict != TEXT_GOOD || run.len == 0)
		return;
	if (t->written - t->prefix_len + run.len > t->max_bytes) {
		spoil(t, TEXT_TOO_BIG);
		return;
	}
	if (t->budget->used + run.len > t->budget->max) {
		spoil(t, TEXT_NO_ROOM);
		return;
	}
	t->budget->used += run.len;
	t->written += run.len;
	while (run.len > 0 && t->verdict == TEXT_GOOD) {
		struct slice part = slice_sub(run, 0, STAGE_SIZE - t->stage.len);

		(void)buf_append(&t->stage, part);
		run = slice_skip(run, part.len);
		if (t->stage.len == STAGE_SIZE)
			stage_flush(t);
	}
}

enum status
text_new(struct text_budget *budget, uint64_t max_bytes, enum text_lines lines,
    struct slice prefix, struct text **out, struct problem *why)
{
	struct text *t;
	enum status st;
	int fd;

	st = memfd_new(&fd, why);
	if (st != STATUS_OK)
		return st;
	t = mem_new(struct text);
	t->budget = budget;
	t->max_bytes = max_bytes;
	t->lines = lines;
	t->fd = fd;
	t->stage = buf_init(STAGE_SIZE);
	(void)buf_append(&t->stage, prefix);
	t->prefix_len = (uint32_t)prefix.len;
	t->written = prefix.len;
	budget->used += prefix.len;
	*out = t;
	return STATUS_OK;
}

void
text_free(struct text **t)
{
	if (*t == NULL)
		return;
	(*t)->budget->used -= (*t)->written;
	if ((*t)->fd >= 0)
		close((*t)->fd);
	buf_clear(&(*t)->stage);
	mem_free(*t);
	*t = NULL;
}

/* A CR or LF that stands alone. */
static void
put_bare(struct text *t)
{
	if (t->lines == TEXT_LINES_STRICT)
		spoil(t, TEXT_BARE_LINE_END);
	else
		put(t, SLICE("\r\n"));
}

/* The CR held back from before, now that the byte behind it is known. */
static void
release_cr(struct text *t, bool is_lf_next)
{
	t->is_after_cr = false;
	if (is_lf_next)
		put(t, SLICE("\r\n"));
	else
		put_bare(t);
}

void
text_feed(struct text *t, struct slice piece)
{
	size_t from = 0, at = 0;

	t->fed_bytes += piece.len;
	if (piece.len > 0 && t->is_after_cr) {
		bool is_lf = piece.ptr[0] == '\n';

		release_cr(t, is_lf);
		from = at = is_lf ? 1 : 0;
	}
	for (; at < piece.len && t->verdict == TEXT_GOOD; at++) {
		char c = piece.ptr[at];

		if ((unsigned char)c > '\r' || (c != '\r' && c != '\n' && c != '\0'))
			continue;
		if (c == '\r' && at + 1 < piece.len && piece.ptr[at + 1] == '\n') {
			at++;
			continue;
		}
		put(t, slice_sub(piece, from, at - from));
		from = at + 1;
		if (c == '\0')
			spoil(t, TEXT_NUL);
		else if (c == '\r' && at + 1 == piece.len)
			t->is_after_cr = true;
		else
			put_bare(t);
	}
	if (from < piece.len)
		put(t, slice_skip(piece, from));
}

enum text_verdict
text_end(struct text *t, struct problem *why)
{
	if (t->is_after_cr)
		release_cr(t, false);
	if (t->verdict == TEXT_GOOD)
		stage_flush(t);
	if (t->verdict == TEXT_BROKEN)
		problem_set_errno(why, t->err, "cannot write a message to memory");
	if (t->verdict == TEXT_GOOD && memfd_seal(t->fd, why) != STATUS_OK)
		spoil(t, TEXT_BROKEN);
	buf_clear(&t->stage);
	return t->verdict;
}

enum text_verdict
text_verdict(const struct text *t)
{
	return t->verdict;
}

uint64_t
text_fed_bytes(const struct text *t)
{
	return t->fed_bytes;
}

int
text_fd(const struct text *t)
{
	return t->fd;
}

uint32_t
text_size_bytes(const struct text *t)
{
	return (uint32_t)t->written;
}

uint32_t
text_prefix_len(const struct text *t)
{
	return t->prefix_len;
}
