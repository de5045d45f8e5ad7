/*
 * id.h -- random names and numbers, from getrandom().
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stddef.h>
#include <stdint.h>

#define ID_SID_LEN 12	/* characters of a session id, RFC 4648 base32 in lower case */

/* Fill with random bytes; a machine that cannot give them ends the process. */
void id_random(void *out, size_t len);
uint64_t id_random_u64(void);
/* A new session id, NUL-terminated. */
void id_sid(char out[ID_SID_LEN + 1]);

#endif
