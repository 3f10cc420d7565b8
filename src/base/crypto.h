/*
 * crypto.h - hashes, HMAC and key stretching over BearSSL; the only place outside src/io's TLS
 * files that knows the library. Lengths in bytes.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_SHA256_LEN 32
#define CRYPTO_MD5_LEN 16
#define CRYPTO_VERIFIER_MAX 160 /* longest string of crypto_verifier_make(), with NUL */

/* SHA-256 (FIPS 180-4) of `len` bytes. */
void crypto_sha256(const void *data, size_t len, uint8_t out[CRYPTO_SHA256_LEN]);

/* HMAC-SHA-256 (RFC 2104). */
void crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[CRYPTO_SHA256_LEN]);

/* HMAC-MD5 (RFC 2104), for CRAM-MD5 only (RFC 2195). */
void crypto_hmac_md5(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[CRYPTO_MD5_LEN]);

/* PBKDF2 with HMAC-SHA-256, one block (RFC 5802's Hi()). */
void crypto_pbkdf2(const void *password, size_t password_len, const void *salt, size_t salt_len,
	uint32_t iterations, uint8_t out[CRYPTO_SHA256_LEN]);

/* Writes `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803 3) for a password, with a
 * fresh salt, NUL-terminated. E_OK, E_AGAIN (no entropy yet), E_LIMIT (cap too small). */
int crypto_verifier_make(const void *password, size_t password_len, char *out, size_t cap);

/* Whether a string has the form of crypto_verifier_make(). */
bool crypto_verifier_is(const char *text, size_t len);

/* Whether a password fits a verifier; takes the same time for every password. A malformed verifier
 * fits none. Iterations above 1 000 000 fit none. */
bool crypto_verifier_check(const char *verifier, size_t verifier_len, const void *password,
	size_t password_len);

#endif
