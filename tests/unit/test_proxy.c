/*
 * test_proxy.c - PROXY headers, versions 1 and 2 (SS-55, A-16): examples of the specification, every cut, and
 * every lie about lengths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "error.h"
#include "proto/proxy.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static bool is(const struct port_addr *a, const char *text)
{
	char out[ADDR_TEXT_MAX];
	struct fmt f = fmt_on(out, sizeof out);

	addr_put_port(&f, a);
	return strcmp(fmt_cstr(&f), text) == 0;
}

/* Every shorter beginning needs more; what follows is not looked at. */
static int parse(const void *bytes, size_t len, struct proxy_header *h)
{
	uint8_t more[PROXY_HEADER_MAX + 80];
	int r = proxy_parse(slice_of(bytes, len), h);

	if (r <= 0)
		return r;
	assert_int_equal(r, len);
	for (size_t n = 0; n < len; n++) {
		struct proxy_header ignored;

		assert_int_equal(proxy_parse(slice_of(bytes, n), &ignored), E_AGAIN);
	}
	memcpy(more, bytes, len);
	memset(more + len, 'E', 64);
	assert_int_equal(proxy_parse(slice_of(more, len + 64), h), len);
	return r;
}

static void version_1(void **state)
{
	static const struct {
		const char *line, *source, *destination; /* NULL: local */
	} rows[] = {
		{ "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443" },
		{ "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535",
			"255.255.255.255:65535" },
		{ "PROXY TCP6 2001:db8::1 ::1 1 0\r\n", "[2001:db8::1]:1", "[::1]:0" },
		{ "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			"65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
		{ "PROXY UNKNOWN\r\n", NULL, NULL },
		{ "PROXY UNKNOWN ffff::1 x y z\r\n", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct proxy_header h;

		assert_true(parse(rows[i].line, strlen(rows[i].line), &h) > 0);
		assert_int_equal(h.local, rows[i].source == NULL);
		assert_true(h.local || (is(&h.source, rows[i].source) && is(&h.destination, rows[i].destination)));
	}
}

static void version_1_that_is_bad(void **state)
{
	static const char *const rows[] = {
		"EHLO x\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 22\n", "PROXY UNKNOWN\n", "PROXY\r\n", "PROXY \r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
		"PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP5 ::1 ::1 1 2\r\n",
		"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n", "PROXY TCP6 [::1] ::1 1 2\r\n",
		"PROXY TCP6 fe80::1%1 ::1 1 2\r\n", "PROXY TCP4 1.2.3.4\r\n", "X", "PX",
	};
	struct proxy_header h;
	char line[200];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (proxy_parse(slice_str(rows[i]), &h) != E_PROTO)
			fail_msg("taken: %s", rows[i]);
	for (size_t len = 100; len < 120; len++) { /* 107 octets with CRLF are the limit */
		int n = snprintf(line, sizeof line, "PROXY UNKNOWN %*s\r\n", (int)len - 16, "x");

		assert_int_equal(n, len);
		assert_int_equal(proxy_parse(slice_of(line, len), &h), len <= 107 ? (int)len : E_PROTO);
		assert_int_equal(proxy_parse(slice_of(line, len - 2), &h), len - 2 < 107 ? E_AGAIN : E_PROTO);
	}
}

static size_t v2(uint8_t *out, unsigned command, unsigned family, size_t len)
{
	memset(out, 0, PROXY_HEADER_MAX + 80);
	memcpy(out, SIGNATURE, 12);
	out[12] = (uint8_t)command;
	out[13] = (uint8_t)family;
	out[14] = (uint8_t)(len >> 8);
	out[15] = (uint8_t)len;
	for (size_t i = 0; i < len && i < 64; i++)
		out[16 + i] = (uint8_t)(i + 1);
	return 16 + len;
}

static void version_2(void **state)
{
	uint8_t b[PROXY_HEADER_MAX + 80];
	struct proxy_header h;
	size_t n = v2(b, 0x21, 0x11, 12);

	assert_true(parse(b, n, &h) > 0 && !h.local);
	assert_true(is(&h.source, "1.2.3.4:2314") && is(&h.destination, "5.6.7.8:2828"));
	n = v2(b, 0x21, 0x21, 36 + 20); /* with TLVs behind */
	assert_true(parse(b, n, &h) > 0 && !h.local);
	assert_true(is(&h.source, "[102:304:506:708:90a:b0c:d0e:f10]:8482"));
	assert_true(is(&h.destination, "[1112:1314:1516:1718:191a:1b1c:1d1e:1f20]:8996"));
	n = v2(b, 0x20, 0x00, 0); /* LOCAL */
	assert_true(parse(b, n, &h) > 0 && h.local);
	n = v2(b, 0x20, 0x11, 12);
	assert_true(parse(b, n, &h) > 0 && h.local);
	n = v2(b, 0x21, 0x00, 3); /* PROXY of an unspecified family */
	assert_true(parse(b, n, &h) > 0 && h.local);
	n = v2(b, 0x21, 0x11, PROXY_HEADER_MAX - 16);
	assert_true(parse(b, n, &h) > 0);
}

static void version_2_that_lies(void **state)
{
	uint8_t b[PROXY_HEADER_MAX + 80];
	struct proxy_header h;

	for (size_t len = 0; len < 12; len++)
		assert_int_equal(proxy_parse(slice_of(b, v2(b, 0x21, 0x11, len)), &h), E_PROTO);
	for (size_t len = 0; len < 36; len++)
		assert_int_equal(proxy_parse(slice_of(b, v2(b, 0x21, 0x21, len)), &h), E_PROTO);
	v2(b, 0x21, 0x11, PROXY_HEADER_MAX - 15);
	assert_int_equal(proxy_parse(slice_of(b, 16), &h), E_PROTO);
	v2(b, 0x20, 0, 0xffff);
	assert_int_equal(proxy_parse(slice_of(b, 16), &h), E_PROTO);
	for (unsigned command = 0; command < 256; command++)
		if (command != 0x20 && command != 0x21)
			assert_int_equal(proxy_parse(slice_of(b, v2(b, command, 0x11, 12)), &h), E_PROTO);
	for (unsigned family = 1; family < 256; family++)
		if (family != 0x11 && family != 0x21)
			assert_int_equal(proxy_parse(slice_of(b, v2(b, 0x21, family, 36)), &h), E_PROTO);
	for (size_t i = 0; i < 12; i++) {
		v2(b, 0x21, 0x11, 12);
		b[i] ^= 0x20;
		assert_int_equal(proxy_parse(slice_of(b, 28), &h), E_PROTO);
		assert_int_equal(proxy_parse(slice_of(b, i + 1), &h), E_PROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1), cmocka_unit_test(version_1_that_is_bad),
		cmocka_unit_test(version_2), cmocka_unit_test(version_2_that_lies),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
