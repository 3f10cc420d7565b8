/*
 * trust.c - the index of trust anchors: eight bytes of the subject's hash and the offset of the
 * PEM block, in the order of the files. A search goes through all of it: with a few hundred
 * entries that is less work than the one hash that was needed to ask.
 */
#include "io/trust.h"

#include <string.h>

#include "base/crypto.h"
#include "base/log.h"
#include "board.h"
#include "io/cert_pem.h"
#include "io/cert_view.h"

enum { HASH_LEN = 8 };

struct entry {
	uint8_t hash[HASH_LEN];
	uint32_t at;
	uint8_t bundle;
};

struct bundle {
	char path[TRUST_PATH_MAX + 1];  /* empty: free */
	uint64_t stamp;
	uint16_t count;
	bool opened;                    /* since the last sweep */
	bool good;                      /* its file was, when it was last looked at */
	uint64_t looked_ms;
};

static struct {
	struct entry entry[BOARD_ANCHORS];
	unsigned used;
	struct bundle bundle[BOARD_BUNDLES];
	uint8_t der[TRUST_CERT_MAX];
} trust;

static bool is_bundle(int n)
{
	return n >= 0 && n < BOARD_BUNDLES && trust.bundle[n].path[0] != '\0';
}

/* The next certificate of a file: 1 with *v, 0 at the end, E_IO. What is not one is counted in
 * *bad. */
static int certificate_next(struct port_file *f, struct pem *p, struct cert_view *v, unsigned *bad)
{
	for (;;) {
		int r = pem_next_file(p, f);

		if (r == 0 || r == E_IO)
			return r;
		if (r == 1 && strcmp(p->label, "CERTIFICATE") != 0)
			continue;
		if (r == 1 && p->begin <= UINT32_MAX && cert_parse(slice_of(trust.der, p->len), v))
			return 1;
		(*bad)++;
	}
}

static void entries_drop(int bundle)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < trust.used; i++)
		if (trust.entry[i].bundle != bundle)
			trust.entry[kept++] = trust.entry[i];
	trust.used = kept;
	trust.bundle[bundle].count = 0;
}

static void entry_add(int bundle, const struct pem *p, const struct cert_view *v)
{
	struct entry *e = &trust.entry[trust.used++];
	uint8_t hash[CRYPTO_SHA256_LEN];

	crypto_sha256(v->subject.p, v->subject.len, hash);
	memcpy(e->hash, hash, HASH_LEN);
	e->at = (uint32_t)p->begin;
	e->bundle = (uint8_t)bundle;
	trust.bundle[bundle].count++;
}

/* Indexes an open file: once to see whether it is any good, and then in place of the old entries.
 */
static int index_file(int bundle, struct port_file *f)
{
	const char *path = trust.bundle[bundle].path;
	unsigned good = 0, bad = 0, ignored = 0;
	struct cert_view v;
	struct pem p;
	int r;

	pem_start(&p, 0, trust.der, sizeof trust.der);
	while ((r = certificate_next(f, &p, &v, &bad)) == 1)
		good++;
	if (r < 0)
		return r;
	if (good == 0)
		return E_ARG;
	if (bad > 0)
		log_line(PORT_LOG_WARN, "trust: %s: %u blocks are not certificates we can read", path, bad);
	entries_drop(bundle);
	pem_start(&p, 0, trust.der, sizeof trust.der);
	while (trust.used < BOARD_ANCHORS && (r = certificate_next(f, &p, &v, &ignored)) == 1)
		entry_add(bundle, &p, &v);
	if (r < 0)
		return r;
	if (trust.bundle[bundle].count < good)
		log_line(PORT_LOG_WARN, "trust: %s: only %u of %u certificates are used: no room", path,
			(unsigned)trust.bundle[bundle].count, good);
	return trust.bundle[bundle].count > 0 ? E_OK : E_LIMIT;
}

/* Opens a bundle's file and brings the index up to date. The file stays open on success. */
static int bundle_open(int n, struct port_file **f)
{
	struct bundle *b = &trust.bundle[n];
	uint64_t size, stamp;
	int r = port_file_open(b->path, f, &size, &stamp);

	b->looked_ms = port_clock_ms();
	b->good = r == E_OK;
	if (r != E_OK)
		return r;
	if (b->count > 0 && stamp == b->stamp)
		return E_OK;
	r = index_file(n, *f);
	b->good = r == E_OK;
	if (r == E_OK)
		b->stamp = stamp;
	else
		port_file_close(*f);
	return r;
}

static int bundle_of(const char *path)
{
	int free_slot = E_NOSLOT;

	for (int i = BOARD_BUNDLES - 1; i >= 0; i--) {
		if (!is_bundle(i))
			free_slot = i;
		else if (strcmp(trust.bundle[i].path, path) == 0)
			return i;
	}
	return free_slot;
}

int trust_open(const char *path)
{
	size_t len = strlen(path);
	struct port_file *f;
	int n, r;

	if (len == 0 || len > TRUST_PATH_MAX)
		return E_ARG;
	n = bundle_of(path);
	if (n < 0)
		return n;
	if (trust.bundle[n].opened && trust.bundle[n].good &&
			port_clock_ms() - trust.bundle[n].looked_ms < TRUST_FRESH_MS)
		return n;
	memcpy(trust.bundle[n].path, path, len + 1);
	r = bundle_open(n, &f);
	if (r == E_OK)
		port_file_close(f);
	else if (trust.bundle[n].count == 0)
		trust.bundle[n].path[0] = '\0';
	trust.bundle[n].opened = true;
	return r == E_OK ? n : r;
}

/* The entry number `nth` of a bundle with this hash, or NULL. */
static const struct entry *entry_find(int bundle, const uint8_t *hash, unsigned nth)
{
	for (unsigned i = 0; i < trust.used; i++) {
		const struct entry *e = &trust.entry[i];

		if (e->bundle == bundle && memcmp(e->hash, hash, HASH_LEN) == 0 && nth-- == 0)
			return e;
	}
	return NULL;
}

/* Reads the certificate of an entry again and makes sure that it is the one that was indexed. */
static int entry_read(const struct entry *e, struct port_file *f, const uint8_t *subject_hash,
	struct slice *der)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct cert_view v;
	struct pem p;

	pem_start(&p, e->at, trust.der, sizeof trust.der);
	if (pem_next_file(&p, f) != 1 || !cert_parse(slice_of(trust.der, p.len), &v))
		return E_IO;
	crypto_sha256(v.subject.p, v.subject.len, hash);
	if (memcmp(hash, subject_hash, sizeof hash) != 0)
		return E_IO;
	*der = v.whole;
	return E_OK;
}

int trust_find(int bundle, const uint8_t subject_hash[32], unsigned nth, struct slice *der)
{
	const struct entry *e;
	struct port_file *f;
	int r;

	if (!is_bundle(bundle))
		return E_NOENT;
	if (bundle_open(bundle, &f) != E_OK)
		return E_IO;
	e = entry_find(bundle, subject_hash, nth);
	r = e != NULL ? entry_read(e, f, subject_hash, der) : E_NOENT;
	port_file_close(f);
	return r;
}

uint64_t trust_stamp(int bundle)
{
	return is_bundle(bundle) ? trust.bundle[bundle].stamp : 0;
}

unsigned trust_count(int bundle)
{
	return is_bundle(bundle) ? trust.bundle[bundle].count : 0;
}

void trust_sweep(void)
{
	for (int i = 0; i < BOARD_BUNDLES; i++) {
		if (!is_bundle(i))
			continue;
		if (!trust.bundle[i].opened) {
			entries_drop(i);
			trust.bundle[i].path[0] = '\0';
		}
		trust.bundle[i].opened = false;
	}
}

void trust_reset(void)
{
	memset(&trust, 0, sizeof trust);
}
