/*
 * sasl_client.c - the client side: a table of mechanisms, each with its responses.
 */
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "error.h"
#include "proto/sasl.h"

/* Builds raw response number `step` into `out`. Its length; E_NOENT: the mechanism has no initial
 * response; E_PROTO: no such step; E_LIMIT. */
typedef int respond(unsigned step, const struct sasl_credentials *who, struct slice challenge,
	uint8_t *out, size_t cap);

static int built(const struct fmt *f)
{
	return f->over ? E_LIMIT : (int)f->len;
}

static int plain(unsigned step, const struct sasl_credentials *who, struct slice challenge,
	uint8_t *out, size_t cap)
{
	struct fmt f = fmt_on(out, cap);

	(void)challenge;
	if (step > 0)
		return E_PROTO;
	fmt_slice(&f, who->authzid);
	fmt_char(&f, '\0');
	fmt_slice(&f, who->authcid);
	fmt_char(&f, '\0');
	fmt_slice(&f, who->secret);
	return built(&f);
}

/* Whatever the prompts say: the name first, then the password. */
static int login(unsigned step, const struct sasl_credentials *who, struct slice challenge,
	uint8_t *out, size_t cap)
{
	struct fmt f = fmt_on(out, cap);

	if (challenge.p == NULL)
		return E_NOENT;
	if (step > 1)
		return E_PROTO;
	fmt_slice(&f, step == 0 ? who->authcid : who->secret);
	return built(&f);
}

static int cram_md5(unsigned step, const struct sasl_credentials *who, struct slice challenge,
	uint8_t *out, size_t cap)
{
	struct fmt f = fmt_on(out, cap);
	uint8_t digest[CRYPTO_MD5_LEN];

	if (challenge.p == NULL)
		return E_NOENT;
	if (step > 0 || challenge.len == 0)
		return E_PROTO;
	crypto_hmac_md5(who->secret.p, who->secret.len, challenge.p, challenge.len, digest);
	fmt_slice(&f, who->authcid);
	fmt_char(&f, ' ');
	for (size_t i = 0; i < sizeof digest; i++)
		fmt_printf(&f, "%02x", (unsigned)digest[i]);
	return built(&f);
}

static respond *const mechs[SASL_MECHS] = {
	[SASL_PLAIN] = plain, [SASL_LOGIN] = login, [SASL_CRAM_MD5] = cram_md5,
};

int sasl_client_choose(unsigned offered, unsigned allowed, bool secure)
{
	static const uint8_t over_tls[] = { SASL_PLAIN, SASL_LOGIN, SASL_CRAM_MD5 };
	static const uint8_t in_clear[] = { SASL_CRAM_MD5, SASL_PLAIN, SASL_LOGIN };
	const uint8_t *order = secure ? over_tls : in_clear;

	for (int i = 0; i < SASL_MECHS; i++)
		if ((offered & allowed & SASL_BIT(order[i])) != 0)
			return order[i];
	return E_NOENT;
}

void sasl_client_start(struct sasl_client *c, enum sasl_mech mech)
{
	*c = (struct sasl_client){ mech, 0 };
}

static bool sendable(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == 0 || v.p[i] == '\r' || v.p[i] == '\n')
			return false;
	return true;
}

static int respond_to(struct sasl_client *c, const struct sasl_credentials *who,
	struct slice challenge, char *out, size_t cap)
{
	uint8_t raw[SASL_LINE_MAX];
	int n;

	if (!sendable(who->authzid) || !sendable(who->authcid) || !sendable(who->secret))
		return E_ARG;
	n = mechs[c->mech](c->step, who, challenge, raw, sizeof raw);
	if (n >= 0) {
		c->step++;
		n = base64_encode(raw, (size_t)n, out, cap);
	}
	mem_wipe(raw, sizeof raw);
	return n;
}

int sasl_client_initial(struct sasl_client *c, const struct sasl_credentials *who, char *out,
	size_t cap)
{
	int n = respond_to(c, who, (struct slice){ NULL, 0 }, out, cap);

	if (n == 0 && cap > 0) {
		out[0] = '=';
		return 1;
	}
	return n;
}

int sasl_client_respond(struct sasl_client *c, const struct sasl_credentials *who,
	struct slice challenge, char *out, size_t cap)
{
	uint8_t raw[SASL_LINE_MAX];
	int n = base64_decode(challenge, raw, sizeof raw);

	return respond_to(c, who, slice_of(raw, (size_t)(n > 0 ? n : 0)), out, cap);
}
