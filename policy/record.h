/*
 * record.h -- the records of policyd's directory: what an administrator has
 * set.  Their forms on disk stand above each encoder in record.c; decoders
 * borrow slices from the bytes they are given.
 */
#ifndef POLICY_RECORD_H
#define POLICY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define NAMES_MAX 32		/* display names, and as many nicknames, of one account */
#define NAME_LEN_MAX 120	/* bytes of UTF-8 */
#define ADDRESS_LEN_MAX 254
#define VERIFIER_MAX 384	/* of crypt(3) */
#define ALIAS_ACCOUNTS_MAX 500
#define SECRET_MAX 1000
#define QUOTA_DEFAULT UINT64_MAX
#define QUOTA_MAX (UINT64_C(1) << 50)
#define TRASH_DAYS_MAX 36500
#define TRASH_DAYS_DEFAULT UINT32_MAX

struct domain_record {
	struct slice name;	/* lower case */
	bool is_default;	/* a login name without '@' belongs to it */
};

struct account_record {
	uint32_t id;
	uint32_t version;	/* grows with every change: what was remembered of an older one is void */
	bool is_enabled;
	bool is_admin;
	struct slice login;	/* local@domain, lower case */
	struct slice verifier;	/* crypt(3) form of the password */
	struct slice outside_name;
	struct slice outside_address;	/* empty: none */
	uint64_t quota_bytes;	/* 0: none; QUOTA_DEFAULT: as the settings say */
	uint32_t trash_days;	/* 0: for ever; TRASH_DAYS_DEFAULT: as the settings say */
	uint16_t name_count, nick_count;
	struct slice names[NAMES_MAX];
	struct slice nicks[NAMES_MAX];
};

struct alias_record {
	struct slice address;	/* lower case */
	uint32_t account_count;
	uint32_t accounts[ALIAS_ACCOUNTS_MAX];
};

struct fetch_record {
	uint32_t id;
	bool is_enabled;
	bool checks_certificate;
	uint8_t protocol;	/* enum fetch_protocol */
	uint16_t port;
	uint32_t every_s;
	int32_t keep_days;	/* -1: messages stay outside for ever */
	struct slice name;
	struct slice host;
	struct slice user;
	struct slice secret;
	struct slice ca_path;
	struct slice shared;	/* the shared address; empty: all mail is for_account's */
	uint32_t dispatcher;	/* account; with shared */
	uint32_t for_account;	/* account; without shared */
};

enum route_kind {
	ROUTE_DEFAULT,		/* for mail that no other route is for */
	ROUTE_FOR_DOMAIN,	/* to recipients at this domain */
	ROUTE_FOR_SENDER,	/* from whoever has this address, inside or outside */
	ROUTE_KIND_COUNT
};

/* How mail leaves. */
struct route_record {
	uint32_t id;
	bool is_enabled;
	bool checks_certificate;
	bool is_lmtp;
	uint8_t kind;		/* enum route_kind */
	uint8_t tls;		/* enum route_tls */
	uint16_t port;
	struct slice name;
	struct slice whom;	/* domain or address, lower case; empty: of the default route */
	struct slice host;	/* the smarthost; empty: by MX */
	struct slice user;	/* empty: no AUTH */
	struct slice secret;
	struct slice ca_path;
};

/* An audit record that stored has not confirmed yet. */
struct pending_audit_record {
	uint64_t at_s;
	struct slice kind, actor, subject, detail;
	uint32_t removed_account;	/* 0: none; else stored has to hear of it, too */
};

/* LIMIT when it does not fit out (made with max ENV_VALUE_MAX). */
MUST_USE enum status domain_record_encode(const struct domain_record *r, struct buf *out);
MUST_USE enum status account_record_encode(const struct account_record *r, struct buf *out);
MUST_USE enum status alias_record_encode(const struct alias_record *r, struct buf *out);
MUST_USE enum status fetch_record_encode(const struct fetch_record *r, struct buf *out);
MUST_USE enum status route_record_encode(const struct route_record *r, struct buf *out);
MUST_USE enum status pending_audit_record_encode(const struct pending_audit_record *r,
    struct buf *out);

/* CORRUPT: too short, too long, of an unknown version, or a value no encoder writes. */
MUST_USE enum status domain_record_decode(struct slice data, struct domain_record *out);
MUST_USE enum status account_record_decode(struct slice data, struct account_record *out);
MUST_USE enum status alias_record_decode(struct slice data, struct alias_record *out);
MUST_USE enum status fetch_record_decode(struct slice data, struct fetch_record *out);
MUST_USE enum status route_record_decode(struct slice data, struct route_record *out);
MUST_USE enum status pending_audit_record_decode(struct slice data,
    struct pending_audit_record *out);

#endif
