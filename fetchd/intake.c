#include "fetchd/intake.h"

#include <errno.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "net/ipc.h"

#define PENDING_BYTES (64 * 1024)
#define WORD_MAX 255

struct intake
intake_init(void)
{
	struct intake in = { .fd = -1 };

	in.pending = buf_init(2 * PENDING_BYTES);
	return in;
}

void
intake_clear(struct intake *in)
{
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
	buf_clear(&in->pending);
}

/* A word in a comment of a header: what could end or fold it is left out. */
static void
put_word(struct slice word, struct buf *out)
{
	word = slice_sub(word, 0, WORD_MAX);
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];
		bool is_plain = c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '\\' &&
		    c != ';' && c != '<' && c != '>';

		buf_append_byte(out, is_plain ? c : '?');
	}
}

/* RFC 5321 s.4.4, folded with blanks: some clients show a tab. */
void
intake_received(const struct intake_origin *from, struct buf *out)
{
	buf_append(out, SLICE("Received: from "));
	put_word(from->host, out);
	buf_append(out, SLICE(" ("));
	put_word(from->user, out);
	buf_append(out, SLICE(" at "));
	put_word(from->host, out);
	buf_append(out, SLICE(")\r\n by "));
	put_word(from->hostname, out);
	buf_append(out, from->is_secure ? SLICE(" with POP3S id ") : SLICE(" with POP3 id "));
	put_word(from->mid, out);
	buf_append(out, SLICE(";\r\n "));
	clock_format_rfc5322(from->received_at, out);
	buf_append(out, SLICE("\r\n"));
}

enum status
intake_begin(struct intake *in, const struct intake_origin *from, uint64_t max,
    struct problem *why)
{
	intake_clear(in);
	*in = intake_init();
	intake_received(from, &in->pending);
	in->prefix_len = (uint32_t)in->pending.len;
	in->size_bytes = in->prefix_len;
	in->max = max + in->prefix_len;
	return memfd_new(&in->fd, why);
}

static enum status
flush(struct intake *in, struct problem *why)
{
	while (in->pending.len > 0) {
		ssize_t n = write(in->fd, in->pending.ptr, in->pending.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			problem_set_errno(why, errno, "no memory for a message");
			return STATUS_BUSY;
		}
		buf_consume(&in->pending, (size_t)n);
	}
	return STATUS_OK;
}

static enum status
put(struct intake *in, struct slice piece, struct problem *why)
{
	enum status st = STATUS_OK;

	in->size_bytes += piece.len;
	if (in->size_bytes > in->max) {
		problem_set(why, "the message is larger than %llu bytes",
		    (unsigned long long)(in->max - in->prefix_len));
		return STATUS_LIMIT;
	}
	while (st == STATUS_OK && piece.len > 0) {
		struct slice part = slice_sub(piece, 0, PENDING_BYTES);

		buf_append(&in->pending, part);
		piece = slice_skip(piece, part.len);
		if (in->pending.len >= PENDING_BYTES)
			st = flush(in, why);
	}
	return st;
}

/* Length of the run at the start of s without CR and LF. */
static size_t
plain_len(struct slice s)
{
	size_t cr = slice_find_byte(s, '\r');

	return slice_find_byte(slice_sub(s, 0, cr), '\n');
}

/* A CR is held back until its LF, or the want of one, is seen. */
enum status
intake_feed(struct intake *in, struct slice piece, struct problem *why)
{
	enum status st = STATUS_OK;

	while (st == STATUS_OK && piece.len > 0) {
		size_t n = plain_len(piece);
		bool is_lf = n == 0 && piece.ptr[0] == '\n';

		if (in->is_behind_cr || is_lf) {
			in->was_mended = in->was_mended || !(in->is_behind_cr && is_lf);
			in->is_behind_cr = false;
			st = put(in, SLICE("\r\n"), why);
			piece = slice_skip(piece, is_lf ? 1 : 0);
		} else if (n > 0) {
			st = put(in, slice_sub(piece, 0, n), why);
			piece = slice_skip(piece, n);
		} else {
			in->is_behind_cr = true;
			piece = slice_skip(piece, 1);
		}
	}
	return st;
}

enum status
intake_end(struct intake *in, int *fd, struct problem *why)
{
	enum status st = STATUS_OK;

	if (in->is_behind_cr) {
		in->was_mended = true;
		in->is_behind_cr = false;
		st = put(in, SLICE("\r\n"), why);
	}
	if (st == STATUS_OK)
		st = flush(in, why);
	if (st == STATUS_OK)
		st = memfd_seal(in->fd, why);
	if (st != STATUS_OK)
		return st;
	*fd = in->fd;
	in->fd = -1;
	return STATUS_OK;
}
