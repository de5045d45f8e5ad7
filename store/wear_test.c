/*
 * A store in which everything that touches texts happens in any order: the
 * same bytes come again, are copied, removed, restored, purged, moved by
 * compaction, sealed beside, restored from backups.  Each message keeps its bytes, and verify finds nothing.
 * WEAR_SEED and WEAR_RUNS in the environment choose other seeds than CI does.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/backup.h"
#include "store/backup_manifest.h"
#include "store/compaction.h"
#include "store/message.h"
#include "store/repair.h"
#include "store/revive.h"
#include "store/testing_fill.h"
#include "store/trash_order.h"

#define KINDS 12		/* of texts */
#define TEXT_LEN_MAX (250u * 1024)
#define STEPS 120
#define BATCH_MAX 4
#define ROWS_MAX 40		/* of the trash, in one order */
#define SEED 20261124u

static char *texts[KINDS];

/* Messages by the kind of their text. */
struct wear {
	struct testing *t;
	char base[SCRATCH_PATH_MAX];	/* instances by number, and their backups */
	unsigned instance;
	uint32_t state;
	uint32_t boxes[2];
	unsigned live[2][KINDS], trash[KINDS];
};

static uint32_t
draw(struct wear *w, uint32_t n)
{
	w->state = w->state * 1664525 + 1013904223;
	return (w->state >> 8) % n;
}

/* "A" and so on, then what no codec makes smaller, or what every one does. */
static char *
text_make(uint32_t kind)
{
	static const uint32_t lengths[] = { 40, 600, 3000, 40000, TEXT_LEN_MAX - 1, 100000 };
	uint32_t len = lengths[kind % ARRAY_LEN(lengths)], noise = kind;
	char *text = mem_array(char, len + 1);

	for (uint32_t i = 0; i < len; i++) {
		noise = noise * 1664525 + 1013904223;
		text[i] = kind < KINDS * 3 / 4 ? (char)(noise >> 25 | 0x80) : 'w';
	}
	text[0] = (char)('A' + kind);
	return text;
}

/* Which text it is: all of its bytes are read. */
static unsigned
kind_of(struct testing *t, struct txn *txn, uint64_t id)
{
	static char bytes[TEXT_LEN_MAX];
	struct problem why = { "" };
	struct text_row row;
	unsigned kind;

	if (text_get(txn, id, &row, &why) != STATUS_OK ||
	    text_read(t->store, &row, 0, row.size_bytes, bytes, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	kind = (unsigned)(bytes[0] - 'A');
	CHECK(kind < KINDS && strlen(texts[kind]) == row.size_bytes);
	CHECK(memcmp(bytes, texts[kind], row.size_bytes) == 0);
	return kind;
}

struct count {
	struct testing *t;
	struct txn *txn;
	unsigned of[KINDS];
	uint32_t uid_last;
};

static bool
count_message(void *ctx, const struct message_row *row)
{
	struct count *c = ctx;

	c->of[kind_of(c->t, c->txn, row->text)]++;
	c->uid_last = row->uid;
	return true;
}

static struct count
count_box(struct wear *w, unsigned box, uint32_t first, uint32_t last)
{
	struct count c = { .t = w->t, .txn = testing_read(w->t) };

	CHECK_STATUS(message_each(c.txn, w->boxes[box], first, last, count_message, &c, NULL),
	    STATUS_OK);
	txn_abort(&c.txn);
	return c;
}

static bool
count_removed(void *ctx, const struct trash_row *row)
{
	return count_message(ctx, &row->message);
}

static void
on_line(void *ctx, const struct repair_line *l)
{
	(void)ctx;
	fail_msg("%.*s %.*s: %.*s", SLICE_ARG(l->table), SLICE_ARG(l->key), SLICE_ARG(l->what));
}

/* Verify finds nothing, and repair would mend nothing. */
static void
check_all(struct wear *w)
{
	struct repair_options look = { .mode = REPAIR_LOOK, .hooks.line = on_line };
	struct repair_result result;
	struct problem why = { "" };
	struct count c;

	for (unsigned box = 0; box < 2; box++) {
		c = count_box(w, box, 1, UINT32_MAX);
		CHECK(memcmp(c.of, w->live[box], sizeof(c.of)) == 0);
	}
	c = (struct count){ .t = w->t, .txn = testing_read(w->t) };
	CHECK_STATUS(trash_each(c.txn, ME, count_removed, &c, NULL), STATUS_OK);
	txn_abort(&c.txn);
	CHECK(memcmp(c.of, w->trash, sizeof(c.of)) == 0);
	testing_close(w->t);
	testing_verify(w->t->path);
	CHECK_STATUS(repair_store(w->t->path, &look, &result, &why), STATUS_OK);
	testing_open(w->t);
}

static void
step_append(struct wear *w)
{
	const char *batch[BATCH_MAX];
	uint32_t count = 1 + draw(w, BATCH_MAX), box = draw(w, 2);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t kind = draw(w, KINDS);

		batch[i] = texts[kind];
		w->live[box][kind]++;
	}
	CHECK_STATUS(testing_run(w->t, testing_append_job(ME, w->boxes[box], batch, count, 0, ""))
	    ->status, STATUS_OK);
}

/* Some messages are copied, moved or removed. */
static void
step_messages(struct wear *w, uint16_t type)
{
	uint32_t box = draw(w, 2), all = count_box(w, box, 1, UINT32_MAX).uid_last + 1;
	uint32_t first = 1 + draw(w, all), last = first + draw(w, 12);
	struct store_work work = { .mailbox = w->boxes[box], .to = w->boxes[1 - box],
		.uids = uidset_init(), .mode = EXPUNGE_ALL };
	struct count c = count_box(w, box, first, last);

	CHECK_STATUS(uidset_add(&work.uids, first, last), STATUS_OK);
	CHECK_STATUS(testing_work(w->t, ME, type, &work)->status, STATUS_OK);
	uidset_clear(&work.uids);
	for (unsigned k = 0; k < KINDS; k++) {
		if (type != STORE_EXPUNGE)
			w->live[1 - box][k] += c.of[k];
		else
			w->trash[k] += c.of[k];
		if (type != STORE_COPY)
			w->live[box][k] -= c.of[k];
	}
}

struct taking {
	struct count c;
	struct trash_order o;
};

static bool
take_removed(void *ctx, const struct trash_row *row)
{
	struct taking *t = ctx;

	t->o.ids[t->o.count++] = trash_id_of(row);
	return count_removed(&t->c, row) && t->o.count < ROWS_MAX;
}

static void
step_trash(struct wear *w, uint8_t kind)
{
	struct taking *t = mem_new(struct taking);
	uint64_t keys[TRASH_ORDER_MAX];

	t->c = (struct count){ .t = w->t, .txn = testing_read(w->t) };
	t->o = (struct trash_order){ .kind = kind, .folder = SLICE("INBOX") };
	CHECK_STATUS(trash_each(t->c.txn, ME, take_removed, t, NULL), STATUS_OK);
	trash_keys(w->t->store, t->c.txn, &t->o, keys);
	txn_abort(&t->c.txn);
	if (t->o.count > 0)
		CHECK_STATUS(testing_run(w->t, job_of_trash(&t->o, keys))->status, STATUS_OK);
	for (unsigned k = 0; k < KINDS; k++) {
		w->trash[k] -= t->c.of[k];
		w->live[0][k] += kind == TRASH_RESTORE ? t->c.of[k] : 0;
	}
	mem_free(t);
}

/* One segment, or part of it: what is left is walked again another time. */
static void
step_compact(struct wear *w)
{
	struct compact_rules rules = { .at_percent = 20, .now_s = UINT64_MAX / 2 };
	uint32_t segment = 0, slices = 1 + draw(w, 3);
	struct compact_walk walk;
	enum compact_work work;
	struct txn *txn = testing_read(w->t);
	struct job *j = NULL;

	CHECK_STATUS(compact_choose(txn, &rules, &work, &segment, NULL), STATUS_OK);
	txn_abort(&txn);
	compact_begin(&walk, segment);
	for (; work == COMPACT_MOVE && !walk.is_end && slices > 0; slices--) {
		txn = testing_read(w->t);
		CHECK_STATUS(compact_slice(w->t->store, txn, &walk, &j, NULL), STATUS_OK);
		txn_abort(&txn);
		if (draw(w, 2) == 0)
			step_trash(w, TRASH_PURGE);	/* goes while it is moved */
		CHECK_STATUS(testing_run(w->t, j)->status, STATUS_OK);
	}
	if (work == COMPACT_RETIRE)
		CHECK_STATUS(testing_run(w->t, compact_retire(w->t->store, segment))->status,
		    STATUS_OK);
	if (work == COMPACT_DELETE)
		CHECK_STATUS(testing_run(w->t, compact_delete(w->t->store, segment))->status,
		    STATUS_OK);
}

static void
path_make(const struct wear *w, const char *below, char out[SCRATCH_PATH_MAX])
{
	snprintf(out, SCRATCH_PATH_MAX, "%.100s/%u%s", w->base, w->instance, below);
}

static void
on_damage(void *ctx, struct slice what, struct slice wrong)
{
	(void)ctx;
	fail_msg("%.*s: %.*s", SLICE_ARG(what), SLICE_ARG(wrong));
}

/* A backup is made, and what it gives back is worked with from then on. */
static void
step_restore(struct wear *w)
{
	static const char *const files[] = { NULL };
	char root[SCRATCH_PATH_MAX], place[SCRATCH_PATH_MAX];
	struct backup_source source = { .root = root, .files = files, .early_files = files };
	struct backup_hooks hooks = { .found = on_damage };
	struct problem why = { "" };
	struct backup_result result;
	struct backup_manifest m;
	struct backup_place *p;

	testing_close(w->t);
	path_make(w, "", root);
	snprintf(place, sizeof(place), "%.100s/backups", w->base);
	if (backup_open(place, BACKUP_CHANGE, &p, &why) != STATUS_OK ||
	    backup_take(p, &source, &hooks, &result, &why) != STATUS_OK ||
	    backup_find(p, result.name, &m, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	w->instance++;
	path_make(w, "", root);
	CHECK(mkdir(root, 0700) == 0);
	path_make(w, "/store", w->t->path);
	if (backup_lay_out(p, &m, root, BACKUP_COPY, &hooks, &why) != STATUS_OK ||
	    store_revive(w->t->path, SLICE("again"), &why) != STATUS_OK)
		fail_msg("%s", why.text);
	backup_manifest_clear(&m);
	CHECK_STATUS(backup_check(p, &hooks, &why), STATUS_OK);
	backup_close(&p);
	testing_open(w->t);
	check_all(w);
}

static void
step(struct wear *w)
{
	uint32_t what = draw(w, 100);

	if (what < 35)
		step_append(w);
	else if (what < 45)
		step_messages(w, STORE_COPY);
	else if (what < 50)
		step_messages(w, STORE_MOVE);
	else if (what < 65)
		step_messages(w, STORE_EXPUNGE);
	else if (what < 75)
		step_trash(w, TRASH_PURGE);
	else if (what < 78)
		step_trash(w, TRASH_RESTORE);
	else if (what < 95)
		step_compact(w);
	else if (what < 97)
		testing_seal(w->t, UINT64_MAX / 2);
	else if (what < 98)
		step_restore(w);
	else
		check_all(w);
}

static void
no_line(void *ctx, const struct repair_line *l)
{
	(void)ctx;
	(void)l;
}

static bool
count_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct count *c = ctx;

	CHECK_STATUS(message_each(c->txn, row->id, 1, UINT32_MAX, count_message, c, NULL), STATUS_OK);
	return true;
}

/*
 * A rebuild knows no copies and no removals, but it knows each text that somebody has; what came
 * last is in a folder of its own.
 */
static void
check_rebuild(struct wear *w)
{
	struct repair_options o = { .mode = REPAIR_DO, .hooks.line = no_line };
	struct repair_result result;
	struct problem why = { "" };
	struct count c;

	testing_close(w->t);
	if (rebuild_store(w->t->path, &o, &result, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	testing_verify(w->t->path);
	testing_open(w->t);
	c = (struct count){ .t = w->t, .txn = testing_read(w->t) };
	CHECK_STATUS(mailbox_each(c.txn, ME, count_mailbox, &c, NULL), STATUS_OK);
	txn_abort(&c.txn);
	for (unsigned k = 0; k < KINDS; k++)
		CHECK(c.of[k] > 0 || w->live[0][k] + w->live[1][k] + w->trash[k] == 0);
}

static void
wear_out(uint32_t seed)
{
	static const char *const directory[] = { "meta" };
	struct testing t = { .waiting = 0 };
	struct wear w = { .t = &t, .state = seed };
	char path[SCRATCH_PATH_MAX];
	struct env *e;

	scratch_make(w.base);
	path_make(&w, "", path);
	CHECK(mkdir(path, 0700) == 0);
	path_make(&w, "/policy", path);
	CHECK(mkdir(path, 0700) == 0);
	CHECK_STATUS(env_open(path, ENV_WRITE, directory, 1, &e, NULL), STATUS_OK);
	env_close(&e);
	path_make(&w, "/store", t.path);
	CHECK(mkdir(t.path, 0700) == 0);
	testing_open(&t);
	testing_account(w.t, ME);
	w.boxes[0] = testing_mailbox(w.t, ME, "INBOX");
	w.boxes[1] = testing_mailbox(w.t, ME, "Drafts");
	CHECK(w.boxes[0] != 0 && w.boxes[1] != 0);
	for (unsigned i = 0; i < STEPS; i++)
		step(&w);
	check_all(&w);
	check_rebuild(&w);
	testing_close(&t);
	scratch_remove(w.base);
}

static uint32_t
number_from(const char *name, uint32_t otherwise)
{
	const char *value = getenv(name);

	return value != NULL ? (uint32_t)strtoul(value, NULL, 10) : otherwise;
}

static void
messages_keep_their_bytes_whatever_happens(void **state)
{
	uint32_t seed = number_from("WEAR_SEED", SEED), runs = number_from("WEAR_RUNS", 3);

	(void)state;
	for (uint32_t k = 0; k < KINDS; k++)
		texts[k] = text_make(k);
	for (uint32_t i = 0; i < runs; i++) {
		print_message("seed %u\n", seed + i);
		wear_out(seed + i);
	}
	for (uint32_t k = 0; k < KINDS; k++)
		mem_free(texts[k]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_keep_their_bytes_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
