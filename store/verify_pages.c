/*
 * The pages of data.mdb as LMDB 0.9 lays them out on 64-bit machines of little-endian order, read
 * without LMDB, which trusts what it finds there.  Every page that can be reached from the
 * snapshot's roots is what it should be, is reached once, and is not free.
 *
 * page:  u64 number, u16 pad, u16 flags, u16 lower, u16 upper (of an overflow page: u32 how many)
 * meta:  a page's head, then u32 magic, u32 version, u64 address, u64 map size, tree of free
 *        pages, tree of tables, u64 last page, u64 transaction
 * tree:  u32 pad (of the first: page size), u16 flags, u16 depth, u64 branch pages, u64 leaf pages,
 *        u64 overflow pages, u64 entries, u64 root
 * node:  u16 low, u16 high, u16 flags, u16 key length, key, data.  In a branch low, high and flags
 *        are a page number, in a leaf low and high are the data's length
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "store/verify_pass.h"

#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define PAGE_SIZE_MAX 65536u
#define PAGE_HEAD_LEN 16u
#define NODE_HEAD_LEN 8u
#define TREE_LEN 48u
#define DEPTH_MAX 32u
#define NO_ROOT UINT64_MAX

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_TREE = 2, NODE_DUPLICATES = 4 };
enum { AT_MAGIC = 16, AT_FREE = 40, AT_MAIN = 88, AT_LAST = 136, AT_TRANSACTION = 144 };

struct tree {
	uint16_t depth;
	uint64_t branches, leaves, overflows, entries, root;
};

struct walk {
	struct verify_pass *p;
	int fd;
	uint32_t page_size;
	uint64_t last;		/* page */
	uint64_t in_file;	/* pages */
	uint8_t *seen;		/* a bit for each page that is used */
	char name[64];		/* of the tree at hand */
	bool is_free;		/* it is that of free pages */
	struct tree counted;
};

static uint16_t
get_u16(const uint8_t *b)
{
	return (uint16_t)(b[0] | b[1] << 8);
}

static void
tree_read(const uint8_t *b, struct tree *t)
{
	t->depth = get_u16(b + 6);
	t->branches = load_u64le(b + 8);
	t->leaves = load_u64le(b + 16);
	t->overflows = load_u64le(b + 24);
	t->entries = load_u64le(b + 32);
	t->root = load_u64le(b + 40);
}

static void
page_found(struct walk *w, uint64_t page, const char *what)
{
	char key[128];

	snprintf(key, sizeof(key), "%s/%llu", w->name, (unsigned long long)page);
	pass_found_at(w->p, key, "%s", what);
}

/* The page is used by the tree at hand from now on.  False: it cannot be. */
static bool
page_take(struct walk *w, uint64_t page)
{
	uint8_t bit = (uint8_t)(1u << page % 8);

	if (page < 2 || page > w->last || page >= w->in_file) {
		page_found(w, page, "a page of this number is not there");
		return false;
	}
	if (w->seen[page / 8] & bit) {
		page_found(w, page, "the page is used twice");
		return false;
	}
	w->seen[page / 8] = (uint8_t)(w->seen[page / 8] | bit);
	return true;
}

static bool
page_get(struct walk *w, uint64_t page, uint8_t *out)
{
	if (pread(w->fd, out, w->page_size, (off_t)(page * w->page_size)) !=
	    (ssize_t)w->page_size) {
		page_found(w, page, "the file ends before this page does");
		return false;
	}
	if (load_u64le(out) != page) {
		page_found(w, page, "the page has another number");
		return false;
	}
	return true;
}

/* Free pages that a record lists: none is used, none is listed twice. */
static void
free_list(struct walk *w, uint64_t page, const uint8_t *data, size_t len)
{
	uint64_t n = len >= 8 ? load_u64le(data) : UINT64_MAX;

	if (len % 8 != 0 || n > len / 8 - 1) {
		page_found(w, page, "a list of free pages cannot be read");
		return;
	}
	for (uint64_t i = 1; i <= n; i++) {
		uint64_t free = load_u64le(data + 8 * i);

		if (free < 2 || free > w->last)
			page_found(w, free, "a page of this number cannot be free");
		else if (w->seen[free / 8] & 1u << free % 8)
			page_found(w, free, "the page is free and used, or free twice");
		else
			w->seen[free / 8] = (uint8_t)(w->seen[free / 8] | 1u << free % 8);
	}
}

/* Pages of one value that is longer than a page. */
static void
overflow_walk(struct walk *w, uint64_t page, uint32_t len)
{
	uint64_t need = (PAGE_HEAD_LEN + (uint64_t)len + w->page_size - 1) / w->page_size;
	uint8_t *head = mem_zeroed(1, w->page_size), *data = NULL;

	if (page > w->in_file || need > w->in_file - page) {
		page_found(w, page, "a long value runs over the end of the file");
	} else if (page_get(w, page, head)) {
		if (get_u16(head + 10) != PAGE_OVERFLOW || load_u32le(head + 12) < need)
			page_found(w, page, "a long value does not begin here");
		for (uint64_t i = 0; i < need; i++)
			if (!page_take(w, page + i))
				break;
		w->counted.overflows += need;
		if (w->is_free) {
			data = mem_zeroed(need, w->page_size);
			if (pread(w->fd, data, need * w->page_size, (off_t)(page * w->page_size)) ==
			    (ssize_t)(need * w->page_size))
				free_list(w, page, data + PAGE_HEAD_LEN, len);
		}
	}
	mem_free(data);
	mem_free(head);
}

/* Where node i lies; NULL: it does not fit the page. */
static const uint8_t *
node_at(const struct walk *w, const uint8_t *bytes, unsigned i, bool is_leaf)
{
	uint16_t upper = get_u16(bytes + 14);
	uint32_t at = get_u16(bytes + PAGE_HEAD_LEN + 2 * i), len;

	if (at < upper || at + NODE_HEAD_LEN > w->page_size)
		return NULL;
	len = NODE_HEAD_LEN + get_u16(bytes + at + 6);
	if (is_leaf)
		len += get_u16(bytes + at + 4) & NODE_BIG ? 8 :
		    get_u16(bytes + at) | (uint32_t)get_u16(bytes + at + 2) << 16;
	return len > w->page_size || at + len > w->page_size ? NULL : bytes + at;
}

static bool
page_is_sound(struct walk *w, uint64_t page, const uint8_t *bytes, bool is_leaf)
{
	uint16_t flags = get_u16(bytes + 10), lower = get_u16(bytes + 12),
	    upper = get_u16(bytes + 14);
	unsigned nodes = lower < PAGE_HEAD_LEN ? 0 : (lower - PAGE_HEAD_LEN) / 2u;
	struct slice last = SLICE("");

	if (flags != (is_leaf ? PAGE_LEAF : PAGE_BRANCH) || lower < PAGE_HEAD_LEN ||
	    lower > upper || upper > w->page_size || lower % 2 != 0 || nodes < (is_leaf ? 1 : 2)) {
		page_found(w, page, "the head of the page is damaged");
		return false;
	}
	for (unsigned i = 0; i < nodes; i++) {
		const uint8_t *n = node_at(w, bytes, i, is_leaf);
		struct slice key;

		if (n == NULL || (is_leaf && get_u16(n + 4) & NODE_DUPLICATES)) {
			page_found(w, page, "an entry of the page is damaged");
			return false;
		}
		key = slice_make(n + NODE_HEAD_LEN, get_u16(n + 6));
		/* Keys of free pages are numbers in the machine's order. */
		if (!w->is_free && i > (is_leaf ? 0 : 1) && slice_compare(key, last) <= 0) {
			page_found(w, page, "the page's entries are out of order");
			return false;
		}
		last = key;
	}
	return true;
}

/* What a leaf holds beside records: long values, and lists of free pages. */
static void
leaf_walk(struct walk *w, uint64_t page, const uint8_t *bytes, unsigned nodes)
{
	w->counted.leaves++;
	w->counted.entries += nodes;
	for (unsigned i = 0; i < nodes; i++) {
		const uint8_t *n = bytes + get_u16(bytes + PAGE_HEAD_LEN + 2 * i);
		const uint8_t *data = n + NODE_HEAD_LEN + get_u16(n + 6);
		uint32_t len = get_u16(n) | (uint32_t)get_u16(n + 2) << 16;
		uint16_t flags = get_u16(n + 4);

		if (flags & NODE_BIG)
			overflow_walk(w, load_u64le(data), len);
		else if (w->is_free)
			free_list(w, page, data, len);
	}
}

static void
page_walk(struct walk *w, uint64_t page, unsigned depth)
{
	uint8_t *bytes = mem_zeroed(1, w->page_size);
	unsigned nodes;

	if (!page_take(w, page) || !page_get(w, page, bytes) ||
	    !page_is_sound(w, page, bytes, depth == 1)) {
		mem_free(bytes);
		return;
	}
	nodes = (get_u16(bytes + 12) - PAGE_HEAD_LEN) / 2u;
	if (depth == 1)
		leaf_walk(w, page, bytes, nodes);
	else
		w->counted.branches++;
	for (unsigned i = 0; depth > 1 && i < nodes; i++) {
		const uint8_t *n = bytes + get_u16(bytes + PAGE_HEAD_LEN + 2 * i);

		page_walk(w, get_u16(n) | (uint64_t)get_u16(n + 2) << 16 |
			(uint64_t)get_u16(n + 4) << 32, depth - 1);
	}
	mem_free(bytes);
}

static void
tree_walk(struct walk *w, const char *name, const struct tree *t)
{
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->counted = (struct tree){ .depth = t->depth, .root = t->root };
	if (t->root == NO_ROOT && t->depth == 0)
		;
	else if (t->depth == 0 || t->depth > DEPTH_MAX)
		page_found(w, t->root, "the depth of the tree is impossible");
	else
		page_walk(w, t->root, t->depth);
	if (w->counted.branches != t->branches || w->counted.leaves != t->leaves ||
	    w->counted.overflows != t->overflows || w->counted.entries != t->entries)
		page_found(w, t->root, "the tree has not the pages and entries it should have");
}

/* The tables, whose roots are the records of the tree of tables; its pages are sound. */
static void
tables_walk(struct walk *w, uint64_t page, unsigned depth, uint64_t *left)
{
	uint8_t *bytes = mem_zeroed(1, w->page_size);
	char name[64];

	if (*left == 0 || page > w->last ||
	    pread(w->fd, bytes, w->page_size, (off_t)(page * w->page_size)) !=
	    (ssize_t)w->page_size) {
		mem_free(bytes);
		return;
	}
	--*left;
	for (unsigned i = 0; i < (get_u16(bytes + 12) - PAGE_HEAD_LEN) / 2u; i++) {
		const uint8_t *n = node_at(w, bytes, i, depth == 1);
		struct slice key;
		struct tree t;

		if (n == NULL)
			break;
		key = slice_make(n + NODE_HEAD_LEN, get_u16(n + 6));
		if (depth > 1) {
			tables_walk(w, get_u16(n) | (uint64_t)get_u16(n + 2) << 16 |
				(uint64_t)get_u16(n + 4) << 32, depth - 1, left);
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(key.len < 60 ? key.len : 60), key.ptr);
		if (get_u16(n + 4) != NODE_TREE || get_u16(n) != TREE_LEN) {
			page_found(w, page, "what should be a table is none");
			continue;
		}
		tree_read((const uint8_t *)key.ptr + key.len, &t);
		tree_walk(w, name, &t);
	}
	mem_free(bytes);
}

/* The meta page of the snapshot that the pass reads, and both against each other. */
static bool
meta_find(struct walk *w, uint8_t *meta)
{
	uint8_t both[2][160];
	uint64_t wanted = txn_snapshot(w->p->txn), newer, older;

	snprintf(w->name, sizeof(w->name), "meta");
	for (unsigned i = 0; i < 2; i++) {
		if (pread(w->fd, both[i], sizeof(both[i]), (off_t)(i * w->page_size)) !=
		    (ssize_t)sizeof(both[i]) || load_u32le(both[i] + AT_MAGIC) != META_MAGIC ||
		    load_u32le(both[i] + AT_MAGIC + 4) != META_VERSION ||
		    load_u64le(both[i]) != i || get_u16(both[i] + 10) != PAGE_META ||
		    load_u32le(both[i] + AT_FREE) != w->page_size) {
			page_found(w, i, "the meta page is damaged");
			return false;
		}
	}
	newer = load_u64le(both[0] + AT_TRANSACTION);
	older = load_u64le(both[1] + AT_TRANSACTION);
	if (newer % 2 != 0 || older % 2 != (older != 0) ||
	    (newer > older ? newer - older : older - newer) > 1 + (older == 0))
		page_found(w, wanted % 2, "the meta pages' transactions do not follow each other");
	if (load_u64le(both[wanted % 2] + AT_TRANSACTION) != wanted)
		return false;	/* two commits came meanwhile */
	memcpy(meta, both[wanted % 2], sizeof(both[0]));
	return true;
}

static void
snapshot_walk(struct walk *w, const uint8_t *meta)
{
	struct tree free, tables;
	uint64_t left;

	w->last = load_u64le(meta + AT_LAST);
	if (w->last >= w->in_file) {
		page_found(w, w->last, "the file ends before its last page");
		w->last = w->in_file - 1;
	}
	w->seen = mem_zeroed(w->last / 8 + 1, 1);
	tree_read(meta + AT_FREE, &free);
	tree_read(meta + AT_MAIN, &tables);
	tree_walk(w, "tables", &tables);
	left = tables.branches + tables.leaves;
	if (tables.depth > 0 && tables.depth <= DEPTH_MAX)
		tables_walk(w, tables.root, tables.depth, &left);
	w->is_free = true;
	tree_walk(w, "free", &free);
	mem_free(w->seen);
}

void
verify_pages(struct verify_pass *p)
{
	struct walk w = { .p = p, .fd = env_fd(store_env(p->store)) };
	uint8_t meta[160];
	struct stat sb;

	w.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	if (pread(w.fd, meta, sizeof(meta), 0) == (ssize_t)sizeof(meta) &&
	    load_u32le(meta + AT_FREE) <= PAGE_SIZE_MAX && load_u32le(meta + AT_FREE) >= 512)
		w.page_size = load_u32le(meta + AT_FREE);
	/* The snapshot's meta page is written over by the second commit behind it: be quick. */
	for (unsigned tries = 0; tries < 100; tries++) {
		uint64_t before = p->findings;

		if (fstat(w.fd, &sb) == 0 && meta_find(&w, meta)) {
			w.in_file = (uint64_t)sb.st_size / w.page_size;
			snapshot_walk(&w, meta);
			return;
		}
		if (p->findings != before)
			return;
		txn_abort(&p->txn);
		if (txn_begin_read(store_env(p->store), &p->txn, NULL) != STATUS_OK)
			break;
	}
	pass_found_at(p, "meta", "no meta page is of the snapshot that is read");
}
