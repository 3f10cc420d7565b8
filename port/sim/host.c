/*
 * host.c - what the machine knows of itself: addresses, name, name servers; and the reading of
 * addresses for tests.
 */
#include "world.h"

enum { SERVERS = 4, OWN = 8, NAME_CAP = 128 };

static struct {
	struct port_addr server[SERVERS], own[OWN];
	int servers, owns;
	char name[NAME_CAP];
} host;

void world_host_reset(void)
{
	struct port_addr own[3] = {
		sim_addr("127.0.0.1", 0), sim_addr("10.0.0.1", 0), sim_addr("fe80::1", 0)
	}, server = sim_addr("10.0.0.53", 53);

	sim_own_addresses(own, 3);
	sim_dns_servers(&server, 1);
	sim_hostname("gateway.test");
}

void sim_dns_servers(const struct port_addr *servers, int count)
{
	host.servers = count < SERVERS ? count : SERVERS;
	for (int i = 0; i < host.servers; i++)
		host.server[i] = servers[i];
}

void sim_own_addresses(const struct port_addr *own, int count)
{
	host.owns = count < OWN ? count : OWN;
	for (int i = 0; i < host.owns; i++)
		host.own[i] = own[i];
}

void sim_hostname(const char *name)
{
	size_t len = strlen(name);

	if (len >= NAME_CAP)
		world_broken("too long a host name");
	memcpy(host.name, name, len + 1);
}

int port_dns_servers(struct port_addr *out, int cap)
{
	int n = host.servers < cap ? host.servers : cap;

	for (int i = 0; i < n; i++)
		out[i] = host.server[i];
	return n;
}

int port_own_addresses(struct port_addr *out, int cap)
{
	int n = host.owns < cap ? host.owns : cap;

	for (int i = 0; i < n; i++)
		out[i] = host.own[i];
	return n;
}

int port_hostname(char *out, size_t cap)
{
	int bad = world_call(CALL_HOSTNAME);
	size_t len = strlen(host.name);

	if (bad != E_OK || len == 0 || cap == 0)
		return E_NOENT;
	if (len >= cap)
		len = cap - 1;
	memcpy(out, host.name, len);
	out[len] = '\0';
	return E_OK;
}

/* ---- addresses for tests ---- */

bool sim_addr_equal(const struct port_addr *a, const struct port_addr *b)
{
	return memcmp(a->ip, b->ip, 16) == 0 && a->port == b->port;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* Dotted quad to four bytes; NULL where the text goes wrong, else its end. */
static const char *read_v4(const char *p, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned value = 0;
		int digits = 0;

		for (; *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
			value = value * 10 + (unsigned)(*p - '0');
		if (digits == 0 || value > 255 || (i < 3 && *p++ != '.'))
			return NULL;
		out[i] = (uint8_t)value;
	}
	return p;
}

/* Groups up to `::` or the end into `out`; their number of bytes, *p behind them; -1: wrong. */
static int read_groups(const char **p, uint8_t *out)
{
	int n = 0;

	while (**p != '\0' && **p != ':' && n < 16) {
		unsigned value = 0;
		const char *start = *p;

		if (strchr(start, '.') != NULL && strchr(start, ':') == NULL) {
			*p = read_v4(start, out + n);
			return *p == NULL ? -1 : n + 4;
		}
		for (; hex_value(**p) >= 0; ++*p)
			value = value << 4 | (unsigned)hex_value(**p);
		if (*p == start || *p - start > 4)
			return -1;
		out[n++] = (uint8_t)(value >> 8);
		out[n++] = (uint8_t)value;
		if (**p == ':' && (*p)[1] != ':')
			++*p;
	}
	return n;
}

struct port_addr sim_addr(const char *ip, uint16_t port)
{
	struct port_addr a = { .ip = { [10] = 0xff, [11] = 0xff }, .port = port };
	const char *end = strchr(ip, ':') == NULL ? read_v4(ip, a.ip + 12) : NULL;
	uint8_t front[20], back[20];
	int f, b = 0;

	if (end != NULL && *end == '\0')
		return a;
	end = ip;
	memset(a.ip, 0, 16);
	f = read_groups(&end, front);
	if (f >= 0 && end[0] == ':' && end[1] == ':') {
		end += 2;
		b = read_groups(&end, back);
	}
	if (strchr(ip, ':') == NULL || f < 0 || b < 0 || f + b > 16 || end == NULL || *end != '\0')
		world_broken("not an address");
	memcpy(a.ip, front, (size_t)f);
	memcpy(a.ip + 16 - b, back, (size_t)b);
	return a;
}
