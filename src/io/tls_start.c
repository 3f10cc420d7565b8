/*
 * tls_start.c - contexts for handshakes: what they are given, and how they are given back.
 *
 * A connection is a slot of one of two pools. What only the handshake needs (the chain's
 * verification, the hold on our identity) is given back when it is over: the engine may not
 * renegotiate, and so never asks for it again.
 */
#include <string.h>

#include "board.h"
#include "io/tls_context.h"

enum { SEED_BYTES = 32 };

POOL_DEFINE(tls_servers, struct tls_server, BOARD_TLS_SERVERS);
POOL_DEFINE(tls_clients, struct tls_client, BOARD_TLS_CLIENTS);

static bool seed(br_ssl_engine_context *e)
{
	uint8_t bytes[SEED_BYTES];
	bool ok = port_entropy(bytes, sizeof bytes) == E_OK;

	if (ok)
		br_ssl_engine_inject_entropy(e, bytes, sizeof bytes);
	mem_wipe(bytes, sizeof bytes);
	return ok;
}

static void copy_text(char *to, size_t cap, const char *from)
{
	size_t len = from != NULL ? strlen(from) : 0;

	if (len >= cap)
		len = cap - 1;
	memcpy(to, from != NULL ? from : "", len);
	to[len] = '\0';
}

static bool server_begin(struct tls_server *s, const struct tls_server_want *want,
	enum tls_failure *why)
{
	s->t.server = true;
	s->scope = want->cache_scope;
	s->version_min = want->version_min;
	copy_text(s->alpn, sizeof s->alpn, want->alpn);
	s->alpn_name = s->alpn;
	s->id = identity_hold(want->identity);
	*why = TLS_NO_IDENTITY;
	if (s->id == NULL)
		return false;
	tls_profile_server(s);
	*why = TLS_NO_ENTROPY;
	if (!seed(&s->ctx.eng))
		return false;
	tls_policy_use(s);
	tls_cache_use(s);
	lend_start(&s->t.lend, &s->ctx.eng);
	*why = TLS_PROTOCOL;
	if (!br_ssl_server_reset(&s->ctx))
		return false;
	lend_early_version(&s->t.lend);
	return true;
}

struct tls *tls_server_start(const struct tls_server_want *want, enum tls_failure *why)
{
	struct tls_server *s = pool_get(&pool_tls_servers);

	*why = TLS_NO_SLOT;
	if (s == NULL)
		return NULL;
	if (!server_begin(s, want, why)) {
		tls_stop(&s->t);
		return NULL;
	}
	*why = TLS_FINE;
	return &s->t;
}

/* The name for SNI: without a last dot; none for an address (RFC 6066 3). */
static const char *sni_name(const char *name, char out[TLS_NAME_MAX + 1])
{
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > TLS_NAME_MAX || strchr(name, ':') != NULL ||
			strspn(name, "0123456789.") == strlen(name))
		return NULL;
	memcpy(out, name, len);
	out[len] = '\0';
	return out;
}

static bool client_begin(struct tls_client *c, const struct tls_client_want *want,
	enum tls_failure *why)
{
	char name[TLS_NAME_MAX + 1];

	*why = TLS_NO_SLOT;
	c->x509 = pool_get(&pool_x509);
	if (c->x509 == NULL || x509_check_start(c->x509, want, why) != E_OK)
		return false;
	tls_profile_client(c);
	*why = TLS_NO_ENTROPY;
	if (!seed(&c->ctx.eng))
		return false;
	tls_cache_key(c, want);
	if (!want->fresh)
		tls_cache_offer(c);
	lend_start(&c->t.lend, &c->ctx.eng);
	*why = TLS_PROTOCOL;
	return br_ssl_client_reset(&c->ctx, sni_name(want->name, name), c->offering) != 0;
}

struct tls *tls_client_start(const struct tls_client_want *want, enum tls_failure *why)
{
	struct tls_client *c = pool_get(&pool_tls_clients);

	*why = TLS_NO_SLOT;
	if (c == NULL)
		return NULL;
	if (!client_begin(c, want, why)) {
		tls_stop(&c->t);
		return NULL;
	}
	*why = TLS_FINE;
	return &c->t;
}

void tls_handshake_release(struct tls *t)
{
	if (t->server) {
		struct tls_server *s = tls_as_server(t);

		if (s->id != NULL)
			identity_release(s->id);
		s->id = NULL;
	} else {
		struct tls_client *c = tls_as_client(t);

		if (c->x509 != NULL)
			pool_put(&pool_x509, c->x509);
		c->x509 = NULL;
	}
}

void tls_stop(struct tls *t)
{
	struct pool *pool = t->server ? &pool_tls_servers : &pool_tls_clients;

	if (!t->server && !t->finished && tls_as_client(t)->offering)
		tls_cache_drop(tls_as_client(t)); /* a server that stumbles over it gets a fresh start */
	tls_handshake_release(t);
	lend_stop(&t->lend);
	pool_put(pool, t); /* overwrites the keys */
}

void tls_reset(void)
{
	buffers_reset();
	pool_reset(&pool_tls_servers);
	pool_reset(&pool_tls_clients);
	pool_reset(&pool_x509);
	tls_forget_sessions();
	tls_profile_reset();
}
