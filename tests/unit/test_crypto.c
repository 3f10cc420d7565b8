/*
 * test_crypto.c - vectors of FIPS 180-4, RFC 4231, RFC 2195, RFC 7677, and RFC 5803 strings (DECISIONS 16).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "error.h"
#include "sim.h"

static char hex_text[2 * CRYPTO_SHA256_LEN + 1];

static const char *hex(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(hex_text + 2 * i, 3, "%02x", p[i]);
	return hex_text;
}

static void sha256_vectors(void **state)
{
	uint8_t out[CRYPTO_SHA256_LEN];

	crypto_sha256("", 0, out);
	assert_string_equal(hex(out, sizeof out),
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	crypto_sha256("abc", 3, out);
	assert_string_equal(hex(out, sizeof out),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hmac_vectors(void **state)
{
	uint8_t out[CRYPTO_SHA256_LEN], key[131];

	crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_string_equal(hex(out, sizeof out),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	crypto_hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	assert_string_equal(hex(out, sizeof out),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	crypto_hmac_md5("tanstaaftanstaaf", 16, "<1896.697170952@postoffice.reston.mci.net>", 42, out);
	assert_string_equal(hex(out, CRYPTO_MD5_LEN), "b913a602c7eda7a495b4e6e7334d3890");
}

static void pbkdf2_vectors(void **state)
{
	uint8_t out[CRYPTO_SHA256_LEN];

	crypto_pbkdf2("password", 8, "salt", 4, 1, out);
	assert_string_equal(hex(out, sizeof out),
		"120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b");
	crypto_pbkdf2("password", 8, "salt", 4, 4096, out);
	assert_string_equal(hex(out, sizeof out),
		"c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
	crypto_pbkdf2("passwordPASSWORDpassword", 24, "saltSALTsaltSALTsaltSALTsaltSALTsalt", 36, 4096, out);
	assert_string_equal(hex(out, sizeof out),
		"348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1");
}

/* StoredKey and ServerKey of RFC 7677 3's user "user" with password "pencil". */
#define PENCIL "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void verifier_of_rfc7677(void **state)
{
	static const char text[] = PENCIL;

	assert_true(crypto_verifier_is(text, strlen(text)));
	assert_true(crypto_verifier_check(text, strlen(text), "pencil", 6));
	assert_false(crypto_verifier_check(text, strlen(text), "pencil ", 7));
	assert_false(crypto_verifier_check(text, strlen(text), "Pencil", 6));
	assert_false(crypto_verifier_check(text, strlen(text), "", 0));
}

static void verifier_made_and_checked(void **state)
{
	char text[CRYPTO_VERIFIER_MAX], other[CRYPTO_VERIFIER_MAX];

	assert_int_equal(crypto_verifier_make("s3cret\0x", 8, text, sizeof text), E_OK);
	assert_true(strlen(text) < sizeof text - 1);
	assert_null(strstr(text, "s3cret"));
	assert_true(crypto_verifier_is(text, strlen(text)));
	assert_true(crypto_verifier_check(text, strlen(text), "s3cret\0x", 8));
	assert_false(crypto_verifier_check(text, strlen(text), "s3cret", 6));
	assert_int_equal(crypto_verifier_make("s3cret\0x", 8, other, sizeof other), E_OK);
	assert_string_not_equal(text, other);
	assert_int_equal(crypto_verifier_make("", 0, other, sizeof other), E_OK);
	assert_true(crypto_verifier_check(other, strlen(other), "", 0));
	assert_int_equal(crypto_verifier_make("x", 1, other, strlen(text) + 1), E_OK);
	assert_int_equal(crypto_verifier_make("x", 1, other, strlen(text)), E_LIMIT);
	sim_entropy(false);
	assert_int_equal(crypto_verifier_make("x", 1, other, sizeof other), E_AGAIN);
	sim_entropy(true);
}

static void malformed_verifiers_fit_none(void **state)
{
	static const char good[] = PENCIL;
	static const char *const wrong[] = {
		"", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096:$:", "scram-sha-256$4096:AAAA$AAAA:AAAA",
		"SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
			"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
		"SCRAM-SHA-256$+1:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
			"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
		"SCRAM-SHA-256$99999999999:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
			"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
		"pencil", PENCIL "x", PENCIL ":", PENCIL " ",
	};
	char cut[sizeof good];

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_false(crypto_verifier_is(wrong[i], strlen(wrong[i])));
		assert_false(crypto_verifier_check(wrong[i], strlen(wrong[i]), "pencil", 6));
	}
	for (size_t len = 0; len < strlen(good); len++) {
		memcpy(cut, good, len);
		assert_false(crypto_verifier_is(cut, len));
	}
}

/* More iterations than anybody should wait for: of the right form, but fitting no password. */
static void too_many_iterations(void **state)
{
	static const char text[] = "SCRAM-SHA-256$1000001:W22ZaJ0SNY7soEsUEjb6gQ==$"
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

	assert_true(crypto_verifier_is(text, strlen(text)));
	assert_false(crypto_verifier_check(text, strlen(text), "pencil", 6));
}

static int setup(void **state)
{
	sim_reset(3);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_vectors),
		cmocka_unit_test(hmac_vectors),
		cmocka_unit_test(pbkdf2_vectors),
		cmocka_unit_test(verifier_of_rfc7677),
		cmocka_unit_test(verifier_made_and_checked),
		cmocka_unit_test(malformed_verifiers_fit_none),
		cmocka_unit_test(too_many_iterations),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
