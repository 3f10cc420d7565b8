/*
 * test_sim_crowd.c - many at once, on the simulated machine: more clients than places, and one honest
 * client among guessers (A-30, A-40; issue 2, must-show 8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/gateway.h"
#include "sim.h"

enum { CROWD = 400, PLACES = 64, GUESSERS = 100 };

static const char config[] =
	"config gateway 'main'\n"
	"\toption hostname 'gateway.test'\n"
	"\toption account 'hop'\n"
	"config listener 'in'\n"
	"\toption protocol 'smtp'\n"
	"\toption port '25'\n"
	"\toption auth 'required'\n"
	"\toption max_connections '64'\n"
	"\toption max_per_client '64'\n"
	"config user 'printer'\n"
	"\toption password 'secret'\n"
	"config account 'hop'\n"
	"\toption address 'office@hop.test'\n"
	"\toption smtp_host '10.0.0.9'\n"
	"\toption smtp_tls 'off'\n"
	"\toption auth 'none'\n"
	"\toption delivery 'direct'\n";

static int start(void **state)
{
	char why[300] = "";

	(void)state;
	sim_reset(5);
	gateway_reset();
	if (gateway_load(config, sizeof config - 1, why, sizeof why) != E_OK ||
	    gateway_open(why, sizeof why) != E_OK) {
		print_error("%s\n", why);
		return -1;
	}
	return 0;
}

static void run(uint32_t ms)
{
	uint64_t end = port_clock_ms() + ms;

	do {
		uint64_t before;

		do {
			before = sim_moves();
			for (int i = 0; i < 3; i++)
				assert_true(gateway_pass(0) >= 0);
		} while (sim_moves() != before);
		if (port_clock_ms() < end)
			gateway_pass((uint32_t)(end - port_clock_ms()));
	} while (port_clock_ms() < end);
}

static void stop(void)
{
	int result = E_OK;

	gateway_stop();
	for (int i = 0; i < 2000 && result != E_EOF; i++)
		result = gateway_pass(10);
	assert_int_equal(result, E_EOF);
	assert_int_equal(gateway_pools_busy(), 0);
	assert_int_equal(sim_open_handles(), 0);
}

static int arrive(int number, const char *network)
{
	char ip[40];
	struct port_addr from, to = sim_addr("10.0.0.1", 25);

	snprintf(ip, sizeof ip, "%s.%d.%d", network, number / 200, 1 + number % 200);
	from = sim_addr(ip, (uint16_t)(1024 + number));
	return sim_peer_connect(&from, &to);
}

/* What an end says, NUL-terminated; the result of the last read. */
static int hear(int end, char *text, size_t cap)
{
	size_t len = 0;
	int n;

	while ((n = sim_peer_read(end, text + len, cap - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return n;
}

static void test_a40_surplus_gets_the_constant_refusal(void **state)
{
	static int end[CROWD];
	int greeted = 0, refused = 0;
	char text[600];

	(void)state;
	for (int i = 0; i < CROWD; i++)
		assert_true((end[i] = arrive(i, "10.1")) >= 0);
	run(1000);
	for (int i = 0; i < CROWD; i++) {
		int last = hear(end[i], text, sizeof text);

		if (strncmp(text, "220 ", 4) == 0) {
			assert_int_equal(last, E_AGAIN);
			greeted++;
		} else {
			assert_int_equal(strncmp(text, "421 4.3.2 ", 10), 0);
			assert_true(last == E_EOF || last == E_RESET);
			refused++;
		}
	}
	assert_int_equal(greeted, PLACES);
	assert_int_equal(refused, CROWD - PLACES);
	for (int i = 0; i < CROWD; i++)
		sim_peer_close(end[i]);
	run(20000);
	assert_int_equal(gateway_pools_busy(), 0);
	assert_int_equal(sim_open_transient(), 0);
	assert_true(arrive(1, "10.2") >= 0);
	run(100);
	assert_int_equal(sim_open_transient(), 1);
	stop();
}

/* A guesser says the next wrong thing whenever something came, and comes again when thrown out. */
static void guess(int number, int *end)
{
	static const char lines[] = "EHLO guesser\r\nAUTH PLAIN AHByaW50ZXIAd3Jvbmc=\r\n";
	char text[2000];
	int last = hear(*end, text, sizeof text);

	if (last != E_AGAIN) {
		sim_peer_close(*end);
		*end = arrive(number, "10.3");
	} else if (text[0] != '\0') {
		sim_peer_write(*end, lines, sizeof lines - 1);
	}
}

static bool honest_try(void)
{
	static const char lines[] = "EHLO honest\r\nAUTH PLAIN AHByaW50ZXIAc2VjcmV0\r\n";
	int end = arrive(1, "10.4"), last;
	char text[2000];

	assert_true(end >= 0);
	sim_peer_write(end, lines, sizeof lines - 1);
	run(2000);
	last = hear(end, text, sizeof text);
	(void)last;
	sim_peer_close(end);
	return strstr(text, "\r\n235 ") != NULL;
}

static void test_a30_an_honest_client_among_guessers(void **state)
{
	static int end[GUESSERS];
	bool through = false;

	(void)state;
	for (int i = 0; i < GUESSERS; i++)
		assert_true((end[i] = arrive(i, "10.3")) >= 0);
	for (int second = 0; second < 300 && !through; second++) {
		run(1000);
		for (int i = 0; i < GUESSERS; i++)
			guess(i, &end[i]);
		if (second >= 30 && second % 10 == 0)
			through = honest_try();
	}
	assert_true(through);
	for (int i = 0; i < GUESSERS; i++)
		sim_peer_close(end[i]);
	run(20000);
	assert_int_equal(gateway_pools_busy(), 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a40_surplus_gets_the_constant_refusal, start),
		cmocka_unit_test_setup(test_a30_an_honest_client_among_guessers, start)
	};

	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
