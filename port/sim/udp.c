/*
 * udp.c - datagrams: each socket of the core talks to one server, which is a handler of the test or
 * the built-in name server.
 */
#include "world.h"

struct port_udp {
	bool used, again, refused, send_again;
	port_owner owner;
	struct port_addr server;
};
static struct port_udp sockets[SIM_UDP];

static struct datagram {
	bool used;
	int socket;
	uint64_t due_ms;
	uint32_t order;
	size_t len;
	uint8_t bytes[SIM_DATAGRAM];
} datagrams[SIM_DATAGRAMS];

static sim_udp_handler *handler;
static uint32_t last_order;

void world_udp_reset(void)
{
	memset(sockets, 0, sizeof sockets);
	for (int i = 0; i < SIM_DATAGRAMS; i++)
		datagrams[i].used = false;
	handler = NULL;
	last_order = 0;
}

void world_udp_power_cut(void)
{
	for (int i = 0; i < SIM_UDP; i++)
		if (sockets[i].used)
			port_udp_close(&sockets[i]);
}

int world_udp_handles(void)
{
	int n = 0;

	for (int i = 0; i < SIM_UDP; i++)
		n += sockets[i].used;
	return n;
}

void sim_udp(sim_udp_handler *h) { handler = h; }

int sim_udp_reply(int socket, const void *msg, size_t len, uint32_t delay_ms)
{
	int i;

	if (len > SIM_DATAGRAM)
		world_broken("too long a datagram");
	for (i = 0; i < SIM_DATAGRAMS && datagrams[i].used; i++)
		;
	if (i == SIM_DATAGRAMS)
		return E_NOSLOT;
	datagrams[i].used = true;
	datagrams[i].socket = socket;
	datagrams[i].due_ms = world_now() + world_latency() + delay_ms;
	datagrams[i].order = ++last_order;
	datagrams[i].len = len;
	memcpy(datagrams[i].bytes, msg, len);
	world_moved();
	return E_OK;
}

void sim_udp_refuse(int socket) { sockets[socket].refused = true; }

static struct datagram *arrived(int socket)
{
	struct datagram *best = NULL;

	for (int i = 0; i < SIM_DATAGRAMS; i++) {
		struct datagram *d = &datagrams[i];

		if (d->used && d->socket == socket && d->due_ms <= world_now() &&
		    (best == NULL || d->order < best->order))
			best = d;
	}
	return best;
}

void world_udp_collect(struct owners *o)
{
	for (int i = 0; i < SIM_UDP; i++) {
		struct port_udp *u = &sockets[i];
		bool can_receive = u->again && (u->refused || arrived(i) != NULL);

		if (u->used && (can_receive || u->send_again) && world_owners_add(o, u->owner)) {
			u->again = u->again && !can_receive;
			u->send_again = false;
		}
	}
}

uint64_t world_udp_next_ms(void)
{
	uint64_t at = NO_EVENT;

	for (int i = 0; i < SIM_DATAGRAMS; i++)
		if (datagrams[i].used && datagrams[i].due_ms > world_now() && datagrams[i].due_ms < at)
			at = datagrams[i].due_ms;
	return at;
}

/* ---- port.h ---- */

int port_udp_open(const struct port_addr *server, port_owner owner, struct port_udp **out)
{
	int bad = world_call(CALL_UDP_OPEN);

	if (bad != E_OK)
		return bad;
	for (int i = 0; i < SIM_UDP; i++)
		if (!sockets[i].used) {
			sockets[i] = (struct port_udp){
				.used = true, .again = true, .owner = owner, .server = *server
			};
			*out = &sockets[i];
			world_moved();
			return world_said(CALL_UDP_OPEN, E_OK);
		}
	return world_said(CALL_UDP_OPEN, E_NOSLOT);
}

int port_udp_send(struct port_udp *u, const void *buf, size_t len)
{
	int bad = world_call(CALL_UDP_SEND), number = (int)(u - sockets);

	u->send_again = bad == E_AGAIN;
	if (bad != E_OK)
		return bad;
	world_moved();
	if (handler != NULL)
		handler(number, &u->server, buf, len);
	else if (u->server.port == 53)
		world_dns_datagram(number, buf, len);
	return world_said(CALL_UDP_SEND, E_OK);
}

int port_udp_receive(struct port_udp *u, void *buf, size_t cap)
{
	int bad = world_call(CALL_UDP_RECEIVE);
	struct datagram *d = arrived((int)(u - sockets));

	if (bad == E_OK && u->refused) {
		u->refused = false;
		bad = E_REFUSED;
	}
	if (bad == E_OK && d == NULL)
		bad = E_AGAIN;
	u->again = u->again || bad == E_AGAIN;
	if (bad != E_OK)
		return world_said(CALL_UDP_RECEIVE, bad);
	memcpy(buf, d->bytes, d->len < cap ? d->len : cap);
	d->used = false;
	world_moved();
	return world_said(CALL_UDP_RECEIVE, (int)d->len);
}

void port_udp_close(struct port_udp *u)
{
	int number = (int)(u - sockets);

	if (!u->used)
		world_broken("a UDP socket was closed twice");
	u->used = false;
	for (int i = 0; i < SIM_DATAGRAMS; i++)
		if (datagrams[i].socket == number)
			datagrams[i].used = false;
}
