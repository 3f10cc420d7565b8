/*
 * fuzz_console.c - a whole console on the simulated machine: the first byte says who sits there, the
 * rest is typed, in pieces. Each 0xFF byte ends a piece and lets the gateway run; 0xFE lets time pass.
 *
 * Checked besides the sanitizers: what is shown is bounded by what was typed, no escape reaches a
 * terminal that has none, no secret is shown to those who may not see it, pools are empty at the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/candidate.h"
#include "gateway/gateway.h"
#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INTERACTIVE = 1, FULL = 2, ESCAPES = 4, KNOWN = 8, ROWS = 16 };

static const char config[] =
	"config gateway 'main'\n\toption hostname 'gw.test'\n\toption account 'hop'\n"
	"config listener 'in'\n\toption protocol 'smtp'\n\toption port '25'\n"
	"config user 'dev'\n\toption password '%%user'\n\toption clear '1'\n"
	"config account 'hop'\n\toption smtp_host '10.0.0.9'\n\toption smtp_port '25'\n"
	"\toption smtp_tls 'off'\n\toption auth 'plain'\n\toption password '%%account'\n"
	"\toption address 'me@example.com'\n";

static char shown[SIM_CONSOLE_OUT + 1];
static bool escapes, secrets, asked_size;

static void begin(void)
{
	struct settings_error err;
	char why[400];

	sim_reset(1);
	gateway_reset();
	sim_file_set("/c", config, sizeof config - 1);
	if (settings_load_file("/c", &err) != E_OK || gateway_open(why, sizeof why) != E_OK)
		abort();
	log_line(PORT_LOG_INFO, "session 1: something");
}

static void look(int console)
{
	int n = sim_console_output(console, shown, sizeof shown - 1);

	shown[n] = '\0';
	for (int i = 0; i < n; i++) {
		if (shown[i] == '\x1b' && !escapes && asked_size)
			abort();
		if (!secrets && shown[i] == '%') /* which only the secrets have */
			abort();
	}
}

static void run(int console)
{
	for (int i = 0, idle = 0; i < 60 && idle < 3; i++) {
		uint64_t before = sim_moves();

		gateway_pass(0);
		look(console);
		idle = sim_moves() == before ? idle + 1 : 0;
	}
}

static void type(int console, const uint8_t *data, size_t len)
{
	char piece[256];

	while (len > 0) {
		size_t n = len < sizeof piece - 1 ? len : sizeof piece - 1;

		memcpy(piece, data, n);
		for (size_t i = 0; i < n; i++) {
			if (piece[i] == '\0' || piece[i] == '%')
				piece[i] = '\x16';
			escapes = escapes || piece[i] == 'R' || piece[i] == 't'; /* it may tell its size */
		}
		piece[n] = '\0';
		(void)sim_console_type(console, piece);
		run(console);
		data += n;
		len -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t who = size > 0 ? data[0] : 0;
	int console;

	if (size < 2 || size > 4096)
		return 0;
	begin();
	console = sim_console_open((who & INTERACTIVE) != 0, (who & FULL) != 0);
	sim_console_terminal(console, (who & ESCAPES) != 0, (who & KNOWN) != 0 ? 20 + who : 0,
		(who & ROWS) != 0 ? 5 : 0);
	escapes = (who & ESCAPES) != 0;
	secrets = (who & FULL) != 0;
	asked_size = (who & KNOWN) != 0;
	run(console);
	asked_size = true;
	for (size_t at = 1; at < size;) {
		size_t end = at;

		while (end < size && data[end] < 0xFE)
			end++;
		type(console, data + at, end - at);
		if (end < size && data[end] == 0xFE) {
			sim_clock_advance(200);
			run(console);
		}
		at = end + 1;
	}
	sim_console_eof(console);
	for (int i = 0; i < 50 && gateway_pools_busy() > 0; i++) {
		gateway_pass(1000);
		look(console);
	}
	if (gateway_pools_busy() > 0)
		abort();
	return 0;
}
