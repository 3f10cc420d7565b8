/*
 * test_x509.c - chains that must be taken and chains that must be refused (protocol.md 1.9, TL-07, TL-08,
 * ), each whole and byte by byte.
 */
#include "x509_rig.h"

#define NAME "mail.example.org"

static const struct row {
	const char *chain, *trust, *name;
	enum tls_failure want;
} rows[] = {
	/* the good ones */
	{ "good", "root", NAME, TLS_FINE },
	{ "good_rsa", "root", NAME, TLS_FINE },
	{ "rsa_sha384", "root_rsa", NAME, TLS_FINE },
	{ "by_384", "root_384", NAME, TLS_FINE },
	{ "rsa4096", "root", NAME, TLS_FINE },
	{ "p384", "root", NAME, TLS_FINE },
	{ "p521", "root", NAME, TLS_FINE },
	{ "sha512", "root", NAME, TLS_FINE },
	{ "no_usage", "root", NAME, TLS_FINE },
	{ "two_usages", "root", NAME, TLS_FINE },
	{ "mid_any", "root", NAME, TLS_FINE },
	{ "full", "root", NAME, TLS_FINE },
	{ "by_short", "short", NAME, TLS_FINE },
	{ "good_alone", "inter", NAME, TLS_FINE },
	{ "deep10", "root", NAME, TLS_FINE },
	{ "noise", "root", NAME, TLS_FINE },
	/* names (TL-07) */
	{ "good_names", "root", NAME, TLS_FINE },
	{ "good", "root", "MAIL.Example.ORG", TLS_FINE },
	{ "good", "root", "mail.example.org.", TLS_FINE },
	{ "good_names", "root", "a.wild.example.org", TLS_FINE },
	{ "good_names", "root", "A-1.WILD.example.org.", TLS_FINE },
	{ "good_names", "root", "wild.example.org", TLS_WRONG_NAME },
	{ "good_names", "root", "a.b.wild.example.org", TLS_WRONG_NAME },
	{ "good_names", "root", "192.0.2.1", TLS_FINE },
	{ "good_names", "root", "2001:db8::1", TLS_FINE },
	{ "good_names", "root", "[2001:db8:0:0::1]", TLS_FINE },
	{ "good_names", "root", "192.0.2.2", TLS_WRONG_NAME },
	{ "good_names", "root", "2001:db8::2", TLS_WRONG_NAME },
	{ "good", "root", "192.0.2.1", TLS_WRONG_NAME },
	{ "wrong_name", "root", NAME, TLS_WRONG_NAME },
	{ "star_top", "root", "example.org", TLS_WRONG_NAME },
	{ "star_top", "root", NAME, TLS_WRONG_NAME },
	{ "star_top", "root", "org", TLS_WRONG_NAME },
	{ "star_partial", "root", NAME, TLS_WRONG_NAME },
	{ "nul", "root", NAME, TLS_WRONG_NAME },
	{ "only_mail", "root", NAME, TLS_WRONG_NAME },
	{ "cn_only", "root", NAME, TLS_NO_NAME },
	{ "good", "root", "", TLS_WRONG_NAME },
	{ "good", "root", ".", TLS_WRONG_NAME },
	{ "good", "root", "mail..example.org", TLS_WRONG_NAME },
	{ "good", "root", ".mail.example.org", TLS_WRONG_NAME },
	{ "good", "root", "*.example.org", TLS_WRONG_NAME },
	{ "good", "root", "m\xc3\xa4il.example.org", TLS_WRONG_NAME },
	/* dates */
	{ "expired", "root", NAME, TLS_EXPIRED },
	{ "early", "root", NAME, TLS_NOT_YET },
	{ "mid_expired", "root", NAME, TLS_EXPIRED },
	{ "mid_early", "root", NAME, TLS_NOT_YET },
	{ "by_old", "old", NAME, TLS_EXPIRED },
	/* trust */
	{ "good", "root_rsa", NAME, TLS_UNKNOWN_CA },
	{ "good_alone", "root", NAME, TLS_UNKNOWN_CA },
	{ "alone", "root", NAME, TLS_UNKNOWN_CA },
	{ "alone_ca", "root", NAME, TLS_UNKNOWN_CA },
	{ "by_twin_a", "twins", NAME, TLS_FINE },
	{ "by_twin_b", "twins", NAME, TLS_FINE },
	{ "by_twin_a", "twin_b", NAME, TLS_UNKNOWN_CA },
	{ "good", "missing", NAME, TLS_NO_TRUST },
	/* authorities */
	{ "under_leaf", "root", NAME, TLS_NOT_CA },
	{ "mid_no_basic", "root", NAME, TLS_NOT_CA },
	{ "mid_no_sign", "root", NAME, TLS_NOT_CA },
	{ "by_no_sign", "no_sign", NAME, TLS_NOT_CA },
	{ "path_len", "root", NAME, TLS_NOT_CA },
	{ "anchor_path_len", "short", NAME, TLS_NOT_CA },
	{ "deep11", "root", NAME, TLS_UNKNOWN_CA },
	{ "nc_critical", "root", NAME, TLS_CONSTRAINED },
	{ "nc_plain", "root", NAME, TLS_CONSTRAINED },
	{ "nc_kept", "root", NAME, TLS_CONSTRAINED },
	{ "by_narrow", "narrow", NAME, TLS_CONSTRAINED },
	{ "odd_critical", "root", NAME, TLS_CONSTRAINED },
	/* usage */
	{ "client", "root", NAME, TLS_USAGE },
	{ "any_usage", "root", NAME, TLS_USAGE },
	{ "mid_client", "root", NAME, TLS_USAGE },
	{ "by_mail_root", "mail_root", NAME, TLS_USAGE },
	{ "usage_critical", "root", NAME, TLS_CONSTRAINED },
	/* strength */
	{ "rsa1024", "root", NAME, TLS_WEAK },
	{ "mid_rsa1024", "root", NAME, TLS_WEAK },
	{ "by_weak", "weak", NAME, TLS_WEAK },
	{ "k1", "root", NAME, TLS_WEAK },
	{ "p224", "root", NAME, TLS_WEAK },
	{ "sha1", "root", NAME, TLS_WEAK },
	{ "sha1_rsa", "root_rsa", NAME, TLS_WEAK },
	{ "md5_rsa", "root_rsa", NAME, TLS_WEAK },
	{ "sha224", "root", NAME, TLS_WEAK },
	{ "mid_sha1", "root", NAME, TLS_WEAK },
	/* what we don't know */
	{ "ed25519", "root", NAME, TLS_MALFORMED },
	{ "pss", "root_rsa", NAME, TLS_MALFORMED },
	{ "big", "root", NAME, TLS_MALFORMED },
};

static const char *file_of(const char *stem, const char *before)
{
	static char name[2][64];
	char *out = name[before[0] != '\0'];

	snprintf(out, sizeof name[0], "%s%s.pem", before, stem);
	return out;
}

static void play(const struct row *r, size_t piece)
{
	enum tls_failure got;

	rig_load(file_of(r->chain, ""));
	got = rig_verify(r->name, file_of(r->trust, "ca_"), NULL, 0, piece);
	if (got != r->want)
		fail_msg("%s under %s for \"%s\", %zu at a time: want %d, got %d", r->chain, r->trust, r->name,
			piece, r->want, got);
}

static void every_row_of_1_9_whole(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		play(&rows[i], RIG_CERT);
}

static void every_row_byte_by_byte(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		play(&rows[i], 1);
}

static void many_splits_of_one_chain(void **state)
{
	for (size_t piece = 2; piece < 600; piece += piece < 32 ? 1 : 31)
		play(&rows[0], piece);
}

/* no known time, no verification. */
static void time_unknown_a50(void **state)
{
	rig_load("good.pem");
	sim_wall_set(1795348800, false);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_NO_CLOCK);
	sim_wall_set(1795348800, true);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
}

/* The first and the last second of life, and those around. */
static void dates_to_the_second(void **state)
{
	static const int64_t start = 1767225600, end = 2051222400;
	static const struct { int64_t at; enum tls_failure want; } when[] = {
		{ start - 1, TLS_NOT_YET }, { start, TLS_FINE }, { end, TLS_FINE }, { end + 1, TLS_EXPIRED },
		{ 0, TLS_NOT_YET }, { INT64_C(253402300799), TLS_EXPIRED },
	};

	rig_load("good.pem");
	for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
		sim_wall_set(when[i].at, true);
		assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), when[i].want);
	}
}

/* a store that is empty, garbage, or vanishes between two certificates never trusts. */
static void broken_trust_a57(void **state)
{
	rig_load("good.pem");
	sim_file_set("ca_root.pem", "", 0);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_NO_TRUST);
	sim_file_set("ca_root.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 60);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_NO_TRUST);
	assert_int_equal(rig_verify(NAME, NULL, NULL, 0, 100), TLS_NO_TRUST);
	assert_int_equal(rig_verify(NAME, "", NULL, 0, 100), TLS_NO_TRUST);
	rig_file("ca_root.pem");
	sim_file_mode("ca_root.pem", 0, false);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_NO_TRUST);
}

static void trust_vanishes_in_between(void **state)
{
	struct tls_client_want want = { .name = NAME, .trust = "ca_root.pem", .fresh = true };
	enum tls_failure why;

	rig_load("good.pem");
	assert_int_equal(x509_check_start(&rig_check, &want, &why), E_OK);
	sim_file_set("ca_root.pem", NULL, 0);
	assert_int_equal(rig_run(100), TLS_NO_TRUST);
	rig_file("ca_root.pem");
	assert_int_equal(x509_check_start(&rig_check, &want, &why), E_OK);
	assert_int_equal(rig_run(100), TLS_FINE);
}

/* TL-10: pins on the leaf, on an intermediate, on an anchor; and a pin that fits nothing. */
static void pins_tl10(void **state)
{
	uint8_t pins[2][32];

	rig_load("ca_root.pem");
	rig_pin(0, pins[0]);
	rig_load("good.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", (const void *)pins, 1, 100), TLS_FINE);
	assert_int_equal(rig_verify(NAME, "missing.pem", (const void *)pins, 1, 100), TLS_PIN);
	memset(pins[0], 7, sizeof pins[0]);
	for (int i = 0; i < 2; i++) {
		rig_pin(i, pins[1]);
		assert_int_equal(rig_verify(NAME, "missing.pem", (const void *)pins, 2, 100), TLS_FINE);
		assert_int_equal(rig_verify(NAME, NULL, (const void *)pins, 2, 100), TLS_FINE);
		assert_int_equal(rig_verify(NAME, "ca_root.pem", (const void *)pins, 1, 100), TLS_PIN);
		assert_int_equal(rig_verify("x.example.org", NULL, (const void *)pins, 2, 100), TLS_WRONG_NAME);
	}
}

/* A pin does not excuse a signature that is wrong between leaf and pinned authority. */
static void pinned_authority_must_have_signed(void **state)
{
	uint8_t pins[1][32];

	rig_load("good.pem");
	rig_pin(1, pins[0]);
	rig_chain[0].der[rig_chain[0].len - 1] ^= 1;
	assert_int_equal(rig_verify(NAME, NULL, (const void *)pins, 1, 100), TLS_BAD_SIGNATURE);
	rig_load("by_twin_a.pem");
	rig_add("ca_twin_b.pem");
	rig_pin(1, pins[0]);
	assert_int_equal(rig_verify(NAME, NULL, (const void *)pins, 1, 100), TLS_BAD_SIGNATURE);
}

static void pinned_self_signed_and_its_dates(void **state)
{
	static const char *const files[] = { "alone.pem", "alone_ca.pem", "alone_sha1.pem" };
	uint8_t pins[1][32];

	for (size_t i = 0; i < 3; i++) {
		rig_load(files[i]);
		rig_pin(0, pins[0]);
		assert_int_equal(rig_verify(NAME, NULL, (const void *)pins, 1, 100), TLS_FINE);
	}
	rig_load("expired.pem");
	rig_pin(0, pins[0]);
	assert_int_equal(rig_verify(NAME, NULL, (const void *)pins, 1, 100), TLS_EXPIRED);
	rig_load("cn_only.pem");
	rig_pin(0, pins[0]);
	assert_int_equal(rig_verify(NAME, NULL, (const void *)pins, 1, 100), TLS_NO_NAME);
}

/* A server certificate that stands in the account's own trust file is trusted as it is, and only so: the
 * same key under other names is nothing. */
static void direct_trust(void **state)
{
	static const char *const files[] = { "alone.pem", "alone_ca.pem", "alone_sha1.pem", "good_alone.pem" };

	for (size_t i = 0; i < 4; i++) {
		rig_file(files[i]);
		rig_load(files[i]);
		assert_int_equal(rig_verify(NAME, files[i], NULL, 0, 100), TLS_FINE);
		assert_int_equal(rig_verify("other.example.org", files[i], NULL, 0, 100), TLS_WRONG_NAME);
	}
	rig_load("alone_sha1.pem");
	assert_int_equal(rig_verify(NAME, "alone.pem", NULL, 0, 100), TLS_WEAK);
	rig_load("alone.pem");
	rig_chain[0].der[rig_chain[0].len - 1] ^= 1;
	assert_int_equal(rig_verify(NAME, "alone.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
}

/* A leaf in the trust file is no authority: nothing it signed is trusted. */
static void leaf_in_trust_is_no_authority(void **state)
{
	rig_load("under_leaf.pem");
	rig_read("under_leaf.pem");
	rig_count = 1;
	sim_file_set("second_half.pem", strstr(rig_text, "-----END CERTIFICATE-----") + 26,
		rig_text_len - (size_t)(strstr(rig_text, "-----END CERTIFICATE-----") + 26 - rig_text));
	assert_int_equal(rig_verify(NAME, "second_half.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
}

/* Every byte of a chain's certificates matters. */
static void a_bit_of_every_byte_flipped(void **state)
{
	unsigned taken = 0;

	rig_load("good.pem");
	for (int c = 0; c < 2; c++)
		for (size_t i = 0; i < rig_chain[c].len; i++) {
			uint8_t flip = (uint8_t)(1 << i % 8);

			rig_chain[c].der[i] ^= flip;
			taken += rig_verify(NAME, "ca_root.pem", NULL, 0, RIG_CERT) == TLS_FINE;
			rig_chain[c].der[i] ^= flip;
		}
	assert_int_equal(taken, 0);
}

static void cut_and_lengthened(void **state)
{
	rig_load("good.pem");
	for (size_t len = rig_chain[0].len; len-- > 0;) {
		rig_chain[0].len = len;
		assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, RIG_CERT), TLS_MALFORMED);
	}
	rig_load("good.pem");
	rig_chain[0].der[rig_chain[0].len++] = 0;
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, RIG_CERT), TLS_MALFORMED);
}

static void no_certificate_at_all(void **state)
{
	rig_count = 0;
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 1), TLS_MALFORMED);
}

/* The engine announces a length and gives less, or more. */
static void announced_length_is_a_lie(void **state)
{
	struct tls_client_want want = { .name = NAME, .trust = "ca_root.pem", .fresh = true };
	const br_x509_class **ctx = &rig_check.vtable;
	enum tls_failure why;

	rig_load("good.pem");
	for (int more = -1; more <= 1; more += 2) {
		assert_int_equal(x509_check_start(&rig_check, &want, &why), E_OK);
		(*ctx)->start_chain(ctx, NULL);
		(*ctx)->start_cert(ctx, (uint32_t)((int)rig_chain[0].len + more));
		(*ctx)->append(ctx, rig_chain[0].der, rig_chain[0].len);
		(*ctx)->end_cert(ctx);
		assert_int_not_equal((*ctx)->end_chain(ctx), 0);
		assert_int_equal(x509_check_why(&rig_check, 0), TLS_MALFORMED);
	}
}

/* Behind the point where trust was reached, nothing is looked at; before it, what does not belong is
 * passed over, but not for ever. */
static void junk_in_the_chain(void **state)
{
	rig_load("good.pem");
	rig_add("big.pem");
	memset(rig_chain[2].der, 0xff, 100);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	rig_load("good_alone.pem");
	for (int i = 0; i < 9; i++)
		rig_add("ca_root_rsa.pem");
	rig_add("ca_inter.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	rig_count = 9;
	rig_add("ca_inter.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
}

static void facts_of_a_server(void **state)
{
	struct tls_facts facts = { .suite = 7 };

	rig_load("good.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	x509_check_facts(&rig_check, &facts);
	assert_string_equal(facts.issuer, "Test Intermediate");
	assert_int_equal(facts.days_left, 2961);
	assert_int_equal(facts.suite, 7);
}

static void codes_of_the_engine(void **state)
{
	static const struct { int code; enum tls_failure want; } codes[] = {
		{ 0, TLS_FINE }, { BR_ERR_BAD_PARAM, TLS_FINE }, { BR_ERR_X509_OK, TLS_FINE },
		{ BR_ERR_X509_BAD_SIGNATURE, TLS_BAD_SIGNATURE }, { BR_ERR_X509_TRUNCATED, TLS_MALFORMED },
		{ BR_ERR_X509_NOT_TRUSTED, TLS_UNKNOWN_CA }, { BR_ERR_X509_NOT_TRUSTED + 1, TLS_FINE },
		{ BR_ERR_WRONG_KEY_USAGE, TLS_USAGE }, { -5, TLS_FINE }, { 300, TLS_FINE },
	};

	memset(&rig_check, 0, sizeof rig_check);
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		assert_int_equal(x509_check_why(&rig_check, codes[i].code), codes[i].want);
}

static int setup(void **state)
{
	rig_reset();
	tls_forget_sessions();
	return 0;
}

static int teardown(void **state)
{
	return sim_open_handles();
}

/* A leaf that was verified needs no signature checked again, for a day, for the same wish and the
 * same trust: whatever stands behind it in the chain. Nothing else is remembered. */
static void a_verified_leaf_is_remembered(void **state)
{
	static const uint8_t pins[1][32] = { { 1 } };

	rig_remembers = true;
	rig_load("good_alone.pem");
	for (int i = 0; i < 2; i++)
		assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	rig_load("good.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	rig_load("good_alone.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	assert_int_equal(rig_verify("other.example", "ca_root.pem", NULL, 0, 100), TLS_WRONG_NAME);
	assert_int_equal(rig_verify(NAME, "ca_root_rsa.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", pins, 1, 100), TLS_PIN);
	rig_chain[0].der[rig_chain[0].len - 1] ^= 1;
	assert_int_not_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	rig_load("good_alone.pem");
	rig_remembers = false;
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	rig_remembers = true;
	tls_forget_sessions();
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	rig_remembers = false;
}

/* What is remembered ends after a day, and with the trust it came from. */
static void what_is_remembered_ends(void **state)
{
	int64_t now_s;

	rig_remembers = true;
	port_time(&now_s);
	rig_load("good.pem");
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	rig_load("good_alone.pem");
	sim_wall_set(now_s + 86399, true);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	sim_wall_set(now_s + 86400, true);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	sim_wall_set(now_s - 1, true);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	sim_wall_set(now_s, true);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_FINE);
	rig_file("ca_root.pem"); /* written again: a new stamp */
	sim_clock_advance(10000);
	assert_int_equal(rig_verify(NAME, "ca_root.pem", NULL, 0, 100), TLS_UNKNOWN_CA);
	rig_remembers = false;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_row_of_1_9_whole),
		TEST(every_row_byte_by_byte),
		TEST(many_splits_of_one_chain),
		TEST(time_unknown_a50),
		TEST(dates_to_the_second),
		TEST(broken_trust_a57),
		TEST(trust_vanishes_in_between),
		TEST(pins_tl10),
		TEST(pinned_authority_must_have_signed),
		TEST(pinned_self_signed_and_its_dates),
		TEST(direct_trust),
		TEST(leaf_in_trust_is_no_authority),
		TEST(a_bit_of_every_byte_flipped),
		TEST(cut_and_lengthened),
		TEST(no_certificate_at_all),
		TEST(announced_length_is_a_lie),
		TEST(junk_in_the_chain),
		TEST(facts_of_a_server),
		TEST(codes_of_the_engine),
		TEST(a_verified_leaf_is_remembered), TEST(what_is_remembered_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
