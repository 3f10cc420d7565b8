/*
 * test_sasl.c - SASL on both sides: the vectors of RFC 2195 and RFC 4616, every way to be wrong (SS-34,
 * A-10), and the two sides against each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "error.h"
#include "proto/sasl.h"

static struct sasl_server s;
static char room[SASL_CHALLENGE_TEXT];

static bool same(struct slice a, const char *text)
{
	return slice_eq(a, slice_str(text));
}

/* The base64 of `len` octets, static. */
static struct slice b64(const void *raw, size_t len)
{
	static char text[BASE64_LEN(3000)];

	return slice_of(text, (size_t)base64_encode(raw, len, text, sizeof text));
}

static int start(enum sasl_mech mech, const char *initial, struct slice *challenge)
{
	struct slice first = { NULL, 0 };

	if (initial != NULL)
		first = slice_str(initial);
	return sasl_server_start(&s, mech, first, challenge, room, sizeof room);
}

static int line(struct slice text, struct slice *challenge)
{
	return sasl_server_line(&s, text, challenge, room, sizeof room);
}

static bool wiped(void)
{
	static const struct sasl_server none;

	return memcmp(&s, &none, sizeof s) == 0;
}

/* Both forms of PLAIN: with the initial response, and behind the empty challenge. */
static int plain(const void *raw, size_t len)
{
	struct slice c, text = b64(raw, len);
	int e, e2;

	memset(&s, 0, sizeof s);
	e = sasl_server_start(&s, SASL_PLAIN, text.len > 0 ? text : slice_str("="), &c, room, sizeof room);
	assert_true(e == E_OK || wiped());
	memset(&s, 0, sizeof s);
	assert_int_equal(start(SASL_PLAIN, NULL, &c), E_MORE);
	assert_int_equal(c.len, 0);
	e2 = line(text, &c);
	assert_int_equal(e, e2);
	assert_true(e == E_OK || wiped());
	assert_int_equal(s.state, e == E_OK ? SASL_DONE : SASL_IDLE);
	return e;
}

static void plain_of_rfc4616(void **state)
{
	assert_int_equal(plain("\0tim\0tanstaaftanstaaf", 21), E_OK);
	assert_true(same(sasl_authcid(&s), "tim") && same(sasl_password(&s), "tanstaaftanstaaf"));
	assert_int_equal(sasl_authzid(&s).len, 0);
	assert_int_equal(plain("Ursel\0Kurt\0xipj3plmq", 20), E_OK);
	assert_true(same(sasl_authzid(&s), "Ursel") && same(sasl_authcid(&s), "Kurt"));
	assert_true(same(sasl_password(&s), "xipj3plmq"));
	sasl_wipe(&s);
	assert_true(wiped());
}

static void plain_that_is_wrong_a10(void **state)
{
	static const struct {
		const char *raw;
		size_t len;
	} rows[] = {
		{ "", 0 }, { "\0", 1 }, { "\0a", 2 }, { "a\0b", 3 }, { "\0a\0", 3 }, { "\0\0p", 3 },
		{ "\0a\0p\0", 5 }, { "\0a\0p\0q", 6 }, { "\0a\r\0p", 5 }, { "\0a\n\0p", 5 }, { "z\n\0a\0p", 6 },
		{ "\0a\0p\n", 5 }, { "\0a\0p\r", 5 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(plain(rows[i].raw, rows[i].len), E_PROTO);
}

static void plain_lengths(void **state)
{
	char raw[2000];

	memset(raw, 'x', sizeof raw);
	raw[SASL_LOGIN_MAX] = raw[2 * SASL_LOGIN_MAX + 1] = '\0';
	assert_int_equal(plain(raw, 2 * SASL_LOGIN_MAX + 2 + 900), E_OK);
	assert_int_equal(sasl_password(&s).len, 900);
	assert_int_equal(plain(raw, 2 * SASL_LOGIN_MAX + 2 + 1024), E_OK);
	assert_int_equal(plain(raw, 2 * SASL_LOGIN_MAX + 2 + 1025), E_LIMIT); /* the line */
	memset(raw, 'x', sizeof raw);
	raw[0] = raw[2] = '\0';
	assert_int_equal(plain(raw, 3 + 1025), E_LIMIT);
	raw[2] = 'x';
	raw[SASL_LOGIN_MAX + 2] = '\0';
	assert_int_equal(plain(raw, SASL_LOGIN_MAX + 4), E_LIMIT);
	raw[0] = 'x';
	raw[SASL_LOGIN_MAX + 4] = '\0';
	assert_int_equal(plain(raw, SASL_LOGIN_MAX + 6), E_LIMIT);
}

static void lines_that_are_not_base64(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "*", E_ACCESS }, { " * ", E_ACCESS }, { "**", E_ARG }, { "AHQAcA", E_ARG }, { "AHQAcA=", E_ARG },
		{ "AHQ AcA==", E_ARG }, { "=", E_ARG }, { "AHQAcA== \t", E_OK }, { "", E_PROTO },
	};
	char big[SASL_LINE_MAX + 8];
	struct slice c;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(start(SASL_PLAIN, NULL, &c), E_MORE);
		assert_int_equal(line(slice_str(rows[i].text), &c), rows[i].want);
		assert_true(rows[i].want == E_OK || wiped());
	}
	memset(big, 'A', sizeof big);
	assert_int_equal(start(SASL_PLAIN, NULL, &c), E_MORE);
	assert_int_equal(line(slice_of(big, SASL_LINE_MAX + 4), &c), E_LIMIT);
	assert_int_equal(line(slice_str("AHQAcA=="), &c), E_PROTO); /* the exchange is over */
}

static void login_prompts_to_the_octet(void **state)
{
	struct slice c;

	assert_int_equal(start(SASL_LOGIN, NULL, &c), E_MORE);
	assert_true(same(c, "VXNlcm5hbWU6"));
	assert_int_equal(line(b64("joe", 3), &c), E_MORE);
	assert_true(same(c, "UGFzc3dvcmQ6"));
	assert_int_equal(line(b64("p w", 3), &c), E_OK);
	assert_true(same(sasl_authcid(&s), "joe") && same(sasl_password(&s), "p w"));
	sasl_wipe(&s);
	assert_int_equal(start(SASL_LOGIN, "am9l", &c), E_MORE);
	assert_true(same(c, "UGFzc3dvcmQ6"));
	assert_int_equal(line(slice_str("*"), &c), E_ACCESS);
	assert_int_equal(start(SASL_LOGIN, "=", &c), E_PROTO);
	assert_int_equal(start(SASL_LOGIN, NULL, &c), E_MORE);
	assert_int_equal(line(b64("a\nb", 3), &c), E_PROTO);
	assert_int_equal(start(SASL_LOGIN, "am9l", &c), E_MORE);
	assert_int_equal(line(b64("a\0b", 3), &c), E_PROTO);
	assert_int_equal(start(SASL_LOGIN, "am9l", &c), E_MORE);
	assert_int_equal(line(slice_str(""), &c), E_PROTO);
}

static void cram_of_rfc2195(void **state)
{
	static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";
	static const char answer[] = "tim b913a602c7eda7a495b4e6e7334d3890";
	struct slice c;

	memset(&s, 0, sizeof s);
	memcpy(s.challenge, challenge, sizeof challenge - 1);
	s.challenge_len = sizeof challenge - 1;
	assert_int_equal(start(SASL_CRAM_MD5, NULL, &c), E_MORE);
	assert_true(same(c, "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"));
	assert_int_equal(line(b64(answer, sizeof answer - 1), &c), E_OK);
	assert_true(same(sasl_authcid(&s), "tim"));
	assert_true(sasl_cram_check(&s, slice_str("tanstaaftanstaaf")));
	assert_false(sasl_cram_check(&s, slice_str("tanstaaftanstaag")));
	assert_false(sasl_cram_check(&s, slice_str("")));
}

static void cram_answers(void **state)
{
	static const struct {
		const char *raw;
		int want;
	} rows[] = {
		{ "a b B913A602C7EDA7A495B4E6E7334D3890", E_OK }, { "b913a602c7eda7a495b4e6e7334d3890", E_PROTO },
		{ " b913a602c7eda7a495b4e6e7334d3890", E_PROTO }, { "tim b913a602c7eda7a495b4e6e7334d389", E_PROTO },
		{ "tim b913a602c7eda7a495b4e6e7334d389g", E_PROTO }, { "tim-b913a602c7eda7a495b4e6e7334d3890",
		E_PROTO }, { "t\rm b913a602c7eda7a495b4e6e7334d3890", E_PROTO }, { "", E_PROTO }, { "tim", E_PROTO },
	};
	static const uint8_t random[8] = { 0, 1, 2, 0xfd, 0xfe, 0xff, 7, 8 };
	char host[300];
	struct slice c;

	memset(host, 'h', sizeof host);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sasl_cram_challenge(&s, random, 1700000000, slice_str("gw.lan"));
		assert_true(same(slice_of(s.challenge, s.challenge_len), "<000102fdfeff0708.1700000000@gw.lan>"));
		assert_int_equal(start(SASL_CRAM_MD5, NULL, &c), E_MORE);
		assert_int_equal(line(b64(rows[i].raw, strlen(rows[i].raw)), &c), rows[i].want);
	}
	sasl_cram_challenge(&s, random, 1700000000, slice_of(host, sizeof host));
	assert_true(s.challenge_len <= SASL_CHALLENGE_MAX && s.challenge[s.challenge_len - 1] == '>');
	assert_int_equal(start(SASL_CRAM_MD5, NULL, &c), E_MORE);
	sasl_cram_challenge(&s, random, 0, slice_str("x"));
	assert_int_equal(start(SASL_CRAM_MD5, "dGlt", &c), E_PROTO);
	sasl_cram_challenge(&s, random, 0, slice_str("x"));
	assert_int_equal(start(SASL_CRAM_MD5, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", &c), E_PROTO);
}

/* LOGIN of IMAP, USER and PASS of POP3. */
static void given_without_an_exchange_a10(void **state)
{
	static const struct {
		const char *login;
		size_t login_len;
		const char *password;
		size_t password_len;
		int want;
	} rows[] = {
		{ "joe", 3, " p\xc3\xa4 ", 5, E_OK }, { "", 0, "p", 1, E_PROTO }, { "joe", 3, "", 0, E_PROTO },
		{ "j\0e", 3, "p", 1, E_PROTO }, { "j\re", 3, "p", 1, E_PROTO }, { "joe\n", 4, "p", 1, E_PROTO },
		{ "joe", 3, "\0", 1, E_PROTO }, { "joe", 3, "p\r", 2, E_PROTO }, { "joe", 3, "p\nq", 3, E_PROTO },
	};
	static char big[SASL_PASSWORD_MAX + 1];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		memset(&s, 0xa5, sizeof s);
		assert_int_equal(sasl_server_given(&s, slice_of(rows[i].login, rows[i].login_len),
			slice_of(rows[i].password, rows[i].password_len)), rows[i].want);
		assert_true(rows[i].want == E_OK ? s.state == SASL_DONE && s.mech == SASL_PLAIN : wiped());
		if (rows[i].want == E_OK)
			assert_true(same(sasl_authcid(&s), "joe") && same(sasl_password(&s), " p\xc3\xa4 ") &&
				sasl_authzid(&s).len == 0);
	}
	memset(big, 'x', sizeof big);
	assert_int_equal(sasl_server_given(&s, slice_of(big, SASL_LOGIN_MAX), slice_of(big,
		SASL_PASSWORD_MAX)), E_OK);
	assert_int_equal(sasl_password(&s).len, SASL_PASSWORD_MAX);
	assert_int_equal(sasl_server_given(&s, slice_of(big, SASL_LOGIN_MAX + 1), slice_str("p")), E_LIMIT);
	assert_true(wiped());
	assert_int_equal(sasl_server_given(&s, slice_str("joe"), slice_of(big, sizeof big)), E_LIMIT);
	assert_true(wiped());
}

static void names_and_sets(void **state)
{
	assert_int_equal(sasl_mech_find(slice_str("cram-md5")), SASL_CRAM_MD5);
	assert_int_equal(sasl_mech_find(slice_str("XOAUTH2")), E_NOENT);
	assert_int_equal(sasl_mech_find(slice_str("")), E_NOENT);
	assert_int_equal(sasl_mechs_parse(slice_str(" LOGIN  XOAUTH2 plain\tFOO")),
		SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN));
	assert_int_equal(sasl_mechs_parse(slice_str("")), 0);
}

static void client_chooses_sc17(void **state)
{
	const unsigned all = SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_CRAM_MD5);

	assert_int_equal(sasl_client_choose(all, all, true), SASL_PLAIN);
	assert_int_equal(sasl_client_choose(all, all, false), SASL_CRAM_MD5);
	assert_int_equal(sasl_client_choose(SASL_BIT(SASL_LOGIN), all, false), SASL_LOGIN);
	assert_int_equal(sasl_client_choose(all, SASL_BIT(SASL_LOGIN), true), SASL_LOGIN);
	assert_int_equal(sasl_client_choose(SASL_BIT(SASL_LOGIN), SASL_BIT(SASL_PLAIN), true), E_NOENT);
	assert_int_equal(sasl_client_choose(0, all, true), E_NOENT);
}

/* Our client signs in to our server. */
static void both_sides(enum sasl_mech mech, bool initial)
{
	const struct sasl_credentials who = { slice_str(""), slice_str("user@dom"), slice_str("p\xc3\xa4ss =") };
	static const uint8_t random[8] = { 1 };
	char text[SASL_LINE_MAX];
	struct sasl_client c;
	struct slice challenge;
	int n = E_NOENT, e;

	memset(&s, 0, sizeof s);
	if (mech == SASL_CRAM_MD5)
		sasl_cram_challenge(&s, random, 5, slice_str("h"));
	sasl_client_start(&c, mech);
	if (initial)
		n = sasl_client_initial(&c, &who, text, sizeof text);
	assert_int_equal(n == E_NOENT, !initial || mech != SASL_PLAIN);
	e = sasl_server_start(&s, mech, n >= 0 ? slice_of(text, (size_t)n) : (struct slice){ NULL, 0 },
		&challenge, room, sizeof room);
	while (e == E_MORE) {
		n = sasl_client_respond(&c, &who, challenge, text, sizeof text);
		assert_true(n > 0);
		e = sasl_server_line(&s, slice_of(text, (size_t)n), &challenge, room, sizeof room);
	}
	assert_int_equal(e, E_OK);
	assert_true(slice_eq(sasl_authcid(&s), who.authcid));
	assert_true(mech == SASL_CRAM_MD5 ? sasl_cram_check(&s, who.secret) :
		slice_eq(sasl_password(&s), who.secret));
	assert_int_equal(sasl_client_respond(&c, &who, slice_str("QQ=="), text, sizeof text), E_PROTO);
}

static void client_and_server(void **state)
{
	for (int mech = 0; mech < SASL_MECHS; mech++) {
		both_sides((enum sasl_mech)mech, false);
		both_sides((enum sasl_mech)mech, true);
	}
}

static void client_refuses(void **state)
{
	static char secret[1600];
	char text[SASL_LINE_MAX];
	struct sasl_credentials who = { slice_str(""), slice_of("a\nb", 3), slice_str("p") };
	struct sasl_client c;

	for (int mech = 0; mech < SASL_MECHS; mech++) {
		sasl_client_start(&c, (enum sasl_mech)mech);
		assert_int_equal(sasl_client_respond(&c, &who, slice_str("QQ=="), text, sizeof text), E_ARG);
	}
	who.authcid = slice_of("a\0b", 3);
	sasl_client_start(&c, SASL_PLAIN);
	assert_int_equal(sasl_client_initial(&c, &who, text, sizeof text), E_ARG);
	who.authcid = slice_str("a");
	sasl_client_start(&c, SASL_CRAM_MD5);
	assert_int_equal(sasl_client_respond(&c, &who, slice_str(""), text, sizeof text), E_PROTO);
	sasl_client_start(&c, SASL_CRAM_MD5);
	assert_int_equal(sasl_client_respond(&c, &who, slice_str("!"), text, sizeof text), E_PROTO);
	memset(secret, 's', sizeof secret);
	who.secret = slice_of(secret, sizeof secret);
	sasl_client_start(&c, SASL_PLAIN);
	assert_int_equal(sasl_client_initial(&c, &who, text, sizeof text), E_LIMIT);
	who.secret = slice_str("p");
	sasl_client_start(&c, SASL_PLAIN);
	assert_int_equal(sasl_client_initial(&c, &who, text, 4), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_of_rfc4616), cmocka_unit_test(plain_that_is_wrong_a10),
		cmocka_unit_test(plain_lengths), cmocka_unit_test(lines_that_are_not_base64),
		cmocka_unit_test(login_prompts_to_the_octet), cmocka_unit_test(cram_of_rfc2195),
		cmocka_unit_test(cram_answers), cmocka_unit_test(given_without_an_exchange_a10),
		cmocka_unit_test(names_and_sets),
		cmocka_unit_test(client_chooses_sc17), cmocka_unit_test(client_and_server),
		cmocka_unit_test(client_refuses),
	};

	return cmocka_run_group_tests_name("sasl", tests, NULL, NULL);
}
