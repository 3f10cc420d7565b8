/*
 * wait.c - the event loop's only wait. Edge-triggered: each descriptor is registered once for all
 * that can happen to it, and the core pulls until it hears E_AGAIN. Signals come through a
 * descriptor too, so that they are seen at the same place as everything else and never in between.
 */
#include "posix.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define BATCH 64
#define STARVED_MS 500 /* how often a listener that found no descriptor is tried again */
#define TICK_MS 60000   /* how often the clock is looked at */

int posix_epoll = -1;
unsigned posix_signals;
static bool secured, settling;
static uint64_t tick_ms;
static bool starving_timed;
static uint64_t starving_since_ms;

typedef bool (*event_handler)(struct posix_handle *h, port_owner *owner);

/* Kinds without a handler tell their owner of every event. */
static const event_handler handlers[POSIX_KINDS] = {
	[POSIX_LINGER] = posix_linger_event,
	[POSIX_CONSOLE] = posix_console_event,
	[POSIX_CONTROL] = posix_control_event,
	[POSIX_SIGNAL] = posix_signal_event,
	[POSIX_PARENT] = posix_parent_event,
};

__attribute__((weak)) void port_after_start(void)
{
}

void posix_secured(void)
{
	secured = true;
}

void posix_settle(void)
{
	settling = true;
}

int posix_signals_open(void)
{
	static struct posix_handle *h;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return E_IO;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return E_IO;
	if (h != NULL)
		posix_handle_close(h);
	h = posix_handle_new(POSIX_SIGNAL, fd, PORT_OWNER_NONE);
	return h != NULL ? E_OK : E_IO;
}

bool posix_signal_event(struct posix_handle *h, port_owner *owner)
{
	struct signalfd_siginfo info;

	(void)owner;
	while (read(h->fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			if (!posix_has_parent())
				posix_paths_scan();
			posix_settle();
			posix_signals |= PORT_SIGNAL_RELOAD;
		} else {
			posix_signals |= PORT_SIGNAL_STOP;
		}
	}
	return false;
}

PORT_IDLE unsigned port_signals(void)
{
	unsigned now = posix_signals;

	posix_signals = 0;
	return now;
}

static bool tell(const struct epoll_event *ev, port_owner *owner)
{
	struct posix_handle *h = posix_handle_find(ev->data.u64);

	if (h == NULL)
		return false;
	*owner = h->owner;
	if (h->kind == POSIX_TCP)
		posix_tcp_event(h, ev->events);
	if (handlers[h->kind] != NULL && !handlers[h->kind](h, owner))
		return false;
	return *owner != PORT_OWNER_NONE;
}

static int poll_events(port_owner *owners, int cap, uint32_t wait_ms)
{
	static struct epoll_event events[BATCH];
	int n, told = 0, timeout = wait_ms > INT32_MAX ? -1 : (int)wait_ms;

	if (cap <= 0)
		return 0;
	n = epoll_wait(posix_epoll, events, cap < BATCH ? cap : BATCH, timeout);
	for (int i = 0; i < n; i++) {
		if (tell(&events[i], &owners[told]))
			told++;
	}
	return told;
}

/* Does the port's own timed work; tells how long the wait may last for its sake. */
static uint32_t own_wait(uint64_t now_ms)
{
	uint32_t wait_ms = posix_linger_expire();

	if (now_ms >= tick_ms) {
		tick_ms = now_ms + TICK_MS;
		posix_clock_tick();
	}
	if (!posix_starving()) {
		starving_timed = false;
	} else if (!starving_timed) {
		starving_timed = true;
		starving_since_ms = now_ms;
	} else if (now_ms - starving_since_ms >= STARVED_MS) {
		starving_timed = false;
		posix_starving_retry();
		return 0;
	}
	return starving_timed && wait_ms > STARVED_MS ? STARVED_MS : wait_ms;
}

PORT_IDLE int port_wait(uint32_t max_ms, port_owner *owners, int cap)
{
	uint64_t start_ms = port_clock_ms(), now_ms = start_ms;

	if (secured) {
		secured = false;
		port_after_start();
	}
	for (;;) {
		uint64_t gone = now_ms - start_ms;
		uint32_t left = max_ms == PORT_FOREVER ? max_ms : gone >= max_ms ? 0 :
			(uint32_t)(max_ms - gone);
		uint32_t own = own_wait(now_ms);
		int n = posix_due_take(owners, cap);

		if (own < left)
			left = own;
		if (n > 0 || posix_signals != 0)
			left = 0;
		if (settling && left > 0) {
			settling = false;
			posix_pages_give_back();
		}
		n += poll_events(owners + n, cap - n, left);
		now_ms = port_clock_ms();
		if (n > 0 || posix_signals != 0 || (max_ms != PORT_FOREVER && now_ms - start_ms >= max_ms))
			return n;
	}
}
