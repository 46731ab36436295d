/* SPDX-License-Identifier: Apache-2.0
 *
 * One end of the pipe between broker and assent-net: libuv moves the bytes, ipc.c gives
 * them their meaning.
 *
 * Life: link_init() -> link_start() -> on_msg()* -> link_close() -> on_gone() exactly once.
 * The struct belongs to its owner and must live until on_gone(). A message that breaks the
 * format, the end of the pipe and a write error all end in on_gone(). link_close() may be
 * called at any time, from any callback, any number of times.
 */
#ifndef AS_AGENT_IPC_LINK_H
#define AS_AGENT_IPC_LINK_H

#include <stdbool.h>
#include <uv.h>

#include "agent/ipc/ipc.h"

#define LINK_READ_MAX (2 * IPC_MESSAGE_MAX)

/* More than the windows of all streams: an end that lets so much wait does not read any more, or
 * lies about what it has consumed. The link then ends with AS_E_QUOTA. */
#define LINK_QUEUE_MAX (8u << 20)

struct link;

struct link_events {
	/* msg points into the link's buffer and ends with the call */
	void (*on_msg)(const struct ipc_msg *msg, void *owner);
	void (*on_gone)(int why, void *owner);
};

struct link {
	uv_pipe_t pipe; /* ipc: sockets can travel on it */
	const struct link_events *ev;
	void *owner;
	bool closing;
	int why;
	size_t in_at, in_len; /* what is not handed on yet */
	uint8_t in[LINK_READ_MAX];
};

/* One message with room for bytes that were read straight into it. */
struct link_block {
	uv_write_t req;
	uint8_t header[IPC_HEADER];
	uint8_t data[IPC_DATA_MAX];
};

int link_init(uv_loop_t *loop, struct link *l, const struct link_events *ev, void *owner);
int link_start(struct link *l);
void link_close(struct link *l, int why);

/* Copies the payload. */
int link_send(struct link *l, const struct ipc_msg *m);
int link_send_code(struct link *l, enum ipc_type type, uint32_t stream, uint32_t code);
/* SOCKET, and with it the socket, which the sender then closes. */
int link_send_socket(struct link *l, uv_stream_t *socket, const struct ipc_way *way);
/* Takes the block, whatever comes back; n bytes of block->data become one DATA. */
int link_send_block(struct link *l, struct link_block *block, uint32_t stream, size_t n);

/* One DATA of n bytes that lie in a pipe: only its header is sent here, at once; then the caller
 * moves the bytes to link_fd(), and what does not move is read and follows with link_send_rest(),
 * before anything else is sent. False when something waits already, and nothing was done. */
bool link_begin_data(struct link *l, uint32_t stream, size_t n);
intptr_t link_fd(const struct link *l); /* the system's handle of it */
/* Takes the block, as link_send_block(). */
int link_send_rest(struct link *l, struct link_block *block, size_t n);

/* Bytes that the other end has not taken yet. */
size_t link_queued(const struct link *l);

#endif
