#include "tools/restore_put.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/table.h"
#include "net/ipc.h"
#include "store/flags.h"
#include "store/mailbox.h"
#include "store/protocol.h"
#include "store/put_back.h"
#include "tools/store_call.h"

#define STEP (1024 * 1024)
#define FRAME_ROOM (IPC_FRAME_MAX - 4096)
#define RESTORED_SHAPE "Restored 0000-00-00 00.00"	/* how every top begins; 0: a digit */
#define RESTORED_LEN (sizeof(RESTORED_SHAPE) - 1)

struct held {
	uint64_t count;
};

/* A folder in the instance. */
struct target {
	struct buf name;
	struct table *have;	/* SHA-256 -> struct held: what lies there already */
	bool is_noted;		/* the audit knows of this folder */
};

struct restore_put {
	const struct restore_way *way;
	struct table *targets;	/* folder in the backup -> struct target */
};

struct restore_put *
restore_put_new(const struct restore_way *way)
{
	struct restore_put *p = mem_new(struct restore_put);

	p->way = way;
	p->targets = table_new();
	return p;
}

static void
target_free(void *value)
{
	struct target *t = value;

	table_free(&t->have, mem_free);
	buf_clear(&t->name);
	mem_free(t);
}

void
restore_put_free(struct restore_put **pp)
{
	struct restore_put *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	table_free(&p->targets, target_free);
	mem_free(p);
}

bool
restore_put_is_beside(struct slice folder)
{
	static const char shape[] = RESTORED_SHAPE;
	bool is_alike = folder.len >= RESTORED_LEN;

	for (size_t i = 0; is_alike && i < RESTORED_LEN; i++)
		is_alike = shape[i] == '0' ? ascii_is_digit(folder.ptr[i]) :
		    folder.ptr[i] == shape[i];
	return is_alike && (folder.len == RESTORED_LEN || folder.ptr[RESTORED_LEN] == '/' ||
	    folder.ptr[RESTORED_LEN] == ' ');
}

void
restore_put_folder(const struct restore_way *way, struct slice folder, struct buf *out)
{
	size_t start = out->len;
	struct slice rest = folder, first;

	if (restore_put_is_beside(folder)) {
		first = slice_take_until(&rest, '/');
		buf_printf(out, "%.*s%s%s%.*s", SLICE_ARG(first), way->top + RESTORED_LEN,
		    first.len < folder.len ? "/" : "", SLICE_ARG(rest));
	} else {
		buf_printf(out, "%s/%.*s", way->top, SLICE_ARG(folder));
	}
	if (mailbox_name_check(slice_skip(buf_slice(out), start), NULL) == STATUS_OK)
		return;
	buf_truncate(out, start);	/* too long, or too deep, below another one */
	buf_printf(out, "%s/Long names", way->top);
}

/* One more of what lies in the target folder. */
static void
held_add(struct target *t, const uint8_t sha256[SHA256_LEN])
{
	struct slice key = slice_make(sha256, SHA256_LEN);
	struct held *h = table_get(t->have, key);

	if (h == NULL) {
		h = mem_new(struct held);
		(void)table_put(t->have, key, h);
	}
	h->count++;
}

/* One of them is accounted for.  False: there is none that is not. */
static bool
held_take(struct target *t, const uint8_t sha256[SHA256_LEN])
{
	struct held *h = table_get(t->have, slice_make(sha256, SHA256_LEN));

	if (h == NULL || h->count == 0)
		return false;
	h->count--;
	return true;
}

struct looking {
	struct target *target;
	struct txn *txn;
};

static bool
on_present(void *ctx, const struct message_row *row)
{
	struct looking *l = ctx;
	struct text_row text;

	if (text_get(l->txn, row->text, &text, NULL) == STATUS_OK)
		held_add(l->target, text.sha256);
	return true;
}

/* What the target folder has: an earlier restore of the same backup may have come this far. */
static enum status
look_at_target(struct target *t, uint32_t account, struct problem *why)
{
	struct looking l = { .target = t };
	struct mailbox_row row;
	struct store *s = NULL;
	enum status st = store_open("../store", ENV_READ, &s, why);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s), &l.txn, why);
	if (st == STATUS_OK) {
		st = mailbox_find(l.txn, account, buf_slice(&t->name), &row, NULL);
		if (st == STATUS_OK)
			st = message_each(l.txn, row.id, 1, UINT32_MAX, on_present, &l, why);
		else if (st == STATUS_ABSENT)
			st = STATUS_OK;
	}
	txn_abort(&l.txn);
	store_close(&s);
	return st;
}

static enum status
target_find(struct restore_put *p, struct slice folder, struct target **out, struct problem *why)
{
	struct target *t = table_get(p->targets, folder);
	enum status st = STATUS_OK;

	if (t == NULL) {
		t = mem_new(struct target);
		t->name = buf_init(2 * MAILBOX_NAME_MAX);
		t->have = table_new();
		restore_put_folder(p->way, folder, &t->name);
		st = look_at_target(t, p->way->account, why);
		if (st != STATUS_OK) {
			target_free(t);
			return st;
		}
		(void)table_put(p->targets, folder, t);
	}
	*out = t;
	return STATUS_OK;
}

/* The text as stored takes it. */
static enum status
text_memfd(struct store *from, const struct text_row *text, int *out, struct problem *why)
{
	char *step = mem_zeroed(1, STEP);
	int fd = -1;
	enum status st = memfd_new(&fd, why);

	for (uint32_t at = 0; st == STATUS_OK && at < text->size_bytes;) {
		uint32_t n = text->size_bytes - at < STEP ? text->size_bytes - at : STEP;

		st = text_read(from, text, at, n, step, why);
		if (st == STATUS_OK && write(fd, step, n) != (ssize_t)n) {
			problem_set_errno(why, errno, "no memory for a message");
			st = STATUS_BUSY;
		}
		at += n;
	}
	if (st == STATUS_OK)
		st = memfd_seal(fd, why);
	mem_free(step);
	if (st == STATUS_OK)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	return st;
}

static void
note_put(const struct restore_way *way, const struct target *t, struct slice folder,
    struct buf *out)
{
	buf_printf(out, "backup=%s\nfrom=%.*s\nto=%.*s", way->backup, SLICE_ARG(folder),
	    SLICE_ARG(buf_slice(&t->name)));
	if (way->message != NULL)
		buf_printf(out, "\nmessage=%s", way->message);
}

static enum status
send_one(const struct restore_way *way, struct target *t, const struct restore_item *item,
    struct problem *why)
{
	const struct text_row *text = item->text;
	struct put_back put = { .account = way->account, .folder = buf_slice(&t->name),
		.internal_at = item->row->internal_at, .internal_zone = item->row->internal_zone,
		.mid = text->mid, .size_bytes = text->size_bytes, .received_at = text->received_at,
		.flags = item->flags & FLAG_SYSTEM, .keywords = item->keywords,
		.subject = slice_from_cstr(way->login) };
	struct buf digest = buf_init(FRAME_ROOM), payload = buf_init(FRAME_ROOM);
	struct buf note = buf_init(4096);
	int fd = -1;
	enum status st = text_digest(way->from, text, &digest, why);

	memcpy(put.sha256, text->sha256, SHA256_LEN);
	if (st == STATUS_OK)
		st = text_memfd(way->from, text, &fd, why);
	if (st != STATUS_OK)
		goto out;
	if (!t->is_noted)
		note_put(way, t, item->folder, &note);
	put.digest = buf_slice(&digest);
	put.note = buf_slice(&note);
	st = put_back_put(&put, &payload);
	if (st == STATUS_OK)
		st = store_send(way->in, STORE_PUT_BACK, buf_slice(&payload), fd, why);
	t->is_noted |= st == STATUS_OK;
out:
	if (fd >= 0)
		close(fd);
	buf_clear(&digest);
	buf_clear(&payload);
	buf_clear(&note);
	return st;
}

enum status
restore_put(struct restore_put *p, const struct restore_item *item, bool *was_there,
    struct problem *why)
{
	struct target *t;
	enum status st = target_find(p, item->folder, &t, why);

	if (st != STATUS_OK)
		return st;
	if (held_take(t, item->text->sha256)) {
		*was_there = true;
		return STATUS_OK;
	}
	st = send_one(p->way, t, item, why);
	if (st == STATUS_OK)
		*was_there = false;
	return st;
}
