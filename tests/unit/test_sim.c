/*
 * test_sim.c - the simulated machine keeps the promises of port.h: edges, order, ends, faults, time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim.h"

enum { OWNER_LISTEN = 1, OWNER_CONN = 2, OWNER_OTHER = 3 };

static struct port_listener *listener;
static struct port_tcp *conn;
static int far;

static bool reported(uint32_t max_ms, port_owner owner)
{
	port_owner list[8];
	int n = port_wait(max_ms, list, 8);

	for (int i = 0; i < n; i++)
		if (list[i] == owner)
			return true;
	return false;
}

static int reset(void **state)
{
	(void)state;
	sim_reset(1);
	return 0;
}

static void connect_in(void)
{
	struct port_addr at = sim_addr("0.0.0.0", 25), to = sim_addr("10.0.0.1", 25);
	struct port_addr from = sim_addr("10.0.0.7", 4000), peer;

	assert_int_equal(port_listen(&at, OWNER_LISTEN, &listener), E_OK);
	assert_int_equal(port_accept(listener, OWNER_CONN, &conn, &peer), E_AGAIN);
	far = sim_peer_connect(&from, &to);
	assert_true(far >= 0);
	assert_true(reported(0, OWNER_LISTEN));
	assert_int_equal(port_accept(listener, OWNER_CONN, &conn, &peer), E_OK);
	assert_true(sim_addr_equal(&peer, &from));
}

static void leave(void)
{
	port_close(conn);
	port_unlisten(listener);
	assert_int_equal(sim_open_handles(), 0);
}

static void test_addresses(void **state)
{
	struct port_addr a = sim_addr("fe80::1:2", 7), b = sim_addr("::ffff:10.0.0.1", 7);
	struct port_addr c = sim_addr("10.0.0.1", 7), d = sim_addr("2001:db8:1:2:3:4:5:6", 7);
	static const uint8_t want[16] = { 0xfe, 0x80, [13] = 1, [15] = 2 };
	static const uint8_t full[16] = {
		0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6
	};

	(void)state;
	assert_memory_equal(a.ip, want, 16);
	assert_memory_equal(d.ip, full, 16);
	assert_true(sim_addr_equal(&b, &c));
}

static void test_edges_come_after_again_only(void **state)
{
	char buf[8];

	(void)state;
	connect_in();
	assert_true(reported(0, OWNER_CONN));
	assert_false(reported(0, OWNER_CONN));
	sim_peer_write(far, "ab", 2);
	assert_false(reported(0, OWNER_CONN));           /* nobody asked yet */
	assert_int_equal(port_read(conn, buf, 1), 1);
	sim_peer_write(far, "c", 1);
	assert_false(reported(0, OWNER_CONN));           /* "b" was never pulled to E_AGAIN */
	assert_int_equal(port_read(conn, buf, 8), 1);
	assert_int_equal(port_read(conn, buf, 8), E_AGAIN);
	assert_true(reported(0, OWNER_CONN));
	assert_int_equal(port_read(conn, buf, 8), 1);
	assert_int_equal(buf[0], 'c');
	assert_int_equal(port_read(conn, buf, 8), E_AGAIN);
	assert_false(reported(50, OWNER_CONN));
	leave();
	sim_peer_close(far);
}

static void test_bytes_arrive_one_by_one(void **state)
{
	char buf[8];

	(void)state;
	sim_segments(SIM_BYTES, NULL, 0);
	connect_in();
	sim_peer_write(far, "xyz", 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(port_read(conn, buf, 8), E_AGAIN);
		assert_true(reported(0, OWNER_CONN));
		assert_int_equal(port_read(conn, buf, 8), 1);
		assert_int_equal(buf[0], "xyz"[i]);
	}
	assert_int_equal(port_write(conn, "pq", 2), 1);
	assert_int_equal(port_write(conn, "q", 1), E_AGAIN);
	assert_true(reported(0, OWNER_CONN));
	assert_int_equal(port_write(conn, "q", 1), 1);
	assert_int_equal(sim_peer_read(far, buf, 8), 2);
	leave();
	sim_peer_close(far);
}

static void test_full_queue_and_its_edge(void **state)
{
	static uint8_t big[SIM_QUEUE + 100];

	(void)state;
	connect_in();
	sim_peer_window(far, 1000);
	assert_int_equal(port_write(conn, big, sizeof big), 1000);
	assert_int_equal(port_write(conn, big, 1), E_AGAIN);
	reported(0, OWNER_CONN);
	assert_false(reported(10, OWNER_CONN));
	assert_int_equal(sim_peer_read(far, big, 1), 1);
	assert_true(reported(0, OWNER_CONN));
	assert_int_equal(port_write(conn, big, 9), 1);
	leave();
	sim_peer_close(far);
}

static void test_ends(void **state)
{
	char buf[8];

	(void)state;
	connect_in();
	sim_peer_write(far, "last", 4);
	sim_peer_finish(far);
	reported(0, OWNER_CONN);
	assert_int_equal(port_read(conn, buf, 8), 4);
	reported(0, OWNER_CONN);
	assert_int_equal(port_read(conn, buf, 8), E_EOF);
	assert_int_equal(port_read(conn, buf, 8), E_EOF);
	assert_int_equal(port_write(conn, "ok", 2), 2);
	port_close(conn);
	assert_int_equal(sim_peer_read(far, buf, 8), 2);
	assert_int_equal(sim_peer_read(far, buf, 8), E_EOF);
	sim_peer_close(far);
	port_unlisten(listener);

	connect_in();
	assert_int_equal(port_read(conn, buf, 8), E_AGAIN);
	reported(0, OWNER_CONN);
	assert_int_equal(port_read(conn, buf, 8), E_AGAIN);
	sim_peer_abort(far);
	assert_true(reported(0, OWNER_CONN));
	assert_int_equal(port_read(conn, buf, 8), E_RESET);
	leave();
}

static void test_connect_outcomes(void **state)
{
	struct port_addr to = sim_addr("10.0.0.9", 25), lost = sim_addr("10.0.0.8", 25);
	struct port_tcp *c;
	char buf[4];
	uint64_t start = port_clock_ms();
	int server;

	(void)state;
	assert_int_equal(port_connect(&to, OWNER_CONN, &c), E_OK);
	assert_int_equal(port_connected(c), E_AGAIN);
	assert_true(reported(1000, OWNER_CONN));
	assert_int_equal(port_connected(c), E_REFUSED);
	assert_int_equal(port_read(c, buf, 4), E_REFUSED);
	port_close(c);

	sim_route_set(&lost, SIM_TIMEOUT);
	assert_int_equal(port_connect(&lost, OWNER_CONN, &c), E_OK);
	assert_int_equal(port_write(c, "x", 1), E_AGAIN);
	assert_true(reported(PORT_FOREVER, OWNER_CONN));
	assert_int_equal(port_write(c, "x", 1), E_TIMEOUT);
	assert_int_equal(port_clock_ms() - start, 60000);
	port_close(c);

	sim_latency(20);
	server = sim_peer_listen(&to);
	assert_int_equal(port_connect(&to, OWNER_CONN, &c), E_OK);
	assert_int_equal(port_write(c, "x", 1), E_AGAIN);
	assert_int_equal(sim_peer_accept(server), E_AGAIN);
	assert_true(reported(PORT_FOREVER, OWNER_CONN));
	assert_int_equal(port_write(c, "x", 1), 1);
	far = sim_peer_accept(server);
	assert_true(far >= 0);
	assert_int_equal(sim_peer_read(far, buf, 4), E_AGAIN);
	reported(20, OWNER_CONN);
	assert_int_equal(sim_peer_read(far, buf, 4), 1);
	port_close(c);
	sim_peer_close(far);
	assert_int_equal(sim_open_handles(), 0);
	assert_int_equal(sim_stalls(), 0);
}

static void test_waiting_for_nothing_is_a_stall(void **state)
{
	port_owner list[1];

	(void)state;
	assert_int_equal(port_wait(PORT_FOREVER, list, 1), 0);
	assert_int_equal(sim_stalls(), 1);
	assert_int_equal(sim_last_wait_ms(), PORT_FOREVER);
}

static void test_faults_hit_the_nth_call(void **state)
{
	char buf[4];

	(void)state;
	connect_in();
	sim_fault_at(sim_ops() + 2, E_RESET, false);
	assert_int_equal(port_read(conn, buf, 4), E_AGAIN);
	assert_null(sim_fault_hit());
	assert_int_equal(port_read(conn, buf, 4), E_RESET);
	assert_string_equal(sim_fault_hit(), "READ");
	assert_int_equal(sim_peer_read(far, buf, 4), E_RESET);
	leave();
	sim_peer_abort(far);
}

static void cut_once(enum sim_cut how, int want_core, int want_far)
{
	char buf[4];

	sim_reset(2);
	connect_in();
	sim_cut_at(2, how);
	assert_int_equal(port_read(conn, buf, 4), E_AGAIN);
	port_read(conn, buf, 4);
	reported(0, OWNER_CONN);
	assert_int_equal(port_read(conn, buf, 4), want_core);
	assert_int_equal(sim_peer_read(far, buf, 4), want_far);
	leave();
	sim_peer_abort(far);
}

static void test_cuts(void **state)
{
	(void)state;
	cut_once(SIM_CUT_RESET, E_RESET, E_RESET);
	cut_once(SIM_CUT_EOF, E_EOF, E_AGAIN);
	cut_once(SIM_CUT_HOLE, E_AGAIN, E_AGAIN);
}

static void test_slow_peer(void **state)
{
	char buf[16];
	uint64_t start;

	(void)state;
	connect_in();
	sim_peer_pace(far, 2, 1000);
	sim_peer_write(far, "abcdef", 6);
	start = port_clock_ms();
	for (int i = 0; i < 6; i += 2) {
		while (port_read(conn, buf, 16) == E_AGAIN)
			assert_true(reported(PORT_FOREVER, OWNER_CONN));
		assert_int_equal(buf[0], "abcdef"[i]);
	}
	assert_int_equal(port_clock_ms() - start, 2000);
	leave();
	sim_peer_close(far);
}

static void test_no_slot_and_the_listeners_edge(void **state)
{
	struct port_addr to = sim_addr("10.0.0.1", 25), from = sim_addr("10.0.0.8", 4001), peer;
	struct port_tcp *second;
	int other;

	(void)state;
	connect_in();
	sim_tcp_limit(1);
	other = sim_peer_connect(&from, &to);
	assert_int_equal(port_accept(listener, OWNER_OTHER, &second, &peer), E_NOSLOT);
	assert_false(reported(100, OWNER_LISTEN));
	port_close(conn);
	assert_true(reported(0, OWNER_LISTEN));
	assert_int_equal(port_accept(listener, OWNER_OTHER, &second, &peer), E_OK);
	conn = second;
	leave();
	sim_peer_close(other);
	sim_peer_close(far);
}

/* The A query for mx.test with id 0x1234. */
static const uint8_t query[] = {
	0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'M', 'x', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1
};

static void test_name_server(void **state)
{
	struct port_addr server;
	struct port_udp *u;
	uint8_t buf[512];
	int n;

	(void)state;
	sim_dns_add("mx.test", "A", "10.0.0.9", 300);
	assert_int_equal(port_dns_servers(&server, 1), 1);
	assert_int_equal(port_udp_open(&server, OWNER_OTHER, &u), E_OK);
	assert_int_equal(port_udp_send(u, query, sizeof query), E_OK);
	assert_true(reported(0, OWNER_OTHER));
	n = port_udp_receive(u, buf, sizeof buf);
	assert_int_equal(n, (int)sizeof query + 16);
	assert_int_equal(buf[3] & 15, 0);
	assert_int_equal(buf[7], 1);
	assert_memory_equal(buf + n - 4, "\x0a\x00\x00\x09", 4);
	assert_memory_equal(buf + 12, query + 12, sizeof query - 12);   /* case kept */
	assert_int_equal(port_udp_receive(u, buf, sizeof buf), E_AGAIN);
	sim_dns_fault("mx.test", SIM_DNS_SILENT);
	port_udp_send(u, query, sizeof query);
	assert_false(reported(5000, OWNER_OTHER));
	sim_dns_fault("mx.test", SIM_DNS_TRUNCATE);
	port_udp_send(u, query, sizeof query);
	assert_true(reported(0, OWNER_OTHER));
	assert_true(port_udp_receive(u, buf, sizeof buf) > 0);
	assert_int_equal(buf[2] & 2, 2);
	assert_int_equal(sim_dns_queries(), 3);
	port_udp_close(u);
	assert_int_equal(sim_open_handles(), 0);
}

static void test_name_server_over_tcp(void **state)
{
	struct port_addr server;
	struct port_tcp *c;
	uint8_t buf[512] = { 0, sizeof query };
	int n = E_AGAIN;

	(void)state;
	sim_dns_add("mx.test", "CNAME", "a.mx.test", 300);
	sim_dns_add("a.mx.test", "A", "10.0.0.9", 300);
	assert_int_equal(port_dns_servers(&server, 1), 1);
	reported(0, OWNER_CONN);
	memcpy(buf + 2, query, sizeof query);
	assert_int_equal(port_connect(&server, OWNER_CONN, &c), E_OK);
	for (int i = 0; i < 5 && n == E_AGAIN; i++) {
		reported(10, OWNER_CONN);
		n = port_write(c, buf, 2 + sizeof query);
	}
	assert_int_equal(n, 2 + sizeof query);
	for (int i = 0; i < 5 && (n = port_read(c, buf, sizeof buf)) == E_AGAIN; i++)
		reported(10, OWNER_CONN);
	assert_int_equal(n, 2 + buf[1]);
	assert_int_equal(buf[2 + 7], 2);
	port_close(c);
}

static void stored(enum sim_power how, bool synced, bool committed, const char *want)
{
	struct port_object *o;
	char buf[16] = "";

	sim_reset(3);
	sim_store_put(PORT_SPOOL, "a", "old", 3);
	assert_int_equal(port_store_create(PORT_SPOOL, "a", OWNER_OTHER, &o), E_OK);
	assert_int_equal(port_store_append(o, "new", 3), 3);
	if (synced)
		assert_int_equal(port_store_sync(o), E_OK);
	if (committed)
		assert_int_equal(port_store_commit(o), E_OK);
	sim_power_cut(how);
	assert_int_equal(sim_store_get(PORT_SPOOL, "a", buf, sizeof buf), 3);
	assert_string_equal(buf, want);
	assert_int_equal(sim_open_handles(), 0);
}

static void test_objects_appear_whole_or_not_at_all(void **state)
{
	(void)state;
	stored(SIM_POWER_LOSE, false, true, "new");
	stored(SIM_POWER_TORN, false, true, "new");
	stored(SIM_POWER_LOSE, true, false, "old");
	stored(SIM_POWER_KEEP, true, false, "old");
}

static void test_power_cut_tears_unsynced_tails(void **state)
{
	struct port_object *o;
	uint64_t size;
	char buf[16];
	int shortest = 16, longest = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		int n;

		sim_reset(seed);
		sim_store_put(PORT_SPOOL, "a", "1234", 4);
		assert_int_equal(port_store_extend(PORT_SPOOL, "a", 1, &o, &size), E_OK);
		port_store_append(o, "5678", 4);
		sim_power_cut(SIM_POWER_RANDOM);
		n = sim_store_get(PORT_SPOOL, "a", buf, sizeof buf);
		assert_memory_equal(buf, "12345678", (size_t)n);
		shortest = n < shortest ? n : shortest;
		longest = n > longest ? n : longest;
	}
	assert_int_equal(shortest, 4);
	assert_int_equal(longest, 8);
}

static void test_removal_is_durable_with_the_next_commit(void **state)
{
	struct port_object *o;
	char name[PORT_NAME_MAX + 1] = "";

	(void)state;
	sim_store_put(PORT_STATE, "gone", "x", 1);
	assert_int_equal(port_store_remove(PORT_STATE, "gone"), E_OK);
	assert_int_equal(port_store_next(PORT_STATE, name), E_NOENT);
	sim_power_cut(SIM_POWER_LOSE);
	assert_int_equal(sim_store_count(PORT_STATE), 1);
	assert_int_equal(port_store_remove(PORT_STATE, "gone"), E_OK);
	assert_int_equal(port_store_create(PORT_STATE, "next", 1, &o), E_OK);
	assert_int_equal(port_store_commit(o), E_OK);
	sim_power_cut(SIM_POWER_LOSE);
	assert_int_equal(port_store_next(PORT_STATE, name), E_OK);
	assert_string_equal(name, "next");
	assert_int_equal(port_store_next(PORT_STATE, name), E_NOENT);
}

static void test_storage_takes_time_and_fills_up(void **state)
{
	struct port_object *o;

	(void)state;
	sim_store_delay(30);
	assert_int_equal(port_store_create(PORT_SPOOL, "a", OWNER_OTHER, &o), E_AGAIN);
	assert_true(reported(PORT_FOREVER, OWNER_OTHER));
	assert_int_equal(port_store_create(PORT_SPOOL, "a", OWNER_OTHER, &o), E_OK);
	assert_int_equal(port_store_append(o, "x", 1), 1);
	assert_int_equal(port_store_commit(o), E_AGAIN);
	assert_true(reported(PORT_FOREVER, OWNER_OTHER));
	assert_int_equal(port_store_commit(o), E_OK);
	sim_store_delay(0);
	sim_store_space(PORT_SPOOL, 2);
	assert_int_equal(port_store_create(PORT_SPOOL, "b", OWNER_OTHER, &o), E_OK);
	assert_int_equal(port_store_append(o, "xy", 2), E_FULL);
	assert_int_equal(port_store_commit(o), E_IO);
	assert_int_equal(sim_store_count(PORT_SPOOL), 1);
}

static void test_files(void **state)
{
	struct port_file *f;
	uint64_t size, stamp, again;
	static uint8_t big[3000], back[3000];

	(void)state;
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (uint8_t)(i * 7);
	assert_int_equal(port_file_open("/x", &f, &size, &stamp), E_NOENT);
	sim_file_set("/x", big, sizeof big);
	assert_int_equal(port_file_open("/x", &f, &size, &stamp), E_OK);
	assert_int_equal(size, sizeof big);
	assert_int_equal(port_file_read(f, 1000, back, 3000), 2000);
	assert_memory_equal(back, big + 1000, 2000);
	sim_file_set("/x", "y", 1);
	assert_int_equal(port_file_read(f, 0, back, 1), E_IO);
	port_file_close(f);
	assert_int_equal(port_file_open("/x", &f, &size, &again), E_OK);
	assert_true(again != stamp);
	port_file_close(f);
	sim_file_mode("/x", PORT_FILE_OTHERS_READ, true);
	assert_int_equal(port_file_exposed("/x"), PORT_FILE_OTHERS_READ);
}

static void test_console_and_log(void **state)
{
	struct port_console *c;
	struct port_console_info info;
	char buf[32];
	int n = sim_console_open(true, false);

	(void)state;
	port_console_owner(OWNER_LISTEN);
	assert_true(reported(0, OWNER_LISTEN));
	assert_int_equal(port_console_accept(OWNER_CONN, &c, &info), E_OK);
	assert_true(info.interactive && !info.full_rights);
	sim_console_type(n, "show\n");
	assert_true(reported(0, OWNER_CONN));
	assert_int_equal(port_console_read(c, buf, sizeof buf), 5);
	assert_int_equal(port_console_write(c, "hello", 5), 5);
	assert_int_equal(sim_console_output(n, buf, sizeof buf), 5);
	assert_int_equal(sim_console_status(n), E_AGAIN);
	port_console_close(c, 3);
	assert_int_equal(sim_console_status(n), 3);
	port_log(PORT_LOG_WARN, "a line that goes on", 6);
	assert_int_equal(sim_log_find(0, PORT_LOG_WARN, "line"), 0);
	assert_int_equal(sim_log_find(0, PORT_LOG_WARN, "goes"), E_NOENT);
	assert_int_equal(sim_open_handles(), 0);
}

static void test_clock_and_entropy(void **state)
{
	int64_t now, later;
	uint8_t a[16], b[16];

	(void)state;
	assert_int_equal(port_time(&now), E_OK);
	assert_int_equal(now, 1795348800);
	reported(90000, OWNER_OTHER);
	assert_true(port_clock_ms() > UINT32_MAX);
	assert_int_equal(port_time(&later), E_OK);
	assert_int_equal(later - now, 90);
	sim_wall_set(5, false);
	assert_int_equal(port_time(&now), E_CLOCK);
	assert_int_equal(now, 5);
	assert_int_equal(port_entropy(a, 16), E_OK);
	sim_entropy(false);
	assert_int_equal(port_entropy(b, 16), E_AGAIN);
	sim_reset(1);
	assert_int_equal(port_entropy(b, 16), E_OK);
	assert_memory_equal(a, b, 16);
	sim_reset(9);
	assert_int_equal(port_entropy(b, 16), E_OK);
	assert_memory_not_equal(a, b, 16);
}

/* A busy talk in random pieces; its bytes arrive whole and in order, and the trace repeats. */
static uint64_t random_talk(uint64_t seed)
{
	static uint8_t sent[5000], got[5000];
	size_t in = 0, out = 0;
	int n;

	sim_reset(seed);
	sim_segments(SIM_RANDOM, NULL, 0);
	connect_in();
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (uint8_t)(i ^ i >> 8);
	for (int rounds = 0; in < sizeof sent && rounds < 100000; rounds++) {
		if (out < sizeof sent && (n = sim_peer_write(far, sent + out, sizeof sent - out)) > 0)
			out += (size_t)n;
		while ((n = port_read(conn, got + in, sizeof got - in + (in == sizeof got))) > 0)
			in += (size_t)n;
		reported(100, OWNER_CONN);
	}
	assert_int_equal(in, sizeof sent);
	assert_memory_equal(sent, got, sizeof sent);
	leave();
	sim_peer_close(far);
	return sim_trace();
}

static void test_a_seed_repeats(void **state)
{
	uint64_t first = random_talk(7);

	(void)state;
	assert_true(first == random_talk(7));
	assert_true(first != random_talk(8));
	assert_true(first == UINT64_C(0xebe7c1c28d4e2f87));      /* the same on every machine */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_addresses, reset),
		cmocka_unit_test_setup(test_edges_come_after_again_only, reset),
		cmocka_unit_test_setup(test_bytes_arrive_one_by_one, reset),
		cmocka_unit_test_setup(test_full_queue_and_its_edge, reset),
		cmocka_unit_test_setup(test_ends, reset),
		cmocka_unit_test_setup(test_connect_outcomes, reset),
		cmocka_unit_test_setup(test_waiting_for_nothing_is_a_stall, reset),
		cmocka_unit_test_setup(test_faults_hit_the_nth_call, reset),
		cmocka_unit_test_setup(test_cuts, reset),
		cmocka_unit_test_setup(test_slow_peer, reset),
		cmocka_unit_test_setup(test_no_slot_and_the_listeners_edge, reset),
		cmocka_unit_test_setup(test_name_server, reset),
		cmocka_unit_test_setup(test_name_server_over_tcp, reset),
		cmocka_unit_test_setup(test_objects_appear_whole_or_not_at_all, reset),
		cmocka_unit_test_setup(test_power_cut_tears_unsynced_tails, reset),
		cmocka_unit_test_setup(test_removal_is_durable_with_the_next_commit, reset),
		cmocka_unit_test_setup(test_storage_takes_time_and_fills_up, reset),
		cmocka_unit_test_setup(test_files, reset),
		cmocka_unit_test_setup(test_console_and_log, reset),
		cmocka_unit_test_setup(test_clock_and_entropy, reset),
		cmocka_unit_test_setup(test_a_seed_repeats, reset)
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
