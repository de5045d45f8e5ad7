#include "tools/store_hold.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "net/ipc.h"
#include "store/protocol.h"

#define FRAME_HEAD_LEN 12
#define ANSWER_MAX 1024
#define PATIENCE_S 60
#define REQUEST 1

static bool
read_all(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
	}
	return true;
}

/* Ask, and hear that it is so. */
static bool
hold_ask(int fd)
{
	struct timeval patience = { PATIENCE_S, 0 };
	uint8_t head[FRAME_HEAD_LEN] = { 0 }, answer[ANSWER_MAX];
	uint32_t len;

	store_u32le(head + 4, (uint32_t)STORE_HOLD | (uint32_t)IPC_VERSION << 16);
	store_u32le(head + 8, REQUEST);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, head, sizeof(head), MSG_NOSIGNAL) != (ssize_t)sizeof(head) ||
	    !read_all(fd, head, sizeof(head)))
		return false;
	len = load_u32le(head);
	return (load_u32le(head + 4) & 0xffff) == STORE_END && len > 0 && len <= sizeof(answer) &&
	    read_all(fd, answer, len) && answer[0] == STATUS_OK;
}

enum status
store_hold(const struct invocation *in, int *out, struct problem *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "store-admin.sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		problem_set_errno(why, errno, "cannot make a socket");
		return STATUS_IO;
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || !hold_ask(fd)) {
		problem_set(why, "no answer; is the instance served? (mailadm -C %s serve)", in->dir);
		close(fd);
		return STATUS_BUSY;
	}
	*out = fd;
	return STATUS_OK;
}

bool
store_hold_lasts(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}
