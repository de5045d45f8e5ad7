#include "policy/record.h"

#include "base/bytes.h"
#include "policy/client.h"
#include "policy/relay_client.h"

enum { RECORD_VERSION = 1, ACCOUNT_VERSION = 2, PENDING_AUDIT_VERSION = 2 };

static bool
read_bool(struct reader *in)
{
	uint8_t v = read_u8(in);

	if (v > 1)
		reader_fail(in);
	return v == 1;
}

static struct slice
read_limited(struct reader *in, size_t max)
{
	struct slice s = read_slice(in);

	if (s.len > max)
		reader_fail(in);
	return s;
}

static struct reader
record_begin_upto(struct slice data, uint8_t newest, uint8_t *version)
{
	struct reader in = reader_of(data);

	*version = read_u8(&in);
	if (*version == 0 || *version > newest)
		reader_fail(&in);
	return in;
}

static struct reader
record_begin(struct slice data)
{
	uint8_t version;

	return record_begin_upto(data, RECORD_VERSION, &version);
}

/*
 * Domain record.  key: the name
 *   u8     version     1
 *   slice  name        lower case
 *   u8     is_default
 */
enum status
domain_record_encode(const struct domain_record *r, struct buf *out)
{
	put_u8(out, RECORD_VERSION);
	put_slice(out, r->name);
	put_u8(out, r->is_default);
	return buf_status(out);
}

enum status
domain_record_decode(struct slice data, struct domain_record *out)
{
	struct reader in = record_begin(data);
	struct domain_record r = { 0 };

	r.name = read_limited(&in, ADDRESS_LEN_MAX);
	r.is_default = read_bool(&in);
	if (!reader_at_end(&in) || r.name.len == 0)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

static void
put_names(struct buf *out, const struct slice *names, uint16_t count)
{
	put_u16le(out, count);
	for (uint16_t i = 0; i < count; i++)
		put_slice(out, names[i]);
}

static uint16_t
read_names(struct reader *in, struct slice names[NAMES_MAX])
{
	uint16_t count = read_u16le(in);

	if (count > NAMES_MAX) {
		reader_fail(in);
		return 0;
	}
	for (uint16_t i = 0; i < count; i++)
		names[i] = read_limited(in, NAME_LEN_MAX);
	return count;
}

/*
 * Account record.  key: u32be account id
 *   u8     version          2
 *   u32    id
 *   u32    change           the account's version: how often it was written
 *   u8     is_enabled, u8 is_admin
 *   slice  login            local@domain, lower case
 *   slice  verifier         of the password, as crypt(3) writes it
 *   slice  outside_name, slice outside_address
 *   u16    n, slice x n     display names
 *   u16    n, slice x n     nicknames
 *   u64    quota_bytes, u32 trash_days     since version 2; version 1 decodes as the defaults
 */
enum status
account_record_encode(const struct account_record *r, struct buf *out)
{
	put_u8(out, ACCOUNT_VERSION);
	put_u32le(out, r->id);
	put_u32le(out, r->version);
	put_u8(out, r->is_enabled);
	put_u8(out, r->is_admin);
	put_slice(out, r->login);
	put_slice(out, r->verifier);
	put_slice(out, r->outside_name);
	put_slice(out, r->outside_address);
	put_names(out, r->names, r->name_count);
	put_names(out, r->nicks, r->nick_count);
	put_u64le(out, r->quota_bytes);
	put_u32le(out, r->trash_days);
	return buf_status(out);
}

enum status
account_record_decode(struct slice data, struct account_record *out)
{
	struct account_record r = { .quota_bytes = QUOTA_DEFAULT, .trash_days = TRASH_DAYS_DEFAULT };
	uint8_t version;
	struct reader in = record_begin_upto(data, ACCOUNT_VERSION, &version);

	r.id = read_u32le(&in);
	r.version = read_u32le(&in);
	r.is_enabled = read_bool(&in);
	r.is_admin = read_bool(&in);
	r.login = read_limited(&in, ADDRESS_LEN_MAX);
	r.verifier = read_limited(&in, VERIFIER_MAX);
	r.outside_name = read_limited(&in, NAME_LEN_MAX);
	r.outside_address = read_limited(&in, ADDRESS_LEN_MAX);
	r.name_count = read_names(&in, r.names);
	r.nick_count = read_names(&in, r.nicks);
	if (version >= 2) {
		r.quota_bytes = read_u64le(&in);
		r.trash_days = read_u32le(&in);
	}
	if (!reader_at_end(&in) || r.id == 0 || r.login.len == 0)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

/*
 * Alias record.  key: the address
 *   u8     version        1
 *   slice  address        lower case
 *   u32    n, u32 x n     account ids
 */
enum status
alias_record_encode(const struct alias_record *r, struct buf *out)
{
	put_u8(out, RECORD_VERSION);
	put_slice(out, r->address);
	put_u32le(out, r->account_count);
	for (uint32_t i = 0; i < r->account_count; i++)
		put_u32le(out, r->accounts[i]);
	return buf_status(out);
}

enum status
alias_record_decode(struct slice data, struct alias_record *out)
{
	struct reader in = record_begin(data);
	struct alias_record r = { 0 };

	r.address = read_limited(&in, ADDRESS_LEN_MAX);
	r.account_count = read_u32le(&in);
	if (r.account_count > ALIAS_ACCOUNTS_MAX)
		return STATUS_CORRUPT;
	for (uint32_t i = 0; i < r.account_count; i++)
		r.accounts[i] = read_u32le(&in);
	if (!reader_at_end(&in) || r.address.len == 0)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

/*
 * Fetch record.  key: u32be fetch id
 *   u8     version        1
 *   u32    id
 *   u8     is_enabled, u8 checks_certificate
 *   u8     protocol       enum fetch_protocol
 *   u16    port
 *   u32    every_s        seconds between runs
 *   i32    keep_days      -1: for ever
 *   slice  name, host, user, secret, ca_path
 *   slice  shared         address, or empty
 *   u32    dispatcher, u32 for_account    ids; 0: none
 */
enum status
fetch_record_encode(const struct fetch_record *r, struct buf *out)
{
	put_u8(out, RECORD_VERSION);
	put_u32le(out, r->id);
	put_u8(out, r->is_enabled);
	put_u8(out, r->checks_certificate);
	put_u8(out, r->protocol);
	put_u16le(out, r->port);
	put_u32le(out, r->every_s);
	put_u32le(out, (uint32_t)r->keep_days);
	put_slice(out, r->name);
	put_slice(out, r->host);
	put_slice(out, r->user);
	put_slice(out, r->secret);
	put_slice(out, r->ca_path);
	put_slice(out, r->shared);
	put_u32le(out, r->dispatcher);
	put_u32le(out, r->for_account);
	return buf_status(out);
}

enum status
fetch_record_decode(struct slice data, struct fetch_record *out)
{
	struct reader in = record_begin(data);
	struct fetch_record r = { 0 };

	r.id = read_u32le(&in);
	r.is_enabled = read_bool(&in);
	r.checks_certificate = read_bool(&in);
	r.protocol = read_u8(&in);
	r.port = read_u16le(&in);
	r.every_s = read_u32le(&in);
	r.keep_days = (int32_t)read_u32le(&in);
	r.name = read_limited(&in, NAME_LEN_MAX);
	r.host = read_limited(&in, ADDRESS_LEN_MAX);
	r.user = read_limited(&in, ADDRESS_LEN_MAX);
	r.secret = read_limited(&in, SECRET_MAX);
	r.ca_path = read_limited(&in, SECRET_MAX);
	r.shared = read_limited(&in, ADDRESS_LEN_MAX);
	r.dispatcher = read_u32le(&in);
	r.for_account = read_u32le(&in);
	if (!reader_at_end(&in) || r.id == 0 || r.name.len == 0 ||
	    r.protocol >= FETCH_PROTOCOL_COUNT)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

/*
 * Route record.  key: u32be route id
 *   u8     version        1
 *   u32    id
 *   u8     is_enabled, u8 checks_certificate, u8 is_lmtp
 *   u8     kind           enum route_kind
 *   u8     tls            enum route_tls
 *   u16    port
 *   slice  name, whom, host, user, secret, ca_path
 */
enum status
route_record_encode(const struct route_record *r, struct buf *out)
{
	put_u8(out, RECORD_VERSION);
	put_u32le(out, r->id);
	put_u8(out, r->is_enabled);
	put_u8(out, r->checks_certificate);
	put_u8(out, r->is_lmtp);
	put_u8(out, r->kind);
	put_u8(out, r->tls);
	put_u16le(out, r->port);
	put_slice(out, r->name);
	put_slice(out, r->whom);
	put_slice(out, r->host);
	put_slice(out, r->user);
	put_slice(out, r->secret);
	put_slice(out, r->ca_path);
	return buf_status(out);
}

enum status
route_record_decode(struct slice data, struct route_record *out)
{
	struct reader in = record_begin(data);
	struct route_record r = { 0 };

	r.id = read_u32le(&in);
	r.is_enabled = read_bool(&in);
	r.checks_certificate = read_bool(&in);
	r.is_lmtp = read_bool(&in);
	r.kind = read_u8(&in);
	r.tls = read_u8(&in);
	r.port = read_u16le(&in);
	r.name = read_limited(&in, NAME_LEN_MAX);
	r.whom = read_limited(&in, ADDRESS_LEN_MAX);
	r.host = read_limited(&in, ADDRESS_LEN_MAX);
	r.user = read_limited(&in, ADDRESS_LEN_MAX);
	r.secret = read_limited(&in, SECRET_MAX);
	r.ca_path = read_limited(&in, SECRET_MAX);
	if (!reader_at_end(&in) || r.id == 0 || r.name.len == 0 || r.tls > ROUTE_TLS_OFF ||
	    r.kind >= ROUTE_KIND_COUNT || (r.kind == ROUTE_DEFAULT) != (r.whom.len == 0))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

/*
 * Pending audit record.  key: u64be number
 *   u8     version        2
 *   u64    at_s
 *   slice  kind, actor, subject, detail
 *   u32    removed_account  since version 2; version 1 decodes as 0
 */
enum status
pending_audit_record_encode(const struct pending_audit_record *r, struct buf *out)
{
	put_u8(out, PENDING_AUDIT_VERSION);
	put_u64le(out, r->at_s);
	put_slice(out, r->kind);
	put_slice(out, r->actor);
	put_slice(out, r->subject);
	put_slice(out, r->detail);
	put_u32le(out, r->removed_account);
	return buf_status(out);
}

enum status
pending_audit_record_decode(struct slice data, struct pending_audit_record *out)
{
	uint8_t version;
	struct reader in = record_begin_upto(data, PENDING_AUDIT_VERSION, &version);
	struct pending_audit_record r = { 0 };

	r.at_s = read_u64le(&in);
	r.kind = read_slice(&in);
	r.actor = read_slice(&in);
	r.subject = read_slice(&in);
	r.detail = read_slice(&in);
	if (version >= 2)
		r.removed_account = read_u32le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}
