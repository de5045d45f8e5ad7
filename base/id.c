#include "base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

void
id_random(void *out, size_t len)
{
	unsigned char *to = out;

	while (len > 0) {
		ssize_t n = getrandom(to, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_event(LOG_ERROR, "base.random.failed", NULL, "why",
			    strerrordesc_np(errno));
			abort();
		}
		to += n;
		len -= (size_t)n;
	}
}

uint64_t
id_random_u64(void)
{
	uint64_t n;

	id_random(&n, sizeof(n));
	return n;
}

void
id_sid(char out[ID_SID_LEN + 1])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t bits = id_random_u64();	/* 5 for each character */
	size_t i;

	for (i = 0; i < ID_SID_LEN; i++) {
		out[i] = alphabet[bits & 31];
		bits >>= 5;
	}
	out[ID_SID_LEN] = '\0';
}
