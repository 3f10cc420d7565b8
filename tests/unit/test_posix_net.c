/*
 * test_posix_net.c - connections, listeners, datagrams and the wait of the POSIX port, over
 * loopback: the readiness rule of port.h, A-44, A-52, A-80, A-81, A-85.
 */
#include "test_posix.h"

#define PATIENCE_MS 3000

static struct port_listener *listener;
static uint16_t listen_port;

static int set_up(void **state)
{
	struct port_addr at = loopback4(0);

	(void)state;
	assert_int_equal(port_start(), E_OK);
	assert_int_equal(port_listen(&at, 1, &listener), E_OK);
	assert_int_equal(port_listener_addr(listener, &at), E_OK);
	assert_int_not_equal(at.port, 0);
	listen_port = at.port;
	return 0;
}

/* A connected pair: our handle with the owner, and the plain other end. */
static struct port_tcp *pair(port_owner owner, int *far)
{
	struct port_tcp *c = NULL;
	struct port_addr peer;
	int result;

	*far = dial(listen_port);
	for (int i = 0; i < 50; i++) {
		result = port_accept(listener, owner, &c, &peer);
		if (result == E_OK)
			return c;
		assert_int_equal(result, E_AGAIN);
		assert_true(reported(1, PATIENCE_MS));
	}
	fail();
	return NULL;
}

static void read_edge_and_sticky_end(void **state)
{
	struct port_addr peer, local;
	struct port_tcp *c;
	char buf[16];
	int far;

	(void)state;
	far = dial(listen_port);
	assert_true(reported(1, PATIENCE_MS));
	assert_int_equal(port_accept(listener, 7, &c, &peer), E_OK);
	assert_memory_equal(peer.ip, loopback4(0).ip, 16);
	assert_int_equal(port_local(c, &local), E_OK);
	assert_int_equal(local.port, listen_port);
	assert_int_equal(port_accept(listener, 8, &c, &peer), E_AGAIN);
	assert_int_equal(port_read(c, buf, sizeof buf), E_AGAIN);
	while (reported(7, 20))
		continue; /* reports for nothing are legal */
	assert_int_equal(write(far, "hello", 5), 5);
	assert_true(reported(7, PATIENCE_MS));
	assert_int_equal(port_read(c, buf, 2), 2);
	assert_int_equal(port_read(c, buf, sizeof buf), 3);
	assert_memory_equal(buf, "llo", 3);
	assert_int_equal(port_read(c, buf, sizeof buf), E_AGAIN);
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	assert_true(reported(7, PATIENCE_MS));
	assert_int_equal(port_read(c, buf, sizeof buf), E_EOF);
	assert_int_equal(port_read(c, buf, sizeof buf), E_EOF);
	assert_int_equal(port_write(c, "still", 5), 5);
	assert_int_equal(port_finish(c), E_OK);
	assert_int_equal(read(far, buf, sizeof buf), 5);
	assert_int_equal(read(far, buf, sizeof buf), 0);
	port_close(c);
	close(far);
}

static void write_waits_for_the_reader(void **state)
{
	static unsigned char block[65536], got[65536];
	size_t sent = 0, received = 0, later = 0;
	struct port_tcp *c;
	int far, n;

	(void)state;
	c = pair(9, &far);
	for (;;) {
		for (size_t i = 0; i < sizeof block; i++)
			block[i] = (unsigned char)((sent + i) * 31 >> 3);
		n = port_write(c, block, sizeof block);
		if (n == E_AGAIN)
			break;
		assert_true(n > 0);
		sent += (size_t)n;
	}
	assert_true(sent > 0);
	while (reported(9, 100))
		assert_int_equal(port_write(c, block, 1), E_AGAIN);
	while (received < sent + later) {
		size_t want = sent + later - received;
		ssize_t r = read(far, got, want < sizeof got ? want : sizeof got);

		assert_true(r > 0);
		for (ssize_t i = 0; i < r && received < sent; i++, received++)
			assert_int_equal(got[i], (unsigned char)(received * 31 >> 3));
		if (received >= sent && later == 0) {
			assert_true(reported(9, PATIENCE_MS)); /* the edge of a full buffer */
			n = port_write(c, block, 1);
			assert_int_equal(n, 1);
			later = 1;
		} else if (later == 1) {
			received++;
		}
	}
	port_close(c);
	close(far);
}

static void reset_is_never_an_orderly_end(void **state)
{
	struct linger now = { 1, 0 };
	struct port_tcp *c;
	char buf[16];
	int far, n;

	(void)state;
	c = pair(10, &far);
	assert_int_equal(write(far, "421", 3), 3);
	assert_true(reported(10, PATIENCE_MS));
	setsockopt(far, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(far);
	usleep(20000);
	/* The write hears of the reset first: what came before it must still be readable, and the end
	 * must not look like an orderly one. */
	n = port_write(c, "x", 1);
	assert_int_equal(n, E_RESET);
	n = port_read(c, buf, sizeof buf);
	if (n > 0)
		n = port_read(c, buf, sizeof buf);
	assert_int_equal(n, E_RESET);
	assert_int_equal(port_read(c, buf, sizeof buf), E_RESET);
	assert_int_equal(port_write(c, "x", 1), E_RESET);
	port_close(c);
}

static void connect_outcomes(void **state)
{
	struct port_addr to = loopback4(listen_port), peer;
	struct port_listener *gone;
	struct port_tcp *c, *s;
	int result;

	(void)state;
	assert_int_equal(port_connect(&to, 11, &c), E_OK);
	assert_true(reported(11, PATIENCE_MS));
	assert_int_equal(port_write(c, "hi", 2), 2);
	result = port_accept(listener, 12, &s, &peer);
	assert_int_equal(result, E_OK);
	port_abort(s);
	port_abort(c);

	to = loopback4(0);
	assert_int_equal(port_listen(&to, 2, &gone), E_OK);
	assert_int_equal(port_listener_addr(gone, &to), E_OK);
	assert_int_equal(port_listen(&to, 2, &gone), E_INUSE);
	port_unlisten(gone);
	result = port_connect(&to, 13, &c);
	if (result == E_OK) {
		char buf[4];

		assert_true(reported(13, PATIENCE_MS));
		result = port_read(c, buf, sizeof buf);
		assert_int_equal(port_write(c, "x", 1), E_REFUSED);
		port_close(c);
	}
	assert_int_equal(result, E_REFUSED);
}

static void close_delivers_what_was_written(void **state)
{
	struct port_tcp *c;
	char buf[64];
	int far;

	(void)state;
	/* Unread input at close(2) would turn the end into a reset, and the reply would be lost. */
	c = pair(14, &far);
	assert_int_equal(write(far, "EHLO a pipelining client\r\n", 26), 26);
	assert_true(reported(14, PATIENCE_MS));
	assert_int_equal(port_write(c, "421 busy\r\n", 10), 10);
	port_close(c);
	assert_int_equal(write(far, "QUIT\r\n", 6), 6);
	(void)reported(14, 20);
	assert_int_equal(read(far, buf, sizeof buf), 10);
	assert_int_equal(read(far, buf, sizeof buf), 0);
	close(far);
}

static void lingering_ends(void **state)
{
	struct port_tcp *c;
	int far[40];
	struct pollfd p;

	(void)state;
	/* More peers than may linger, none of which ends: the oldest are cut off at once … */
	for (int i = 0; i < 40; i++) {
		c = pair(15, &far[i]);
		port_close(c);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(write(far[i], "x", 1), 1);
		(void)reported(15, 5);
		p = (struct pollfd){ .fd = far[i], .events = 0 };
		assert_int_equal(poll(&p, 1, 1000), 1);
	}
	/* … and the last after two seconds. */
	(void)reported(15, 2200);
	assert_int_equal(write(far[39], "x", 1), 1);
	p = (struct pollfd){ .fd = far[39], .events = 0 };
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_true((p.revents & (POLLHUP | POLLERR)) != 0);
	for (int i = 0; i < 40; i++)
		close(far[i]);
}

static void closed_is_never_reported(void **state)
{
	port_owner owners[8];
	struct port_tcp *a, *b;
	int far_a, far_b, far_c, n;

	(void)state;
	a = pair(20, &far_a);
	b = pair(21, &far_b);
	while (reported(20, 20) || reported(21, 20))
		continue;
	assert_int_equal(write(far_a, "x", 1), 1);
	assert_int_equal(write(far_b, "x", 1), 1);
	port_owner_set(b, 22);
	port_abort(b);
	b = pair(23, &far_c); /* takes the same slot */
	for (int i = 0; i < 5; i++) {
		n = port_wait(20, owners, 8);
		for (int k = 0; k < n; k++)
			assert_true(owners[k] != 21 && owners[k] != 22);
	}
	port_abort(a);
	port_abort(b);
	close(far_a);
	close(far_b);
	close(far_c);
}

/* A copy of the descriptor elsewhere keeps the system reporting what we have closed. */
static void late_events_find_nothing(void **state)
{
	port_owner owners[8];
	struct port_tcp *c;
	int copies[200], far, far_next, n = 0;

	(void)state;
	c = pair(24, &far);
	for (int fd = 3; fd < 200; fd++) {
		int copy = dup(fd);

		if (copy >= 0)
			copies[n++] = copy;
	}
	port_owner_set(c, 25);
	port_abort(c);
	assert_int_equal(port_wait(0, owners, 8), 0);
	c = pair(26, &far_next); /* the same slot */
	while (reported(26, 20))
		continue;
	assert_int_equal(write(far, "late", 4), 4);
	assert_int_equal(port_wait(100, owners, 8), 0);
	port_abort(c);
	for (int i = 0; i < n; i++)
		close(copies[i]);
	close(far);
	close(far_next);
}

static void new_owner_is_reported_once(void **state)
{
	struct port_tcp *c;
	port_owner owners[4];
	uint64_t start = port_clock_ms();
	int far;

	(void)state;
	c = pair(30, &far);
	while (reported(30, 20))
		continue;
	port_owner_set(c, 31);
	port_owner_set(c, 32);
	assert_int_equal(port_wait(5000, owners, 4), 1);
	assert_int_equal(owners[0], 32);
	assert_true(port_clock_ms() - start < PATIENCE_MS);
	assert_int_equal(port_wait(0, owners, 4), 0);
	assert_int_equal(write(far, "x", 1), 1);
	assert_true(reported(32, PATIENCE_MS));
	port_abort(c);
	close(far);
}

static void small_batches_lose_nothing(void **state)
{
	struct port_tcp *c[20];
	bool seen[20] = { false };
	port_owner owner;
	int far[20], left = 20;

	(void)state;
	for (int i = 0; i < 20; i++)
		c[i] = pair((port_owner)(100 + i), &far[i]);
	while (port_wait(20, &owner, 1) > 0)
		continue;
	for (int i = 0; i < 20; i++)
		assert_int_equal(write(far[i], "x", 1), 1);
	for (int i = 0; i < 200 && left > 0; i++) {
		if (port_wait(100, &owner, 1) == 1 && owner >= 100 && owner < 120 && !seen[owner - 100]) {
			seen[owner - 100] = true;
			left--;
		}
	}
	assert_int_equal(left, 0);
	for (int i = 0; i < 20; i++) {
		port_abort(c[i]);
		close(far[i]);
	}
}

static void families_are_separate(void **state)
{
	struct port_addr at = loopback6(0), any = { .port = 0 };
	struct port_listener *six, *four;
	int result = port_listen(&at, 40, &six);

	(void)state;
	if (result == E_NOENT)
		skip(); /* this machine has no IPv6 */
	assert_int_equal(result, E_OK);
	port_unlisten(six);
	assert_int_equal(port_listen(&any, 40, &six), E_OK);
	assert_int_equal(port_listener_addr(six, &any), E_OK);
	at = loopback4(any.port);
	memset(at.ip + 12, 0, 4);
	assert_int_equal(port_listen(&at, 41, &four), E_OK); /* [::] left it free */
	close(dial(any.port));
	assert_true(reported(41, PATIENCE_MS));
	port_unlisten(six);
	port_unlisten(four);
	any = (struct port_addr){ .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	assert_int_equal(port_listen(&any, 42, &six), E_NOENT);
}

/* in a process of its own, for its limit. */
static void no_descriptors(void)
{
	struct port_addr at = loopback4(0), peer;
	struct rlimit few = { 24, 24 };
	struct port_listener *l;
	struct port_tcp *c[32];
	struct port_udp *u;
	int clients[16], accepted = 0, refused = 0, waits = 0, result;
	pid_t helper;
	char byte;

	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	CHECK(port_start() == E_OK);
	CHECK(port_listen(&at, 1, &l) == E_OK);
	CHECK(port_listener_addr(l, &at) == E_OK);
	helper = fork();
	CHECK(helper >= 0);
	if (helper == 0) { /* as many clients as it has descriptors for, and again */
		int n = 0, closed = 0;

		for (int fd = 3; fd < 24; fd++)
			close(fd);
		for (n = 0; n < 16; n++)
			clients[n] = dial(at.port);
		for (int i = 0; i < n; i++) {
			struct pollfd p = { .fd = clients[i], .events = POLLIN };

			if (poll(&p, 1, i == 0 ? 1000 : 50) == 1)
				closed++;
		}
		_exit(closed);
	}
	for (uint64_t end = port_clock_ms() + 1500; port_clock_ms() < end;) {
		waits++;
		if (!reported(1, 100))
			continue;
		while ((result = port_accept(l, 2, &c[accepted], &peer)) == E_OK)
			accepted++;
		if (result == E_NOSLOT)
			refused++;
	}
	CHECK(accepted > 2 && accepted < 16);
	CHECK(refused == 16 - accepted);
	CHECK(waits < 100); /* did not spin */
	at.port = 9;
	CHECK(port_udp_open(&at, 3, &u) == E_NOSLOT);
	CHECK(port_connect(&at, 3, &c[31]) == E_NOSLOT);
	CHECK(waitpid(helper, &result, 0) == helper && WEXITSTATUS(result) == 16 - accepted);
	for (int i = 0; i < accepted; i++)
		port_abort(c[i]);
	CHECK(port_listener_addr(l, &at) == E_OK);
	result = dial(at.port);
	CHECK(reported(1, PATIENCE_MS));
	CHECK(port_accept(l, 4, &c[0], &peer) == E_OK);
	CHECK(port_write(c[0], "x", 1) == 1 && read(result, &byte, 1) == 1);
}

static void a_44_descriptors_used_up(void **state)
{
	(void)state;
	assert_int_equal(run_child(no_descriptors), 0);
}

/* more connections than slots, the clients in a process of their own. */
static void no_slots(void)
{
	static struct port_tcp *c[BOARD_TCP_MAX + 1];
	struct port_addr at = loopback4(0), peer;
	struct port_listener *l;
	struct rlimit many;
	int accepted = 0, result = E_AGAIN, status;
	pid_t helper;

	CHECK(getrlimit(RLIMIT_NOFILE, &many) == 0);
	if (many.rlim_max < BOARD_TCP_MAX + 200)
		_exit(77);
	many.rlim_cur = many.rlim_max < 100000 ? many.rlim_max : 100000;
	CHECK(setrlimit(RLIMIT_NOFILE, &many) == 0);
	CHECK(port_start() == E_OK);
	CHECK(port_listen(&at, 1, &l) == E_OK);
	CHECK(port_listener_addr(l, &at) == E_OK);
	helper = fork();
	CHECK(helper >= 0);
	if (helper == 0) {
		char byte;
		int last = -1;

		for (int i = 0; i < BOARD_TCP_MAX + 3; i++)
			last = dial(at.port);
		_exit(read(last, &byte, 1) == 0 ? 0 : 1); /* the surplus is closed at once */
	}
	while (result != E_NOSLOT) {
		CHECK(reported(1, PATIENCE_MS));
		while ((result = port_accept(l, 2, &c[accepted], &peer)) == E_OK)
			accepted++;
	}
	CHECK(accepted == BOARD_TCP_MAX);
	for (int refused = 1; refused < 3;) {
		CHECK(reported(1, PATIENCE_MS));
		result = port_accept(l, 2, &c[accepted], &peer);
		CHECK(result == E_NOSLOT || result == E_AGAIN);
		refused += result == E_NOSLOT ? 1 : 0;
	}
	CHECK(waitpid(helper, &status, 0) == helper && WEXITSTATUS(status) == 0);
	CHECK(port_connect(&at, 3, &c[accepted]) == E_NOSLOT);
	for (int i = 0; i < accepted; i++)
		port_close(c[i]);
	for (int i = 0; i < 3; i++)
		CHECK(port_connect(&at, 3, &c[i]) == E_OK);
}

static void a_40_slots_used_up(void **state)
{
	int status = run_child(no_slots);

	(void)state;
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_52_datagrams_of_others_are_dropped(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET }, from;
	socklen_t len = sizeof at;
	struct port_addr server = loopback4(0);
	struct port_udp *u;
	char buf[8];
	int good = socket(AF_INET, SOCK_DGRAM, 0), bad = socket(AF_INET, SOCK_DGRAM, 0), n;

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(good, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(good, (struct sockaddr *)&at, &len), 0);
	server.port = ntohs(at.sin_port);
	assert_int_equal(port_udp_open(&server, 50, &u), E_OK);
	assert_int_equal(port_udp_receive(u, buf, sizeof buf), E_AGAIN);
	assert_int_equal(port_udp_send(u, "ask", 3), E_OK);
	len = sizeof from;
	assert_int_equal(recvfrom(good, buf, sizeof buf, 0, (struct sockaddr *)&from, &len), 3);
	assert_int_equal(sendto(bad, "forged", 6, 0, (struct sockaddr *)&from, len), 6);
	while (reported(50, 50))
		assert_int_equal(port_udp_receive(u, buf, sizeof buf), E_AGAIN);
	assert_int_equal(sendto(good, "a long answer", 13, 0, (struct sockaddr *)&from, len), 13);
	assert_true(reported(50, PATIENCE_MS));
	assert_int_equal(port_udp_receive(u, buf, sizeof buf), 13);
	assert_memory_equal(buf, "a long a", 8);
	assert_int_equal(port_udp_receive(u, buf, sizeof buf), E_AGAIN);
	close(good);
	close(bad);
	assert_int_equal(port_udp_send(u, "gone", 4), E_OK);
	assert_true(reported(50, PATIENCE_MS));
	n = port_udp_receive(u, buf, sizeof buf);
	assert_int_equal(n, E_REFUSED);
	port_udp_close(u);
	for (int i = 0; i < 3 * BOARD_UDP_MAX; i++) { /* slots come back */
		assert_int_equal(port_udp_open(&server, 51, &u), E_OK);
		port_udp_close(u);
	}
}

static void a_85_signals_end_the_wait(void **state)
{
	uint64_t start;
	port_owner owner;

	(void)state;
	assert_int_equal(port_signals(), 0);
	kill(getpid(), SIGHUP);
	start = port_clock_ms();
	assert_int_equal(port_wait(PORT_FOREVER, &owner, 1), 0);
	assert_true(port_clock_ms() - start < PATIENCE_MS);
	assert_int_equal(port_signals(), PORT_SIGNAL_RELOAD);
	assert_int_equal(port_signals(), 0);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGPIPE);
	assert_int_equal(port_wait(PORT_FOREVER, &owner, 1), 0);
	assert_int_equal(port_signals(), PORT_SIGNAL_STOP | PORT_SIGNAL_RELOAD);
	start = port_clock_ms();
	assert_int_equal(port_wait(60, &owner, 1), 0);
	assert_in_range(port_clock_ms() - start, 60, 1000);
}

static void network_facts(void **state)
{
	struct port_addr own[32], local = loopback4(0);
	unsigned char a[600], b[600];
	char name[65];
	bool found = false;
	int64_t now;
	int n = port_own_addresses(own, 32);

	(void)state;
	for (int i = 0; i < n; i++)
		found = found || memcmp(own[i].ip, local.ip, 16) == 0;
	assert_true(found);
	assert_int_equal(port_own_addresses(own, 1), 1);
	assert_int_equal(port_hostname(name, sizeof name), E_OK);
	assert_true(port_dns_servers(own, 4) >= 0);
	memset(a, 0, sizeof a);
	memset(b, 0, sizeof b);
	assert_int_equal(port_entropy(a, sizeof a), E_OK);
	assert_int_equal(port_entropy(b, sizeof b), E_OK);
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a + 300, a, 300);
	assert_int_equal(port_time(&now), E_OK);
	assert_in_range(now, time(NULL) - 2, time(NULL) + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_edge_and_sticky_end),
		cmocka_unit_test(write_waits_for_the_reader),
		cmocka_unit_test(reset_is_never_an_orderly_end),
		cmocka_unit_test(connect_outcomes),
		cmocka_unit_test(close_delivers_what_was_written),
		cmocka_unit_test(lingering_ends),
		cmocka_unit_test(closed_is_never_reported),
		cmocka_unit_test(late_events_find_nothing),
		cmocka_unit_test(new_owner_is_reported_once),
		cmocka_unit_test(small_batches_lose_nothing),
		cmocka_unit_test(families_are_separate),
		cmocka_unit_test(a_44_descriptors_used_up),
		cmocka_unit_test(a_40_slots_used_up),
		cmocka_unit_test(a_52_datagrams_of_others_are_dropped),
		cmocka_unit_test(a_85_signals_end_the_wait),
		cmocka_unit_test(network_facts),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
