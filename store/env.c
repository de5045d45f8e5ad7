#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/env_internal.h"
#include "store/env_way.h"

#define ENV_READERS_MAX 1022
#define ENV_OPEN_TRIES 20
#define ENV_OPEN_PAUSE_MS 50
#define ENV_CRC_LEN 4
#define ENV_LONG_MIN 1024	/* a value as long may have pages of its own */
#define ENV_FULL_BELOW (1024 * 1024)	/* free bytes under which a short write means a full disk */

struct cursor {
	MDB_cursor *mdb;
	struct txn *txn;
	unsigned table;
};

/* LMDB's and the kernel's codes, translated where they arise. */
static enum status
env_status(int rc, struct problem *why, const char *what)
{
	enum status st = STATUS_IO;

	switch (rc) {
	case 0:
		return STATUS_OK;
	case MDB_NOTFOUND:
	case ENOENT:
	case EBADF:		/* opened to read, and nothing was ever written to it */
		st = STATUS_ABSENT;
		break;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
	case EAGAIN:
	case EBUSY:
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
		st = STATUS_BUSY;
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		st = STATUS_DENIED;
		break;
	case MDB_BAD_TXN:	/* it ran into a damaged page before */
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		st = STATUS_CORRUPT;
		break;
	case MDB_BAD_VALSIZE:
		st = STATUS_LIMIT;
		break;
	}
	problem_set(why, "%s: %s", what, mdb_strerror(rc));
	return st;
}

static void
env_assert_failed(MDB_env *mdb, const char *message)
{
	(void)mdb;
	log_event(LOG_ERROR, "store.env.damaged", NULL, "why", message);
	fault_raise();
}

/* No shared memory across machines: such file systems lose LMDB's locks and pages. */
static enum status
env_check_place(const char *path, struct problem *why)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} networked[] = {
		{ 0x6969, "NFS" }, { 0xff534d42, "CIFS" }, { 0x517b, "SMB" }, { 0xfe534d42, "SMB2" },
		{ 0x65735546, "FUSE" }, { 0x01021997, "9p" }, { 0x5346414f, "AFS" },
		{ 0x73757245, "Coda" }, { 0x00c36400, "Ceph" },
	};
	struct statfs fs;

	if (statfs(path, &fs) != 0) {
		problem_set_errno(why, errno, "%s", path);
		if (errno == ENOENT || errno == ENOTDIR)
			return STATUS_ABSENT;
		return errno == EACCES ? STATUS_DENIED : STATUS_IO;
	}
	for (size_t i = 0; i < ARRAY_LEN(networked); i++) {
		if (((unsigned long)fs.f_type & 0xffffffff) != networked[i].magic)
			continue;
		problem_set(why, "%s lies on %s: a store needs a local disk", path,
		    networked[i].name);
		return STATUS_CORRUPT;
	}
	return STATUS_OK;
}

static enum status
env_check_version(struct problem *why)
{
	int major, minor, patch;

	mdb_version(&major, &minor, &patch);
	if (major == 0 && minor == 9 && patch >= 26 && patch <= 31) {
		problem_set(why, "LMDB %d.%d.%d closes environments unsafely; use another", major,
		    minor, patch);
		return STATUS_IO;
	}
	return STATUS_OK;
}

static void
env_pause(void)
{
	struct timespec t = { .tv_nsec = ENV_OPEN_PAUSE_MS * 1000000L };

	nanosleep(&t, NULL);
}

static enum status
env_lock_writer(struct env *e, struct problem *why)
{
	struct buf name = buf_init(4096);
	const char *path;
	enum status st;

	buf_printf(&name, "%s/lock.writer", e->path);
	st = buf_cstr(&name, &path);
	if (st != STATUS_OK)
		goto out;
	e->writer_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (e->writer_fd < 0) {
		problem_set_errno(why, errno, "%s", path);
		st = errno == EACCES ? STATUS_DENIED : STATUS_IO;
		goto out;
	}
	for (int i = 0; flock(e->writer_fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (i == ENV_OPEN_TRIES) {
			problem_set(why, "%s: another process has it open to write", e->path);
			st = STATUS_BUSY;
			goto out;
		}
		env_pause();
	}
out:
	buf_clear(&name);
	return st;
}

/* Readers come by group; umask must not decide over that. */
static void
env_set_modes(const char *dir)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = { { "data.mdb", 0640 }, { "lock.mdb", 0660 } };
	struct buf path = buf_init(4096);
	const char *text;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		buf_reset(&path);
		buf_printf(&path, "%s/%s", dir, files[i].name);
		if (buf_cstr(&path, &text) != STATUS_OK || chmod(text, files[i].mode) != 0)
			log_event(LOG_WARN, "store.env.mode_not_set", NULL, "file", files[i].name);
	}
	buf_clear(&path);
}

static enum status
env_open_tables(struct env *e, const char *const *tables, struct problem *why)
{
	unsigned create = e->mode == ENV_WRITE ? MDB_CREATE : 0;
	unsigned begin = e->mode == ENV_WRITE ? 0 : MDB_RDONLY;
	struct fault_guard g;
	MDB_txn *txn;
	enum status st;
	int rc;

	rc = mdb_txn_begin(e->mdb, NULL, begin, &txn);
	if (rc != 0)
		return env_status(rc, why, e->path);
	if (sigsetjmp(g.back, 0) != 0) {
		mdb_txn_abort(txn);
		problem_set(why, "%s: the pages that lead to its tables are damaged: mailadm repair",
		    e->path);
		return STATUS_CORRUPT;
	}
	fault_guard_enter(&g);
	st = e->way == NULL ? STATUS_OK : way_check_tables(e->way, why);
	for (unsigned i = 0; st == STATUS_OK && i < e->table_count; i++) {
		rc = mdb_dbi_open(txn, tables[i], create, &e->tables[i]);
		if (rc != 0)
			st = env_status(rc, why, tables[i]);
	}
	fault_guard_leave(&g);
	if (st == STATUS_OK)
		return env_status(mdb_txn_commit(txn), why, e->path);
	mdb_txn_abort(txn);
	return st;
}

static enum status
env_open_once(struct env *e, const char *path, unsigned flags, const char *const *tables,
    struct problem *why)
{
	enum status st;
	int rc;

	rc = mdb_env_create(&e->mdb);
	if (rc == 0)
		rc = mdb_env_set_mapsize(e->mdb, (size_t)ENV_MAP_SIZE);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(e->mdb, ENV_READERS_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(e->mdb, ENV_TABLES_MAX);
	if (rc == 0)
		rc = mdb_env_set_assert(e->mdb, env_assert_failed);
	if (rc == 0)
		rc = mdb_env_open(e->mdb, path, flags | MDB_NOTLS, 0640);
	if (rc != 0) {
		st = env_status(rc, why, e->path);
	} else {
		if (e->mode == ENV_WRITE && (flags & MDB_NOSUBDIR) == 0)
			env_set_modes(e->path);
		way_free(&e->way);
		st = e->mode == ENV_READ ? STATUS_OK :
		    way_new(env_fd(e), tables, e->table_count, &e->way, why);
		if (st == STATUS_OK)
			st = env_open_tables(e, tables, why);
	}
	if (st != STATUS_OK && e->mdb != NULL) {
		mdb_env_close(e->mdb);
		e->mdb = NULL;
	}
	return st;
}

/* Whether there is a data.mdb with something in it. */
static bool
env_is_made(int dir)
{
	int fd = openat(dir, "data.mdb", O_RDONLY | O_CLOEXEC);
	char byte;
	bool is_made = fd >= 0 ? pread(fd, &byte, 1, 0) != 0 : errno != ENOENT;

	if (fd >= 0)
		close(fd);
	return is_made;
}

/*
 * LMDB begins its file in place: cut off there, nobody could open it again.  So a new one is made
 * aside, and gets its name when it is whole.
 */
static enum status
env_make(struct env *e, const char *const *tables, struct problem *why)
{
	int dir = open(e->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf name = buf_init(4096);
	const char *path;
	enum status st = STATUS_OK;

	buf_printf(&name, "%s/data.new", e->path);
	if (dir < 0 || env_is_made(dir) || buf_cstr(&name, &path) != STATUS_OK)
		goto out;	/* what is wrong is said when it is opened */
	unlinkat(dir, "data.new", 0);
	unlinkat(dir, "data.new-lock", 0);
	st = env_open_once(e, path, MDB_NOSUBDIR, tables, why);
	if (st != STATUS_OK)
		goto out;
	mdb_env_close(e->mdb);
	e->mdb = NULL;
	unlinkat(dir, "data.new-lock", 0);
	if (renameat(dir, "data.new", dir, "data.mdb") != 0 || fsync(dir) != 0) {
		problem_set_errno(why, errno, "%s", path);
		st = STATUS_IO;
	}
out:
	if (dir >= 0)
		close(dir);
	buf_clear(&name);
	return st;
}

enum status
env_open(const char *path, enum env_mode mode, const char *const *tables, unsigned table_count,
    struct env **out, struct problem *why)
{
	struct problem once = { "" };
	struct env *e;
	enum status st;

	ASSERT(table_count <= ENV_TABLES_MAX);
	st = env_check_version(why);
	if (st == STATUS_OK)
		st = env_check_place(path, why);
	if (st != STATUS_OK)
		return st;
	e = mem_new(struct env);
	e->path = mem_dup(slice_from_cstr(path));
	e->mode = mode;
	e->writer_fd = -1;
	e->table_count = table_count;
	if (mode == ENV_WRITE)
		st = env_lock_writer(e, why);
	if (st == STATUS_OK && mode == ENV_WRITE)
		st = env_make(e, tables, why);
	for (int i = 0; st == STATUS_OK; i++) {
		once = (struct problem){ "" };
		st = env_open_once(e, e->path, mode == ENV_READ ? MDB_RDONLY : 0, tables, &once);
		if (st != STATUS_BUSY || i == ENV_OPEN_TRIES)
			break;
		st = STATUS_OK;
		env_pause();
	}
	if (st != STATUS_OK) {
		if (once.text[0] != '\0')
			problem_set(why, "%s", once.text);
		env_close(&e);
		return st;
	}
	env_check_readers(e);
	*out = e;
	return STATUS_OK;
}

void
env_close(struct env **ep)
{
	struct env *e = *ep;
	MDB_txn *spare;

	if (e == NULL)
		return;
	*ep = NULL;
	spare = atomic_exchange(&e->spare, NULL);
	if (spare != NULL)
		mdb_txn_abort(spare);
	way_free(&e->way);
	if (e->mdb != NULL)
		mdb_env_close(e->mdb);
	if (e->writer_fd >= 0)
		close(e->writer_fd);
	mem_free(e->path);
	mem_free(e);
}

static struct txn *
txn_new(struct env *e, MDB_txn *mdb, bool is_write)
{
	struct txn *t = mem_new(struct txn);

	t->env = e;
	t->mdb = mdb;
	t->is_write = is_write;
	return t;
}

enum status
txn_begin_read(struct env *e, struct txn **out, struct problem *why)
{
	MDB_txn *mdb = atomic_exchange(&e->spare, NULL);
	int rc;

	if (mdb != NULL) {
		rc = mdb_txn_renew(mdb);
		if (rc == 0) {
			*out = txn_new(e, mdb, false);
			return STATUS_OK;
		}
		mdb_txn_abort(mdb);
	}
	rc = mdb_txn_begin(e->mdb, NULL, MDB_RDONLY, &mdb);
	if (rc == MDB_READERS_FULL) {
		env_check_readers(e);
		rc = mdb_txn_begin(e->mdb, NULL, MDB_RDONLY, &mdb);
	}
	if (rc == MDB_MAP_RESIZED) {
		mdb_env_set_mapsize(e->mdb, 0);
		rc = mdb_txn_begin(e->mdb, NULL, MDB_RDONLY, &mdb);
	}
	if (rc != 0)
		return env_status(rc, why, e->path);
	*out = txn_new(e, mdb, false);
	return STATUS_OK;
}

enum status
txn_begin_write(struct env *e, struct txn **out, struct problem *why)
{
	struct fault_guard g;
	MDB_txn *mdb;
	int rc;

	ASSERT(e->mode == ENV_WRITE);
	rc = mdb_txn_begin(e->mdb, NULL, 0, &mdb);
	if (rc != 0)
		return env_status(rc, why, e->path);
	*out = txn_new(e, mdb, true);
	if (sigsetjmp(g.back, 0) != 0) {
		txn_abort(out);
		problem_set(why, "%s: data.mdb has become shorter: mailadm repair", e->path);
		return STATUS_CORRUPT;
	}
	fault_guard_enter(&g);
	way_begin(e->way);
	fault_guard_leave(&g);
	return STATUS_OK;
}

/* LMDB gives EIO for a short write, which is how some file systems say that they are full. */
static bool
env_is_full(const struct env *e)
{
	struct statvfs fs;

	return statvfs(e->path, &fs) == 0 && fs.f_bavail * fs.f_frsize < ENV_FULL_BELOW;
}

/*
 * Whatever the reason was: when the meta page could not be written, LMDB refuses all transactions
 * from then on, and what is on disk is not known.
 */
static bool
env_goes_on(struct env *e)
{
	MDB_txn *mdb;

	if (mdb_txn_begin(e->mdb, NULL, 0, &mdb) != 0)
		return false;
	mdb_txn_abort(mdb);
	return true;
}

enum status
txn_commit(struct txn **tp, struct problem *why)
{
	struct txn *t = *tp;
	struct env *e = t->env;
	enum status st;
	int rc;

	*tp = NULL;
	rc = mdb_txn_commit(t->mdb);
	mem_free(t);
	if (rc == 0)
		return STATUS_OK;
	if (rc == EIO && env_is_full(e))
		rc = ENOSPC;
	st = env_status(rc, why, e->path);
	return st == STATUS_BUSY && env_goes_on(e) ? STATUS_BUSY : STATUS_IO;
}

void
txn_abort(struct txn **tp)
{
	struct txn *t = *tp;
	MDB_txn *none = NULL;

	if (t == NULL)
		return;
	*tp = NULL;
	if (t->is_write) {
		mdb_txn_abort(t->mdb);
	} else {
		mdb_txn_reset(t->mdb);
		if (!atomic_compare_exchange_strong(&t->env->spare, &none, t->mdb))
			mdb_txn_abort(t->mdb);
	}
	mem_free(t);
}

uint64_t
txn_writes(const struct txn *t)
{
	return t->writes;
}

static enum status
record_check(unsigned table, const MDB_val *k, const MDB_val *v, struct slice *value,
    struct problem *why)
{
	struct slice payload = slice_make(v->mv_data, v->mv_size);
	struct buf name = buf_init(2 * ENV_KEY_MAX);
	uint32_t crc;

	/* The lengths are those of damaged pages, perhaps. */
	if (k->mv_size > ENV_KEY_MAX || v->mv_size > ENV_CRC_LEN + ENV_VALUE_MAX) {
		problem_set(why, "a page of table %u is damaged", table);
		return STATUS_CORRUPT;
	}
	if (v->mv_size > ENV_CRC_LEN) {
		payload = slice_skip(payload, ENV_CRC_LEN);
		crc = crc32c(crc32c(0, slice_make(k->mv_data, k->mv_size)), payload);
		if (crc == load_u32le(v->mv_data)) {
			*value = payload;
			return STATUS_OK;
		}
	}
	buf_append_hex(&name, slice_make(k->mv_data, k->mv_size));
	problem_set(why, "record %.*s of table %u is damaged", SLICE_ARG(buf_slice(&name)), table);
	buf_clear(&name);
	return STATUS_CORRUPT;
}

static MDB_val
val_of(struct slice s)
{
	return (MDB_val){ .mv_size = s.len, .mv_data = (void *)(uintptr_t)s.ptr };
}

static MDB_dbi
table_of(const struct txn *t, unsigned table)
{
	ASSERT(table < t->env->table_count);
	return t->env->tables[table];
}

/* LMDB trusts its pages; what it runs into on damaged ones leads back to the caller's guard. */
static enum status
env_fault(struct env *e, unsigned table, struct problem *why)
{
	if (e->way != NULL)
		way_doubt(e->way);
	problem_set(why, "a page of table %u is damaged: mailadm repair", table);
	return STATUS_CORRUPT;
}

static enum status
record_get(struct txn *t, unsigned table, struct slice key, struct slice *value,
    struct problem *why)
{
	MDB_val k = val_of(key), v;
	int rc = mdb_get(t->mdb, table_of(t, table), &k, &v);

	if (rc == MDB_NOTFOUND)
		return STATUS_ABSENT;
	if (rc != 0)
		return env_status(rc, why, "reading a record");
	return record_check(table, &k, &v, value, why);
}

enum status
txn_get(struct txn *t, unsigned table, struct slice key, struct slice *value,
    struct problem *why)
{
	struct fault_guard g;
	enum status st;

	if (key.len == 0 || key.len > ENV_KEY_MAX)
		return STATUS_ABSENT;
	if (sigsetjmp(g.back, 0) != 0)
		return env_fault(t->env, table, why);
	fault_guard_enter(&g);
	st = record_get(t, table, key, value, why);
	fault_guard_leave(&g);
	return st;
}

/*
 * A change: value NULL deletes.  What LMDB does to pages cannot be left half done, so the way to the
 * record, and what it would change, is tried under a guard, and then gone without.
 */
static enum status
record_change(struct txn *t, unsigned table, MDB_val *k, MDB_val *v, struct problem *why)
{
	struct fault_guard g;
	MDB_val there = { 0 };
	enum status st = STATUS_OK;
	int rc;

	if (sigsetjmp(g.back, 0) != 0)
		return env_fault(t->env, table, why);
	fault_guard_enter(&g);
	rc = mdb_get(t->mdb, table_of(t, table), k, &there);
	if (rc == 0 || rc == MDB_NOTFOUND)
		st = way_check(t->env->way, table, slice_make(k->mv_data, k->mv_size),
		    v == NULL ? WAY_DELETE : there.mv_size >= ENV_LONG_MIN ? WAY_REPLACE : WAY_PUT,
		    why);
	fault_guard_leave(&g);
	if (st != STATUS_OK)
		return st;
	if (rc == 0 && v == NULL)
		rc = mdb_del(t->mdb, table_of(t, table), k, NULL);
	else if ((rc == 0 || rc == MDB_NOTFOUND) && v != NULL)
		rc = mdb_put(t->mdb, table_of(t, table), k, v, 0);
	if (rc == 0)
		t->writes++;
	return env_status(rc, why, v == NULL ? "deleting a record" : "writing a record");
}

enum status
txn_put(struct txn *t, unsigned table, struct slice key, struct slice value, struct problem *why)
{
	uint8_t bytes[ENV_CRC_LEN + ENV_VALUE_MAX];
	MDB_val k = val_of(key), v = { .mv_data = bytes };

	if (key.len == 0 || key.len > ENV_KEY_MAX || value.len == 0 || value.len > ENV_VALUE_MAX) {
		problem_set(why, "a record of %zu + %zu bytes is too long", key.len, value.len);
		return STATUS_LIMIT;
	}
	/* A copy, because value may point into the page that is about to change. */
	memcpy(bytes + ENV_CRC_LEN, value.ptr, value.len);
	store_u32le(bytes, crc32c(crc32c(0, key), value));
	v.mv_size = ENV_CRC_LEN + value.len;
	return record_change(t, table, &k, &v, why);
}

enum status
txn_delete(struct txn *t, unsigned table, struct slice key, struct problem *why)
{
	MDB_val k = val_of(key);

	if (key.len == 0 || key.len > ENV_KEY_MAX)
		return STATUS_ABSENT;
	return record_change(t, table, &k, NULL, why);
}

enum status
txn_count(struct txn *t, unsigned table, uint64_t *out, struct problem *why)
{
	MDB_stat stat;
	int rc = mdb_stat(t->mdb, table_of(t, table), &stat);

	if (rc != 0)
		return env_status(rc, why, "counting records");
	*out = stat.ms_entries;
	return STATUS_OK;
}

enum status
cursor_open(struct txn *t, unsigned table, struct cursor **out, struct problem *why)
{
	MDB_cursor *mdb;
	struct cursor *c;
	int rc;

	rc = mdb_cursor_open(t->mdb, table_of(t, table), &mdb);
	if (rc != 0)
		return env_status(rc, why, "opening a cursor");
	c = mem_new(struct cursor);
	c->mdb = mdb;
	c->txn = t;
	c->table = table;
	*out = c;
	return STATUS_OK;
}

void
cursor_close(struct cursor **cp)
{
	struct cursor *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	mdb_cursor_close(c->mdb);
	mem_free(c);
}

enum cursor_step { CURSOR_SEEK, CURSOR_NEXT, CURSOR_BEFORE };

static enum status
cursor_step(struct cursor *c, enum cursor_step step, struct slice from, struct slice *key,
    struct slice *value, struct problem *why)
{
	MDB_val k = val_of(from), v;
	enum status st;
	int rc = 0;

	switch (step) {
	case CURSOR_SEEK:
		rc = mdb_cursor_get(c->mdb, &k, &v, from.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
		break;
	case CURSOR_NEXT:
		rc = mdb_cursor_get(c->mdb, &k, &v, MDB_NEXT);
		break;
	case CURSOR_BEFORE:
		rc = mdb_cursor_get(c->mdb, &k, &v, MDB_SET_RANGE);
		rc = mdb_cursor_get(c->mdb, &k, &v, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
		break;
	}
	if (rc == MDB_NOTFOUND)
		return STATUS_ABSENT;
	if (rc != 0)
		return env_status(rc, why, "reading records");
	st = record_check(c->table, &k, &v, value, why);
	if (k.mv_size <= ENV_KEY_MAX)
		*key = slice_make(k.mv_data, k.mv_size);
	return st;
}

static enum status
cursor_go(struct cursor *c, enum cursor_step step, struct slice from, struct slice *key,
    struct slice *value, struct problem *why)
{
	struct fault_guard g;
	enum status st;

	if (sigsetjmp(g.back, 0) != 0)
		return env_fault(c->txn->env, c->table, why);
	fault_guard_enter(&g);
	st = cursor_step(c, step, from, key, value, why);
	fault_guard_leave(&g);
	return st;
}

enum status
cursor_seek(struct cursor *c, struct slice from, struct slice *key, struct slice *value,
    struct problem *why)
{
	return cursor_go(c, CURSOR_SEEK, from, key, value, why);
}

enum status
cursor_next(struct cursor *c, struct slice *key, struct slice *value, struct problem *why)
{
	return cursor_go(c, CURSOR_NEXT, SLICE(""), key, value, why);
}

enum status
cursor_before(struct cursor *c, struct slice before, struct slice *key, struct slice *value,
    struct problem *why)
{
	return cursor_go(c, CURSOR_BEFORE, before, key, value, why);
}

/* May the record it stands on be deleted? */
static enum status
cursor_check(struct cursor *c, struct problem *why)
{
	struct env *e = c->txn->env;
	struct fault_guard g;
	MDB_val k = { 0 }, v;
	enum status st;
	int rc;

	if (sigsetjmp(g.back, 0) != 0)
		return env_fault(e, c->table, why);
	fault_guard_enter(&g);
	rc = mdb_cursor_get(c->mdb, &k, &v, MDB_GET_CURRENT);
	st = rc == 0 ? way_check(e->way, c->table, slice_make(k.mv_data, k.mv_size), WAY_DELETE,
	    why) : env_status(rc, why, "deleting a record");
	fault_guard_leave(&g);
	return st;
}

enum status
cursor_delete(struct cursor *c, struct problem *why)
{
	enum status st = cursor_check(c, why);
	int rc;

	if (st != STATUS_OK)
		return st;
	rc = mdb_cursor_del(c->mdb, 0);
	if (rc != 0)
		return env_status(rc, why, "deleting a record");
	c->txn->writes++;
	return STATUS_OK;
}

int
env_fd(struct env *e)
{
	mdb_filehandle_t fd = -1;

	mdb_env_get_fd(e->mdb, &fd);
	return fd;
}

uint64_t
txn_snapshot(const struct txn *t)
{
	return mdb_txn_id(t->mdb);
}
