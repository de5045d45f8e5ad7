/*
 * link.h -- rings of objects that know their neighbours, so that removing one
 * needs no search.  The link is the object's first member; a ring is one link
 * that belongs to no object.  Private to net/.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev;
	struct link *next;
};

static inline void
link_init(struct link *ring)
{
	ring->prev = ring->next = ring;
}

/* True when the ring holds no object. */
static inline bool
link_is_empty(const struct link *ring)
{
	return ring->next == ring;
}

/* True when the object is in some ring. */
static inline bool
link_is_in(const struct link *l)
{
	return l->next != NULL;
}

/* Put l, which is in no ring, last. */
static inline void
link_append(struct link *ring, struct link *l)
{
	l->prev = ring->prev;
	l->next = ring;
	ring->prev->next = l;
	ring->prev = l;
}

/* Does nothing to a link that is in no ring. */
static inline void
link_remove(struct link *l)
{
	if (l->next == NULL)
		return;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->prev = l->next = NULL;
}

/* Remove and return the first, or NULL. */
static inline struct link *
link_take(struct link *ring)
{
	struct link *l = ring->next;

	if (l == ring)
		return NULL;
	link_remove(l);
	return l;
}

/* Move everything in from behind what is in ring. */
static inline void
link_splice(struct link *ring, struct link *from)
{
	if (link_is_empty(from))
		return;
	from->next->prev = ring->prev;
	ring->prev->next = from->next;
	from->prev->next = ring;
	ring->prev = from->prev;
	link_init(from);
}

#endif
