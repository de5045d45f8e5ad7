#include "base/fault.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

/* Memory that is mapped, and not there. */
static const volatile char *
nowhere(void)
{
	int fd = memfd_create("nowhere", MFD_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(fd >= 0 && p != MAP_FAILED);
	close(fd);
	return p;
}

static bool
reads(const volatile char *p)
{
	struct fault_guard g;

	if (sigsetjmp(g.back, 0) != 0)
		return false;
	fault_guard_enter(&g);
	(void)*p;
	fault_guard_leave(&g);
	return true;
}

static void
a_guarded_read_comes_back(void)
{
	static const char here[] = "here";

	for (int i = 0; i < 3; i++) {
		CHECK(reads(here));
		CHECK(!reads(nowhere()));
	}
}

static void
guards_nest(void)
{
	struct fault_guard g;
	volatile int inner = 0;

	if (sigsetjmp(g.back, 0) == 0) {
		fault_guard_enter(&g);
		inner += !reads(nowhere());
		fault_raise();
		fail();
	}
	CHECK(inner == 1);
	fault_raise();	/* no guard is left: nothing happens */
}

/* One test: the frame around it has handlers of its own before each. */
static void
guarded_reads_come_back(void **state)
{
	a_guarded_read_comes_back();
	guards_nest();
	(void)state;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(guarded_reads_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
