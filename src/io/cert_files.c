/*
 * cert_files.c - identities from the owner's files.
 */
#include "io/cert.h"

#include <string.h>

#include "io/cert_key.h"
#include "io/cert_pem.h"
#include "io/cert_slots.h"

/* A key file while it is read; wiped after. */
static struct {
	uint8_t der[CERT_KEY_DER_MAX];
	struct identity_leaf leaf;
} scratch;

static int complain(const char **why, int result, const char *sentence)
{
	*why = sentence;
	return result;
}

static int file_trouble(const char **why, int result, bool key)
{
	static const struct {
		int result;
		const char *cert, *key;
	} rows[] = {
		{ E_NOENT, "the certificate file does not exist", "the key file does not exist" },
		{ E_ACCESS, "the certificate file may not be read", "the key file may not be read" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].result == result)
			return complain(why, result, key ? rows[i].key : rows[i].cert);
	return complain(why, result, key ? "the key file cannot be read" :
		"the certificate file cannot be read");
}

/* ---- the key ---- */

static int key_block(struct port_file *f, const char **why)
{
	struct pem p;
	int r;

	pem_start(&p, 0, scratch.der, sizeof scratch.der);
	while ((r = pem_next_file(&p, f)) != 0 && r != E_IO) {
		size_t n = strlen(p.label);

		if (n < 11 || strcmp(p.label + n - 11, "PRIVATE KEY") != 0)
			continue;
		if (strncmp(p.label, "ENCRYPTED", 9) == 0)
			return complain(why, E_ARG, "the key has a passphrase: store it without one");
		if (r != 1 || !cert_key_read(slice_of(scratch.der, p.len), &scratch.leaf))
			return complain(why, E_ARG,
				"the key is not RSA of 2048 to 4096 bits, P-256, P-384 or P-521");
		mem_wipe(&p, sizeof p);
		return E_OK;
	}
	return r == 0 ? complain(why, E_ARG, "the key file holds no key") : file_trouble(why, r, true);
}

static int key_load(const char *path, uint64_t *stamp, const char **why)
{
	struct port_file *f;
	uint64_t size;
	int r = port_file_open(path, &f, &size, stamp);

	if (r != E_OK)
		return file_trouble(why, r, true);
	r = key_block(f, why);
	port_file_close(f);
	mem_wipe(scratch.der, sizeof scratch.der);
	return r;
}

/* ---- the chain ---- */

/* Adds a certificate that stands at the end of id->der. */
static int chain_add(struct identity *id, struct identity_leaf *l, size_t len, const char **why)
{
	br_x509_certificate *c = &l->chain[l->chain_len];
	struct cert_view v;

	if (!cert_parse(slice_of(id->der + id->der_len, len), &v))
		return complain(why, E_ARG, "the certificate file holds something that is no certificate");
	if (l->chain_len == 0) {
		if (!cert_key_fits(l, &v))
			return complain(why, E_ARG, "certificate and key do not belong together");
		l->issuer_key_type = v.sig == CERT_SIG_EC ? BR_KEYTYPE_EC : BR_KEYTYPE_RSA;
	}
	c->data = id->der + id->der_len;
	c->data_len = len;
	id->der_len = (uint16_t)(id->der_len + len);
	l->chain_len++;
	return E_OK;
}

static int chain_blocks(struct port_file *f, struct identity *id, struct identity_leaf *l,
	const char **why)
{
	struct pem p;
	int r;

	pem_start(&p, 0, id->der, sizeof id->der);
	while ((r = pem_next_file(&p, f)) != 0) {
		if (r == E_IO)
			return file_trouble(why, r, false);
		if (strcmp(p.label, "CERTIFICATE") != 0)
			continue;
		if (r == E_LIMIT || l->chain_len == IDENTITY_CHAIN_MAX)
			return complain(why, E_LIMIT, "the certificate chain is too large");
		if (r != 1)
			return complain(why, E_ARG, "the certificate file is damaged");
		r = chain_add(id, l, p.len, why);
		if (r != E_OK)
			return r;
		p.out = id->der + id->der_len;
		p.cap = sizeof id->der - id->der_len;
	}
	if (l->chain_len == 0)
		return complain(why, E_ARG, "the certificate file holds no certificate");
	return E_OK;
}

static int chain_load(const char *path, struct identity *id, uint64_t *stamp, const char **why)
{
	struct identity_leaf *l = scratch.leaf.key_type == BR_KEYTYPE_EC ? &id->ec : &id->rsa;
	struct port_file *f;
	uint64_t size;
	int r = port_file_open(path, &f, &size, stamp);

	if (r != E_OK)
		return file_trouble(why, r, false);
	identity_key_copy(l, &scratch.leaf);
	r = chain_blocks(f, id, l, why);
	port_file_close(f);
	return r;
}

/* ---- the identity ---- */

/* Whether a file is as it was. */
static bool unchanged(const char *path, uint64_t stamp)
{
	struct port_file *f;
	uint64_t size, now;

	if (port_file_open(path, &f, &size, &now) != E_OK)
		return false;
	port_file_close(f);
	return now == stamp;
}

/* Reads both files of an identity anew where one has changed: 1; 0 when both are as they were. */
static int load(struct identity_source *s, const char **why)
{
	uint64_t cert_stamp = 0, key_stamp = 0;
	struct identity *id;
	int r;

	if (s->now != NULL && unchanged(s->cert, s->cert_stamp) && unchanged(s->key, s->key_stamp))
		return 0;
	id = identity_slot_take();
	if (id == NULL)
		return complain(why, E_NOSLOT, "too many certificates are in use");
	r = key_load(s->key, &key_stamp, why);
	if (r == E_OK)
		r = chain_load(s->cert, id, &cert_stamp, why);
	mem_wipe(&scratch, sizeof scratch);
	if (r != E_OK) {
		identity_slot_drop(id);
		return r;
	}
	s->cert_stamp = cert_stamp;
	s->key_stamp = key_stamp;
	identity_source_swap(s, id);
	return 1;
}

int identity_files(const char *cert_path, const char *key_path, const char **why)
{
	struct identity_source *s;
	int r;

	*why = NULL;
	if (cert_path[0] == '\0' || key_path[0] == '\0' || strlen(cert_path) > IDENTITY_PATH_MAX ||
			strlen(key_path) > IDENTITY_PATH_MAX)
		return complain(why, E_ARG, "certificate and key need a path of at most 255 bytes each");
	s = identity_source_of(cert_path, key_path);
	if (s == NULL)
		return complain(why, E_NOSLOT, "too many certificates are in use");
	r = load(s, why);
	if (r < 0 && s->now == NULL) {
		identity_source_give_up(s);
		return r;
	}
	return identity_source_number(s);
}

int identity_refresh(const char **why)
{
	const char *trouble = NULL, *each;
	int anew = 0;

	for (uint8_t i = 0; i < identity_count(); i++) {
		struct identity_source *s = identity_source_at(i);

		each = NULL;
		if (s != NULL && !s->own && load(s, &each) > 0)
			anew++;
		if (each != NULL)
			trouble = each;
	}
	if (why != NULL)
		*why = trouble;
	return anew;
}
