/*
 * test_tls_limits.c - TLS when things run out or break at any moment: buffers of every class, the
 * connection at every read and write, a peer that reads no more.
 */
#include "tls_rig.h"

static void *taken[5][BOARD_LINES > BOARD_RECORDS_SMALL ? BOARD_LINES : BOARD_RECORDS_SMALL];
static struct pool *const pools[5] = { &pool_lines, &pool_outputs, &pool_records_small,
	&pool_records_mid, &pool_records_large };

static void exhaust(int i)
{
	for (int n = 0; n < pools[i]->count; n++)
		taken[i][n] = pools[i]->now < pools[i]->count ? pool_get_raw(pools[i]) : NULL;
}

/* As if others had finished: whoever waits is woken. */
static void give_back(int i)
{
	static const enum buffer_class classes[5] = { BUFFER_LINE, BUFFER_OUTPUT, BUFFER_SMALL,
		BUFFER_MID, BUFFER_LARGE };

	for (int n = 0; n < pools[i]->count; n++)
		if (taken[i][n] != NULL)
			buffer_give(classes[i], taken[i][n]);
}

static void say_and_hear(struct wire *w)
{
	rig_text(w->b, "EHLO me\r\n");
	rig_settle(w);
	rig_expect_line(w->a, "EHLO me");
	rig_text(w->a, "250 ok\r\n");
	rig_settle(w);
	rig_expect_line(w->b, "250 ok");
}

/* With nothing to lend but what a handshake must have, it goes through 64 bytes in and 128 out;
 * data waits until a buffer comes back. */
static void test_without_buffers(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct wire w;
		bool needed = i == 1 || i == 2; /* outputs; small records, in which Finished comes */

		rig_reset((uint64_t)i + 1);
		exhaust(i);
		w = rig_tls_pair(&rig_server_want, &rig_client_want);
		rig_settle(&w);
		assert_int_equal(chan_secure(&w.b->ch), i != 2);
		if (i == 1) {
			assert_int_equal(chan_put(&w.b->ch, "x", 1), E_AGAIN);
			assert_int_equal(chan_room(&w.b->ch), 0);
		}
		if (!needed)
			say_and_hear(&w);
		give_back(i);
		rig_settle(&w);
		assert_true(chan_secure(&w.a->ch));
		assert_true(chan_secure(&w.b->ch));
		say_and_hear(&w);
		rig_settle(&w);
		rig_nothing_lent();
		rig_end();
	}
}

/* Both ends talk until one hears the other; every connection cut there, in every way. */
static void test_cut_at_every_read_and_write(void **state)
{
	uint32_t ops = 1000;
	int alive = 0, dead = 0;

	(void)state;
	for (int how = 0; how < SIM_CUT_COUNT; how++)
		for (uint32_t n = 0; n < ops; n++) {
			struct wire w;

			rig_reset(n);
			sim_cut_at(n, (enum sim_cut)how);
			w = rig_tls_pair(&rig_server_want, &rig_client_want);
			rig_settle(&w);
			if (chan_secure(&w.a->ch) && w.a->ch.error == E_OK)
				chan_put(&w.a->ch, "220 hello\r\n", 11);
			due_mark(w.a->ch.owner);
			rig_settle(&w);
			if (w.b->ch.error == E_OK && chan_view(&w.b->ch).len == 11)
				alive++;
			else
				dead++;
			if (n == 0)
				ops = sim_io_ops() + 2;
			for (int side = 0; side < 2; side++) {
				struct side *s = side ? w.a : w.b;

				chan_finish(&s->ch);
				assert_true(s->ch.error == E_OK || s->ch.error == E_TLS ||
					s->ch.error == E_RESET);
			}
			rig_end();
		}
	assert_true(alive >= 3);
	assert_true(dead > 20);
}

/* Every call of the port that can fail, failing. */
static void test_fault_at_every_call(void **state)
{
	uint32_t ops = 1000;

	(void)state;
	for (int what = 0; what < 3; what++)
		for (uint32_t n = 0; n < ops; n++) {
			struct side *s, *c;
			struct wire w;

			rig_reset(n);
			w = rig_pair();
			s = w.a;
			c = w.b;
			sim_fault_at(n == 0 ? 0 : sim_ops() + n, what, false);
			chan_tls_server(&s->ch, &rig_server_want);
			chan_tls_client(&c->ch, &rig_client_want);
			rig_settle(&w);
			if (s->ch.error == E_OK && c->ch.error == E_OK && s->ch.tls != NULL && c->ch.tls != NULL)
				assert_true(chan_secure(&s->ch) && chan_secure(&c->ch));
			if (n == 0)
				ops = sim_ops() + 2;
			sim_fault_at(0, 0, false);
			rig_end();
		}
}

static int pour_step(struct side *s)
{
	size_t room;
	uint8_t *p = chan_space(&s->ch, &room);

	if (p == NULL)
		return 0;
	memset(p, 'x', room);
	chan_commit(&s->ch, room);
	return (int)room;
}

/* A peer that reads no more holds one large buffer, and the time since tells. */
static void test_reader_that_stops(void **state)
{
	struct wire w;
	uint64_t since;

	(void)state;
	rig_reset(1);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	rig_settle(&w);
	w.a->step = pour_step;
	chan_bulk(&w.a->ch, true);
	due_mark(w.a->ch.owner);
	for (int i = 0; i < 100; i++)
		rig_pass(NULL); /* nobody moves the wire */
	assert_int_equal(pool_records_large.now, 1);
	since = chan_lent_since_ms(&w.a->ch);
	assert_int_equal(since, port_clock_ms());
	sim_clock_advance(5000);
	due_mark(w.a->ch.owner);
	rig_pass(NULL);
	assert_int_equal(chan_lent_since_ms(&w.a->ch), since);
	w.a->step = NULL;
	for (int i = 0; i < 50; i++) { /* it reads again */
		rig_pass(&w);
		chan_skip(&w.b->ch, chan_view(&w.b->ch).len);
		due_mark(w.b->ch.owner);
	}
	rig_settle(&w);
	assert_int_equal(chan_lent_since_ms(&w.a->ch), 0);
	chan_bulk(&w.a->ch, false);
	due_mark(w.a->ch.owner);
	rig_settle(&w);
	rig_nothing_lent();
	rig_end();
}

/* Large buffers for speed leave half of them to those who cannot do without. */
static void test_bulk_leaves_half(void **state)
{
	static struct wire w[20];
	int large = 0;

	(void)state;
	rig_reset(1);
	for (int i = 0; i < 20; i++) {
		w[i] = rig_tls_pair(&rig_server_want, &rig_client_want);
		rig_settle(&w[i]);
		w[i].a->step = pour_step;
		chan_bulk(&w[i].a->ch, true);
	}
	for (int n = 0; n < BOARD_RECORDS_LARGE / 2 - 5; n++)
		taken[4][n] = pool_get_raw(&pool_records_large);
	for (int i = 0; i < 20; i++)
		due_mark(w[i].a->ch.owner);
	for (int i = 0; i < 10; i++)
		rig_pass(NULL);
	large = pool_records_large.now;
	assert_int_equal(large, BOARD_RECORDS_LARGE / 2);
	assert_int_equal(pool_records_mid.now, 15);
	for (int n = 0; n < BOARD_RECORDS_LARGE / 2 - 5; n++)
		pool_put(&pool_records_large, taken[4][n]);
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_buffers),
		cmocka_unit_test(test_cut_at_every_read_and_write),
		cmocka_unit_test(test_fault_at_every_call),
		cmocka_unit_test(test_reader_that_stops),
		cmocka_unit_test(test_bulk_leaves_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
