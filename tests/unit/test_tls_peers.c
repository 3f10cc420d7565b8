/*
 * test_tls_peers.c - TLS with peers that are old or strange: versions, suites, ALPN,
 * renegotiation, odd records.
 */
#include "tls_raw.h"

/* ---- versions and suites ---- */

/* TL-01: what is below version_min is refused, what is not is served, with every key. */
static void test_versions_of_clients(void **state)
{
	const uint16_t versions[] = { TLS_1_0, TLS_1_1, TLS_1_2 };

	(void)state;
	for (int i = 0; i < 27; i++) {
		uint16_t min = versions[i / 9], max = versions[i / 3 % 3];
		uint8_t id = (uint8_t)(i % 3);
		struct tls_facts f;
		struct side *s;

		rig_reset((uint64_t)i);
		s = raw_facing_server(min, id, NULL);
		if (id == RIG_RSA)
			raw_client_rsa(s);
		else
			raw_client_ec(s);
		br_ssl_engine_set_versions(raw.eng, TLS_1_0, max);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		if (max < min) {
			raw_expect_failure(s, TLS_VERSION);
			assert_int_equal(br_ssl_engine_last_error(raw.eng), BR_ERR_RECV_FATAL_ALERT + 70);
		} else {
			assert_true(chan_secure(&s->ch));
			chan_facts(&s->ch, &f);
			assert_int_equal(f.version, max);
			raw_say("NOOP\r\n", 6);
			rig_expect_line(s, "NOOP");
		}
		rig_end();
	}
}

/* One suite at a time: served where the owner's choice of versions allows it. */
static void test_suites_of_clients(void **state)
{
	static const struct { uint16_t suite; bool strict, old; } rows[] = {
		{ BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, true, true },
		{ BR_TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, false, false },
		{ BR_TLS_RSA_WITH_AES_128_GCM_SHA256, false, true },
		{ BR_TLS_RSA_WITH_AES_256_CBC_SHA256, false, true },
		{ BR_TLS_RSA_WITH_AES_128_CBC_SHA, false, true },
		{ BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA, false, true },
		{ BR_TLS_RSA_WITH_AES_128_CCM, false, false },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		bool old = i % 2 != 0;
		struct side *s;

		rig_reset(i);
		s = raw_facing_server(old ? TLS_1_0 : TLS_1_2, RIG_BOTH, NULL);
		raw_client_rsa(s);
		br_ssl_engine_set_suites(raw.eng, &rows[i / 2].suite, 1);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		if (old ? rows[i / 2].old : rows[i / 2].strict) {
			assert_true(chan_secure(&s->ch));
			raw_say("a\r\n", 3);
			rig_expect_line(s, "a");
		} else {
			raw_expect_failure(s, TLS_NO_SUITE);
		}
		rig_end();
	}
}

/* ECDSA where the client can, RSA where it cannot; with both keys there. */
static void test_key_suits_the_client(void **state)
{
	struct tls_facts f;
	struct side *s;

	(void)state;
	for (int with_ecdsa = 0; with_ecdsa < 2; with_ecdsa++) {
		rig_reset(1);
		s = raw_facing_server(TLS_1_2, RIG_BOTH, NULL);
		if (with_ecdsa) {
			raw_client_ec(s);
		} else {
			raw_client_rsa(s);
			br_ssl_engine_set_ecdsa(raw.eng, 0);
		}
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		assert_true(chan_secure(&s->ch));
		chan_facts(&s->ch, &f);
		assert_int_equal(strstr(tls_suite_name(f.suite), "ECDSA") != NULL, with_ecdsa);
		rig_end();
	}
}

/* ServerHello of a server that knows TLS 1.1. */
static const uint8_t hello_1_1[5 + 42] = { 22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, [5 + 39] = 0xc0, 0x09 };

static void test_our_client_takes_only_1_2(void **state)
{
	struct side *s;

	(void)state;
	rig_reset(1);
	s = raw_facing_client();
	rig_settle(NULL);
	sim_peer_write(s->far, hello_1_1, sizeof hello_1_1);
	rig_settle(NULL);
	raw_expect_failure(s, TLS_VERSION);
	rig_end();
	rig_reset(1);
	s = raw_facing_client();
	raw_server(s);
	br_ssl_engine_set_suites(raw.eng, (uint16_t[]){ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA }, 1);
	assert_true(br_ssl_server_reset(&raw.server));
	raw_settle();
	assert_int_equal(s->ch.error, E_TLS);
	assert_int_equal(s->ch.why, TLS_ALERT);
	assert_int_equal(s->ch.alert, 40);
	assert_string_equal(tls_alert_name(40), "handshake failure");
	rig_end();
}

/* A-07; with a session that is resumed, too. */
static void test_alpn(void **state)
{
	static const struct { const char *ours, *theirs; bool works; } rows[] = {
		{ "smtp", NULL, true }, { "smtp", "smtp", true }, { "smtp", "http/1.1", false },
		{ "smtp", "smt", false }, { "smtp", "smtps", false }, { NULL, "h2", true },
	};
	br_ssl_session_parameters session;
	struct side *s;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		const char *names[] = { rows[i / 2].theirs };
		bool resume = i % 2 != 0;

		rig_reset(i);
		for (int turn = 0; turn <= (int)resume; turn++) {
			s = raw_facing_server(TLS_1_2, RIG_EC, rows[i / 2].ours);
			raw_client_ec(s);
			if (turn == 1)
				br_ssl_engine_set_session_parameters(raw.eng, &session);
			if (names[0] != NULL && turn == (int)resume)
				br_ssl_engine_set_protocol_names(raw.eng, names, 1);
			assert_true(br_ssl_client_reset(&raw.client, "mail.test", turn));
			raw_settle();
			br_ssl_engine_get_session_parameters(raw.eng, &session);
		}
		if (rows[i / 2].works) {
			struct tls_facts f;

			assert_true(chan_secure(&s->ch));
			chan_facts(&s->ch, &f);
			assert_int_equal(f.resumed, resume);
		} else {
			raw_expect_failure(s, TLS_PROTOCOL);
			assert_int_equal(br_ssl_engine_last_error(raw.eng), BR_ERR_RECV_FATAL_ALERT + 120);
		}
		if (rows[i / 2].works && rows[i / 2].ours != NULL && names[0] != NULL)
			assert_string_equal(br_ssl_engine_get_selected_protocol(raw.eng), "smtp");
		rig_end();
	}
}

/* TL-03: asked to renegotiate we say no, and go on. */
static void test_no_renegotiation(void **state)
{
	struct side *s;

	(void)state;
	rig_reset(1);
	s = raw_facing_client();
	raw_server(s);
	assert_true(br_ssl_server_reset(&raw.server));
	raw_settle();
	assert_true(chan_secure(&s->ch));
	assert_int_equal(pool_x509.now, 0);
	br_ssl_engine_renegotiate(raw.eng);
	raw_settle();
	assert_int_equal(br_ssl_engine_last_error(raw.eng), BR_ERR_RECV_FATAL_ALERT + 100);
	assert_int_equal(s->ch.error, E_OK);
	rig_end();
	rig_reset(1);
	s = raw_facing_server(TLS_1_2, RIG_EC, NULL);
	raw_client_ec(s);
	assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
	raw_settle();
	assert_true(chan_secure(&s->ch));
	br_ssl_engine_renegotiate(raw.eng);
	raw_settle();
	assert_int_equal(br_ssl_engine_last_error(raw.eng), BR_ERR_RECV_FATAL_ALERT + 100);
	assert_int_equal(s->ch.error, E_OK);
	rig_end();
}

/* TL-16: a handshake of empty hellos comes to an end. */
static void test_endless_handshake(void **state)
{
	static const uint8_t record[9] = { 22, 3, 1, 0, 4 };
	struct side *s;
	int sent = 0;

	(void)state;
	rig_reset(1);
	s = raw_facing_server(TLS_1_0, RIG_EC, NULL);
	while (s->ch.error == E_OK && sent < 20000) {
		sent += sim_peer_write(s->far, record, sizeof record) > 0;
		rig_settle(NULL);
	}
	raw_expect_failure(s, TLS_PROTOCOL);
	assert_in_range(sent, 14000, 15000);
	rig_end();
}

static int flood_step(struct side *s)
{
	struct slice v = chan_view(&s->ch);
	size_t room, moved = v.len;
	uint8_t *p;

	for (size_t i = 0; i < v.len; i++)
		assert_int_equal(v.p[i], (uint8_t)(s->got++ * 7));
	chan_skip(&s->ch, v.len);
	if (s->sent == s->to_send || (p = chan_space(&s->ch, &room)) == NULL)
		return (int)moved;
	if (room > s->to_send - s->sent)
		room = (size_t)(s->to_send - s->sent);
	for (size_t i = 0; i < room; i++)
		p[i] = (uint8_t)(s->sent++ * 7);
	chan_commit(&s->ch, room);
	return (int)(moved + room);
}

/* 100 kB each way in every kind of record: split, explicit vector, every padding. */
static void test_bulk_with_old_suites(void **state)
{
	static const struct { uint16_t version, suite; } rows[] = {
		{ TLS_1_0, BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA },
		{ TLS_1_0, BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA },
		{ TLS_1_1, BR_TLS_RSA_WITH_AES_256_CBC_SHA }, { TLS_1_2, BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA },
		{ TLS_1_2, BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 },
		{ TLS_1_2, BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 },
	};
	static uint8_t pattern[100000];

	(void)state;
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		struct side *s;

		rig_reset(i);
		s = raw_facing_server(TLS_1_0, RIG_RSA, NULL);
		s->step = flood_step;
		chan_bulk(&s->ch, i % 2 != 0);
		raw_client_rsa(s);
		br_ssl_engine_set_versions(raw.eng, TLS_1_0, rows[i / 2].version);
		br_ssl_engine_set_suites(raw.eng, &rows[i / 2].suite, 1);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		assert_true(chan_secure(&s->ch));
		raw_say(pattern, sizeof pattern);
		assert_int_equal(s->got, sizeof pattern);
		s->to_send = sizeof pattern;
		due_mark(s->ch.owner);
		raw_hear(pattern, sizeof pattern);
		raw_settle();
		chan_bulk(&s->ch, false);
		due_mark(s->ch.owner);
		raw_settle();
		rig_nothing_lent();
		rig_end();
	}
}

/* A record whose length is no multiple of the block must not reach the cipher. */
static void test_odd_lengths_in_cbc(void **state)
{
	static const uint16_t suites[] = { BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA,
		BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 };

	(void)state;
	for (int i = 0; i < 3 * 40; i++) {
		uint8_t record[5 + 200] = { 23, 3, 3, 0, (uint8_t)(80 + i / 3) };
		bool fits = record[4] % (i % 3 == 0 ? 8 : 16) == 0;
		struct side *s;

		rig_reset((uint64_t)i);
		s = raw_facing_server(TLS_1_0, RIG_RSA, NULL);
		raw_client_rsa(s);
		br_ssl_engine_set_suites(raw.eng, &suites[i % 3], 1);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		assert_true(chan_secure(&s->ch));
		sim_peer_write(s->far, record, 5);
		rig_settle(NULL);
		assert_int_equal(s->ch.error, fits ? E_OK : E_TLS);
		sim_peer_write(s->far, record + 5, record[4]);
		rig_settle(NULL);
		raw_expect_failure(s, TLS_PROTOCOL);
		rig_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_of_clients),
		cmocka_unit_test(test_suites_of_clients),
		cmocka_unit_test(test_key_suits_the_client),
		cmocka_unit_test(test_our_client_takes_only_1_2),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_no_renegotiation),
		cmocka_unit_test(test_odd_lengths_in_cbc),
		cmocka_unit_test(test_endless_handshake),
		cmocka_unit_test(test_bulk_with_old_suites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
