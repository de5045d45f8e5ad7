#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"

/* Standard error goes into a file of ours while a test listens. */
struct ear {
	int saved_fd, file_fd;
	struct buf heard;
};

static struct ear
ear_open(void)
{
	struct ear e = { .heard = buf_init(4 << 20) };

	e.saved_fd = dup(STDERR_FILENO);
	e.file_fd = memfd_create("log", MFD_CLOEXEC);
	CHECK(e.saved_fd >= 0 && e.file_fd >= 0);
	/* A memfd keeps no lock on its position, unlike a file or a pipe. */
	CHECK(fcntl(e.file_fd, F_SETFL, O_APPEND) == 0);
	CHECK(dup2(e.file_fd, STDERR_FILENO) >= 0);
	return e;
}

static struct slice
ear_hear(struct ear *e)
{
	off_t size = lseek(e->file_fd, 0, SEEK_END);

	dup2(e->saved_fd, STDERR_FILENO);
	close(e->saved_fd);
	CHECK(size >= 0);
	CHECK_STATUS(buf_reserve(&e->heard, (size_t)size), STATUS_OK);
	CHECK(pread(e->file_fd, e->heard.ptr, (size_t)size, 0) == size);
	e->heard.len = (size_t)size;
	close(e->file_fd);
	return buf_slice(&e->heard);
}

/* The line behind its time stamp, whose form is checked. */
static struct slice
without_time(struct slice line)
{
	static const char form[] = "time=dddd-dd-ddTdd:dd:dd.dddZ ";
	size_t i;

	for (i = 0; form[i] != '\0'; i++) {
		char c = line.ptr[i];

		CHECK(form[i] == 'd' ? c >= '0' && c <= '9' : c == form[i]);
	}
	return slice_skip(line, sizeof(form) - 1);
}

/* What one value looks like in a line. */
static void
check_value(struct slice value, const char *want)
{
	struct ear ear = ear_open();
	struct buf line = buf_init(LOG_LINE_MAX);
	struct log_line l;

	log_begin(&l, LOG_INFO, "a.b.c", NULL);
	log_slice(&l, "k", value);
	log_end(&l);
	buf_printf(&line, "level=info prog=test event=a.b.c k=%s\n", want);
	buf_append_byte(&line, '\0');
	CHECK_SLICE(without_time(ear_hear(&ear)), line.ptr);
	buf_clear(&ear.heard);
	buf_clear(&line);
}

static void
a_line_has_its_fields_in_order(void **state)
{
	struct ear ear = ear_open();
	struct problem why = { "no room" };
	struct problem silent = { "" };
	struct log_line l;

	(void)state;
	errno = ENOENT;
	log_begin(&l, LOG_WARN, "smtp.rcpt.refused", "abc234");
	log_u64(&l, "code", 550);
	log_u64(&l, "zero", 0);
	log_u64(&l, "most", UINT64_MAX);
	log_status(&l, STATUS_LIMIT, &why);
	log_status(&l, STATUS_OK, &silent);
	log_end(&l);
	CHECK(errno == ENOENT);
	CHECK_SLICE(without_time(ear_hear(&ear)),
	    "level=warn prog=test event=smtp.rcpt.refused sid=abc234 code=550 zero=0 "
	    "most=18446744073709551615 status=limit why=\"no room\" status=ok\n");
	buf_clear(&ear.heard);
}

static void
values_are_quoted_and_escaped_where_needed(void **state)
{
	(void)state;
	check_value(SLICE("plain-1.2@x:y/z"), "plain-1.2@x:y/z");
	check_value(slice_make(NULL, 0), "\"\"");
	check_value(SLICE("two words"), "\"two words\"");
	check_value(SLICE("a=b"), "\"a=b\"");
	check_value(SLICE("say \"hi\""), "\"say \\\"hi\\\"\"");
	check_value(SLICE("back\\slash"), "\"back\\\\slash\"");
	check_value(SLICE("x\r\nlevel=error\t\x7f\x1b[2J\0"),
	    "\"x\\x0d\\x0alevel=error\\x09\\x7f\\x1b[2J\\x00\"");
	check_value(SLICE("张三"), "张三");
	check_value(SLICE("\xd5\xc5"), "\"\\xd5\\xc5\"");
	check_value(SLICE("a\xc2\x85" "b"), "\"a\\xc2\\x85" "b\"");
	check_value(SLICE("\xe2\x80\xa8"), "\"\\xe2\\x80\\xa8\"");
}

static void
a_long_value_is_cut_and_says_so(void **state)
{
	char value[LOG_VALUE_MAX + 1];
	char want[LOG_VALUE_MAX + 4];

	(void)state;
	memset(value, 'v', sizeof(value));
	memset(want, 'v', sizeof(want));
	want[LOG_VALUE_MAX] = '\0';
	check_value(slice_make(value, LOG_VALUE_MAX), want);
	memcpy(want + LOG_VALUE_MAX, "...", 4);
	check_value(slice_make(value, LOG_VALUE_MAX + 1), want);
	memcpy(value + LOG_VALUE_MAX - 2, "张", 3);	/* would be split: goes whole */
	memcpy(want + LOG_VALUE_MAX - 2, "...", 4);
	check_value(slice_make(value, LOG_VALUE_MAX + 1), want);
}

static void
a_field_without_room_is_left_out_and_the_line_stays_whole(void **state)
{
	struct ear ear = ear_open();
	char value[LOG_VALUE_MAX] = { 0 };	/* four characters each */
	struct log_line l;
	struct slice line;

	(void)state;
	log_begin(&l, LOG_INFO, "a.b.c", NULL);
	log_slice(&l, "one", slice_make(value, sizeof(value)));
	log_slice(&l, "two", slice_make(value, sizeof(value)));
	log_u64(&l, "three", 3);
	log_end(&l);
	line = ear_hear(&ear);
	CHECK(line.len <= LOG_LINE_MAX);
	CHECK_U64(slice_find_byte(line, '\n'), line.len - 1);
	CHECK_U64(slice_find(line, SLICE("two=")), line.len);
	CHECK(slice_ends(line, SLICE("\" three=3 cut=yes\n")));
	buf_clear(&ear.heard);
}

static void
quiet_levels_write_nothing(void **state)
{
	struct ear ear = ear_open();
	struct log_line l;

	(void)state;
	CHECK(log_level_get() == LOG_INFO);
	log_event(LOG_DEBUG, "a.b.c", NULL, "k", "unheard");
	log_begin(&l, LOG_INFO, "a.b.c", NULL);
	log_end(&l);
	log_end(&l);	/* a line is written once */
	log_open("test", LOG_DEBUG);
	log_event(LOG_DEBUG, "a.b.d", "sid1", "k", "heard");
	log_open("test", LOG_INFO);
	CHECK(slice_ends(ear_hear(&ear),
	    SLICE("prog=test event=a.b.d sid=sid1 k=heard\n")));
	CHECK_U64(slice_find(buf_slice(&ear.heard), SLICE("unheard")), ear.heard.len);
	CHECK_U64(slice_find_byte(buf_slice(&ear.heard), '\n'),
	    slice_find(buf_slice(&ear.heard), SLICE("\n")));
	buf_clear(&ear.heard);
}

#define THREADS 8
#define LINES_EACH 500

static void *
talk(void *arg)
{
	char value[200];
	int i;

	memset(value, 'a' + *(int *)arg, sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (i = 0; i < LINES_EACH; i++)
		log_event(LOG_INFO, "a.b.c", NULL, "k", value);
	return NULL;
}

static void
threads_never_mix_their_lines(void **state)
{
	pthread_t threads[THREADS];
	int names[THREADS];
	struct ear ear = ear_open();
	struct slice rest;
	size_t count = 0;
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		names[i] = i;
		CHECK(pthread_create(&threads[i], NULL, talk, &names[i]) == 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rest = ear_hear(&ear);
	for (; rest.len > 0; count++) {
		struct slice line = slice_take_until(&rest, '\n');
		struct slice value = slice_skip(line, slice_find(line, SLICE(" k=")) + 3);
		size_t at;

		CHECK(slice_starts(line, SLICE("time=")));
		CHECK_U64(value.len, 199);
		for (at = 0; at < value.len; at++)
			CHECK(value.ptr[at] == value.ptr[0]);
	}
	CHECK_U64(count, THREADS * LINES_EACH);
	buf_clear(&ear.heard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_fields_in_order),
		cmocka_unit_test(values_are_quoted_and_escaped_where_needed),
		cmocka_unit_test(a_long_value_is_cut_and_says_so),
		cmocka_unit_test(a_field_without_room_is_left_out_and_the_line_stays_whole),
		cmocka_unit_test(quiet_levels_write_nothing),
		cmocka_unit_test(threads_never_mix_their_lines),
	};

	log_open("test", LOG_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
