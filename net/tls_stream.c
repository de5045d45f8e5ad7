#include "net/tls_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/idn.h"
#include "base/mem.h"
#include "net/tls_internal.h"

#define TEXT_MAX 64
#define NAME_MAX_BYTES 1024
#define READS_AT_ONCE 64	/* of the socket, two a record, before others get their turn */

struct tls_stream {
	SSL *ssl;
	char *text;	/* made when asked for */
	unsigned reads_left;
	bool is_checked;
};

static bool
is_numeric(const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* Certificates and SNI know a name in A-labels (RFC 6066 s.3, RFC 9525 s.6.3). */
static void
expect_server(struct tls_stream *s, const char *name)
{
	struct buf labels = buf_init(NAME_MAX_BYTES);

	if (is_numeric(name)) {
		if (s->is_checked)
			ASSERT(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), name) == 1);
		return;
	}
	/* What cannot be written so stays as it is, and no certificate has it. */
	if (idn_domain(slice_from_cstr(name), &labels) == STATUS_OK)
		(void)!buf_cstr(&labels, &name);
	/* A name too long for the protocol is not sent, and then the check fails. */
	(void)SSL_set_tlsext_host_name(s->ssl, name);
	if (s->is_checked) {
		SSL_set_hostflags(s->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		ASSERT(SSL_set1_host(s->ssl, name) == 1);
	}
	buf_clear(&labels);
}

/*
 * OpenSSL reads on while records come that hold nothing for us (new keys, handshakes that we
 * refuse), so who sends them fast would have all of the loop's time.
 */
static long
limit_reads(BIO *b, int what, const char *bytes, size_t len, int argi, long argl, int ret,
    size_t *processed)
{
	struct tls_stream *s = (struct tls_stream *)(void *)BIO_get_callback_arg(b);

	(void)bytes;
	(void)len;
	(void)argi;
	(void)argl;
	(void)processed;
	if (what != BIO_CB_READ)
		return ret;
	BIO_clear_retry_flags(b);
	if (s->reads_left == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	s->reads_left--;
	return ret;
}

struct tls_stream *
tls_stream_new(struct tls_context *context, int fd, const char *server_name)
{
	struct tls_stream *s = mem_new(struct tls_stream);

	s->ssl = SSL_new(context->ssl);
	mem_need(s->ssl != NULL && SSL_set_fd(s->ssl, fd) == 1);
	s->reads_left = READS_AT_ONCE;
	BIO_set_callback_ex(SSL_get_rbio(s->ssl), limit_reads);
	BIO_set_callback_arg(SSL_get_rbio(s->ssl), (char *)s);
	s->is_checked = context->is_checked;
	if (context->is_server) {
		SSL_set_accept_state(s->ssl);
	} else {
		SSL_set_connect_state(s->ssl);
		if (server_name != NULL)
			expect_server(s, server_name);
	}
	return s;
}

void
tls_stream_free(struct tls_stream **s)
{
	if (*s == NULL)
		return;
	SSL_free((*s)->ssl);
	ERR_clear_error();
	mem_free((*s)->text);
	mem_free(*s);
	*s = NULL;
}

static enum tls_result
stream_result(struct tls_stream *s, int rc, struct problem *why, const char *what)
{
	int err = errno;
	long verified;

	if (rc <= 0)
		s->reads_left = READS_AT_ONCE;	/* back to the loop */
	switch (SSL_get_error(s->ssl, rc)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	case SSL_ERROR_SYSCALL:
		if (err != 0)
			problem_set_errno(why, err, "%s", what);
		else
			problem_set(why, "%s: the connection ended", what);
		break;
	default:
		verified = SSL_get_verify_result(s->ssl);
		if (s->is_checked && verified != X509_V_OK)
			problem_set(why, "%s: certificate: %s", what,
			    X509_verify_cert_error_string(verified));
		else
			tls_problem_set(why, what);
		break;
	}
	ERR_clear_error();
	return TLS_FAILED;
}

enum tls_result
tls_stream_handshake(struct tls_stream *s, struct problem *why)
{
	ERR_clear_error();
	errno = 0;
	return stream_result(s, SSL_do_handshake(s->ssl), why, "TLS handshake");
}

enum tls_result
tls_stream_read(struct tls_stream *s, char *out, size_t len, size_t *got, struct problem *why)
{
	ERR_clear_error();
	errno = 0;
	return stream_result(s, SSL_read_ex(s->ssl, out, len, got), why, "TLS read");
}

enum tls_result
tls_stream_write(struct tls_stream *s, struct slice bytes, size_t *put, struct problem *why)
{
	ERR_clear_error();
	errno = 0;
	return stream_result(s, SSL_write_ex(s->ssl, bytes.ptr, bytes.len, put), why, "TLS write");
}

bool
tls_stream_has_input(const struct tls_stream *s)
{
	return SSL_pending(s->ssl) > 0;
}

void
tls_stream_end(struct tls_stream *s)
{
	ERR_clear_error();
	if (SSL_is_init_finished(s->ssl))
		(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
}

const char *
tls_stream_text(struct tls_stream *s)
{
	char text[TEXT_MAX];
	size_t len = 0;
	const char *parts[] = { SSL_get_version(s->ssl), " ", SSL_get_cipher_name(s->ssl) };

	if (s->text != NULL)
		return s->text;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t n = strlen(parts[i]);

		if (n > sizeof(text) - len)
			n = sizeof(text) - len;
		memcpy(text + len, parts[i], n);
		len += n;
	}
	s->text = mem_dup(slice_make(text, len));
	return s->text;
}
