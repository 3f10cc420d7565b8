/*
 * crypto.c - hashes, HMAC and key stretching over BearSSL, and RFC 5803 strings built from them.
 *
 * Checking a verifier costs the same for a right and a wrong password; a malformed verifier is
 * told at once, for it says something about our configuration, not about the password.
 */
#include "base/crypto.h"

#include <string.h>

#include <bearssl.h>

#include "base/base64.h"
#include "base/fmt.h"
#include "base/slice.h"
#include "port.h"

#define SCHEME "SCRAM-SHA-256$"

enum { SALT_LEN = 16, SALT_MAX = 48, ITERATIONS = 4096, ITERATIONS_MAX = 1000000 };

void crypto_sha256(const void *data, size_t len, uint8_t out[CRYPTO_SHA256_LEN])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, data, len);
	br_sha256_out(&c, out);
	mem_wipe(&c, sizeof c);
}

static void hmac(const br_hash_class *kind, struct slice key, struct slice data, uint8_t *out)
{
	br_hmac_key_context k;
	br_hmac_context c;

	br_hmac_key_init(&k, kind, key.p, key.len);
	br_hmac_init(&c, &k, 0);
	br_hmac_update(&c, data.p, data.len);
	br_hmac_out(&c, out);
	mem_wipe(&k, sizeof k);
	mem_wipe(&c, sizeof c);
}

void crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[CRYPTO_SHA256_LEN])
{
	hmac(&br_sha256_vtable, slice_of(key, key_len), slice_of(data, len), out);
}

void crypto_hmac_md5(const void *key, size_t key_len, const void *data, size_t len,
	uint8_t out[CRYPTO_MD5_LEN])
{
	hmac(&br_md5_vtable, slice_of(key, key_len), slice_of(data, len), out);
}

void crypto_pbkdf2(const void *password, size_t password_len, const void *salt, size_t salt_len,
	uint32_t iterations, uint8_t out[CRYPTO_SHA256_LEN])
{
	static const uint8_t first_block[4] = { 0, 0, 0, 1 };
	uint8_t u[CRYPTO_SHA256_LEN];
	br_hmac_key_context k;
	br_hmac_context c;

	br_hmac_key_init(&k, &br_sha256_vtable, password, password_len);
	br_hmac_init(&c, &k, 0);
	br_hmac_update(&c, salt, salt_len);
	br_hmac_update(&c, first_block, sizeof first_block);
	br_hmac_out(&c, u);
	memcpy(out, u, sizeof u);
	for (uint32_t i = 1; i < iterations; i++) {
		br_hmac_init(&c, &k, 0);
		br_hmac_update(&c, u, sizeof u);
		br_hmac_out(&c, u);
		for (size_t n = 0; n < sizeof u; n++)
			out[n] ^= u[n];
	}
	mem_wipe(&k, sizeof k);
	mem_wipe(&c, sizeof c);
	mem_wipe(u, sizeof u);
}

/* What a verifier holds. */
struct verifier {
	uint32_t iterations;
	uint8_t salt[SALT_MAX];
	size_t salt_len;
	uint8_t stored[CRYPTO_SHA256_LEN], server[CRYPTO_SHA256_LEN];
};

/* StoredKey and ServerKey of a password (RFC 5802 3), by the iterations and salt in *v. */
static void derive(struct verifier *v, const void *password, size_t password_len)
{
	uint8_t salted[CRYPTO_SHA256_LEN], client[CRYPTO_SHA256_LEN];

	crypto_pbkdf2(password, password_len, v->salt, v->salt_len, v->iterations, salted);
	crypto_hmac_sha256(salted, sizeof salted, "Client Key", 10, client);
	crypto_sha256(client, sizeof client, v->stored);
	crypto_hmac_sha256(salted, sizeof salted, "Server Key", 10, v->server);
	mem_wipe(salted, sizeof salted);
	mem_wipe(client, sizeof client);
}

static void put_base64(struct fmt *f, const void *data, size_t len)
{
	char text[BASE64_LEN(SALT_MAX)];
	int n = base64_encode(data, len, text, sizeof text);

	if (n >= 0)
		fmt_bytes(f, text, (size_t)n);
	mem_wipe(text, sizeof text);
}

int crypto_verifier_make(const void *password, size_t password_len, char *out, size_t cap)
{
	struct verifier v = { .iterations = ITERATIONS, .salt_len = SALT_LEN };
	struct fmt f = fmt_on(out, cap);

	if (port_entropy(v.salt, SALT_LEN) != E_OK)
		return E_AGAIN;
	derive(&v, password, password_len);
	fmt_str(&f, SCHEME);
	fmt_u64(&f, v.iterations);
	fmt_char(&f, ':');
	put_base64(&f, v.salt, v.salt_len);
	fmt_char(&f, '$');
	put_base64(&f, v.stored, sizeof v.stored);
	fmt_char(&f, ':');
	put_base64(&f, v.server, sizeof v.server);
	fmt_char(&f, '\0');
	mem_wipe(&v, sizeof v);
	if (!f.over)
		return E_OK;
	mem_wipe(out, cap);
	return E_LIMIT;
}

/* Takes the text up to `end` off the front of *rest; false where there is no `end`. */
static bool cut(struct slice *rest, uint8_t end, struct slice *out)
{
	size_t n = slice_find(*rest, end);

	if (n == rest->len)
		return false;
	*out = slice_head(*rest, n);
	*rest = slice_from(*rest, n + 1);
	return true;
}

static bool key_read(struct slice text, uint8_t out[CRYPTO_SHA256_LEN])
{
	return base64_decode(text, out, CRYPTO_SHA256_LEN) == CRYPTO_SHA256_LEN;
}

static bool verifier_read(struct slice text, struct verifier *v)
{
	struct slice part;
	uint64_t iterations;
	int n;

	if (text.len < strlen(SCHEME) || memcmp(text.p, SCHEME, strlen(SCHEME)) != 0)
		return false;
	text = slice_from(text, strlen(SCHEME));
	if (!cut(&text, ':', &part) || slice_u64(part, UINT32_MAX, &iterations) != E_OK ||
			iterations == 0)
		return false;
	v->iterations = (uint32_t)iterations;
	if (!cut(&text, '$', &part))
		return false;
	n = base64_decode(part, v->salt, sizeof v->salt);
	if (n <= 0)
		return false;
	v->salt_len = (size_t)n;
	return cut(&text, ':', &part) && key_read(part, v->stored) && key_read(text, v->server);
}

bool crypto_verifier_is(const char *text, size_t len)
{
	struct verifier v;
	bool is = verifier_read(slice_of(text, len), &v);

	mem_wipe(&v, sizeof v);
	return is;
}

bool crypto_verifier_check(const char *verifier, size_t verifier_len, const void *password,
	size_t password_len)
{
	struct verifier want, got;
	bool fits = false;

	if (verifier_read(slice_of(verifier, verifier_len), &want) &&
			want.iterations <= ITERATIONS_MAX) {
		got = want;
		derive(&got, password, password_len);
		fits = mem_eq_ct(got.stored, want.stored, sizeof got.stored);
		mem_wipe(&got, sizeof got);
	}
	mem_wipe(&want, sizeof want);
	return fits;
}
