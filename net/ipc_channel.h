/*
 * ipc_channel.h -- one Unix socket that carries ipc frames both ways; what
 * servers and clients have in common.  Private to net/.
 */
#ifndef NET_IPC_CHANNEL_H
#define NET_IPC_CHANNEL_H

#include "net/ipc.h"

#define IPC_HEADER_SIZE 12

struct channel;

struct channel_handler {
	/* Anything but OK ends the channel: on_lost follows. */
	enum status (*on_frame)(void *ctx, struct ipc_frame *frame);
	/*
	 * Nothing comes any more: OK when the peer closed between two frames.  Called
	 * once, from the loop; channel_free() is still to be called.
	 */
	void (*on_lost)(void *ctx, enum status st, const struct problem *why);
};

/* Takes fd, a connected non-blocking stream socket. */
struct channel *channel_new(struct loop *l, int fd, const struct channel_handler *handler,
    void *ctx);
void channel_free(struct channel **c);
/* The first frame of a turn is sent at once, those behind it together when the turn ends. */
void channel_send(struct channel *c, uint16_t type, uint32_t request, struct slice payload,
    int fd);
/* Bytes that the socket has not taken yet. */
size_t channel_pending(const struct channel *c);

#endif
