/*
 * test_tls_lend.c - record buffers: each class, first come first served, peers that dribble
 * and the turn of handshakes (A-48, DECISIONS 7).
 */
#include "tls_raw.h"

enum { PEERS = 40, LARGE = 2, RECORD_MAX = 16384 + 64, DEADLINE_MS = 30000 };

/* What a peer will send: one record with a line of 16 kB, caught on its way. */
static uint8_t caught[PEERS][RECORD_MAX];
static size_t caught_len[PEERS], fed[PEERS];
static struct side *server[PEERS];

static void *taken[BOARD_RECORDS_LARGE];

/* Leaves `left` large buffers. */
static void shrink(int left)
{
	for (int i = left; i < BOARD_RECORDS_LARGE; i++)
		taken[i] = pool_get_raw(&pool_records_large);
}

static void restore(int left)
{
	for (int i = left; i < BOARD_RECORDS_LARGE; i++)
		pool_put(&pool_records_large, taken[i]);
}

/* A secure pair whose client has sent one record of `len` bytes that the wire keeps. */
static void catch_record(int i, size_t len)
{
	struct wire w = rig_tls_pair(&rig_server_want, &rig_client_want);
	size_t room;
	uint8_t *p;

	rig_settle(&w);
	assert_true(chan_secure(&w.a->ch));
	assert_true(chan_secure(&w.b->ch));
	chan_bulk(&w.b->ch, true);
	p = chan_space(&w.b->ch, &room);
	assert_true(room >= len);
	memset(p, 'a' + i % 26, len);
	chan_commit(&w.b->ch, len);
	caught_len[i] = fed[i] = 0;
	for (int turn = 0; turn < 20; turn++) {
		int n;

		due_mark(w.b->ch.owner);
		rig_pass(NULL);
		n = sim_peer_read(w.b->far, caught[i] + caught_len[i], RECORD_MAX - caught_len[i]);
		caught_len[i] += n > 0 ? (size_t)n : 0;
	}
	assert_in_range(caught_len[i], len + 20, len + 60);
	server[i] = w.a;
	chan_abort(&w.b->ch);
	w.b->far = -1;
}

static void feed(int i, size_t len)
{
	int n;

	if (len > caught_len[i] - fed[i])
		len = caught_len[i] - fed[i];
	n = len > 0 && server[i] != NULL ? sim_peer_write(server[i]->far, caught[i] + fed[i], len) : 0;
	fed[i] += n > 0 ? (size_t)n : 0;
}

static void test_each_class(void **state)
{
	static const struct { size_t len; struct pool *pool; } rows[] = {
		{ 1, &pool_records_small }, { 1024, &pool_records_small }, { 1100, &pool_records_small },
		{ 1150, &pool_records_mid }, { 4096, &pool_records_mid }, { 4190, &pool_records_mid },
		{ 4210, &pool_records_large }, { 16384, &pool_records_large },
	};

	(void)state;
	rig_reset(1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice view;

		catch_record(0, rows[i].len);
		feed(0, 3);
		rig_settle(NULL);
		rig_nothing_lent();
		feed(0, 2);
		rig_settle(NULL);
		assert_int_equal(rows[i].pool->now, 1);
		assert_true(chan_lent_since_ms(&server[0]->ch) > 0);
		while (fed[0] < caught_len[0]) {
			feed(0, 1000);
			rig_settle(NULL);
		}
		view = chan_view(&server[0]->ch);
		assert_int_equal(view.len, rows[i].len);
		assert_int_equal(view.p[view.len - 1], 'a');
		chan_skip(&server[0]->ch, view.len - 1);
		assert_int_equal(rows[i].pool->now, 1);
		chan_skip(&server[0]->ch, 1);
		rig_nothing_lent();
		assert_int_equal(chan_lent_since_ms(&server[0]->ch), 0);
	}
	rig_end();
}

static int seen[PEERS], seen_count;

/* Takes whole records, and notes in which order they came. */
static int take_step(struct side *s)
{
	struct slice v = chan_view(&s->ch);

	if (v.len == 0)
		return 0;
	assert_true(v.len == 16384);
	seen[seen_count++] = (int)v.p[0] - 'a';
	s->got += v.len;
	chan_skip(&s->ch, v.len);
	return (int)v.len;
}

/* Two buffers, all records complete on the wire: everybody is served, in the order of asking. */
static void test_first_come_first_served(void **state)
{
	(void)state;
	rig_reset(2);
	for (int i = 0; i < 20; i++)
		catch_record(i, 16384);
	shrink(LARGE);
	seen_count = 0;
	for (int i = 0; i < 20; i++) {
		server[i]->step = take_step;
		feed(i, 6); /* the header: from here on it stands in line */
		rig_settle(NULL);
	}
	assert_int_equal(pool_records_large.now, BOARD_RECORDS_LARGE);
	for (int round = 0; round < 80; round++)
		for (int i = 19; i >= 0; i--) { /* the last asker gets its bytes first */
			feed(i, 4000);
			rig_settle(NULL);
		}
	assert_int_equal(seen_count, 20);
	for (int i = 0; i < 20; i++) { /* two at a time: neighbours may change places */
		assert_in_range(seen[i] + 1, i, i + 2);
		assert_int_equal(server[i]->got, 16384);
	}
	restore(LARGE);
	rig_end();
}

/* Peers that send one byte a second hold a buffer until their deadline and no longer; an honest one
 * among them waits for those before it, and small records do not wait at all. */
static void test_dribblers_meet_their_deadline(void **state)
{
	int honest = 7, ended = 0, served_at = -1;
	int small_rounds = 0;

	(void)state;
	rig_reset(3);
	for (int i = 0; i < PEERS; i++)
		catch_record(i, i == PEERS - 1 ? 100 : 16384);
	shrink(LARGE);
	seen_count = 0;
	server[honest]->step = take_step;
	for (int second = 0; second < 25 * 31 && ended < PEERS - 2; second++) {
		sim_clock_advance(1000);
		for (int i = 0; i < PEERS; i++)
			feed(i, i == honest || i == PEERS - 1 ? 5000 : second == 0 ? 5 : 1);
		rig_settle(NULL);
		if (seen_count > 0 && served_at < 0)
			served_at = second;
		if (small_rounds == 0 && chan_view(&server[PEERS - 1]->ch).len == 100)
			small_rounds = second + 1;
		for (int i = 0; i < PEERS - 1; i++) {
			uint64_t since = server[i] != NULL ? chan_lent_since_ms(&server[i]->ch) : 0;

			if (since == 0 || port_clock_ms() - since < DEADLINE_MS)
				continue;
			chan_abort(&server[i]->ch);
			server[i] = NULL;
			ended++;
		}
	}
	assert_int_equal(small_rounds, 1);
	assert_int_equal(ended, PEERS - 2);
	assert_int_equal(server[honest]->got, 16384);
	/* Seven dribblers stood before it, two at a time. */
	assert_in_range(served_at, 3 * 30, 3 * 32 + 4);
	assert_int_equal(server[honest]->ch.error, E_OK);
	restore(LARGE);
	rig_end();
}

/* Who waits in line and is closed gives its place up. */
static void test_leaving_the_line(void **state)
{
	(void)state;
	rig_reset(4);
	for (int i = 0; i < 4; i++)
		catch_record(i, 16384);
	shrink(1);
	seen_count = 0;
	for (int i = 0; i < 4; i++) {
		server[i]->step = take_step;
		feed(i, 5);
		rig_settle(NULL);
	}
	chan_abort(&server[1]->ch);
	server[1] = NULL;
	chan_abort(&server[0]->ch);
	server[0] = NULL;
	for (int round = 0; round < 20; round++) {
		feed(2, 4000);
		feed(3, 4000);
		rig_settle(NULL);
	}
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 3);
	restore(1);
	rig_end();
}

/* A buffer that came back is for the first in line, whoever asks before it runs. */
static void test_nobody_overtakes(void **state)
{
	(void)state;
	rig_reset(7);
	for (int i = 0; i < 4; i++) {
		catch_record(i, 16384);
		server[i]->step = take_step;
	}
	shrink(1);
	seen_count = 0;
	for (int i = 0; i < 3; i++) {
		feed(i, 5);
		rig_settle(NULL);
	}
	feed(3, 5);
	port_wait(0, &(port_owner){ 0 }, 1);
	chan_abort(&server[0]->ch);
	server[0] = NULL;
	chan_pump(&server[3]->ch);
	assert_true(server[3]->ch.starved);
	chan_abort(&server[1]->ch); /* woken, but gone before it ran */
	server[1] = NULL;
	rig_settle(NULL);
	assert_true(server[3]->ch.starved);
	assert_false(server[2]->ch.starved);
	for (int round = 0; round < 20; round++) {
		feed(2, 4000);
		feed(3, 4000);
		rig_settle(NULL);
	}
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[0], 2);
	restore(1);
	rig_end();
}

/* ---- the turn ---- */

/* Ten clients say hello at once: one handshake step a pass, nobody is left out, nobody
 * overtakes. */
static void test_one_handshake_step_a_pass(void **state)
{
	struct wire w[10];
	int passes = 0;

	(void)state;
	rig_reset(5);
	for (int i = 0; i < 10; i++)
		w[i] = rig_tls_pair(&rig_server_want, &rig_client_want);
	for (int quiet = 0; quiet < 3 && passes < 1000; passes++) {
		uint64_t carried = 0;

		quiet = rig_pass(NULL) ? 0 : quiet + 1;
		for (int i = 0; i < 10; i++)
			carried += (uint64_t)wire_move(&w[i], 0) + (uint64_t)wire_move(&w[i], 1);
		if (carried > 0)
			quiet = 0;
	}
	for (int i = 0; i < 10; i++) {
		assert_true(chan_secure(&w[i].a->ch));
		assert_true(chan_secure(&w[i].b->ch));
	}
	/* A server takes two steps, a client four, and they cannot share a pass. */
	assert_in_range(passes, 60, 200);
	rig_end();
}

/* A handshake that nobody goes on with does not keep the turn. */
static void test_a_silent_client_keeps_no_turn(void **state)
{
	struct wire w;
	struct side *silent[5];

	(void)state;
	rig_reset(6);
	for (int i = 0; i < 5; i++) {
		silent[i] = rig_accept();
		assert_int_equal(chan_tls_server(&silent[i]->ch, &rig_server_want), E_OK);
		sim_peer_write(silent[i]->far, "\x16\x03\x01\x00\x80\x01", 6);
	}
	rig_settle(NULL);
	w = rig_tls_pair(&rig_server_want, &rig_client_want);
	rig_settle(&w);
	assert_true(chan_secure(&w.a->ch));
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_class),
		cmocka_unit_test(test_first_come_first_served),
		cmocka_unit_test(test_dribblers_meet_their_deadline),
		cmocka_unit_test(test_leaving_the_line),
		cmocka_unit_test(test_nobody_overtakes),
		cmocka_unit_test(test_one_handshake_step_a_pass),
		cmocka_unit_test(test_a_silent_client_keeps_no_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
