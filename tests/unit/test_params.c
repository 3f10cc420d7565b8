/*
 * test_params.c - ESMTP parameters (SS-04, SS-25, SS-50), xtext, UTF-8 and dates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "proto/date.h"
#include "proto/params.h"
#include "proto/utf8.h"
#include "proto/xtext.h"

static bool same(struct slice s, const char *text)
{
	return slice_eq(s, slice_str(text));
}

static const struct {
	bool rcpt;
	const char *words;
	enum param_error why;
	const char *which;
} params[] = {
	{ false, "", PARAM_FINE, "" },
	{ false, "SIZE=0", PARAM_FINE, "" },
	{ false, "size=18446744073709551615", PARAM_FINE, "" },
	{ false, "SIZE=18446744073709551616", PARAM_VALUE, "SIZE=18446744073709551616" },
	{ false, "SIZE=000000000000000000001", PARAM_VALUE, "SIZE=000000000000000000001" },
	{ false, "SIZE=", PARAM_VALUE, "SIZE=" },
	{ false, "SIZE", PARAM_VALUE, "SIZE" },
	{ false, "SIZE=-1", PARAM_VALUE, "SIZE=-1" },
	{ false, "SIZE=1k", PARAM_VALUE, "SIZE=1k" },
	{ false, "SIZE=1 SIZE=1", PARAM_REPEATED, "SIZE=1" },
	{ false, "BODY=7bit", PARAM_FINE, "" },
	{ false, "BODY=8BITMIME SMTPUTF8", PARAM_FINE, "" },
	{ false, "BODY=BINARYMIME", PARAM_VALUE, "BODY=BINARYMIME" },
	{ false, "BODY", PARAM_VALUE, "BODY" },
	{ false, "SMTPUTF8=", PARAM_VALUE, "SMTPUTF8=" },
	{ false, "SMTPUTF8=1", PARAM_VALUE, "SMTPUTF8=1" },
	{ false, "AUTH=<>", PARAM_FINE, "" },
	{ false, "AUTH=a+40b+2Bc", PARAM_FINE, "" },
	{ false, "AUTH=", PARAM_VALUE, "AUTH=" },
	{ false, "AUTH=a+0Ab", PARAM_VALUE, "AUTH=a+0Ab" },
	{ false, "RET=full ENVID=QQ314159", PARAM_FINE, "" },
	{ false, "RET=HEADERS", PARAM_VALUE, "RET=HEADERS" },
	{ false, "ENVID=a=b", PARAM_VALUE, "ENVID=a=b" },
	{ false, "ENVID=a+0D+0Ab", PARAM_VALUE, "ENVID=a+0D+0Ab" },
	{ false, "ENVID=a+2", PARAM_VALUE, "ENVID=a+2" },
	{ false, "ENVID=a+ff", PARAM_VALUE, "ENVID=a+ff" },
	{ false, "NOTIFY=NEVER", PARAM_UNKNOWN, "NOTIFY=NEVER" },
	{ false, "XFOO", PARAM_UNKNOWN, "XFOO" },
	{ false, "SIZE=1 FOO=bar SIZE=1", PARAM_UNKNOWN, "FOO=bar" },
	{ false, "=1", PARAM_SYNTAX, "=1" },
	{ false, "S;Z=1", PARAM_SYNTAX, "S;Z=1" },
	{ true, "NOTIFY=never", PARAM_FINE, "" },
	{ true, "NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c.d", PARAM_FINE, "" },
	{ true, "NOTIFY=NEVER,DELAY", PARAM_VALUE, "NOTIFY=NEVER,DELAY" },
	{ true, "NOTIFY=DELAY,DELAY", PARAM_VALUE, "NOTIFY=DELAY,DELAY" },
	{ true, "NOTIFY=", PARAM_VALUE, "NOTIFY=" },
	{ true, "NOTIFY", PARAM_VALUE, "NOTIFY" },
	{ true, "NOTIFY=DELAY,", PARAM_VALUE, "NOTIFY=DELAY," },
	{ true, "NOTIFY=SOMETIMES", PARAM_VALUE, "NOTIFY=SOMETIMES" },
	{ true, "ORCPT=a@b.c", PARAM_VALUE, "ORCPT=a@b.c" },
	{ true, "ORCPT=;a@b.c", PARAM_VALUE, "ORCPT=;a@b.c" },
	{ true, "ORCPT=rfc822;", PARAM_VALUE, "ORCPT=rfc822;" },
	{ true, "ORCPT=rfc822;a+0d", PARAM_VALUE, "ORCPT=rfc822;a+0d" },
	{ true, "ORCPT=utf-8;\\x{E4}@b.c", PARAM_FINE, "" },
	{ true, "ORCPT=utf-8;\xc3\xa4@b.c", PARAM_VALUE, "ORCPT=utf-8;\xc3\xa4@b.c" },
	{ true, "ORCPT=rfc822;a ORCPT=rfc822;a", PARAM_REPEATED, "ORCPT=rfc822;a" },
	{ true, "SIZE=1", PARAM_UNKNOWN, "SIZE=1" },
};

static void parameter_rows(void **state)
{
	for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
		struct mail_params m;
		struct rcpt_params r;
		enum param_error why;
		struct slice which, words = slice_str(params[i].words);
		int e = params[i].rcpt ? rcpt_params_parse(words, PARAMS_RCPT, &r, &why, &which) :
			mail_params_parse(words, PARAMS_MAIL, &m, &why, &which);

		if (why != params[i].why || (e == E_OK) != (why == PARAM_FINE) ||
				!same(which, params[i].which))
			fail_msg("%s: %s", params[i].words, param_error_name[why]);
	}
	assert_int_equal(param_error_reply(PARAM_UNKNOWN)->code, 555);
	assert_int_equal(param_error_reply(PARAM_VALUE)->code, 501);
	assert_int_equal(param_error_reply(PARAM_REPEATED)->code, 501);
}

static void parameter_values(void **state)
{
	struct mail_params m;
	struct rcpt_params r;
	enum param_error why;
	struct slice which;
	char big[700];

	assert_int_equal(mail_params_parse(slice_str("SIZE=12 BODY=8bitmime AUTH=a+40b RET=HDRS ENVID=e+2B"),
		PARAMS_MAIL, &m, &why, &which), E_OK);
	assert_int_equal(m.given, PARAM_SIZE | PARAM_BODY | PARAM_AUTH | PARAM_RET | PARAM_ENVID);
	assert_true(m.size == 12 && m.body == BODY_8BITMIME && m.ret == RET_HDRS);
	assert_string_equal(params_body_text[m.body], "8BITMIME");
	assert_string_equal(params_ret_text[m.ret], "HDRS");
	assert_true(same(m.auth, "a+40b") && same(m.envid, "e+2B"));
	assert_int_equal(rcpt_params_parse(slice_str("NOTIFY=delay,SUCCESS ORCPT=utf-8;\xc3\xa4@b"),
		PARAMS_RCPT | PARAM_UTF8, &r, &why, &which), E_OK);
	assert_string_equal(params_notify_text(r.notify), "SUCCESS,DELAY");
	assert_true(same(r.orcpt, "utf-8;\xc3\xa4@b"));
	assert_int_equal(mail_params_parse(slice_str("SIZE=1"), 0, &m, &why, &which), E_ARG);
	assert_int_equal(why, PARAM_UNKNOWN); /* SS-04 */
	memset(big, 'e', sizeof big);
	memcpy(big, "ENVID=", 6);
	assert_int_equal(mail_params_parse(slice_of(big, 106), PARAMS_MAIL, &m, &why, &which), E_OK);
	assert_int_equal(mail_params_parse(slice_of(big, 107), PARAMS_MAIL, &m, &why, &which), E_ARG);
	memcpy(big, "ORCPT=rfc822;", 13);
	assert_int_equal(rcpt_params_parse(slice_of(big, 506), PARAMS_RCPT, &r, &why, &which), E_OK);
	assert_int_equal(rcpt_params_parse(slice_of(big, 507), PARAMS_RCPT, &r, &why, &which), E_ARG);
}

static void notify_texts_read_back(void **state)
{
	for (unsigned set = 1; set < 16; set++) {
		char words[64];
		struct rcpt_params r;
		enum param_error why;
		struct slice which;

		if (set != NOTIFY_NEVER && (set & NOTIFY_NEVER) != 0) {
			assert_string_equal(params_notify_text(set), "");
			continue;
		}
		snprintf(words, sizeof words, "NOTIFY=%s", params_notify_text(set));
		assert_int_equal(rcpt_params_parse(slice_str(words), PARAMS_RCPT, &r, &why, &which), E_OK);
		assert_int_equal(r.notify, set);
	}
}

/* ---- small ones ---- */

static void xtext_there_and_back_a13(void **state)
{
	char raw[96], text[300], again[96];
	struct fmt f = fmt_on(text, sizeof text);
	int n = 0;

	for (int c = 32; c < 127; c++)
		raw[n++] = (char)c;
	xtext_encode(&f, slice_of(raw, (size_t)n));
	assert_true(xtext_valid(fmt_result(&f)));
	assert_int_equal(xtext_decode(fmt_result(&f), again, sizeof again), n);
	assert_memory_equal(raw, again, (size_t)n);
	assert_int_equal(xtext_decode(fmt_result(&f), again, (size_t)n - 1), E_LIMIT);
	for (int c = 0; c < 256; c++) {
		char hex[4];
		bool printable = c >= 32 && c < 127;

		snprintf(hex, sizeof hex, "+%02X", (unsigned)c);
		assert_int_equal(xtext_decode(slice_of(hex, 3), again, 1), printable ? 1 : E_ARG);
		hex[0] = (char)c;
		assert_int_equal(xtext_valid(slice_of(hex, 1)),
			c > 32 && c < 127 && c != '+' && c != '=');
	}
	assert_false(xtext_valid(slice_str("+2b")));
	assert_false(xtext_valid(slice_str("a+")));
	assert_true(xtext_valid(slice_str("")));
}

static bool decodes(uint32_t c, const uint8_t *p, size_t len)
{
	uint32_t v = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		v = v << 6 | (p[i] & 0x3f);
	return v == c;
}

/* Every code point in its shortest form is valid unless it is a surrogate or a control; and nothing else of
 * one to three octets is valid. */
static void utf8_by_definition(void **state)
{
	for (uint32_t c = 0; c < 0x112000; c += c < 0x3000 || c > 0x10fff0 ? 1 : 7) {
		uint8_t p[4] = { (uint8_t)(0xf0 | c >> 18), (uint8_t)(0x80 | (c >> 12 & 0x3f)),
			(uint8_t)(0x80 | (c >> 6 & 0x3f)), (uint8_t)(0x80 | (c & 0x3f)) };
		size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		const uint8_t *from = p + 4 - len;
		bool good = !(c >= 0x80 && c < 0xa0) && !(c >= 0xd800 && c < 0xe000) && c < 0x110000;

		if (len < 4)
			p[4 - len] = (uint8_t)(len == 1 ? c : len == 2 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
		assert_true(decodes(c, from, len));
		assert_int_equal(utf8_valid(slice_of(from, len)), good);
		if (len > 1)
			assert_false(utf8_valid(slice_of(from, len - 1)));
	}
	assert_false(utf8_valid(slice_of("\xc0\x80", 2)));
	assert_false(utf8_valid(slice_of("\xc1\xbf", 2)));
	assert_false(utf8_valid(slice_of("\xe0\x9f\xbf", 3)));
	assert_false(utf8_valid(slice_of("\xf0\x8f\xbf\xbf", 4)));
	assert_false(utf8_valid(slice_of("\xff", 1)));
	assert_false(utf8_valid(slice_of("a\x80", 2)));
}

static bool leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Counts every day of the years 1 to 9999. */
static void dates_by_counting(void **state)
{
	static const uint8_t lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t s = INT64_C(-62135596800);
	unsigned weekday = 1; /* 0001-01-01 was a Monday */

	for (int y = 1; y <= 9999; y++)
		for (unsigned m = 1; m <= 12; m++)
			for (unsigned d = 1; d <= lengths[m - 1] + (m == 2 && leap(y) ? 1u : 0u); d++) {
				struct date got = date_of(s + 86399);

				if (got.year != y || got.month != m || got.day != d || got.weekday != weekday ||
						date_to_unix(&got) != s + 86399)
					fail_msg("%d-%u-%u", y, m, d);
				s += 86400;
				weekday = (weekday + 1) % 7;
			}
	assert_true(date_of(INT64_MAX).year == 9999 && date_of(INT64_MIN).year == 1);
}

static void dates_as_text(void **state)
{
	char text[80];
	struct fmt f = fmt_on(text, sizeof text);

	date_rfc5322(&f, 1795348805);
	assert_string_equal(fmt_cstr(&f), "Sun, 22 Nov 2026 12:00:05 +0000");
	assert_int_equal(f.len, DATE_RFC5322_LEN);
	f = fmt_on(text, sizeof text);
	date_rfc5322(&f, 0);
	date_iso(&f, 951782399);
	assert_string_equal(fmt_cstr(&f), "Thu, 01 Jan 1970 00:00:00 +00002000-02-28T23:59:59Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameter_rows), cmocka_unit_test(parameter_values),
		cmocka_unit_test(notify_texts_read_back), cmocka_unit_test(xtext_there_and_back_a13),
		cmocka_unit_test(utf8_by_definition), cmocka_unit_test(dates_by_counting),
		cmocka_unit_test(dates_as_text),
	};

	return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
