/*
 * The pages of data.mdb: every one that can be reached from the snapshot's roots is what it should
 * be, is reached once, and is not free.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "store/page.h"
#include "store/verify_pass.h"

#define SHOW_EVERY 4096	/* pages */

struct walk {
	struct verify_pass *p;
	int fd;
	uint32_t page_size;
	uint64_t last;		/* page */
	uint64_t in_file;	/* pages */
	uint8_t *seen;		/* a bit for each page that is used */
	char name[64];		/* of the tree at hand */
	bool is_free;		/* it is that of free pages */
	struct page_tree counted;
	uint64_t done;		/* pages, of all trees */
};

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
	if (++w->done % SHOW_EVERY == 0)
		pass_progress(w->p, w->done, 0);
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
	if (page_number(out) != page) {
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

	if (len < 8 || len % 8 != 0 || n > len / 8 - 1) {
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
		if (page_flags(head) != PAGE_OVERFLOW || page_run(head) < need)
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

/* What a leaf holds beside records: long values, and lists of free pages. */
static void
leaf_walk(struct walk *w, uint64_t page, const uint8_t *bytes, unsigned nodes)
{
	struct page_node n;

	w->counted.leaves++;
	w->counted.entries += nodes;
	for (unsigned i = 0; i < nodes; i++) {
		if (!page_node_read(bytes, w->page_size, i, &n))
			continue;
		if (n.flags & NODE_BIG)
			overflow_walk(w, load_u64le(n.data), n.data_len);
		else if (w->is_free)
			free_list(w, page, n.data, n.data_len);
	}
}

static bool
page_is_sound(struct walk *w, uint64_t page, const uint8_t *bytes, bool is_leaf)
{
	const char *wrong = page_wrong(bytes, w->page_size, is_leaf, !w->is_free);

	if (wrong != NULL)
		page_found(w, page, wrong);
	return wrong == NULL;
}

static void
page_walk(struct walk *w, uint64_t page, unsigned depth)
{
	uint8_t *bytes = mem_zeroed(1, w->page_size);
	struct page_node n;

	if (!page_take(w, page) || !page_get(w, page, bytes) ||
	    !page_is_sound(w, page, bytes, depth == 1)) {
		mem_free(bytes);
		return;
	}
	if (depth == 1)
		leaf_walk(w, page, bytes, page_nodes(bytes));
	else
		w->counted.branches++;
	for (unsigned i = 0; depth > 1 && i < page_nodes(bytes); i++)
		if (page_node_read(bytes, w->page_size, i, &n))
			page_walk(w, n.child, depth - 1);
	mem_free(bytes);
}

static void
tree_walk(struct walk *w, const char *name, const struct page_tree *t)
{
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->counted = (struct page_tree){ .depth = t->depth, .root = t->root };
	if (t->root == PAGE_NO_ROOT && t->depth == 0)
		;
	else if (t->depth == 0 || t->depth > PAGE_DEPTH_MAX)
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
	for (unsigned i = 0; i < page_nodes(bytes); i++) {
		struct page_node n;
		struct page_tree t;

		if (!page_node_read(bytes, w->page_size, i, &n))
			break;
		if (depth > 1) {
			tables_walk(w, n.child, depth - 1, left);
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(n.key.len < 60 ? n.key.len : 60), n.key.ptr);
		if (n.flags != NODE_TREE || n.data_len != PAGE_TREE_LEN) {
			page_found(w, page, "what should be a table is none");
			continue;
		}
		page_tree_read(n.data, &t);
		tree_walk(w, name, &t);
	}
	mem_free(bytes);
}

/* The meta page of the snapshot that the pass reads, and both against each other. */
static bool
meta_find(struct walk *w, struct page_meta *meta)
{
	uint64_t wanted = txn_snapshot(w->p->txn), newer, older;
	uint8_t bytes[PAGE_META_LEN];
	struct page_meta both[2];

	snprintf(w->name, sizeof(w->name), "meta");
	for (unsigned i = 0; i < 2; i++) {
		if (pread(w->fd, bytes, sizeof(bytes), (off_t)(i * w->page_size)) !=
		    (ssize_t)sizeof(bytes) || !page_meta_read(bytes, w->page_size, i, &both[i])) {
			page_found(w, i, "the meta page is damaged");
			return false;
		}
	}
	newer = both[0].transaction;
	older = both[1].transaction;
	if (newer % 2 != 0 || older % 2 != (older != 0) ||
	    (newer > older ? newer - older : older - newer) > 1 + (older == 0))
		page_found(w, wanted % 2, "the meta pages' transactions do not follow each other");
	*meta = both[wanted % 2];
	return meta->transaction == wanted;	/* else two commits came meanwhile */
}

static void
snapshot_walk(struct walk *w, const struct page_meta *meta)
{
	uint64_t left = meta->tables.branches + meta->tables.leaves;

	w->last = meta->last;
	if (w->last >= w->in_file) {
		page_found(w, w->last, "the file ends before its last page");
		w->last = w->in_file - 1;
	}
	w->seen = mem_zeroed(w->last / 8 + 1, 1);
	tree_walk(w, "tables", &meta->tables);
	if (meta->tables.depth > 0 && meta->tables.depth <= PAGE_DEPTH_MAX)
		tables_walk(w, meta->tables.root, meta->tables.depth, &left);
	w->is_free = true;
	tree_walk(w, "free", &meta->free);
	mem_free(w->seen);
}

void
verify_pages(struct verify_pass *p)
{
	struct walk w = { .p = p, .fd = env_fd(store_env(p->store)) };
	struct page_meta meta;
	struct stat sb;

	w.page_size = page_size_of(w.fd);
	/* The snapshot's meta page is written over by the second commit behind it: be quick. */
	for (unsigned tries = 0; tries < 100; tries++) {
		uint64_t before = p->findings;

		if (fstat(w.fd, &sb) == 0 && meta_find(&w, &meta)) {
			w.in_file = (uint64_t)sb.st_size / w.page_size;
			snapshot_walk(&w, &meta);
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
