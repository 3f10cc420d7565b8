/*
 * fuzz_smtp_server.c - a whole SMTP session on the simulated machine: the input is what a client sends,
 * in pieces; a next hop takes every message. Each 0xFF byte ends a piece and lets the gateway run.
 *
 * Checked besides the sanitizers: no 2xx to a message that the next hop did not take, nothing bare
 * leaves, every pool empty and every handle closed at the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"
#include "sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char config[] =
	"config gateway 'main'\n\toption hostname 'gw.test'\n\toption account 'hop'\n"
	"config listener 'in'\n\toption protocol 'smtp'\n\toption port '25'\n\toption auth 'optional'\n"
	"\toption plain_auth '1'\n\toption max_connections '64'\n\toption max_per_client '64'\n"
	"config user 'dev'\n\toption password 'pw'\n\toption clear '1'\n"
	"config account 'hop'\n\toption smtp_host '10.0.0.9'\n\toption smtp_port '25'\n"
	"\toption smtp_tls 'off'\n\toption auth 'none'\n\toption address 'me@example.com'\n";

static struct {
	bool ready;
	int listener, end;
	bool in_data;
	char line[8192];
	size_t len;
	unsigned taken;
	bool bare;
} hop;

static void hop_say(const char *text)
{
	sim_peer_write(hop.end, text, strlen(text));
}

/* One line of the gateway, without its line end. */
static void hop_line(const char *line)
{
	if (hop.in_data) {
		if (strcmp(line, ".") == 0) {
			hop.in_data = false;
			hop.taken++;
			hop_say("250 2.0.0 taken\r\n");
		}
	} else if (strncmp(line, "EHLO", 4) == 0) {
		hop_say("250-hop\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n");
	} else if (strncmp(line, "DATA", 4) == 0) {
		hop.in_data = true;
		hop_say("354 go\r\n");
	} else if (strncmp(line, "RCPT TO:<no", 11) == 0) {
		hop_say("550 5.1.1 nobody\r\n");
	} else if (strncmp(line, "QUIT", 4) == 0) {
		hop_say("221 bye\r\n");
	} else {
		hop_say("250 2.0.0 fine\r\n");
	}
}

static void hop_byte(uint8_t c)
{
	static uint8_t before;

	hop.bare = hop.bare || (c == '\n' && before != '\r') || (before == '\r' && c != '\n');
	before = c;
	if (c == '\n') {
		hop.line[hop.len > 0 ? hop.len - 1 : 0] = '\0';
		hop.len = 0;
		hop_line(hop.line);
	} else if (hop.len < sizeof hop.line - 1) {
		hop.line[hop.len++] = (char)c;
	}
}

static void hop_run(void)
{
	uint8_t buf[4096];
	int n;

	if (hop.end < 0) {
		hop.end = sim_peer_accept(hop.listener);
		if (hop.end < 0)
			return;
		hop.in_data = false;
		hop.len = 0;
		hop_say("220 hop\r\n");
	}
	while ((n = sim_peer_read(hop.end, buf, sizeof buf)) > 0)
		for (int i = 0; i < n; i++)
			hop_byte(buf[i]);
	if (n != E_AGAIN) {
		sim_peer_close(hop.end);
		hop.end = -1;
	}
}

static void setup(void)
{
	struct port_addr at = sim_addr("10.0.0.9", 25);
	char why[400];

	sim_reset(1);
	gateway_reset();
	if (gateway_load(config, sizeof config - 1, why, sizeof why) != E_OK ||
			gateway_open(why, sizeof why) != E_OK)
		abort();
	hop.listener = sim_peer_listen(&at);
	hop.end = -1;
	hop.ready = true;
}

/* What the client hears; counts the replies to ends of messages. */
static unsigned confirmed(int client)
{
	char buf[4096];
	unsigned n = 0;
	int len;

	while ((len = sim_peer_read(client, buf, sizeof buf - 1)) > 0) {
		buf[len] = '\0';
		for (const char *p = buf; (p = strstr(p, "2.0.0 taken")) != NULL; p++)
			n++;
	}
	return n;
}

static void run(int client, unsigned *told)
{
	for (int i = 0; i < 40; i++) {
		uint64_t before = sim_moves();

		gateway_pass(0);
		hop_run();
		*told += confirmed(client);
		if (sim_moves() == before)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct port_addr from = sim_addr("192.168.1.7", 40000), to = sim_addr("10.0.0.1", 25);
	unsigned told = 0, taken;
	int client;

	if (!hop.ready)
		setup();
	taken = hop.taken;
	client = sim_peer_connect(&from, &to);
	if (client < 0)
		abort();
	run(client, &told);
	while (size > 0) {
		const uint8_t *stop = memchr(data, 0xFF, size);
		size_t n = stop != NULL ? (size_t)(stop - data) : size;
		int wrote = n > 0 ? sim_peer_write(client, data, n) : 0;

		run(client, &told);
		if (wrote < 0 && wrote != E_AGAIN)
			break;
		if (wrote >= 0 && (size_t)wrote < n)
			n = (size_t)wrote;
		else if (stop != NULL)
			n++;
		else if (wrote == E_AGAIN)
			break;
		data += n;
		size -= n;
	}
	run(client, &told);
	sim_peer_close(client);
	for (int i = 0; i < 200 && (gateway_pools_busy() > 0 || hop.end >= 0); i++) {
		gateway_pass(1000);
		hop_run();
	}
	if (told > hop.taken - taken || hop.bare || gateway_pools_busy() > 0 || sim_open_transient() != 0)
		abort();
	return 0;
}
