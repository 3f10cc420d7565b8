/*
 * tcp.c - the core's side of TCP: the functions of port.h over the queues of net.c.
 */
#include "net.h"

enum { TIMEOUT_MS = 60000 };

int port_listen(const struct port_addr *at, port_owner owner, struct port_listener **out)
{
	int i, bad = world_call(CALL_LISTEN);

	if (bad != E_OK)
		return bad;
	if (!world_net_unspecified(at) && !world_net_is_ours(at))
		return world_said(CALL_LISTEN, E_NOENT);
	for (i = 0; i < SIM_LISTENERS; i++)
		if (world_net_listener[i].used && at->port != 0 &&
		    world_net_listener[i].at.port == at->port &&
		    memcmp(world_net_listener[i].at.ip, at->ip, 16) == 0)
			return world_said(CALL_LISTEN, E_INUSE);
	for (i = 0; i < SIM_LISTENERS && world_net_listener[i].used; i++)
		;
	if (i == SIM_LISTENERS)
		return world_said(CALL_LISTEN, E_NOSLOT);
	world_net_listener[i] = (struct port_listener){
		.used = true, .gateway = true, .again = true, .owner = owner, .at = *at
	};
	if (at->port == 0)
		world_net_listener[i].at.port = (uint16_t)(20000 + (world_net.order++ & 0x1fff));
	*out = &world_net_listener[i];
	return world_said(CALL_LISTEN, E_OK);
}

int port_listener_addr(const struct port_listener *l, struct port_addr *out)
{
	*out = l->at;
	return E_OK;
}

void port_unlisten(struct port_listener *l)
{
	int index = (int)(l - world_net_listener);

	for (int i = 0; i < world_net_high; i++)
		if (world_net_end[i].state != END_FREE && world_net_end[i].pending &&
		    world_net_end[i].listener == index) {
			world_net_kill(i, E_RESET);
			world_net_release(i);
		}
	l->used = false;
}

int port_accept(struct port_listener *l, port_owner owner, struct port_tcp **out,
	struct port_addr *peer)
{
	int result = world_call(CALL_ACCEPT), end = world_net_oldest((int)(l - world_net_listener));

	if (result != E_OK)              /* a fault: room comes back after a while */
		l->again_ms = world_now() + 1000;
	if (result == E_OK && end < 0)
		result = E_AGAIN;
	if (result == E_OK && !world_net_room())
		result = E_NOSLOT;
	l->again = l->again || result != E_OK;
	if (result != E_OK)
		return world_said(CALL_ACCEPT, result);
	world_net_end[end].pending = false;
	world_net_end[end].owner_new = true;
	world_net_end[end].owner = owner;
	*out = &world_net_end[end];
	*peer = world_net_end[end].remote;
	world_moved();
	return world_said(CALL_ACCEPT, E_OK);
}

void sim_route_set(const struct port_addr *to, enum sim_route how)
{
	if (world_net.route_count == NET_ROUTES)
		world_broken("too many routes");
	world_net.route[world_net.route_count].to = *to;
	world_net.route[world_net.route_count++].how = how;
}

static int route_of(const struct port_addr *to, uint64_t *due_ms)
{
	*due_ms = world_now() + world_latency();
	for (int i = 0; i < world_net.route_count; i++) {
		const struct port_addr *r = &world_net.route[i].to;

		if (memcmp(r->ip, to->ip, 16) != 0 || (r->port != 0 && r->port != to->port))
			continue;
		if (world_net.route[i].how == SIM_REFUSE)
			return E_REFUSED;
		if (world_net.route[i].how == SIM_UNREACH)
			return E_UNREACH;
		*due_ms = world_net.route[i].how == SIM_HOLE ? NO_EVENT : world_now() + TIMEOUT_MS;
		return E_TIMEOUT;
	}
	return E_REFUSED;
}

static bool routed(const struct port_addr *to)
{
	uint64_t due;

	return route_of(to, &due) != E_REFUSED;
}

int port_connect(const struct port_addr *to, port_owner owner, struct port_tcp **out)
{
	int bad = world_call(CALL_CONNECT), listener, end, other;
	struct port_addr from;

	if (bad != E_OK)
		return bad;
	from = world_net_is_v4(to) ? sim_addr("10.0.0.1", 0) : sim_addr("fe80::1", 0);
	from.port = (uint16_t)(32768 + (world_net.order++ & 0x3fff));
	if (!world_net_room() || (end = world_net_take(true, &from, to)) < 0)
		return world_said(CALL_CONNECT, E_NOSLOT);
	world_net_end[end].owner = owner;
	world_net_end[end].state = END_CONNECTING;
	world_net_end[end].read_again = world_net_end[end].write_again = true;
	*out = &world_net_end[end];
	listener = routed(to) ? -1 : world_net_find_listener(to);
	if (listener < 0) {
		world_net_end[end].outcome = route_of(to, &world_net_end[end].due_ms);
		return world_said(CALL_CONNECT, E_OK);
	}
	other = world_net_take(world_net_listener[listener].gateway, to, &from);
	if (other < 0)
		world_broken("more connections than SIM_ENDS");
	world_net_end[end].due_ms = world_now() + world_latency();
	world_net_join(end, other, listener);
	return world_said(CALL_CONNECT, E_OK);
}

int port_connected(struct port_tcp *c)
{
	int result = world_call(CALL_CONNECTED);

	if (result != E_OK && result != E_AGAIN)
		world_net_kill((int)(c - world_net_end), result);
	if (result == E_OK && c->state == END_CONNECTING)
		result = E_AGAIN;
	if (result == E_OK)
		result = c->error;
	c->write_again = c->write_again || result == E_AGAIN;
	return world_said(CALL_CONNECTED, result);
}

void port_owner_set(struct port_tcp *c, port_owner owner)
{
	c->owner = owner;
	c->owner_new = true;
}

/* The n-th read or write ends its connection. */
static void maybe_cut(int end)
{
	int peer = world_net_end[end].peer;

	if (++world_net.io_ops != world_net.cut_at)
		return;
	if (world_net.cut_how == SIM_CUT_RESET)
		world_net_kill(end, E_RESET);
	if (world_net.cut_how == SIM_CUT_EOF && peer >= 0)
		world_net_send_fin(peer);
	if (peer >= 0 && world_net.cut_how != SIM_CUT_RESET)
		world_net_end[peer].hole = true;
	if (world_net.cut_how == SIM_CUT_HOLE)
		world_net_end[end].hole = true;
}

static int io_failed(int end, enum sim_call call)
{
	int bad = world_call(call);

	if (bad != E_OK && bad != E_AGAIN)
		world_net_kill(end, bad);
	if (bad != E_OK)
		return bad;
	if (world_net_end[end].state == END_CONNECTING)
		return E_AGAIN;
	if (world_net.how == SIM_RANDOM && sim_random(16) == 0)
		return E_AGAIN;
	return E_OK;
}

int port_read(struct port_tcp *c, void *buf, size_t len)
{
	int end = (int)(c - world_net_end), n;

	if (len == 0)
		world_broken("port_read() of no bytes");
	maybe_cut(end);
	n = io_failed(end, CALL_READ);
	if (n == E_OK)
		n = world_net_get(end, buf, len);
	if (n == E_AGAIN)
		c->read_again = true;
	return world_said(CALL_READ, n);
}

int port_write(struct port_tcp *c, const void *buf, size_t len)
{
	int end = (int)(c - world_net_end), n;

	if (len == 0)
		world_broken("port_write() of no bytes");
	maybe_cut(end);
	n = io_failed(end, CALL_WRITE);
	if (n == E_OK && c->error != E_OK)
		n = c->error;
	if (n == E_OK && c->budget == 0)
		n = E_AGAIN;
	if (n == E_OK)
		n = world_net_put(end, buf, len < c->budget ? len : c->budget);
	if (n > 0 && world_net.how != SIM_WHOLE)
		c->budget = (uint16_t)(c->budget - n);
	if (n == E_AGAIN)
		c->write_again = true;
	return world_said(CALL_WRITE, n);
}

int port_finish(struct port_tcp *c)
{
	int bad = world_call(CALL_FINISH);

	if (bad != E_OK || c->error != E_OK)
		return bad != E_OK ? bad : c->error;
	world_net_send_fin((int)(c - world_net_end));
	return world_said(CALL_FINISH, E_OK);
}

void port_close(struct port_tcp *c)
{
	int end = (int)(c - world_net_end);

	if (c->state == END_FREE)
		world_broken("a connection was closed twice");
	world_net_send_fin(end);
	world_net_release(end);
}

void port_abort(struct port_tcp *c)
{
	int end = (int)(c - world_net_end);

	if (c->state == END_FREE)
		world_broken("a connection was closed twice");
	world_net_kill(end, E_RESET);
	world_net_release(end);
}

int port_local(const struct port_tcp *c, struct port_addr *out)
{
	int bad = world_call(CALL_LOCAL);

	*out = c->local;
	return bad != E_OK ? bad : c->error == E_OK ? E_OK : E_RESET;
}
