#include "tools/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"

/* One line without its line end; byte by byte, so that nothing behind it is taken. */
static enum status
line_read(int fd, struct buf *out, struct problem *why)
{
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		if (buf_append_byte(out, c) != STATUS_OK) {
			problem_set(why, "longer than %d characters", SECRET_MAX);
			return STATUS_SYNTAX;
		}
	}
	mem_wipe(&c, sizeof(c));
	if (out->len > 0 && out->ptr[out->len - 1] == '\r')
		buf_truncate(out, out->len - 1);
	if (out->len == 0) {
		problem_set(why, "no password or secret was given");
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

static enum status
prompt_once(int tty, const char *prompt, struct buf *out, struct problem *why)
{
	struct slice text = slice_from_cstr(prompt);
	struct termios old, quiet;
	enum status st;

	if (tcgetattr(tty, &old) != 0) {
		problem_set_errno(why, errno, "no terminal to ask on: use --password-stdin");
		return STATUS_SYNTAX;
	}
	quiet = old;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	if (write(tty, text.ptr, text.len) < 0)
		problem_set_errno(why, errno, "cannot write to the terminal");
	st = line_read(tty, out, why);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	if (write(tty, "\n", 1) < 0)
		problem_set_errno(why, errno, "cannot write to the terminal");
	return st;
}

enum status
secret_read(enum secret_source source, const char *prompt, struct buf *out, struct problem *why)
{
	struct buf again = buf_init(SECRET_MAX);
	enum status st;
	int tty;

	if (source == SECRET_STDIN)
		return line_read(STDIN_FILENO, out, why);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0) {
		problem_set(why, "no terminal to ask on: give it with --password-stdin or "
				 "--secret-stdin");
		return STATUS_SYNTAX;
	}
	st = prompt_once(tty, prompt, out, why);
	if (st == STATUS_OK)
		st = prompt_once(tty, "Again: ", &again, why);
	if (st == STATUS_OK && !slice_equal(buf_slice(out), buf_slice(&again))) {
		problem_set(why, "the two are not the same");
		st = STATUS_SYNTAX;
	}
	close(tty);
	buf_wipe(&again);
	return st;
}
