/*
 * cert_view.h - a certificate (RFC 5280 4.1) taken apart: slices into its DER and the facts that a
 * verifier needs. No signature is checked here.
 */
#ifndef IO_CERT_VIEW_H
#define IO_CERT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"

/* Kinds of public keys. OTHER_CURVE: an elliptic curve that BearSSL does not have. */
enum cert_key { CERT_KEY_UNKNOWN, CERT_KEY_OTHER_CURVE, CERT_KEY_EC, CERT_KEY_RSA };

/* Kinds of signatures. WEAK: MD2, MD5, SHA-1, SHA-224, DSA. */
enum cert_sig { CERT_SIG_UNKNOWN, CERT_SIG_WEAK, CERT_SIG_EC, CERT_SIG_RSA };

/* Extensions that a certificate has, as bits of cert_view.has. */
enum cert_ext {
	CERT_EXT_BASIC = 1, CERT_EXT_KEY_USAGE = 2, CERT_EXT_NAMES = 4, CERT_EXT_EXT_USAGE = 8,
	CERT_EXT_CONSTRAINTS = 16, CERT_EXT_SUBJECT_KEY = 32, CERT_EXT_AUTHORITY_KEY = 64
};

/* Bits of cert_view.usage: the first bit of keyUsage is on top. */
#define CERT_USAGE_CERT_SIGN 0x0400u

/* A certificate taken apart. Slices point into its DER. */
struct cert_view {
	struct slice whole;              /* the certificate */
	struct slice serial;             /* content of the INTEGER */
	struct slice issuer, subject;    /* the Names with their headers, as they are hashed */
	struct slice spki;               /* SubjectPublicKeyInfo with its header */
	int64_t not_before_s, not_after_s;
	enum cert_key key;
	enum cert_sig sig;
	uint16_t key_bits;               /* RSA modulus, or size of the curve's field */
	uint8_t curve;                   /* BearSSL's number of the curve */
	struct slice n, e, q;            /* RSA modulus and exponent without zeros in front; EC point */
	unsigned has;                    /* CERT_EXT_ bits */
	struct slice names;              /* content of GeneralNames: der_next() gives tag and value */
	struct slice subject_key;        /* subject key identifier */
	bool ca;                         /* basicConstraints says so */
	int32_t path_len;                /* its pathLenConstraint, or -1 */
	unsigned usage;                  /* keyUsage; meaningful with CERT_EXT_KEY_USAGE */
	bool for_server, for_any;        /* extendedKeyUsage has serverAuth, anyExtendedKeyUsage */
};

/* Takes a certificate apart. False when it is not DER of a certificate, has something behind it,
 * names two signature algorithms, or one of the extensions above twice. */
bool cert_parse(struct slice der, struct cert_view *v);

/* The printable common name, else the organisation, of a Name into `out` of `cap` > 0 bytes, cut
 * where too long, NUL-terminated; empty where it has neither. */
void cert_title(struct slice name, char *out, size_t cap);

/* Whether names of a certificate (TL-07) cover a host name without last dot (`ip_len` 0), or an
 * address of 4 or 16 bytes. */
bool cert_names_cover(struct slice names, struct slice host, const uint8_t *ip, uint8_t ip_len);

/* The names and addresses of a certificate, separated by spaces. */
void cert_names_put(struct fmt *f, struct slice names);

#endif
