/*
 * env_internal.h -- an environment and its transactions as LMDB knows them:
 * shared by env.c, env_readers.c and env_size.c alone; env_way.h looks for them.
 */
#ifndef STORE_ENV_INTERNAL_H
#define STORE_ENV_INTERNAL_H

#include <lmdb.h>
#include <stdatomic.h>

#include "store/env.h"

#define ENV_TABLES_MAX 64

struct way;

struct env {
	MDB_env *mdb;
	char *path;
	enum env_mode mode;
	int writer_fd;		/* holds the lock on lock.writer; -1 for a reader */
	struct way *way;	/* the writer's, to look before it changes pages; else NULL */
	unsigned table_count;
	MDB_dbi tables[ENV_TABLES_MAX];
	_Atomic(MDB_txn *) spare;	/* a reset read transaction that keeps its reader slot */
};

struct txn {
	struct env *env;
	MDB_txn *mdb;
	uint64_t writes;
	bool is_write;
};

#endif
