/*
 * job.h -- one request while it is carried out: decoded on stored's main
 * thread, run on the committer's, answered on the main thread again.
 *
 * A run happens inside the batch's transaction: it neither begins nor commits
 * one, and may be repeated from the start when another job spoiled the batch.
 * It returns OK, a failure (then nothing of it stays), or PENDING: what it did
 * stays, and it is run again, alone, in a transaction of its own, when what
 * waited meanwhile is done.
 */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "store/change.h"
#include "store/folder.h"
#include "store/grant.h"
#include "store/plan.h"
#include "store/queue_order.h"
#include "store/request.h"
#include "store/text.h"

#define JOB_SLICE 10000		/* messages that one transaction touches */
#define JOB_TEXT_COPY_MAX (64 * 1024)	/* texts up to here are copied and hashed at once */

struct job;
typedef enum status job_run(struct job *j, struct change *c, struct problem *why);

/*
 * A text that comes with a job.  The committer writes it before the job is run.  A record that
 * stored writes for itself sets type, and with it id, codec and size_bytes; its text is then in
 * stored form, and sha256 that of what it stands for.  The text of a marker is
 * u64le ids that it names as void, or the next one where the batch has its marker already.
 */
struct job_text {
	uint8_t type;			/* enum record_type; 0: a new message */
	uint8_t codec;
	uint64_t id;
	uint32_t size_bytes;
	struct slice text;
	struct slice envelope, owners, digest;
	uint8_t sha256[SHA256_LEN];	/* as the sender says */
	bool is_checked;		/* the text has that hash */
	bool is_packed;			/* compressing it was tried: */
	struct slice packed;		/* its stored form, empty when it saves too little */
	char mid[MID_LEN_MAX];
	uint8_t mid_len;
	uint64_t received_at;
	int16_t received_zone;
	uint64_t uidl;
	struct text_row row;		/* where it lies, once it is written */
	bool is_written, is_kept;	/* kept: a row refers to it after the run */
};

struct job {
	struct job *next;
	uint64_t peer;		/* who asked, and what the answer must say */
	uint16_t type;
	uint32_t request;
	job_run *run;
	uint32_t actor;
	struct slice sid;
	unsigned weight;	/* dirty pages it may cost, about */

	struct buf payload;	/* what the slices below point into */
	struct grant grant;
	struct store_work work;
	struct plan plan;
	struct queue_order order;
	struct buf envelope;	/* of a plan's archive entry */
	struct buf owners;	/* of all texts: struct record_owner */
	struct buf keys;	/* STORE_FETCHED_KEEP: slices of keys to forget */
	uint64_t kept_before;	/* STORE_FETCHED_KEEP: what was stored later stays */
	uint32_t text_count;
	struct job_text *texts;
	uint64_t text_bytes;
	char *copy;		/* the texts, when they are small */
	struct slice map;	/* else the memfd they lie in */
	struct buf packed;	/* their stored forms, when they are small */

	enum status status;
	struct problem why;
	struct store_result result;
	uint64_t text_id;	/* a plan's */
	struct filling filling;
	void *own;		/* what only a job of its kind knows; freed with own_free() */
	void (*own_free)(void *own);
	bool is_writing_all;	/* its texts are written though others have their bytes */
	bool is_started;	/* a transaction with a part of it is committed */
	bool is_unparted;	/* nothing that was asked behind it comes between its parts */
	uint32_t slice;		/* messages that one part of an expunge touches */
	uint32_t ranges_max;	/* of UIDs that a set of the result names */
	uint32_t resume_at;	/* where the next part begins */
	uint32_t uid_end;	/* UIDs from here on came while it was being done */
};

/*
 * Decode a request of a worker.  payload is copied, fd (-1: none) stays the caller's.
 * DENIED the grant is not of this key or does not allow it; CORRUPT the payload or the memfd.
 */
MUST_USE enum status job_of_work(uint16_t type, struct slice payload, int fd, struct slice key,
    uint64_t now_s, struct job **out, struct problem *why);
/* The same for a plan. */
MUST_USE enum status job_of_plan(struct slice payload, int fd, struct job **out,
    struct problem *why);
/* Forget what was fetched: takes the keys, each put_slice(). */
struct job *job_of_keys(struct buf *keys, uint64_t kept_before);
/*
 * STORE_FETCHED_MARK: u32 fetch, u8 enum fetched_removal, then slice uidl, u64 size_bytes each.
 * payload is copied.  CORRUPT.
 */
MUST_USE enum status job_of_mark(struct slice payload, struct job **out, struct problem *why);
/* Anything else: run, weight and what else it needs are the caller's to set.  payload is copied. */
struct job *job_new(uint16_t type, struct slice payload);
/* STORE_QUEUE_SETTLE, STORE_QUEUE_CHANGE.  CORRUPT. */
MUST_USE enum status job_of_order(uint16_t type, struct slice payload, struct job **out,
    struct problem *why);
void job_free(struct job **j);
/* Compress its texts where they are small: beside the committer, as they are hashed. */
struct packer;
void job_pack(struct job *j, struct packer *p);
/* The texts of j->work.messages out of their memfd: CORRUPT. */
MUST_USE enum status job_take_messages(struct job *j, int fd, uint64_t now_s,
    struct problem *why);

/* The text is what its sender says: CORRUPT. */
MUST_USE enum status job_text_check(struct job_text *t, struct problem *why);

job_run session_run, append_run, copy_run, flags_run, expunge_run, mailbox_make_run,
    mailbox_rename_run, mailbox_remove_run, subscribe_run, unsubscribe_run, recent_run, plan_run,
    forget_run, mark_run, queue_run;

/*
 * Move or copy what is in both uids and from, from j->resume_at on, at most
 * JOB_SLICE.  OK when it was the last, PENDING when there is more.
 */
enum copy_kind { COPY_KEEP, COPY_MOVE };
enum status copy_slice(struct job *j, struct change *c, struct folder *from, struct folder *to,
    const struct uidset *uids, enum copy_kind kind, struct problem *why);
/* The mailbox and all that hangs on it; its messages are gone already. */
enum status mailbox_drop(struct change *c, const struct folder *f, struct problem *why);
/* Move to the trash area what is in both uids and f, and has all of flags; as copy_slice(). */
enum status expunge_slice(struct job *j, struct change *c, struct folder *f,
    const struct uidset *uids, uint64_t flags, struct problem *why);

#endif
