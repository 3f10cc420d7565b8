/*
 * far.c - the world's side of TCP: what tests hold of connections and fake servers.
 */
#include "net.h"

static struct port_tcp *far_end(int end)
{
	struct port_tcp *e = end >= 0 && end < SIM_ENDS ? &world_net_end[end] : NULL;

	if (e != NULL && e->state != END_FREE && !e->gateway)
		return e;
	world_broken("no such far end");
}

int sim_peer_connect(const struct port_addr *from, const struct port_addr *to)
{
	int listener = world_net_find_listener(to), mine, other;

	if (listener < 0 || !world_net_listener[listener].gateway)
		return E_REFUSED;
	mine = world_net_take(false, from, to);
	other = mine < 0 ? -1 : world_net_take(true, to, from);
	if (other < 0) {
		if (mine >= 0)
			world_net_release(mine);
		return E_NOSLOT;
	}
	world_net_join(mine, other, listener);
	return mine;
}

int sim_peer_listen(const struct port_addr *at)
{
	int i;

	for (i = SIM_LISTENERS; i < 2 * SIM_LISTENERS; i++)
		if (world_net_listener[i].used && sim_addr_equal(&world_net_listener[i].at, at))
			return E_INUSE;
	for (i = SIM_LISTENERS; i < 2 * SIM_LISTENERS && world_net_listener[i].used; i++)
		;
	if (i == 2 * SIM_LISTENERS)
		return E_NOSLOT;
	world_net_listener[i] = (struct port_listener){ .used = true, .at = *at };
	return i;
}

int sim_peer_accept(int listener)
{
	int end;

	while ((end = world_net_oldest(listener)) >= 0) {
		world_net_end[end].pending = false;
		world_moved();
		if (world_net_end[end].error == E_OK || world_net_end[end].peer >= 0)
			return end;
		world_net_release(end);
	}
	return E_AGAIN;
}

int sim_peer_read(int end, void *buf, size_t len)
{
	struct port_tcp *e = far_end(end);

	world_net_arrive(end);
	if (e->hole)
		return e->error != E_OK ? e->error : E_AGAIN;
	return world_net_get(end, buf, len);
}

int sim_peer_write(int end, const void *buf, size_t len)
{
	struct port_tcp *e = far_end(end);

	return e->error != E_OK ? e->error : world_net_put(end, buf, len);
}

void sim_peer_finish(int end)
{
	far_end(end);
	world_net_send_fin(end);
}

void sim_peer_close(int end)
{
	far_end(end);
	world_net_send_fin(end);
	world_net_release(end);
}

void sim_peer_abort(int end)
{
	struct port_tcp *e = far_end(end);

	if (e->peer >= 0 && !world_net_end[e->peer].hole)
		world_net_kill(end, E_RESET);
	world_net_release(end);
}

void sim_peer_vanish(int end)
{
	struct port_tcp *e = far_end(end);

	e->hole = true;
	if (e->peer >= 0)
		world_net_end[e->peer].hole = true;
}

void sim_peer_window(int end, uint16_t bytes)
{
	far_end(end)->window = bytes < SIM_QUEUE ? bytes : SIM_QUEUE;
}

void sim_peer_pace(int end, uint16_t bytes, uint32_t gap_ms)
{
	struct port_tcp *e = far_end(end);

	if (e->peer < 0)
		return;
	world_net_end[e->peer].pace = bytes;
	world_net_end[e->peer].gap_ms = gap_ms;
}

int sim_peer_unread(int end)
{
	struct port_tcp *e = far_end(end);

	return e->peer < 0 ? 0 : world_net_end[e->peer].len;
}

bool sim_peer_alive(int end)
{
	struct port_tcp *e = far_end(end);

	return e->peer >= 0 && e->error == E_OK;
}

void sim_peer_addr(int end, struct port_addr *local, struct port_addr *remote)
{
	*local = far_end(end)->local;
	*remote = far_end(end)->remote;
}
