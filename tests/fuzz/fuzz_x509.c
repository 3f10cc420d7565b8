/*
 * fuzz_x509.c - chains, trust bundles and keys from the bytes of one input, against the real verifier.
 *
 * The input is a list of commands of one letter and their operands; positions and choices are taken modulo
 * what there is, counted from the space:
 *   cA        certificate A of the fixtures is the next of the chain
 *   eABC      byte at A,B of the last certificate becomes C; xABC: C bytes go; iABC: C is inserted
 *   lABC      the byte at A,B becomes 0x80 and the low bits of C: a length of another form
 *   rAB...    A,B bytes that follow are a certificate
 *   tA        trust bundle A; T...: all that follows is the trust bundle
 *   kA        the key of certificate A of the fixtures is pinned; nA: name A; sA: pieces of A bytes
 *   K...      all that follows is a private key
 * Whatever is accepted must be signed content of a fixture: nothing here can make a signature.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/log.h"
#include "io/cert_der.h"
#include "io/cert_key.h"
#include "io/cert_pem.h"
#include "io/cert_view.h"
#include "io/trust.h"
#include "io/x509.h"
#include "sim.h"

enum { CERT_MAX = 9000, POOL = 48, CHAIN = 12, TEXT = 65536 };

static const char *const files[] = { "good", "good_rsa", "good_names", "two_usages", "noise", "ca_root", "ca_twins",
	"by_twin_b", "nc_critical", "ca_root_384", "by_384", "p521", "alone", "alone_ca", "mid_any", "path_len", "star_top",
	"ca_short", "under_leaf", "no_usage", "pss", "sha1" };
static const char *const bundles[] = { "ca_root", "ca_twins", "ca_inter", "alone", "ca_short", "ca_narrow" };
static const char *const names[] = { "mail.example.org", "192.0.2.1", "2001:db8::1", "a.wild.example.org", "example.org",
	"mail.example.org.", "", "*.example.org" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct cert {
	uint8_t der[CERT_MAX];
	size_t len;
};

static struct cert pool[POOL], chain[CHAIN];
static size_t pool_count, chain_count;
static char text[TEXT];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t fixture(const char *name)
{
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "tests/fixtures/x509/%s.pem", name);
	f = fopen(path, "rb");
	if (f == NULL) {
		fprintf(stderr, "run from the top of the repository: no %s\n", path);
		exit(2);
	}
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	return n;
}

static void pool_fill(void)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		size_t n = fixture(files[i]);
		struct pem p;

		pem_start(&p, 0, pool[pool_count].der, CERT_MAX);
		while (pool_count < POOL - 1 && pem_next(&p, slice_of(text, n)) == 1) {
			pool[pool_count++].len = p.len;
			p.out = pool[pool_count].der;
		}
	}
}

static struct slice tbs_of(struct slice der)
{
	struct slice in, content, whole = { NULL, 0 };
	uint8_t tag;

	if (der_take(&der, DER_SEQUENCE, &in))
		(void)der_next(&in, &tag, &content, &whole);
	return whole;
}

static bool is_signed_content(struct slice der)
{
	struct slice tbs = tbs_of(der);

	for (size_t i = 0; i < pool_count; i++)
		if (slice_eq(tbs, tbs_of(slice_of(pool[i].der, pool[i].len))))
			return true;
	return false;
}

struct input {
	const uint8_t *p;
	size_t len;
};

static size_t take(struct input *in, size_t bytes)
{
	size_t v = 0;

	for (; bytes > 0; bytes--) {
		v = v * 95 + (in->len > 0 ? (size_t)(uint8_t)(in->p[0] - ' ') : 0);
		if (in->len > 0) {
			in->p++;
			in->len--;
		}
	}
	return v;
}

static void change(char what, struct input *in)
{
	struct cert *c = &chain[chain_count - 1];
	size_t at = take(in, 2) % (c->len > 0 ? c->len : 1), v = take(in, 1);

	if (what == 'e') {
		c->der[at] = (uint8_t)(v + ' ');
	} else if (what == 'l') {
		c->der[at] = (uint8_t)(0x80 | (v & 7));
	} else if (what == 'x') {
		v = v < c->len - at ? v : c->len - at;
		memmove(c->der + at, c->der + at + v, c->len - at - v);
		c->len -= v;
	} else if (c->len < CERT_MAX) {
		memmove(c->der + at + 1, c->der + at, c->len - at);
		c->der[at] = (uint8_t)(v + ' ');
		c->len++;
	}
}

static void add(const uint8_t *p, size_t len)
{
	if (chain_count == CHAIN || len > CERT_MAX)
		return;
	memcpy(chain[chain_count].der, p, len);
	chain[chain_count++].len = len;
}

static void verify(const struct tls_client_want *want, size_t piece)
{
	static struct x509_check c;
	const br_x509_class **ctx = &c.vtable;
	enum tls_failure why;
	unsigned r, usages;

	if (x509_check_start(&c, want, &why) != E_OK)
		return;
	(*ctx)->start_chain(ctx, NULL);
	for (size_t i = 0; i < chain_count; i++) {
		(*ctx)->start_cert(ctx, (uint32_t)chain[i].len);
		for (size_t at = 0; at < chain[i].len; at += piece)
			(*ctx)->append(ctx, chain[i].der + at,
				piece < chain[i].len - at ? piece : chain[i].len - at);
		(*ctx)->end_cert(ctx);
	}
	r = (*ctx)->end_chain(ctx);
	if ((r == 0) != (x509_check_why(&c, (int)r) == TLS_FINE))
		abort();
	if (((*ctx)->get_pkey(&c.vtable, &usages) != NULL) != (r == 0))
		abort();
	/* A pin, or a bundle of the input's own, may well trust what nobody signed. */
	if (r == 0 && want->pin_count == 0 && want->trust[0] != 'T' &&
			!is_signed_content(slice_of(chain[0].der, chain[0].len)))
		abort();
}

static void key_try(struct input *in)
{
	static struct identity_leaf l;
	struct cert_view v;

	memset(&l, 0, sizeof l);
	if (!cert_key_read(slice_of(in->p, in->len), &l))
		return;
	for (size_t i = 0; i < 2; i++)
		if (cert_parse(slice_of(pool[i].der, pool[i].len), &v))
			(void)cert_key_fits(&l, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tls_client_want want = { .name = names[0], .scope = "f", .trust = "ca_root" };
	struct input in = { data, len };
	size_t piece = CERT_MAX;
	struct cert_view v;

	if (pool_count == 0)
		pool_fill();
	sim_reset(1);
	log_reset();
	trust_reset();
	chain_count = 0;
	while (in.len > 0) {
		char what = (char)*in.p++;
		size_t n;

		in.len--;
		if (what == 'c') {
			n = take(&in, 1) % pool_count;
			add(pool[n].der, pool[n].len);
		} else if (strchr("exil", what) != NULL && what != '\0' && chain_count > 0) {
			change(what, &in);
		} else if (what == 'r') {
			n = take(&in, 2);
			n = n < in.len ? n : in.len;
			add(in.p, n);
			in.p += n;
			in.len -= n;
		} else if (what == 't') {
			want.trust = bundles[take(&in, 1) % COUNT(bundles)];
		} else if (what == 'T') {
			sim_file_set("T", in.p, in.len);
			want.trust = "T";
			in.len = 0;
		} else if (what == 'k') {
			n = take(&in, 1) % pool_count;
			if (want.pin_count < TLS_PINS_MAX && cert_parse(slice_of(pool[n].der, pool[n].len), &v))
				crypto_sha256(v.spki.p, v.spki.len, want.pins[want.pin_count++]);
		} else if (what == 'n') {
			want.name = names[take(&in, 1) % COUNT(names)];
		} else if (what == 's') {
			piece = 1 + take(&in, 1);
		} else if (what == 'K') {
			key_try(&in);
			in.len = 0;
		}
	}
	if (want.trust[0] != 'T')
		sim_file_set(want.trust, text, fixture(want.trust));
	verify(&want, piece);
	return 0;
}
