/*
 * admin.h -- store-admin.sock: the administrator's commands, a file each
 * (admin_*.c) and a row each in admin_server.c's table.
 *
 * A handler answers with any STORE_ROWs and one STORE_END.  What changes the
 * store is a job that admin_submit() hands on: its end is sent when it is on disk.
 */
#ifndef STORE_ADMIN_H
#define STORE_ADMIN_H

#include "net/ipc.h"
#include "store/stored.h"

/* Takes frame->fd when it sets it to -1.  A failure costs the peer its connection: the frame is none. */
typedef enum status admin_handler(struct stored *s, struct ipc_peer *peer,
    struct ipc_frame *frame);

/* What goes on for a peer between frames: the first member of a struct of its kind, kept with
 * ipc_peer_set().  One a peer; close() frees it, called when the peer is gone. */
struct admin_task {
	void (*close)(struct admin_task *task);
};

/* STORE_END to a peer that may be gone. */
void admin_end(struct stored *s, uint64_t peer, uint32_t request, enum status st,
    const struct problem *why);
/* Takes the job: it, or why it could not be begun, is answered with STORE_END. */
void admin_submit(struct stored *s, struct ipc_peer *peer, uint32_t request, struct job **job);

admin_handler
    admin_audit_list,
    admin_audit_put,
    admin_compact,
    admin_hold,
    admin_put_back,
    admin_queue_change,
    admin_queue_list,
    admin_stats,
    admin_trash_change;

#endif
