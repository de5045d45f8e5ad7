/*
 * smtp_load -- how many messages a second does an SMTP server take?
 *
 *   smtp_load PORT CONNECTIONS MESSAGES BYTES RECIPIENT...
 *
 * Sends to 127.0.0.1, pipelining the envelope as real servers do, one recipient a message, each in
 * turn.  Prints one JSON object.  Any reply but the expected one ends it with code 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "net/line.h"
#include "wire/smtp_reply.h"

#define CONNECTIONS_MAX 1000
#define MESSAGES_MAX 10000000
#define SIZE_MIN 512
#define SIZE_BOUND (1024 * 1024)
#define LINE_MAX_BYTES 2100
#define FILLER_LINE 72	/* with its CRLF */
#define PATIENCE_MS 60000

enum phase { PHASE_GREETING, PHASE_EHLO, PHASE_ENVELOPE, PHASE_TEXT, PHASE_DONE };

struct client {
	int fd;
	enum phase phase;
	unsigned replies_due;
	struct buf in, out;
	uint64_t began_us;
};

struct load {
	uint32_t connections, messages, size;
	char **recipients;
	uint32_t recipient_count;
	uint32_t begun, done;
	uint32_t *latency_us;	/* by the order of answers */
	uint64_t run;		/* makes Message-IDs of two runs differ */
	struct buf filler;
	struct client *clients;
};

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "smtp_load: %s\n", what);
	exit(1);
}

static int
dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		fail("cannot connect");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		fail("cannot set up a socket");
	return fd;
}

static void
begin_message(struct load *l, struct client *c)
{
	if (l->begun == l->messages) {
		buf_append(&c->out, SLICE("QUIT\r\n"));
		c->phase = PHASE_DONE;
		c->replies_due = 1;
		return;
	}
	buf_printf(&c->out, "MAIL FROM:<load@customer.example>\r\nRCPT TO:<%s>\r\nDATA\r\n",
	    l->recipients[l->begun % l->recipient_count]);
	l->begun++;
	c->began_us = now_us();
	c->phase = PHASE_ENVELOPE;
	c->replies_due = 3;
}

static void
send_text(struct load *l, struct client *c)
{
	size_t before = c->out.len;
	size_t written;

	buf_printf(&c->out,
	    "From: Load <load@customer.example>\r\nTo: <%s>\r\n"
	    "Subject: message %u\r\nMessage-ID: <%u.%llu.%d@customer.example>\r\n"
	    "Date: Tue, 24 Nov 2026 09:00:00 +0000\r\n\r\n",
	    l->recipients[0], l->begun, l->begun, (unsigned long long)l->run, c->fd);
	written = c->out.len - before;
	buf_append(&c->out, slice_sub(buf_slice(&l->filler), 0,
	    (l->size - written) / FILLER_LINE * FILLER_LINE));
	buf_append(&c->out, SLICE(".\r\n"));
	c->phase = PHASE_TEXT;
	c->replies_due = 1;
}

static void
next_step(struct load *l, struct client *c)
{
	switch (c->phase) {
	case PHASE_GREETING:
		buf_append(&c->out, SLICE("EHLO load.customer.example\r\n"));
		c->phase = PHASE_EHLO;
		c->replies_due = 1;
		return;
	case PHASE_ENVELOPE:
		send_text(l, c);
		return;
	case PHASE_TEXT:
		l->latency_us[l->done++] = (uint32_t)(now_us() - c->began_us);
		begin_message(l, c);
		return;
	case PHASE_EHLO:
		begin_message(l, c);
		return;
	case PHASE_DONE:
		close(c->fd);
		c->fd = -1;
		return;
	}
}

static void
take_line(struct load *l, struct client *c, struct slice line)
{
	struct smtp_reply_line reply;

	if (smtp_reply_parse(line, &reply) != STATUS_OK || reply.code >= 400) {
		fprintf(stderr, "smtp_load: unexpected reply: %.*s\n", SLICE_ARG(line));
		exit(1);
	}
	if (reply.place == SMTP_REPLY_LAST && --c->replies_due == 0)
		next_step(l, c);
}

static void
receive(struct load *l, struct client *c)
{
	struct slice line;
	size_t used;
	ssize_t n;

	if (buf_reserve(&c->in, 4096) != STATUS_OK)
		fail("a reply without end");
	n = read(c->fd, c->in.ptr + c->in.len, 4096);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fail("the server closed a connection");
	c->in.len += (size_t)n;
	while (c->fd >= 0 && line_take(buf_slice(&c->in), LINE_MAX_BYTES, &line, &used) == STATUS_OK) {
		take_line(l, c, line);
		buf_consume(&c->in, used);
	}
}

static void
flush(struct client *c)
{
	ssize_t n = write(c->fd, c->out.ptr, c->out.len);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail("the server closed a connection");
	if (n > 0)
		buf_consume(&c->out, (size_t)n);
}

/* One round of poll(); how many connections are left. */
static uint32_t
turn(struct load *l, struct pollfd *fds)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < l->connections; i++) {
		struct client *c = &l->clients[i];

		fds[i] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
		if (c->fd < 0)
			continue;
		open++;
		if (c->out.len > 0)
			fds[i].events |= POLLOUT;
	}
	if (open > 0 && poll(fds, l->connections, PATIENCE_MS) <= 0)
		fail("the server does not answer");
	for (uint32_t i = 0; i < l->connections; i++) {
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			receive(l, &l->clients[i]);
		if (l->clients[i].fd >= 0 && l->clients[i].out.len > 0)
			flush(&l->clients[i]);
	}
	return open;
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(struct load *l, double seconds)
{
	qsort(l->latency_us, l->done, sizeof(uint32_t), compare_u32);
	printf("{\"messages\": %u, \"connections\": %u, \"bytes\": %u, \"seconds\": %.3f, "
	       "\"per_second\": %.1f, \"p50_ms\": %.2f, \"p99_ms\": %.2f}\n",
	    l->done, l->connections, l->size, seconds, l->done / seconds,
	    l->latency_us[l->done / 2] / 1000.0, l->latency_us[l->done * 99ull / 100] / 1000.0);
}

static void
read_arguments(struct load *l, int argc, char **argv, uint32_t *port)
{
	if (argc < 6 ||
	    parse_u32(slice_from_cstr(argv[1]), 1, 65535, port) != STATUS_OK ||
	    parse_u32(slice_from_cstr(argv[2]), 1, CONNECTIONS_MAX, &l->connections) != STATUS_OK ||
	    parse_u32(slice_from_cstr(argv[3]), 1, MESSAGES_MAX, &l->messages) != STATUS_OK ||
	    parse_u32(slice_from_cstr(argv[4]), SIZE_MIN, SIZE_BOUND, &l->size) != STATUS_OK) {
		fprintf(stderr, "usage: smtp_load PORT CONNECTIONS MESSAGES BYTES RECIPIENT...\n");
		exit(2);
	}
	l->recipients = argv + 5;
	l->recipient_count = (uint32_t)(argc - 5);
	l->run = now_us();
}

/* Lines of letters that no compressor makes small. */
static void
make_filler(struct load *l)
{
	uint64_t state = l->run | 1;

	l->filler = buf_init(2 * SIZE_BOUND);
	while (l->filler.len < l->size) {
		for (int i = 0; i < FILLER_LINE - 2; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			buf_append_byte(&l->filler, (char)('a' + (state >> 33) % 26));
		}
		buf_append(&l->filler, SLICE("\r\n"));
	}
}

int
main(int argc, char **argv)
{
	struct load l = { 0 };
	struct pollfd *fds;
	uint32_t port;
	uint64_t began;

	read_arguments(&l, argc, argv, &port);
	make_filler(&l);
	l.latency_us = mem_array(uint32_t, l.messages);
	l.clients = mem_array(struct client, l.connections);
	fds = mem_array(struct pollfd, l.connections);
	for (uint32_t i = 0; i < l.connections; i++)
		l.clients[i] = (struct client){ .fd = dial((uint16_t)port), .replies_due = 1,
			.in = buf_init(65536), .out = buf_init(2 * SIZE_BOUND) };
	began = now_us();
	while (turn(&l, fds) > 0)
		;
	report(&l, (double)(now_us() - began) / 1e6);
	for (uint32_t i = 0; i < l.connections; i++) {
		buf_clear(&l.clients[i].in);
		buf_clear(&l.clients[i].out);
	}
	buf_clear(&l.filler);
	mem_free(l.clients);
	mem_free(l.latency_us);
	mem_free(fds);
	return l.done == l.messages ? 0 : 1;
}
