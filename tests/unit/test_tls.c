/*
 * test_tls.c - TLS through channels: handshakes of every kind, data both ways with lent buffers,
 * ends in order and out of order, sessions resumed.
 */
#include "tls_rig.h"

static uint32_t mix(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + p[i];
	return sum;
}

static uint32_t noise(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Sends in pieces of odd size, reads in pieces of odd size. */
static int bulk_step(struct side *s)
{
	struct slice in = chan_view(&s->ch);
	size_t room, n;
	uint8_t *p;
	int moved = 0;

	if (in.len > 0) {
		n = 1 + noise(&s->noise) % in.len;
		if (noise(&s->noise) % 4 == 0)
			n = in.len;
		s->sum_in = mix(s->sum_in, in.p, n);
		s->got += n;
		chan_skip(&s->ch, n);
		moved += (int)n;
	}
	if (s->sent < s->to_send && (p = chan_space(&s->ch, &room)) != NULL) {
		n = noise(&s->noise) % 3 ? noise(&s->noise) % 200 : noise(&s->noise) % 30000;
		n = n > room ? room : n < 1 ? 1 : n;
		n = n > s->to_send - s->sent ? (size_t)(s->to_send - s->sent) : n;
		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)noise(&s->noise);
		s->sum_out = mix(s->sum_out, p, n);
		s->sent += n;
		chan_commit(&s->ch, n);
		moved += (int)n;
	}
	return moved;
}

static void finish_handshake(struct wire *w)
{
	rig_settle(w);
	assert_int_equal(w->a->ch.error, E_OK);
	assert_int_equal(w->b->ch.error, E_OK);
	assert_true(chan_secure(&w->a->ch));
	assert_true(chan_secure(&w->b->ch));
	rig_nothing_lent();
}

static void expect_facts(const struct wire *w, uint16_t suite, bool resumed)
{
	struct tls_facts a, b;

	chan_facts(&w->a->ch, &a);
	chan_facts(&w->b->ch, &b);
	assert_int_equal(a.version, TLS_1_2);
	assert_int_equal(b.version, TLS_1_2);
	assert_int_equal(a.suite, b.suite);
	if (suite != 0)
		assert_int_equal(a.suite, suite);
	assert_int_equal(a.resumed, resumed);
	assert_int_equal(b.resumed, resumed);
	if (!resumed) {
		assert_true(b.days_left > 8000);
		assert_string_equal(b.issuer, "Test CA");
	}
}

static void exchange_lines(struct wire *w)
{
	rig_text(w->b, "EHLO me\r\n");
	rig_settle(w);
	rig_expect_line(w->a, "EHLO me");
	rig_text(w->a, "250-mail.test\r\n250 SIZE\r\n");
	rig_settle(w);
	rig_expect_line(w->b, "250-mail.test");
	rig_expect_line(w->b, "250 SIZE");
	rig_settle(w);
	rig_nothing_lent();
}

static void test_handshake_with_each_key(void **state)
{
	(void)state;
	for (uint8_t id = RIG_EC; id < RIG_IDENTITIES; id++) {
		struct tls_server_want sw = rig_server_want;
		struct wire w;
		struct tls_facts f;

		rig_reset(id + 1u);
		sw.identity = id;
		w = rig_tls_pair(&sw, &rig_client_want);
		finish_handshake(&w);
		expect_facts(&w, 0, false);
		chan_facts(&w.a->ch, &f);
		assert_int_equal(strstr(tls_suite_name(f.suite), "ECDSA") != NULL, id != RIG_RSA);
		exchange_lines(&w);
		rig_end();
	}
}

/* TL-14: by id, on both sides, only where scope, name and port are the same. */
static void test_resumption(void **state)
{
	struct tls_client_want other[3] = { rig_client_want, rig_client_want, rig_client_want };
	struct tls_server_want elsewhere = rig_server_want;
	struct wire w;

	(void)state;
	rig_reset(5);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	finish_handshake(&w);
	expect_facts(&w, 0, false);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	finish_handshake(&w);
	expect_facts(&w, 0, true);
	exchange_lines(&w);
	other[0].scope = "home";
	other[1].port = 587;
	other[2].pin_count = 0;
	other[2].trust = "/other.pem";
	sim_file_set("/other.pem", creds_ca_pem, strlen(creds_ca_pem));
	for (int i = 0; i < 3; i++) {
		w = rig_tls_pair(&rig_server_want, &other[i]);
		finish_handshake(&w);
		expect_facts(&w, 0, false);
	}
	elsewhere.cache_scope = 2;
	w = rig_tls_pair(&elsewhere, &rig_client_want);
	finish_handshake(&w);
	expect_facts(&w, 0, false);
	for (int i = 0; i < 2; i++) {
		w = rig_tls_pair(&rig_server_want, &rig_client_want);
		finish_handshake(&w);
		expect_facts(&w, 0, i == 1);
	}
	tls_forget_sessions();
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	finish_handshake(&w);
	expect_facts(&w, 0, false);
	rig_end();
}

static void test_old_sessions_are_forgotten(void **state)
{
	struct wire w;

	(void)state;
	rig_reset(6);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	finish_handshake(&w);
	sim_clock_advance(UINT64_C(7) * 3600 * 1000);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	finish_handshake(&w);
	expect_facts(&w, 0, false);
	rig_end();
}

static void bulk(uint64_t bytes, bool on, int piece, enum sim_segments how)
{
	struct wire w;

	rig_reset(bytes + (unsigned)piece);
	sim_segments(how, NULL, 0);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	w.piece = piece;
	w.a->step = w.b->step = bulk_step;
	w.a->to_send = w.b->to_send = bytes;
	w.a->noise = 1;
	w.b->noise = 2;
	chan_bulk(&w.a->ch, on);
	chan_bulk(&w.b->ch, on);
	rig_settle(&w);
	assert_int_equal(w.a->got, bytes);
	assert_int_equal(w.b->got, bytes);
	assert_int_equal(w.a->sum_in, w.b->sum_out);
	assert_int_equal(w.b->sum_in, w.a->sum_out);
	assert_int_equal(w.a->ch.read_total, bytes);
	assert_int_equal(w.a->ch.written_total, bytes);
	chan_bulk(&w.a->ch, false);
	chan_bulk(&w.b->ch, false);
	rig_settle(&w);
	rig_nothing_lent();
	rig_end();
}

static void test_bulk_both_ways(void **state)
{
	(void)state;
	bulk(20 << 20, true, 0, SIM_WHOLE);
	assert_true(pool_records_large.peak > 0);
}

static void test_bulk_in_small_buffers(void **state)
{
	(void)state;
	bulk(2 << 20, false, 0, SIM_WHOLE);
}

static void test_bulk_in_odd_pieces(void **state)
{
	(void)state;
	bulk(1 << 20, true, 700, SIM_WHOLE);
	bulk(1 << 20, true, 0, SIM_RANDOM);
	bulk(30000, true, 0, SIM_BYTES);
}

/* Randomness comes from the port alone: a run repeats byte by byte. */
static void test_equal_seeds_give_equal_bytes(void **state)
{
	uint32_t sum[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct wire w;

		rig_reset(i == 2 ? 8 : 7);
		w = rig_tls_pair(&rig_server_want, &rig_client_want);
		finish_handshake(&w);
		exchange_lines(&w);
		sum[i] = w.sum;
		rig_end();
	}
	assert_int_equal(sum[0], sum[1]);
	assert_int_not_equal(sum[0], sum[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake_with_each_key),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_old_sessions_are_forgotten),
		cmocka_unit_test(test_equal_seeds_give_equal_bytes),
		cmocka_unit_test(test_bulk_both_ways),
		cmocka_unit_test(test_bulk_in_small_buffers),
		cmocka_unit_test(test_bulk_in_odd_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
