#include "policy/head_sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"

#define CONTEXT "tradepost archive head "
#define SIGNATURE_LEN 64
#define FIELDS_MAX 256

struct head_key {
	EVP_PKEY *pkey;
};

static enum status
failed(struct problem *why, const char *what, const char *path)
{
	enum status st = errno == ENOENT ? STATUS_ABSENT :
	    errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_IO;

	problem_set_errno(why, errno, "%s %s", what, path);
	return st;
}

/* All of it, by one write: a key has a hundred bytes or two. */
static bool
pem_write(int fd, EVP_PKEY *pkey, bool is_public)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	long len = 0;
	bool is_there = pem != NULL && (is_public ? PEM_write_bio_PUBKEY(pem, pkey) :
	    PEM_write_bio_PrivateKey(pem, pkey, NULL, NULL, 0, NULL, NULL)) == 1;

	if (is_there)
		len = BIO_get_mem_data(pem, &bytes);
	is_there = len > 0 && write(fd, bytes, (size_t)len) == len && fsync(fd) == 0;
	BIO_free(pem);
	return is_there;
}

/* Written aside and synced; it gets its name when it is whole. */
static enum status
key_write(EVP_PKEY *pkey, const char *directory, const char *name, mode_t mode, bool is_public,
    struct problem *why)
{
	char part[520], path[512];
	bool is_whole;
	int fd, dir;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(part, sizeof(part), "%s.new", path);
	(void)unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return failed(why, "making", part);
	is_whole = pem_write(fd, pkey, is_public);
	is_whole = close(fd) == 0 && is_whole && rename(part, path) == 0;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_whole = is_whole && dir >= 0 && fsync(dir) == 0;
	if (dir >= 0)
		close(dir);
	return is_whole ? STATUS_OK : failed(why, "writing", path);
}

static enum status
key_read(const char *path, bool is_public, struct head_key **out, struct problem *why)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *pkey;

	if (f == NULL)
		return failed(why, "opening", path);
	pkey = is_public ? PEM_read_PUBKEY(f, NULL, NULL, NULL) :
	    PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (pkey == NULL || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pkey);
		problem_set(why, "%s holds no Ed25519 key", path);
		return STATUS_CORRUPT;
	}
	*out = mem_new(struct head_key);
	(*out)->pkey = pkey;
	return STATUS_OK;
}

enum status
head_key_public(const char *path, struct head_key **out, struct problem *why)
{
	return key_read(path, true, out, why);
}

static enum status
key_make(const char *directory, struct head_key **out, struct problem *why)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	enum status st;

	if (pkey == NULL) {
		problem_set(why, "no Ed25519 key can be made");
		return STATUS_IO;
	}
	/* The public part first: with the private one there are always both. */
	st = key_write(pkey, directory, HEAD_PUBLIC_FILE, 0644, true, why);
	if (st == STATUS_OK)
		st = key_write(pkey, directory, HEAD_KEY_FILE, 0600, false, why);
	if (st != STATUS_OK) {
		EVP_PKEY_free(pkey);
		return st;
	}
	*out = mem_new(struct head_key);
	(*out)->pkey = pkey;
	return STATUS_OK;
}

enum status
head_key_need(const char *directory, struct head_key **out, struct problem *why)
{
	struct problem unused = { "" };
	char path[512];
	enum status st;

	snprintf(path, sizeof(path), "%s/%s", directory, HEAD_KEY_FILE);
	st = key_read(path, false, out, &unused);
	if (st == STATUS_ABSENT)
		return key_make(directory, out, why);
	if (st != STATUS_OK)
		problem_set(why, "%s", unused.text);
	return st;
}

void
head_key_free(struct head_key **kp)
{
	struct head_key *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	EVP_PKEY_free(k->pkey);
	mem_free(k);
}

/* What is signed: the context and the line's first four fields. */
static size_t
signed_text(char out[FIELDS_MAX], struct slice fields)
{
	int n = snprintf(out, FIELDS_MAX, CONTEXT "%.*s", SLICE_ARG(fields));

	return n > 0 && n < FIELDS_MAX ? (size_t)n : 0;
}

enum status
head_line_put(struct head_key *k, uint64_t store, const struct archive_head *head,
    uint64_t at_s, struct buf *out)
{
	struct buf fields = buf_init(HEAD_LINE_MAX);
	char text[FIELDS_MAX];
	uint8_t signature[SIGNATURE_LEN];
	size_t len = sizeof(signature), text_len;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_signed;

	clock_format_rfc3339(at_s, &fields);
	buf_printf(&fields, " %016llx %llu ", (unsigned long long)store,
	    (unsigned long long)head->entry);
	buf_append_hex(&fields, slice_make(head->hash, sizeof(head->hash)));
	text_len = signed_text(text, buf_slice(&fields));
	is_signed = ctx != NULL && text_len > 0 &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &len, (const uint8_t *)text, text_len) == 1;
	EVP_MD_CTX_free(ctx);
	if (is_signed) {
		buf_append(out, buf_slice(&fields));
		buf_append_byte(out, ' ');
		base64_encode(out, slice_make(signature, len));
		buf_append_byte(out, '\n');
	}
	buf_clear(&fields);
	return is_signed && buf_status(out) == STATUS_OK ? STATUS_OK : STATUS_IO;
}

static bool
is_signed_by(struct head_key *k, struct slice fields, struct slice base64)
{
	struct buf signature = buf_init(SIGNATURE_LEN);
	char text[FIELDS_MAX];
	size_t text_len = signed_text(text, fields);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_good;

	is_good = base64_decode(&signature, base64) == STATUS_OK &&
	    signature.len == SIGNATURE_LEN && ctx != NULL && text_len > 0 &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestVerify(ctx, (const uint8_t *)signature.ptr, signature.len,
		(const uint8_t *)text, text_len) == 1;
	EVP_MD_CTX_free(ctx);
	buf_clear(&signature);
	return is_good;
}

enum status
head_line_read(struct head_key *k, struct slice line, uint64_t *store,
    struct archive_head *head)
{
	size_t last = slice_find_last_byte(line, ' ');
	struct slice fields = slice_sub(line, 0, last), rest = fields;
	struct archive_head h;
	uint8_t id[8];

	if (last == line.len || slice_take_word(&rest).len != CLOCK_RFC3339_LEN ||
	    ascii_hex_decode(slice_take_word(&rest), id, sizeof(id)) != STATUS_OK ||
	    parse_u64(slice_take_word(&rest), 0, UINT64_MAX, &h.entry) != STATUS_OK ||
	    ascii_hex_decode(rest, h.hash, sizeof(h.hash)) != STATUS_OK)
		return STATUS_SYNTAX;
	if (!is_signed_by(k, fields, slice_skip(line, last + 1)))
		return STATUS_CORRUPT;
	*store = 0;
	for (size_t i = 0; i < sizeof(id); i++)
		*store = *store << 8 | id[i];
	*head = h;
	return STATUS_OK;
}
