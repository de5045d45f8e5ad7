/*
 * The queue as relayd meets it at stored's socket: what it has in hand, which texts it is given, and
 * what an entry costs that is damaged.
 */
#include "base/check.h"
#include "base/mem.h"
#include "store/key.h"
#include "store/plan_client.h"
#include "store/queue_client.h"
#include "store/spool.h"
#include "store/testing_stored.h"

#define MANY 10500	/* more than stored lets relayd have in hand at a time */

struct world {
	struct running run;
	struct loop *loop;
	struct plan_client *plan;
	struct queue_client *queue;
	/* the last answer */
	enum status st;
	uint32_t count;
	uint64_t ids[QUEUE_TAKE_MAX], texts[QUEUE_TAKE_MAX];
	char text[64];
};

static void
on_due(void *ctx)
{
	(void)ctx;
}

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	running_setup(&w.run);
	w.loop = loop_new();
	w.plan = plan_client_new(w.loop, "store-plan.sock");
	w.queue = queue_client_new(w.loop, "store-queue.sock", on_due, &w);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	plan_client_free(&w->plan);
	queue_client_free(&w->queue);
	loop_free(&w->loop);
	running_teardown(&w->run);
	return 0;
}

static void
answered(struct world *w, enum status st)
{
	w->st = st;
	loop_stop(w->loop);
}

static void
plan_answered(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	(void)change;
	(void)why;
	answered(ctx, st);
}

static void
execute(struct world *w, struct plan_action *actions, uint32_t count, const char *text)
{
	struct slice s = slice_from_cstr(text);
	struct plan p = { .mid = SLICE("m3v7q2m9tzae"), .size_bytes = (uint32_t)s.len,
		.actions = actions, .action_count = count };
	int fd = s.len == 0 ? -1 : testing_memfd(s);

	sha256_of(s, p.sha256);
	plan_execute(w->plan, &p, fd, plan_answered, w);
	loop_run(w->loop);
	CHECK_STATUS(w->st, STATUS_OK);
	if (fd >= 0)
		close(fd);
}

/* So many entries in the queue, of one text. */
static void
queue(struct world *w, uint32_t count, const char *text)
{
	struct plan_action *actions = mem_array(struct plan_action, count);

	for (uint32_t i = 0; i < count; i++)
		actions[i] = (struct plan_action){ .kind = ACTION_QUEUE, .sender = SLICE("a@x.test"),
			.recipients = SLICE("b@y.test") };
	execute(w, actions, count, text);
	mem_free(actions);
}

/* What failed for good ends with the plan that tells its author. */
static void
end(struct world *w, const uint64_t *ids, uint32_t count)
{
	struct plan_action *actions = mem_array(struct plan_action, count);

	for (uint32_t i = 0; i < count; i++)
		actions[i] = (struct plan_action){ .kind = ACTION_QUEUE_END, .entry = ids[i] };
	execute(w, actions, count, "");
	mem_free(actions);
}

static void
taken(void *ctx, enum status st, const struct queue_item *items, uint32_t count,
    uint64_t next_due_at)
{
	struct world *w = ctx;

	(void)next_due_at;
	w->count = count;
	for (uint32_t i = 0; i < count; i++) {
		w->ids[i] = items[i].id;
		w->texts[i] = items[i].text;
	}
	answered(w, st);
}

static uint32_t
take(struct world *w)
{
	queue_take(w->queue, QUEUE_TAKE_MAX, UINT64_MAX, taken, w);
	loop_run(w->loop);
	CHECK_STATUS(w->st, STATUS_OK);
	return w->count;
}

static void
text_came(void *ctx, enum status st, int fd, uint32_t size_bytes)
{
	struct world *w = ctx;

	if (st == STATUS_OK) {
		CHECK(size_bytes < sizeof(w->text));
		CHECK(pread(fd, w->text, size_bytes, 0) == (ssize_t)size_bytes && close(fd) == 0);
		w->text[size_bytes] = '\0';
	}
	answered(w, st);
}

static enum status
read_text(struct world *w, uint64_t id)
{
	queue_text(w->queue, id, text_came, w);
	loop_run(w->loop);
	return w->st;
}

static void
reconnect(struct world *w)
{
	queue_client_free(&w->queue);
	w->queue = queue_client_new(w->loop, "store-queue.sock", on_due, w);
}

static void
what_has_ended_is_in_hand_no_more(void **state)
{
	struct world *w = *state;

	for (uint32_t done = 0; done < MANY; done += QUEUE_TAKE_MAX) {
		queue(w, QUEUE_TAKE_MAX, "text");
		CHECK_U64(take(w), QUEUE_TAKE_MAX);
		end(w, w->ids, w->count);
	}
	queue(w, 1, "text");
	CHECK_U64(take(w), 1);
}

static void
relayd_reads_what_is_queued_and_nothing_else(void **state)
{
	struct plan_action inside = { .kind = ACTION_DELIVER, .account = 7, .role = 1 };
	struct world *w = *state;

	execute(w, &inside, 1, "to a colleague");
	queue(w, 1, "to the outside");
	CHECK_STATUS(read_text(w, 2), STATUS_OK);	/* as relayd does that was cut off */
	CHECK_U64(take(w), 1);
	CHECK_U64(w->texts[0], 2);
	CHECK_STATUS(read_text(w, 2), STATUS_OK);
	assert_string_equal(w->text, "to the outside");
	CHECK_STATUS(read_text(w, 1), STATUS_DENIED);
	CHECK_STATUS(read_text(w, 3), STATUS_DENIED);
	end(w, w->ids, 1);
	CHECK_STATUS(read_text(w, 2), STATUS_DENIED);
	reconnect(w);
	CHECK_STATUS(read_text(w, 1), STATUS_DENIED);
}

/* Write over a record. */
static void
damage(enum store_table table, uint64_t id)
{
	struct store *s = NULL;
	struct txn *t = NULL;
	struct key k;

	CHECK_STATUS(store_open("../store", ENV_WRITE, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_put(t, table, key_of_u64(&k, id), SLICE("\xff"), NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	store_close(&s);
}

/* The checksum of an entry's place among what is due no longer fits, in whatever page it lies. */
static void
damage_due(uint64_t id)
{
	struct spool_row row = { 0 };
	struct store *s = NULL;
	struct txn *t = NULL;
	struct key k;
	char *bytes, *at;
	struct stat sb;
	int fd;

	CHECK_STATUS(store_open("../store", ENV_READ, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(spool_get(t, id, &row, NULL), STATUS_OK);
	txn_abort(&t);
	store_close(&s);
	key_of_u64(&k, row.due_at);
	key_u64(&k, id);
	fd = open("../store/data.mdb", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && fstat(fd, &sb) == 0);
	bytes = mem_array(char, (size_t)sb.st_size);
	CHECK(pread(fd, bytes, (size_t)sb.st_size, 0) == sb.st_size);
	for (at = bytes; (at = memmem(at, (size_t)(bytes + sb.st_size - at), k.bytes, k.len)) != NULL;
	     at++)
		CHECK(pwrite(fd, "\xaa\xbb\xcc\xdd", 4, at + k.len - bytes) == 4);
	close(fd);
	mem_free(bytes);
}

static void
a_damaged_entry_holds_up_no_other(void **state)
{
	struct world *w = *state;

	for (int i = 1; i <= 4; i++)
		queue(w, 1, "text");
	queue(w, 1, "another text");
	running_end(&w->run, SIGTERM);
	damage(TABLE_QUEUE, 1);
	damage(TABLE_TEXT, 5);
	damage_due(2);
	running_launch(&w->run);
	reconnect(w);
	CHECK_U64(take(w), 2);
	CHECK(w->ids[0] == 3 && w->ids[1] == 4);
	CHECK_U64(take(w), 0);
	reconnect(w);
	CHECK_U64(take(w), 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(what_has_ended_is_in_hand_no_more),
		ROW(relayd_reads_what_is_queued_and_nothing_else),
		ROW(a_damaged_entry_holds_up_no_other),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
