#include "tools/trash_select.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "store/digest.h"
#include "tools/instance.h"
#include "tools/times.h"

#define STORE_PATH "../store"
#define SLICE_ROWS 500		/* rows that one read transaction looks at */

static const char **
text_option(struct trash_args *a, const char *name, unsigned takes)
{
	const struct {
		const char *name;
		const char **at;
		bool is_known, is_filter;
	} options[] = {
		{ "--account", &a->account, true, true },
		{ "--from", &a->from, true, true },
		{ "--subject", &a->subject, true, true },
		{ "--mailbox", &a->mailbox, true, true },
		{ "--mid", &a->mid, true, true },
		{ "--to", &a->to, (takes & TRASH_TAKES_CHANGE) != 0, false },
		{ "--into", &a->into, (takes & TRASH_TAKES_CHANGE) != 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!options[i].is_known || strcmp(options[i].name, name) != 0)
			continue;
		a->is_filtered |= options[i].is_filter;
		return options[i].at;
	}
	return NULL;
}

/* An option with a value that is no text. */
static enum status
number_option(struct trash_args *a, const char *name, const char *value, struct problem *why)
{
	a->is_filtered = true;
	if (strcmp(name, "--since") == 0)
		return time_arg(name, value, &a->since_s, why);
	if (strcmp(name, "--until") == 0)
		return time_arg(name, value, &a->until_s, why);
	if (strcmp(name, "--limit") != 0) {
		problem_set(why, "no option %s here", name);
		return STATUS_SYNTAX;
	}
	if (parse_u32(slice_from_cstr(value), 1, UINT32_MAX, &a->limit) == STATUS_OK)
		return STATUS_OK;
	problem_set(why, "--limit takes a number from 1 on, not \"%s\"", value);
	return STATUS_SYNTAX;
}

enum status
trash_args_read(const struct invocation *in, unsigned takes, struct trash_args *out,
    struct problem *why)
{
	struct trash_args a = { .ids = in->argv };
	const char **at;
	enum status st;

	for (int i = 0; i < in->argc; i++) {
		char *word = in->argv[i];

		if (strncmp(word, "--", 2) != 0) {
			a.ids[a.id_count++] = word;
		} else if (strcmp(word, "--yes") == 0 && (takes & TRASH_TAKES_CHANGE)) {
			a.is_yes = true;
		} else if (strcmp(word, "--raw") == 0 && (takes & TRASH_TAKES_RAW)) {
			a.is_raw = true;
		} else if (i + 1 == in->argc) {
			problem_set(why, "%s is not understood, or needs a value", word);
			return STATUS_SYNTAX;
		} else if ((at = text_option(&a, word, takes)) != NULL) {
			*at = in->argv[++i];
		} else {
			st = number_option(&a, word, in->argv[++i], why);
			if (st != STATUS_OK)
				return st;
		}
	}
	if (a.id_count > 0 && a.is_filtered) {
		problem_set(why, "name messages by their ids, or choose them by options, not both");
		return STATUS_SYNTAX;
	}
	*out = a;
	return STATUS_OK;
}

enum status
trash_view_open(const struct invocation *in, struct trash_view *v, struct problem *why)
{
	enum status st;

	*v = (struct trash_view){ .digest = buf_init(DIGEST_RECORD_MAX) };
	summary_init(&v->summary);
	st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = store_open(STORE_PATH, ENV_READ, &v->store, why);
	if (st == STATUS_OK)
		st = people_load(in, v->store, &v->people, why);
	return st;
}

void
trash_view_close(struct trash_view *v)
{
	people_free(&v->people);
	if (v->store != NULL)
		store_close(&v->store);
	summary_clear(&v->summary);
	buf_clear(&v->digest);
}

void
trash_view_read(struct trash_view *v, const struct text_row *text)
{
	struct digest d = { 0 };

	buf_reset(&v->digest);
	if (text_digest(v->store, text, &v->digest, NULL) != STATUS_OK ||
	    digest_decode(buf_slice(&v->digest), &d) != STATUS_OK)
		buf_reset(&v->digest);
	if (summary_read(d.envelope, &v->summary) != STATUS_OK)
		summary_clear(&v->summary);
}

/* One account's trash being looked through, a slice at a time. */
struct search {
	struct trash_view *view;
	const struct trash_args *args;
	struct txn *txn;
	struct trash_list *list;
	size_t taken, looked_at;
	struct trash_id last;
	bool is_through;
};

static void
list_add(struct trash_list *l, struct trash_id id)
{
	if ((l->count & (l->count - 1)) == 0)	/* room doubles at each power of two */
		l->ids = mem_resize(l->ids, l->count > 0 ? 2 * l->count : 1, sizeof(*l->ids));
	l->ids[l->count++] = id;
}

static bool
is_wanted(struct search *s, const struct trash_row *row)
{
	const struct trash_args *a = s->args;
	struct trash_view *v = s->view;
	struct text_row text;

	if (a->until_s != 0 && row->removed_at > a->until_s)
		return false;
	if (a->mailbox != NULL && !slice_equal_nocase(slice_from_cstr(a->mailbox), row->mailbox))
		return false;
	if (a->mid == NULL && a->from == NULL && a->subject == NULL)
		return true;
	if (text_get(s->txn, row->message.text, &text, NULL) != STATUS_OK)
		return false;
	if (a->mid != NULL && !slice_equal(slice_from_cstr(a->mid), text.mid))
		return false;
	if (a->from == NULL && a->subject == NULL)
		return true;
	trash_view_read(v, &text);
	return (a->from == NULL || summary_holds(&v->summary.from, slice_from_cstr(a->from))) &&
	    (a->subject == NULL ||
	    summary_holds(&v->summary.subject, slice_from_cstr(a->subject)));
}

static bool
search_row(void *ctx, const struct trash_row *row)
{
	struct search *s = ctx;

	s->last = trash_id_of(row);
	if (row->removed_at < s->args->since_s) {
		s->is_through = true;	/* what lies before is older still */
		return false;
	}
	if (is_wanted(s, row)) {
		list_add(s->list, s->last);
		s->is_through = ++s->taken == s->args->limit;
	}
	return ++s->looked_at < SLICE_ROWS && !s->is_through;
}

static enum status
search_account(struct search *s, uint32_t account, struct problem *why)
{
	enum status st = STATUS_OK;

	s->taken = 0;
	s->is_through = false;
	s->last = (struct trash_id){ account, UINT64_MAX, UINT32_MAX };
	while (st == STATUS_OK && !s->is_through) {
		s->looked_at = 0;
		st = txn_begin_read(store_env(s->view->store), &s->txn, why);
		if (st != STATUS_OK)
			break;
		st = trash_each_newest(s->txn, account, &s->last, search_row, s, why);
		txn_abort(&s->txn);
		s->is_through |= s->looked_at < SLICE_ROWS;
	}
	return st;
}

static enum status
next_account(struct trash_view *v, uint32_t from, uint32_t *account, struct problem *why)
{
	struct txn *t;
	enum status st = txn_begin_read(store_env(v->store), &t, why);

	if (st == STATUS_OK) {
		st = trash_next_account(t, from, account, why);
		txn_abort(&t);
	}
	return st;
}

static int
by_change_descending(const void *a, const void *b)
{
	const struct trash_id *x = a, *y = b;

	if (x->change != y->change)
		return x->change < y->change ? 1 : -1;
	return (x->part < y->part) - (x->part > y->part);
}

static enum status
select_matching(struct trash_view *v, const struct trash_args *a, struct trash_list *out,
    struct problem *why)
{
	struct search s = { .view = v, .args = a, .list = out };
	uint32_t account = 0;
	enum status st = STATUS_OK;

	if (a->account != NULL) {
		st = people_find(v->people, slice_from_cstr(a->account), &account, why);
		return st == STATUS_OK ? search_account(&s, account, why) : st;
	}
	while (st == STATUS_OK && (st = next_account(v, account, &account, why)) == STATUS_OK) {
		st = search_account(&s, account, why);
		if (account++ == UINT32_MAX)
			break;
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* "zhang/1234/0": account, change, part. */
static enum status
select_one(struct trash_view *v, const char *text, struct trash_list *out, struct problem *why)
{
	struct slice rest = slice_from_cstr(text);
	struct slice account = slice_take_until(&rest, '/'), change = slice_take_until(&rest, '/');
	struct trash_id id = { 0 };
	struct trash_row row;
	struct txn *t;
	enum status st;

	if (parse_u64(change, 1, UINT64_MAX, &id.change) != STATUS_OK ||
	    (rest.len > 0 && parse_u32(rest, 0, UINT32_MAX, &id.part) != STATUS_OK)) {
		problem_set(why, "\"%s\" is no id of a removed message: mailadm trash list prints "
		    "them", text);
		return STATUS_SYNTAX;
	}
	st = people_find(v->people, account, &id.account, why);
	if (st == STATUS_OK)
		st = txn_begin_read(store_env(v->store), &t, why);
	if (st != STATUS_OK)
		return st;
	st = trash_get(t, &id, &row, why);
	txn_abort(&t);
	if (st == STATUS_OK)
		list_add(out, id);
	return st;
}

enum status
trash_select(struct trash_view *v, const struct trash_args *args, struct trash_list *out,
    struct problem *why)
{
	enum status st = STATUS_OK;

	*out = (struct trash_list){ 0 };
	if (args->id_count == 0)
		st = select_matching(v, args, out, why);
	for (int i = 0; st == STATUS_OK && i < args->id_count; i++)
		st = select_one(v, args->ids[i], out, why);
	if (out->count > 1)
		qsort(out->ids, out->count, sizeof(*out->ids), by_change_descending);
	if (args->limit != 0 && out->count > args->limit)
		out->count = args->limit;
	if (st != STATUS_OK)
		trash_list_clear(out);
	return st;
}

void
trash_list_clear(struct trash_list *l)
{
	mem_free(l->ids);
	*l = (struct trash_list){ 0 };
}
