/*
 * limits.h -- what policyd sets of accounts (quota, time in the trash area) on
 * its way into the store, and what it asks of them: STORE_ACCOUNT_SET and
 * STORE_ACCOUNT_USE.
 */
#ifndef STORE_LIMITS_H
#define STORE_LIMITS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "base/status.h"

struct job;
struct txn;

struct account_limits {
	uint32_t account;
	uint32_t trash_days;	/* 0: for ever */
	uint64_t quota_bytes;	/* 0: none */
};

struct account_use {
	uint64_t bytes, messages;
	uint64_t quota_bytes;	/* 0: none */
};

#define ACCOUNTS_MAX 100000	/* in one request */

/* STORE_ACCOUNT_SET: u32 count, (u32 account, u32 trash_days, u64 quota_bytes) x count. */
void limits_put(const struct account_limits *rows, uint32_t count, struct buf *out);
/* The job that writes those that differ.  CORRUPT. */
MUST_USE enum status job_of_limits(struct slice payload, struct job **out, struct problem *why);

/* STORE_ACCOUNT_USE: u32 count, u32 accounts -> u32 count, (u64 bytes, messages, quota) x count. */
void use_ask_put(const uint32_t *accounts, uint32_t count, struct buf *out);
/* Answer: zeros for an account that is not there.  CORRUPT the question. */
MUST_USE enum status use_answer(struct txn *t, struct slice question, struct buf *out,
    struct problem *why);
/* Read the answer; *out is given, mem_free().  CORRUPT. */
MUST_USE enum status use_read(struct reader *in, struct account_use **out, uint32_t *count);

#endif
