#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/crash.h"

#define PREFIX "Message-ID: <crash-"
#define LARGE_EVERY 4

uint32_t
crash_text(uint32_t n, char out[CRASH_TEXT_MAX])
{
	uint64_t random = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
	uint32_t len = n % LARGE_EVERY == 0 ? 66000 : 200 + n * 7919 % 5000;
	uint32_t at = (uint32_t)snprintf(out, CRASH_TEXT_MAX,
	    PREFIX "%u@example.test>\r\nSubject: message %u\r\n\r\n", n, n);

	for (; at + 2 < len; at++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		/* Every other one is of bytes that cannot be compressed. */
		out[at] = n % 2 == 0 ? (char)('a' + random % 26) : (char)(random % 128 | 0x80);
	}
	memcpy(out + at, "\r\n", 2);
	return at + 2;
}

uint32_t
crash_text_number(const char *text, uint32_t len)
{
	size_t n = strlen(PREFIX);

	if (len < n + 2 || memcmp(text, PREFIX, n) != 0)
		return 0;
	return (uint32_t)strtoul(text + n, NULL, 10);
}
