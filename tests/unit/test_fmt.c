/*
 * test_fmt.c - bounded text: pieces whole or not at all, and the conversions against the C library's.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fmt.h"

static char room[256];

static bool holds(const struct fmt *f, const char *text)
{
	return slice_eq(fmt_result(f), slice_str(text));
}

#define SAME(...) do { \
	char want[256]; \
	struct fmt f = fmt_on(room, sizeof room); \
	\
	snprintf(want, sizeof want, __VA_ARGS__); \
	fmt_printf(&f, __VA_ARGS__); \
	assert_string_equal(fmt_cstr(&f), want); \
	assert_false(f.over); \
} while (0)

static void as_the_library_does(void **state)
{
	SAME("plain");
	SAME("%s|%s|%s", "", "a", "long enough");
	SAME("%.*s|%.*s|%.*s", 0, "abc", 2, "abc", 3, "abc");
	SAME("%c%c", 'x', '\xff');
	SAME("%d %d %d", 0, INT_MAX, INT_MIN);
	SAME("%ld %ld", LONG_MAX, LONG_MIN);
	SAME("%lld %lld", LLONG_MAX, LLONG_MIN);
	SAME("%u %u", 0u, UINT_MAX);
	SAME("%lu %llu %zu", ULONG_MAX, ULLONG_MAX, SIZE_MAX);
	SAME("%x %lx %llx %zx", 0xbeefu, 0x1234abcdul, 0xfedcba9876543210ull, (size_t)255);
	SAME("%02u:%02u %04u %5u|%3u|%1u", 7u, 12u, 42u, 42u, 12345u, 0u);
	SAME("%08x %2x %016llx", 0xabcu, 1u, 1ull);
	SAME("100%% of %s%%", "it");
	SAME("%d%d", 1, -1);
}

static void unknown_conversions_show(void **state)
{
	static const char *const formats[] = { "a%yb", "%", "%5", "a%.b" };
	static const char *const want[] = { "a?b", "?", "?", "a?b" };

	for (size_t i = 0; i < 4; i++) {
		struct fmt f = fmt_on(room, sizeof room);
		void (*const print)(struct fmt *, const char *, ...) = fmt_printf;

		print(&f, formats[i]);
		assert_true(holds(&f, want[i]));
	}
}

static void whole_or_not_at_all(void **state)
{
	for (size_t cap = 0; cap < 12; cap++) {
		struct fmt f;

		memset(room, '#', sizeof room);
		f = fmt_on(room, cap);
		fmt_str(&f, "abc");
		fmt_u64(&f, 12345);
		fmt_char(&f, 'z');
		fmt_str(&f, "");
		assert_int_equal(f.over, cap < 9);
		assert_true(holds(&f, cap < 3 ? "" : cap < 8 ? "abc" : cap < 9 ? "abc12345" : "abc12345z"));
		for (size_t i = f.len; i < sizeof room; i++)
			assert_int_equal(room[i], '#');
	}
}

static void overflow_stays(void **state)
{
	struct fmt f = fmt_on(room, 4);

	fmt_slice(&f, slice_str("abcde"));
	assert_true(f.over && f.len == 0);
	fmt_char(&f, 'x');
	fmt_bytes(&f, NULL, 0);
	assert_true(f.over && f.len == 0);
	f = fmt_on(room, 4);
	fmt_slice(&f, slice_str("abcd"));
	assert_string_equal(fmt_cstr(&f), "abc");
	f = fmt_on(room, 1);
	assert_string_equal(fmt_cstr(&f), "");
	f = fmt_on(room, 4);
	fmt_char(&f, 'a');
	fmt_bytes(&f, "x", SIZE_MAX);
	assert_true(f.over && f.len == 1);
}

static void cleaned(void **state) /* A-14, SS-54 */
{
	struct fmt f = fmt_on(room, sizeof room);
	uint8_t all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	fmt_clean(&f, slice_of(all, 256), 300);
	assert_int_equal(f.len, 256);
	for (int i = 0; i < 256; i++)
		assert_int_equal((uint8_t)room[i], i >= 32 && i < 127 ? i : '?');
	f = fmt_on(room, sizeof room);
	fmt_clean(&f, slice_str("abcdef"), 3);
	assert_true(holds(&f, "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_library_does), cmocka_unit_test(unknown_conversions_show),
		cmocka_unit_test(whole_or_not_at_all), cmocka_unit_test(overflow_stays),
		cmocka_unit_test(cleaned),
	};

	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
