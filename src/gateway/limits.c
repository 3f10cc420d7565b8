/*
 * limits.c - connections and wrong passwords by client.
 *
 * The penalty doubles with each failure above a few free ones, up to a minute, and is forgiven
 * after ten quiet minutes.
 */
#include "gateway/limits.h"

#include <string.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/hash.h"
#include "board.h"

enum { FREE_FAILURES = 4, PENALTY_MAX_S = 60, FORGIVEN_AFTER_MS = 600000 };

struct client {
	uint16_t connections;
	uint16_t failures;
	uint64_t last_failure_ms, penalty_until_ms;
};

static struct client clients[BOARD_CLIENT_TABLE];
/* By slot of hash_guess: this name has signed in from there. */
static bool known[BOARD_CLIENT_TABLE];

/* IPv4 whole, IPv6 by /64: what one household or attacker has at least. */
static size_t client_key(const struct port_addr *a, uint8_t key[16])
{
	memcpy(key, a->ip, 16);
	return addr_is_v4(a) ? 16 : 8;
}

static struct client *client_get(const struct port_addr *a, bool make)
{
	uint8_t key[16];
	size_t len = client_key(a, key);
	int fresh = 0;
	int slot = make ? hash_take(hash_client, key, len, &fresh) : hash_find(hash_client, key, len);

	if (slot < 0)
		return NULL;
	if (fresh)
		clients[slot] = (struct client){ 0 };
	return &clients[slot];
}

int limits_client_enter(const struct port_addr *client, unsigned max)
{
	struct client *c = client_get(client, true);

	if (c == NULL)
		return E_OK;
	if (max > 0 && c->connections >= max)
		return E_LIMIT;
	c->connections++;
	return E_OK;
}

void limits_client_leave(const struct port_addr *client)
{
	struct client *c = client_get(client, false);

	if (c != NULL && c->connections > 0)
		c->connections--;
}

static int guess_slot(const struct port_addr *a, struct slice login, bool make)
{
	uint8_t key[16 + CRYPTO_SHA256_LEN] = { 0 };
	int fresh = 0, slot;

	client_key(a, key);
	crypto_sha256(login.p, login.len, key + 16);
	slot = make ? hash_take(hash_guess, key, sizeof key, &fresh) :
		hash_find(hash_guess, key, sizeof key);
	if (slot >= 0 && fresh)
		known[slot] = false;
	return slot;
}

int limits_auth_allowed(const struct port_addr *client, struct slice login, unsigned *wait_s)
{
	struct client *c = client_get(client, false);
	uint64_t now = port_clock_ms();
	int slot;

	if (c == NULL || now >= c->penalty_until_ms)
		return E_OK;
	slot = guess_slot(client, login, false);
	if (slot >= 0 && known[slot])
		return E_OK;
	*wait_s = (unsigned)((c->penalty_until_ms - now + 999) / 1000);
	return E_LIMIT;
}

static void failed(struct client *c)
{
	uint64_t now = port_clock_ms();
	unsigned over, wait_s = 0;

	if (now - c->last_failure_ms > FORGIVEN_AFTER_MS)
		c->failures = 0;
	if (c->failures < UINT16_MAX)
		c->failures++;
	c->last_failure_ms = now;
	if (c->failures > FREE_FAILURES) {
		over = c->failures - FREE_FAILURES;
		wait_s = over < 7 ? 1u << (over - 1) : PENALTY_MAX_S;
	}
	if (wait_s > PENALTY_MAX_S)
		wait_s = PENALTY_MAX_S;
	c->penalty_until_ms = now + (uint64_t)wait_s * 1000;
}

void limits_auth_result(const struct port_addr *client, struct slice login, bool good)
{
	struct client *c = client_get(client, true);
	int slot;

	if (!good) {
		if (c != NULL)
			failed(c);
		return;
	}
	slot = guess_slot(client, login, true);
	if (slot >= 0)
		known[slot] = true;
}

void limits_reset(void)
{
	memset(clients, 0, sizeof clients);
	memset(known, 0, sizeof known);
}
