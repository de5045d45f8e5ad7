/* What the committer promises of jobs that come together: none waits for all of another. */
#include <semaphore.h>

#include "base/check.h"
#include "store/segment_scan.h"
#include "store/subscription.h"
#include "store/testing_check.h"

#define PARTS 5

/* A job of several parts, the first of which waits until others stand behind it. */
struct long_one {
	sem_t is_first, may_go;
	unsigned parts;
	unsigned parts_before;	/* done when the short one was */
};

static struct long_one lone;

static enum status
long_run(struct job *j, struct change *c, struct problem *why)
{
	char name[16];

	snprintf(name, sizeof(name), "part %u", lone.parts);
	if (lone.parts++ == 0) {
		sem_post(&lone.is_first);
		sem_wait(&lone.may_go);
	}
	if (subscription_put(c->txn, j->actor, slice_from_cstr(name), why) != STATUS_OK)
		return STATUS_IO;
	return lone.parts < PARTS ? STATUS_PENDING : STATUS_OK;
}

static enum status
short_run(struct job *j, struct change *c, struct problem *why)
{
	lone.parts_before = lone.parts;
	return subscription_put(c->txn, j->actor, SLICE("short"), why);
}

static struct job *
job_with(job_run *run)
{
	struct job *j = job_new(STORE_UPKEEP, SLICE(""));

	j->run = run;
	j->actor = ME;
	return j;
}

/* How many parts were done when what was asked behind the first one was. */
static unsigned
parts_before(struct testing *t, bool is_unparted)
{
	struct job *first = job_with(long_run), *second = job_with(short_run);

	lone.parts = 0;
	first->is_unparted = is_unparted;
	testing_forget(t);
	testing_submit(t, &first);
	sem_wait(&lone.is_first);
	testing_submit(t, &second);
	sem_post(&lone.may_go);
	testing_wait(t);
	CHECK_U64(lone.parts, PARTS);
	return lone.parts_before;
}

static void
a_long_job_lets_others_come_between_its_parts(void **state)
{
	struct testing *t = *state;

	sem_init(&lone.is_first, 0, 0);
	sem_init(&lone.may_go, 0, 0);
	CHECK_U64(parts_before(t, false), 1);
	CHECK_U64(parts_before(t, true), PARTS);
	sem_destroy(&lone.is_first);
	sem_destroy(&lone.may_go);
}

/* A plan that fails when its text is written and its row, too. */
static struct job *
failing_plan(void)
{
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_QUEUE_END, .entry = 4711 },
	};
	struct plan p = { .mid = SLICE("k3v7q2m9tzae"), .size_bytes = 4, .actions = actions,
		.action_count = ARRAY_LEN(actions) };
	struct buf b = buf_init(1 << 16);
	int fd = testing_memfd(SLICE("text"));
	struct job *j = NULL;

	sha256_of(SLICE("text"), p.sha256);
	CHECK_STATUS(plan_encode(&p, &b), STATUS_OK);
	CHECK_STATUS(job_of_plan(buf_slice(&b), fd, &j, NULL), STATUS_OK);
	close(fd);
	buf_clear(&b);
	return j;
}

/* A rebuild without the index has only markers to tell it what was never answered for. */
static void
the_text_of_a_job_that_fails_beside_others_is_named_as_void(void **state)
{
	static const char *const good[] = { "a good one" };
	struct testing *t = *state;
	struct segment_scan scan;
	uint32_t inbox;
	struct job *j;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	j = failing_plan();
	j->next = testing_append_job(ME, inbox, good, 1, 0, "");
	testing_forget(t);
	t->waiting = 2;
	committer_submit(t->committer, &j);
	testing_wait(t);
	testing_append(t, ME, inbox, "its batch begins with a marker", 0, "");
	CHECK_STATUS(segment_scan(store_segments_fd(t->store), 0, NULL, NULL, &scan, NULL), STATUS_OK);
	CHECK_U64(scan.text_count, 3);
	CHECK_U64(scan.void_count, 1);
	CHECK_U64(scan.voids[0], 1);
	segment_scan_clear(&scan);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
		ROW(a_long_job_lets_others_come_between_its_parts),
		ROW(the_text_of_a_job_that_fails_beside_others_is_named_as_void),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
