/*
 * serve_protocol.h -- what the supervisor answers on run/serve.sock.
 *
 *   SERVE_ENDPOINTS -> SERVE_ENDPOINT frames (slice name, slice "ADDRESS:PORT"), then SERVE_END:
 *                      u8 status (BUSY while some process is not ready), slice why
 *   SERVE_STATUS    -> SERVE_PROCESS frames (slice name, u32 pid, u8 is_ready, u32 restarts),
 *                      then SERVE_END
 */
#ifndef TOOLS_SERVE_PROTOCOL_H
#define TOOLS_SERVE_PROTOCOL_H

#define SERVE_SOCKET "serve.sock"

enum serve_request {
	SERVE_ENDPOINTS = 1,
	SERVE_STATUS,
	SERVE_ENDPOINT = 100,
	SERVE_PROCESS,
	SERVE_END,
};

#endif
