/* Any bytes are a damaged data.mdb: what is read of it is sound, and reading comes to its end. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/env.h"
#include "store/salvage.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_TRIED (256 * 1024)

static bool
on_page(void *ctx, unsigned table, const struct salvage_record *records, size_t count,
    bool is_sure)
{
	size_t *pages = ctx;

	(void)is_sure;
	ASSERT(table < TABLE_COUNT && count > 0);
	for (size_t i = 0; i < count; i++) {
		ASSERT(records[i].key.len > 0 && records[i].key.len <= ENV_KEY_MAX);
		ASSERT(records[i].value.len > 0 && records[i].value.len <= ENV_VALUE_MAX);
		ASSERT(i == 0 || slice_compare(records[i - 1].key, records[i].key) < 0);
	}
	return ++*pages % 3 != 0;
}

static void
on_damaged(void *ctx, unsigned table, uint64_t page, const char *what)
{
	(void)ctx;
	(void)page;
	ASSERT(table <= TABLE_COUNT && what != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t pages = 0;
	struct salvage_hooks hooks = { on_page, on_damaged, &pages };
	struct salvage_report report;
	int fd = memfd_create("salvage", MFD_CLOEXEC);

	if (fd >= 0 && size <= SIZE_MAX_TRIED && write(fd, data, size) == (ssize_t)size)
		(void)!salvage_read(fd, store_tables, TABLE_COUNT, &hooks, &report, NULL);
	if (fd >= 0)
		close(fd);
	return 0;
}
