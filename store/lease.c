#include "store/lease.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/table.h"

struct lease {
	uint64_t peer, text;
};

struct leases {
	struct table *entries;	/* u64be entry -> struct lease */
};

struct leases *
leases_new(void)
{
	struct leases *l = mem_new(struct leases);

	l->entries = table_new();
	return l;
}

void
leases_free(struct leases **lp)
{
	struct leases *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	table_free(&l->entries, mem_free);
	mem_free(l);
}

static struct slice
entry_key(uint8_t key[8], uint64_t entry)
{
	store_u64be(key, entry);
	return slice_make(key, 8);
}

size_t
leases_count(const struct leases *l)
{
	return table_count(l->entries);
}

bool
leases_has(const struct leases *l, uint64_t entry)
{
	uint8_t key[8];

	return table_get(l->entries, entry_key(key, entry)) != NULL;
}

void
leases_begin(struct leases *l, uint64_t entry, uint64_t peer, uint64_t text)
{
	struct lease *lease = mem_new(struct lease);
	uint8_t key[8];

	lease->peer = peer;
	lease->text = text;
	mem_free(table_put(l->entries, entry_key(key, entry), lease));
}

void
leases_end(struct leases *l, uint64_t entry)
{
	uint8_t key[8];

	mem_free(table_remove(l->entries, entry_key(key, entry)));
}

struct leaving {
	struct leases *leases;
	uint64_t peer;
};

static bool
end_one(void *ctx, struct slice key, void *value)
{
	const struct leaving *p = ctx;
	const struct lease *lease = value;

	if (lease->peer == p->peer)
		mem_free(table_remove(p->leases->entries, key));
	return true;
}

void
leases_end_peer(struct leases *l, uint64_t peer)
{
	struct leaving p = { l, peer };

	table_each(l->entries, end_one, &p);
}

struct finding {
	uint64_t text;
	bool is_found;
};

static bool
find_text(void *ctx, struct slice key, void *value)
{
	struct finding *f = ctx;
	const struct lease *lease = value;

	(void)key;
	f->is_found = lease->text == f->text;
	return !f->is_found;
}

bool
leases_has_text(struct leases *l, uint64_t text)
{
	struct finding f = { text, false };

	table_each(l->entries, find_text, &f);
	return f.is_found;
}
