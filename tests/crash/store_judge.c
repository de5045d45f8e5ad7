/*
 * crash_judge STORE < LINES: looks at a store after a power cut, with the
 * driver's lines up to it.  Each mistake is a line of standard output.
 * Exit 0: everything promised is there; 1: not; 2: it could not be judged.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/archive.h"
#include "store/counters.h"
#include "store/flags.h"
#include "store/message.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/text.h"
#include "store/trash.h"
#include "store/verify.h"
#include "tests/crash/crash.h"

struct fate {
	char kind;		/* D or P; 0: nobody spoke of it */
	bool is_sure, is_flagged, is_removed, may_be_removed;
	bool is_back, may_be_back, is_purged, may_be_purged;	/* out of the trash */
	uint32_t uid, validity;
	unsigned mine, others, archived, queued, trashed;
	bool has_flag;
	uint32_t found_uid;
};

struct judge {
	struct store *store;
	struct txn *txn;
	struct fate *fates;
	uint32_t last, validity, top_uid;
	uint64_t change;
	uint64_t *promised;	/* changes that the journal has to tell of */
	size_t promised_count;
	unsigned mistakes;
	uint32_t account, mailbox;
};

static void mistake(struct judge *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
mistake(struct judge *j, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	j->mistakes++;
}

/* Take in one line of the driver. */
static void
line_read(struct judge *j, const char *line)
{
	bool is_sure = line[0] == 'A';
	char kind = line[2], *end;
	uint32_t n = (uint32_t)strtoul(line + 4, &end, 10);
	uint32_t uid = (uint32_t)strtoul(end, &end, 10);
	uint32_t validity = (uint32_t)strtoul(end, &end, 10);
	uint64_t change = strtoull(end, NULL, 10);
	struct fate *f;

	if (n == 0 || n >= CRASH_MESSAGES_MAX)
		return;
	f = &j->fates[n];
	if (n > j->last)
		j->last = n;
	if (change > j->change)
		j->change = change;
	if (change > 0 && j->promised_count < CRASH_MESSAGES_MAX)
		j->promised[j->promised_count++] = change;
	if (kind == 'D' || kind == 'P')
		f->kind = kind;
	if (kind == 'F') {
		f->is_flagged |= is_sure;
	} else if (kind == 'R') {
		f->is_back |= is_sure;
		f->may_be_back = true;
	} else if (kind == 'Z') {
		f->is_purged |= is_sure;
		f->may_be_purged = true;
	} else if (kind == 'X') {
		f->is_removed |= is_sure;
		f->may_be_removed = true;
	} else if (is_sure) {
		f->is_sure = true;
		f->uid = uid;
		if (kind == 'P')
			j->validity = validity;
		if (uid > j->top_uid)
			j->top_uid = uid;
	}
}

/* The message that a text is, its bytes being right; NULL: it is none. */
static struct fate *
text_fate(struct judge *j, uint64_t id)
{
	static char want[CRASH_TEXT_MAX];
	struct problem why = { "" };
	struct fate *f = NULL;
	struct text_row row;
	char *bytes;
	uint32_t n;

	if (text_get(j->txn, id, &row, &why) != STATUS_OK) {
		mistake(j, "text %llu: %s", (unsigned long long)id, why.text);
		return NULL;
	}
	bytes = mem_zeroed(1, row.size_bytes + 1);
	if (text_read(j->store, &row, 0, row.size_bytes, bytes, &why) != STATUS_OK) {
		mistake(j, "text %llu: %s", (unsigned long long)id, why.text);
	} else {
		n = crash_text_number(bytes, row.size_bytes);
		if (n == 0 || n >= CRASH_MESSAGES_MAX || j->fates[n].kind == 0)
			mistake(j, "text %llu: nobody ever sent it", (unsigned long long)id);
		else if (crash_text(n, want) != row.size_bytes ||
		    memcmp(want, bytes, row.size_bytes) != 0)
			mistake(j, "message %u has not the bytes it was sent with", n);
		else
			f = &j->fates[n];
	}
	mem_free(bytes);
	return f;
}

static bool
see_message(void *ctx, const struct message_row *row)
{
	struct judge *j = ctx;
	struct fate *f = text_fate(j, row->text);
	struct flags_entry e = { 0 };

	if (f == NULL)
		return true;
	if (j->account == CRASH_OTHER) {
		f->others++;
		return true;
	}
	f->mine++;
	f->found_uid = row->uid;
	if (flags_get(j->txn, j->mailbox, row->uid, &e, NULL) == STATUS_OK)
		f->has_flag = (e.flags & FLAG_FLAGGED) != 0;
	return true;
}

static bool
see_trash(void *ctx, const struct trash_row *row)
{
	struct fate *f = text_fate(ctx, row->message.text);

	if (f != NULL)
		f->trashed++;
	return true;
}

static bool
see_queue(void *ctx, const struct spool_row *row)
{
	struct fate *f = text_fate(ctx, row->text);

	if (f != NULL)
		f->queued++;
	return true;
}

static void
see_inbox(struct judge *j, uint32_t account)
{
	struct account_row a;
	struct mailbox_row box;
	struct problem why = { "" };
	enum status st = account_get(j->txn, account, &a, &why);

	if (st == STATUS_ABSENT)
		return;		/* its messages are missed where there should be some */
	j->account = account;
	j->mailbox = a.inbox;
	if (st == STATUS_OK)
		st = mailbox_get(j->txn, a.inbox, &box, &why);
	if (st == STATUS_OK)
		st = message_each(j->txn, a.inbox, 0, UINT32_MAX, see_message, j, &why);
	if (st != STATUS_OK) {
		mistake(j, "inbox of %u: %s", account, why.text);
		return;
	}
	j->mistakes += crash_judge_journal(j->store, j->txn, a.inbox, j->promised,
	    j->promised_count);
	if (account != CRASH_ME)
		return;
	if (j->validity != 0 && box.uid_validity != j->validity)
		mistake(j, "UIDVALIDITY was %u, is %u", j->validity, box.uid_validity);
	if (box.uid_next <= j->top_uid)
		mistake(j, "UID %u was given, the next one is %u", j->top_uid, box.uid_next);
}

static void
see_all(struct judge *j)
{
	struct archive_row entry;
	struct counters n;
	struct problem why = { "" };
	struct fate *f;

	if (counters_get(j->txn, &n, &why) != STATUS_OK)
		mistake(j, "counters: %s", why.text);
	else if (n.change < j->change)
		mistake(j, "change %llu was told, %llu is the last",
		    (unsigned long long)j->change, (unsigned long long)n.change);
	see_inbox(j, CRASH_ME);
	see_inbox(j, CRASH_OTHER);
	if (trash_each(j->txn, CRASH_ME, see_trash, j, &why) != STATUS_OK)
		mistake(j, "trash: %s", why.text);
	if (spool_each(j->txn, 0, see_queue, j, &why) != STATUS_OK)
		mistake(j, "queue: %s", why.text);
	for (uint64_t i = 1; archive_get(j->txn, i, &entry, &why) == STATUS_OK; i++) {
		f = text_fate(j, entry.text);
		if (f != NULL)
			f->archived++;
	}
}

static void
judge_delivered(struct judge *j, uint32_t n, const struct fate *f)
{
	if (f->mine > 1 || f->others != f->mine || f->archived != f->mine || f->queued != f->mine)
		mistake(j, "message %u: %u and %u copies, %u archived, %u queued", n, f->mine,
		    f->others, f->archived, f->queued);
	if (f->is_sure && f->mine == 0)
		mistake(j, "message %u is lost", n);
}

static void
judge_appended(struct judge *j, uint32_t n, const struct fate *f)
{
	unsigned copies = f->mine + f->trashed;

	if (copies > 1 || f->others + f->archived + f->queued > 0)
		mistake(j, "message %u: %u copies", n, copies);
	if (f->is_sure && copies == 0 && !f->may_be_purged)
		mistake(j, "message %u is lost", n);
	if (f->is_purged && copies > 0)
		mistake(j, "message %u was purged and is there", n);
	if (f->is_sure && f->mine == 1 && !f->may_be_back && f->found_uid != f->uid)
		mistake(j, "message %u had UID %u, has %u", n, f->uid, f->found_uid);
	if (f->is_back && (f->mine == 0 || f->found_uid <= f->uid))
		mistake(j, "message %u came back and is not there", n);
	if (f->is_removed && !f->may_be_back && f->mine > 0)
		mistake(j, "message %u was expunged and is there", n);
	if (!f->may_be_removed && f->trashed > 0)
		mistake(j, "message %u was never expunged and is in the trash", n);
	if (f->is_flagged && f->mine == 1 && !f->has_flag)
		mistake(j, "message %u has lost its flag", n);
}

static void
on_found(void *ctx, const struct verify_finding *f)
{
	mistake(ctx, "verify: %.*s %.*s: %.*s", SLICE_ARG(f->table), SLICE_ARG(f->key),
	    SLICE_ARG(f->what));
}

/* Nothing was ever promised: then there may be no store yet. */
static bool
is_nothing_promised(const struct judge *j)
{
	for (uint32_t n = 1; n <= j->last; n++)
		if (j->fates[n].is_sure)
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	struct judge j = { .fates = mem_array(struct fate, CRASH_MESSAGES_MAX),
		.promised = mem_array(uint64_t, CRASH_MESSAGES_MAX) };
	struct verify_hooks hooks = { on_found, NULL, &j };
	struct problem why = { "" };
	char line[CRASH_LINE_MAX];
	enum status st;

	if (argc != 2)
		return 2;
	while (fgets(line, sizeof(line), stdin) != NULL)
		if (strlen(line) > 6)
			line_read(&j, line);
	st = verify_store(argv[1], &hooks, &why);
	if (st == STATUS_ABSENT && is_nothing_promised(&j))
		return 0;
	if (st != STATUS_OK && j.mistakes == 0)
		mistake(&j, "verify: %s %s", status_name(st), why.text);
	if (j.mistakes == 0) {
		st = store_open(argv[1], ENV_READ, &j.store, &why);
		if (st == STATUS_OK)
			st = txn_begin_read(store_env(j.store), &j.txn, &why);
		if (st != STATUS_OK)
			mistake(&j, "open: %s", why.text);
		else
			see_all(&j);
		txn_abort(&j.txn);
		store_close(&j.store);
	}
	for (uint32_t n = 1; j.mistakes == 0 && n <= j.last; n++) {
		if (j.fates[n].kind == 'D')
			judge_delivered(&j, n, &j.fates[n]);
		else if (j.fates[n].kind == 'P')
			judge_appended(&j, n, &j.fates[n]);
	}
	mem_free(j.fates);
	mem_free(j.promised);
	return j.mistakes > 0;
}
