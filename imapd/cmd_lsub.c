#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/listing.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

#define OUTPUT_MAX (8 * 1024 * 1024)

struct collect {
	const struct match_pattern *pattern;
	const struct list_names *all;
	struct list_names found;
};

static void
add_found(struct collect *c, struct slice name)
{
	const struct list_name *real = list_names_find(c->all, name);

	list_names_add(&c->found, name, real == NULL ? MAILBOX_PLAIN : real->role, real != NULL);
	if (real != NULL)
		c->found.names[c->found.count - 1].has_children = real->has_children;
}

/*
 * A subscribed name, or, when a "%" stops above it, the level that matches: that
 * is shown as one that is not subscribed itself (RFC 3501 s.6.3.9).
 */
static bool
add_subscribed(void *ctx, struct slice name)
{
	struct collect *c = ctx;

	if (match_name(c->pattern, name)) {
		add_found(c, name);
		return true;
	}
	for (size_t at = slice_find_last_byte(name, '/'); at < name.len;
	     at = slice_find_last_byte(name, '/')) {
		name.len = at;
		if (!match_name(c->pattern, name))
			continue;
		list_names_add(&c->found, name, MAILBOX_PLAIN, false);
		c->found.names[c->found.count - 1].has_children = true;
		break;
	}
	return true;
}

static enum status
lsub_read(struct imap_session *s, const struct list_query *q, struct buf *out)
{
	struct match_pattern *p = mem_new(struct match_pattern);
	struct list_names all = { 0 };
	struct collect c = { .pattern = p, .all = &all };
	struct problem why = { 0 };
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	match_compile(buf_slice(&q->pattern), p);
	if (st == STATUS_OK)
		st = list_names_read(s, t, &all, &why);
	if (st == STATUS_OK)
		st = subscription_each(t, s->account, add_subscribed, &c, &why);
	txn_abort(&t);
	list_names_sort(&c.found);
	for (uint32_t i = 0; st == STATUS_OK && i < c.found.count; i++)
		list_write(out, "LSUB", &c.found.names[i],
		    slice_make(c.found.names[i].name, c.found.names[i].len));
	list_names_clear(&c.found);
	list_names_clear(&all);
	mem_free(p);
	return st;
}

/* LSUB: subscribed names that match.  RFC 3501 s.6.3.9. */
enum status
cmd_lsub(struct imap_session *s, struct imap_reader *args)
{
	struct list_query q;
	struct buf out = buf_init(OUTPUT_MAX);
	enum status st = list_query_parse(args, &q);

	if (st != STATUS_OK)
		return st;
	if (q.is_separator_query)
		buf_append(&out, SLICE("* LSUB (\\Noselect) \"/\" \"\"\r\n"));
	else
		st = lsub_read(s, &q, &out);
	list_query_clear(&q);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	else
		session_bye(s, "Folders cannot be read now");
	buf_clear(&out);
	return st;
}
