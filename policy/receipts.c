#include "policy/receipts.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

#define DOMAIN_MAX 255

struct receipts {
	struct table *domains;	/* uint32_t: given in this hour; at most RECEIPTS_MAX of them */
	uint32_t total;
	uint64_t began_s;
};

struct receipts *
receipts_new(void)
{
	struct receipts *r = mem_new(struct receipts);

	r->domains = table_new();
	return r;
}

void
receipts_free(struct receipts **r)
{
	if (*r == NULL)
		return;
	table_free(&(*r)->domains, mem_free);
	mem_free(*r);
	*r = NULL;
}

static void
begin_hour(struct receipts *r, uint64_t now_s)
{
	table_free(&r->domains, mem_free);
	r->domains = table_new();
	r->total = 0;
	r->began_s = now_s;
}

static struct buf
domain_of(struct slice sender)
{
	struct slice domain = slice_skip(sender, slice_find_last_byte(sender, '@') + 1);
	struct buf out = buf_init(DOMAIN_MAX);

	for (size_t i = 0; i < domain.len && i < DOMAIN_MAX; i++)
		buf_append_byte(&out, ascii_lower(domain.ptr[i]));
	return out;
}

bool
receipts_count(struct receipts *r, struct slice sender, uint64_t now_s)
{
	struct buf domain;
	uint32_t *given;
	bool may;

	if (now_s < r->began_s || now_s - r->began_s >= RECEIPTS_HOUR_S)
		begin_hour(r, now_s);
	if (r->total == RECEIPTS_MAX)
		return false;
	domain = domain_of(sender);
	given = table_get(r->domains, buf_slice(&domain));
	if (given == NULL) {
		given = mem_new(uint32_t);
		(void)table_put(r->domains, buf_slice(&domain), given);
	}
	may = *given < RECEIPTS_DOMAIN_MAX;
	*given += may;
	r->total += may;
	buf_clear(&domain);
	return may;
}
