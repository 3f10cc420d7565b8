/*
 * play.c - plays the script once: sets the world up, starts the core, goes through the steps, and
 * looks at what must hold in every mode: no stall, no false confirmation, nothing left behind.
 */
#include "conv.h"
#include "gateway/gateway.h"

enum { PASSES = 400000, QUIET_PASSES = 3 };
enum { END_MS = 2700000, STOP_MS = 15000 };

const char *const mode_name[MODE_COUNT] = {
	"whole", "byte by byte", "random", "split", "cut", "fault", "sweep"
};
struct play play;
static uint32_t passes;

void play_fail(const char *format, ...)
{
	va_list args;
	int n;

	if (play.failed)
		return;
	play.failed = true;
	n = snprintf(play.why, sizeof play.why, "%s:%d: ", script.path,
		play.step == NULL ? 0 : play.step->line);
	va_start(args, format);
	vsnprintf(play.why + n, sizeof play.why - (size_t)n, format, args);
	va_end(args);
	play.why[strcspn(play.why, "\r\n")] = '\0';
}

/* ---- the core's passes ---- */

static int pass(uint32_t max_ms)
{
	int result;

	if (++passes > PASSES)
		play_fail("the core is busy without end");
	result = gateway_pass(max_ms);
	if (result < 0 && result != E_EOF)
		play_fail("a pass ended with %s", error_text(result));
	return result;
}

/* Everything that can happen now; true when something did. */
static bool turn(void)
{
	uint64_t before = sim_moves();
	bool moved = false;

	pass(0);
	while (hop_run() || peers_pump())
		moved = true;
	return moved || sim_moves() != before;
}

void play_quiet(void)
{
	for (int idle = 0; idle < QUIET_PASSES && !play.failed; idle++)
		if (turn())
			idle = -1;
}

bool play_until(bool (*done)(struct peer *p), struct peer *p, uint32_t ms)
{
	uint64_t end = port_clock_ms() + ms;

	for (;;) {
		int idle = 0;

		while (idle < QUIET_PASSES) {
			if (done(p))
				return true;
			if (play.failed)
				return false;
			idle = turn() ? 0 : idle + 1;
		}
		if (port_clock_ms() >= end)
			return done(p);
		if (pass((uint32_t)(end - port_clock_ms())) == E_EOF)
			sim_clock_advance(end - port_clock_ms()); /* the core has ended, the world goes on */
		hop_run();
		peers_pump();
	}
}

static bool never(struct peer *p)
{
	(void)p;
	return false;
}

void play_sleep(uint64_t ms)
{
	uint64_t end = port_clock_ms() + ms;

	while (port_clock_ms() < end && !play.failed)
		play_until(never, NULL, (uint32_t)(end - port_clock_ms()));
}

/* ---- set-up and end ---- */

static const enum sim_segments segments_of[MODE_COUNT] = {
	[MODE_BYTES] = SIM_BYTES, [MODE_RANDOM] = SIM_RANDOM
};

static bool set_up(void)
{
	char why[300] = "";
	int result;

	sim_reset(play.mode == MODE_RANDOM ? play.n : 1);
	fixtures_load();
	ledgers_reset();
	peers_reset();
	hop_reset();
	hop_listen();
	steps_hop_reset();
	steps_world_reset();
	transcript_reset();
	sim_segments(segments_of[play.mode], NULL, 0);
	if (play.mode == MODE_CUT)
		sim_cut_at(play.n, (enum sim_cut)play.how);
	if (play.mode == MODE_FAULT)
		sim_fault_at(play.n, play.how % FAULT_KINDS, play.how == FAULT_KINDS);
	gateway_reset();
	result = gateway_load(script.config, script.config_len, why, sizeof why);
	if (result == E_OK)
		result = gateway_open(why, sizeof why);
	if (result != E_OK && play.mode != MODE_FAULT)
		play_fail("the core does not start: %s: %s", error_text(result), why);
	return result == E_OK && !play.failed;
}

static bool all_gone(struct peer *p)
{
	(void)p;
	return gateway_pools_busy() == 0 && sim_open_transient() == 0;
}

static void close_peer(struct peer *p, bool politely)
{
	if (p->open && p->tls && politely) {
		peer_tls_close(p->slot);
		peers_pump();
	}
	if (p->open)
		sim_peer_close(p->end);
	p->open = false;
}

/* Clients first: the core says QUIT to a next hop that is still there. */
static void close_peers(bool politely)
{
	for (int i = 0; i < PEERS; i++)
		close_peer(&client[i], politely);
	if (politely)
		play_quiet();
	for (int i = 0; i < PEERS; i++)
		close_peer(&hop[i], politely);
}

static void check_log(void)
{
	enum port_level level;

	for (int i = 0; i < sim_log_count() && i < SIM_LOG_LINES && !script.any_log; i++) {
		const char *line = sim_log_line(i, &level);

		if (level <= PORT_LOG_WARN && !step_log_expected(i))
			play_fail("unexpected log line: %s", line);
	}
}

static bool stopped(struct peer *p)
{
	(void)p;
	return pass(0) == E_EOF;
}

/* The far ends are gone, or silent for ever: the core must come to its end by itself. */
static void check_end(void)
{
	uint32_t stalls = sim_stalls();

	if (play.strict)
		close_peers(true);
	/* A mailbox that is only silent may stay open for hours: one end of it goes. */
	if (!play_until(all_gone, NULL, END_MS) && script.protocol == IMAP && !play.strict)
		close_peers(false);
	if (!play_until(all_gone, NULL, END_MS))
		play_fail("%d pool slots and %d handles in use three quarters of an hour after the end%s",
			gateway_pools_busy(), sim_open_transient(),
			sim_stalls() != stalls ? " (a wait without a deadline)" : "");
	sim_signal(PORT_SIGNAL_STOP);
	if (!play.failed && !play_until(stopped, NULL, STOP_MS))
		play_fail("no end within %d s of a stop", STOP_MS / 1000);
	if (!play.failed && (gateway_pools_busy() != 0 || sim_open_handles() != 0))
		play_fail("%d pool slots and %d handles in use after the stop", gateway_pools_busy(),
			sim_open_handles());
	close_peers(false);
}

static void run_step(const struct step *s)
{
	play.step = s;
	if (s->who == 'C')
		step_client(s);
	else if (s->who == 'N')
		step_hop(s);
	else
		step_world(s);
}

bool play_run(enum mode mode, uint32_t n, int how)
{
	play = (struct play){ .mode = mode, .n = n, .how = how, .strict = mode <= MODE_SPLIT };
	passes = 0;
	if (set_up()) {
		for (int i = 0; i < script.steps && !play.failed; i++)
			run_step(&script.step[i]);
		if (!play.failed && play.strict && script.scripted_hop && hop_claim() >= 0)
			play_fail("a connection to the next hop that the script does not know");
		if (!play.failed)
			play_quiet();
		if (mode == MODE_SWEEP && hop_messages() > play.most)
			play_fail("%d messages out of %d", hop_messages(), play.most);
		play.trace = sim_trace();
		play.ops = sim_ops();
		play.io_ops = sim_io_ops();
		if (!play.failed)
			check_end();
		if (!play.failed)
			ledgers_check();
		if (!play.failed && play.strict)
			check_log();
	}
	return !play.failed;
}
