/*
 * tls_cache.c - sessions that can be resumed by id (RFC 5246 7.4.1.2), on both sides, bounded.
 *
 * A session resumes only where nothing that made it trustworthy differs: the server's within one
 * listener and its versions and suites, the client's for one account, name, port and demand on
 * the certificate; the engine has no extended master secret (RFC 7627), so this is what stands
 * for it. A master secret is as good as the key: entries are wiped when they are dropped or grow
 * old.
 */
#include <string.h>

#include "base/hash.h"
#include "board.h"
#include "io/tls_context.h"

#define SERVER_LIFE_MS (UINT64_C(12) * 3600 * 1000)
#define CLIENT_LIFE_MS (UINT64_C(6) * 3600 * 1000)

struct session {
	br_ssl_session_parameters params; /* session_id_len 0: nothing here */
	uint64_t until_ms;
};

static struct session server_sessions[BOARD_TLS_SESSIONS], client_sessions[BOARD_TLS_SESSIONS];

static void forget(struct session *s)
{
	mem_wipe(s, sizeof *s);
}

/* The live session of a key, or NULL. */
static struct session *find(struct hash_table *table, struct session *list, const uint8_t *key)
{
	int i = hash_find(table, key, TLS_CACHE_KEY);

	if (i < 0 || list[i].params.session_id_len == 0)
		return NULL;
	if (port_clock_ms() < list[i].until_ms)
		return &list[i];
	forget(&list[i]);
	return NULL;
}

static void keep(struct hash_table *table, struct session *list, const uint8_t *key,
	const br_ssl_session_parameters *params, uint64_t life_ms)
{
	int fresh, i = hash_take(table, key, TLS_CACHE_KEY, &fresh);

	if (i < 0)
		return;
	forget(&list[i]);
	list[i].params = *params;
	list[i].until_ms = port_clock_ms() + life_ms;
}

static void drop(struct hash_table *table, struct session *list, const uint8_t *key)
{
	int i = hash_find(table, key, TLS_CACHE_KEY);

	if (i < 0)
		return;
	forget(&list[i]);
	hash_drop(table, key, TLS_CACHE_KEY);
}

/* ---- server ---- */

static struct tls_server *server_of(const br_ssl_session_cache_class **ctx)
{
	return (struct tls_server *)(void *)((uint8_t *)ctx - offsetof(struct tls_server, cache));
}

static void server_key(const struct tls_server *s, const uint8_t *id, uint8_t key[TLS_CACHE_KEY])
{
	key[0] = (uint8_t)(s->scope >> 8);
	key[1] = (uint8_t)s->scope;
	memcpy(key + 2, id, TLS_CACHE_KEY - 2);
}

static void save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *cc,
	const br_ssl_session_parameters *params)
{
	uint8_t key[TLS_CACHE_KEY];

	(void)cc;
	server_key(server_of(ctx), params->session_id, key);
	keep(hash_tls_server, server_sessions, key, params, SERVER_LIFE_MS);
}

static int load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *cc,
	br_ssl_session_parameters *params)
{
	const struct tls_server *s = server_of(ctx);
	uint8_t key[TLS_CACHE_KEY];
	const struct session *found;

	(void)cc;
	server_key(s, params->session_id, key);
	found = find(hash_tls_server, server_sessions, key);
	if (found == NULL || found->params.version < s->version_min ||
			!tls_profile_has(s, found->params.cipher_suite))
		return 0;
	*params = found->params;
	return 1;
}

static const br_ssl_session_cache_class cache_class = { sizeof(struct tls_server), save, load };

void tls_cache_use(struct tls_server *s)
{
	s->cache = &cache_class;
	br_ssl_server_set_cache(&s->ctx, &s->cache);
}

/* ---- client ---- */

/* With its NUL, so that two strings cannot run into each other. */
static void hash_string(br_sha256_context *h, const char *text)
{
	br_sha256_update(h, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

void tls_cache_key(struct tls_client *c, const struct tls_client_want *want)
{
	uint8_t rest[3] = { (uint8_t)(want->port >> 8), (uint8_t)want->port, want->pin_count };
	br_sha256_context h;

	br_sha256_init(&h);
	hash_string(&h, want->scope);
	hash_string(&h, want->name);
	hash_string(&h, want->trust);
	br_sha256_update(&h, rest, sizeof rest);
	br_sha256_update(&h, want->pins, sizeof want->pins[0] * want->pin_count);
	br_sha256_out(&h, c->key);
}

void tls_cache_offer(struct tls_client *c)
{
	const struct session *found = find(hash_tls_client, client_sessions, c->key);

	if (found == NULL)
		return;
	br_ssl_engine_set_session_parameters(&c->ctx.eng, &found->params);
	memcpy(c->offered, found->params.session_id, sizeof c->offered);
	c->offering = true;
}

void tls_cache_keep(struct tls_client *c)
{
	br_ssl_session_parameters params;

	br_ssl_engine_get_session_parameters(&c->ctx.eng, &params);
	if (params.session_id_len > 0 && !c->t.facts.resumed && c->t.facts.days_left > 0)
		keep(hash_tls_client, client_sessions, c->key, &params, CLIENT_LIFE_MS);
	mem_wipe(&params, sizeof params);
}

void tls_cache_drop(struct tls_client *c)
{
	drop(hash_tls_client, client_sessions, c->key);
}

static void forget_all(struct session *list)
{
	for (int i = 0; i < BOARD_TLS_SESSIONS; i++)
		if (list[i].params.session_id_len > 0)
			forget(&list[i]);
}

void tls_cache_reset(void)
{
	forget_all(server_sessions);
	forget_all(client_sessions);
}
