/*
 * x509.c - a chain is verified certificate by certificate: each is collected whole, taken apart
 * and judged by what BearSSL does not judge, then its issuer is looked up in the trust bundle, and
 * only then is it fed to BearSSL's minimal validator, which checks signatures and the rest against
 * just the anchors that were found. As everything between two certificates happens within one
 * call, one set of anchors serves all checks.
 *
 * Trust is reached by an anchor whose key verifies a certificate, by a server certificate that
 * stands in the bundle itself, or by a pinned key; with pins nothing but a pinned key counts. What
 * the server sends beyond that point, and certificates that don't belong to the chain, are
 * ignored.
 */
#include "io/x509.h"

#include <string.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "board.h"
#include "io/cert_view.h"
#include "io/trust.h"
#include "io/x509_judge.h"
#include "io/x509_known.h"

enum { ANCHORS_MAX = 4, DAY_S = 86400, DAYS_TO_1970 = 719528 /* BearSSL counts from year 0 */ };

POOL_DEFINE(x509, struct x509_check, BOARD_X509);

static struct {
	br_x509_trust_anchor list[ANCHORS_MAX];
	uint8_t key[ANCHORS_MAX][BR_X509_BUFSIZE_KEY];
	unsigned count;
} anchors;

static struct x509_check *check_of(const br_x509_class **ctx)
{
	return (struct x509_check *)(void *)ctx;
}

static void fail(struct x509_check *c, enum tls_failure why)
{
	if (c->why == TLS_FINE)
		c->why = why;
}

static bool is_pinned(const struct x509_check *c, struct slice spki)
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	if (c->pin_count == 0)
		return false;
	crypto_sha256(spki.p, spki.len, hash);
	for (unsigned i = 0; i < c->pin_count; i++)
		if (memcmp(hash, c->pins[i], sizeof hash) == 0)
			return true;
	return false;
}

/* ---- anchors ---- */

/* Whether an anchor with this key is there already (a bundle may hold an authority twice). */
static bool anchor_known(const uint8_t *key, size_t len)
{
	for (unsigned i = 0; i < anchors.count; i++)
		if (memcmp(anchors.key[i], key, len) == 0)
			return true;
	return false;
}

/* Makes an anchor of a certificate's key. `dn` must live as long as the anchors are used. */
static void anchor_add(const struct cert_view *v, struct slice dn, unsigned flags)
{
	br_x509_trust_anchor *a = &anchors.list[anchors.count];
	uint8_t *key = anchors.key[anchors.count];
	bool rsa = v->key == CERT_KEY_RSA;
	struct slice first = rsa ? v->n : v->q;

	if (first.len + v->e.len > BR_X509_BUFSIZE_KEY || anchor_known(first.p, first.len))
		return;
	memcpy(key, first.p, first.len);
	a->dn.data = (unsigned char *)(uintptr_t)dn.p;
	a->dn.len = dn.len;
	a->flags = flags;
	if (rsa) {
		memcpy(key + first.len, v->e.p, v->e.len);
		a->pkey.key_type = BR_KEYTYPE_RSA;
		a->pkey.key.rsa = (br_rsa_public_key){ key, first.len, key + first.len, v->e.len };
	} else {
		a->pkey.key_type = BR_KEYTYPE_EC;
		a->pkey.key.ec = (br_ec_public_key){ v->curve, key, first.len };
	}
	anchors.count++;
}

/* The certificates of the bundle with a subject, one after the other from *nth on. */
static bool bundle_next(struct x509_check *c, const uint8_t *hash, unsigned *nth,
	struct cert_view *v)
{
	struct slice der;

	for (;;) {
		int r = trust_find(c->bundle, hash, (*nth)++, &der);

		if (r == E_IO)
			c->lost = true;
		if (r != E_OK)
			return false;
		if (cert_parse(der, v))
			return true;
	}
}

static void rests_on(struct x509_check *c, const struct cert_view *v)
{
	if (v->not_after_s < c->until_s)
		c->until_s = v->not_after_s;
}

/* Collects the authorities that may have signed a certificate. */
static void anchors_collect(struct x509_check *c, const struct cert_view *cert)
{
	struct cert_view v;

	for (unsigned nth = 0; anchors.count < ANCHORS_MAX &&
			bundle_next(c, c->issuer_hash, &nth, &v);) {
		enum tls_failure why = x509_authority_fault(&v, c->now_s, c->fed);

		if (!v.ca || (c->pin_count > 0 && !is_pinned(c, v.spki)))
			continue;
		if (why == TLS_FINE) {
			anchor_add(&v, cert->issuer, BR_X509_TA_CA);
			rests_on(c, &v);
		} else {
			c->anchor_why = why;
		}
	}
}

/* The server's own certificate is trusted as it is: its key is pinned, or it stands in the bundle
 * itself, whole. The same key with other names would let a friend speak for everybody. */
static bool trusted_directly(struct x509_check *c, const struct cert_view *cert)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct cert_view v;

	if (c->pin_count > 0)
		return is_pinned(c, cert->spki);
	crypto_sha256(cert->subject.p, cert->subject.len, hash);
	for (unsigned nth = 0; bundle_next(c, hash, &nth, &v);)
		if (slice_eq(v.whole, cert->whole))
			return true;
	return false;
}

/* ---- one certificate ---- */

static void feed(struct x509_check *c)
{
	const br_x509_class **m = &c->minimal.vtable;

	c->minimal.trust_anchors = anchors.list;
	c->minimal.trust_anchors_num = anchors.count;
	(*m)->start_cert(m, c->len);
	(*m)->append(m, c->cert, c->len);
	(*m)->end_cert(m);
	c->minimal.trust_anchors = NULL;
	c->minimal.trust_anchors_num = 0;
	c->fed++;
	if (c->minimal.err == BR_ERR_X509_OK)
		c->trusted = true;
	else if (c->minimal.err != 0)
		fail(c, x509_check_why(c, c->minimal.err));
}

static void facts_note(struct x509_check *c, const struct cert_view *v)
{
	c->not_after_s = v->not_after_s;
	cert_title(v->issuer, c->issuer, sizeof c->issuer);
}

/* Judges the certificate that was collected and has not failed yet. */
static void judge(struct x509_check *c)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	bool first = c->fed == 0, direct;
	enum tls_failure why;
	struct cert_view v;

	if (c->len != c->want || !cert_parse(slice_of(c->cert, c->len), &v)) {
		fail(c, TLS_MALFORMED);
		return;
	}
	crypto_sha256(v.subject.p, v.subject.len, hash);
	if (!first && memcmp(hash, c->issuer_hash, sizeof hash) != 0)
		return;
	if (first)
		facts_note(c, &v);
	why = first ? x509_server_fault(c, &v) : x509_authority_fault(&v, c->now_s, c->fed - 1);
	crypto_sha256(v.issuer.p, v.issuer.len, c->issuer_hash);
	anchors.count = 0;
	rests_on(c, &v);
	if (first) {
		x509_known_key(c, v.whole, c->key);
		c->remembered = !c->fresh && x509_known_has(c->key, c->now_s);
	}
	direct = why == TLS_FINE && first && (c->remembered || trusted_directly(c, &v));
	if (direct)
		anchor_add(&v, v.subject, 0);
	else if (why == TLS_FINE)
		why = x509_signature_fault(&v);
	if (why != TLS_FINE) {
		fail(c, why);
		return;
	}
	if (!direct)
		anchors_collect(c, &v);
	feed(c);
	if (c->why == TLS_FINE && is_pinned(c, v.spki))
		c->trusted = true;
}

/* ---- what the engine calls ---- */

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct x509_check *c = check_of(ctx);
	const br_x509_class **m = &c->minimal.vtable;

	(void)server_name;   /* what the certificate must carry was said at the start */
	c->seen = c->fed = 0;
	c->trusted = c->lost = c->remembered = false;
	c->until_s = INT64_MAX;
	c->why = c->anchor_why = TLS_FINE;
	(*m)->start_chain(m, c->ip_len == 0 ? c->name : NULL);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct x509_check *c = check_of(ctx);

	c->want = length;
	c->len = 0;
	if (c->trusted)
		return;
	if (c->seen == X509_CHAIN_MAX)
		fail(c, TLS_UNKNOWN_CA);
	else
		c->seen++;
	if (length > sizeof c->cert || length == 0)
		fail(c, TLS_MALFORMED);
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct x509_check *c = check_of(ctx);

	if (c->trusted || c->why != TLS_FINE)
		return;
	if (len > c->want - c->len) {
		fail(c, TLS_MALFORMED);
		return;
	}
	memcpy(c->cert + c->len, buf, len);
	c->len += (uint32_t)len;
}

static void end_cert(const br_x509_class **ctx)
{
	struct x509_check *c = check_of(ctx);

	if (!c->trusted && c->why == TLS_FINE)
		judge(c);
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct x509_check *c = check_of(ctx);
	const br_x509_class **m = &c->minimal.vtable;

	(void)(*m)->end_chain(m);
	if (c->why == TLS_FINE && !c->trusted) {
		if (c->seen == 0)
			fail(c, TLS_MALFORMED);
		else if (c->lost)
			fail(c, TLS_NO_TRUST);
		else if (c->anchor_why != TLS_FINE)
			fail(c, c->anchor_why);
		else
			fail(c, c->pin_count > 0 ? TLS_PIN : TLS_UNKNOWN_CA);
	}
	if (c->why == TLS_FINE && !c->remembered)
		x509_known_add(c->key, c->now_s, c->until_s);
	return c->why == TLS_FINE ? 0 : BR_ERR_X509_NOT_TRUSTED;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct x509_check *c = (const struct x509_check *)(const void *)ctx;
	const br_x509_class *const *m = &c->minimal.vtable;

	return c->trusted && c->why == TLS_FINE ? (*m)->get_pkey(m, usages) : NULL;
}

static const br_x509_class check_class = {
	sizeof(struct x509_check), start_chain, start_cert, append, end_cert, end_chain, get_pkey
};

/* ---- what the channel calls ---- */

/* A host name of letters, digits, '-', '_' and dots between labels; a last dot is dropped. */
static bool name_set(struct x509_check *c, struct slice name)
{
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > TLS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t b = byte_lower(name.p[i]);
		bool dot = b == '.' && i > 0 && i + 1 < name.len && name.p[i - 1] != '.';

		if (!dot && b != '-' && b != '_' && !(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9'))
			return false;
		c->name[i] = (char)b;
	}
	c->name[name.len] = '\0';
	return true;
}

static bool wanted_set(struct x509_check *c, const char *name)
{
	struct port_addr a;

	if (addr_parse(slice_str(name), &a) != E_OK)
		return name_set(c, slice_str(name));
	c->ip_len = addr_is_v4(&a) ? 4 : 16;
	memcpy(c->ip, a.ip + 16 - c->ip_len, c->ip_len);
	return true;
}

static void validator_set(struct x509_check *c)
{
	br_x509_minimal_context *m = &c->minimal;

	br_x509_minimal_init(m, &br_sha256_vtable, NULL, 0);
	br_x509_minimal_set_hash(m, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(m, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(m, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_rsa(m, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(m, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_minrsa(m, X509_RSA_BITS_MIN / 8);
	br_x509_minimal_set_time(m, (uint32_t)(c->now_s / DAY_S) + DAYS_TO_1970,
		(uint32_t)(c->now_s % DAY_S));
}

int x509_check_start(struct x509_check *c, const struct tls_client_want *want,
	enum tls_failure *why)
{
	int64_t now_s;
	int bundle;

	*why = TLS_FINE;
	if (port_time(&now_s) != E_OK || now_s < 0) {
		*why = TLS_NO_CLOCK;
		return E_TLS;
	}
	memset(c, 0, offsetof(struct x509_check, cert));
	c->vtable = &check_class;
	c->now_s = now_s;
	c->fresh = want->fresh;
	if (want->name == NULL || !wanted_set(c, want->name)) {
		*why = TLS_WRONG_NAME;
		return E_TLS;
	}
	c->pin_count = want->pin_count < TLS_PINS_MAX ? want->pin_count : TLS_PINS_MAX;
	memcpy(c->pins, want->pins, sizeof c->pins);
	bundle = want->trust != NULL ? trust_open(want->trust) : E_NOENT;
	c->bundle = (int16_t)bundle;
	if (bundle < 0 && c->pin_count == 0) {
		*why = TLS_NO_TRUST;
		return E_TLS;
	}
	validator_set(c);
	return E_OK;
}

void x509_check_facts(const struct x509_check *c, struct tls_facts *facts)
{
	facts->days_left = (int32_t)((c->not_after_s - c->now_s) / DAY_S);
	memcpy(facts->issuer, c->issuer, sizeof facts->issuer);
}
