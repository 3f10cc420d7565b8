/*
 * cert_own_parts.c - what the states of identity_own() are made of. A leaf is made again when a
 * third of its life is left, and also when it would live longer than a fresh one: then the clock
 * was wrong.
 */
#include "io/cert_own.h"

#include <string.h>

#include "base/fmt.h"
#include "base/log.h"
#include "io/cert_key.h"
#include "io/cert_pem.h"

#ifndef MAILWICKET_BUILD_DAY
#define MAILWICKET_BUILD_DAY 20454 /* days from 1970 to 2026 */
#endif

enum { DAY_S = 86400, LEAF_DAYS = 397, RENEW_DAYS = LEAF_DAYS / 3, VALID_DAYS_MAX = 824,
	AUTHORITY_DAYS = 3652 };

#define OWN_TEXT(name, text) text,
const char *const own_state_name[] = { OWN_STATES(OWN_TEXT) };
#undef OWN_TEXT

struct own_work cert_own;

static const char *object_name(enum own_state s)
{
	static const char *const names[OWN_STATE_COUNT][2] = {
		[OWN_CA_KEY] = { "ca.key", "ca-rsa.key" },
		[OWN_CA_LOST] = { "ca.crt", "ca-rsa.crt" },
		[OWN_CA_KEY_NEW] = { "ca.key", "ca-rsa.key" },
		[OWN_CA_CERT] = { "ca.crt", "ca-rsa.crt" },
		[OWN_CA_CERT_NEW] = { "ca.crt", "ca-rsa.crt" },
		[OWN_LEAF_KEY] = { "leaf.key", "leaf-rsa.key" },
		[OWN_LEAF_KEY_NEW] = { "leaf.key", "leaf-rsa.key" },
		[OWN_LEAF_CERT] = { "leaf.crt", "leaf-rsa.crt" },
		[OWN_LEAF_CERT_NEW] = { "leaf.crt", "leaf-rsa.crt" },
	};

	return names[s][cert_own.rsa];
}

/* ---- the store ---- */

/* The object of the present state into cert_own.text. */
int own_object_read(void)
{
	uint64_t size;
	int r;

	if (cert_own.object == NULL) {
		r = port_store_open(PORT_STATE, object_name(cert_own.state), cert_own.owner,
			&cert_own.object, &size);
		if (r != E_OK)
			return r;
		cert_own.text_len = 0;
	}
	while ((r = port_store_read(cert_own.object, cert_own.text_len,
			cert_own.text + cert_own.text_len,
			sizeof cert_own.text - cert_own.text_len)) > 0) {
		cert_own.text_len += (size_t)r;
		if (cert_own.text_len == sizeof cert_own.text)
			break;
	}
	if (r == E_AGAIN)
		return r;
	port_store_drop(cert_own.object);
	cert_own.object = NULL;
	return r > 0 ? E_LIMIT : r;
}

/* Only what was written: pages behind it stay untouched. */
static void own_text_wipe(void)
{
	mem_wipe(cert_own.text, cert_own.text_len);
}

/* cert_own.text into the object of the present state. */
int own_object_write(void)
{
	int r;

	if (cert_own.object == NULL) {
		r = port_store_create(PORT_STATE, object_name(cert_own.state), cert_own.owner,
			&cert_own.object);
		if (r != E_OK)
			return r;
		r = port_store_append(cert_own.object, cert_own.text, cert_own.text_len);
		if (r < 0) {
			port_store_drop(cert_own.object);
			cert_own.object = NULL;
			return r;
		}
	}
	r = port_store_commit(cert_own.object);
	if (r != E_AGAIN) {
		cert_own.object = NULL;
		own_text_wipe();
	}
	return r;
}

/* The first block of cert_own.text whose label ends with `label`, to `out`: its length or 0. */
size_t own_text_block(const char *label, uint8_t *out, size_t cap)
{
	size_t want = strlen(label), len = 0;
	struct pem p;

	pem_start(&p, 0, out, cap);
	while (len == 0 && pem_next(&p, slice_of(cert_own.text, cert_own.text_len)) == 1) {
		size_t n = strlen(p.label);

		if (n >= want && strcmp(p.label + n - want, label) == 0)
			len = p.len;
	}
	mem_wipe(&p, sizeof p);
	return len;
}

/* ---- keys ---- */

/* The key takes the place of its text: what is decoded never gets ahead of what is read. */
bool own_key_parse(struct identity_leaf *l)
{
	uint8_t *der = (uint8_t *)cert_own.text;
	size_t len = own_text_block("PRIVATE KEY", der, sizeof cert_own.text);
	bool fine = len > 0 && cert_key_read(slice_of(der, len), l) &&
		(l->key_type == BR_KEYTYPE_RSA) == cert_own.rsa;

	own_text_wipe();
	return fine;
}

int own_key_make(struct identity_leaf *l, enum own_state next)
{
	struct fmt f = fmt_on(cert_own.text, sizeof cert_own.text);
	int r = cert_key_make(l, cert_own.rsa);

	if (r != E_OK)
		return r;
	if (!cert_key_pem(l, &f))
		return E_IO;
	cert_own.text_len = f.len;
	return (int)next;
}

/* ---- certificates ---- */

static void text_set(const uint8_t *der, size_t len)
{
	struct fmt f = fmt_on(cert_own.text, sizeof cert_own.text);

	pem_put(&f, "CERTIFICATE", slice_of(der, len));
	cert_own.text_len = f.len;
}

/* "Mailwicket authority 0123abcd": the key tells authorities of several gateways apart. */
static bool authority_title(struct fmt *f)
{
	static uint8_t mem[512];
	struct der_out o = der_out_on(mem, sizeof mem);
	uint8_t id[20];

	if (!cert_key_public(&cert_own.ca, &o, id))
		return false;
	fmt_str(f, "Mailwicket authority ");
	for (int i = 0; i < 4; i++)
		fmt_printf(f, "%02x", (unsigned)id[i]);
	return true;
}

/* The day of the build: devices whose clock is somewhat behind are served as well. */
static int64_t valid_from(void)
{
	int64_t yesterday = cert_own.now_s > DAY_S ? cert_own.now_s - DAY_S : 0;
	int64_t built = (int64_t)MAILWICKET_BUILD_DAY * DAY_S;

	return built < yesterday ? built : yesterday / DAY_S * DAY_S;
}

int own_authority_make(void)
{
	char title[OWN_TITLE_MAX + 1];
	struct fmt f = fmt_on(title, sizeof title);
	struct cert_recipe r = { .title = title, .key = &cert_own.ca, .signer = &cert_own.ca,
		.not_before_s = valid_from(),
		.not_after_s = cert_own.now_s + (int64_t)AUTHORITY_DAYS * DAY_S };
	int n;

	if (!authority_title(&f))
		return E_IO;
	fmt_cstr(&f);
	n = cert_make(&r, cert_own.ca_der, sizeof cert_own.ca_der);
	if (n < 0)
		return n;
	cert_own.ca_len = (size_t)n;
	text_set(cert_own.ca_der, cert_own.ca_len);
	log_line(PORT_LOG_INFO, "certificates: made our own authority, %s", title);
	return OWN_CA_CERT_NEW;
}

int own_leaf_make(void)
{
	struct cert_recipe r = { .title = cert_own.title, .key = &cert_own.leaf, .signer = &cert_own.ca,
		.names = slice_of(cert_own.names, cert_own.names_len),
		.not_before_s = valid_from(),
		.not_after_s = cert_own.now_s + (int64_t)LEAF_DAYS * DAY_S };
	struct cert_view ca;
	int n;

	if (!cert_parse(slice_of(cert_own.ca_der, cert_own.ca_len), &ca))
		return E_IO;
	r.issuer = &ca;
	/* Some clients refuse certificates whose whole life is longer than 825 days. */
	if (r.not_before_s < r.not_after_s - (int64_t)VALID_DAYS_MAX * DAY_S)
		r.not_before_s = r.not_after_s - (int64_t)VALID_DAYS_MAX * DAY_S;
	n = cert_make(&r, cert_own.leaf_der, sizeof cert_own.leaf_der);
	if (n < 0)
		return n;
	cert_own.leaf_len = (size_t)n;
	text_set(cert_own.leaf_der, cert_own.leaf_len);
	log_line(PORT_LOG_INFO, "certificates: made a new leaf of %d days under our authority",
		LEAF_DAYS);
	return OWN_LEAF_CERT_NEW;
}

/* Whether every wanted name stands in a certificate. */
static bool names_stand(struct slice have)
{
	struct slice want = slice_of(cert_own.names, cert_own.names_len), value, each;
	uint8_t tag, found;

	while (der_next(&want, &tag, &value, NULL)) {
		struct slice rest = have;
		bool there = false;

		while (!there && der_next(&rest, &found, &each, NULL))
			there = found == tag && slice_eq(each, value);
		if (!there)
			return false;
	}
	return true;
}

bool own_leaf_serves(void)
{
	struct cert_view ca, v;
	int64_t left;

	if (cert_own.leaf_len == 0 || !cert_parse(slice_of(cert_own.leaf_der, cert_own.leaf_len), &v) ||
			!cert_parse(slice_of(cert_own.ca_der, cert_own.ca_len), &ca))
		return false;
	left = (v.not_after_s - cert_own.now_s) / DAY_S;
	return cert_key_fits(&cert_own.leaf, &v) && slice_eq(v.issuer, ca.subject) &&
		left >= RENEW_DAYS && left <= LEAF_DAYS && names_stand(v.names);
}
