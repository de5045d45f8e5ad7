#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "imapd/append_filed.h"
#include "imapd/append_text.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/quota_report.h"
#include "imapd/settings.h"
#include "imapd/worker.h"
#include "mime/date.h"
#include "net/conn.h"
#include "net/ipc.h"
#include "store/digest.h"
#include "store/quota.h"
#include "store/store.h"
#include "store/text.h"

#define TEXT_RATE_S 300	/* in so much time TEXT_RATE_BYTES of a message have to come */
#define TEXT_RATE_BYTES (TEXT_RATE_S * 1024)

#define DIGESTS_MAX (3u * 1024 * 1024)	/* of all messages; more would not fit a request */
#define TOTAL_MAX UINT32_MAX		/* bytes of one memfd */

/* One of the messages of the command (RFC 3502). */
struct append_message {
	uint32_t at, size_bytes;	/* in the memfd */
	uint64_t flags;
	size_t keywords_at, keywords_len;	/* in append.keywords */
	size_t digest_at, digest_len;	/* in append.digests */
	int64_t internal_at;
	int16_t internal_zone;
};

struct append {
	struct worker *worker;
	struct mailbox_row mailbox;
	struct append_message *messages;
	uint32_t count;
	struct buf keywords;	/* of all */
	struct buf digests;
	uint64_t literals;	/* announced sizes: what the budget counts */
	uint64_t written;	/* bytes of earlier messages */
	uint64_t left;		/* of the literal */
	struct append_text text;
	struct buf pending;	/* small pieces, before they are written */
	int fd;			/* memfd */
	enum status status;	/* a failure that waits for the end of the command */
};

/* Life */

static void
append_free(void **data)
{
	struct append *a = *data;

	*data = NULL;
	a->worker->append_bytes -= a->literals;
	append_text_clear(&a->text);
	buf_clear(&a->keywords);
	buf_clear(&a->digests);
	buf_clear(&a->pending);
	mem_free(a->messages);
	if (a->fd >= 0)
		close(a->fd);
	mem_free(a);
}

/* The memfd */

static enum status
write_all(int fd, struct slice s, struct problem *why)
{
	while (s.len != 0) {
		ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem_set_errno(why, errno, "cannot keep a message in memory");
			return STATUS_BUSY;
		}
		s = slice_skip(s, (size_t)n);
	}
	return STATUS_OK;
}

static enum status
flush(struct append *a, struct problem *why)
{
	enum status st = write_all(a->fd, buf_slice(&a->pending), why);

	buf_reset(&a->pending);
	return st;
}

static enum status
put_piece(void *ctx, struct slice piece, struct problem *why)
{
	struct append *a = ctx;
	enum status st = STATUS_OK;

	if (a->text.size_bytes > TEXT_SIZE_MAX || a->written + a->text.size_bytes > TOTAL_MAX)
		return STATUS_LIMIT;
	if (a->pending.len + piece.len > a->pending.max)
		st = flush(a, why);
	if (st != STATUS_OK)
		return st;
	if (piece.len > a->pending.max)
		return write_all(a->fd, piece, why);
	return buf_append(&a->pending, piece);
}

/* The end */

static void
appended(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	if (st == STATUS_ABSENT)
		st = command_refuse(s, st, "[TRYCREATE] No such mailbox");
	if (st == STATUS_OK) {
		buf_printf(&s->run.code, "APPENDUID %u ", r->uid_validity);
		uidset_print(&r->target, &s->run.code);
	}
	change_done(s, st, r, why);
}

/* What stored is told of each message.  LIMIT: the digests are too long in all. */
static enum status
describe(struct append *a, struct slice map, struct store_append_message *out)
{
	struct buf digest = buf_init(DIGEST_RECORD_MAX);
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < a->count; i++) {
		struct append_message *m = &a->messages[i];
		struct slice text = slice_sub(map, m->at, m->size_bytes);

		buf_reset(&digest);
		digest_compute(text, &digest);
		m->digest_at = a->digests.len;
		m->digest_len = digest.len;
		st = buf_append(&a->digests, buf_slice(&digest));
		out[i] = (struct store_append_message){
			.at = m->at,
			.size_bytes = m->size_bytes,
			.internal_at = m->internal_at,
			.internal_zone = m->internal_zone,
			.flags = m->flags,
			.keywords = slice_sub(buf_slice(&a->keywords), m->keywords_at,
			    m->keywords_len),
		};
		sha256_of(text, out[i].sha256);
	}
	buf_clear(&digest);
	/* The digests lie still now. */
	for (uint32_t i = 0; st == STATUS_OK && i < a->count; i++)
		out[i].digest = slice_sub(buf_slice(&a->digests), a->messages[i].digest_at,
		    a->messages[i].digest_len);
	return st;
}

/* The copy that the server filed itself; ABSENT: there is none, or it cannot be looked for. */
static enum status
find_filed(struct imap_session *s, struct append *a, struct slice text)
{
	struct problem why = { 0 };
	struct digest digest;
	struct txn *t = NULL;
	uint32_t uid = 0;
	enum status st;

	if (a->mailbox.role != MAILBOX_SENT || a->count != 1 ||
	    digest_decode(buf_slice(&a->digests), &digest) != STATUS_OK)
		return STATUS_ABSENT;
	st = txn_begin_read(store_env(s->worker->store), &t, &why);
	if (st == STATUS_OK)
		st = mailbox_get(t, a->mailbox.id, &a->mailbox, &why);
	if (st == STATUS_OK)
		st = append_filed_find(s->worker->store, t, &a->mailbox, digest.message_id, text,
		    &uid, &why);
	txn_abort(&t);
	if (st != STATUS_OK)
		return STATUS_ABSENT;
	buf_printf(&s->run.code, "APPENDUID %u %u", a->mailbox.uid_validity, uid);
	return STATUS_OK;
}

/* Seal the texts, read them, and ask stored to keep them. */
static enum status
hand_in(struct imap_session *s, struct append *a, struct problem *why)
{
	struct store_append_message *messages = mem_array(struct store_append_message, a->count);
	struct slice map = SLICE("");
	enum status st = memfd_seal(a->fd, why);

	if (st == STATUS_OK && a->written > 0)
		st = memfd_map(a->fd, a->written, &map, why);
	if (st == STATUS_OK)
		st = describe(a, map, messages);
	if (st == STATUS_OK && find_filed(s, a, map) != STATUS_OK) {
		s->run.call = store_append(s->worker->client, buf_slice(&s->grant), a->mailbox.id,
		    a->fd, messages, a->count, appended, s);
		st = STATUS_PENDING;
	}
	if (map.ptr != NULL && a->written > 0)
		memfd_unmap(&map);
	mem_free(messages);
	return st;
}

static void
log_failure(struct imap_session *s, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "imap.append.failed", s->sid);
	log_status(&l, st, why);
	log_end(&l);
}

/* The text of the latest message is there. */
static enum status
end_message(struct append *a, struct problem *why)
{
	struct append_message *m = &a->messages[a->count - 1];
	enum status st = append_text_end(&a->text, why);

	if (st == STATUS_OK)
		st = flush(a, why);
	if (st != STATUS_OK)
		return st;
	m->at = (uint32_t)a->written;
	m->size_bytes = (uint32_t)a->text.size_bytes;
	a->written += a->text.size_bytes;
	return STATUS_OK;
}

static void
finish(struct imap_session *s, bool is_whole)
{
	struct append *a = s->run.data;
	struct problem why = { 0 };
	enum status st = a->status;

	s->take = session_take_command;
	conn_set_input_rate(s->conn, 0, 0);
	command_reader_reset(&s->reader);
	if (st == STATUS_OK && !is_whole)
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = end_message(a, &why);
	if (st == STATUS_OK)
		st = hand_in(s, a, &why);
	if (st == STATUS_PENDING) {
		conn_pause(s->conn);
		return;
	}
	if (st != STATUS_SYNTAX && st != STATUS_OK)
		log_failure(s, st, &why);
	command_finish(s, st);
}

/* Arguments of a message, in the first and in every further line */

static void
read_date(struct imap_reader *args, struct append_message *m)
{
	struct slice word;
	struct date date;

	/* An odd date is no reason to lose a message: it counts as none. */
	if (imap_take_string(args, &word) != STATUS_OK ||
	    date_parse_imap(word, &date) != STATUS_OK)
		return;
	m->internal_at = date.at_s;
	m->internal_zone = date.zone_min;
}

static enum status
read_flags(struct imap_reader *args, struct append *a, struct append_message *m)
{
	struct parsed_flags flags = parsed_flags_init();
	enum status st = parse_flags(args, FLAG_LIST_PARENTHESES, &flags);

	m->flags = flags.system;
	m->keywords_len = flags.keywords.len;
	if (st == STATUS_OK)
		st = buf_append(&a->keywords, buf_slice(&flags.keywords));
	if (st == STATUS_OK && !imap_take_space(args))
		st = STATUS_SYNTAX;
	parsed_flags_clear(&flags);
	return st;
}

static enum status
read_arguments(struct imap_reader *args, struct append *a)
{
	struct append_message *m;
	enum status st = STATUS_OK;

	if (a->count == STORE_APPEND_MAX)
		return STATUS_LIMIT;
	a->messages = mem_resize(a->messages, a->count + 1, sizeof(*a->messages));
	m = &a->messages[a->count++];
	*m = (struct append_message){
		.internal_at = (int64_t)clock_now_s(),
		.keywords_at = a->keywords.len,
	};
	if (args->rest.len != 0 && args->rest.ptr[0] == '(')
		st = read_flags(args, a, m);
	if (st == STATUS_OK && args->rest.len != 0 && args->rest.ptr[0] == '"') {
		read_date(args, m);
		if (!imap_take_space(args))
			st = STATUS_SYNTAX;
	}
	/* "~{" would be BINARY; here only the literal that was announced may follow. */
	if (st == STATUS_OK && (args->rest.len == 0 || args->rest.ptr[0] != '{'))
		st = STATUS_SYNTAX;
	return st;
}

/*
 * Is there room for all the command has announced?  stored asks again.  What goes to Sent may be
 * there already, filed by the server, and then needs none: that only shows when the text has come.
 */
static enum status
check_room(struct imap_session *s, const struct append *a)
{
	struct account_row account;
	enum status st;

	if (a->mailbox.role == MAILBOX_SENT)
		return STATUS_OK;
	st = quota_report_read(s->worker->store, s->account, &account);
	if (st != STATUS_OK)
		return st;
	return quota_check(&account, a->mailbox.role, a->literals + s->reader.literal.size_bytes,
	    NULL);
}

/* Refused before "+", so that nobody sends 50 MiB for nothing. */
static enum status
check_size(struct imap_session *s, const struct append *a)
{
	const struct worker *w = s->worker;
	uint64_t size = s->reader.literal.size_bytes;

	if (size > w->settings->message_max)
		return command_refuse(s, STATUS_LIMIT, "[TOOBIG] Message too large");
	if (size > w->settings->append_budget - w->append_bytes)
		return command_refuse(s, STATUS_BUSY,
		    "[UNAVAILABLE] Too many messages are coming in, please try later");
	return check_room(s, a);
}

static bool take_text(struct imap_session *s);

static void
listen_for_text(struct imap_session *s, struct append *a)
{
	bool is_sync = s->reader.literal.is_sync;

	a->left = s->reader.literal.size_bytes;
	a->literals += a->left;
	s->worker->append_bytes += a->left;
	append_text_init(&a->text, put_piece, a);
	s->run.is_pending = true;
	s->take = take_text;
	command_reader_reset(&s->reader);
	conn_set_input_rate(s->conn, TEXT_RATE_S, TEXT_RATE_BYTES);
	if (is_sync)
		conn_write(s->conn, SLICE("+ Go ahead\r\n"));
}

/* Takers */

/* RFC 3502: another message.  What is wrong with it is wrong with all. */
static enum status
begin_next(struct imap_session *s, struct append *a)
{
	struct problem why = { 0 };
	struct imap_reader args;
	enum status st = a->status;

	if (st == STATUS_OK)
		st = end_message(a, &why);
	append_text_clear(&a->text);
	buf_reset(&s->run.memory);
	args = imap_reader_init(command_reader_text(&s->reader), &s->run.memory);
	if (st == STATUS_OK && !imap_take_space(&args))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = read_arguments(&args, a);
	if (st == STATUS_OK && s->reader.literal.size_bytes == 0)
		st = command_refuse(s, STATUS_DENIED, "[CANNOT] An empty message: nothing was kept");
	if (st == STATUS_OK)
		st = check_size(s, a);
	return st;
}

static void
take_next(struct imap_session *s, struct append *a)
{
	uint64_t size = s->reader.literal.size_bytes;
	bool is_sync = s->reader.literal.is_sync;

	a->status = begin_next(s, a);
	if (a->status == STATUS_OK)
		listen_for_text(s, a);
	else if (is_sync)
		finish(s, false);
	else if (size > TEXT_SIZE_MAX)
		session_bye(s, "Literal too large");
	else {
		conn_set_input_rate(s->conn, 0, 0);
		session_discard(s, size, (int)a->status);
	}
}

/* The line behind a message: its end, or the arguments of the next. */
static bool
take_tail(struct imap_session *s)
{
	size_t used;
	enum reader_event event = command_reader_feed(&s->reader, conn_input(s->conn), &used);

	conn_consume(s->conn, used);
	switch (event) {
	case READER_MORE:
		return false;
	case READER_COMMAND:
		finish(s, slice_trim(command_reader_text(&s->reader)).len == 0);
		return true;
	case READER_LITERAL:
		take_next(s, s->run.data);
		return s->state != IMAP_CLOSED;
	case READER_BAD_LINE:
		finish(s, false);
		return true;
	case READER_TOO_LONG:
		session_bye(s, "Command too long");
		return false;
	}
	return false;
}

static bool
take_text(struct imap_session *s)
{
	struct append *a = s->run.data;
	struct slice in = conn_input(s->conn);
	struct problem why = { 0 };

	if (a->left == 0) {
		s->take = take_tail;
		return true;
	}
	if (in.len > a->left)
		in.len = (size_t)a->left;
	a->left -= in.len;
	/* After a failure the rest is read and dropped, so that the reply finds its place. */
	if (a->status == STATUS_OK) {
		a->status = append_text_feed(&a->text, in, &why);
		if (a->status != STATUS_OK)
			log_failure(s, a->status, &why);
	}
	conn_consume(s->conn, in.len);
	return true;
}

/* The beginning */

static enum status
find_mailbox(struct imap_session *s, struct slice name, struct mailbox_row *out)
{
	struct problem why = { 0 };
	struct mailbox_row row = { 0 };
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, name, &row, &why);
	row.name = SLICE("");	/* it ends with the transaction */
	if (st == STATUS_OK)
		*out = row;
	txn_abort(&t);
	if (st == STATUS_ABSENT)
		st = command_refuse(s, st, "[TRYCREATE] No such mailbox");
	return st;
}

static struct append *
append_new(struct imap_session *s)
{
	struct append *a = mem_new(struct append);

	a->worker = s->worker;
	a->keywords = buf_init((KEYWORD_LEN_MAX + 1) * STORE_KEYWORDS_MAX * STORE_APPEND_MAX);
	a->digests = buf_init(DIGESTS_MAX);
	a->pending = buf_init(64 * 1024);
	a->fd = -1;
	s->run.data = a;
	s->run.data_free = append_free;
	return a;
}

enum status
cmd_append_literal(struct imap_session *s, struct imap_reader *args)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	struct problem why = { 0 };
	struct append *a;
	enum status st = parse_mailbox(s, args, &name);

	/* No whole name yet: then the literal is the name. */
	if (st == STATUS_SYNTAX || (st == STATUS_OK && !imap_take_space(args))) {
		buf_clear(&name);
		return STATUS_ABSENT;
	}
	a = append_new(s);
	if (st == STATUS_OK)
		st = read_arguments(args, a);
	if (st == STATUS_OK)
		st = find_mailbox(s, buf_slice(&name), &a->mailbox);
	if (st == STATUS_ABSENT)
		/* The dispatcher takes ABSENT for "not mine". */
		st = command_refuse(s, STATUS_DENIED, "[TRYCREATE] No such mailbox");
	if (st == STATUS_OK)
		st = check_size(s, a);
	if (st == STATUS_OK)
		st = memfd_new(&a->fd, &why);
	buf_clear(&name);
	if (st == STATUS_OK)
		listen_for_text(s, a);
	return st;
}

/*
 * APPEND: put messages into a mailbox, all or none.  RFC 3501 s.6.3.11, RFC 3502.
 * Without a literal it is none.
 */
enum status
cmd_append(struct imap_session *s, struct imap_reader *args)
{
	(void)s;
	(void)args;
	return STATUS_SYNTAX;
}
