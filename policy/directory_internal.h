/*
 * directory_internal.h -- how the directory lies in memory: shared by what
 * reads it and what changes it.
 */
#ifndef POLICY_DIRECTORY_INTERNAL_H
#define POLICY_DIRECTORY_INTERNAL_H

#include <pthread.h>

#include "base/table.h"
#include "policy/directory.h"
#include "store/env.h"

/*
 * meta      key: name of a counter, or "version" -> u8 version 1, u64 next number to give
 * limit     key and value: throttle.c
 * The others stand in record.c.
 */
enum directory_table { TABLE_META, TABLE_DOMAIN, TABLE_ACCOUNT, TABLE_ALIAS, TABLE_FETCH,
	TABLE_ROUTE, TABLE_PENDING_AUDIT,
	TABLE_LOADED,	/* those above are whole in memory */
	TABLE_LIMIT = TABLE_LOADED, TABLE_COUNT };

/* A record in memory: its slices point into bytes. */
struct entry {
	char *key;
	size_t key_len;
	char *bytes;
	union {
		struct domain_record domain;
		struct account_record account;
		struct alias_record alias;
		struct fetch_record fetch;
		struct route_record route;
		struct pending_audit_record pending;
	} u;
};

/* The entries of one table, in the order of their keys. */
struct list {
	struct entry **entries;
	size_t count, cap;
};

struct people {
	uint32_t *ids;
	size_t count;
};

struct directory {
	struct env *env;	/* NULL: in memory only */
	struct list lists[TABLE_LOADED];
	struct table *by_login;		/* -> struct entry */
	struct table *by_name;		/* display name key -> struct people */
	uint32_t next_account, next_fetch, next_route;
	uint64_t next_audit;
	uint64_t fetching_held;		/* 1 + since when; 1: it is not */
	pthread_mutex_t lock;	/* held to change what directory_credentials() reads */
};

/* A number of table meta.  *out is left alone where it is not there.  CORRUPT. */
MUST_USE enum status directory_number_get(struct txn *t, struct slice name, uint64_t *out,
    struct problem *why);
MUST_USE enum status directory_number_put(struct txn *t, struct slice name, uint64_t n,
    struct problem *why);
/* CORRUPT: of a version that this program does not know; why says what to do. */
MUST_USE enum status directory_version_check(struct txn *t, struct problem *why);
MUST_USE enum status directory_version_put(struct txn *t, struct problem *why);

/* NULL: there is none with that key. */
struct entry *directory_list_get(const struct list *l, struct slice key);
/* Take the entry in, in place of one with its key. */
void directory_list_put(struct list *l, struct entry *e);
/* Nothing happens when there is none with that key. */
void directory_list_remove(struct list *l, struct slice key);
/* Index of the first entry with a key >= key. */
size_t directory_list_seek(const struct list *l, struct slice key);
/* NULL when the value cannot be decoded. */
struct entry *directory_entry_make(unsigned table, struct slice key, struct slice value);
/* A few hundred accounts with a few names each: indexed anew after every change of one. */
void directory_index_accounts(struct directory *d);

#endif
