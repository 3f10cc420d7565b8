/*
 * world.c - the simulated machine itself: seed, clock, entropy, faults, port_wait(). Each file
 * beside it simulates one part and tells when its next event is; time only ever
 * moves from one event to the next, so nothing here waits.
 */
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

#define CALL_NAME(name, a, b, c) #name,
static const char *const call_name[] = { SIM_CALLS(CALL_NAME) };
#define CALL_ERRORS(name, a, b, c) { a, b, c },
static const int8_t call_errors[][3] = { SIM_CALLS(CALL_ERRORS) };

enum { WALL_START_S = 1795348800 };              /* 2026-11-22 12:00:00 UTC */
static const uint64_t clock_start_ms = UINT64_C(0x100000000) - 30000;

static struct world {
	uint64_t chance, entropy;                /* states of the two generators */
	uint64_t now_ms, moves, trace;
	int64_t wall_s;                          /* wall time at wall_at_ms */
	uint64_t wall_at_ms;
	bool wall_trusted, entropy_healthy;
	uint32_t latency_ms, last_wait_ms, stalls;
	unsigned signals;
	int ready_count;
	uint32_t ops, fault_at;
	int fault_what;
	bool fault_keep;
	const char *fault_hit;
} w;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void sim_reset(uint64_t seed)
{
	w = (struct world){
		.chance = seed, .entropy = seed ^ UINT64_C(0x656e74726f7079),
		.now_ms = clock_start_ms, .wall_at_ms = clock_start_ms, .wall_s = WALL_START_S,
		.wall_trusted = true, .entropy_healthy = true,
		.trace = UINT64_C(0xcbf29ce484222325)
	};
	world_blobs_reset();
	world_net_reset();
	world_udp_reset();
	world_dns_reset();
	world_host_reset();
	world_store_reset();
	world_file_reset();
	sim_consoles_reset();
	sim_log_reset();
}

uint32_t sim_random(uint32_t n) { return (uint32_t)((draw(&w.chance) >> 33) % n); }
uint64_t sim_moves(void) { return w.moves; }
uint64_t sim_trace(void) { return w.trace; }
uint32_t sim_last_wait_ms(void) { return w.last_wait_ms; }
uint32_t sim_stalls(void) { return w.stalls; }
uint32_t sim_ops(void) { return w.ops; }
const char *sim_fault_hit(void) { return w.fault_hit; }
int sim_ready_count(void) { return w.ready_count; }
void sim_signal(unsigned bits) { w.signals |= bits; }
void sim_latency(uint32_t ms) { w.latency_ms = ms; }
void sim_clock_advance(uint64_t ms) { w.now_ms += ms; }
void sim_entropy(bool healthy) { w.entropy_healthy = healthy; }

void world_moved(void) { w.moves++; }
uint64_t world_now(void) { return w.now_ms; }
uint32_t world_latency(void) { return w.latency_ms; }

void sim_wall_set(int64_t unix_s, bool trusted)
{
	w.wall_s = unix_s;
	w.wall_at_ms = w.now_ms;
	w.wall_trusted = trusted;
}

int sim_open_transient(void)
{
	return world_net_handles() + world_udp_handles() + world_store_handles() +
		world_file_handles() + world_console_handles();
}

int sim_open_handles(void)
{
	return sim_open_transient() + world_net_listener_handles();
}

void sim_power_cut(enum sim_power how)
{
	world_net_power_cut();
	world_udp_power_cut();
	world_store_power_cut(how);
	world_file_power_cut();
	world_console_power_cut();
	w.signals = 0;
}

/* ---- faults and trace ---- */

void sim_fault_at(uint32_t n, int what, bool keep)
{
	w.fault_at = n;
	w.fault_what = what;
	w.fault_keep = keep;
	w.fault_hit = NULL;
}

static int fault_code(const int8_t errors[3])
{
	int count = errors[1] == 0 ? 1 : errors[2] == 0 ? 2 : 3;

	if (w.fault_what >= 0)
		return errors[w.fault_what % count];
	for (int i = 0; i < count; i++)
		if (errors[i] == w.fault_what)
			return errors[i];
	return errors[0];
}

int world_call(enum sim_call call)
{
	w.ops++;
	if (w.fault_at == 0 || w.ops < w.fault_at || (w.ops > w.fault_at && !w.fault_keep))
		return E_OK;
	w.fault_hit = call_name[call];
	return world_said(call, fault_code(call_errors[call]));
}

int world_said(enum sim_call call, int result)
{
	w.trace = (w.trace ^ (uint32_t)call) * UINT64_C(0x100000001b3);
	w.trace = (w.trace ^ (uint32_t)result) * UINT64_C(0x100000001b3);
	return result;
}

_Noreturn void world_broken(const char *what)
{
	fprintf(stderr, "simulator: %s\n", what);
	abort();
}

/* ---- port.h: start, wait, clock, entropy ---- */

int port_start(void) { return E_OK; }

int port_secure(const struct port_setup *setup, const char **why)
{
	(void)setup;
	*why = "";
	return E_OK;
}

bool world_owners_add(struct owners *o, port_owner owner)
{
	if (owner == PORT_OWNER_NONE)
		return true;
	for (int i = 0; i < o->count; i++)
		if (o->list[i] == owner)
			return true;
	if (o->count == o->cap)
		return false;
	o->list[o->count++] = owner;
	return true;
}

static void collect(struct owners *o)
{
	world_dns_serve_tcp();
	world_net_collect(o);
	world_udp_collect(o);
	world_store_collect(o);
	world_console_collect(o);
}

static uint64_t earliest(void)
{
	uint64_t at = world_net_next_ms(), other = world_udp_next_ms();

	if (other < at)
		at = other;
	other = world_store_next_ms();
	return other < at ? other : at;
}

int port_wait(uint32_t max_ms, port_owner *owners, int cap)
{
	struct owners o = { owners, 0, cap, false };
	uint64_t end = max_ms == PORT_FOREVER ? NO_EVENT : w.now_ms + max_ms;

	w.last_wait_ms = max_ms;
	for (;;) {
		uint64_t at;

		collect(&o);
		if (o.count > 0 || o.far_news || w.signals != 0 || w.now_ms >= end)
			break;
		at = earliest();
		if (at == NO_EVENT && end == NO_EVENT) {
			w.stalls++;
			break;
		}
		if (at <= w.now_ms)
			at = w.now_ms + 1;
		w.now_ms = at < end ? at : end;
	}
	for (int i = 0; i < o.count; i++)
		w.trace = (w.trace ^ owners[i]) * UINT64_C(0x100000001b3);
	return o.count;
}

unsigned port_signals(void)
{
	unsigned bits = w.signals;

	w.signals = 0;
	return bits;
}

void port_ready(const char *line)
{
	w.ready_count++;
	port_log(PORT_LOG_INFO, line, strlen(line));
}

void port_print(bool error, const char *text, size_t len)
{
	fwrite(text, 1, len, error ? stderr : stdout);
}

_Noreturn void port_restart(void) { world_broken("the core asked for a restart"); }

_Noreturn void port_panic(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: panic: %s\n", file, line, what);
	abort();
}

uint64_t port_clock_ms(void) { return w.now_ms; }

int port_time(int64_t *unix_s)
{
	int bad = world_call(CALL_TIME);

	*unix_s = w.wall_s + (int64_t)((w.now_ms - w.wall_at_ms) / 1000);
	return bad != E_OK ? bad : w.wall_trusted ? E_OK : E_CLOCK;
}

int port_entropy(void *buf, size_t len)
{
	uint8_t *p = buf;
	int bad = world_call(CALL_ENTROPY);

	if (bad != E_OK || !w.entropy_healthy)
		return E_AGAIN;
	while (len-- > 0)
		*p++ = (uint8_t)(draw(&w.entropy) >> 24);
	return E_OK;
}
