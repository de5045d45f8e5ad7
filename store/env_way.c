#include "store/env_way.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/env.h"
#include "store/page.h"

/* Keys from low on, and below high; an empty high has nothing above it. */
struct range {
	bool is_known;
	uint8_t low_len, high_len;
	char low[ENV_KEY_MAX], high[ENV_KEY_MAX];
};

struct way {
	const uint8_t *map;
	uint32_t page_size;
	const char *const *tables;
	unsigned table_count;
	struct page_meta meta;	/* of the last commit; last is 0 where there is none */
	struct range *known;	/* of each table: where puts were last found to be safe */
	uint8_t *sound;		/* a bit for each page */
	size_t sound_len;
	bool is_free_known;	/* the tree of free pages was looked at */
	uint64_t told;		/* the page that the log named last */
	atomic_bool is_doubted;
};

enum status
way_new(int fd, const char *const *tables, unsigned table_count, struct way **out,
    struct problem *why)
{
	void *map = mmap(NULL, (size_t)ENV_MAP_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	struct way *w;

	if (map == MAP_FAILED) {
		problem_set_errno(why, errno, "data.mdb cannot be mapped");
		return STATUS_IO;
	}
	w = mem_new(struct way);
	w->map = map;
	w->page_size = page_size_of(fd);
	w->tables = tables;
	w->table_count = table_count;
	w->known = mem_array(struct range, table_count);
	*out = w;
	return STATUS_OK;
}

void
way_free(struct way **wp)
{
	struct way *w = *wp;

	if (w == NULL)
		return;
	*wp = NULL;
	(void)munmap((void *)(uintptr_t)w->map, (size_t)ENV_MAP_SIZE);
	mem_free(w->known);
	mem_free(w->sound);
	mem_free(w);
}

void
way_doubt(struct way *w)
{
	atomic_store(&w->is_doubted, true);
}

static void
forget(struct way *w)
{
	if (w->sound_len > 0)
		memset(w->sound, 0, w->sound_len);
	for (unsigned i = 0; i < w->table_count; i++)
		w->known[i].is_known = false;
	w->is_free_known = false;
}

void
way_begin(struct way *w)
{
	struct page_meta meta;
	size_t len;

	if (atomic_exchange(&w->is_doubted, false))
		forget(w);
	w->meta = (struct page_meta){ 0 };
	for (unsigned i = 0; i < 2; i++)
		if (page_meta_read(w->map + (size_t)i * w->page_size, w->page_size, i, &meta) &&
		    meta.transaction >= w->meta.transaction)
			w->meta = meta;
	len = (size_t)(w->meta.last / 8 + 1);
	if (w->meta.last >= ENV_MAP_SIZE / w->page_size || len <= w->sound_len)
		return;
	w->sound = mem_resize(w->sound, 2 * len, 1);
	memset(w->sound + w->sound_len, 0, 2 * len - w->sound_len);
	w->sound_len = 2 * len;
}

static enum status
wrong(struct way *w, uint64_t page, const char *what, struct problem *why)
{
	struct log_line l;

	problem_set(why, "page %llu of the index is damaged: mailadm repair",
	    (unsigned long long)page);
	if (w->told != page) {
		log_begin(&l, LOG_ERROR, "store.page.damaged", NULL);
		log_u64(&l, "page", page);
		log_slice(&l, "why", slice_from_cstr(what));
		log_slice(&l, "do", SLICE("stop the instance, then mailadm repair"));
		log_end(&l);
	}
	w->told = page;
	way_doubt(w);
	return STATUS_CORRUPT;
}

static const uint8_t *
page_at(const struct way *w, uint64_t page)
{
	return w->map + (size_t)page * w->page_size;
}

static bool
is_page(const struct way *w, uint64_t page)
{
	return page >= 2 && page <= w->meta.last && page / 8 < w->sound_len;
}

static enum status
check_page(struct way *w, uint64_t page, bool is_leaf, struct problem *why)
{
	const char *what;

	if (!is_page(w, page))
		return wrong(w, page, "there is no such page", why);
	if (page_flags(page_at(w, page)) != (is_leaf ? PAGE_LEAF : PAGE_BRANCH))
		return wrong(w, page, "it is of another kind", why);
	if (w->sound[page / 8] >> page % 8 & 1)
		return STATUS_OK;
	if (page_number(page_at(w, page)) != page)
		return wrong(w, page, "it says that it is another one", why);
	what = page_wrong(page_at(w, page), w->page_size, is_leaf, true);
	if (what != NULL)
		return wrong(w, page, what, why);
	w->sound[page / 8] = (uint8_t)(w->sound[page / 8] | 1u << page % 8);
	return STATUS_OK;
}

/* Of a long value: LMDB takes from its head how many pages it frees. */
static enum status
check_run(struct way *w, uint64_t first, uint32_t len, struct problem *why)
{
	uint64_t count = (PAGE_HEAD_LEN + (uint64_t)len + w->page_size - 1) / w->page_size;

	if (!is_page(w, first) || !is_page(w, first + count - 1))
		return wrong(w, first, "there is no such page", why);
	if (page_number(page_at(w, first)) != first ||
	    page_flags(page_at(w, first)) != PAGE_OVERFLOW ||
	    page_run(page_at(w, first)) != count)
		return wrong(w, first, "the head of the page is damaged", why);
	return STATUS_OK;
}

/* The last node with a key <= key; in a branch the first one has no key.  *is_it: it has the key. */
static unsigned
find(const struct way *w, uint64_t page, struct slice key, bool is_leaf, bool *is_it)
{
	unsigned low = 0, high = page_nodes(page_at(w, page));

	*is_it = false;
	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;
		struct page_node n;

		if (page_node_read(page_at(w, page), w->page_size, middle, &n) &&
		    slice_compare(n.key, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	if (is_leaf) {
		struct page_node n;

		*is_it = page_node_read(page_at(w, page), w->page_size, low, &n) &&
		    slice_equal(n.key, key);
	}
	return low;
}

static void
range_set(struct range *r, char bound[ENV_KEY_MAX], uint8_t *len, const struct page_node *n)
{
	if (n->key.len == 0 || n->key.len > ENV_KEY_MAX) {
		r->is_known = false;
		return;
	}
	*len = (uint8_t)n->key.len;
	memcpy(bound, n->key.ptr, n->key.len);
}

/* From a branch to its child on the way to key; with the child's neighbours, which a delete may join. */
static enum status
step(struct way *w, uint64_t *page, struct slice key, bool to_leaf, bool is_delete,
    struct range *r, struct problem *why)
{
	unsigned count = page_nodes(page_at(w, *page));
	bool is_it;
	unsigned at = find(w, *page, key, false, &is_it);
	uint64_t from = *page;
	enum status st = STATUS_OK;

	for (unsigned i = at > 0 ? at - 1 : 0; st == STATUS_OK && i < count && i <= at + 1; i++) {
		struct page_node n;

		if (!page_node_read(page_at(w, from), w->page_size, i, &n))
			return wrong(w, from, "an entry of the page is damaged", why);
		if (i == at)
			*page = n.child;
		if (i == at && i > 0)
			range_set(r, r->low, &r->low_len, &n);
		if (i == at + 1)
			range_set(r, r->high, &r->high_len, &n);
		if (is_delete || i == at)
			st = check_page(w, n.child, to_leaf, why);
	}
	return st;
}

/*
 * All pages that a change of key may touch.  *found: its record, with a NULL key when there is none;
 * *r: keys that lead to the same leaf.
 */
static enum status
descend(struct way *w, const struct page_tree *tree, struct slice key, bool is_delete,
    struct page_node *found, struct range *r, struct problem *why)
{
	uint64_t page = tree->root;
	bool is_it;
	unsigned at;
	enum status st;

	*found = (struct page_node){ .key = { NULL, 0 } };
	*r = (struct range){ .is_known = true };
	if (page == PAGE_NO_ROOT)
		return STATUS_OK;
	if (tree->depth == 0 || tree->depth > PAGE_DEPTH_MAX)
		return wrong(w, page, "its tree has a wrong depth", why);
	st = check_page(w, page, tree->depth == 1, why);
	for (unsigned level = 1; st == STATUS_OK && level < tree->depth; level++)
		st = step(w, &page, key, level + 1 == tree->depth, is_delete, r, why);
	if (st != STATUS_OK)
		return st;
	at = find(w, page, key, true, &is_it);
	if (is_it && !page_node_read(page_at(w, page), w->page_size, at, found))
		return wrong(w, page, "an entry of the page is damaged", why);
	if (is_it && found->flags & NODE_BIG)
		return check_run(w, load_u64le(found->data), found->data_len, why);
	return STATUS_OK;
}

/* A list of free pages: LMDB writes to them next. */
static enum status
check_list(struct way *w, uint64_t page, const uint8_t *list, uint32_t len, struct problem *why)
{
	uint64_t count = len < 8 ? 0 : load_u64le(list);

	if (len < 8 || count > len / 8 - 1)
		return wrong(w, page, "a list of free pages cannot be read", why);
	for (uint64_t i = 1; i <= count; i++)
		if (!is_page(w, load_u64le(list + 8 * i)))
			return wrong(w, page, "a list of free pages names one that is none", why);
	return STATUS_OK;
}

/* The tree of free pages below a page; LMDB reads of it what it likes when it needs a page. */
static enum status
check_free(struct way *w, uint64_t page, unsigned depth, struct problem *why)
{
	struct page_node n;
	const char *what;
	enum status st = STATUS_OK;

	if (!is_page(w, page) || page_number(page_at(w, page)) != page)
		return wrong(w, page, "it is not where it should be", why);
	what = page_wrong(page_at(w, page), w->page_size, depth == 1, false);
	if (what != NULL)
		return wrong(w, page, what, why);
	for (unsigned i = 0; st == STATUS_OK && i < page_nodes(page_at(w, page)); i++) {
		if (!page_node_read(page_at(w, page), w->page_size, i, &n))
			return wrong(w, page, "an entry of the page is damaged", why);
		if (depth > 1) {
			st = check_free(w, n.child, depth - 1, why);
		} else if (n.flags & NODE_BIG) {
			uint64_t big = load_u64le(n.data);

			st = check_run(w, big, n.data_len, why);
			if (st == STATUS_OK)
				st = check_list(w, big, page_at(w, big) + PAGE_HEAD_LEN,
				    n.data_len, why);
		} else {
			st = check_list(w, page, n.data, n.data_len, why);
		}
	}
	return st;
}

static enum status
check_all_free(struct way *w, struct problem *why)
{
	const struct page_tree *tree = &w->meta.free;
	enum status st = STATUS_OK;

	if (w->is_free_known || tree->root == PAGE_NO_ROOT)
		return STATUS_OK;
	if (tree->depth == 0 || tree->depth > PAGE_DEPTH_MAX)
		return wrong(w, tree->root, "its tree has a wrong depth", why);
	st = check_free(w, tree->root, tree->depth, why);
	w->is_free_known = st == STATUS_OK;
	return st;
}

static bool
is_within(const struct range *r, struct slice key)
{
	return r->is_known && slice_compare(slice_make(r->low, r->low_len), key) <= 0 &&
	    (r->high_len == 0 || slice_compare(key, slice_make(r->high, r->high_len)) < 0);
}

enum status
way_check_tables(struct way *w, struct problem *why)
{
	struct page_node found;
	struct range r;
	enum status st = STATUS_OK;

	way_begin(w);
	for (unsigned i = 0; st == STATUS_OK && i < w->table_count; i++)
		st = descend(w, &w->meta.tables, slice_from_cstr(w->tables[i]), false, &found, &r,
		    why);
	return st;
}

enum status
way_check(struct way *w, unsigned table, struct slice key, enum way_change change,
    struct problem *why)
{
	struct page_node found;
	struct page_tree tree;
	struct range r;
	enum status st;

	if (change == WAY_PUT && is_within(&w->known[table], key))
		return STATUS_OK;
	st = check_all_free(w, why);
	if (st == STATUS_OK)
		st = descend(w, &w->meta.tables, slice_from_cstr(w->tables[table]), false, &found,
		    &r, why);
	if (st != STATUS_OK || found.key.ptr == NULL)
		return st;
	if (!(found.flags & NODE_TREE) || found.data_len != PAGE_TREE_LEN)
		return wrong(w, w->meta.tables.root, "a table's record is damaged", why);
	page_tree_read(found.data, &tree);
	st = descend(w, &tree, key, change == WAY_DELETE, &found, &r, why);
	if (st == STATUS_OK && tree.root != PAGE_NO_ROOT)
		w->known[table] = r;
	return st;
}
