#include "smtpd/transaction.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"

#define HELO_SHOWN_MAX 255

struct smtp_transaction *
transaction_new(struct slice sender, bool is_utf8, uint64_t now_s)
{
	struct smtp_transaction *tx = mem_new(struct smtp_transaction);

	id_sid(tx->mid);
	tx->received_at = now_s;
	tx->sender = mem_dup(sender);
	tx->is_utf8 = is_utf8;
	tx->seen = table_new();
	return tx;
}

void
transaction_free(struct smtp_transaction **tx)
{
	struct smtp_transaction *t = *tx;

	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->recipient_count; i++) {
		mem_free(t->recipients[i]);
		mem_free((char *)t->wishes[i].orcpt.ptr);
	}
	mem_free(t->recipients);
	mem_free(t->wishes);
	mem_free((char *)t->dsn.envid.ptr);
	table_free(&t->seen, NULL);
	mem_free(t->sender);
	text_free(&t->text);
	mem_free(t);
	*tx = NULL;
}

bool
transaction_has_recipient(const struct smtp_transaction *tx, struct slice recipient)
{
	return table_get(tx->seen, recipient) != NULL;
}

void
transaction_set_dsn(struct smtp_transaction *tx, const struct smtp_dsn_mail *dsn)
{
	mem_free((char *)tx->dsn.envid.ptr);
	tx->dsn.ret = dsn->ret;
	tx->dsn.envid = slice_make(mem_dup(dsn->envid), dsn->envid.len);
}

void
transaction_add_recipient(struct smtp_transaction *tx, struct slice recipient,
    const struct smtp_dsn_rcpt *wish)
{
	char *copy = mem_dup(recipient);

	if (tx->recipient_count == tx->recipient_cap) {
		tx->recipient_cap = tx->recipient_cap == 0 ? 4 : 2 * tx->recipient_cap;
		tx->recipients = mem_resize(tx->recipients, tx->recipient_cap,
		    sizeof(*tx->recipients));
		tx->wishes = mem_resize(tx->wishes, tx->recipient_cap, sizeof(*tx->wishes));
	}
	tx->wishes[tx->recipient_count] = (struct smtp_dsn_rcpt){ wish->notify,
		slice_make(mem_dup(wish->orcpt), wish->orcpt.len) };
	tx->recipients[tx->recipient_count++] = copy;
	table_put(tx->seen, recipient, copy);
}

static void
put_name(struct slice name, struct buf *out)
{
	size_t len = name.len < HELO_SHOWN_MAX ? name.len : HELO_SHOWN_MAX;

	if (len == 0)
		buf_append(out, SLICE("unknown"));
	for (size_t i = 0; i < len; i++) {
		char c = name.ptr[i];
		bool is_plain = ascii_is_alnum(c) || (c != '\0' && strchr(".-_[]:", c) != NULL);

		buf_append_byte(out, is_plain ? c : '?');
	}
}

/* "with" of RFC 3848 and RFC 6531 s.4.3. */
static void
put_protocol(const struct smtp_transaction *tx, const struct trace *trace, struct buf *out)
{
	if (!trace->is_esmtp) {
		buf_append(out, SLICE("SMTP"));
		return;
	}
	buf_append(out, tx->is_utf8 ? SLICE("UTF8SMTP") : SLICE("ESMTP"));
	if (trace->is_secure)
		buf_append_byte(out, 'S');
	if (trace->is_authenticated)
		buf_append_byte(out, 'A');
}

void
transaction_write_trace(const struct smtp_transaction *tx, const struct trace *trace,
    struct buf *out)
{
	bool is_v6 = slice_find_byte(trace->peer, ':') < trace->peer.len;

	buf_printf(out, "Return-Path: <%s>\r\nReceived: from ", tx->sender);
	put_name(trace->helo, out);
	buf_printf(out, " ([%s%.*s])\r\n\tby %.*s with ", is_v6 ? "IPv6:" : "",
	    SLICE_ARG(trace->peer), SLICE_ARG(trace->hostname));
	put_protocol(tx, trace, out);
	buf_printf(out, " id %s;\r\n\t", tx->mid);
	clock_format_rfc5322(tx->received_at, out);
	buf_append(out, SLICE("\r\n"));
}
