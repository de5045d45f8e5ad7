/*
 * page.h -- pages of data.mdb as LMDB 0.9 lays them out on 64-bit machines of
 * little-endian order, for those who read them without LMDB, which trusts what
 * it finds there.
 *
 * page:  u64 number, u16 pad, u16 flags, u16 lower, u16 upper (of an overflow page: u32 how many)
 * meta:  a page's head, then u32 magic, u32 version, u64 address, u64 map size, tree of free
 *        pages, tree of tables, u64 last page, u64 transaction
 * tree:  u32 pad (of the first: page size), u16 flags, u16 depth, u64 branch pages, u64 leaf pages,
 *        u64 overflow pages, u64 entries, u64 root
 * node:  u16 low, u16 high, u16 flags, u16 key length, key, data.  In a branch low, high and flags
 *        are a page number, in a leaf low and high are the data's length
 */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define PAGE_SIZE_MAX 65536u
#define PAGE_HEAD_LEN 16u
#define PAGE_META_LEN 160u	/* of a meta page: what is read of it */
#define PAGE_DEPTH_MAX 32u
#define PAGE_NO_ROOT UINT64_MAX
#define PAGE_TREE_LEN 48u

enum page_flags { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum page_node_flags { NODE_BIG = 1, NODE_TREE = 2, NODE_DUPLICATES = 4 };

struct page_tree {
	uint16_t depth;
	uint64_t branches, leaves, overflows, entries, root;
};

struct page_meta {
	struct page_tree free, tables;
	uint64_t last, transaction;
};

struct page_node {
	struct slice key;
	uint16_t flags;
	uint64_t child;		/* in a branch */
	uint32_t data_len;	/* in a leaf; of a long value all of it, of which data is not a part */
	const uint8_t *data;	/* a long value: its page number */
};

/* Where in the file it says that it lies, in pages. */
uint64_t page_number(const uint8_t *page);
/* What kind of page it is, enum page_flags. */
uint16_t page_flags(const uint8_t *page);
/* How many pages a long value takes that begins with this one. */
uint32_t page_run(const uint8_t *page);
/* Nodes that the page's head speaks of; 0 where it is damaged. */
unsigned page_nodes(const uint8_t *page);

/* Page size that meta page 0 names, or that of the machine where it names none. */
uint32_t page_size_of(int fd);
void page_tree_read(const uint8_t *bytes, struct page_tree *out);
/* The index-th meta page, PAGE_META_LEN bytes of it.  False: it is none. */
bool page_meta_read(const uint8_t *page, uint32_t page_size, unsigned index,
    struct page_meta *out);
/* The i-th node.  False: it does not fit the page. */
bool page_node_read(const uint8_t *page, uint32_t page_size, unsigned i, struct page_node *out);
/*
 * What is wrong with a page that should be a leaf or a branch; NULL: nothing.
 * is_ordered: keys rise, which those of the tree of free pages do in the machine's order only.
 */
const char *page_wrong(const uint8_t *page, uint32_t page_size, bool is_leaf, bool is_ordered);

#endif
