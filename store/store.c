#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/counters.h"
#include "store/identity.h"
#include "store/segment.h"
#include "store/text.h"

#define SEGMENTS_OPEN_MAX 16
#define LOOK_EVERY_MS 60000

struct store {
	char *path;
	struct env *env;
	int segments_fd;
	uint64_t id;
	struct frame_cache *frames;
	uint64_t looked_ms;	/* when the segments below were last looked at */
	/* Segments open for reading, the latest used first. */
	unsigned open_count;
	struct {
		uint32_t number;
		int fd;
	} open[SEGMENTS_OPEN_MAX];
};

const char *const store_tables[TABLE_COUNT] = {
	[TABLE_META] = "meta",
	[TABLE_ACCOUNT] = "account",
	[TABLE_MAILBOX] = "mailbox",
	[TABLE_MAILBOX_NAME] = "mailbox_name",
	[TABLE_SUBSCRIPTION] = "subscription",
	[TABLE_KEYWORD] = "keyword",
	[TABLE_MESSAGE] = "message",
	[TABLE_FLAGS] = "flags",
	[TABLE_TEXT] = "text",
	[TABLE_MESSAGE_ID] = "message_id",
	[TABLE_JOURNAL] = "journal",
	[TABLE_ARCHIVE] = "archive",
	[TABLE_TRASH] = "trash",
	[TABLE_QUEUE] = "queue",
	[TABLE_QUEUE_DUE] = "queue_due",
	[TABLE_FETCHED] = "fetched",
	[TABLE_AUDIT] = "audit",
	[TABLE_REFERENCE] = "reference",
	[TABLE_SEALED] = "sealed",
	[TABLE_TEXT_HASH] = "text_hash",
	[TABLE_SEGMENT] = "segment",
	[TABLE_HISTORY] = "history",
};

static enum status
identity_make(struct env *e, struct identity *out, struct problem *why)
{
	struct identity i = { STORE_VERSION, id_random_u64(), clock_now_s() };
	struct txn *t;
	enum status st;

	st = txn_begin_write(e, &t, why);
	if (st != STATUS_OK)
		return st;
	st = identity_put(t, &i, why);
	if (st != STATUS_OK) {
		txn_abort(&t);
		return st;
	}
	*out = i;
	return txn_commit(&t, why);
}

static enum status
identity_find(struct store *s, enum env_mode mode, struct problem *why)
{
	struct identity i;
	struct txn *t;
	enum status st;

	st = txn_begin_read(s->env, &t, why);
	if (st != STATUS_OK)
		return st;
	st = identity_get(t, &i, why);
	txn_abort(&t);
	if (st == STATUS_ABSENT && mode == ENV_WRITE)
		st = identity_make(s->env, &i, why);
	else if (st == STATUS_ABSENT)
		problem_set(why, "%s: there is no store here", s->path);
	if (st == STATUS_OK)
		st = identity_check(&i, why);
	if (st == STATUS_OK)
		s->id = i.id;
	return st;
}

/*
 * Before tables are opened: a store of another version lacks some, and is not to be given any.
 */
static enum status
version_check(const char *path, struct problem *why)
{
	struct problem unused = { "" };
	struct identity i;

	/* What is wrong with an environment is said when it is opened as a whole. */
	if (identity_look(path, &i, &unused) != STATUS_OK)
		return STATUS_OK;
	return identity_check(&i, why);
}

/* Readers come by group, so the directory's mode must not depend on the umask. */
static enum status
store_make_directory(const char *path, struct problem *why)
{
	struct stat st;

	if (mkdir(path, 0750) == 0 && stat(path, &st) == 0 && chmod(path, st.st_mode | 0750) == 0)
		return STATUS_OK;
	if (errno == EEXIST)
		return STATUS_OK;
	problem_set_errno(why, errno, "%s", path);
	if (errno == ENOENT)
		return STATUS_ABSENT;
	return errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_IO;
}

/* What was made in a directory is there after a power cut, too. */
static enum status
directory_sync(const char *path, struct problem *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (rc != 0)
		problem_set_errno(why, errno, "syncing %s", path);
	if (fd >= 0)
		close(fd);
	return rc == 0 ? STATUS_OK : STATUS_IO;
}

static enum status
store_open_segments(struct store *s, enum env_mode mode, struct problem *why)
{
	struct buf name = buf_init(4096);
	const char *path;
	enum status st;

	buf_printf(&name, "%s/segments", s->path);
	st = buf_cstr(&name, &path);
	if (st == STATUS_OK && mode == ENV_WRITE)
		st = store_make_directory(path, why);
	if (st == STATUS_OK) {
		s->segments_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->segments_fd < 0) {
			problem_set_errno(why, errno, "%s", path);
			st = errno == ENOENT ? STATUS_ABSENT :
			    errno == EACCES ? STATUS_DENIED : STATUS_IO;
		}
	}
	buf_clear(&name);
	return st;
}

enum status
store_open(const char *path, enum env_mode mode, struct store **out, struct problem *why)
{
	struct store *s = mem_new(struct store);
	enum status st = STATUS_OK;

	s->path = mem_dup(slice_from_cstr(path));
	s->segments_fd = -1;
	if (mode == ENV_WRITE)
		st = store_make_directory(path, why);
	if (st == STATUS_OK)
		st = version_check(path, why);
	if (st == STATUS_OK)
		st = env_open(path, mode, store_tables, TABLE_COUNT, &s->env, why);
	if (st == STATUS_OK)
		st = store_open_segments(s, mode, why);
	if (st == STATUS_OK && mode == ENV_WRITE)
		st = directory_sync(path, why);
	if (st == STATUS_OK)
		st = identity_find(s, mode, why);
	if (st != STATUS_OK) {
		store_close(&s);
		return st;
	}
	*out = s;
	return STATUS_OK;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	for (unsigned i = 0; i < s->open_count; i++)
		close(s->open[i].fd);
	if (s->segments_fd >= 0)
		close(s->segments_fd);
	frame_cache_free(&s->frames);
	env_close(&s->env);
	mem_free(s->path);
	mem_free(s);
}

struct env *
store_env(struct store *s)
{
	return s->env;
}

int
store_segments_fd(const struct store *s)
{
	return s->segments_fd;
}

struct frame_cache **
store_frame_cache(struct store *s)
{
	return &s->frames;
}

uint64_t
store_id(const struct store *s)
{
	return s->id;
}

enum status
store_change(struct txn *t, uint64_t *change, struct problem *why)
{
	struct counters c;
	enum status st;

	st = counters_get(t, &c, why);
	if (st == STATUS_OK)
		*change = c.change;
	return st;
}

/* A file that was deleted keeps its space on disk for as long as we have it open. */
static void
drop_deleted(struct store *s)
{
	uint64_t now = clock_monotonic_ms();
	unsigned kept = 0;
	struct stat sb;

	if (s->looked_ms != 0 && now - s->looked_ms < LOOK_EVERY_MS)
		return;
	s->looked_ms = now;
	for (unsigned i = 0; i < s->open_count; i++) {
		if (fstat(s->open[i].fd, &sb) == 0 && sb.st_nlink == 0)
			close(s->open[i].fd);
		else
			s->open[kept++] = s->open[i];
	}
	s->open_count = kept;
}

enum status
store_segment(struct store *s, uint32_t number, int *fd, struct problem *why)
{
	unsigned i;
	enum status st;
	int got;

	drop_deleted(s);
	for (i = 0; i < s->open_count && s->open[i].number != number; i++)
		;
	if (i < s->open_count) {
		got = s->open[i].fd;
	} else {
		st = segment_open(s->segments_fd, number, s->id, SEGMENT_READ, &got, why);
		if (st != STATUS_OK)
			return st;
		if (s->open_count == SEGMENTS_OPEN_MAX)
			close(s->open[--s->open_count].fd);
		i = s->open_count++;
	}
	for (; i > 0; i--)
		s->open[i] = s->open[i - 1];
	s->open[0].number = number;
	s->open[0].fd = got;
	*fd = got;
	return STATUS_OK;
}
