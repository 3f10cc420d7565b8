/*
 * gateway.c - the loop: wait, mark, run what is due, a budget each.
 *
 * Who is due runs once a pass; who has more to do marks itself due again and takes its turn.
 * Services that belong to no session have a row in a table with the time of their next step.
 */
#include "gateway/gateway.h"

#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "board.h"
#include "console/console.h"
#include "gateway/certificates.h"
#include "gateway/check.h"
#include "gateway/host.h"
#include "gateway/limits.h"
#include "gateway/listeners.h"
#include "gateway/pools.h"
#include "gateway/session.h"
#include "gateway/show.h"
#include "gateway/upstream.h"
#include "io/cert.h"
#include "io/dns.h"
#include "io/trust.h"

enum { OWNERS_A_PASS = 128, STOP_SOFT_MS = 6000, STOP_HARD_MS = 8000, LENT_LOOK_MS = 5000,
	RENEW_MS = 3600000 };

static struct {
	bool stopping, hard;
	uint64_t stop_ms, start_ms;
} state;

static PORT_IDLE void lent_service(void)
{
	session_check_lent(port_clock_ms());
}

/* Work that belongs to no session. */
static struct service_row {
	void (*run)(void);
	uint32_t every_ms;
	uint64_t next_ms;
} services[] = {
	{ lent_service, LENT_LOOK_MS, 0 },
	{ certificates_renew, RENEW_MS, 0 },
};
enum { SERVICE_ROWS = sizeof services / sizeof services[0] };

void gateway_begin(void)
{
	state.start_ms = port_clock_ms();
	hash_reset();
	for (int i = 0; i < SERVICE_ROWS; i++)
		services[i].next_ms = state.start_ms + services[i].every_ms;
	port_console_owner(owner_of(OWNER_SERVICE, SERVICE_CONSOLES));
	due_mark(owner_of(OWNER_SERVICE, SERVICE_CONSOLES));
}

void gateway_reset(void)
{
	for (unsigned i = 0; i < pools_count; i++)
		pool_reset(pools[i]);
	memset(&state, 0, sizeof state);
	due_reset();
	log_reset();
	session_reset();
	limits_reset();
	listeners_reset();
	upstream_reset();
	dns_reset();
	chan_reset();
	trust_reset();
	identity_reset();
	console_reset();
	check_reset();
	settings_reset();
	gateway_begin();
}

int gateway_load(const char *text, size_t len, char *why, size_t why_cap)
{
	struct settings_error e;
	struct fmt f = fmt_on(why, why_cap);
	int result = settings_load(slice_of(text, len), "configuration", &e);

	if (result != E_OK)
		fmt_clean(&f, slice_str(e.text), why_cap - 1);
	fmt_cstr(&f);
	return result;
}

/* What the running configuration says of things that sessions share. */
static void shared_apply(const struct settings *s)
{
	static const enum port_level levels[CFG_log_level_COUNT] = {
		[CFG_LOG_ERROR] = PORT_LOG_ERROR, [CFG_LOG_WARN] = PORT_LOG_WARN,
		[CFG_LOG_INFO] = PORT_LOG_INFO, [CFG_LOG_DEBUG] = PORT_LOG_DEBUG,
	};
	const struct cfg_gateway *g = &s->gateway[0];
	struct port_addr servers[DNS_SERVERS_MAX];
	int n = 0;

	log_level_set(levels[g->log_level]);
	if (port_log_open(settings_text(s, g->log)) != E_OK)
		log_line(PORT_LOG_WARN, "log: '%s' cannot be opened", settings_text(s, g->log));
	host_refresh();
	for (unsigned i = 0; i < g->dns.count && n < DNS_SERVERS_MAX; i++) {
		const struct cfg_item *item = settings_item(s, g->dns, i);

		servers[n] = (struct port_addr){ { 0 }, item->net.port != 0 ? item->net.port : 53, 0 };
		memcpy(servers[n++].ip, item->net.ip, 16);
	}
	dns_servers_set(servers, n);
}

static void warnings_log(const struct settings *s)
{
	char text[300];
	struct fmt f = fmt_on(text, sizeof text);

	for (unsigned i = 0; settings_warning(s, i, &f) == E_OK; i++) {
		log_line(PORT_LOG_WARN, "configuration: %.*s", (int)f.len, f.p);
		f = fmt_on(text, sizeof text);
	}
}

int gateway_apply(char *why, size_t why_cap)
{
	const struct settings *s = settings_running();
	struct fmt f = fmt_on(why, why_cap);
	int e;

	shared_apply(s);
	e = listeners_open(&f);
	fmt_cstr(&f);
	if (e == E_OK) {
		identity_sweep();
		trust_sweep();
		tls_forget_sessions();
		warnings_log(s);
	}
	return e;
}

int gateway_shared(char *why, size_t why_cap)
{
	struct fmt f = fmt_on(why, why_cap);

	fmt_cstr(&f);
	shared_apply(settings_running());
	return E_OK;
}

int gateway_open(char *why, size_t why_cap)
{
	return gateway_apply(why, why_cap);
}

int gateway_reload(char *why, size_t why_cap)
{
	struct settings_error err;
	struct fmt f = fmt_on(why, why_cap);
	char path[256];
	struct fmt p = fmt_on(path, sizeof path);
	int e;

	fmt_str(&p, settings_path());
	e = settings_load_file(fmt_cstr(&p), &err);
	if (e == E_OK)
		return gateway_apply(why, why_cap);
	fmt_clean(&f, slice_str(err.text), why_cap - 1);
	fmt_cstr(&f);
	return e;
}

uint64_t show_uptime_ms(void)
{
	return port_clock_ms() - state.start_ms;
}

void gateway_stop(void)
{
	if (state.stopping)
		return;
	log_line(PORT_LOG_INFO, "stopping");
	state.stopping = true;
	state.stop_ms = port_clock_ms();
	listeners_close();
	session_stop_all(false);
}

static void signals_take(void)
{
	unsigned signals = port_signals();
	char why[480];

	if ((signals & PORT_SIGNAL_RELOAD) != 0 && !state.stopping) {
		if (gateway_reload(why, sizeof why) == E_OK)
			log_line(PORT_LOG_INFO, "configuration reloaded");
		else
			log_line(PORT_LOG_ERROR, "configuration not reloaded, the running one stays: %s", why);
	}
	if ((signals & PORT_SIGNAL_STOP) != 0)
		gateway_stop();
}

static void run_owner(port_owner owner)
{
	switch (owner_kind(owner)) {
	case OWNER_SESSION:
		session_run(owner_index(owner));
		break;
	case OWNER_LISTENER:
		listeners_accept(owner_index(owner));
		break;
	case OWNER_CONSOLE:
		console_step(owner_index(owner));
		break;
	case OWNER_DNS:
		dns_step(owner_index(owner));
		break;
	case OWNER_SERVICE:
		if (owner_index(owner) == SERVICE_CONSOLES)
			console_accept();
		else if (owner_index(owner) >= SERVICE_CHECKS)
			check_run(owner_index(owner) - (unsigned)SERVICE_CHECKS);
		break;
	default:
		break;
	}
}

static uint64_t nearest_ms(void)
{
	uint64_t at = session_nearest_ms(), dns = dns_deadline_ms(), check = check_deadline_ms();

	at = dns < at ? dns : at;
	at = check < at ? check : at;
	at = console_deadline_ms() < at ? console_deadline_ms() : at;
	for (int i = 0; i < SERVICE_ROWS; i++)
		at = services[i].next_ms < at ? services[i].next_ms : at;
	if (state.stopping && state.stop_ms + (state.hard ? STOP_HARD_MS : STOP_SOFT_MS) < at)
		at = state.stop_ms + (state.hard ? STOP_HARD_MS : STOP_SOFT_MS);
	return at;
}

static uint32_t wait_ms(uint32_t max_ms)
{
	uint64_t now = port_clock_ms(), at = nearest_ms();

	if (due_any() || at <= now)
		return 0;
	return at - now < max_ms ? (uint32_t)(at - now) : max_ms;
}

static void timers_run(void)
{
	uint64_t now = port_clock_ms();

	session_wake_due(now);
	if (dns_deadline_ms() <= now)
		dns_tick();
	check_tick(now);
	console_tick(now);
	for (int i = 0; i < SERVICE_ROWS; i++) {
		if (services[i].next_ms > now)
			continue;
		services[i].next_ms = now + services[i].every_ms;
		services[i].run();
	}
	if (state.stopping && !state.hard && now - state.stop_ms >= STOP_SOFT_MS) {
		state.hard = true;
		session_stop_all(true);
	}
}

static bool ended(void)
{
	if (!state.stopping)
		return false;
	return session_count() == 0 || port_clock_ms() - state.stop_ms >= STOP_HARD_MS;
}

PORT_IDLE int gateway_pass(uint32_t max_ms)
{
	port_owner owners[OWNERS_A_PASS], owner;
	int n = port_wait(wait_ms(max_ms), owners, OWNERS_A_PASS);

	for (int i = 0; i < n; i++)
		due_mark(owners[i]);
	signals_take();
	timers_run();
	chan_pass_begin();
	for (unsigned budget = due_count(); budget > 0 && due_take(&owner); budget--)
		run_owner(owner);
	return ended() ? E_EOF : E_OK;
}

unsigned gateway_pools_busy(void)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < pools_count; i++)
		busy += pools[i]->now;
	return busy;
}
