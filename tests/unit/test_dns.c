/*
 * test_dns.c - the resolver against the simulated name server (A-52 .. A-54): answers, caches, many who ask one
 * question, servers that are silent, lie, fail or cut off, and a day without any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/hash.h"
#include "board.h"
#include "error.h"
#include "io/dns.h"
#include "sim.h"

static struct waiter waits[BOARD_DNS_QUERIES + 8];
static int woken;

static int fresh(void **state)
{
	sim_reset(3);
	hash_reset();
	due_reset();
	dns_reset();
	memset(waits, 0, sizeof waits);
	woken = 0;
	return 0;
}

static port_owner asker(unsigned i)
{
	return owner_of(OWNER_SESSION, (uint16_t)i);
}

/* One pass of a loop: events, due owners, time. */
static void pass(uint32_t most_ms)
{
	uint64_t at = dns_deadline_ms(), now = port_clock_ms();
	port_owner owners[16], o;
	uint64_t wait = at == UINT64_MAX ? most_ms : at > now ? at - now : 0;
	int n = port_wait(due_any() ? 0 : wait < most_ms ? (uint32_t)wait : most_ms, owners, 16);

	for (int i = 0; i < n; i++)
		due_mark(owners[i]);
	while (due_take(&o)) {
		if (owner_kind(o) == OWNER_DNS)
			dns_step(owner_index(o));
		else
			woken++;
	}
	if (dns_deadline_ms() <= port_clock_ms())
		dns_tick();
}

static int ask(const char *name, enum dns_type type, struct dns_answer *a)
{
	return dns_lookup(name, type, &waits[0], asker(0), a);
}

/* Asks until it is known, at most `most_ms`. */
static int resolve(const char *name, enum dns_type type, struct dns_answer *a)
{
	uint64_t end = port_clock_ms() + 2 * DNS_TOTAL_MS;
	int e = ask(name, type, a);

	while (e == E_AGAIN && port_clock_ms() < end) {
		pass(1000);
		if (waits[0].list == NULL)
			e = ask(name, type, a);
	}
	assert_int_equal(sim_open_transient(), 0);
	return e;
}

static bool first_is(const struct dns_answer *a, const char *text)
{
	struct port_addr got = { .port = 0 };
	char out[ADDR_TEXT_MAX];
	struct fmt f = fmt_on(out, sizeof out);

	assert_int_equal(dns_answer_ip(a, 0, got.ip), E_OK);
	addr_put(&f, &got);
	return strcmp(fmt_cstr(&f), text) == 0;
}

static void what_needs_no_asking(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		int want;
		const char *ip;
	} rows[] = {
		{ "10.0.0.9", DNS_A, E_OK, "10.0.0.9" }, { "10.0.0.9", DNS_AAAA, E_NOENT, "" },
		{ "::1", DNS_AAAA, E_OK, "::1" }, { "[2001:db8::7]", DNS_AAAA, E_OK, "2001:db8::7" },
		{ "[::1]", DNS_A, E_NOENT, "" }, { "localhost", DNS_A, E_OK, "127.0.0.1" },
		{ "LocalHost.", DNS_AAAA, E_OK, "::1" }, { "10.0.0.9", DNS_MX, E_NOENT, "" },
		{ "", DNS_A, E_ARG, "" }, { ".", DNS_A, E_ARG, "" }, { "a b", DNS_A, E_ARG, "" },
		{ "a..b", DNS_A, E_ARG, "" }, { "1.2.3", DNS_A, E_ARG, "" }, { "a/b.c", DNS_A, E_ARG, "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dns_answer a;

		assert_int_equal(ask(rows[i].name, rows[i].type, &a), rows[i].want);
		if (rows[i].want == E_OK)
			assert_true(first_is(&a, rows[i].ip));
	}
	assert_int_equal(sim_dns_queries(), 0);
	assert_true(dns_deadline_ms() == UINT64_MAX);
}

static void every_type(void **state)
{
	struct dns_answer a;
	struct slice s;
	uint16_t preference;
	uint8_t ip[16];
	struct port_addr p = sim_addr("10.1.2.3", 0), v6 = sim_addr("2001:db8::5", 0);

	sim_dns_add("Mail.Test", "A", "10.1.2.3", 600);
	sim_dns_add("mail.test", "AAAA", "2001:db8::5", 600);
	sim_dns_add("alias.test", "CNAME", "mail.test", 600);
	sim_dns_add("test", "MX", "10 mail.test", 600);
	sim_dns_add("test", "TXT", "v=x y", 600);
	sim_dns_add("3.2.1.10.in-addr.arpa", "PTR", "mail.test", 600);
	sim_dns_add("5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR",
		"six.test", 600);
	assert_int_equal(resolve("mail.TEST.", DNS_A, &a), E_OK);
	assert_true(first_is(&a, "10.1.2.3"));
	assert_int_equal(resolve("alias.test", DNS_AAAA, &a), E_OK);
	assert_true(first_is(&a, "2001:db8::5"));
	assert_int_equal(resolve("test", DNS_MX, &a), E_OK);
	assert_int_equal(dns_answer_name(&a, 0, &s, &preference), E_OK);
	assert_true(slice_is(s, "mail.test") && preference == 10);
	assert_int_equal(resolve("test", DNS_TXT, &a), E_OK);
	assert_int_equal(dns_answer_text(&a, 0, &s), E_OK);
	assert_true(slice_is(s, "v=x y"));
	assert_int_equal(resolve("test", DNS_A, &a), E_NOENT);
	assert_int_equal(resolve("none.test", DNS_A, &a), E_NOENT);
	for (int i = 0; i < 2; i++) {
		memcpy(ip, i == 0 ? p.ip : v6.ip, 16);
		while (dns_lookup_address(ip, &waits[0], asker(0), &a) == E_AGAIN)
			pass(1000);
		assert_int_equal(dns_answer_name(&a, 0, &s, &preference), E_OK);
		assert_true(slice_is(s, i == 0 ? "mail.test" : "six.test"));
	}
}

static void remembered_for_its_time(void **state)
{
	struct dns_answer a;

	sim_dns_add("a.test", "A", "10.0.0.7", 100);
	sim_dns_add("short.test", "A", "10.0.0.8", 0);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
	assert_int_equal(resolve("A.Test.", DNS_A, &a), E_OK);
	assert_int_equal(sim_dns_queries(), 1);
	sim_clock_advance(99000);
	assert_int_equal(ask("a.test", DNS_A, &a), E_OK);
	sim_clock_advance(1500);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
	assert_int_equal(sim_dns_queries(), 2);
	assert_int_equal(resolve("none.test", DNS_A, &a), E_NOENT); /* missing names too */
	assert_int_equal(resolve("none.test", DNS_A, &a), E_NOENT);
	assert_int_equal(sim_dns_queries(), 3);
	sim_clock_advance(61000);
	assert_int_equal(resolve("none.test", DNS_A, &a), E_NOENT);
	assert_int_equal(sim_dns_queries(), 4);
	assert_int_equal(resolve("short.test", DNS_A, &a), E_OK); /* TTL 0 counts as a minute */
	sim_clock_advance(50000);
	assert_int_equal(ask("short.test", DNS_A, &a), E_OK);
	assert_int_equal(sim_dns_queries(), 5);
}

static void one_question_for_all(void **state)
{
	struct dns_answer a;

	sim_dns_add("a.test", "A", "10.0.0.7", 100);
	sim_latency(50);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(dns_lookup(i % 2 ? "A.test" : "a.test.", DNS_A, &waits[i], asker(i), &a),
			E_AGAIN);
	waiter_leave(&waits[2]); /* one gives up */
	for (int i = 0; i < 10 && woken == 0; i++)
		pass(1000);
	assert_int_equal(woken, 4);
	assert_int_equal(sim_dns_queries(), 1);
	for (unsigned i = 0; i < 5; i++) {
		assert_null(waits[i].list);
		assert_int_equal(ask("a.test", DNS_A, &a), E_OK);
	}
}

static void more_questions_than_slots(void **state)
{
	enum { ALL = BOARD_DNS_QUERIES + 8 };
	bool done[ALL] = { false };
	struct dns_answer a;
	int left = ALL;

	sim_latency(20);
	for (int turn = 0; turn < 200 && left > 0; turn++) {
		for (unsigned i = 0; i < ALL; i++) {
			char name[20];

			snprintf(name, sizeof name, "n%u.test", i);
			if (!done[i] && waits[i].list == NULL) {
				int e = dns_lookup(name, DNS_A, &waits[i], asker(i), &a);

				done[i] = e == E_NOENT;
				left -= done[i];
				assert_true(done[i] || (e == E_AGAIN && waits[i].list != NULL));
			}
		}
		pass(100);
	}
	assert_int_equal(left, 0);
	assert_int_equal(sim_dns_queries(), ALL);
	assert_int_equal(sim_open_transient(), 0);
}

static void two_servers(void)
{
	struct port_addr servers[2] = { sim_addr("10.0.0.54", 53), sim_addr("10.0.0.53", 53) };

	dns_servers_set(servers, 2);
}

static int seen_sockets, seen_to[8];
static uint8_t seen[8][DNS_QUERY_MAX];
static size_t seen_len[8];

/* Keeps queries and answers none. */
static void watch(int socket, const struct port_addr *to, const uint8_t *msg, size_t len)
{
	if (seen_sockets < 8) {
		seen_to[seen_sockets] = to->ip[15];
		memcpy(seen[seen_sockets], msg, len);
		seen_len[seen_sockets++] = len;
	}
}

static void silence_is_told_in_time(void **state)
{
	struct dns_answer a;
	uint64_t from = port_clock_ms();

	seen_sockets = 0;
	sim_udp(watch);
	two_servers();
	assert_int_equal(resolve("a.test", DNS_A, &a), E_TIMEOUT);
	assert_true(port_clock_ms() - from >= 9900 && port_clock_ms() - from <= DNS_TOTAL_MS + 100);
	assert_int_equal(seen_sockets, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(seen_to[i], i % 2 ? 53 : 54);
	assert_int_equal(ask("a.test", DNS_A, &a), E_TIMEOUT); /* told again for a while */
	sim_clock_advance(DNS_FAILED_MS);
	assert_int_equal(ask("a.test", DNS_A, &a), E_AGAIN);
	assert_int_equal(sim_open_transient(), 1);
}

/* fresh id and letter case each time. */
static void queries_cannot_be_guessed(void **state)
{
	struct dns_answer a;

	seen_sockets = 0;
	sim_udp(watch);
	assert_int_equal(resolve("abcdefghijklmnopqrstuvwxyz.example.test", DNS_A, &a), E_TIMEOUT);
	assert_true(seen_sockets >= 4);
	for (int i = 1; i < seen_sockets; i++) {
		assert_memory_not_equal(seen[i], seen[i - 1], 2);
		assert_int_equal(seen_len[i], seen_len[0]);
	}
	assert_memory_not_equal(seen[0] + 12, seen[1] + 12, seen_len[0] - 12);
	assert_memory_equal(seen[3] + 12, "\x1a" "abcdefghijklmnopqrstuvwxyz\x07" "example\4test", 40);
}

static void a_dead_server_costs_one_try(void **state)
{
	struct port_addr servers[2] = { sim_addr("10.0.0.99", 53), sim_addr("10.0.0.53", 53) };
	struct dns_answer a;
	uint64_t from = port_clock_ms();

	sim_dns_add("a.test", "A", "10.0.0.7", 100);
	sim_dns_servers(&servers[1], 1);
	dns_servers_set(servers, 2);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
	assert_true(port_clock_ms() - from <= DNS_TRY_MS + 100);
}

static void no_server_at_all(void **state)
{
	struct dns_answer a;

	sim_dns_servers(NULL, 0);
	assert_int_equal(ask("a.test", DNS_A, &a), E_UNREACH);
	assert_null(waits[0].list);
	assert_true(dns_deadline_ms() == UINT64_MAX);
}

static void refuse(int socket, const struct port_addr *to, const uint8_t *msg, size_t len)
{
	sim_udp_refuse(socket);
}

static void faults_of_servers(void **state)
{
	static const struct {
		enum sim_dns_fault fault;
		int want;
		int most_queries;
	} rows[] = {
		{ SIM_DNS_OK, E_OK, 1 }, { SIM_DNS_SERVFAIL, E_PROTO, 2 }, { SIM_DNS_REFUSED, E_PROTO, 2 },
		{ SIM_DNS_SILENT, E_TIMEOUT, 6 }, { SIM_DNS_WRONG_ID, E_TIMEOUT, 6 },
		{ SIM_DNS_WRONG_NAME, E_TIMEOUT, 6 }, { SIM_DNS_TWICE, E_OK, 1 }, { SIM_DNS_TRUNCATE, E_OK, 2 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dns_answer a;
		int before;

		fresh(NULL);
		sim_dns_add("a.test", "A", "10.0.0.7", 100);
		sim_dns_fault("a.test", rows[i].fault);
		before = sim_dns_queries();
		assert_int_equal(resolve("a.test", DNS_A, &a), rows[i].want);
		assert_true(sim_dns_queries() - before <= rows[i].most_queries);
		if (rows[i].want == E_OK)
			assert_true(first_is(&a, "10.0.0.7"));
		assert_int_equal(sim_open_transient(), 0);
	}
	for (uint64_t seed = 0; seed < 20; seed++) { /* garbage: no crash, no success */
		struct dns_answer a;

		fresh(NULL);
		sim_reset(seed);
		sim_dns_add("a.test", "A", "10.0.0.7", 100);
		sim_dns_fault(NULL, SIM_DNS_GARBAGE);
		assert_true(resolve("a.test", DNS_A, &a) != E_OK);
	}
	fresh(NULL);
	sim_udp(refuse);
	{
		struct dns_answer a;

		assert_int_equal(resolve("a.test", DNS_A, &a), E_UNREACH);
	}
}

/* By TCP: whole, octet by octet, and with each call failing. */
static void cut_off_answers_come_by_tcp(void **state)
{
	for (int how = SIM_WHOLE; how <= SIM_RANDOM; how++) {
		struct dns_answer a;

		fresh(NULL);
		sim_segments((enum sim_segments)how, NULL, 0);
		sim_latency(3);
		sim_dns_add("a.test", "A", "10.0.0.7", 100);
		sim_dns_fault("a.test", SIM_DNS_TRUNCATE);
		assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
		assert_true(first_is(&a, "10.0.0.7"));
	}
}

/* Says of everything that it is too long for UDP. */
static void cut_off(int socket, const struct port_addr *to, const uint8_t *msg, size_t len)
{
	uint8_t answer[DNS_QUERY_MAX];

	memcpy(answer, msg, len);
	answer[2] = 0x83;
	sim_udp_reply(socket, answer, len, 0);
}

static void nobody_at_the_tcp_port(void **state)
{
	struct dns_answer a;

	sim_udp(cut_off);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_UNREACH);
}

static void a_length_beyond_bounds_by_tcp(void **state)
{
	struct port_addr at = sim_addr("10.0.0.53", 53);
	int listener = sim_peer_listen(&at), e;
	static uint8_t bytes[3000];
	struct dns_answer a;

	memset(bytes, 0xff, sizeof bytes);
	sim_udp(cut_off);
	while ((e = ask("a.test", DNS_A, &a)) == E_AGAIN) {
		int end = sim_peer_accept(listener);

		if (end >= 0)
			sim_peer_write(end, bytes, sizeof bytes);
		pass(1000);
	}
	assert_int_equal(e, E_PROTO);
}

/* No such name, and that for two hours. */
static void missing(int socket, const struct port_addr *to, const uint8_t *msg, size_t len)
{
	static const uint8_t soa[] = { 0xc0, 12, 0, 6, 0, 1, 0, 0, 0x1c, 0x20, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1c, 0x20 };
	uint8_t answer[DNS_QUERY_MAX + sizeof soa];

	seen_sockets++;
	memcpy(answer, msg, len);
	memcpy(answer + len, soa, sizeof soa);
	answer[2] = 0x81;
	answer[3] = 0x83;
	answer[9] = 1;
	sim_udp_reply(socket, answer, len + sizeof soa, 0);
}

static void missing_for_a_quarter_of_an_hour_at_most(void **state)
{
	struct dns_answer a;

	seen_sockets = 0;
	sim_udp(missing);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_NOENT);
	sim_clock_advance(899000);
	assert_int_equal(ask("a.test", DNS_A, &a), E_NOENT);
	assert_int_equal(seen_sockets, 1);
	sim_clock_advance(1000);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_NOENT);
	assert_int_equal(seen_sockets, 2);
}

static void both_families_at_once(void **state)
{
	struct dns_answer a4, a6;
	int e4 = E_AGAIN, e6 = E_AGAIN;

	sim_dns_add("a.test", "A", "10.0.0.7", 100);
	sim_dns_add("a.test", "AAAA", "2001:db8::5", 100);
	for (int i = 0; i < 5 && (e4 == E_AGAIN || e6 == E_AGAIN); i++) {
		e6 = dns_lookup("a.test", DNS_AAAA, &waits[0], asker(0), &a6);
		e4 = dns_lookup("a.test", DNS_A, &waits[1], asker(0), &a4);
		assert_int_equal(sim_open_transient(), i == 0 ? 2 : 0);
		pass(1000);
	}
	assert_true(e4 == E_OK && e6 == E_OK);
	assert_true(first_is(&a4, "10.0.0.7") && first_is(&a6, "2001:db8::5"));
	assert_int_equal(sim_dns_queries(), 2);
}

static void faults_of_the_port(void **state)
{
	for (uint32_t n = 1; n < 60; n++)
		for (int keep = 0; keep < 2; keep++) {
			struct dns_answer a;
			int e;

			fresh(NULL);
			sim_dns_add("a.test", "A", "10.0.0.7", 100);
			sim_dns_fault("a.test", SIM_DNS_TRUNCATE);
			sim_fault_at(n, 0, keep != 0);
			e = resolve("a.test", DNS_A, &a);
			assert_true(e == E_OK || e == E_TIMEOUT || e == E_UNREACH || e == E_PROTO);
			assert_true(keep || e == E_OK);
			assert_int_equal(sim_open_transient(), 0);
			assert_null(waits[0].list);
		}
}

/* */
static void stale_answers_when_no_server_answers(void **state)
{
	struct dns_answer a;
	int queries;

	sim_dns_add("a.test", "A", "10.0.0.7", 100);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
	sim_dns_fault(NULL, SIM_DNS_SILENT);
	sim_clock_advance(200000);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
	assert_true(first_is(&a, "10.0.0.7"));
	queries = sim_dns_queries();
	assert_int_equal(ask("a.test", DNS_A, &a), E_OK); /* not asked for a while */
	assert_int_equal(sim_dns_queries(), queries);
	sim_dns_fault(NULL, SIM_DNS_SERVFAIL);
	sim_clock_advance(80000000);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
	sim_clock_advance(7000000); /* more than a day after the end of its time */
	assert_int_equal(resolve("a.test", DNS_A, &a), E_PROTO);
	sim_dns_fault(NULL, SIM_DNS_OK);
	sim_clock_advance(DNS_FAILED_MS);
	assert_int_equal(resolve("a.test", DNS_A, &a), E_OK);
}

static void entropy_that_comes_late(void **state)
{
	struct dns_answer a;

	sim_dns_add("a.test", "A", "10.0.0.7", 100);
	sim_entropy(false);
	assert_int_equal(ask("a.test", DNS_A, &a), E_AGAIN);
	pass(100);
	assert_int_equal(sim_dns_queries(), 0);
	sim_entropy(true);
	for (int i = 0; i < 50 && woken == 0; i++)
		pass(1000);
	assert_int_equal(ask("a.test", DNS_A, &a), E_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_needs_no_asking, fresh), cmocka_unit_test_setup(every_type, fresh),
		cmocka_unit_test_setup(remembered_for_its_time, fresh),
		cmocka_unit_test_setup(one_question_for_all, fresh),
		cmocka_unit_test_setup(more_questions_than_slots, fresh),
		cmocka_unit_test_setup(silence_is_told_in_time, fresh),
		cmocka_unit_test_setup(queries_cannot_be_guessed, fresh),
		cmocka_unit_test_setup(a_dead_server_costs_one_try, fresh),
		cmocka_unit_test_setup(no_server_at_all, fresh), cmocka_unit_test_setup(faults_of_servers, fresh),
		cmocka_unit_test_setup(cut_off_answers_come_by_tcp, fresh),
		cmocka_unit_test_setup(nobody_at_the_tcp_port, fresh),
		cmocka_unit_test_setup(a_length_beyond_bounds_by_tcp, fresh),
		cmocka_unit_test_setup(missing_for_a_quarter_of_an_hour_at_most, fresh),
		cmocka_unit_test_setup(both_families_at_once, fresh),
		cmocka_unit_test_setup(faults_of_the_port, fresh),
		cmocka_unit_test_setup(stale_answers_when_no_server_answers, fresh),
		cmocka_unit_test_setup(entropy_that_comes_late, fresh),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
