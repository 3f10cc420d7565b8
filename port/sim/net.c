/*
 * net.c - TCP of the simulated machine. A connection is two ends, each with the queue of bytes that
 * are on their way to it. Bytes of the core arrive in port_wait() only, one segment at a time
 * and not before the last one was read: so a segment of one byte is really seen alone.
 *
 * Edges are strict: an end is reported when something became possible after it said E_AGAIN, and
 * not otherwise, save the first time and the spurious ones of SIM_RANDOM.
 */
#include "net.h"

struct port_tcp net_end[SIM_ENDS];
uint8_t net_queue[SIM_ENDS][SIM_QUEUE];
struct port_listener net_listener[2 * SIM_LISTENERS];
int net_high;

struct net_state net;

void net_reset(void)
{
	memset(net_end, 0, (size_t)net_high * sizeof net_end[0]);
	memset(net_listener, 0, sizeof net_listener);
	memset(&net, 0, sizeof net);
	net_high = 0;
}

uint32_t sim_io_ops(void) { return net.io_ops; }
void sim_tcp_limit(int count) { net.limit = count; }

void sim_cut_at(uint32_t n, enum sim_cut how)
{
	net.cut_at = n;
	net.cut_how = how;
}

void sim_segments(enum sim_segments how, const uint16_t *sizes, int count)
{
	net.how = how;
	net.size_count = count < NET_SIZES ? count : NET_SIZES;
	for (int i = 0; i < net.size_count; i++)
		net.sizes[i] = sizes[i];
	if (how == SIM_LIST && net.size_count == 0)
		world_broken("an empty list of segment sizes");
}

void sim_route_set(const struct port_addr *to, enum sim_route how)
{
	if (net.route_count == NET_ROUTES)
		world_broken("too many routes");
	net.route[net.route_count].to = *to;
	net.route[net.route_count++].how = how;
}

/* ---- what both sides use ---- */

int net_take(bool gateway, const struct port_addr *local, const struct port_addr *remote)
{
	for (int i = 0; i < SIM_ENDS; i++) {
		if (net_end[i].state != END_FREE)
			continue;
		net_end[i] = (struct port_tcp){
			.state = END_OPEN, .gateway = gateway, .peer = -1, .listener = -1,
			.window = SIM_QUEUE, .budget = SIM_QUEUE,
			.local = *local, .remote = *remote
		};
		if (i >= net_high)
			net_high = i + 1;
		world_moved();
		return i;
	}
	return -1;
}

void net_release(int end)
{
	int peer = net_end[end].peer;

	if (peer >= 0)
		net_end[peer].peer = -1;
	net_end[end].state = END_FREE;
	while (net_high > 0 && net_end[net_high - 1].state == END_FREE)
		net_high--;
	world_moved();
}

bool net_unspecified(const struct port_addr *a)
{
	static const uint8_t none[16], v4[16] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->ip, none, 16) == 0 || memcmp(a->ip, v4, 16) == 0;
}

bool net_is_v4(const struct port_addr *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->ip, prefix, 12) == 0;
}

int net_find_listener(const struct port_addr *at)
{
	for (int i = 0; i < 2 * SIM_LISTENERS; i++) {
		const struct port_listener *l = &net_listener[i];

		if (!l->used || l->at.port != at->port)
			continue;
		if (memcmp(l->at.ip, at->ip, 16) == 0 ||
		    (net_unspecified(&l->at) && net_is_v4(&l->at) == net_is_v4(at)))
			return i;
	}
	return -1;
}

void net_join(int client, int server, int listener)
{
	net_end[client].peer = server;
	net_end[server].peer = client;
	net_end[server].pending = true;
	net_end[server].listener = listener;
	net_end[server].order = ++net.order;
	net_end[server].joined_ms = world_now() + world_latency();
	if (!net_listener[listener].gateway)
		net_listener[listener].again = true;
}

int net_oldest(int listener)
{
	int best = -1;

	for (int i = 0; i < net_high; i++) {
		const struct port_tcp *e = &net_end[i];

		if (e->state == END_FREE || !e->pending || e->listener != listener)
			continue;
		if (e->joined_ms > world_now())
			continue;
		if (best < 0 || e->order < net_end[best].order)
			best = i;
	}
	return best;
}

int net_put(int end, const void *buf, size_t len)
{
	struct port_tcp *p = net_end[end].peer < 0 ? NULL : &net_end[net_end[end].peer];
	const uint8_t *from = buf;
	uint8_t *queue;
	size_t room;

	if (p == NULL || p->fin_in)
		return E_RESET;
	room = p->len < p->window ? (size_t)(p->window - p->len) : 0;
	if (len > room)
		len = room;
	if (len == 0)
		return E_AGAIN;
	queue = net_queue[net_end[end].peer];
	if (p->shown == p->len && p->due_ms < world_now() + world_latency())
		p->due_ms = world_now() + world_latency();
	for (size_t i = 0; i < len; i++)
		queue[(size_t)(p->head + p->len + i) % SIM_QUEUE] = from[i];
	p->len = (uint16_t)(p->len + len);
	world_moved();
	return (int)len;
}

int net_get(int end, void *buf, size_t len)
{
	struct port_tcp *e = &net_end[end];
	uint8_t *to = buf;

	if (len > e->shown)
		len = e->shown;
	if (len == 0)
		return e->error != E_OK ? e->error : e->fin_shown ? E_EOF : E_AGAIN;
	for (size_t i = 0; i < len; i++)
		to[i] = net_queue[end][(e->head + i) % SIM_QUEUE];
	e->head = (uint16_t)((e->head + len) % SIM_QUEUE);
	e->len = (uint16_t)(e->len - len);
	e->shown = (uint16_t)(e->shown - len);
	world_moved();
	return (int)len;
}

void net_send_fin(int end)
{
	struct port_tcp *p = net_end[end].peer < 0 ? NULL : &net_end[net_end[end].peer];

	if (p == NULL || p->fin_in)
		return;
	if (p->shown == p->len && p->due_ms < world_now() + world_latency())
		p->due_ms = world_now() + world_latency();
	p->fin_in = true;
	world_moved();
}

/* What is on its way to a reset end is lost. */
static void die(struct port_tcp *e, int error)
{
	if (e->error == E_OK)
		e->error = error;
	e->len = e->shown = 0;
	e->state = END_OPEN;
	e->news = true;
}

void net_kill(int end, int error)
{
	int peer = net_end[end].peer;

	die(&net_end[end], error);
	if (peer >= 0 && !net_end[peer].hole)
		die(&net_end[peer], E_RESET);
	world_moved();
}

static uint16_t segment(struct port_tcp *e)
{
	if (!e->gateway)
		return SIM_QUEUE;
	if (e->pace != 0)
		return e->pace;
	switch (net.how) {
	case SIM_BYTES: return 1;
	case SIM_RANDOM: return (uint16_t)(1 + sim_random(sim_random(4) == 0 ? 1500 : 40));
	case SIM_LIST: return net.sizes[e->list_at++ % net.size_count];
	case SIM_WHOLE: break;
	}
	return SIM_QUEUE;
}

void net_arrive(int end)
{
	struct port_tcp *e = &net_end[end];
	uint16_t n;

	if (e->hole || e->due_ms > world_now() || e->state == END_FREE || e->pending)
		return;
	if (e->state == END_CONNECTING) {
		e->state = END_OPEN;
		if (e->outcome != E_OK)
			die(e, e->outcome);
	}
	if (e->len > e->shown && (e->shown == 0 || !e->gateway)) {
		n = segment(e);
		if (n > e->len - e->shown)
			n = (uint16_t)(e->len - e->shown);
		e->shown = (uint16_t)(e->shown + n);
		if (e->pace != 0)
			e->due_ms = world_now() + e->gap_ms;
		e->news = true;
	}
	if (e->fin_in && !e->fin_shown && e->shown == e->len) {
		e->fin_shown = true;
		e->news = true;
	}
}

/* ---- events ---- */

static uint16_t budget(void)
{
	switch (net.how) {
	case SIM_BYTES: return 1;
	case SIM_RANDOM: return (uint16_t)(1 + sim_random(sim_random(4) == 0 ? 1500 : 60));
	case SIM_LIST: return net.sizes[sim_random((uint32_t)net.size_count)];
	case SIM_WHOLE: break;
	}
	return SIM_QUEUE;
}

static bool writable(const struct port_tcp *e)
{
	if (e->state == END_CONNECTING)
		return false;
	return e->error != E_OK || e->peer < 0 || net_end[e->peer].len < net_end[e->peer].window;
}

static void collect_end(struct port_tcp *e, struct owners *o)
{
	bool can_read = e->shown > 0 || e->fin_shown || e->error != E_OK, can_write = writable(e);
	bool spurious = net.how == SIM_RANDOM && sim_random(64) == 0;

	e->budget = budget();
	if (!e->owner_new && !spurious && !(e->read_again && can_read) &&
	    !(e->write_again && can_write))
		return;
	if (!owners_add(o, e->owner))
		return;
	e->owner_new = false;
	e->read_again = e->read_again && !can_read;
	e->write_again = e->write_again && !can_write;
}

void net_collect(struct owners *o)
{
	for (int i = 0; i < 2 * SIM_LISTENERS; i++) {
		struct port_listener *l = &net_listener[i];

		if (!l->used || !l->again || net_oldest(i) < 0)
			continue;
		if (!l->gateway)
			o->far_news = true;
		else if (!net_room() || !owners_add(o, l->owner))
			continue;
		l->again = false;
	}
	for (int i = 0; i < net_high; i++) {
		struct port_tcp *e = &net_end[i];

		if (e->state == END_FREE || e->pending)
			continue;
		net_arrive(i);
		if (e->gateway)
			collect_end(e, o);
		else
			o->far_news = o->far_news || e->news;
		e->news = false;
	}
}

/* When something will next arrive at an end. */
static uint64_t next_ms(const struct port_tcp *e)
{
	if (e->state == END_FREE || e->hole)
		return NO_EVENT;
	if (e->pending)
		return e->joined_ms;
	if (e->state == END_CONNECTING || (e->fin_in && !e->fin_shown))
		return e->due_ms;
	return e->len > e->shown && (e->shown == 0 || !e->gateway) ? e->due_ms : NO_EVENT;
}

uint64_t net_next_ms(void)
{
	uint64_t best = NO_EVENT;

	for (int i = 0; i < net_high; i++) {
		uint64_t at = next_ms(&net_end[i]);

		if (at > world_now() && at < best)
			best = at;
	}
	return best;
}

bool net_room(void)
{
	return net.limit == 0 || net_handles() < net.limit;
}

int net_handles(void)
{
	int held = 0;

	for (int i = 0; i < net_high; i++)
		held += net_end[i].state != END_FREE && net_end[i].gateway && !net_end[i].pending;
	return held;
}

int net_listener_handles(void)
{
	int held = 0;

	for (int i = 0; i < 2 * SIM_LISTENERS; i++)
		held += net_listener[i].used && net_listener[i].gateway;
	return held;
}

void net_power_cut(void)
{
	for (int i = 0; i < net_high; i++)
		if (net_end[i].state != END_FREE && net_end[i].gateway) {
			net_kill(i, E_RESET);
			net_release(i);
		}
	for (int i = 0; i < 2 * SIM_LISTENERS; i++)
		net_listener[i].used = net_listener[i].used && !net_listener[i].gateway;
}
