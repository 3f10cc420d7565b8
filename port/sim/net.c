/*
 * net.c - TCP of the simulated machine. A connection is two ends, each with the queue of bytes that
 * are on their way to it. Bytes of the core arrive in port_wait() only, one segment at a time
 * and not before the last one was read: so a segment of one byte is really seen alone.
 *
 * Edges are strict: an end is reported when something became possible after it said E_AGAIN, and
 * not otherwise, save the first time and the spurious ones of SIM_RANDOM.
 */
#include "net.h"

struct port_tcp world_net_end[SIM_ENDS];
uint8_t world_net_queue[SIM_ENDS][SIM_QUEUE];
struct port_listener world_net_listener[2 * SIM_LISTENERS];
int world_net_high;

struct net_state world_net;

void world_net_reset(void)
{
	memset(world_net_end, 0, (size_t)world_net_high * sizeof world_net_end[0]);
	memset(world_net_listener, 0, sizeof world_net_listener);
	memset(&world_net, 0, sizeof world_net);
	world_net_high = 0;
}

uint32_t sim_io_ops(void) { return world_net.io_ops; }
void sim_tcp_limit(int count) { world_net.limit = count; }

void sim_cut_at(uint32_t n, enum sim_cut how)
{
	world_net.cut_at = n;
	world_net.cut_how = how;
}

void sim_segments(enum sim_segments how, const uint16_t *sizes, int count)
{
	world_net.how = how;
	world_net.size_count = count < NET_SIZES ? count : NET_SIZES;
	for (int i = 0; i < world_net.size_count; i++)
		world_net.sizes[i] = sizes[i];
	if (how == SIM_LIST && world_net.size_count == 0)
		world_broken("an empty list of segment sizes");
}

/* ---- what both sides use ---- */

int world_net_take(bool gateway, const struct port_addr *local, const struct port_addr *remote)
{
	for (int i = 0; i < SIM_ENDS; i++) {
		if (world_net_end[i].state != END_FREE)
			continue;
		world_net_end[i] = (struct port_tcp){
			.state = END_OPEN, .gateway = gateway, .peer = -1, .listener = -1,
			.window = SIM_QUEUE, .budget = SIM_QUEUE,
			.local = *local, .remote = *remote
		};
		if (i >= world_net_high)
			world_net_high = i + 1;
		world_moved();
		return i;
	}
	return -1;
}

void world_net_release(int end)
{
	int peer = world_net_end[end].peer;

	if (peer >= 0)
		world_net_end[peer].peer = -1;
	world_net_end[end].state = END_FREE;
	while (world_net_high > 0 && world_net_end[world_net_high - 1].state == END_FREE)
		world_net_high--;
	world_moved();
}

bool world_net_unspecified(const struct port_addr *a)
{
	static const uint8_t none[16], v4[16] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->ip, none, 16) == 0 || memcmp(a->ip, v4, 16) == 0;
}

bool world_net_is_v4(const struct port_addr *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->ip, prefix, 12) == 0;
}

bool world_net_is_ours(const struct port_addr *a)
{
	struct port_addr own[8];
	int count = port_own_addresses(own, 8);

	for (int i = 0; i < count; i++)
		if (memcmp(own[i].ip, a->ip, 16) == 0)
			return true;
	return world_net_is_v4(a) && a->ip[12] == 127;
}

int world_net_find_listener(const struct port_addr *at)
{
	for (int i = 0; i < 2 * SIM_LISTENERS; i++) {
		const struct port_listener *l = &world_net_listener[i];

		if (!l->used || l->at.port != at->port)
			continue;
		if (memcmp(l->at.ip, at->ip, 16) == 0)
			return i;
		if (world_net_unspecified(&l->at) && world_net_is_ours(at) &&
		    world_net_is_v4(&l->at) == world_net_is_v4(at))
			return i;
	}
	return -1;
}

void world_net_join(int client, int server, int listener)
{
	world_net_end[client].peer = server;
	world_net_end[server].peer = client;
	world_net_end[server].pending = true;
	world_net_end[server].listener = listener;
	world_net_end[server].order = ++world_net.order;
	world_net_end[server].joined_ms = world_now() + world_latency();
	if (!world_net_listener[listener].gateway)
		world_net_listener[listener].again = true;
}

int world_net_oldest(int listener)
{
	int best = -1;

	for (int i = 0; i < world_net_high; i++) {
		const struct port_tcp *e = &world_net_end[i];

		if (e->state == END_FREE || !e->pending || e->listener != listener)
			continue;
		if (e->joined_ms > world_now())
			continue;
		if (best < 0 || e->order < world_net_end[best].order)
			best = i;
	}
	return best;
}

static struct port_tcp *peer_of(int end)
{
	int peer = world_net_end[end].peer;

	return peer < 0 ? NULL : &world_net_end[peer];
}

int world_net_put(int end, const void *buf, size_t len)
{
	struct port_tcp *p = peer_of(end);
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
	queue = world_net_queue[world_net_end[end].peer];
	if (p->shown == p->len && p->due_ms < world_now() + world_latency())
		p->due_ms = world_now() + world_latency();
	for (size_t i = 0; i < len; i++)
		queue[(size_t)(p->head + p->len + i) % SIM_QUEUE] = from[i];
	p->len = (uint16_t)(p->len + len);
	world_moved();
	return (int)len;
}

int world_net_get(int end, void *buf, size_t len)
{
	struct port_tcp *e = &world_net_end[end];
	uint8_t *to = buf;

	if (len > e->shown)
		len = e->shown;
	if (len == 0)
		return e->error != E_OK ? e->error : e->fin_shown ? E_EOF : E_AGAIN;
	for (size_t i = 0; i < len; i++)
		to[i] = world_net_queue[end][(e->head + i) % SIM_QUEUE];
	e->head = (uint16_t)((e->head + len) % SIM_QUEUE);
	e->len = (uint16_t)(e->len - len);
	e->shown = (uint16_t)(e->shown - len);
	world_moved();
	return (int)len;
}

void world_net_send_fin(int end)
{
	struct port_tcp *p = peer_of(end);

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

void world_net_kill(int end, int error)
{
	int peer = world_net_end[end].peer;

	die(&world_net_end[end], error);
	if (peer >= 0 && !world_net_end[peer].hole)
		die(&world_net_end[peer], E_RESET);
	world_moved();
}

static uint16_t segment(struct port_tcp *e)
{
	if (!e->gateway)
		return SIM_QUEUE;
	if (e->pace != 0)
		return e->pace;
	switch (world_net.how) {
	case SIM_BYTES: return 1;
	case SIM_RANDOM: return (uint16_t)(1 + sim_random(sim_random(4) == 0 ? 1500 : 40));
	case SIM_LIST: return world_net.sizes[e->list_at++ % world_net.size_count];
	case SIM_WHOLE: break;
	}
	return SIM_QUEUE;
}

void world_net_arrive(int end)
{
	struct port_tcp *e = &world_net_end[end];
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
	switch (world_net.how) {
	case SIM_BYTES: return 1;
	case SIM_RANDOM: return (uint16_t)(1 + sim_random(sim_random(4) == 0 ? 1500 : 60));
	case SIM_LIST: return world_net.sizes[sim_random((uint32_t)world_net.size_count)];
	case SIM_WHOLE: break;
	}
	return SIM_QUEUE;
}

static bool writable(const struct port_tcp *e)
{
	if (e->state == END_CONNECTING)
		return false;
	return e->error != E_OK || e->peer < 0 ||
		world_net_end[e->peer].len < world_net_end[e->peer].window;
}

static void collect_end(struct port_tcp *e, struct owners *o)
{
	bool can_read = e->shown > 0 || e->fin_shown || e->error != E_OK, can_write = writable(e);
	bool spurious = world_net.how == SIM_RANDOM && sim_random(64) == 0;

	e->budget = budget();
	if (!e->owner_new && !spurious && !(e->read_again && can_read) &&
	    !(e->write_again && can_write))
		return;
	if (!world_owners_add(o, e->owner))
		return;
	e->owner_new = false;
	e->read_again = e->read_again && !can_read;
	e->write_again = e->write_again && !can_write;
}

void world_net_collect(struct owners *o)
{
	for (int i = 0; i < 2 * SIM_LISTENERS; i++) {
		struct port_listener *l = &world_net_listener[i];

		if (!l->used || !l->again || l->again_ms > world_now() || world_net_oldest(i) < 0)
			continue;
		if (!l->gateway)
			o->far_news = true;
		else if (!world_net_room() || !world_owners_add(o, l->owner))
			continue;
		l->again = false;
	}
	for (int i = 0; i < world_net_high; i++) {
		struct port_tcp *e = &world_net_end[i];

		if (e->state == END_FREE || e->pending)
			continue;
		world_net_arrive(i);
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

uint64_t world_net_next_ms(void)
{
	uint64_t best = NO_EVENT;

	for (int i = 0; i < 2 * SIM_LISTENERS; i++)
		if (world_net_listener[i].used && world_net_listener[i].again_ms > world_now() &&
		    world_net_listener[i].again_ms < best)
			best = world_net_listener[i].again_ms;
	for (int i = 0; i < world_net_high; i++) {
		uint64_t at = next_ms(&world_net_end[i]);

		if (at > world_now() && at < best)
			best = at;
	}
	return best;
}

bool world_net_room(void)
{
	return world_net.limit == 0 || world_net_handles() < world_net.limit;
}

int world_net_handles(void)
{
	int held = 0;

	for (int i = 0; i < world_net_high; i++)
		held += world_net_end[i].state != END_FREE && world_net_end[i].gateway &&
			!world_net_end[i].pending;
	return held;
}

int world_net_listener_handles(void)
{
	int held = 0;

	for (int i = 0; i < 2 * SIM_LISTENERS; i++)
		held += world_net_listener[i].used && world_net_listener[i].gateway;
	return held;
}

void world_net_power_cut(void)
{
	for (int i = 0; i < world_net_high; i++)
		if (world_net_end[i].state != END_FREE && world_net_end[i].gateway) {
			world_net_kill(i, E_RESET);
			world_net_release(i);
		}
	for (int i = 0; i < 2 * SIM_LISTENERS; i++)
		world_net_listener[i].used = world_net_listener[i].used && !world_net_listener[i].gateway;
}
