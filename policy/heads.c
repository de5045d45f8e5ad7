#include "policy/heads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "policy/head_sign.h"
#include "policy/policyd.h"
#include "store/plan_client.h"

#define FIRST_MS 5000	/* after the start, when everything is there */

struct heads {
	struct policyd *policyd;
	struct head_key *key;
	struct timer *timer;
	int fd;
	uint32_t call;
	struct archive_head last;	/* signed; 0: none yet */
};

static void
heads_log(const struct archive_head *head, enum status st, const struct problem *why)
{
	struct buf hash = buf_init(2 * SHA256_LEN);
	struct log_line l;

	buf_append_hex(&hash, slice_make(head->hash, sizeof(head->hash)));
	log_begin(&l, st == STATUS_OK ? LOG_INFO : LOG_ERROR,
	    st == STATUS_OK ? "policy.head.signed" : "policy.head.not_signed", NULL);
	log_u64(&l, "entry", head->entry);
	log_slice(&l, "hash", buf_slice(&hash));
	if (st != STATUS_OK)
		log_status(&l, st, why);
	log_end(&l);
	buf_clear(&hash);
}

static enum status
heads_write(struct heads *h, uint64_t store, const struct archive_head *head,
    struct problem *why)
{
	struct buf line = buf_init(HEAD_LINE_MAX);
	enum status st = head_line_put(h->key, store, head, clock_now_s(), &line);
	off_t end = lseek(h->fd, 0, SEEK_END);

	if (st != STATUS_OK) {
		problem_set(why, "it cannot be signed");
	} else if (write(h->fd, line.ptr, line.len) != (ssize_t)line.len || fsync(h->fd) != 0) {
		problem_set_errno(why, errno, "%s", HEAD_LOG_FILE);
		st = STATUS_IO;
		/* Half a line would spoil the next one. */
		if (end >= 0 && ftruncate(h->fd, end) != 0)
			problem_set_errno(why, errno, "mending %s", HEAD_LOG_FILE);
	}
	buf_clear(&line);
	return st;
}

static void
heads_told(void *ctx, enum status st, uint64_t store, const struct archive_head *head)
{
	struct heads *h = ctx;
	struct problem why = { "" };

	h->call = 0;
	timer_set(h->timer, (uint64_t)h->policyd->settings->head_every_s * 1000);
	if (st != STATUS_OK || head->entry == h->last.entry)
		return;		/* nothing new, or stored is away: next time */
	st = heads_write(h, store, head, &why);
	heads_log(head, st, &why);
	if (st == STATUS_OK)
		h->last = *head;
}

static void
heads_ask(void *ctx)
{
	struct heads *h = ctx;

	h->call = plan_head(h->policyd->store, heads_told, h);
}

/* A line that a power cut left unended is ended: the next one is to be whole. */
static enum status
log_open_file(const char *directory, int *fd, struct problem *why)
{
	char path[512], last = '\n';
	off_t end;

	snprintf(path, sizeof(path), "%s/%s", directory, HEAD_LOG_FILE);
	*fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	end = *fd < 0 ? -1 : lseek(*fd, 0, SEEK_END);
	if (end > 0 && pread(*fd, &last, 1, end - 1) != 1)
		end = -1;
	if (end >= 0 && last != '\n' && write(*fd, "\n", 1) != 1)
		end = -1;
	if (end >= 0)
		return STATUS_OK;
	problem_set_errno(why, errno, "%s", path);
	return STATUS_IO;
}

enum status
heads_new(struct policyd *p, const char *directory, struct heads **out, struct problem *why)
{
	struct heads *h = mem_new(struct heads);
	uint64_t every_ms = (uint64_t)p->settings->head_every_s * 1000;
	enum status st;

	h->policyd = p;
	h->fd = -1;
	st = head_key_need(directory, &h->key, why);
	if (st == STATUS_OK)
		st = log_open_file(directory, &h->fd, why);
	if (st != STATUS_OK) {
		heads_free(&h);
		return st;
	}
	h->timer = timer_new(p->loop, heads_ask, h);
	timer_set(h->timer, every_ms < FIRST_MS ? every_ms : FIRST_MS);
	*out = h;
	return STATUS_OK;
}

void
heads_free(struct heads **hp)
{
	struct heads *h = *hp;

	if (h == NULL)
		return;
	*hp = NULL;
	if (h->call != 0)
		plan_cancel(h->policyd->store, h->call);
	timer_free(&h->timer);
	head_key_free(&h->key);
	if (h->fd >= 0)
		close(h->fd);
	mem_free(h);
}
