/*
 * dns_cache.c - what the resolver knows without asking.
 *
 * Slots of hash_dns carry the outcome of a question each, under the SHA-256 of its name and its
 * type. An answer is told until its TTL is over; it is kept a day longer, for the time when no
 * server answers.
 */
#include "io/dns_cache.h"

#include <string.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/hash.h"
#include "board.h"
#include "io/dns.h"

enum { KEY_LEN = 1 + CRYPTO_SHA256_LEN, STALE_MS = 86400000, STALE_USE_MS = 30000,
	NEGATIVE_MAX_S = 900 };

static struct entry {
	struct dns_answer answer;
	int result;                    /* E_OK, E_NOENT, or a failure */
	bool has_answer;
	uint64_t until_ms, stale_ms;
} entries[BOARD_DNS_CACHE];

int dns_known(struct slice name, enum dns_type type, struct dns_answer *out)
{
	struct port_addr a;
	bool local = slice_is(name, "localhost") || slice_is(name, "localhost.");

	dns_answer_clear(out, type);
	if (local && (type == DNS_A || type == DNS_AAAA))
		addr_parse(slice_str(type == DNS_A ? "127.0.0.1" : "::1"), &a);
	else if (addr_parse(name, &a) != E_OK)
		return E_AGAIN;
	if ((type == DNS_A) != addr_is_v4(&a) || (type != DNS_A && type != DNS_AAAA))
		return E_NOENT;
	dns_answer_add_ip(out, a.ip);
	return E_OK;
}

static void key_make(struct slice name, enum dns_type type, uint8_t key[KEY_LEN])
{
	key[0] = (uint8_t)type;
	crypto_sha256(name.p, name.len, key + 1);
}

int dns_cache_find(struct slice name, enum dns_type type, struct dns_answer *out)
{
	uint8_t key[KEY_LEN];
	const struct entry *e;
	int slot;

	key_make(name, type, key);
	slot = hash_find(hash_dns, key, sizeof key);
	if (slot < 0)
		return E_AGAIN;
	e = &entries[slot];
	if (port_clock_ms() >= e->until_ms)
		return E_AGAIN;
	if (e->result == E_OK)
		*out = e->answer;
	return e->result;
}

void dns_cache_keep(struct slice name, enum dns_type type, int result,
	const struct dns_answer *answer)
{
	uint64_t now = port_clock_ms();
	uint8_t key[KEY_LEN];
	struct entry *e;
	uint32_t ttl_s = answer->ttl_s;
	int fresh, slot;

	key_make(name, type, key);
	slot = hash_take(hash_dns, key, sizeof key, &fresh);
	if (slot < 0)
		return;
	e = &entries[slot];
	if (fresh)
		memset(e, 0, sizeof *e);
	if (result != E_OK && result != E_NOENT) {
		bool stale = e->has_answer && now < e->stale_ms;

		e->result = stale ? E_OK : result;
		e->until_ms = now + (stale ? STALE_USE_MS : DNS_FAILED_MS);
		return;
	}
	if (result == E_NOENT && ttl_s > NEGATIVE_MAX_S)
		ttl_s = NEGATIVE_MAX_S;
	e->answer = *answer;
	e->has_answer = result == E_OK;
	e->result = result;
	e->until_ms = now + (uint64_t)ttl_s * 1000;
	e->stale_ms = e->until_ms + STALE_MS;
}

void dns_cache_reset(void)
{
	memset(entries, 0, sizeof entries);
}
