/*
 * test_chan.c - channels in clear: views, output, ends, errors, buffers lent and given back.
 * Lines stand in test_chan_lines.c, TLS in test_tls*.c.
 */
#include "tls_rig.h"

static void test_end_of_input(void **state)
{
	struct side *s;
	struct slice line;

	(void)state;
	rig_reset(2);
	s = rig_accept();
	sim_peer_write(s->far, "one\r\ntwo", 8);
	sim_peer_finish(s->far);
	rig_settle(NULL);
	assert_false(chan_at_end(&s->ch));
	rig_expect_line(s, "one");
	assert_int_equal(chan_line(&s->ch, &line, NULL), E_EOF);
	assert_false(chan_at_end(&s->ch));
	chan_skip(&s->ch, 3);
	assert_true(chan_at_end(&s->ch));
	assert_int_equal(s->result, 0);
	rig_text(s, "still said\r\n");
	rig_settle(NULL);
	assert_true(chan_flushed(&s->ch));
	rig_end();
}

/* ---- views and output ---- */

static void test_nothing_held_when_idle(void **state)
{
	struct side *s;

	(void)state;
	rig_reset(3);
	s = rig_accept();
	rig_settle(NULL);
	rig_nothing_lent();
	sim_peer_write(s->far, "x", 1);
	rig_settle(NULL);
	assert_int_equal(pool_lines.now, 1);
	chan_skip(&s->ch, 1);
	due_mark(s->ch.owner);
	rig_settle(NULL);
	rig_nothing_lent();
	rig_end();
}

static void test_put_is_whole_or_nothing(void **state)
{
	static uint8_t block[CHAN_PUT_MAX];
	struct side *s;
	uint8_t got[4096];
	int n, sum = 0, put = 0;

	(void)state;
	rig_reset(4);
	s = rig_accept();
	sim_peer_window(s->far, 700);
	assert_int_equal(chan_room(&s->ch), CHAN_PUT_MAX);
	for (int i = 0; i < 50; i++) {
		size_t room = chan_room(&s->ch);

		for (size_t j = 0; j < sizeof block; j++)
			block[j] = (uint8_t)put;
		n = chan_put(&s->ch, block, 600);
		assert_int_equal(n, room >= 600 ? E_OK : E_AGAIN);
		put += n == E_OK;
		chan_pump(&s->ch);
	}
	assert_in_range(put, 2, 6);
	assert_false(chan_flushed(&s->ch));
	for (int i = 0; i < 50; i++) {
		rig_pass(NULL);
		n = sim_peer_read(s->far, got, sizeof got);
		for (int j = 0; j < n; j++)
			assert_int_equal(got[j], (sum + j) / 600);
		sum += n > 0 ? n : 0;
	}
	assert_int_equal(sum, put * 600);
	assert_true(chan_flushed(&s->ch));
	assert_int_equal(chan_room(&s->ch), CHAN_PUT_MAX);
	chan_pump(&s->ch);
	rig_nothing_lent();
	rig_end();
}

/* The peer sends more than anybody reads: it is held by its window, not by our memory. */
static void test_back_pressure(void **state)
{
	static uint8_t flood[SIM_QUEUE];
	struct side *s;
	int sent = 0, n;

	(void)state;
	rig_reset(5);
	s = rig_accept();
	chan_bulk(&s->ch, true);
	for (int i = 0; i < 100; i++) {
		n = sim_peer_write(s->far, flood, sizeof flood);
		sent += n > 0 ? n : 0;
		rig_pass(NULL);
	}
	assert_int_equal(sent, RECORD_LARGE_BYTES + SIM_QUEUE);
	assert_int_equal(pool_records_large.now, 1);
	while (chan_view(&s->ch).len > 0)
		chan_skip(&s->ch, chan_view(&s->ch).len);
	due_mark(s->ch.owner);
	rig_settle(NULL);
	assert_int_equal(chan_view(&s->ch).len, SIM_QUEUE);
	rig_end();
}

static int copy_step(struct side *s)
{
	struct side *to = s + 1;
	struct slice in = chan_view(&s->ch);
	size_t room;
	uint8_t *p = chan_space(&to->ch, &room);

	if (in.len == 0 || p == NULL)
		return 0;
	in = slice_head(in, room);
	memcpy(p, in.p, in.len);
	chan_commit(&to->ch, in.len);
	chan_skip(&s->ch, in.len);
	due_mark(to->ch.owner);
	return (int)in.len;
}

static int wake_source(struct side *s)
{
	if (chan_flushed(&s->ch))
		due_mark(s[-1].ch.owner);
	return 0;
}

static void test_bulk_from_one_to_another(void **state)
{
	static uint8_t buf[SIM_QUEUE];
	struct side *in, *out;
	uint32_t a = 1, b = 1;
	int sent = 0, got = 0, n;

	(void)state;
	rig_reset(6);
	in = rig_accept();
	out = rig_accept();
	in->step = copy_step;
	out->step = wake_source;
	chan_bulk(&in->ch, true);
	chan_bulk(&out->ch, true);
	while (got < 1000000) {
		for (size_t i = 0; i < sizeof buf; i++)
			buf[i] = (uint8_t)((a + i) * 2654435761u >> 24);
		n = sent < 1000000 ? sim_peer_write(in->far, buf, sizeof buf) : 0;
		a += n > 0 ? (uint32_t)n : 0;
		sent += n > 0 ? n : 0;
		assert_true(rig_pass(NULL));
		n = sim_peer_read(out->far, buf, sizeof buf);
		for (int i = 0; i < n; i++)
			assert_int_equal(buf[i], (uint8_t)(b++ * 2654435761u >> 24));
		got += n > 0 ? n : 0;
	}
	rig_end();
}

/* ---- ends and errors ---- */

static void test_finish(void **state)
{
	struct side *s;
	char got[64];

	(void)state;
	rig_reset(7);
	s = rig_accept();
	rig_text(s, "221 bye\r\n");
	assert_int_equal(chan_finish(&s->ch), E_AGAIN);
	chan_pump(&s->ch);
	assert_int_equal(chan_finish(&s->ch), E_OK);
	assert_int_equal(chan_finish(&s->ch), E_OK);
	rig_settle(NULL);
	assert_int_equal(sim_peer_read(s->far, got, sizeof got), 9);
	assert_int_equal(sim_peer_read(s->far, got, sizeof got), E_EOF);
	sim_peer_write(s->far, "late\r\n", 6);
	rig_settle(NULL);
	rig_expect_line(s, "late");
	rig_end();
}

static void test_connect_errors(void **state)
{
	struct port_addr to = sim_addr("10.0.0.77", 26);
	struct chan ch;
	int r;

	(void)state;
	rig_reset(8);
	r = chan_connect(&ch, &to, rig_owner(0));
	for (int i = 0; r == E_OK && i < 5; i++) {
		port_wait(1, &(port_owner){ 0 }, 1);
		if (chan_pump(&ch) < 0)
			break;
	}
	assert_true(r == E_REFUSED || chan_pump(&ch) == E_REFUSED);
	if (r == E_OK)
		chan_abort(&ch);
	rig_end();
}

/* What came before a reset can be read; then the reset shows, again and again. */
static void test_reset_is_kept(void **state)
{
	struct side *s;

	(void)state;
	rig_reset(9);
	s = rig_accept();
	sim_peer_write(s->far, "421 bye\r\n", 9);
	rig_settle(NULL);
	sim_peer_abort(s->far);
	s->far = -1;
	rig_settle(NULL);
	rig_expect_line(s, "421 bye");
	assert_int_equal(chan_pump(&s->ch), E_RESET);
	assert_int_equal(chan_pump(&s->ch), E_RESET);
	assert_int_equal(chan_finish(&s->ch), E_RESET);
	assert_int_equal(chan_put(&s->ch, "x", 1), E_AGAIN);
	rig_end();
}

static void test_closed_channel_is_harmless(void **state)
{
	struct chan ch = { 0 };
	struct slice line;
	size_t room;

	(void)state;
	rig_reset(10);
	assert_false(chan_is_open(&ch));
	assert_int_equal(chan_pump(&ch), E_OK);
	assert_int_equal(chan_line(&ch, &line, NULL), E_AGAIN);
	assert_int_equal(chan_view(&ch).len, 0);
	assert_null(chan_space(&ch, &room));
	assert_int_equal(chan_put(&ch, "x", 1), E_AGAIN);
	assert_true(chan_flushed(&ch));
	assert_int_equal(chan_finish(&ch), E_ARG);
	assert_int_equal(chan_lent_since_ms(&ch), 0);
	chan_close(&ch);
	chan_abort(&ch);
	rig_end();
}

/* Who finds no buffer waits in line and is served in order. */
static void test_lines_run_out(void **state)
{
	uint8_t *taken[BOARD_LINES];
	struct side *first, *second;

	(void)state;
	rig_reset(11);
	for (int i = 0; i < BOARD_LINES; i++)
		taken[i] = pool_get_raw(&pool_lines);
	first = rig_accept();
	second = rig_accept();
	sim_peer_write(first->far, "1\r\n", 3);
	sim_peer_write(second->far, "2\r\n", 3);
	rig_settle(NULL);
	assert_true(first->ch.starved && second->ch.starved);
	buffer_give(BUFFER_LINE, taken[0]);
	assert_true(due_any());
	rig_settle(NULL);
	rig_expect_line(first, "1");
	assert_true(second->ch.starved);
	rig_settle(NULL);
	rig_expect_line(second, "2");
	rig_settle(NULL);
	for (int i = 1; i < BOARD_LINES; i++)
		pool_put(&pool_lines, taken[i]);
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_of_input),
		cmocka_unit_test(test_nothing_held_when_idle),
		cmocka_unit_test(test_put_is_whole_or_nothing),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_bulk_from_one_to_another),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_connect_errors),
		cmocka_unit_test(test_reset_is_kept),
		cmocka_unit_test(test_closed_channel_is_harmless),
		cmocka_unit_test(test_lines_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
