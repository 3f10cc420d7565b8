/*
 * x509_rig.h - certificates of tests/fixtures/x509 on the simulated machine, and chains fed to a check as
 * the engine would feed them.
 */
#ifndef X509_RIG_H
#define X509_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/log.h"
#include "io/cert_pem.h"
#include "io/cert_view.h"
#include "io/trust.h"
#include "io/x509.h"
#include "sim.h"

enum { RIG_TEXT = 65536, RIG_CERTS = 16, RIG_CERT = 16384 };

static char rig_text[RIG_TEXT];
static size_t rig_text_len;

struct rig_cert {
	uint8_t der[RIG_CERT];
	size_t len;
};
static struct rig_cert rig_chain[RIG_CERTS];
static int rig_count;

/* A fixture's text into rig_text. */
static inline void rig_read(const char *name)
{
	char path[256];
	FILE *f;

	assert_in_range(snprintf(path, sizeof path, "tests/fixtures/x509/%s", name), 1, sizeof path - 1);
	f = fopen(path, "rb");
	assert_non_null(f);
	rig_text_len = fread(rig_text, 1, sizeof rig_text, f);
	assert_true(rig_text_len < sizeof rig_text);
	fclose(f);
}

/* A fixture as a file of the machine, under its own name. */
static inline void rig_file(const char *name)
{
	rig_read(name);
	sim_file_set(name, rig_text, rig_text_len);
}

/* Adds the certificates of a fixture to rig_chain. */
static inline void rig_add(const char *name)
{
	struct pem p;

	rig_read(name);
	pem_start(&p, 0, rig_chain[rig_count].der, RIG_CERT);
	while (pem_next(&p, slice_of(rig_text, rig_text_len)) == 1) {
		rig_chain[rig_count++].len = p.len;
		assert_true(rig_count < RIG_CERTS);
		p.out = rig_chain[rig_count].der;
	}
}

static inline void rig_load(const char *name)
{
	rig_count = 0;
	rig_add(name);
}

/* SHA-256 of a certificate's SubjectPublicKeyInfo. */
static inline void rig_pin(int cert, uint8_t out[32])
{
	struct cert_view v;

	assert_true(cert_parse(slice_of(rig_chain[cert].der, rig_chain[cert].len), &v));
	crypto_sha256(v.spki.p, v.spki.len, out);
}

static struct x509_check rig_check;

/* Feeds rig_chain to rig_check in pieces of `piece` bytes: what it says. */
static inline enum tls_failure rig_run(size_t piece)
{
	const br_x509_class **ctx = &rig_check.vtable;
	unsigned r, usages = 0;

	(*ctx)->start_chain(ctx, "ignored");
	for (int i = 0; i < rig_count; i++) {
		(*ctx)->start_cert(ctx, (uint32_t)rig_chain[i].len);
		for (size_t at = 0; at < rig_chain[i].len;) {
			size_t n = rig_chain[i].len - at < piece ? rig_chain[i].len - at : piece;
			uint8_t *copy = malloc(n);   /* so that a sanitizer sees reads beyond it */

			memcpy(copy, rig_chain[i].der + at, n);
			(*ctx)->append(ctx, copy, n);
			free(copy);
			at += n;
		}
		(*ctx)->end_cert(ctx);
	}
	r = (*ctx)->end_chain(ctx);
	if (r == 0) {
		assert_int_equal(x509_check_why(&rig_check, 0), TLS_FINE);
		assert_non_null((*ctx)->get_pkey(&rig_check.vtable, &usages));
		assert_int_not_equal(usages, 0);
		return TLS_FINE;
	}
	assert_null((*ctx)->get_pkey(&rig_check.vtable, &usages));
	assert_int_not_equal(x509_check_why(&rig_check, (int)r), TLS_FINE);
	return x509_check_why(&rig_check, (int)r);
}

static bool rig_remembers; /* whether leaves that were verified before are remembered */

/* What becomes of rig_chain for a name and a trust file, with pins or without. */
static inline enum tls_failure rig_verify(const char *name, const char *trust, const uint8_t (*pins)[32],
	uint8_t pin_count, size_t piece)
{
	struct tls_client_want want = { .name = name, .scope = "test", .trust = trust,
		.fresh = !rig_remembers };
	enum tls_failure why;

	if (pin_count > 0)
		memcpy(want.pins, pins, pin_count * sizeof want.pins[0]);
	want.pin_count = pin_count;
	memset(&rig_check, 0x5a, sizeof rig_check);
	if (x509_check_start(&rig_check, &want, &why) != E_OK) {
		assert_int_not_equal(why, TLS_FINE);
		return why;
	}
	assert_int_equal(why, TLS_FINE);
	return rig_run(piece);
}

static inline void rig_reset(void)
{
	static const char *const trusted[] = { "ca_root.pem", "ca_root_rsa.pem", "ca_root_384.pem",
		"ca_twins.pem", "ca_twin_b.pem", "ca_twin_a.pem", "ca_old.pem", "ca_narrow.pem", "ca_no_sign.pem",
		"ca_short.pem", "ca_weak.pem", "ca_mail_root.pem", "ca_inter.pem" };

	sim_reset(1);
	log_reset();
	trust_reset();
	for (size_t i = 0; i < sizeof trusted / sizeof trusted[0]; i++)
		rig_file(trusted[i]);
}

#endif
