#include "store/client.h"

#include <unistd.h>

#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "store/asker.h"
#include "store/logins.h"
#include "store/request.h"

struct store_client {
	struct loop *loop;
	struct asker *asker;
	void (*on_change)(void *ctx);
	void *ctx;
	struct logins logins;
	void (*on_logins)(void *ctx);
	void *logins_ctx;
	int wake_fd;		/* eventfd from stored, or -1 */
	struct watch *wake;
};

static void
client_woken(void *ctx, unsigned events)
{
	struct store_client *c = ctx;
	uint64_t count;

	(void)events;
	if (read(c->wake_fd, &count, sizeof(count)) == (ssize_t)sizeof(count) &&
	    c->on_change != NULL)
		c->on_change(c->ctx);
}

static void
client_forget_wake(struct store_client *c)
{
	watch_free(&c->wake);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	c->wake_fd = -1;
}

/* stored knows us: from now on its commits wake us.  What came before may have been missed. */
static void
client_hello_answered(asker_fn *done, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	struct store_client *c = ctx;

	(void)done;
	(void)in;
	(void)why;
	if (st != STATUS_OK || frame == NULL || frame->fd < 0)
		return;
	client_forget_wake(c);
	c->wake_fd = frame->fd;
	frame->fd = -1;
	c->wake = watch_new(c->loop, c->wake_fd, client_woken, c);
	watch_want(c->wake, WATCH_READ);
	if (c->on_change != NULL)
		c->on_change(c->ctx);
}

static void
client_connected(void *ctx)
{
	struct store_client *c = ctx;
	struct buf nothing = buf_init(0);

	asker_ask(c->asker, STORE_HELLO, &nothing, -1, client_hello_answered, NULL, c);
}

static void
client_noticed(void *ctx, const struct ipc_frame *frame)
{
	struct store_client *c = ctx;

	if (frame->type != STORE_LOGINS || logins_take(&c->logins, frame->payload) != STATUS_OK)
		return;
	if (c->on_logins != NULL)
		c->on_logins(c->logins_ctx);
}

void
store_client_on_logins(struct store_client *c, void (*changed)(void *ctx), void *ctx)
{
	c->on_logins = changed;
	c->logins_ctx = ctx;
}

bool
store_login_holds(const struct store_client *c, uint32_t account, uint64_t mark)
{
	return logins_hold(&c->logins, account, mark);
}

struct store_client *
store_client_new(struct loop *l, const char *path, void (*on_change)(void *ctx), void *ctx)
{
	struct store_client *c = mem_new(struct store_client);

	c->loop = l;
	c->on_change = on_change;
	c->ctx = ctx;
	c->wake_fd = -1;
	c->asker = asker_new(l, path, client_connected, client_noticed, c);
	return c;
}

void
store_client_free(struct store_client **cp)
{
	struct store_client *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	asker_free(&c->asker);
	client_forget_wake(c);
	logins_clear(&c->logins);
	mem_free(c);
}

void
store_cancel(struct store_client *c, uint32_t call)
{
	asker_cancel(c->asker, call);
}

static void
client_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	store_done *done = (store_done *)fn;
	struct store_result r = { 0 };
	struct problem unread = { "" };

	(void)frame;
	if (st == STATUS_OK && result_read(in, &r) != STATUS_OK) {
		problem_set(&unread, "the store's answer cannot be read");
		why = &unread;
		st = STATUS_BUSY;
	}
	done(ctx, st, st == STATUS_OK ? &r : NULL, why);
	result_clear(&r);
}

static uint32_t
client_ask(struct store_client *c, uint16_t type, const struct store_work *w, int fd,
    store_done *done, void *ctx)
{
	struct buf b = buf_init(REQUEST_MAX);

	/* One that does not fit leaves b over its limit, which asker_ask() answers. */
	if (work_encode(type, w, &b) != STATUS_OK)
		b.is_over = true;
	return asker_ask(c->asker, type, &b, fd, client_answered, (asker_fn *)done, ctx);
}

uint32_t
store_session(struct store_client *c, struct slice grant, store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant };

	return client_ask(c, STORE_SESSION, &w, -1, done, ctx);
}

uint32_t
store_append(struct store_client *c, struct slice grant, uint32_t mailbox, int text,
    const struct store_append_message *messages, uint32_t count, store_done *done, void *ctx)
{
	struct store_work w = {
		.grant = grant,
		.mailbox = mailbox,
		.message_count = count,
		.messages = (struct store_append_message *)(uintptr_t)messages,
	};

	return client_ask(c, STORE_APPEND, &w, text, done, ctx);
}

uint32_t
store_copy(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, uint32_t to, store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant, .mailbox = mailbox, .uids = *uids, .to = to };

	return client_ask(c, STORE_COPY, &w, -1, done, ctx);
}

uint32_t
store_move(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, uint32_t to, store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant, .mailbox = mailbox, .uids = *uids, .to = to };

	return client_ask(c, STORE_MOVE, &w, -1, done, ctx);
}

uint32_t
store_flags(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, enum store_flags_mode mode, uint64_t flags, struct slice keywords,
    uint64_t unchanged_since, store_done *done, void *ctx)
{
	struct store_work w = {
		.grant = grant,
		.mailbox = mailbox,
		.uids = *uids,
		.mode = (uint8_t)mode,
		.flags = flags,
		.keywords = keywords,
		.unchanged_since = unchanged_since,
	};

	return client_ask(c, STORE_FLAGS, &w, -1, done, ctx);
}

uint32_t
store_expunge(struct store_client *c, struct slice grant, uint32_t mailbox,
    const struct uidset *uids, enum store_expunge_mode mode, store_done *done, void *ctx)
{
	struct store_work w = {
		.grant = grant,
		.mailbox = mailbox,
		.uids = *uids,
		.mode = (uint8_t)mode,
	};

	return client_ask(c, STORE_EXPUNGE, &w, -1, done, ctx);
}

uint32_t
store_mailbox_make(struct store_client *c, struct slice grant, struct slice name, uint8_t role,
    store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant, .name = name, .role = role };

	return client_ask(c, STORE_MAILBOX_MAKE, &w, -1, done, ctx);
}

uint32_t
store_mailbox_rename(struct store_client *c, struct slice grant, struct slice from,
    struct slice to, store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant, .name = from, .new_name = to };

	return client_ask(c, STORE_MAILBOX_RENAME, &w, -1, done, ctx);
}

uint32_t
store_mailbox_remove(struct store_client *c, struct slice grant, struct slice name,
    store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant, .name = name };

	return client_ask(c, STORE_MAILBOX_REMOVE, &w, -1, done, ctx);
}

uint32_t
store_subscribe(struct store_client *c, struct slice grant, struct slice name, store_done *done,
    void *ctx)
{
	struct store_work w = { .grant = grant, .name = name };

	return client_ask(c, STORE_SUBSCRIBE, &w, -1, done, ctx);
}

uint32_t
store_unsubscribe(struct store_client *c, struct slice grant, struct slice name, store_done *done,
    void *ctx)
{
	struct store_work w = { .grant = grant, .name = name };

	return client_ask(c, STORE_UNSUBSCRIBE, &w, -1, done, ctx);
}

uint32_t
store_claim_recent(struct store_client *c, struct slice grant, uint32_t mailbox, uint32_t uid,
    store_done *done, void *ctx)
{
	struct store_work w = { .grant = grant, .mailbox = mailbox, .uid = uid };

	return client_ask(c, STORE_CLAIM_RECENT, &w, -1, done, ctx);
}
