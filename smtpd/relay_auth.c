#include "smtpd/relay_auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64.h"
#include "base/mem.h"

#define MESSAGE_MAX 8192
#define MD5_LEN 16

static const struct {
	enum relay_mechanism mechanism;
	const char *name;
	bool shows_secret;
} mechanisms[] = {
	/* In the order of preference under TLS; otherwise what hides the secret is first. */
	{ RELAY_AUTH_PLAIN, "PLAIN", true },
	{ RELAY_AUTH_LOGIN, "LOGIN", true },
	{ RELAY_AUTH_CRAM_MD5, "CRAM-MD5", false },
};

unsigned
relay_auth_parse(struct slice list)
{
	unsigned found = 0;

	while (list.len > 0) {
		struct slice word = slice_take_word(&list);

		for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
			if (slice_equal_nocase(word, slice_from_cstr(mechanisms[i].name)))
				found |= mechanisms[i].mechanism;
	}
	return found;
}

enum relay_mechanism
relay_auth_choose(unsigned offered, bool is_secure, bool may_be_seen)
{
	if (!is_secure && (offered & RELAY_AUTH_CRAM_MD5))
		return RELAY_AUTH_CRAM_MD5;
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
		if ((offered & mechanisms[i].mechanism) &&
		    (is_secure || may_be_seen || !mechanisms[i].shows_secret))
			return mechanisms[i].mechanism;
	return RELAY_AUTH_NONE;
}

const char *
relay_auth_name(enum relay_mechanism m)
{
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
		if (mechanisms[i].mechanism == m)
			return mechanisms[i].name;
	return "none";
}

static void
put_plain(struct slice user, struct slice secret, struct buf *out)
{
	struct buf message = buf_init(MESSAGE_MAX);

	if (buf_reserve(&message, user.len + secret.len + 2) != STATUS_OK)
		return;
	(void)buf_append_byte(&message, '\0');
	(void)buf_append(&message, user);
	(void)buf_append_byte(&message, '\0');
	(void)buf_append(&message, secret);
	(void)base64_encode(out, buf_slice(&message));
	buf_wipe(&message);
}

void
relay_auth_begin(enum relay_mechanism m, struct slice user, struct slice secret, struct buf *out)
{
	if (buf_reserve(out, 2 * (user.len + secret.len) + 64) != STATUS_OK)
		return;
	(void)buf_append(out, SLICE("AUTH "));
	(void)buf_append(out, slice_from_cstr(relay_auth_name(m)));
	if (m != RELAY_AUTH_PLAIN)
		return;
	(void)buf_append_byte(out, ' ');
	put_plain(user, secret, out);
}

/* user SP hex(HMAC-MD5(secret, challenge)), in base64: RFC 2195. */
static enum status
answer_cram_md5(struct slice text, struct slice user, struct slice secret, struct buf *out)
{
	struct buf challenge = buf_init(MESSAGE_MAX), message = buf_init(MESSAGE_MAX);
	unsigned char digest[MD5_LEN];
	enum status st = base64_decode(&challenge, slice_trim(text));
	const unsigned char *bytes = (const unsigned char *)challenge.ptr;

	if (st == STATUS_OK && HMAC(EVP_md5(), secret.ptr == NULL ? "" : secret.ptr,
	    (int)secret.len, bytes == NULL ? (const unsigned char *)"" : bytes, challenge.len,
	    digest, NULL) == NULL)
		st = STATUS_DENIED;
	if (st == STATUS_OK) {
		(void)buf_append(&message, user);
		(void)buf_append_byte(&message, ' ');
		(void)buf_append_hex(&message, slice_make(digest, sizeof(digest)));
		(void)base64_encode(out, buf_slice(&message));
	}
	buf_clear(&challenge);
	buf_wipe(&message);
	return st;
}

enum status
relay_auth_answer(enum relay_mechanism m, unsigned step, struct slice text, struct slice user,
    struct slice secret, struct buf *out)
{
	if (buf_reserve(out, 2 * (user.len + secret.len) + 128) != STATUS_OK)
		return STATUS_LIMIT;
	switch (m) {
	case RELAY_AUTH_PLAIN:
		if (step > 0)
			return STATUS_SYNTAX;
		put_plain(user, secret, out);	/* to one who overlooked the first response */
		return STATUS_OK;
	case RELAY_AUTH_LOGIN:
		/* "Username:", "Password:", but servers put other words there, too. */
		if (step > 1)
			return STATUS_SYNTAX;
		(void)base64_encode(out, step == 0 ? user : secret);
		return STATUS_OK;
	case RELAY_AUTH_CRAM_MD5:
		return step > 0 ? STATUS_SYNTAX : answer_cram_md5(text, user, secret, out);
	case RELAY_AUTH_NONE:
		break;
	}
	return STATUS_SYNTAX;
}
