/*
 * A directory that could not be synced: the kernel says so once, and a second try would be believed
 * for nothing.  So the segment whose name may not be on disk goes, and is made again.
 *
 * This program's own fsync() stands before the C library's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/counters.h"
#include "store/scratch.h"
#include "store/segment_writer.h"
#include "store/store.h"

static bool is_failing;	/* the next sync of a directory */

int
fsync(int fd)
{
	int (*next)(int fd);
	struct stat sb;

	if (is_failing && fstat(fd, &sb) == 0 && S_ISDIR(sb.st_mode)) {
		is_failing = false;
		errno = EIO;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "fsync");
	return next(fd);
}

static bool
is_there(struct store *s, const char *name)
{
	return faccessat(store_segments_fd(s), name, F_OK, 0) == 0;
}

static void
a_segment_whose_name_is_not_on_disk_goes(void **state)
{
	struct counters at = { 0 };
	struct segment_writer *w = NULL;
	char path[SCRATCH_PATH_MAX];
	struct store *s = NULL;
	int dir;

	(void)state;
	scratch_make(path);
	CHECK_STATUS(store_open(path, ENV_WRITE, &s, NULL), STATUS_OK);
	dir = store_segments_fd(s);
	is_failing = true;
	CHECK_STATUS(segment_make(dir, 1, store_id(s), SEGMENT_SIZE_MIN, NULL), STATUS_IO);
	CHECK(!is_failing && !is_there(s, "00000001.seg") && !is_there(s, "00000001.new"));
	CHECK_STATUS(segment_make(dir, 1, store_id(s), SEGMENT_SIZE_MIN, NULL), STATUS_OK);
	/* As it is found by the next start. */
	is_failing = true;
	CHECK_STATUS(segment_writer_open(s, SEGMENT_SIZE_MIN, &at, &w, NULL), STATUS_IO);
	CHECK(!is_failing && !is_there(s, "00000001.seg"));
	CHECK_STATUS(segment_writer_open(s, SEGMENT_SIZE_MIN, &at, &w, NULL), STATUS_OK);
	CHECK(is_there(s, "00000001.seg"));
	segment_writer_close(&w);
	store_close(&s);
	scratch_remove(path);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_whose_name_is_not_on_disk_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
