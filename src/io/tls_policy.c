/*
 * tls_policy.c - the server's choice of suite and certificate, and its private-key operations.
 *
 * The engine's list holds the suites that both sides know, in our order: of each strength the
 * one signed with ECDSA first, because it is five times cheaper. The first for which we have a
 * chain that the client can check wins; so a client without ECDSA, or without our curve, gets
 * RSA.
 */
#include <string.h>

#include "io/tls_context.h"

/* Top bits of a translated suite. */
enum { KEYX_RSA = 0, KEYX_ECDHE_RSA = 1, KEYX_ECDHE_ECDSA = 2 };
enum { SIGN_HASH = 0xff00 }; /* with a hash's number: the engine hashes, we sign */
enum { ECDSA_MAX = 139 };    /* longest ASN.1 signature on P-521 */

static struct tls_server *server_of(const br_ssl_server_policy_class **ctx)
{
	return (struct tls_server *)(void *)((uint8_t *)ctx - offsetof(struct tls_server, policy));
}

/* The hash that the client can check, 0 for none; bit n of `known` is hash n. */
static unsigned choose_hash(uint32_t known)
{
	static const uint8_t order[] = { br_sha256_ID, br_sha384_ID, br_sha512_ID, br_sha1_ID };

	for (size_t i = 0; i < sizeof order; i++)
		if ((known >> order[i] & 1) != 0)
			return order[i];
	return 0;
}

static int pick(struct tls_server *s, const struct identity_leaf *leaf, uint16_t suite,
	unsigned hash, br_ssl_server_choices *out)
{
	s->chosen = true;
	s->use_rsa = leaf == &s->id->rsa;
	out->cipher_suite = suite;
	out->algo_id = SIGN_HASH + hash;
	out->chain = leaf->chain;
	out->chain_len = leaf->chain_len;
	return 1;
}

static int choose(const br_ssl_server_policy_class **ctx, const br_ssl_server_context *cc,
	br_ssl_server_choices *out)
{
	struct tls_server *s = server_of(ctx);
	const struct identity_leaf *ec = &s->id->ec, *rsa = &s->id->rsa;
	bool tls12 = br_ssl_engine_get_version(&cc->eng) >= BR_TLS12;
	uint32_t hashes = br_ssl_server_get_client_hashes(cc);
	unsigned ec_hash = tls12 ? choose_hash(hashes >> 8) : br_sha1_ID;
	unsigned rsa_hash = tls12 ? choose_hash(hashes & 0xff) : 0;
	bool ec_works = ec->chain_len > 0 && ec_hash != 0 &&
		(br_ssl_server_get_client_curves(cc) >> ec->key.ec.curve & 1) != 0;
	bool rsa_works = rsa->chain_len > 0 && (!tls12 || rsa_hash != 0);
	const br_suite_translated *list;
	size_t count;

	list = br_ssl_server_get_client_suites(cc, &count);
	for (size_t i = 0; i < count; i++) {
		unsigned keyx = list[i][1] >> 12;

		if (keyx == KEYX_ECDHE_ECDSA && ec_works)
			return pick(s, ec, list[i][0], ec_hash, out);
		if (keyx == KEYX_ECDHE_RSA && rsa_works)
			return pick(s, rsa, list[i][0], rsa_hash, out);
		if (keyx == KEYX_RSA && rsa->chain_len > 0)
			return pick(s, rsa, list[i][0], 0, out);
	}
	return 0;
}

/* Key exchange by static RSA: the client's secret was encrypted to our key. */
static uint32_t do_keyx(const br_ssl_server_policy_class **ctx, unsigned char *data, size_t *len)
{
	const struct tls_server *s = server_of(ctx);

	return br_rsa_ssl_decrypt(br_rsa_private_get_default(), &s->id->rsa.key.rsa, data, *len);
}

static const br_hash_class *hash_class(unsigned hash)
{
	switch (hash) {
	case br_sha1_ID: return &br_sha1_vtable;
	case br_sha256_ID: return &br_sha256_vtable;
	case br_sha384_ID: return &br_sha384_vtable;
	case br_sha512_ID: return &br_sha512_vtable;
	default: return NULL;
	}
}

static size_t sign_ec(const struct tls_server *s, unsigned hash, unsigned char *data, size_t hv_len,
	size_t len)
{
	const br_hash_class *class = hash_class(hash);
	uint8_t hv[64];

	if (class == NULL || len < ECDSA_MAX || hv_len > sizeof hv)
		return 0;
	memcpy(hv, data, hv_len);
	return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), class, hv,
		&s->id->ec.key.ec, data);
}

static const uint8_t *hash_oid(unsigned hash)
{
	switch (hash) {
	case br_sha1_ID: return BR_HASH_OID_SHA1;
	case br_sha256_ID: return BR_HASH_OID_SHA256;
	case br_sha384_ID: return BR_HASH_OID_SHA384;
	case br_sha512_ID: return BR_HASH_OID_SHA512;
	default: return NULL; /* before 1.2: MD5 and SHA-1 together, without a name */
	}
}

static size_t sign_rsa(const struct tls_server *s, unsigned hash, unsigned char *data,
	size_t hv_len, size_t len)
{
	const br_rsa_private_key *key = &s->id->rsa.key.rsa;
	size_t sig_len = (key->n_bitlen + 7) / 8;
	uint8_t hv[64];

	if (len < sig_len || hv_len > sizeof hv)
		return 0;
	memcpy(hv, data, hv_len);
	return br_rsa_pkcs1_sign_get_default()(hash_oid(hash), hv, hv_len, key, data) ? sig_len : 0;
}

static size_t do_sign(const br_ssl_server_policy_class **ctx, unsigned algo_id, unsigned char *data,
	size_t hv_len, size_t len)
{
	const struct tls_server *s = server_of(ctx);
	unsigned hash = algo_id & 0xff;

	return s->use_rsa ? sign_rsa(s, hash, data, hv_len, len) :
		sign_ec(s, hash, data, hv_len, len);
}

static const br_ssl_server_policy_class policy_class = {
	sizeof(struct tls_server), choose, do_keyx, do_sign
};

void tls_policy_use(struct tls_server *s)
{
	s->policy = &policy_class;
	br_ssl_server_set_policy(&s->ctx, &s->policy);
}
