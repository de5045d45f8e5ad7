#include "store/logins.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/limits.h"

#define ROW_LEN 12

void
logins_put(const struct login_row *rows, uint32_t count, bool is_all, struct buf *out)
{
	put_u8(out, is_all);
	put_u32le(out, count);
	for (uint32_t i = 0; i < count && i < ACCOUNTS_MAX; i++) {
		put_u32le(out, rows[i].account);
		put_u64le(out, rows[i].mark);
	}
	if (count > ACCOUNTS_MAX)
		out->is_over = true;
}

/* Where the account's row is, or belongs. */
static uint32_t
row_place(const struct logins *l, uint32_t account)
{
	uint32_t low = 0, high = l->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (l->rows[middle].account < account)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
row_set(struct logins *l, const struct login_row *row)
{
	uint32_t at = row_place(l, row->account);

	if (at == l->count || l->rows[at].account != row->account) {
		l->rows = mem_resize(l->rows, l->count + 1, sizeof(l->rows[0]));
		memmove(&l->rows[at + 1], &l->rows[at], (l->count - at) * sizeof(l->rows[0]));
		l->count++;
	}
	l->rows[at] = *row;
}

/* Rows of a notice; mem_free(). */
static enum status
rows_read(struct reader *in, uint32_t count, struct login_row **out)
{
	struct login_row *rows;
	bool is_good = true;

	if (!reader_ok(in) || count > ACCOUNTS_MAX || in->rest.len != (size_t)count * ROW_LEN)
		return STATUS_CORRUPT;
	rows = mem_array(struct login_row, (size_t)count + 1);
	for (uint32_t i = 0; i < count; i++) {
		rows[i].account = read_u32le(in);
		rows[i].mark = read_u64le(in);
		is_good = is_good && (i == 0 || rows[i - 1].account < rows[i].account);
	}
	if (!is_good) {
		mem_free(rows);
		return STATUS_CORRUPT;
	}
	*out = rows;
	return STATUS_OK;
}

enum status
logins_take(struct logins *l, struct slice payload)
{
	struct reader in = reader_of(payload);
	uint8_t is_all = read_u8(&in);
	uint32_t count = read_u32le(&in);
	struct login_row *rows = NULL;

	if (is_all > 1 || rows_read(&in, count, &rows) != STATUS_OK)
		return STATUS_CORRUPT;
	if (is_all) {
		mem_free(l->rows);
		*l = (struct logins){ true, count, rows };
		return STATUS_OK;
	}
	/* A part before the whole says nothing of the others. */
	for (uint32_t i = 0; l->is_known && i < count; i++)
		row_set(l, &rows[i]);
	mem_free(rows);
	return STATUS_OK;
}

bool
logins_hold(const struct logins *l, uint32_t account, uint64_t mark)
{
	uint32_t at = row_place(l, account);

	if (!l->is_known)
		return true;
	return mark != LOGIN_NONE && at < l->count && l->rows[at].account == account &&
	    l->rows[at].mark == mark;
}

void
logins_clear(struct logins *l)
{
	mem_free(l->rows);
	*l = (struct logins){ 0 };
}
