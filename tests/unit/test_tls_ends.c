/*
 * test_tls_ends.c - TLS that begins or ends badly: bytes in clear where TLS has to be, cut
 * connections, altered bytes, contexts that run out; and close_notify, as it should be.
 */
#include "tls_raw.h"

/* ---- clear bytes ---- */

/* what came in clear before TLS fails it; what comes in its place is no TLS. */
static void test_injected_bytes(void **state)
{
	static const char *const bytes[] = { "EHLO evil\r\n", "250 injected\r\n", "\x16\x02\x00\x00\x05xxxxx" };
	struct tls_server_want sw = rig_server_want;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		bool before = i % 2 == 0, server = i / 2 % 2 == 0;
		const char *text = bytes[i / 4];
		struct side *s;

		rig_reset(i);
		s = server ? rig_accept() : rig_connect();
		rig_settle(NULL);
		if (before) {
			sim_peer_write(s->far, text, 10);
			rig_settle(NULL);
		}
		assert_int_equal(server ? chan_tls_server(&s->ch, &sw) :
			chan_tls_client(&s->ch, &rig_client_want), before ? E_TLS : E_OK);
		if (!before) {
			sim_peer_write(s->far, text, 10);
			due_mark(s->ch.owner);
			rig_settle(NULL);
		}
		raw_expect_failure(s, before ? TLS_INJECTED : TLS_PLAINTEXT);
		assert_int_equal(chan_pump(&s->ch), E_TLS);
		rig_end();
	}
}

static void test_unsent_output_fails_the_barrier(void **state)
{
	struct side *s;

	(void)state;
	rig_reset(1);
	s = rig_accept();
	rig_text(s, "220 go\r\n");
	assert_int_equal(chan_tls_server(&s->ch, &rig_server_want), E_TLS);
	raw_expect_failure(s, TLS_INJECTED);
	rig_end();
}

/* Detection: the bytes that were looked at belong to the handshake. */
static void test_buffered_bytes_go_to_the_engine(void **state)
{
	struct tls_server_want sw = rig_server_want;
	struct side *s;
	uint8_t *p;
	size_t len;

	(void)state;
	for (size_t first = 1; first < 150; first += 7) {
		rig_reset(first);
		s = rig_accept();
		raw_client_ec(s);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		p = br_ssl_engine_sendrec_buf(raw.eng, &len);
		assert_true(len > 150);
		assert_int_equal(sim_peer_write(s->far, p, first), first);
		br_ssl_engine_sendrec_ack(raw.eng, first);
		rig_settle(NULL);
		assert_int_equal(chan_view(&s->ch).len, first);
		sw.buffered = true;
		assert_int_equal(chan_tls_server(&s->ch, &sw), E_OK);
		assert_int_equal(chan_view(&s->ch).len, 0);
		raw_settle();
		due_mark(s->ch.owner);
		raw_settle();
		assert_true(chan_secure(&s->ch));
		raw_say("QUIT\r\n", 6);
		rig_expect_line(s, "QUIT");
		raw_settle();
		rig_nothing_lent();
		rig_end();
	}
}

/* ---- ends ---- */

/* TL-13: an end without close_notify is a cut; what was whole before it can be read. */
static void test_truncation(void **state)
{
	(void)state;
	for (int cut = 0; cut < 3; cut++) {
		struct side *s;
		uint8_t *p;
		size_t len;

		rig_reset((uint64_t)cut);
		s = raw_facing_server(TLS_1_2, RIG_EC, NULL);
		raw_client_ec(s);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		raw_say("one\r\n", 5);
		if (cut > 0) {
			p = br_ssl_engine_sendapp_buf(raw.eng, &len);
			memcpy(p, "two\r\n", 5);
			br_ssl_engine_sendapp_ack(raw.eng, 5);
			br_ssl_engine_flush(raw.eng, 0);
			p = br_ssl_engine_sendrec_buf(raw.eng, &len);
			sim_peer_write(s->far, p, cut == 1 ? 3 : len - 1);
		}
		sim_peer_finish(s->far);
		rig_settle(NULL);
		rig_expect_line(s, "one");
		rig_settle(NULL);
		raw_expect_failure(s, TLS_TRUNCATED);
		assert_false(chan_at_end(&s->ch));
		rig_nothing_lent();
		rig_end();
	}
}

static void test_close_notify_from_the_peer(void **state)
{
	struct slice line;
	struct side *s;

	(void)state;
	rig_reset(1);
	s = raw_facing_server(TLS_1_2, RIG_EC, NULL);
	raw_client_ec(s);
	assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
	raw_settle();
	raw_say("QUIT\r\nrest", 10);
	br_ssl_engine_close(raw.eng);
	raw_settle();
	assert_false(s->ch.ended);
	rig_expect_line(s, "QUIT");
	assert_int_equal(chan_line(&s->ch, &line, NULL), E_AGAIN);
	due_mark(s->ch.owner);
	raw_settle();
	assert_true(s->ch.ended);
	assert_int_equal(chan_line(&s->ch, &line, NULL), E_EOF);
	chan_skip(&s->ch, 4);
	assert_true(chan_at_end(&s->ch));
	assert_int_equal(s->ch.error, E_OK);
	assert_int_equal(br_ssl_engine_last_error(raw.eng), BR_ERR_OK);
	assert_int_equal(br_ssl_engine_current_state(raw.eng), BR_SSL_CLOSED);
	assert_int_equal(chan_put(&s->ch, "221\r\n", 5), E_OK);
	assert_int_equal(chan_finish(&s->ch), E_OK);
	rig_end();
}

/* Our close_notify, then FIN; a peer that just goes away is no failure any more. */
static void test_finish_sends_close_notify(void **state)
{
	(void)state;
	for (int rude = 0; rude < 2; rude++) {
		struct side *s;

		rig_reset(1);
		s = raw_facing_server(TLS_1_2, RIG_EC, NULL);
		raw_client_ec(s);
		assert_true(br_ssl_client_reset(&raw.client, "mail.test", 0));
		raw_settle();
		rig_text(s, "221 bye\r\n");
		assert_int_equal(chan_finish(&s->ch), E_AGAIN);
		raw_settle();
		assert_int_equal(chan_finish(&s->ch), E_OK);
		if (rude) {
			sim_peer_close(s->far);
			rig_settle(NULL);
			assert_int_equal(s->ch.error, E_OK);
			assert_true(s->ch.ended);
		} else {
			size_t len;
			uint8_t *p = br_ssl_engine_recvapp_buf(raw.eng, &len);

			raw_settle();
			p = br_ssl_engine_recvapp_buf(raw.eng, &len);
			assert_int_equal(len, 9);
			assert_memory_equal(p, "221 bye\r\n", 9);
			br_ssl_engine_recvapp_ack(raw.eng, len);
			raw_settle();
			assert_int_equal(br_ssl_engine_current_state(raw.eng), BR_SSL_CLOSED);
			assert_int_equal(br_ssl_engine_last_error(raw.eng), BR_ERR_OK);
		}
		assert_int_equal(chan_finish(&s->ch), E_OK);
		rig_end();
	}
}

/* One altered byte anywhere: the handshake or the record fails, and nothing stays lent. */
static void test_altered_bytes(void **state)
{
	(void)state;
	for (uint64_t at = 0; at < 900; at += 13) {
		struct wire w;
		uint64_t seen = 0;
		int failed = 0;

		rig_reset(at);
		w = rig_tls_pair(&rig_server_want, &rig_client_want);
		for (int quiet = 0; quiet < 4; quiet++) {
			if (rig_pass(NULL))
				quiet = 0;
			for (int way = 0; way < 2; way++) {
				struct side *from = way == 0 ? w.a : w.b, *to = way == 0 ? w.b : w.a;
				uint8_t buf[256];
				int n = sim_peer_read(from->far, buf, sizeof buf);

				if (way == 0 && n > 0 && at >= seen && at < seen + (uint64_t)n)
					buf[at - seen] ^= 0x55;
				if (way == 0 && n > 0)
					seen += (uint64_t)n;
				if (n > 0)
					sim_peer_write(to->far, buf, (size_t)n);
				if (n > 0)
					quiet = 0;
			}
		}
		failed = (w.b->ch.error == E_TLS) + (w.a->ch.error == E_TLS);
		if (at < seen)
			assert_true(failed > 0 || !chan_secure(&w.b->ch));
		rig_end();
	}
}

/* ---- what runs out ---- */

static void test_no_context_no_entropy_no_identity(void **state)
{
	static void *taken[BOARD_TLS_SERVERS];
	struct tls_server_want sw = rig_server_want;
	struct side *s, *c;

	(void)state;
	rig_reset(1);
	s = rig_accept();
	c = rig_connect();
	for (int i = 0; i < BOARD_TLS_SERVERS; i++)
		taken[i] = pool_get(&pool_tls_servers);
	assert_int_equal(chan_tls_server(&s->ch, &sw), E_NOSLOT);
	assert_int_equal(s->ch.why, TLS_NO_SLOT);
	rig_text(s, "454 later\r\n");
	rig_settle(NULL);
	assert_true(chan_flushed(&s->ch));
	for (int i = 0; i < BOARD_TLS_SERVERS; i++)
		pool_put(&pool_tls_servers, taken[i]);
	sim_entropy(false);
	assert_int_equal(chan_tls_server(&s->ch, &sw), E_TLS);
	assert_int_equal(s->ch.why, TLS_NO_ENTROPY);
	assert_int_equal(chan_tls_client(&c->ch, &rig_client_want), E_TLS);
	assert_int_equal(c->ch.why, TLS_NO_ENTROPY);
	sim_entropy(true);
	sw.identity = RIG_NOBODY;
	assert_int_equal(chan_tls_server(&s->ch, &sw), E_TLS);
	assert_int_equal(s->ch.why, TLS_NO_IDENTITY);
	sim_wall_set(0, false);
	assert_int_equal(chan_tls_client(&c->ch, &rig_client_want), E_TLS);
	assert_int_equal(c->ch.why, TLS_NO_CLOCK);
	assert_int_equal(c->ch.error, E_OK);
	rig_end();
}

/* A chain that does not suit: the reason is said, an alert goes out, nothing is remembered. */
static void test_wrong_name_is_told(void **state)
{
	struct tls_client_want cw = rig_client_want;
	struct wire w;

	(void)state;
	rig_reset(1);
	cw.name = "other.test";
	for (int i = 0; i < 2; i++) {
		w = rig_tls_pair(&rig_server_want, &cw);
		rig_settle(&w);
		raw_expect_failure(w.b, TLS_WRONG_NAME);
		assert_false(chan_secure(&w.b->ch));
		raw_expect_failure(w.a, TLS_ALERT);
		assert_int_equal(w.a->ch.alert, BR_ALERT_BAD_CERTIFICATE);
	}
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_injected_bytes),
		cmocka_unit_test(test_unsent_output_fails_the_barrier),
		cmocka_unit_test(test_buffered_bytes_go_to_the_engine),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_close_notify_from_the_peer),
		cmocka_unit_test(test_finish_sends_close_notify),
		cmocka_unit_test(test_altered_bytes),
		cmocka_unit_test(test_no_context_no_entropy_no_identity),
		cmocka_unit_test(test_wrong_name_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
