/*
 * store_bench DIRECTORY [MESSAGES...]: durable deliveries a second of 4 KB
 * through stored, as a share of a bare probe doing the same writes and syncs,
 * with 1, 20 and 50 in flight, once the store holds so many messages; then what
 * the store takes, and how fast texts are read.  In a
 * directory that was used before it goes on with what is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "store/counters.h"
#include "store/digest.h"
#include "store/mailbox.h"
#include "store/plan_client.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/text.h"

#define TEXT_LEN 4096
#define TEXTS 64
#define ACCOUNTS 100
#define MEASURE_MS 1000
#define ROUNDS 8		/* store and probe in turn, so that what else the machine does hits both */
#define FILL_IN_FLIGHT 256
#define PROBE_TABLES 10
#define READS 50000
#define NEWEST 10000

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "store_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
must(enum status st, const struct problem *why)
{
	if (st == STATUS_OK)
		return;
	fprintf(stderr, "store_bench: %s\n", why->text);
	exit(1);
}

/* A message to deliver, and where in it and in its digest record its Message-ID's number stands. */
struct text {
	char bytes[TEXT_LEN];
	size_t number_at;
	struct buf digest;
	size_t id_at;
};

struct bench {
	struct loop *loop;
	struct plan_client *client;
	pid_t stored;
	struct text texts[TEXTS];
	uint64_t sent, done, until_ms, limit;
	unsigned in_flight, most;
	struct env *probe;
	int probe_segment;
	uint64_t probe_at, probe_count;
	bool is_same;		/* texts that were sent before */
};

/* Lines as people write them: what is compressed and what is not is as with mail. */
static void
words_put(char *text, size_t len, uint32_t seed)
{
	static const char *const words[] = { "please", "confirm", "the", "shipment", "of", "lamps",
		"quotation", "for", "your", "order", "we", "have", "received", "payment", "by", "T/T",
		"container", "Ningbo", "and", "delivery", "in", "weeks", "best", "regards", "invoice",
		"attached", "price", "USD", "sample", "will", "be", "sent", "on", "Monday", "to" };
	size_t at = 0, column = 0;

	while (at + 24 < len) {
		const char *w;

		seed = seed * 1664525 + 1013904223;
		w = words[(seed >> 16) % ARRAY_LEN(words)];
		at += (size_t)snprintf(text + at, len - at, "%s%s", w, column > 60 ? "\r\n" : " ");
		if ((seed >> 8) % 9 == 0)
			at += (size_t)snprintf(text + at, len - at, "%u ", (seed >> 4) % 100000);
		column = column > 60 ? 0 : column + strlen(w) + 1;
	}
	memset(text + at, ' ', len - at);
}

static size_t
number_find(struct slice where)
{
	size_t found = 0;

	for (size_t at = 0; at < where.len; at++)
		if (slice_starts(slice_skip(where, at), SLICE("0000000000@")))
			found = at;
	return found;
}

static void
text_make(struct text *t, unsigned n)
{
	struct buf b = buf_init(TEXT_LEN);

	buf_printf(&b, "From: \"Zhang San %u\" <zhang@acme.test>\r\nTo: <li@customer.example>\r\n"
	    "Subject: Re: quotation %u for 400 pcs LED lamps\r\nMessage-ID: <0000000000@acme.test>\r\n"
	    "Date: Tue, 24 Nov 2026 10:36:51 +0800\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n", n, n);
	words_put(t->bytes, TEXT_LEN, n);
	memcpy(t->bytes, b.ptr, b.len);
	memcpy(t->bytes + TEXT_LEN - 2, "\r\n", 2);
	buf_clear(&b);
	t->digest = buf_init(DIGEST_RECORD_MAX);
	digest_compute(slice_make(t->bytes, TEXT_LEN), &t->digest);
	/* The record has it in the envelope, too; the last one is the field that counts. */
	t->number_at = number_find(slice_make(t->bytes, TEXT_LEN));
	t->id_at = number_find(buf_slice(&t->digest));
}

static int
listen_on(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s.sock", name);
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 64) != 0)
		die(name);
	return fd;
}

enum { FD_COUNT = 6 };	/* what stored inherits */

static void
stored_launch(struct bench *b, const char *program)
{
	int fds[FD_COUNT], high[FD_COUNT], pipes[2];
	struct problem why = { "" };
	char byte;

	fds[0] = listen_on("store-plan");
	fds[1] = listen_on("store-work");
	fds[2] = listen_on("store-queue");
	fds[3] = listen_on("store-admin");
	must(memfd_new(&fds[4], &why), &why);
	if (write(fds[4], "key", 3) != 3 || pipe2(pipes, O_CLOEXEC) != 0)
		die("pipe");
	fds[5] = pipes[1];
	b->stored = fork();
	if (b->stored == 0) {
		for (int i = 0; i < FD_COUNT; i++)
			high[i] = fcntl(fds[i], F_DUPFD, 50);
		for (int i = 0; i < FD_COUNT; i++)
			dup2(high[i], 3 + i);
		if (freopen("../stored.log", "a", stderr) == NULL)
			_exit(2);
		setenv("LISTEN_FDS", "6", 1);
		setenv("LISTEN_FDNAMES",
		    "store-plan:store-work:store-queue:store-admin:grant-key:ready", 1);
		execl(program, "stored", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < FD_COUNT; i++)
		close(fds[i]);
	if (read(pipes[0], &byte, 1) < 0)
		die("stored");
	close(pipes[0]);
}

static void send_more(struct bench *b);

static void
delivered(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	struct bench *b = ctx;

	(void)change;
	must(st, why);
	b->done++;
	b->in_flight--;
	send_more(b);
	if (b->in_flight == 0)
		loop_stop(b->loop);
}

static void
send_one(struct bench *b)
{
	struct text *t = &b->texts[b->sent % TEXTS];
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = 1 + (uint32_t)(b->sent * 7919 % ACCOUNTS),
		    .role = MAILBOX_INBOX },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_IN, .sender = SLICE("li@customer.example"),
		    .recipients = SLICE("zhang@acme.test") },
		{ .kind = ACTION_AUDIT, .audit_kind = SLICE("mail"), .actor = SLICE("smtp"),
		    .subject = SLICE("m3v7q2m9tzae"),
		    .detail = SLICE("zhang@acme.test: recipient names a person") },
	};
	struct plan p = {
		.mid = SLICE("m3v7q2m9tzae"),
		.sid = SLICE("k3v7q2m9tzae"),
		.received_at = 1795516611,
		.size_bytes = TEXT_LEN,
		.digest = buf_slice(&t->digest),
		.actions = actions,
		.action_count = ARRAY_LEN(actions),
	};
	struct problem why = { "" };
	char number[16];
	int fd;

	/* Each has bytes of its own: the same would be kept once. */
	snprintf(number, sizeof(number), "%010u", b->is_same ? 0u : (unsigned)b->sent);
	memcpy(t->digest.ptr + t->id_at, number, 10);
	memcpy(t->bytes + t->number_at, number, 10);
	sha256_of(slice_make(t->bytes, TEXT_LEN), p.sha256);
	must(memfd_new(&fd, &why), &why);
	if (write(fd, t->bytes, TEXT_LEN) != TEXT_LEN)
		die("memfd");
	must(memfd_seal(fd, &why), &why);
	b->sent++;
	b->in_flight++;
	plan_execute(b->client, &p, fd, delivered, b);
	close(fd);
}

static void
send_more(struct bench *b)
{
	while (b->in_flight < b->most && b->sent < b->limit &&
	    (b->until_ms == 0 || clock_monotonic_ms() < b->until_ms))
		send_one(b);
}

static double
cpu_s(pid_t pid)
{
	char path[64], text[512];
	unsigned long user, system;
	FILE *f;
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL || fgets(text, sizeof(text), f) == NULL)
		die(path);
	fclose(f);
	p = strrchr(text, ')') + 2;
	for (int i = 0; i < 11; i++)
		p = strchr(p, ' ') + 1;
	user = strtoul(p, NULL, 10);
	system = strtoul(strchr(p, ' '), NULL, 10);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* What was done in how long, over all rounds. */
struct sum {
	uint64_t count, ms;
	double cpu_s;
};

static double
rate(const struct sum *s)
{
	return (double)s->count * 1000 / (double)s->ms;
}

static void
measure_store(struct bench *b, unsigned most, struct sum *sum)
{
	uint64_t from_ms = clock_monotonic_ms(), from = b->done;
	double cpu = cpu_s(b->stored);

	b->most = most;
	b->limit = UINT64_MAX;
	b->until_ms = from_ms + MEASURE_MS;
	send_more(b);
	loop_run(b->loop);
	sum->ms += clock_monotonic_ms() - from_ms;
	sum->cpu_s += cpu_s(b->stored) - cpu;
	sum->count += b->done - from;
}

static void
fill_store(struct bench *b, uint64_t messages)
{
	if (b->done >= messages)
		return;
	b->most = FILL_IN_FLIGHT;
	b->limit = messages;
	b->until_ms = 0;
	send_more(b);
	if (b->in_flight > 0)
		loop_run(b->loop);
}

static void
probe_open(struct bench *b)
{
	static const char *const tables[PROBE_TABLES] = { "a", "b", "c", "d", "e", "f", "g", "h",
		"i", "j" };
	struct problem why = { "" };

	if (mkdir("../probe", 0700) != 0 && errno != EEXIST)
		die("probe");
	must(env_open("../probe", ENV_WRITE, tables, PROBE_TABLES, &b->probe, &why), &why);
	b->probe_segment = open("../probe", O_RDONLY | O_DIRECTORY);
	must(segment_make(b->probe_segment, 1, 1, SEGMENT_SIZE, &why), &why);
	close(b->probe_segment);
	b->probe_segment = open("../probe/00000001.seg", O_RDWR | O_CLOEXEC);
	if (b->probe_segment < 0)
		die("probe");
}

/* Go on where an earlier run in this directory ended. */
static void
resume(struct bench *b)
{
	struct problem why = { "" };
	struct slice key, value;
	struct counters n;
	struct cursor *c;
	struct store *s;
	struct txn *t;

	must(store_open("../store", ENV_READ, &s, &why), &why);
	must(txn_begin_read(store_env(s), &t, &why), &why);
	must(counters_get(t, &n, &why), &why);
	txn_abort(&t);
	store_close(&s);
	b->sent = b->done = n.text;
	must(txn_begin_read(b->probe, &t, &why), &why);
	must(cursor_open(t, 0, &c, &why), &why);
	if (cursor_before(c, SLICE("\xff"), &key, &value, &why) == STATUS_OK)
		b->probe_count = load_u64be((const uint8_t *)key.ptr + 12) + 1;
	cursor_close(&c);
	txn_abort(&t);
}

/*
 * The rows that one delivery writes, as long as those of the store and as far
 * apart: behind the last one, in the account's place, in the account's present
 * chunk of 128, or anywhere among the newest 20,000.
 */
enum where { BEHIND, ACCOUNT, CHUNK, AGE };

static void
probe_rows(struct bench *b, struct txn *t)
{
	static const struct {
		unsigned table;
		enum where where;
		size_t len;
	} rows[PROBE_TABLES] = {
		{ 0, BEHIND, 0 },	/* text with its digest */
		{ 1, BEHIND, 5 },	/* reference */
		{ 2, CHUNK, 39 },	/* message: beside those of its mailbox */
		{ 3, CHUNK, 350 },	/* flags, half full */
		{ 4, ACCOUNT, 90 },	/* mailbox */
		{ 5, ACCOUNT, 50 },	/* account */
		{ 6, BEHIND, 80 },	/* journal */
		{ 7, BEHIND, 120 },	/* archive */
		{ 8, BEHIND, 120 },	/* audit */
		{ 9, AGE, 6 },		/* message id */
	};
	static const char value[4000];
	uint64_t n = b->probe_count++;
	struct problem why = { "" };
	uint8_t key[20] = { 0 };

	for (size_t i = 0; i < PROBE_TABLES; i++) {
		size_t len = rows[i].len == 0 ? b->texts[0].digest.len + 80 : rows[i].len;

		memset(key, 0, sizeof(key));
		store_u64be(key + 12, rows[i].where == BEHIND || rows[i].table == 2 ? n : 0);
		if (rows[i].where == ACCOUNT || rows[i].where == CHUNK)
			store_u64be(key, 1 + n * 7919 % ACCOUNTS);
		if (rows[i].table == 3)
			store_u32be(key + 8, (uint32_t)(n / ACCOUNTS / 128));
		if (rows[i].where == AGE) {
			store_u32be(key, (uint32_t)(n / 20000));
			store_u64be(key + 4, n * UINT64_C(0x9e3779b97f4a7c15));
		}
		must(txn_put(t, rows[i].table, slice_make(key, sizeof(key)), slice_make(value, len),
		    &why), &why);
	}
}

/* So many deliveries in one batch: segment, sync, rows, commit. */
static void
probe_batch(struct bench *b, unsigned most, bool is_text)
{
	static char texts[FILL_IN_FLIGHT * (TEXT_LEN + RECORD_HEAD_LEN + 64)];
	size_t len = most * (TEXT_LEN + RECORD_HEAD_LEN + 64u);
	struct problem why = { "" };
	struct txn *t;

	if (is_text) {
		if (b->probe_at + len > SEGMENT_SIZE)
			b->probe_at = 0;
		if (pwrite(b->probe_segment, texts, len, (off_t)b->probe_at) != (ssize_t)len ||
		    fdatasync(b->probe_segment) != 0)
			die("probe");
		b->probe_at += len;
	}
	must(txn_begin_write(b->probe, &t, &why), &why);
	for (unsigned i = 0; i < most; i++)
		probe_rows(b, t);
	must(txn_commit(&t, &why), &why);
}

static void
measure_probe(struct bench *b, unsigned most, struct sum *sum)
{
	uint64_t from_ms = clock_monotonic_ms(), from = b->probe_count, now = from_ms;
	double cpu = cpu_s(getpid());

	while (now - from_ms < MEASURE_MS) {
		probe_batch(b, most, true);
		now = clock_monotonic_ms();
	}
	sum->cpu_s += cpu_s(getpid()) - cpu;
	sum->count += b->probe_count - from;
	sum->ms += now - from_ms;
}

/* Texts among the newest so many, with their rows, as FETCH of BODY[] reads them; a second. */
static uint64_t
read_texts(struct store *s, uint64_t newest, uint64_t among)
{
	static char bytes[TEXT_LEN];
	uint64_t from_ms = clock_monotonic_ms(), n = 88172645, ms;
	struct problem why = { "" };
	struct text_row row;
	struct txn *t;

	for (unsigned i = 0; i < READS; i++) {
		n = n * UINT64_C(6364136223846793005) + 1442695040888963407;
		must(txn_begin_read(store_env(s), &t, &why), &why);
		must(text_get(t, newest - (n >> 33) % among, &row, &why), &why);
		must(text_read(s, &row, 0, row.size_bytes, bytes, &why), &why);
		txn_abort(&t);
	}
	ms = clock_monotonic_ms() - from_ms;
	return READS * UINT64_C(1000) / (ms == 0 ? 1 : ms);
}

/* What such a store takes, and how it is read. */
static void
measure_reading(uint64_t messages)
{
	uint64_t from_us = clock_monotonic_us(), opened_us, near, anywhere;
	struct problem why = { "" };
	struct counters n;
	struct store *s;
	struct stat sb;
	struct txn *t;

	must(store_open("../store", ENV_READ, &s, &why), &why);
	must(txn_begin_read(store_env(s), &t, &why), &why);
	must(counters_get(t, &n, &why), &why);
	txn_abort(&t);
	opened_us = clock_monotonic_us() - from_us;
	read_texts(s, n.text, NEWEST);
	near = read_texts(s, n.text, NEWEST);
	anywhere = read_texts(s, n.text, n.text);
	if (stat("../store/data.mdb", &sb) != 0)
		die("data.mdb");
	printf("\n%llu messages: index %.2f KiB each, segments %.2f KiB each, opened in %llu us, "
	    "texts read a second: %llu of the newest %d, %llu anywhere\n\n",
	    (unsigned long long)messages,
	    (double)sb.st_blocks / 2 / (double)n.text,
	    (double)n.segment * SEGMENT_SIZE / 1024 / (double)n.text, (unsigned long long)opened_us,
	    (unsigned long long)near, NEWEST, (unsigned long long)anywhere);
	store_close(&s);
}

static void
measure_row(struct bench *b, uint64_t messages, unsigned in_flight)
{
	struct sum store = { 0 }, probe = { 0 };

	for (int round = 0; round < ROUNDS; round++) {
		measure_store(b, in_flight, &store);
		measure_probe(b, in_flight, &probe);
	}
	printf("| %llu | %s | %u | %.0f | %.0f | %.0f %% | %.3f | %.3f |\n",
	    (unsigned long long)messages, b->is_same ? "the same" : "new", in_flight, rate(&store),
	    rate(&probe), rate(&store) * 100 / rate(&probe),
	    store.cpu_s * 1000 / (double)store.count, probe.cpu_s * 1000 / (double)probe.count);
	fflush(stdout);
}

static void
measure(struct bench *b, uint64_t messages)
{
	static const unsigned in_flight[] = { 1, 20, 50 };

	fill_store(b, messages);
	while (b->probe_count < messages)
		probe_batch(b, FILL_IN_FLIGHT, false);
	for (size_t i = 0; i < ARRAY_LEN(in_flight); i++)
		measure_row(b, messages, in_flight[i]);
	b->is_same = true;
	measure_row(b, messages, 50);
	b->is_same = false;
	measure_reading(messages);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);

	if (argc < 2 || n < 0) {
		fprintf(stderr, "usage: store_bench DIRECTORY [MESSAGES...]\n");
		return 2;
	}
	program[n] = '\0';
	snprintf(strrchr(program, '/') + 1, 16, "stored");
	/* Started by root, stored becomes another user, who must come through. */
	if ((mkdir(argv[1], 0711) != 0 && errno != EEXIST) || chdir(argv[1]) != 0 ||
	    (mkdir("run", 0711) != 0 && errno != EEXIST) || chdir("run") != 0)
		die(argv[1]);
	fclose(fopen("../tradepost.conf", "a"));
	stored_launch(&b, program);
	b.loop = loop_new();
	b.client = plan_client_new(b.loop, "store-plan.sock");
	for (unsigned i = 0; i < TEXTS; i++)
		text_make(&b.texts[i], i);
	probe_open(&b);
	resume(&b);
	printf("| messages | texts | in flight | deliveries/s | probe/s | share | CPU ms each | "
	    "probe's |\n|---|---|---|---|---|---|---|---|\n");
	for (int i = 2; i < argc; i++)
		measure(&b, strtoull(argv[i], NULL, 10));
	if (argc == 2) {
		measure(&b, 10000);
		measure(&b, 1000000);
	}
	plan_client_free(&b.client);
	loop_free(&b.loop);
	env_close(&b.probe);
	kill(b.stored, SIGTERM);
	waitpid(b.stored, NULL, 0);
	return 0;
}
