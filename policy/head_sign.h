/*
 * head_sign.h -- heads of the archive's chain, signed: lines of a file that
 * lies outside the store, so that who can write the store alone cannot write
 * the archive anew without being seen (store/archive_verify.h).
 *
 * A line: TIME STORE ENTRY HASH SIGNATURE -- RFC 3339, 16 hexadecimal digits, decimal, 64
 * hexadecimal digits, and base64 of an Ed25519 signature (RFC 8032) over the text
 * "tradepost archive head " and the line up to the blank before it.
 */
#ifndef POLICY_HEAD_SIGN_H
#define POLICY_HEAD_SIGN_H

#include "base/buf.h"
#include "base/problem.h"
#include "store/archive_verify.h"

#define HEAD_KEY_FILE "archive-key.pem"
#define HEAD_PUBLIC_FILE "archive-key.pub"
#define HEAD_LOG_FILE "archive-heads.log"
#define HEAD_LINE_MAX 300

struct head_key;

/*
 * The key in a directory, made where there is none, its public part beside it.
 * DENIED IO   CORRUPT: it is no key
 */
MUST_USE enum status head_key_need(const char *directory, struct head_key **out,
    struct problem *why);
/* The public part alone, for reading lines.  ABSENT and as above. */
MUST_USE enum status head_key_public(const char *path, struct head_key **out,
    struct problem *why);
void head_key_free(struct head_key **k);

/* Append a line with its LF.  IO. */
MUST_USE enum status head_line_put(struct head_key *k, uint64_t store,
    const struct archive_head *head, uint64_t at_s, struct buf *out);
/* A line without its LF.  SYNTAX: it is none.  CORRUPT: this key has not signed it. */
MUST_USE enum status head_line_read(struct head_key *k, struct slice line, uint64_t *store,
    struct archive_head *head);

#endif
