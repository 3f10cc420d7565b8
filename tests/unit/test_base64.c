/*
 * test_base64.c - RFC 4648 10 vectors, every length, and every way to be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "error.h"

static const char *const vectors[][2] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xef\xbe", "/+++" },
};

static void rfc4648_vectors(void **state)
{
	char out[16];

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		size_t plain = strlen(vectors[i][0]), text = strlen(vectors[i][1]);

		assert_int_equal(base64_encode(vectors[i][0], plain, out, text), text);
		assert_memory_equal(out, vectors[i][1], text);
		assert_int_equal(base64_decode(slice_str(vectors[i][1]), out, plain), plain);
		assert_memory_equal(out, vectors[i][0], plain);
		if (text > 0)
			assert_int_equal(base64_encode(vectors[i][0], plain, out, text - 1), E_LIMIT);
		if (plain > 0)
			assert_int_equal(base64_decode(slice_str(vectors[i][1]), out, plain - 1), E_LIMIT);
	}
}

static void every_length_there_and_back_in_place(void **state)
{
	uint8_t data[100];
	char text[BASE64_LEN(sizeof data)];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= sizeof data; len++) {
		int n = base64_encode(data, len, text, sizeof text);

		assert_int_equal(n, BASE64_LEN(len));
		assert_int_equal(base64_decode(slice_of(text, (size_t)n), text, sizeof text), len);
		assert_memory_equal(text, data, len);
	}
}

static void wrong_texts(void **state)
{
	static const char *const wrong[] = { "Z", "Zg", "Zg=", "Zg===", "=", "==", "===", "====", "Z===",
		"Zh==", "Zm9=", "Zg==Zg==", "Zm8=Zm8=", "Zm9v\n", "Zm 9v", " Zm9", "Zm9-", "Zm_v", "Zg=g", "=Zg=",
		"Zm9v====", "Zm\x80v", "Zm9v=" };
	uint8_t out[16];

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (base64_decode(slice_str(wrong[i]), out, sizeof out) != E_ARG)
			fail_msg("taken: \"%s\"", wrong[i]);
	assert_int_equal(base64_decode(slice_of("Zm\0v", 4), out, sizeof out), E_ARG);
}

/* A text is either refused, or it is exactly what encoding its bytes gives. */
static void one_text_for_one_value(void **state)
{
	char text[4], again[4];
	uint8_t out[3];

	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			int n;

			text[0] = 'Q';
			text[1] = (char)a;
			text[2] = (char)b;
			text[3] = '=';
			n = base64_decode(slice_of(text, 4), out, sizeof out);
			if (n < 0)
				continue;
			assert_int_equal(base64_encode(out, (size_t)n, again, sizeof again), 4);
			assert_memory_equal(text, again, 4);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4648_vectors),
		cmocka_unit_test(every_length_there_and_back_in_place),
		cmocka_unit_test(wrong_texts),
		cmocka_unit_test(one_text_for_one_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
