/*
 * thread_read.h -- the keys of a message that SORT and THREAD compare by, out of
 * its row and its digest.
 */
#ifndef IMAPD_THREAD_READ_H
#define IMAPD_THREAD_READ_H

#include "imapd/message_view.h"
#include "imapd/thread.h"

/* SORT, or THREAD, which alone needs ids and references. */
enum thread_use { THREAD_FOR_SORT, THREAD_FOR_THREADS };

/* Add a message to the list.  Errors are those of reading it; LIMIT: the list is full. */
MUST_USE enum status thread_read(struct thread_list *l, enum thread_use use, uint32_t number,
    struct message_view *view, struct problem *why);

#endif
