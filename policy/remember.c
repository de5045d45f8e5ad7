#include "policy/remember.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/table.h"

struct entry {
	uint8_t proof[SHA256_LEN];
	uint64_t until_s;
};

/* One entry an account: as many as there are accounts. */
struct remember {
	pthread_mutex_t lock;
	uint8_t key[32];
	struct table *entries;
};

struct remember *
remember_new(void)
{
	struct remember *r = mem_new(struct remember);

	(void)pthread_mutex_init(&r->lock, NULL);
	id_random(r->key, sizeof(r->key));
	r->entries = table_new();
	return r;
}

static void
entry_free(void *value)
{
	mem_wipe(value, sizeof(struct entry));
	mem_free(value);
}

void
remember_free(struct remember **remember)
{
	struct remember *r = *remember;

	if (r == NULL)
		return;
	*remember = NULL;
	table_free(&r->entries, entry_free);
	(void)pthread_mutex_destroy(&r->lock);
	mem_wipe(r->key, sizeof(r->key));
	mem_free(r);
}

/* Bound to account and version, so that it proves nothing of another. */
static void
prove(const struct remember *r, uint32_t account, uint32_t version, struct slice password,
    uint8_t out[SHA256_LEN])
{
	struct buf text = buf_init(password.len + 16);

	put_u32le(&text, account);
	put_u32le(&text, version);
	(void)buf_append(&text, password);
	hmac_sha256(slice_make(r->key, sizeof(r->key)), buf_slice(&text), out);
	buf_wipe(&text);
}

void
remember_put(struct remember *r, uint32_t account, uint32_t version, struct slice password,
    uint64_t now_s, uint32_t for_s)
{
	uint8_t key[4];
	struct entry *e;

	store_u32be(key, account);
	(void)pthread_mutex_lock(&r->lock);
	e = table_get(r->entries, slice_make(key, sizeof(key)));
	if (e == NULL) {
		e = mem_new(struct entry);
		(void)table_put(r->entries, slice_make(key, sizeof(key)), e);
	}
	prove(r, account, version, password, e->proof);
	e->until_s = now_s + for_s;
	(void)pthread_mutex_unlock(&r->lock);
}

bool
remember_has(struct remember *r, uint32_t account, uint32_t version, struct slice password,
    uint64_t now_s)
{
	uint8_t key[4], proof[SHA256_LEN];
	const struct entry *e;
	bool has;

	store_u32be(key, account);
	prove(r, account, version, password, proof);
	(void)pthread_mutex_lock(&r->lock);
	e = table_get(r->entries, slice_make(key, sizeof(key)));
	has = e != NULL && now_s < e->until_s && hash_equal(e->proof, proof, sizeof(proof));
	(void)pthread_mutex_unlock(&r->lock);
	return has;
}
