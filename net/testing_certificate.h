/*
 * testing_certificate.h -- a self-signed certificate for "mail.test",
 * 邮件.test and 127.0.0.1, made when the test runs.  Include base/check.h first.
 */
#ifndef NET_TESTING_CERTIFICATE_H
#define NET_TESTING_CERTIFICATE_H

#include <stdio.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Writes PEM files "cert.pem" and "key.pem" into the current directory. */
static inline void
testing_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
	    "DNS:mail.test,DNS:xn--5nq051n.test,IP:127.0.0.1");
	X509_NAME *name = X509_get_subject_name(cert);
	FILE *f;

	CHECK(key != NULL && names != NULL);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
	    0);
	X509_set_issuer_name(cert, name);
	X509_add_ext(cert, names, -1);
	CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
	f = fopen("cert.pem", "w");
	CHECK(f != NULL && PEM_write_X509(f, cert) == 1);
	fclose(f);
	f = fopen("key.pem", "w");
	CHECK(f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	X509_EXTENSION_free(names);
	X509_free(cert);
	EVP_PKEY_free(key);
}

#endif
