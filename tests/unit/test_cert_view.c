/*
 * test_cert_view.c - the readers below the verifier: DER, certificates, names, keys, PEM. What a reader
 * refuses here never comes near a signature.
 */
#include "x509_rig.h"

#include "io/cert_der.h"
#include "io/cert_key.h"

static uint8_t mem[8192];
static struct slice base;

/* The content of element `n` of a sequence's content, with its header. */
static struct slice element(struct slice in, int n)
{
	struct slice content, whole = { NULL, 0 };
	uint8_t tag;

	for (; n >= 0; n--)
		assert_true(der_next(&in, &tag, &content, &whole));
	return whole;
}

static struct slice content_of(struct slice whole)
{
	struct slice content;
	uint8_t tag;

	assert_true(der_next(&whole, &tag, &content, NULL));
	return content;
}

/* The fixture's certificate with element `n` of its TBS replaced (-1: none) and other algorithm outside. */
static bool parse_with(int n, struct slice with, const uint8_t *outer, size_t outer_len)
{
	struct slice in = content_of(base), tbs = content_of(element(in, 0));
	struct der_out o = der_out_on(mem, sizeof mem);
	size_t mark = der_mark(&o);
	struct cert_view v;

	der_put(&o, element(in, 2).p, element(in, 2).len);
	if (outer != NULL)
		der_put(&o, outer, outer_len);
	else
		der_put(&o, element(in, 1).p, element(in, 1).len);
	{
		size_t inside = der_mark(&o);

		for (int i = 7; i >= 0; i--) {
			struct slice part = i == n ? with : element(tbs, i);

			der_put(&o, part.p, part.len);
		}
		der_wrap(&o, DER_SEQUENCE, inside);
	}
	der_wrap(&o, DER_SEQUENCE, mark);
	assert_false(o.over);
	return cert_parse(der_result(&o), &v);
}

static bool parse_bytes(int n, const char *bytes, size_t len)
{
	return parse_with(n, slice_of(bytes, len), NULL, 0);
}

#define PARSE(n, bytes) parse_bytes(n, bytes, sizeof bytes - 1)

static void algorithm_inside_and_outside(void **state)
{
	static const uint8_t sha384[] = { 0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3 };

	assert_true(parse_with(-1, base, NULL, 0));
	assert_false(parse_with(-1, base, sha384, sizeof sha384));
}

#define BASIC "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"
#define USAGE "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80"
#define EXTENSIONS(len, len2, list) "\xa3" len2 "\x30" len list

static void extensions_once_each(void **state)
{
	assert_true(PARSE(7, EXTENSIONS("\x0e", "\x10", BASIC)));
	assert_true(PARSE(7, EXTENSIONS("\x1e", "\x20", BASIC USAGE)));
	assert_false(PARSE(7, EXTENSIONS("\x1c", "\x1e", BASIC BASIC)));
	assert_false(PARSE(7, EXTENSIONS("\x20", "\x22", USAGE USAGE)));
	assert_false(PARSE(7, EXTENSIONS("\x0f", "\x11", BASIC "x")));
	assert_false(PARSE(7, "\xa3\x11\x30\x0e" BASIC "x"));
}

static void something_behind(void **state)
{
	struct cert_view v;

	memcpy(mem, base.p, base.len);
	mem[base.len] = 0;
	assert_true(cert_parse(slice_of(mem, base.len), &v));
	assert_false(cert_parse(slice_of(mem, base.len + 1), &v));
	for (size_t len = 0; len < base.len; len++)
		assert_false(cert_parse(slice_of(mem, len), &v));
}

static void dates(void **state)
{
	assert_true(PARSE(4, "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "491231235959Z"));
	assert_true(PARSE(4, "\x30\x20\x17\x0d" "500101000000Z" "\x18\x0f" "99991231235959Z"));
	assert_false(PARSE(4, "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "491331235959Z"));
	assert_false(PARSE(4, "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "490229235959Z"));
	assert_true(PARSE(4, "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "480229235959Z"));
	assert_false(PARSE(4, "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "491231245959Z"));
	assert_false(PARSE(4, "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "4912312359590"));
	assert_false(PARSE(4, "\x30\x1e\x17\x0d" "2601010000 0Z" "\x17\x0d" "491231235959Z"));
	assert_false(PARSE(4, "\x30\x1c\x17\x0b" "2601010000Z" "\x17\x0d" "491231235959Z"));
	assert_false(PARSE(4, "\x30\x0f\x17\x0d" "260101000000Z"));
}

static void keys_of_odd_form(void **state)
{
	struct cert_view v;
	uint8_t spki[91];

	assert_true(cert_parse(base, &v));
	assert_int_equal(v.spki.len, sizeof spki);
	memcpy(spki, v.spki.p, sizeof spki);
	assert_true(parse_with(6, slice_of(spki, sizeof spki), NULL, 0));
	spki[26] = 2;   /* a compressed point has one byte of form and one coordinate */
	assert_false(parse_with(6, slice_of(spki, sizeof spki), NULL, 0));
	spki[26] = 4;
	spki[25] = 1;   /* unused bits */
	assert_false(parse_with(6, slice_of(spki, sizeof spki), NULL, 0));
	spki[25] = 0;
	spki[1]--;
	spki[24]--;
	assert_false(parse_with(6, slice_of(spki, sizeof spki - 1), NULL, 0));
}

static void der_lengths(void **state)
{
	static const struct { const char *bytes; size_t len; bool good; } rows[] = {
		{ "\x04\x00", 2, true }, { "\x04\x01x", 3, true }, { "\x04\x02x", 3, false }, { "\x04", 1, false },
		{ "", 0, false }, { "\x04\x80\x00\x00", 4, false }, { "\x04\x81\x01x", 4, false },
		{ "\x04\x82\x00\x01x", 5, false }, { "\x04\x84\x00\x00\x00\x01x", 7, false }, { "\x1f\x81\x01\x00", 4, false },
		{ "\x04\x83\xff\xff\xff", 5, false }, { "\x04\xff", 2, false }, { "\x04\x82\x01", 3, false },
	};
	struct slice content, rest;
	uint8_t tag, long_one[3 + 200] = { 4, 0x81, 200 };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		rest = slice_of(rows[i].bytes, rows[i].len);
		assert_int_equal(der_next(&rest, &tag, &content, NULL), rows[i].good);
		assert_int_equal(rest.len, rows[i].good ? 0 : rows[i].len);
	}
	rest = slice_of(long_one, sizeof long_one);
	assert_true(der_next(&rest, &tag, &content, NULL));
	assert_int_equal(content.len, 200);
	long_one[1] = 0x82;
	long_one[2] = 0;
	long_one[3] = 190;
	rest = slice_of(long_one, sizeof long_one);
	assert_false(der_next(&rest, &tag, &content, NULL));
}

static void der_written_is_read(void **state)
{
	static const uint8_t number[] = { 0, 0, 0x80, 1 };
	struct der_out o;
	struct slice rest, content;
	uint8_t tag;

	for (size_t len = 0; len < 300; len++) {
		static uint8_t bytes[300];

		o = der_out_on(mem, 512);
		der_element(&o, DER_OCTETS, bytes, len);
		assert_false(o.over);
		rest = der_result(&o);
		assert_true(der_next(&rest, &tag, &content, NULL));
		assert_int_equal(content.len, len);
		assert_int_equal(rest.len, 0);
		o = der_out_on(mem, der_result(&o).len - 1);
		der_element(&o, DER_OCTETS, bytes, len);
		assert_true(o.over);
	}
	o = der_out_on(mem, 16);
	der_put_unsigned(&o, number, sizeof number);
	assert_memory_equal(der_result(&o).p, "\x02\x03\x00\x80\x01", 5);
	o = der_out_on(mem, 16);
	der_put_unsigned(&o, number, 2);
	assert_memory_equal(der_result(&o).p, "\x02\x01\x00", 3);
	for (size_t i = 0; i < 5; i++) {
		static const char *const bad[] = { "\x02\x01\x80", "\x02\x02\x00\x01", "\x02\x00", "\x04\x01\x01",
			"\x02\x02\x00" };

		rest = slice_of(bad[i], i == 1 || i == 4 ? 4 - (i == 4) : i == 2 ? 2 : 3);
		assert_false(der_unsigned(&rest, &content));
	}
}

/* TL-07 without a certificate around it. */
static void names_cover(void **state)
{
	static const struct { const char *names; size_t len; const char *host; bool good; } rows[] = {
		{ "\x82\x03" "a.b", 5, "a.b", true },
		{ "\x82\x03" "A.b", 5, "a.B", true },
		{ "\x82\x04" "a.b.", 6, "a.b", false },
		{ "\x82\x05" "*.b.c", 7, "a.b.c", true },
		{ "\x82\x05" "*.b.c", 7, "b.c", false },
		{ "\x82\x05" "*.b.c", 7, "x.a.b.c", false },
		{ "\x82\x05" "*.b.c", 7, ".b.c", false },
		{ "\x82\x05" "*.b.c", 7, "*.b.c", true },
		{ "\x82\x03" "*.b", 5, "a.b", false },
		{ "\x82\x01" "*", 3, "a", false },
		{ "\x82\x02" "*.", 4, "a.", false },
		{ "\x82\x00", 2, "", true },
		{ "\x81\x03" "a.b", 5, "a.b", false },
		{ "\x86\x03" "a.b", 5, "a.b", false },
		{ "\x81\x03" "x.y" "\x82\x03" "a.b", 10, "a.b", true },
	};
	static const uint8_t ip[4] = { 'a', '.', 'b', 'c' };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (cert_names_cover(slice_of(rows[i].names, rows[i].len), slice_str(rows[i].host), NULL, 0) !=
				rows[i].good)
			fail_msg("row %zu, %s", i, rows[i].host);
	assert_true(cert_names_cover(slice_of("\x87\x04" "a.bc", 6), slice_str(""), ip, 4));
	assert_false(cert_names_cover(slice_of("\x82\x04" "a.bc", 6), slice_str(""), ip, 4));
	assert_false(cert_names_cover(slice_of("\x87\x04" "a.bc", 6), slice_str("a.bc"), NULL, 0));
	assert_false(cert_names_cover(slice_of("\x87\x04" "A.BC", 6), slice_str(""), ip, 4));
}

static void titles(void **state)
{
	static const struct { const char *der; size_t len; const char *want; } rows[] = {
		{ "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "abc", 16, "abc" },
		{ "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x13\x03" "org", 16, "org" },
		{ "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x1e\x04\0a\0b", 17, "ab" },
		{ "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "a\n\x80", 16, "a??" },
		{ "\x30\x1c\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" "org\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "abc",
			30, "abc" },
		{ "\x30\x00", 2, "" },
		{ "\x30\x05junk!", 7, "" },
		{ "", 0, "" },
	};
	char out[4];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cert_title(slice_of(rows[i].der, rows[i].len), out, sizeof out);
		assert_string_equal(out, rows[i].want);
	}
	cert_title(slice_of(rows[0].der, rows[0].len), out, 3);
	assert_string_equal(out, "ab");
	cert_title(slice_of(rows[0].der, rows[0].len), out, 1);
	assert_string_equal(out, "");
}

/* An RSA key whose five parts have `part` bytes each, of a modulus of `n` bytes. */
static bool rsa_key_of(size_t n, size_t part)
{
	static uint8_t number[1024];
	static struct identity_leaf l;
	struct der_out o = der_out_on(mem, sizeof mem);
	size_t mark = der_mark(&o);

	memset(number, 0x81, sizeof number);
	for (int i = 0; i < 5; i++)
		der_put_unsigned(&o, number, part);
	der_put_unsigned(&o, number, n);
	der_put_unsigned(&o, number, 3);
	der_put_unsigned(&o, number, n);
	der_put_unsigned(&o, NULL, 0);
	der_wrap(&o, DER_SEQUENCE, mark);
	assert_false(o.over);
	return cert_key_read(der_result(&o), &l);
}

static void sizes_of_rsa_keys(void **state)
{
	assert_true(rsa_key_of(256, 128));
	assert_true(rsa_key_of(512, 256));
	assert_false(rsa_key_of(255, 128));
	assert_false(rsa_key_of(513, 256));
	assert_false(rsa_key_of(512, 257));
	assert_false(rsa_key_of(512, 400));
	assert_false(rsa_key_of(256, 0));
}

/* Parts that don't belong together are found before anybody connects. */
static void rsa_key_with_a_wrong_part(void **state)
{
	static uint8_t der[CERT_KEY_DER_MAX];
	static struct identity_leaf l;
	struct cert_view v;
	struct pem p;

	rig_load("good_rsa.pem");
	assert_true(cert_parse(slice_of(rig_chain[0].der, rig_chain[0].len), &v));
	rig_read("good_pkcs1.key");
	pem_start(&p, 0, der, sizeof der);
	assert_int_equal(pem_next(&p, slice_of(rig_text, rig_text_len)), 1);
	assert_true(cert_key_read(slice_of(der, p.len), &l));
	assert_true(cert_key_fits(&l, &v));
	for (size_t at = p.len - 600; at < p.len; at += 7) {
		der[at] ^= 4;
		if (cert_key_read(slice_of(der, p.len), &l))
			assert_false(cert_key_fits(&l, &v));
		der[at] ^= 4;
	}
}

/* A label without a newline, one that is too long, blocks one behind the other, space in lines. */
static void pem_forms(void **state)
{
	static const struct { const char *text; int want; size_t len; } rows[] = {
		{ "-----BEGIN A-----\nQUJD\n-----END A-----", 1, 3 },
		{ "-----BEGIN A-----\n QU\tJD \n-----END A-----\n", 1, 3 },
		{ "-----BEGIN A-----\r\nQUJDRA==\r\n-----END A-----\r\n", 1, 4 },
		{ "-----BEGIN A-----\n-----END A-----\n", 1, 0 },
		{ "x-----BEGIN A-----\nQUJD\n-----END A-----\n", 0, 0 },
		{ "-----BEGIN A----\nQUJD\n-----END A-----\n", 0, 0 },
		{ "-----BEGIN -----\nQUJD\n-----END -----\n", 0, 0 },
		{ "-----BEGIN A-----\nQUJD\n-----END B-----\n", E_ARG, 0 },
		{ "-----BEGIN A-----\nQUJ\n-----END A-----\n", E_ARG, 0 },
		{ "-----BEGIN A-----\nQQ==QUJD\n-----END A-----\n", E_ARG, 0 },
		{ "-----BEGIN A-----\nQUJD\n", E_ARG, 0 },
		{ "-----BEGIN A-----\nQUJD\n-----END A---", E_ARG, 0 },
		{ "-----BEGIN A-----\nQUJDQUJDQUJD\n-----END A-----\n", E_LIMIT, 0 },
		{ "-----BEGIN AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-----\nQUJD\n", 0, 0 },
		{ "", 0, 0 },
	};
	uint8_t out[8];
	struct pem p;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice text = slice_str(rows[i].text);
		int r;

		pem_start(&p, 0, out, sizeof out);
		r = pem_next(&p, text);
		if (r != rows[i].want || (r == 1 && p.len != rows[i].len))
			fail_msg("row %zu: %d", i, r);
		for (int more = 0; more < 4 && r != 0; more++)
			r = pem_next(&p, text);
		assert_int_equal(r, 0);
	}
}

static int setup(void **state)
{
	rig_reset();
	rig_load("good.pem");
	base = slice_of(rig_chain[0].der, rig_chain[0].len);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(algorithm_inside_and_outside),
		TEST(extensions_once_each),
		TEST(something_behind),
		TEST(dates),
		TEST(keys_of_odd_form),
		TEST(der_lengths),
		TEST(der_written_is_read),
		TEST(names_cover),
		TEST(titles),
		TEST(sizes_of_rsa_keys),
		TEST(rsa_key_with_a_wrong_part),
		TEST(pem_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
