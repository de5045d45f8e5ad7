#include "store/page.h"

#include <unistd.h>

#include "base/bytes.h"

#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define NODE_HEAD_LEN 8u
#define PAGE_SIZE_MIN 512u

enum { AT_MAGIC = 16, AT_FREE = 40, AT_MAIN = 88, AT_LAST = 136, AT_TRANSACTION = 144 };

static uint16_t
get_u16(const uint8_t *b)
{
	return (uint16_t)(b[0] | b[1] << 8);
}

uint64_t
page_number(const uint8_t *page)
{
	return load_u64le(page);
}

uint16_t
page_flags(const uint8_t *page)
{
	return get_u16(page + 10);
}

uint32_t
page_run(const uint8_t *page)
{
	return load_u32le(page + 12);
}

unsigned
page_nodes(const uint8_t *page)
{
	uint16_t lower = get_u16(page + 12);

	return lower < PAGE_HEAD_LEN ? 0 : (lower - PAGE_HEAD_LEN) / 2u;
}

uint32_t
page_size_of(int fd)
{
	uint8_t meta[PAGE_META_LEN];

	if (pread(fd, meta, sizeof(meta), 0) == (ssize_t)sizeof(meta)) {
		uint32_t size = load_u32le(meta + AT_FREE);

		if (size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0)
			return size;
	}
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

void
page_tree_read(const uint8_t *b, struct page_tree *t)
{
	t->depth = get_u16(b + 6);
	t->branches = load_u64le(b + 8);
	t->leaves = load_u64le(b + 16);
	t->overflows = load_u64le(b + 24);
	t->entries = load_u64le(b + 32);
	t->root = load_u64le(b + 40);
}

bool
page_meta_read(const uint8_t *page, uint32_t page_size, unsigned index, struct page_meta *out)
{
	if (load_u32le(page + AT_MAGIC) != META_MAGIC ||
	    load_u32le(page + AT_MAGIC + 4) != META_VERSION || page_number(page) != index ||
	    page_flags(page) != PAGE_META || load_u32le(page + AT_FREE) != page_size)
		return false;
	page_tree_read(page + AT_FREE, &out->free);
	page_tree_read(page + AT_MAIN, &out->tables);
	out->last = load_u64le(page + AT_LAST);
	out->transaction = load_u64le(page + AT_TRANSACTION);
	return true;
}

bool
page_node_read(const uint8_t *page, uint32_t page_size, unsigned i, struct page_node *out)
{
	bool is_leaf = page_flags(page) == PAGE_LEAF;
	uint32_t slot = PAGE_HEAD_LEN + 2 * i, at;
	uint64_t len;
	const uint8_t *b;

	if (slot + 2 > page_size)
		return false;
	at = get_u16(page + slot);
	if (at < PAGE_HEAD_LEN || at + NODE_HEAD_LEN > page_size)
		return false;
	b = page + at;
	out->key = slice_make(b + NODE_HEAD_LEN, get_u16(b + 6));
	out->flags = is_leaf ? get_u16(b + 4) : 0;
	out->child = is_leaf ? 0 :
	    get_u16(b) | (uint64_t)get_u16(b + 2) << 16 | (uint64_t)get_u16(b + 4) << 32;
	out->data_len = is_leaf ? get_u16(b) | (uint32_t)get_u16(b + 2) << 16 : 0;
	out->data = b + NODE_HEAD_LEN + out->key.len;
	len = NODE_HEAD_LEN + (uint64_t)out->key.len;
	len += out->flags & NODE_BIG ? 8 : out->data_len;
	return at + len <= page_size;
}

const char *
page_wrong(const uint8_t *page, uint32_t page_size, bool is_leaf, bool is_ordered)
{
	uint16_t lower = get_u16(page + 12), upper = get_u16(page + 14);
	unsigned nodes = page_nodes(page);
	struct slice last = SLICE("");
	struct page_node n;

	if (page_flags(page) != (is_leaf ? PAGE_LEAF : PAGE_BRANCH) || lower < PAGE_HEAD_LEN ||
	    lower > upper || upper > page_size || lower % 2 != 0 || nodes < (is_leaf ? 1 : 2))
		return "the head of the page is damaged";
	for (unsigned i = 0; i < nodes; i++) {
		if (!page_node_read(page, page_size, i, &n) ||
		    get_u16(page + PAGE_HEAD_LEN + 2 * i) < upper || n.flags & NODE_DUPLICATES)
			return "an entry of the page is damaged";
		if (is_ordered && i > (is_leaf ? 0 : 1) && slice_compare(n.key, last) <= 0)
			return "the page's entries are out of order";
		last = n.key;
	}
	return NULL;
}
