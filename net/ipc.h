/*
 * ipc.h -- messages between our processes over Unix stream sockets.
 *
 *   frame:  u32le length of what follows the 12-byte header
 *           u16le type, u16le version, u32le request
 *           payload: base/bytes fields
 *
 * A frame may carry one descriptor (SCM_RIGHTS with its first byte); then the
 * high bit of its version is set (IPC_HAS_FD; callbacks see the version without
 * it).  A malformed frame, a descriptor missing or not announced costs its
 * sender the connection and never ends the receiver.
 * Sockets lie in the current directory (the instance's run/), so that paths
 * stay short.
 */
#ifndef NET_IPC_H
#define NET_IPC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#define IPC_FRAME_MAX (4u * 1024 * 1024)
#define IPC_VERSION 1
#define IPC_HAS_FD 0x8000
#define IPC_PEERS_MAX 256	/* connections of one server; more are closed at once */

struct loop;
struct ipc_server;
struct ipc_peer;
struct ipc_client;

struct ipc_frame {
	uint16_t type;
	uint16_t version;
	uint32_t request;	/* the caller's number; an answer repeats it; 0: a notice */
	struct slice payload;	/* borrowed during the callback */
	int fd;			/* -1, or a descriptor: the callback takes it by setting -1 here;
				 * otherwise it is closed after the callback */
};

struct ipc_server_handler {
	/* A peer connected.  Its uid has been checked.  May be NULL. */
	void (*on_open)(void *ctx, struct ipc_peer *peer);
	/* STATUS_OK keeps the peer; anything else is logged and closes it. */
	enum status (*on_frame)(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame);
	/*
	 * The peer is gone, whoever closed it (ipc_peer_close() and ipc_server_free()
	 * call this, too); the pointer means nothing afterwards.  May be NULL.
	 */
	void (*on_close)(void *ctx, struct ipc_peer *peer);
};

/*
 * Serve on a listening socket.  allowed_uids: peers (SO_PEERCRED) that may
 * connect, besides our own uid and root; count 0 means only those two.
 */
struct ipc_server *ipc_server_new(struct loop *l, int listen_fd, const uid_t *allowed_uids,
    size_t allowed_count, const struct ipc_server_handler *handler, void *ctx);
void ipc_server_free(struct ipc_server **s);

/* The user's pointer on a peer, for its session state. */
void ipc_peer_set(struct ipc_peer *p, void *data);
void *ipc_peer_get(const struct ipc_peer *p);
uid_t ipc_peer_uid(const struct ipc_peer *p);
/* A number that no other peer of this process ever has: answer later by it (ipc_send_to). */
uint64_t ipc_peer_id(const struct ipc_peer *p);
/* Send a frame; fd -1 or a descriptor to pass, which stays the caller's (it is duplicated). */
void ipc_send(struct ipc_peer *p, uint16_t type, uint32_t request, struct slice payload, int fd);
/* The same by id; false when that peer is gone. */
bool ipc_send_to(struct ipc_server *s, uint64_t peer_id, uint16_t type, uint32_t request,
    struct slice payload, int fd);
/* Bytes queued to the peer.  One that lets 64 MiB gather is closed. */
size_t ipc_peer_pending(const struct ipc_peer *p);
void ipc_peer_close(struct ipc_peer *p);

/*
 * answer is NULL unless st is OK.
 * OK     the peer answered (its payload says what)
 * BUSY   no connection, connection lost, or no answer by the deadline: what was
 *        asked may or may not have happened
 */
typedef void ipc_done(void *ctx, enum status st, struct ipc_frame *answer);

/*
 * A client of the socket at path ("policy.sock" in the current directory), that
 * reconnects by itself with back-off, for ever.  on_notice: frames with request
 * 0; may be NULL.  on_connected: after every (re)connection, before any queued
 * call is sent; may be NULL.
 */
struct ipc_client *ipc_client_new(struct loop *l, const char *path,
    void (*on_notice)(void *ctx, struct ipc_frame *frame),
    void (*on_connected)(void *ctx), void *ctx);
/* Calls still open are cancelled: their done is not called. */
void ipc_client_free(struct ipc_client **c);
bool ipc_client_is_connected(const struct ipc_client *c);

/*
 * Ask; done(ctx, ...) is called exactly once, from the loop, unless cancelled.
 * Waits for a connection while there is none, until the deadline.
 * fd: -1 or a descriptor to pass, which stays the caller's.
 * Returns a number for ipc_cancel(), never 0.
 */
uint32_t ipc_call(struct ipc_client *c, uint16_t type, struct slice payload, int fd,
    uint32_t deadline_ms, ipc_done *done, void *ctx);
/* Forget a call: its done is not called.  A request already sent is carried out all the same. */
void ipc_cancel(struct ipc_client *c, uint32_t call);
/* Send a notice (request 0); dropped when not connected. */
void ipc_notify(struct ipc_client *c, uint16_t type, struct slice payload);
/* The same with a descriptor, which stays the caller's; -1: without one. */
void ipc_notify_fd(struct ipc_client *c, uint16_t type, struct slice payload, int fd);

/*
 * For command line tools: connect, ask, wait.  every (may be NULL) is called for
 * every frame of the answer; the one of last_type is the last.
 */
MUST_USE enum status ipc_call_wait(const char *path, uint16_t type, struct slice payload, int fd,
    uint16_t last_type, uint32_t deadline_ms,
    void (*every)(void *ctx, struct ipc_frame *frame), void *ctx, struct problem *why);

/*
 * Sealed memfd holding text: made, checked.  memfd_sealed_check: STATUS_DENIED when it is not a
 * memfd sealed against SHRINK, GROW and WRITE, or its size is not size_bytes.
 */
MUST_USE enum status memfd_new(int *fd, struct problem *why);
MUST_USE enum status memfd_seal(int fd, struct problem *why);
MUST_USE enum status memfd_sealed_check(int fd, uint64_t size_bytes, struct problem *why);
/* Map a checked memfd for reading; *map.ptr is unmapped by memfd_unmap(). */
MUST_USE enum status memfd_map(int fd, uint64_t size_bytes, struct slice *map,
    struct problem *why);
void memfd_unmap(struct slice *map);

#endif
