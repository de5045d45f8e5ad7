#include "imapd/quota_report.h"

#include <inttypes.h>

#include "store/store.h"

static uint64_t
kibibytes(uint64_t bytes)
{
	return bytes / 1024 + (bytes % 1024 > 0);
}

void
quota_report(const struct account_row *a, struct buf *out)
{
	buf_printf(out, "* QUOTA \"\" (STORAGE %" PRIu64 " %" PRIu64 ")\r\n", kibibytes(a->bytes),
	    kibibytes(a->quota_bytes));
}

enum status
quota_report_read(struct store *store, uint32_t account, struct account_row *out)
{
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(store), &t, NULL);

	if (st == STATUS_OK)
		st = account_get(t, account, out, NULL);
	txn_abort(&t);
	if (st == STATUS_ABSENT) {
		*out = (struct account_row){ .id = account };
		st = STATUS_OK;
	}
	return st;
}
