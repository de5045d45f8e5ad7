#include "base/table.h"

#include <string.h>

#include "base/hash.h"
#include "base/id.h"
#include "base/mem.h"

#define FIRST_SLOTS 16	/* a power of two, as every later count */

struct entry {
	struct entry *next;
	uint64_t hash;
	void *value;
	size_t key_len;
	char key[];
};

struct table {
	uint8_t secret[16];
	struct entry **slots;
	size_t slot_count;
	size_t count;
};

struct table *
table_new(void)
{
	struct table *t = mem_new(struct table);

	id_random(t->secret, sizeof(t->secret));
	t->slot_count = FIRST_SLOTS;
	t->slots = mem_array(struct entry *, t->slot_count);
	return t;
}

void
table_free(struct table **t, void (*free_value)(void *value))
{
	size_t i;

	if (*t == NULL)
		return;
	for (i = 0; i < (*t)->slot_count; i++) {
		struct entry *e = (*t)->slots[i];

		while (e != NULL) {
			struct entry *next = e->next;

			if (free_value != NULL)
				free_value(e->value);
			mem_free(e);
			e = next;
		}
	}
	mem_free((*t)->slots);
	mem_free(*t);
	*t = NULL;
}

/* Where the pointer to key's entry is, or would be put. */
static struct entry **
find(const struct table *t, struct slice key, uint64_t hash)
{
	struct entry **at = &t->slots[hash & (t->slot_count - 1)];

	while (*at != NULL && ((*at)->hash != hash ||
	    !slice_equal(slice_make((*at)->key, (*at)->key_len), key)))
		at = &(*at)->next;
	return at;
}

void *
table_get(const struct table *t, struct slice key)
{
	struct entry *e = *find(t, key, siphash(t->secret, key));

	return e == NULL ? NULL : e->value;
}

static void
grow(struct table *t)
{
	size_t slot_count = t->slot_count * 2;
	struct entry **slots = mem_array(struct entry *, slot_count);
	size_t i;

	for (i = 0; i < t->slot_count; i++) {
		struct entry *e = t->slots[i];

		while (e != NULL) {
			struct entry *next = e->next;
			struct entry **at = &slots[e->hash & (slot_count - 1)];

			e->next = *at;
			*at = e;
			e = next;
		}
	}
	mem_free(t->slots);
	t->slots = slots;
	t->slot_count = slot_count;
}

void *
table_put(struct table *t, struct slice key, void *value)
{
	uint64_t hash = siphash(t->secret, key);
	struct entry **at = find(t, key, hash);
	struct entry *e = *at;

	if (e != NULL) {
		void *before = e->value;

		e->value = value;
		return before;
	}
	e = mem_zeroed(1, sizeof(*e) + key.len);
	e->hash = hash;
	e->value = value;
	e->key_len = key.len;
	if (key.len > 0)
		memcpy(e->key, key.ptr, key.len);
	*at = e;
	if (++t->count > t->slot_count)
		grow(t);
	return NULL;
}

void *
table_remove(struct table *t, struct slice key)
{
	struct entry **at = find(t, key, siphash(t->secret, key));
	struct entry *e = *at;
	void *value;

	if (e == NULL)
		return NULL;
	value = e->value;
	*at = e->next;
	mem_free(e);
	t->count--;
	return value;
}

size_t
table_count(const struct table *t)
{
	return t->count;
}

void
table_each(struct table *t, bool (*visit)(void *ctx, struct slice key, void *value), void *ctx)
{
	size_t i;

	for (i = 0; i < t->slot_count; i++) {
		struct entry *e = t->slots[i];

		while (e != NULL) {
			struct entry *next = e->next;	/* the visitor may remove e */

			if (!visit(ctx, slice_make(e->key, e->key_len), e->value))
				return;
			e = next;
		}
	}
}
