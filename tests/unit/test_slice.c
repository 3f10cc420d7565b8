/*
 * test_slice.c - views of bytes: comparing, cutting, words, numbers, wildcards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"
#include "error.h"

static struct slice S(const char *text)
{
	return slice_str(text);
}

static const struct slice nothing;

static void comparing(void **state)
{
	assert_true(slice_eq(S("ab"), S("ab")) && slice_eq(S(""), nothing) && slice_eq(nothing, nothing));
	assert_false(slice_eq(S("ab"), S("aB")) || slice_eq(S("ab"), S("abc")) || slice_eq(S("ab"), S("a")));
	assert_true(slice_eq_nocase(S("aZ[{@`"), S("Az[{@`")));
	assert_false(slice_eq_nocase(S("["), S("{")) || slice_eq_nocase(S("@"), S("`")));
	assert_false(slice_eq_nocase(S("\xc4"), S("\xe4"))); /* ASCII letters only */
	assert_true(slice_eq(slice_of("a\0b", 3), slice_of("a\0b", 3)));
	assert_false(slice_eq(slice_of("a\0b", 3), slice_of("a\0c", 3)));
	assert_true(slice_is(S("EHLO"), "ehlo") && !slice_is(S("EHL"), "ehlo"));
	assert_true(slice_starts(S("From: x"), "FROM:") && slice_starts(S("a"), ""));
	assert_false(slice_starts(S("FRO"), "FROM") || slice_starts(nothing, "F"));
	for (int c = 0; c < 256; c++)
		assert_int_equal(byte_lower((uint8_t)c), c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static void cutting(void **state)
{
	struct slice a = S("abcde");

	assert_int_equal(slice_find(a, 'a'), 0);
	assert_int_equal(slice_find(a, 'e'), 4);
	assert_int_equal(slice_find(a, 'f'), 5);
	assert_int_equal(slice_find(nothing, 0), 0);
	for (size_t i = 0; i <= 7; i++) {
		size_t n = i < 5 ? i : 5;

		assert_true(slice_eq(slice_from(a, i), slice_of(&"abcde"[n], 5 - n)));
		assert_true(slice_eq(slice_head(a, i), slice_of("abcde", n)));
	}
	assert_int_equal(slice_from(a, SIZE_MAX).len, 0);
	assert_int_equal(slice_from(nothing, 1).len, 0);
	assert_true(slice_eq(slice_trim(S(" \t a b \t")), S("a b")));
	assert_true(slice_eq(slice_trim(S("a")), S("a")));
	assert_int_equal(slice_trim(S(" \t ")).len, 0);
	assert_true(slice_eq(slice_trim(S("\na\r")), S("\na\r"))); /* blanks only */
}

static void words(void **state)
{
	struct slice rest = S("  one\ttwo  three \t");

	assert_true(slice_eq(slice_word(&rest), S("one")));
	assert_true(slice_eq(slice_word(&rest), S("two")));
	assert_true(slice_eq(slice_word(&rest), S("three")));
	assert_int_equal(slice_word(&rest).len, 0);
	assert_int_equal(slice_word(&rest).len, 0);
	assert_int_equal(rest.len, 0);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", 0, true, 0 }, { "1", 0, false, 0 }, { "007", 7, true, 7 }, { "255", 255, true, 255 },
		{ "256", 255, false, 0 }, { "260", 255, false, 0 }, { "9", 8, false, 0 }, { "", 9, false, 0 },
		{ "-1", 9, false, 0 }, { "+1", 9, false, 0 }, { " 1", 9, false, 0 }, { "1 ", 9, false, 0 },
		{ "1x", 99, false, 0 }, { "0x1", 99, false, 0 }, { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 }, { "99999999999999999999", UINT64_MAX, false, 0 },
		{ "184467440737095516150", UINT64_MAX, false, 0 }, { "4294967296", UINT32_MAX, false, 0 },
		{ ":", 99, false, 0 }, { "/", 99, false, 0 }, { "\xb1", 99, false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t v = 77;

		assert_int_equal(slice_u64(S(rows[i].text), rows[i].max, &v), rows[i].good ? E_OK : E_ARG);
		assert_true(v == (rows[i].good ? rows[i].value : 77));
	}
	for (uint64_t max = 0; max < 130; max++) /* every small number against every limit */
		for (unsigned n = 0; n < 1200; n += 1 + n / 130) {
			char text[8];
			uint64_t v;

			snprintf(text, sizeof text, "%u", n);
			assert_int_equal(slice_u64(S(text), max, &v), n <= max ? E_OK : E_ARG);
		}
}

/* The definition, by recursion. */
static bool matches(const char *p, const char *t)
{
	if (*p == '*')
		return matches(p + 1, t) || (*t != '\0' && matches(p, t + 1));
	if (*p == '\0' || *t == '\0')
		return *p == *t;
	return (*p == '?' || byte_lower((uint8_t)*p) == byte_lower((uint8_t)*t)) && matches(p + 1, t + 1);
}

static void wildcards_by_definition(void **state)
{
	static const char letters[] = "aB*?", text_letters[] = "abA";
	int taken = 0;

	for (unsigned p = 0; p < 1024 * 4; p++)
		for (unsigned t = 0; t < 364; t++) {
			char pattern[7], text[7];
			size_t n = 0;
			unsigned rest = t;

			for (unsigned v = p, k = 0; k < p % 7; k++, v /= 4)
				pattern[n++] = letters[v % 4];
			pattern[n] = '\0';
			for (n = 0; rest > 0; rest = (rest - 1) / 3)
				text[n++] = text_letters[(rest - 1) % 3];
			text[n] = '\0';
			taken += matches(pattern, text);
			if (slice_match(S(pattern), S(text)) != matches(pattern, text))
				fail_msg("%s against %s", pattern, text);
		}
	assert_true(taken > 10000);
}

static void wildcards_are_bounded(void **state)
{
	static char pattern[1000], text[20000];

	for (size_t i = 0; i < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = 'b';
	assert_false(slice_match(slice_of(pattern, sizeof pattern), slice_of(text, sizeof text)));
	assert_true(slice_match(slice_of(pattern, sizeof pattern), slice_of(text, sizeof text - 1)));
	assert_true(slice_match(S("*@example.com"), S("a@b@EXAMPLE.com")));
}

static void secrets(void **state)
{
	uint8_t a[32], b[32];

	memset(a, 7, sizeof a);
	memset(b, 7, sizeof b);
	assert_true(mem_eq_ct(a, b, sizeof a) && mem_eq_ct(a, b, 0));
	for (size_t i = 0; i < 32; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1u << bit);
			assert_false(mem_eq_ct(a, b, sizeof a));
			assert_true(mem_eq_ct(a, b, i));
			b[i] ^= (uint8_t)(1u << bit);
		}
	mem_wipe(a + 1, 30);
	assert_true(a[0] == 7 && a[31] == 7);
	for (size_t i = 1; i < 31; i++)
		assert_int_equal(a[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing), cmocka_unit_test(cutting), cmocka_unit_test(words),
		cmocka_unit_test(numbers), cmocka_unit_test(wildcards_by_definition),
		cmocka_unit_test(wildcards_are_bounded), cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
