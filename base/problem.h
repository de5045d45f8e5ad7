/*
 * problem.h -- one sentence for a person, beside the status for the program.
 * Set once, by the function that knows the details; passed up untouched.
 */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/status.h"

struct problem {
	char text[320];	/* NUL-terminated, printable UTF-8, no line ends; "" when nothing was said */
};

/*
 * Say what went wrong.  why may be NULL (then nothing happens); a text already
 * there is kept, so the innermost function wins.  Controls in the result are
 * replaced by '?', too long a text is cut at a character.
 */
void problem_set(struct problem *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, with ": " and the text of errno value err behind it. */
void problem_set_errno(struct problem *why, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
