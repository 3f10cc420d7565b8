/*
 * cert_key.h - private keys: read, compared with certificates, made, written. The key lives in a
 * leaf whose chain need not be there.
 */
#ifndef IO_CERT_KEY_H
#define IO_CERT_KEY_H

#include <stdbool.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "io/cert.h"
#include "io/cert_der.h"
#include "io/cert_view.h"

#define CERT_KEY_DER_MAX 2560 /* bytes of the largest key's DER: RSA of 4096 bits in PKCS#8 */
#define CERT_SIG_MAX 512      /* bytes of the largest signature */

/* Reads PKCS#8 (RFC 5958), PKCS#1 or SEC1 (RFC 5915) DER into key_type, key and bytes of a leaf.
 * False when it is none of them, or has a size or curve that we don't use. */
bool cert_key_read(struct slice der, struct identity_leaf *l);

/* Whether a certificate is for this private key, by the private parts alone. */
bool cert_key_fits(const struct identity_leaf *l, const struct cert_view *v);

/* Puts the SubjectPublicKeyInfo of a key, and where `id` is not NULL the key identifier of RFC
 * 7093 2 (1) there. False: not computable. */
bool cert_key_public(const struct identity_leaf *l, struct der_out *o, uint8_t id[20]);

/* Signs a message with SHA-256: the length of the signature, at most CERT_SIG_MAX, or 0. */
size_t cert_key_sign(const struct identity_leaf *l, struct slice message, uint8_t *sig);

/* Puts the AlgorithmIdentifier of what cert_key_sign() makes. */
void cert_key_algorithm(const struct identity_leaf *l, struct der_out *o);

/* Makes a new key: P-256, or RSA of 2048 bits. E_OK, E_AGAIN (no entropy yet), E_IO (it failed). */
int cert_key_make(struct identity_leaf *l, bool rsa);

/* Appends a key as PEM (PKCS#8). False: not computable. */
bool cert_key_pem(const struct identity_leaf *l, struct fmt *f);

#endif
