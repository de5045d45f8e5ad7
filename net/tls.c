#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/mem.h"
#include "net/tls_internal.h"

#define TICKET_KEY_SIZE 80
#define SESSIONS_KEPT 256	/* of clients without tickets */

void
tls_problem_set(struct problem *why, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	if (reason != NULL)
		problem_set(why, "%s: %s", what, reason);
	else
		problem_set(why, "%s", what);
	ERR_clear_error();
}

static struct tls_context *
context_new(const SSL_METHOD *method)
{
	struct tls_context *t = mem_new(struct tls_context);

	t->ssl = SSL_CTX_new(method);
	mem_need(t->ssl != NULL);
	/* Buffers of an idle connection go back; a write may go on from another address. */
	SSL_CTX_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(t->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_min_proto_version(t->ssl, TLS1_2_VERSION);
	return t;
}

static enum status
server_load(struct tls_context *t, const char *cert_path, const char *key_path,
    struct problem *why)
{
	if (access(cert_path, F_OK) != 0) {
		problem_set(why, "there is no certificate %s", cert_path);
		return STATUS_ABSENT;
	}
	if (access(key_path, F_OK) != 0) {
		problem_set(why, "there is no key %s", key_path);
		return STATUS_ABSENT;
	}
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(t->ssl, cert_path) != 1) {
		tls_problem_set(why, cert_path);
		return STATUS_CORRUPT;
	}
	if (SSL_CTX_use_PrivateKey_file(t->ssl, key_path, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(t->ssl) != 1) {
		tls_problem_set(why, key_path);
		return STATUS_CORRUPT;
	}
	return STATUS_OK;
}

/*
 * ALPACA: who offers to speak HTTP is a browser that was led astray, and what it says is not to be
 * taken for mail.  Other names are passed over, since there is none for SMTP.
 */
static int
refuse_web(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
    unsigned in_len, void *ctx)
{
	struct slice list = slice_make(in, in_len);

	(void)ssl;
	(void)out;
	(void)out_len;
	(void)ctx;
	while (list.len > 0) {
		struct slice name = slice_sub(list, 1, (unsigned char)list.ptr[0]);

		if (slice_starts(name, SLICE("http/")) || slice_equal(name, SLICE("h2")))
			return SSL_TLSEXT_ERR_ALERT_FATAL;
		list = slice_skip(list, name.len + 1);
	}
	return SSL_TLSEXT_ERR_NOACK;
}

enum status
tls_server_new(const char *cert_path, const char *key_path, enum tls_floor floor,
    struct slice ticket_key, struct tls_context **out, struct problem *why)
{
	static const unsigned char id_context[] = "tradepost";
	struct tls_context *t = context_new(TLS_server_method());
	enum status st = server_load(t, cert_path, key_path, why);

	if (st == STATUS_OK && ticket_key.len != 0 && ticket_key.len != TICKET_KEY_SIZE) {
		problem_set(why, "the key for TLS tickets has %zu bytes, not %d", ticket_key.len,
		    TICKET_KEY_SIZE);
		st = STATUS_CORRUPT;
	}
	if (st != STATUS_OK) {
		tls_context_free(&t);
		return st;
	}
	t->is_server = true;
	if (floor == TLS_FLOOR_1_0) {
		/* TLS 1.0 signs with SHA-1, which needs this level in OpenSSL 3. */
		SSL_CTX_set_min_proto_version(t->ssl, TLS1_VERSION);
		SSL_CTX_set_cipher_list(t->ssl, "DEFAULT:@SECLEVEL=0");
	}
	SSL_CTX_set_options(t->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_alpn_select_cb(t->ssl, refuse_web, NULL);
	/* Tickets keep nothing here; a cache, however small, makes OpenSSL issue session ids. */
	SSL_CTX_set_session_cache_mode(t->ssl, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(t->ssl, SESSIONS_KEPT);
	SSL_CTX_set_session_id_context(t->ssl, id_context, sizeof(id_context) - 1);
	if (ticket_key.len > 0) {
		unsigned char key[TICKET_KEY_SIZE];

		for (size_t i = 0; i < sizeof(key); i++)
			key[i] = (unsigned char)ticket_key.ptr[i];
		SSL_CTX_set_tlsext_ticket_keys(t->ssl, key, sizeof(key));
		mem_wipe(key, sizeof(key));
	}
	*out = t;
	return STATUS_OK;
}

enum status
tls_client_new(const char *ca_path, struct tls_context **out, struct problem *why)
{
	struct tls_context *t;
	/* Opened, not looked at: a sandbox refuses no more than that. */
	int fd = ca_path == NULL ? -1 : open(ca_path, O_RDONLY | O_CLOEXEC);

	if (ca_path != NULL && fd < 0) {
		problem_set_errno(why, errno, "cannot read the CA certificate %s (in the instance's tls/ "
		    "it can be read)", ca_path);
		return STATUS_ABSENT;
	}
	if (fd >= 0)
		close(fd);
	t = context_new(TLS_client_method());
	ERR_clear_error();
	if (ca_path == NULL ? SSL_CTX_set_default_verify_paths(t->ssl) != 1
			    : SSL_CTX_load_verify_file(t->ssl, ca_path) != 1) {
		tls_problem_set(why, ca_path == NULL ? "the system's CAs" : ca_path);
		tls_context_free(&t);
		return STATUS_CORRUPT;
	}
	t->is_checked = true;
	SSL_CTX_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
	*out = t;
	return STATUS_OK;
}

enum status
tls_client_new_unchecked(struct tls_context **out, struct problem *why)
{
	(void)why;
	*out = context_new(TLS_client_method());
	SSL_CTX_set_verify((*out)->ssl, SSL_VERIFY_NONE, NULL);
	return STATUS_OK;
}

void
tls_context_free(struct tls_context **t)
{
	if (*t == NULL)
		return;
	SSL_CTX_free((*t)->ssl);
	mem_free(*t);
	*t = NULL;
}
