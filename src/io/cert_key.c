/*
 * cert_key.c - private keys. The public half is always computed from the private parts, so that a
 * key file whose halves don't belong together is found when it is loaded, not when a client
 * connects.
 */
#include "io/cert_key.h"

#include <string.h>

#include "base/crypto.h"
#include "io/cert_pem.h"

enum { N_MAX = 512, EXPONENT = 65537, RSA_MADE_BITS = 2048, RSA_MIN_BYTES = 256 };

#define X962 0x2a, 0x86, 0x48, 0xce, 0x3d
#define PKCS1 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01

static const uint8_t oid_ec[] = { X962, 2, 1 };
static const uint8_t oid_rsa[] = { PKCS1, 1 };
static const uint8_t oid_ecdsa_sha256[] = { X962, 4, 3, 2 };
static const uint8_t oid_rsa_sha256[] = { PKCS1, 11 };

static const struct curve_row {
	uint8_t curve, bytes, oid_len;
	uint8_t oid[8];
} curves[] = {
	{ BR_EC_secp256r1, 32, 8, { X962, 3, 1, 7 } },
	{ BR_EC_secp384r1, 48, 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 } },
	{ BR_EC_secp521r1, 66, 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 } },
};

enum { CURVES = sizeof curves / sizeof curves[0] };

static const struct curve_row *curve_of(int curve)
{
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].curve == curve)
			return &curves[i];
	return NULL;
}

static const struct curve_row *curve_read(struct slice oid)
{
	for (size_t i = 0; i < CURVES; i++)
		if (slice_eq(oid, slice_of(curves[i].oid, curves[i].oid_len)))
			return &curves[i];
	return NULL;
}

/* ---- reading ---- */

static bool rsa_read(struct slice seq, struct identity_leaf *l)
{
	struct slice n, e, d, part[5];
	uint8_t *to = l->bytes;
	size_t bits;

	if (!der_unsigned(&seq, &n) || !der_unsigned(&seq, &e) || !der_unsigned(&seq, &d))
		return false;
	for (int i = 0; i < 5; i++) {
		if (!der_unsigned(&seq, &part[i]) || part[i].len == 0 ||
				part[i].len > N_MAX / 2)
			return false;
		memcpy(to, part[i].p, part[i].len);
		part[i].p = to;
		to += part[i].len;
	}
	if (seq.len > 0 || n.len < RSA_MIN_BYTES || n.len > N_MAX)
		return false;
	bits = n.len * 8;
	for (uint8_t top = n.p[0]; top < 0x80; top = (uint8_t)(top << 1))
		bits--;
	l->key_type = BR_KEYTYPE_RSA;
	l->key.rsa = (br_rsa_private_key){ .n_bitlen = (uint32_t)bits };
	l->key.rsa.p = l->bytes;
	l->key.rsa.plen = part[0].len;
	l->key.rsa.q = l->key.rsa.p + part[0].len;
	l->key.rsa.qlen = part[1].len;
	l->key.rsa.dp = l->key.rsa.q + part[1].len;
	l->key.rsa.dplen = part[2].len;
	l->key.rsa.dq = l->key.rsa.dp + part[2].len;
	l->key.rsa.dqlen = part[3].len;
	l->key.rsa.iq = l->key.rsa.dq + part[3].len;
	l->key.rsa.iqlen = part[4].len;
	return true;
}

/* ECPrivateKey behind its version; `curve` comes from PKCS#8, or is NULL. */
static bool ec_read(struct slice seq, const struct curve_row *curve, struct identity_leaf *l)
{
	struct slice x, param, oid;

	if (!der_take(&seq, DER_OCTETS, &x) || !der_maybe(&seq, DER_CONSTRUCTED(0), &param))
		return false;
	if (param.p != NULL) {
		const struct curve_row *named = der_take(&param, DER_OID, &oid) ? curve_read(oid) : NULL;

		if (named == NULL || (curve != NULL && named != curve))
			return false;
		curve = named;
	}
	while (x.len > 0 && x.p[0] == 0)
		x = slice_from(x, 1);
	if (curve == NULL || x.len == 0 || x.len > curve->bytes)
		return false;
	memcpy(l->bytes, x.p, x.len);
	l->key_type = BR_KEYTYPE_EC;
	l->key.ec = (br_ec_private_key){ curve->curve, l->bytes, x.len };
	return true;
}

/* The sequence of a PKCS#1 or SEC1 key. */
static bool inner_read(struct slice der, const struct curve_row *curve, uint8_t type,
	struct identity_leaf *l)
{
	struct slice seq, version;

	if (!der_take(&der, DER_SEQUENCE, &seq) || der.len > 0 || !der_unsigned(&seq, &version))
		return false;
	if (version.len == 0 && type != BR_KEYTYPE_EC)
		return rsa_read(seq, l);
	return version.len == 1 && version.p[0] == 1 && type != BR_KEYTYPE_RSA &&
		ec_read(seq, curve, l);
}

bool cert_key_read(struct slice der, struct identity_leaf *l)
{
	struct slice rest = der, seq, version, algorithm, oid, key;

	if (!der_take(&rest, DER_SEQUENCE, &seq) || !der_unsigned(&seq, &version))
		return false;
	if (version.len > 0 || seq.len == 0 || seq.p[0] != DER_SEQUENCE)
		return inner_read(der, NULL, 0, l);
	if (!der_take(&seq, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
			!der_take(&seq, DER_OCTETS, &key))
		return false;
	if (slice_eq(oid, slice_of(oid_rsa, sizeof oid_rsa)))
		return inner_read(key, NULL, BR_KEYTYPE_RSA, l);
	if (!slice_eq(oid, slice_of(oid_ec, sizeof oid_ec)) || !der_take(&algorithm, DER_OID, &oid) ||
			curve_read(oid) == NULL)
		return false;
	return inner_read(key, curve_read(oid), BR_KEYTYPE_EC, l);
}

/* ---- the public half ---- */

/* The point of an EC key: its length, or 0. */
static size_t point_of(const struct identity_leaf *l, uint8_t *q)
{
	return br_ec_compute_pub(br_ec_get_default(), NULL, q, &l->key.ec);
}

/* Modulus and exponent of an RSA key; false where the parts don't belong together. */
static bool modulus_of(const struct identity_leaf *l, uint8_t n[N_MAX], size_t *n_len, uint32_t *e)
{
	*n_len = (l->key.rsa.n_bitlen + 7) / 8;
	*e = br_rsa_compute_pubexp_get_default()(&l->key.rsa);
	return *n_len <= N_MAX && *e != 0 &&
		br_rsa_compute_modulus_get_default()(n, &l->key.rsa) == *n_len;
}

static void exponent_bytes(uint32_t e, uint8_t out[4])
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(e >> (24 - 8 * i) & 0xff);
}

/* An RSA key is tried, because BearSSL cannot compute a modulus of 4096 bits. */
static bool rsa_fits(const struct identity_leaf *l, const struct cert_view *v)
{
	br_rsa_public_key pub = { (unsigned char *)(uintptr_t)v->n.p, v->n.len,
		(unsigned char *)(uintptr_t)v->e.p, v->e.len };
	uint8_t sig[CERT_SIG_MAX], want[CRYPTO_SHA256_LEN], got[CRYPTO_SHA256_LEN];
	size_t len;

	if (v->key != CERT_KEY_RSA || v->key_bits != l->key.rsa.n_bitlen)
		return false;
	crypto_sha256(v->spki.p, v->spki.len, want);
	len = cert_key_sign(l, v->spki, sig);
	return len > 0 && br_rsa_pkcs1_vrfy_get_default()(sig, len, BR_HASH_OID_SHA256, sizeof got,
		&pub, got) != 0 && memcmp(got, want, sizeof got) == 0;
}

bool cert_key_fits(const struct identity_leaf *l, const struct cert_view *v)
{
	uint8_t pub[N_MAX];

	if (l->key_type == BR_KEYTYPE_RSA)
		return rsa_fits(l, v);
	return v->key == CERT_KEY_EC && v->curve == l->key.ec.curve && v->q.len <= sizeof pub &&
		point_of(l, pub) == v->q.len && memcmp(pub, v->q.p, v->q.len) == 0;
}

/* Puts the content of the BIT STRING with the public key. */
static bool public_bits(const struct identity_leaf *l, struct der_out *o)
{
	size_t mark = der_mark(o), len;
	uint8_t pub[N_MAX], exponent[4];
	uint32_t e;

	if (l->key_type == BR_KEYTYPE_EC) {
		len = point_of(l, pub);
		der_put(o, pub, len);
		return len > 0;
	}
	if (!modulus_of(l, pub, &len, &e))
		return false;
	exponent_bytes(e, exponent);
	der_put_unsigned(o, exponent, sizeof exponent);
	der_put_unsigned(o, pub, len);
	der_wrap(o, DER_SEQUENCE, mark);
	return true;
}

/* Puts the AlgorithmIdentifier of the key itself. */
static void key_algorithm(const struct identity_leaf *l, struct der_out *o)
{
	size_t mark = der_mark(o);

	if (l->key_type == BR_KEYTYPE_EC) {
		const struct curve_row *curve = curve_of(l->key.ec.curve);

		der_element(o, DER_OID, curve->oid, curve->oid_len);
		der_element(o, DER_OID, oid_ec, sizeof oid_ec);
	} else {
		der_element(o, DER_NULL, NULL, 0);
		der_element(o, DER_OID, oid_rsa, sizeof oid_rsa);
	}
	der_wrap(o, DER_SEQUENCE, mark);
}

bool cert_key_public(const struct identity_leaf *l, struct der_out *o, uint8_t id[20])
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	size_t mark = der_mark(o);

	if (!public_bits(l, o) || o->over)
		return false;
	if (id != NULL) {
		crypto_sha256(o->mem + o->at, mark - o->at, hash);
		memcpy(id, hash, 20);
	}
	der_put(o, "", 1);
	der_wrap(o, DER_BITS, mark);
	key_algorithm(l, o);
	der_wrap(o, DER_SEQUENCE, mark);
	return !o->over;
}

/* ---- signing ---- */

size_t cert_key_sign(const struct identity_leaf *l, struct slice message, uint8_t *sig)
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	crypto_sha256(message.p, message.len, hash);
	if (l->key_type == BR_KEYTYPE_EC)
		return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), &br_sha256_vtable, hash,
			&l->key.ec, sig);
	if (br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, hash, sizeof hash, &l->key.rsa,
			sig) == 0)
		return 0;
	return (l->key.rsa.n_bitlen + 7) / 8;
}

void cert_key_algorithm(const struct identity_leaf *l, struct der_out *o)
{
	size_t mark = der_mark(o);

	if (l->key_type == BR_KEYTYPE_EC) {
		der_element(o, DER_OID, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256);
	} else {
		der_element(o, DER_NULL, NULL, 0);
		der_element(o, DER_OID, oid_rsa_sha256, sizeof oid_rsa_sha256);
	}
	der_wrap(o, DER_SEQUENCE, mark);
}

/* ---- making and writing ---- */

int cert_key_make(struct identity_leaf *l, bool rsa)
{
	br_hmac_drbg_context rng;
	uint8_t seed[32];
	bool made;

	if (port_entropy(seed, sizeof seed) != E_OK)
		return E_AGAIN;
	memset(l, 0, sizeof *l);
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, sizeof seed);
	if (rsa)
		made = br_rsa_keygen_get_default()(&rng.vtable, &l->key.rsa, l->bytes, NULL, NULL,
			RSA_MADE_BITS, EXPONENT) != 0;
	else
		made = br_ec_keygen(&rng.vtable, br_ec_get_default(), &l->key.ec, l->bytes,
			BR_EC_secp256r1) != 0;
	l->key_type = rsa ? BR_KEYTYPE_RSA : BR_KEYTYPE_EC;
	mem_wipe(&rng, sizeof rng);
	mem_wipe(seed, sizeof seed);
	return made ? E_OK : E_IO;
}

static bool rsa_put(const br_rsa_private_key *k, const struct identity_leaf *l, struct der_out *o)
{
	uint8_t pub[N_MAX], exponent[4], d[N_MAX];
	size_t mark = der_mark(o), len, d_len;
	uint32_t e;

	if (!modulus_of(l, pub, &len, &e))
		return false;
	d_len = br_rsa_compute_privexp_get_default()(d, k, e);
	exponent_bytes(e, exponent);
	der_put_unsigned(o, k->iq, k->iqlen);
	der_put_unsigned(o, k->dq, k->dqlen);
	der_put_unsigned(o, k->dp, k->dplen);
	der_put_unsigned(o, k->q, k->qlen);
	der_put_unsigned(o, k->p, k->plen);
	der_put_unsigned(o, d, d_len);
	der_put_unsigned(o, exponent, sizeof exponent);
	der_put_unsigned(o, pub, len);
	der_put_unsigned(o, NULL, 0);
	der_wrap(o, DER_SEQUENCE, mark);
	mem_wipe(d, sizeof d);
	return d_len > 0;
}

/* ECPrivateKey with its public key; the curve stands in PKCS#8. */
static bool ec_put(const br_ec_private_key *k, const struct identity_leaf *l, struct der_out *o)
{
	static const uint8_t zeros[66], version = 1;
	size_t mark = der_mark(o), octets, pad = curve_of(k->curve)->bytes - k->xlen;

	if (!public_bits(l, o))
		return false;
	der_put(o, "", 1);
	der_wrap(o, DER_BITS, mark);
	der_wrap(o, DER_CONSTRUCTED(1), mark);
	octets = der_mark(o);
	der_put(o, k->x, k->xlen);
	der_put(o, zeros, pad);
	der_wrap(o, DER_OCTETS, octets);
	der_put_unsigned(o, &version, 1);
	der_wrap(o, DER_SEQUENCE, mark);
	return true;
}

bool cert_key_pem(const struct identity_leaf *l, struct fmt *f)
{
	static uint8_t mem[CERT_KEY_DER_MAX];
	struct der_out o = der_out_on(mem, sizeof mem);
	size_t mark = der_mark(&o);
	bool fine = l->key_type == BR_KEYTYPE_EC ? ec_put(&l->key.ec, l, &o) :
		rsa_put(&l->key.rsa, l, &o);

	der_wrap(&o, DER_OCTETS, mark);
	key_algorithm(l, &o);
	der_put_unsigned(&o, NULL, 0);
	der_wrap(&o, DER_SEQUENCE, mark);
	if (fine && !o.over)
		pem_put(f, "PRIVATE KEY", der_result(&o));
	mem_wipe(mem, sizeof mem);
	return fine && !o.over && !f->over;
}
