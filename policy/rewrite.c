#include "policy/rewrite.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/hash.h"
#include "mime/compose.h"
#include "mime/date.h"
#include "mime/param.h"
#include "policy/inside.h"
#include "policy/rewrite_internal.h"
#include "store/digest.h"

enum { ID_HASH_LEN = 16, NAME_MAX = 250 };

/* What the header had, or has got. */
struct seen {
	bool has_from, has_date, has_message_id, has_recipients, has_type, has_version;
};

static struct slice
domain_of(struct slice id)
{
	return slice_skip(id, slice_find_last_byte(id, '@') + 1);
}

/* An id made here, or by one of our machines. */
static bool
is_id_inside(const struct rewrite_order *o, struct slice id)
{
	struct slice domain = domain_of(id);

	return !slice_equal_nocase(domain, o->domain) &&
	    (inside_is_internal(domain) || rewrite_is_host_of_ours(o, domain));
}

bool
rewrite_is_host_of_ours(const struct rewrite_order *o, struct slice host)
{
	for (uint32_t i = 0; i < o->domain_count; i++) {
		struct slice domain = o->domains[i];
		size_t at = host.len > domain.len ? host.len - domain.len : 0;

		if (slice_equal_nocase(slice_skip(host, at), domain) &&
		    (at == 0 || host.ptr[at - 1] == '.'))
			return true;
	}
	return false;
}

/* The one id outside that an id inside has: nothing of it shows, and it is the same each time. */
static void
put_id_outside(const struct rewrite_order *o, struct slice id, struct buf *out)
{
	struct buf salted = buf_init(id.len + 64);
	uint8_t sha256[SHA256_LEN];

	(void)buf_append(&salted, SLICE("outgoing id:"));
	(void)buf_append(&salted, id);
	sha256_of(buf_slice(&salted), sha256);
	(void)buf_append_byte(out, '<');
	(void)buf_append_hex(out, slice_make(sha256, ID_HASH_LEN));
	buf_printf(out, "@%.*s>", SLICE_ARG(o->domain));
	buf_clear(&salted);
}

static bool
is_id_fit(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] <= ' ' || id.ptr[i] == 127 || ascii_is_8bit(id.ptr[i]))
			return false;
	return id.len > 0 && id.len <= 250;
}

static void
put_message_id(struct rewriting *r, struct slice id)
{
	(void)buf_append(r->out, SLICE("Message-ID: "));
	if (slice_equal_nocase(domain_of(id), r->order->domain) && is_id_fit(id))
		buf_printf(r->out, "<%.*s>", SLICE_ARG(id));
	else
		put_id_outside(r->order, id, r->out);
	(void)buf_append(r->out, SLICE("\r\n"));
}

/* In-Reply-To, References: as they are, unless one of them is inside. */
void
rewrite_put_ids(struct rewriting *r, const struct header_field *f)
{
	struct slice rest = f->value, id;
	unsigned count = 0;
	bool has_inside = false;

	while (message_id_next(&rest, &id)) {
		has_inside |= is_id_inside(r->order, id);
		count++;
	}
	if (count == 0 || (!has_inside && field_is_clean(f))) {
		field_put(r, f, FORM_PLAIN);
		return;
	}
	buf_printf(r->out, "%.*s:", SLICE_ARG(f->name));
	rest = f->value;
	for (unsigned i = 0; message_id_next(&rest, &id); i++) {
		if (!is_id_fit(id))
			continue;
		(void)buf_append(r->out, i > 0 ? SLICE("\r\n ") : SLICE(" "));
		if (is_id_inside(r->order, id))
			put_id_outside(r->order, id, r->out);
		else
			buf_printf(r->out, "<%.*s>", SLICE_ARG(id));
	}
	(void)buf_append(r->out, SLICE("\r\n"));
}

static void
put_from(struct rewriting *r, struct slice value)
{
	struct buf name = buf_init(4096);

	(void)buf_append(&name, r->order->name);
	if (name.len == 0)
		field_first_name(r, value, &name);
	buf_truncate(&name, utf8_cut(buf_slice(&name), NAME_MAX));
	compose_field_mailbox(r->out, SLICE("From"), buf_slice(&name), r->order->address);
	buf_clear(&name);
}

/* How often it was handed on stays, so that a loop ends; by whom inside is nobody's business. */
static void
put_trace(struct rewriting *r)
{
	buf_printf(r->out, "Received: by %.*s id %.*s;\r\n\t", SLICE_ARG(r->order->domain),
	    SLICE_ARG(r->order->mid));
	clock_format_rfc5322(r->order->at_s, r->out);
	(void)buf_append(r->out, SLICE("\r\n"));
}

static void
put_once(struct rewriting *r, const struct header_field *f, bool *has)
{
	if (!*has)
		field_put(r, f, FORM_PLAIN);
	*has = true;
}

static void
put_message_field(struct rewriting *r, const struct header_field *f,
    const struct part_change *change, struct seen *seen)
{
	enum field_role role = field_role(f->name);
	struct slice rest = f->value, id;
	struct date date;

	switch (role) {
	case ROLE_DROP:
	case ROLE_TRACE:
		break;
	case ROLE_FROM:
		if (r->order->address.len == 0)
			field_put_addresses(r, f);
		else if (!seen->has_from)
			put_from(r, f->value);
		seen->has_from = true;
		break;
	case ROLE_DATE:
		if (date_parse(f->value, &date) == STATUS_OK)
			put_once(r, f, &seen->has_date);
		break;
	case ROLE_MESSAGE_ID:
		if (!seen->has_message_id && message_id_next(&rest, &id)) {
			put_message_id(r, id);
			seen->has_message_id = true;
		}
		break;
	case ROLE_IDS:
		rewrite_put_ids(r, f);
		break;
	case ROLE_RECIPIENTS:
		seen->has_recipients = true;
		field_put_addresses(r, f);
		break;
	case ROLE_ADDRESSES:
		field_put_addresses(r, f);
		break;
	case ROLE_MIME_VERSION:
		put_once(r, f, &seen->has_version);
		break;
	case ROLE_ENCODING:
	case ROLE_TYPE:
	case ROLE_MIME:
		part_field_put(r, f, role, change);
		seen->has_type |= role == ROLE_TYPE;
		break;
	case ROLE_NONE:
		field_put_shown(r, f);
		break;
	}
}

static void
put_what_is_missing(struct rewriting *r, const struct part_change *change,
    const struct seen *seen)
{
	if (!seen->has_from && r->order->address.len > 0)
		put_from(r, (struct slice){ 0 });
	/* Without any recipient some servers write their own field, with all of them. */
	if (!seen->has_recipients)
		(void)buf_append(r->out, SLICE("To: undisclosed-recipients:;\r\n"));
	if (!seen->has_date)
		compose_field_date(r->out, r->order->at_s);
	if (!seen->has_message_id)
		put_message_id(r, r->order->mid);
	part_fields_end(r, change, seen->has_type, seen->has_version);
}

static void
put_message_header(struct rewriting *r, const struct part_change *change)
{
	struct slice header = slice_sub(r->text, 0, r->tree.parts[0].header_len);
	struct slice rest = header;
	struct header_field f;
	struct seen seen = { 0 };

	put_trace(r);
	while (header_next(&rest, &f))
		if (field_role(f.name) == ROLE_TRACE)
			put_trace(r);
	rest = header;
	while (header_next(&rest, &f))
		put_message_field(r, &f, change, &seen);
	put_what_is_missing(r, change, &seen);
	(void)buf_append(r->out, SLICE("\r\n"));
}

/* Where in the header a line delimits the message's own parts; 0: nowhere. */
static size_t
find_delimiter(struct slice text)
{
	struct slice header, rest, line;
	struct header_field type, f;
	struct param_list params;
	size_t at = 0;

	header_split(text, &header, &rest);
	if (!header_find(header, SLICE("Content-Type"), &type))
		return 0;
	param_list_parse(type.value, &params);
	line = param_list_get(&params, SLICE("boundary"));
	rest = header;
	while (at == 0 && line.len > 0 && header_next(&rest, &f))
		if (f.name.len == 0 && slice_starts(f.value, SLICE("--")) &&
		    slice_equal(slice_trim(slice_skip(f.value, 2)), line))
			at = (size_t)(f.raw.ptr - text.ptr);
	param_list_clear(&params);
	return at;
}

/*
 * Where the empty line is missing, or not quite empty, what is no field would go,
 * and the delimiter of the first part with it.  Readers take it for what it is.
 */
static struct slice
end_header(struct slice text, struct buf *mended)
{
	size_t at = find_delimiter(text);

	if (at == 0)
		return text;
	(void)buf_append(mended, slice_sub(text, 0, at));
	(void)buf_append(mended, SLICE("\r\n"));
	(void)buf_append(mended, slice_skip(text, at));
	return buf_slice(mended);
}

enum status
rewrite_outgoing(struct slice text, const struct rewrite_order *order, struct buf *out)
{
	struct buf mended = buf_init(text.len + 2);
	struct rewriting r = {
		.text = end_header(slice_skip(text, order->prefix_len), &mended),
		.order = order,
		.out = out,
		.charset = buf_init(256),
	};
	struct part_change change;

	part_scan(r.text, &r.tree);
	part_charset(r.text, &r.tree, &r.charset);
	parts_find_body(&r);
	change = part_change(&r, 0);
	put_message_header(&r, &change);
	parts_put(&r, &change);
	part_tree_clear(&r.tree);
	buf_clear(&r.charset);
	buf_clear(&mended);
	return buf_status(out);
}
