/*
 * Any references and subjects among up to 60 messages: each message is told
 * once, in balanced parentheses, and sorting loses none.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "imapd/thread.h"

#define MESSAGES_MAX 60

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A length in the low bits, and so many bytes. */
static struct slice
take_field(struct slice *rest)
{
	struct slice field;

	if (rest->len == 0)
		return SLICE("");
	field = slice_sub(*rest, 1, (unsigned char)rest->ptr[0] % 8u);
	*rest = slice_skip(*rest, 1 + field.len);
	return field;
}

static void
add_message(struct thread_list *l, struct slice *rest)
{
	struct slice head = take_field(rest), subject = take_field(rest), ids = take_field(rest);
	struct thread_message m = { .number = 3 * l->count + 1 };
	uint64_t keys[8];

	if (head.len > 0) {
		m.date = head.ptr[0];
		m.is_reply = head.ptr[0] & 1;
		m.id = (unsigned char)head.ptr[head.len - 1] % 16u;
	}
	for (size_t i = 0; i < ids.len; i++)
		keys[i] = 1 + (unsigned char)ids.ptr[i] % 16u;
	ASSERT(thread_text_put(l, subject, &m.subject) == STATUS_OK);
	ASSERT(thread_text_put(l, subject, &m.from) == STATUS_OK);
	ASSERT(thread_text_put(l, slice_make((char *)keys, ids.len * sizeof(keys[0])),
	    &m.references) == STATUS_OK);
	thread_list_add(l, &m);
}

static void
check_told(struct slice told, uint32_t count)
{
	bool has[MESSAGES_MAX] = { false };
	size_t open = 0, found = 0;

	for (size_t i = 0; i < told.len; i++) {
		uint32_t n = 0;

		open += told.ptr[i] == '(';
		ASSERT(told.ptr[i] != ')' || open-- > 0);
		if (!ascii_is_digit(told.ptr[i]))
			continue;
		for (; i < told.len && ascii_is_digit(told.ptr[i]); i++)
			n = 10 * n + (uint32_t)(told.ptr[i] - '0');
		i--;
		ASSERT(n % 3 == 1 && n / 3 < count && !has[n / 3]);
		has[n / 3] = true;
		found++;
	}
	ASSERT(open == 0 && found == count);
}

static void
check_sorted(struct thread_list *l)
{
	static const struct sort_order order = { { SORT_SUBJECT, SORT_FROM, SORT_DATE, SORT_SIZE },
		{ false, true }, 4 };
	bool has[MESSAGES_MAX] = { false };

	thread_sort(l, &order);
	for (uint32_t i = 0; i < l->count; i++) {
		ASSERT(!has[l->messages[i].number / 3]);
		has[l->messages[i].number / 3] = true;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct thread_list l = thread_list_init();
	struct slice rest = slice_make(data, size);
	struct buf out = buf_init(65536);

	while (rest.len > 0 && l.count < MESSAGES_MAX)
		add_message(&l, &rest);
	thread_by_references(&l, &out);
	check_told(buf_slice(&out), l.count);
	buf_reset(&out);
	thread_by_subject(&l, &out);
	check_told(buf_slice(&out), l.count);
	check_sorted(&l);
	buf_clear(&out);
	thread_list_clear(&l);
	return 0;
}
