/*
 * crash.h -- what the recorder, the driver and the judge of power cuts share:
 * the log of what happened, and the messages whose fate it tells.
 */
#ifndef TESTS_CRASH_CRASH_H
#define TESTS_CRASH_CRASH_H

#include <stddef.h>
#include <stdint.h>

struct store;
struct txn;

/*
 * One record of the log, and len bytes behind it:
 *   C T U M R   a file was made (path), cut to at bytes, unlinked (path); a directory made (path);
 *               renamed (path, NUL, path)
 *   W D         bytes written at at; D: by a descriptor whose writes are on disk at once
 *   B E         sync number at of a file or directory began (path), and has ended
 *   X           here a call was made to fail
 *   A           a line of the driver
 */
struct crash_record {
	char op;
	uint64_t file;		/* inode */
	uint64_t at;
	uint32_t len;
} __attribute__((packed));

/*
 * Lines of the driver.  "I" before something is asked, "A" once the answer has come, then:
 *   D N                    message N is delivered to both accounts, archived, queued
 *   P N UID VALIDITY       message N is appended to the first account's inbox (I: UID is 0)
 *   F N UID 0              it is given \Flagged
 *   X N UID 0              it is expunged
 *   R N UID 0              it comes back out of the trash, under another UID
 *   Z N UID 0              it is purged from the trash
 *   C 0 0 0                segments are compacted
 * and behind an A the change number.
 */
#define CRASH_LINE_MAX 128

enum { CRASH_ME = 7, CRASH_OTHER = 8, CRASH_MESSAGES_MAX = 20000 };

#define CRASH_TEXT_MAX 70000

/* The text of message n, which tells its number and is like no other; returns its length. */
uint32_t crash_text(uint32_t n, char out[CRASH_TEXT_MAX]);
/* The number a text tells; 0 when it tells none. */
uint32_t crash_text_number(const char *text, uint32_t len);

/*
 * The journal, sealed parts and rows alike: it rises, has each of the changes that were promised,
 * tells of a mailbox what is in it, and QRESYNC is answered by it rightly for every expunge.
 * Each mistake is a line of standard output; how many.
 */
unsigned crash_judge_journal(struct store *s, struct txn *t, uint32_t mailbox,
    const uint64_t *promised, size_t count);

#endif
