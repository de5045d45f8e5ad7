#include "tools/certificate.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <net/if.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/id.h"
#include "tools/instance.h"

#define CA_DAYS 7300
#define SERVER_DAYS 820	/* Apple's clients refuse a server certificate that lives longer than 825 */
#define NAMES_MAX 16384

static enum status
openssl_failed(struct problem *why, const char *what)
{
	unsigned long code = ERR_get_error();

	problem_set(why, "cannot make the %s: %s", what,
	    code == 0 ? "OpenSSL gives no reason" : ERR_reason_error_string(code));
	return STATUS_IO;
}

/* Every name a client on the LAN may type for this server, as subjectAltName writes them. */
static void
server_names(struct slice domain, struct buf *out)
{
	static const char *const hosts[] = { "imap", "smtp", "pop", "pop3", "mail" };
	char host[256];
	struct ifaddrs *all = NULL;

	buf_printf(out, "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:%.*s", SLICE_ARG(domain));
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		buf_printf(out, ",DNS:%s.%.*s", hosts[i], SLICE_ARG(domain));
	if (gethostname(host, sizeof(host)) == 0 && host[0] != '\0') {
		host[sizeof(host) - 1] = '\0';
		buf_printf(out, ",DNS:%s", host);
	}
	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
		socklen_t len;

		if (a->ifa_addr == NULL || (a->ifa_flags & IFF_LOOPBACK))
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			len = sizeof(struct sockaddr_in);
		else if (a->ifa_addr->sa_family == AF_INET6)
			len = sizeof(struct sockaddr_in6);
		else
			continue;
		if (getnameinfo(a->ifa_addr, len, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		host[slice_find_byte(slice_from_cstr(host), '%')] = '\0';	/* a zone is no address */
		buf_printf(out, ",IP:%s", host);
	}
	freeifaddrs(all);
}

static int
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL)
		return 0;
	ok = X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

/* An unsigned certificate for key, valid from an hour ago (clocks on a LAN differ). */
static X509 *
certificate_begin(EVP_PKEY *key, const char *name, long days)
{
	X509 *cert = X509_new();
	X509_NAME *subject;
	BIGNUM *number = BN_new();
	uint8_t serial[16];
	int ok;

	if (cert == NULL || number == NULL)
		goto fail;
	id_random(serial, sizeof(serial));
	serial[0] &= 0x7f;
	subject = X509_get_subject_name(cert);
	ok = X509_set_version(cert, 2) && BN_bin2bn(serial, sizeof(serial), number) != NULL &&
	    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL) != NULL &&
	    X509_set_pubkey(cert, key) &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
	        -1, -1, 0);
	BN_free(number);
	if (ok)
		return cert;
fail:
	X509_free(cert);
	return NULL;
}

static X509 *
ca_certificate(EVP_PKEY *key, const char *name)
{
	X509 *ca = certificate_begin(key, name, CA_DAYS);

	if (ca != NULL && X509_set_issuer_name(ca, X509_get_subject_name(ca)) &&
	    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(ca, ca, NID_subject_key_identifier, "hash") &&
	    X509_sign(ca, key, EVP_sha256()) > 0)
		return ca;
	X509_free(ca);
	return NULL;
}

static X509 *
server_certificate(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *name,
    const char *alt_names)
{
	X509 *cert = certificate_begin(key, name, SERVER_DAYS);

	if (cert != NULL && X509_set_issuer_name(cert, X509_get_subject_name(ca)) &&
	    add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, ca, NID_ext_key_usage, "serverAuth") &&
	    add_extension(cert, ca, NID_subject_key_identifier, "hash") &&
	    add_extension(cert, ca, NID_authority_key_identifier, "keyid") &&
	    add_extension(cert, ca, NID_subject_alt_name, alt_names) &&
	    X509_sign(cert, ca_key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static enum status
bio_save(BIO *bio, const char *path, unsigned mode, struct problem *why)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	return file_write(path, mode, slice_make(data, (size_t)len), why);
}

static enum status
save_certificate(X509 *cert, const char *path, struct problem *why)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum status st;

	if (bio == NULL || !PEM_write_bio_X509(bio, cert))
		st = openssl_failed(why, "certificate");
	else
		st = bio_save(bio, path, 0644, why);
	BIO_free(bio);
	return st;
}

static enum status
save_key(EVP_PKEY *key, const char *path, struct problem *why)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	enum status st;

	if (bio == NULL || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		st = openssl_failed(why, "key");
	else
		st = bio_save(bio, path, 0600, why);
	BIO_free(bio);
	return st;
}

static enum status
server_make(X509 *ca, EVP_PKEY *ca_key, struct slice domain, struct problem *why)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct buf names = buf_init(NAMES_MAX), host = buf_init(300);
	const char *alt, *name;
	X509 *cert = NULL;
	enum status st = STATUS_LIMIT;

	server_names(domain, &names);
	buf_printf(&host, "mail.%.*s", SLICE_ARG(domain));
	if (buf_cstr(&names, &alt) != STATUS_OK || buf_cstr(&host, &name) != STATUS_OK)
		goto out;
	if (key != NULL)
		cert = server_certificate(key, ca, ca_key, name, alt);
	if (cert == NULL) {
		st = openssl_failed(why, "server certificate");
		goto out;
	}
	st = save_key(key, INSTANCE_KEY, why);
	if (st == STATUS_OK)
		st = save_certificate(cert, INSTANCE_CERT, why);
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	buf_clear(&names);
	buf_clear(&host);
	return st;
}

enum status
certificate_make(struct slice domain, struct problem *why)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	struct buf name = buf_init(64);
	const char *cn;
	X509 *ca = NULL;
	enum status st = STATUS_LIMIT;

	/* A common name has at most 64 characters. */
	buf_printf(&name, "Tradepost CA for %.*s", (int)(domain.len > 46 ? 46 : domain.len),
	    domain.ptr);
	if (buf_cstr(&name, &cn) != STATUS_OK)
		goto out;
	if (ca_key != NULL)
		ca = ca_certificate(ca_key, cn);
	if (ca == NULL) {
		st = openssl_failed(why, "CA certificate");
		goto out;
	}
	st = save_key(ca_key, INSTANCE_CA_KEY, why);
	if (st == STATUS_OK)
		st = save_certificate(ca, INSTANCE_CA, why);
	if (st == STATUS_OK)
		st = server_make(ca, ca_key, domain, why);
out:
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	buf_clear(&name);
	return st;
}

static X509 *
certificate_load(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *cert = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);

	if (file != NULL)
		fclose(file);
	return cert;
}

enum status
certificate_end(uint64_t *ends_at_s, struct problem *why)
{
	X509 *cert = certificate_load(INSTANCE_CERT);
	struct tm tm;

	if (cert == NULL) {
		problem_set(why, "tls/cert.pem is missing or no PEM certificate");
		return STATUS_ABSENT;
	}
	if (!ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm)) {
		X509_free(cert);
		problem_set(why, "tls/cert.pem has no readable end date");
		return STATUS_CORRUPT;
	}
	*ends_at_s = (uint64_t)timegm(&tm);
	X509_free(cert);
	return STATUS_OK;
}

enum status
certificate_renew(uint64_t now_s, struct slice domain, int *renewed, struct problem *why)
{
	uint64_t ends_at;
	FILE *file;
	EVP_PKEY *ca_key;
	X509 *ca;
	enum status st = certificate_end(&ends_at, why);

	*renewed = 0;
	if (st != STATUS_OK || ends_at > now_s + CERTIFICATE_RENEW_S)
		return st;
	file = fopen(INSTANCE_CA_KEY, "re");
	if (file == NULL)
		return STATUS_OK;	/* the certificate is the administrator's own */
	ca_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	ca = certificate_load(INSTANCE_CA);
	if (ca_key == NULL || ca == NULL) {
		st = openssl_failed(why, "new server certificate");
	} else {
		st = server_make(ca, ca_key, domain, why);
		*renewed = st == STATUS_OK;
	}
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return st;
}
