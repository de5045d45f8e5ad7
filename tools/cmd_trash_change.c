/*
 * mailadm trash restore, purge: an order at a time, each on disk before the
 * next, so that mail never waits long for them.
 */
#include <stdio.h>
#include <unistd.h>

#include "store/mailbox.h"
#include "store/protocol.h"
#include "store/trash_order.h"
#include "tools/store_call.h"
#include "tools/print.h"
#include "tools/trash_select.h"

struct change {
	const struct invocation *in;
	struct trash_view *view;
	const struct trash_args *args;
	struct trash_order order;
	struct buf folder;
	size_t done, total;
	bool is_shown;		/* progress is, on a terminal */
};

/* A colleague's mail does not mix with one's own: it comes into folders of its own. */
static void
set_folder(struct change *c, uint32_t account)
{
	buf_reset(&c->folder);
	c->order.is_parent = false;
	if (c->args->to != NULL) {
		buf_append(&c->folder, slice_from_cstr(c->args->to));
	} else if (c->order.into != 0 && c->order.into != account) {
		buf_append(&c->folder, SLICE("Restored/"));
		people_login(c->view->people, account, &c->folder);
		c->order.is_parent = true;
	}
	c->order.folder = buf_slice(&c->folder);
}

static enum status
order_send(struct change *c, struct problem *why)
{
	struct buf payload = buf_init(TRASH_SLICE * 16 + 1024);
	enum status st;

	if (c->order.count == 0)
		return STATUS_OK;
	set_folder(c, c->order.ids[0].account);
	trash_order_put(&c->order, &payload);
	st = buf_status(&payload);
	if (st == STATUS_OK)
		st = store_call(c->in, STORE_TRASH_CHANGE, buf_slice(&payload), NULL, NULL, why);
	if (st == STATUS_ABSENT && c->args->is_filtered)
		st = STATUS_OK;		/* somebody else was quicker */
	if (st == STATUS_OK)
		c->done += c->order.count;
	if (st == STATUS_OK && c->is_shown)
		fprintf(stderr, "\r%zu of %zu", c->done, c->total);
	c->order.count = 0;
	buf_clear(&payload);
	return st;
}

/* The oldest first, so that they come back in the order they were removed in. */
static enum status
change_all(struct change *c, const struct trash_list *list, struct problem *why)
{
	enum status st = STATUS_OK;

	for (size_t i = list->count; st == STATUS_OK && i-- > 0;) {
		if (c->order.count == TRASH_SLICE ||
		    (c->order.count > 0 && c->order.ids[0].account != list->ids[i].account))
			st = order_send(c, why);
		c->order.ids[c->order.count++] = list->ids[i];
	}
	if (st == STATUS_OK)
		st = order_send(c, why);
	if (c->is_shown && c->done > 0)
		fprintf(stderr, "\r\033[K");
	return st;
}

/* An account that was removed takes nothing back. */
static enum status
check_accounts(struct change *c, const struct trash_list *list, struct problem *why)
{
	struct buf login = buf_init(512);
	uint32_t to = c->order.into;
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < list->count; i++) {
		if (c->order.into == 0)
			to = list->ids[i].account;
		if (people_is_removed(c->view->people, to))
			st = STATUS_DENIED;
	}
	if (st != STATUS_OK) {
		people_login(c->view->people, to, &login);
		problem_set(why, "%.*s was removed: say with --into LOGIN whose mail it shall be",
		    SLICE_ARG(buf_slice(&login)));
	}
	buf_clear(&login);
	return st;
}

static enum status
confirm(const struct change *c, const char *verb, struct problem *why)
{
	bool is_purge = c->order.kind == TRASH_PURGE;

	if (c->total == 0) {
		problem_set(why, "nothing in the trash is like that");
		return STATUS_ABSENT;
	}
	if (c->args->is_yes || (!is_purge && c->args->id_count > 0))
		return STATUS_OK;
	problem_set(why, "%zu message%s: add --yes to %s %s%s", c->total, c->total == 1 ? "" : "s",
	    verb, c->total == 1 ? "it" : "them", is_purge ? " for good" : "");
	return STATUS_DENIED;
}

static void
tell(const struct change *c, const char *field, const char *verb)
{
	json_t *row;

	if (!c->in->is_json) {
		printf("%zu message%s %s\n", c->done, c->done == 1 ? "" : "s", verb);
		return;
	}
	row = json_object();
	json_object_set_new(row, field, json_integer((json_int_t)c->done));
	print_json(row);
	json_decref(row);
}

static enum status
change_run(struct change *c, const char *verb, const char *done, struct problem *why)
{
	struct trash_list list = { 0 };
	struct trash_view v;
	enum status st = trash_view_open(c->in, &v, why);

	c->view = &v;
	if (st == STATUS_OK && c->args->into != NULL)
		st = people_find(v.people, slice_from_cstr(c->args->into), &c->order.into, why);
	if (st == STATUS_OK)
		st = trash_select(&v, c->args, &list, why);
	c->total = list.count;
	if (st == STATUS_OK)
		st = confirm(c, verb, why);
	if (st == STATUS_OK && c->order.kind == TRASH_RESTORE)
		st = check_accounts(c, &list, why);
	if (st == STATUS_OK)
		st = change_all(c, &list, why);
	if (st == STATUS_OK || c->done > 0)
		tell(c, done, done);
	trash_list_clear(&list);
	trash_view_close(&v);
	return st;
}

static enum status
change_begin(const struct invocation *in, uint8_t kind, const char *verb, const char *done,
    struct problem *why)
{
	struct trash_args args;
	struct change c = { .in = in, .args = &args, .order.kind = kind,
		.folder = buf_init(MAILBOX_NAME_MAX), .is_shown = isatty(STDERR_FILENO) };
	enum status st = trash_args_read(in, TRASH_TAKES_CHANGE, &args, why);

	if (st == STATUS_OK && args.id_count == 0 &&
	    (!args.is_filtered || (kind == TRASH_RESTORE && args.account == NULL))) {
		problem_set(why, kind == TRASH_RESTORE ? "name the messages, or choose them in one "
		    "account's trash: --account LOGIN" : "name the messages, or choose them");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK && kind == TRASH_PURGE && (args.to != NULL || args.into != NULL)) {
		problem_set(why, "what is purged goes nowhere");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK)
		st = change_run(&c, verb, done, why);
	buf_clear(&c.folder);
	return st;
}

enum status
cmd_trash_restore(const struct invocation *in, struct problem *why)
{
	return change_begin(in, TRASH_RESTORE, "restore", "restored", why);
}

enum status
cmd_trash_purge(const struct invocation *in, struct problem *why)
{
	return change_begin(in, TRASH_PURGE, "purge", "purged", why);
}
