#include "tools/endpoints.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"

#define BACKLOG 512

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "192.0.2.1:25" or "[2001:db8::1]:25". */
static enum status
address_parse(struct slice text, union address *out, socklen_t *len)
{
	size_t colon = slice_find_last_byte(text, ':');
	char host[64];
	struct slice name = slice_sub(text, 0, colon);
	uint32_t port;

	if (colon == text.len || name.len >= sizeof(host) ||
	    parse_u32(slice_skip(text, colon + 1), 1, 65535, &port) != STATUS_OK)
		return STATUS_SYNTAX;
	*out = (union address){ 0 };
	if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']') {
		name = slice_sub(name, 1, name.len - 2);
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		*len = sizeof(out->v6);
	} else {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)port);
		*len = sizeof(out->v4);
	}
	memcpy(host, name.ptr, name.len);
	host[name.len] = '\0';
	if (out->any.sa_family == AF_INET6)
		return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1 ? STATUS_OK
									  : STATUS_SYNTAX;
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? STATUS_OK : STATUS_SYNTAX;
}

static enum status
listen_at(const union address *a, socklen_t len, int *out)
{
	int on = 1;
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return STATUS_IO;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->any, len) != 0 || listen(fd, BACKLOG) != 0) {
		int err = errno;

		close(fd);
		errno = err;
		return STATUS_IO;
	}
	*out = fd;
	return STATUS_OK;
}

static enum status
endpoints_add(struct endpoints *e, const char *name, int fd, char *address, struct problem *why)
{
	if (e->count == ENDPOINT_COUNT_MAX) {
		close(fd);
		mem_free(address);
		problem_set(why, "more than %d sockets", ENDPOINT_COUNT_MAX);
		return STATUS_LIMIT;
	}
	e->list[e->count++] = (struct endpoint){ name, fd, address };
	return STATUS_OK;
}

enum status
endpoints_check_tcp(const char *name, const char *addresses, struct problem *why)
{
	struct slice rest = slice_from_cstr(addresses);

	while (rest.len > 0) {
		struct slice one = slice_trim(slice_take_until(&rest, ','));
		union address a;
		socklen_t len = 0;

		if (address_parse(one, &a, &len) == STATUS_OK)
			continue;
		problem_set(why, "[listen] %s: \"%.*s\" is not ADDRESS:PORT", name, SLICE_ARG(one));
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

enum status
endpoints_add_tcp(struct endpoints *e, const char *name, const char *addresses,
    struct problem *why)
{
	struct slice rest = slice_from_cstr(addresses);

	while (rest.len > 0) {
		struct slice one = slice_trim(slice_take_until(&rest, ','));
		union address a;
		socklen_t len = 0;
		int fd = -1;
		enum status st;

		if (address_parse(one, &a, &len) != STATUS_OK)
			return endpoints_check_tcp(name, addresses, why);
		st = listen_at(&a, len, &fd);
		if (st != STATUS_OK) {
			problem_set_errno(why, errno,
			    "cannot listen on %.*s for %s (another server there? change [listen] in "
			    "tradepost.conf)",
			    SLICE_ARG(one), name);
			return st;
		}
		st = endpoints_add(e, name, fd, mem_dup(one), why);
		if (st != STATUS_OK)
			return st;
	}
	return STATUS_OK;
}

enum status
endpoints_add_unix(struct endpoints *e, const char *name, const char *file, unsigned mode,
    struct problem *why)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	ASSERT(strlen(file) < sizeof(un.sun_path));
	memcpy(un.sun_path, file, strlen(file) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || (unlink(file) != 0 && errno != ENOENT) ||
	    bind(fd, (const struct sockaddr *)&un, sizeof(un)) != 0 || chmod(file, (mode_t)mode) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		problem_set_errno(why, errno, "cannot make run/%s", file);
		if (fd >= 0)
			close(fd);
		return STATUS_IO;
	}
	return endpoints_add(e, name, fd, NULL, why);
}

void
endpoints_clear(struct endpoints *e)
{
	for (size_t i = 0; i < e->count; i++) {
		close(e->list[i].fd);
		mem_free(e->list[i].address);
	}
	e->count = 0;
}

enum status
free_port(unsigned *port, struct problem *why)
{
	union address a = { 0 };
	socklen_t len = sizeof(a.v4);
	int fd = -1;
	enum status st;

	a.v4.sin_family = AF_INET;
	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	st = listen_at(&a, sizeof(a.v4), &fd);
	if (st != STATUS_OK || getsockname(fd, &a.any, &len) != 0) {
		problem_set_errno(why, errno, "no free port on 127.0.0.1");
		if (fd >= 0)
			close(fd);
		return STATUS_IO;
	}
	close(fd);
	*port = ntohs(a.v4.sin_port);
	return STATUS_OK;
}
