/*
 * x509_known.c - a ring of hashes.
 */
#include "io/x509_known.h"

#include <string.h>

#include "base/crypto.h"
#include "io/trust.h"

enum { KNOWN_MAX = 32, DAY_S = 86400 };

static struct {
	struct known {
		uint8_t key[32];
		int64_t from_s, until_s; /* until_s 0: empty */
	} at[KNOWN_MAX];
	unsigned next;
} known;

void x509_known_key(const struct x509_check *c, struct slice leaf, uint8_t key[32])
{
	uint8_t all[CRYPTO_SHA256_LEN + sizeof c->name + sizeof c->ip + sizeof c->pins + 2 + 8] = { 0 };
	uint8_t *p = all + CRYPTO_SHA256_LEN;
	uint64_t stamp = trust_stamp(c->bundle);

	crypto_sha256(leaf.p, leaf.len, all);
	memcpy(p, c->name, strlen(c->name));
	memcpy(p += sizeof c->name, c->ip, sizeof c->ip);
	memcpy(p += sizeof c->ip, c->pins, sizeof c->pins);
	p += sizeof c->pins;
	*p++ = c->pin_count;
	*p++ = (uint8_t)c->bundle;
	memcpy(p, &stamp, sizeof stamp);
	crypto_sha256(all, sizeof all, key);
}

bool x509_known_has(const uint8_t key[32], int64_t now_s)
{
	for (unsigned i = 0; i < KNOWN_MAX; i++) {
		const struct known *k = &known.at[i];

		if (k->from_s <= now_s && now_s < k->until_s && memcmp(k->key, key, sizeof k->key) == 0)
			return true;
	}
	return false;
}

void x509_known_add(const uint8_t key[32], int64_t now_s, int64_t until_s)
{
	struct known *k = &known.at[known.next];

	known.next = (known.next + 1) % KNOWN_MAX;
	memcpy(k->key, key, sizeof k->key);
	k->from_s = now_s;
	k->until_s = until_s < now_s + DAY_S ? until_s : now_s + DAY_S;
}

void x509_known_reset(void)
{
	memset(&known, 0, sizeof known);
}
