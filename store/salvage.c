#include "store/salvage.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/env.h"
#include "store/page.h"

#define CRC_LEN 4
#define TABLES_MAX 64

/* Keys of a subtree that could not be read: [from, to), to empty: no end. */
struct gap {
	unsigned table;
	struct slice from, to;	/* ours */
};

struct salvage {
	const struct salvage_hooks *hooks;
	const char *const *names;
	unsigned table_count;
	int fd;
	uint32_t page_size;
	uint64_t pages;			/* in the file */
	uint8_t *seen;			/* a bit for each page that is used or free */
	bool is_free_known;
	unsigned table;			/* at hand */
	bool has_table[TABLES_MAX];
	struct gap *gaps;
	size_t gap_count, gap_cap;
	struct salvage_record *records;	/* of the page at hand */
};

static bool
is_seen(const struct salvage *s, uint64_t page)
{
	return s->seen[page / 8] >> page % 8 & 1;
}

static void
see(struct salvage *s, uint64_t page)
{
	s->seen[page / 8] = (uint8_t)(s->seen[page / 8] | 1u << page % 8);
}

static bool
page_read(const struct salvage *s, uint64_t page, uint8_t *out)
{
	return page < s->pages && pread(s->fd, out, s->page_size, (off_t)(page * s->page_size)) ==
	    (ssize_t)s->page_size;
}

static void
gap_add(struct salvage *s, uint64_t page, const char *what, struct slice from, struct slice to)
{
	struct gap *g;

	s->hooks->damaged(s->hooks->ctx, s->table, page, what);
	if (s->gap_count == s->gap_cap) {
		s->gap_cap = s->gap_cap == 0 ? 16 : 2 * s->gap_cap;
		s->gaps = mem_resize(s->gaps, s->gap_cap, sizeof(s->gaps[0]));
	}
	g = &s->gaps[s->gap_count++];
	g->table = s->table;
	g->from = slice_make(mem_dup(from), from.len);
	g->to = slice_make(mem_dup(to), to.len);
}

/* The payload of a node when its checksum is right. */
static bool
record_read(const struct page_node *n, struct salvage_record *out)
{
	struct slice payload;

	if (n->flags != 0 || n->key.len == 0 || n->key.len > ENV_KEY_MAX ||
	    n->data_len <= CRC_LEN || n->data_len > CRC_LEN + ENV_VALUE_MAX)
		return false;
	payload = slice_make(n->data + CRC_LEN, n->data_len - CRC_LEN);
	if (crc32c(crc32c(0, n->key), payload) != load_u32le(n->data))
		return false;
	out->key = n->key;
	out->value = payload;
	return true;
}

static bool
is_within(struct slice key, struct slice from, struct slice to)
{
	return slice_compare(key, from) >= 0 && (to.len == 0 || slice_compare(key, to) < 0);
}

/*
 * Sound records of a leaf, ascending and within bounds.  *bad: nodes that are none.  A page whose
 * head is damaged is looked through as far as its entries make sense.
 */
static size_t
leaf_records(struct salvage *s, uint8_t *page, bool is_sure, struct slice from, struct slice to,
    size_t *bad)
{
	unsigned nodes = is_sure ? page_nodes(page) : (s->page_size - PAGE_HEAD_LEN) / 2u;
	struct slice last = SLICE("");
	struct salvage_record r;
	struct page_node n;
	size_t count = 0;

	*bad = 0;
	if (!is_sure) {		/* what it has to be */
		page[10] = PAGE_LEAF;
		page[11] = 0;
	}
	for (unsigned i = 0; i < nodes; i++) {
		if (!page_node_read(page, s->page_size, i, &n) || !record_read(&n, &r) ||
		    (count > 0 && slice_compare(r.key, last) <= 0) || !is_within(r.key, from, to)) {
			if (!is_sure && count > 0)
				break;
			++*bad;
			continue;
		}
		last = r.key;
		s->records[count++] = r;
	}
	return count;
}

/* A leaf that the tree leads to. */
static void
leaf_take(struct salvage *s, uint64_t number, uint8_t *page, struct slice from, struct slice to)
{
	const char *wrong = page_wrong(page, s->page_size, true, true);
	bool is_sure = wrong == NULL && page_number(page) == number;
	size_t bad, count = leaf_records(s, page, is_sure, from, to, &bad);

	if (count > 0 && s->hooks->page(s->hooks->ctx, s->table, s->records, count, is_sure)) {
		see(s, number);
		if (!is_sure)
			gap_add(s, number, wrong == NULL ? "the page has another number" : wrong,
			    from, to);
		else if (bad > 0)
			s->hooks->damaged(s->hooks->ctx, s->table, number,
			    "records of the page are damaged");
		return;
	}
	gap_add(s, number, wrong == NULL ? "the page's records are damaged or another table's" :
		wrong, from, to);
}

static void tree_walk(struct salvage *s, uint64_t number, unsigned depth, struct slice from,
    struct slice to);

/* Children of a branch, each with the keys it may hold. */
static void
branch_walk(struct salvage *s, uint64_t number, const uint8_t *page, unsigned depth,
    struct slice from, struct slice to)
{
	unsigned nodes = page_nodes(page);
	struct page_node n, next;

	see(s, number);
	for (unsigned i = 0; i < nodes; i++) {
		if (!page_node_read(page, s->page_size, i, &n))
			continue;
		if (i == 0)
			n.key = from;
		if (i + 1 == nodes || !page_node_read(page, s->page_size, i + 1, &next))
			next.key = to;
		tree_walk(s, n.child, depth - 1, n.key, next.key);
	}
}

static void
tree_walk(struct salvage *s, uint64_t number, unsigned depth, struct slice from, struct slice to)
{
	uint8_t *page = mem_zeroed(1, s->page_size);
	const char *wrong;

	if (depth == 0 || number < 2 || !page_read(s, number, page)) {
		gap_add(s, number, "a page of this number is not there", from, to);
	} else if (is_seen(s, number)) {
		gap_add(s, number, "the page is used twice", from, to);
	} else if (page_flags(page) == PAGE_BRANCH) {
		wrong = page_wrong(page, s->page_size, false, true);
		if (wrong == NULL && page_number(page) != number)
			wrong = "the page has another number";
		if (wrong == NULL)
			branch_walk(s, number, page, depth, from, to);
		else
			gap_add(s, number, wrong, from, to);
	} else {
		leaf_take(s, number, page, from, to);
	}
	mem_free(page);
}

static unsigned
table_named(const struct salvage *s, struct slice name)
{
	unsigned i = 0;

	while (i < s->table_count && !slice_equal(name, slice_from_cstr(s->names[i])))
		i++;
	return i;
}

/* The tree of tables, whose leaves hold the roots of the others. */
static void
tables_walk(struct salvage *s, uint64_t number, unsigned depth)
{
	uint8_t *page = mem_zeroed(1, s->page_size);
	struct page_node n;
	struct page_tree t;

	if (depth == 0 || number < 2 || !page_read(s, number, page) || is_seen(s, number) ||
	    page_number(page) != number ||
	    page_wrong(page, s->page_size, page_flags(page) != PAGE_BRANCH, true) != NULL) {
		s->hooks->damaged(s->hooks->ctx, s->table_count, number,
		    "the page that leads to the tables is damaged");
		mem_free(page);
		return;
	}
	see(s, number);
	for (unsigned i = 0; i < page_nodes(page); i++) {
		if (!page_node_read(page, s->page_size, i, &n))
			continue;
		if (page_flags(page) == PAGE_BRANCH) {
			tables_walk(s, n.child, depth - 1);
			continue;
		}
		s->table = table_named(s, n.key);
		if (s->table == s->table_count || n.flags != NODE_TREE ||
		    n.data_len != PAGE_TREE_LEN || s->has_table[s->table])
			continue;
		s->has_table[s->table] = true;
		page_tree_read(n.data, &t);
		if (t.root != PAGE_NO_ROOT)
			tree_walk(s, t.root, PAGE_DEPTH_MAX, SLICE(""), SLICE(""));
	}
	mem_free(page);
}

static bool
free_see(struct salvage *s, const uint8_t *data, size_t len)
{
	uint64_t n = len >= 8 ? load_u64le(data) : UINT64_MAX;

	if (len < 8 || len % 8 != 0 || n > len / 8 - 1)
		return false;
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t page = load_u64le(data + 8 * i);

		if (page < s->pages)
			see(s, page);
	}
	return true;
}

/* A list of free pages that fills pages of its own. */
static bool
free_long(struct salvage *s, uint64_t page, uint32_t len)
{
	uint64_t need = (PAGE_HEAD_LEN + (uint64_t)len + s->page_size - 1) / s->page_size;
	uint8_t *bytes;
	bool is_good;

	if (page >= s->pages || need > s->pages - page)
		return false;
	bytes = mem_zeroed(need, s->page_size);
	is_good = pread(s->fd, bytes, need * s->page_size, (off_t)(page * s->page_size)) ==
	    (ssize_t)(need * s->page_size) && page_number(bytes) == page &&
	    page_flags(bytes) == PAGE_OVERFLOW && free_see(s, bytes + PAGE_HEAD_LEN, len);
	for (uint64_t i = 0; i < need; i++)
		see(s, page + i);
	mem_free(bytes);
	return is_good;
}

/* The tree of free pages.  False: it cannot be read as a whole. */
static bool
free_walk(struct salvage *s, uint64_t number, unsigned depth)
{
	uint8_t *page = mem_zeroed(1, s->page_size);
	struct page_node n;
	bool is_leaf, is_good;

	is_good = depth > 0 && number >= 2 && page_read(s, number, page) && !is_seen(s, number) &&
	    page_number(page) == number;
	is_leaf = is_good && page_flags(page) == PAGE_LEAF;
	is_good = is_good && page_wrong(page, s->page_size, is_leaf, false) == NULL;
	if (is_good)
		see(s, number);
	for (unsigned i = 0; is_good && i < page_nodes(page); i++) {
		if (!page_node_read(page, s->page_size, i, &n))
			is_good = false;
		else if (!is_leaf)
			is_good = free_walk(s, n.child, depth - 1);
		else if (n.flags & NODE_BIG)
			is_good = free_long(s, load_u64le(n.data), n.data_len);
		else
			is_good = free_see(s, n.data, n.data_len);
	}
	mem_free(page);
	return is_good;
}

/* A leaf that nothing leads to: the table whose gap all of it fits takes it. */
static void
orphan_place(struct salvage *s, uint64_t number, uint8_t *page)
{
	size_t bad, count;

	if (page_number(page) != number || page_wrong(page, s->page_size, true, true) != NULL)
		return;
	for (size_t i = 0; i < s->gap_count; i++) {
		const struct gap *g = &s->gaps[i];

		count = leaf_records(s, page, true, g->from, g->to, &bad);
		if (count == 0 || bad > 0)
			continue;
		if (s->hooks->page(s->hooks->ctx, g->table, s->records, count, false)) {
			see(s, number);
			return;
		}
	}
}

static void
orphans_read(struct salvage *s)
{
	uint8_t *page = mem_zeroed(1, s->page_size);

	for (uint64_t i = 2; i < s->pages; i++)
		if (!is_seen(s, i) && page_read(s, i, page))
			orphan_place(s, i, page);
	mem_free(page);
}

/* The newest snapshot that has its meta page. */
static bool
meta_choose(struct salvage *s, struct page_meta *out, bool *is_older)
{
	uint8_t bytes[PAGE_META_LEN];
	struct page_meta both[2] = { { .transaction = 0 } };
	bool is_good[2], is_odd, is_apart;

	for (unsigned i = 0; i < 2; i++) {
		is_good[i] = pread(s->fd, bytes, sizeof(bytes), (off_t)(i * s->page_size)) ==
		    (ssize_t)sizeof(bytes) && page_meta_read(bytes, s->page_size, i, &both[i]) &&
		    both[i].transaction % 2 == i % 2;
		if (!is_good[i])
			s->hooks->damaged(s->hooks->ctx, s->table_count, i,
			    "the meta page is damaged");
	}
	/*
	 * Numbers that do not follow each other: one is damaged.  The lower one is of a snapshot that
	 * is whole in any case, since pages are used again two commits later only.
	 */
	is_apart = is_good[0] && is_good[1] && both[0].transaction + 1 != both[1].transaction &&
	    both[1].transaction + 1 != both[0].transaction;
	is_odd = is_good[1] &&
	    (!is_good[0] || is_apart != (both[1].transaction > both[0].transaction));
	*out = both[is_odd];
	/* Which of them was newer cannot be known then: be prepared for the worse. */
	*is_older = is_good[0] != is_good[1] || is_apart;
	return is_good[0] || is_good[1];
}

static void
all_read(struct salvage *s, const struct page_meta *meta)
{
	bool is_lost = false;

	s->is_free_known = meta->free.root == PAGE_NO_ROOT ||
	    free_walk(s, meta->free.root, PAGE_DEPTH_MAX);
	if (!s->is_free_known)
		s->hooks->damaged(s->hooks->ctx, s->table_count, meta->free.root,
		    "the list of free pages is damaged");
	tables_walk(s, meta->tables.root, PAGE_DEPTH_MAX);
	for (unsigned i = 0; i < s->table_count; i++)
		is_lost |= !s->has_table[i];
	for (s->table = 0; is_lost && s->table < s->table_count; s->table++)
		if (!s->has_table[s->table])
			gap_add(s, meta->tables.root, "nothing leads to this table any more",
			    SLICE(""), SLICE(""));
	if (s->gap_count > 0 && s->is_free_known)
		orphans_read(s);
}

enum status
salvage_read(int fd, const char *const *tables, unsigned table_count,
    const struct salvage_hooks *hooks, struct salvage_report *out, struct problem *why)
{
	struct salvage s = { .hooks = hooks, .names = tables, .table_count = table_count, .fd = fd };
	struct page_meta meta;
	struct stat sb;

	ASSERT(table_count <= TABLES_MAX);
	if (fstat(fd, &sb) != 0) {
		problem_set_errno(why, errno, "data.mdb");
		return STATUS_IO;
	}
	s.page_size = page_size_of(fd);
	s.pages = (uint64_t)sb.st_size / s.page_size;
	if (!meta_choose(&s, &meta, &out->is_older)) {
		problem_set(why, "both meta pages of data.mdb are damaged: nothing leads to its records");
		return STATUS_CORRUPT;
	}
	s.seen = mem_zeroed(s.pages / 8 + 1, 1);
	s.records = mem_array(struct salvage_record, s.page_size / 2);
	all_read(&s, &meta);
	out->is_cut_off = s.gap_count > 0 && !s.is_free_known;
	for (size_t i = 0; i < s.gap_count; i++) {
		mem_free((void *)(uintptr_t)s.gaps[i].from.ptr);
		mem_free((void *)(uintptr_t)s.gaps[i].to.ptr);
	}
	mem_free(s.gaps);
	mem_free(s.records);
	mem_free(s.seen);
	return STATUS_OK;
}
