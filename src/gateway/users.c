/*
 * users.c - local users: a password is compared in constant time, and an unknown name costs what
 * the first user's password costs.
 */
#include "gateway/users.h"

#include <string.h>

#include "base/crypto.h"

unsigned users_mechs(const struct settings *s)
{
	unsigned mechs = SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN);
	bool clear = false, passed_on = false;

	for (unsigned i = 0; i < s->user_count; i++)
		clear = clear || (s->user[i].clear && !settings_user_hashed(s, &s->user[i]));
	for (unsigned i = 0; i < s->account_count; i++)
		passed_on = passed_on || s->account[i].login == CFG_LOGIN_CLIENT;
	return clear && !passed_on ? mechs | SASL_BIT(SASL_CRAM_MD5) : mechs;
}

/* Both are hashed first, so that lengths don't show. */
static bool same_secret(struct slice a, struct slice b)
{
	uint8_t x[CRYPTO_SHA256_LEN], y[CRYPTO_SHA256_LEN];

	crypto_sha256(a.p, a.len, x);
	crypto_sha256(b.p, b.len, y);
	return mem_eq_ct(x, y, sizeof x);
}

static bool fits(const struct settings *s, const struct cfg_user *u,
	const struct sasl_server *exchange)
{
	struct slice stored = settings_slice(s, u->password);
	struct slice given = sasl_password(exchange);
	bool hashed = settings_user_hashed(s, u);

	if (exchange->mech == SASL_CRAM_MD5)
		return sasl_cram_check(exchange, stored) && u->clear && !hashed;
	if (hashed)
		return crypto_verifier_check((const char *)stored.p, stored.len, given.p, given.len);
	return same_secret(stored, given);
}

const struct cfg_user *users_check(const struct settings *s, const struct sasl_server *exchange)
{
	struct slice login = sasl_authcid(exchange), acts_as = sasl_authzid(exchange);
	const struct cfg_user *u = settings_user(s, login);
	bool known = u != NULL && (acts_as.len == 0 || slice_eq_nocase(acts_as, login));
	bool good;

	if (s->user_count == 0)
		return NULL;
	good = fits(s, u != NULL ? u : &s->user[0], exchange);
	return known && good && settings_slice(s, u->password).len > 0 ? u : NULL;
}
