/*
 * main.c - plays dialogue files against the gateway on the simulated machine.
 *
 *     conversation [-v] [-q] [-a] [-f DIR] [-m MODE:N:HOW] FILE.conv ...
 *
 * Prints a line per file and at the end "N passed, N failed"; exit 0 when none failed. -v prints the
 * runs of each mode, -q plays each file whole only, -a every cut and fault (else some hundred,
 * evenly spread), -m plays one run (as a failure names it) with
 * its transcript, -f tells where the fixtures are (tests/fixtures).
 *
 * Each file is played: whole; byte by byte; with random sizes; with every sent line split behind its
 * n-th byte for each n; with the connection of the n-th read or write reset, ended, or gone silent;
 * with the n-th port call failing. In the last two the script's expectations do not count; what
 * always counts: no wait without deadline, no 2xx after the end of a message that the next hop did
 * not confirm, no pool slot and no handle in use when all is over, an end within 15 s of a stop.
 * At the end of a script far ends close (or, in the last two modes, stay silent for ever).
 *
 * THE LANGUAGE. One statement a line; '#' begins a comment line. In texts: \r \n \t \0 \\ \xHH, and
 * \{N:text} repeats a text N times. In expectations `*` stands for any bytes; they match the
 * beginning of what came, up to the end where they end in '$'.
 *
 *   protocol imap|pop3        before all else: the defaults of that protocol (config.c); replies are
 *                             single lines, compared from their beginning. What must hold in every
 *                             mode is in ledger.c
 *   config ... .              the whole configuration, as UCI text up to a single dot; else the
 *                             default of config.c: listener 'in' (port 25), account 'hop' (10.0.0.9)
 *   set SECTION.OPTION VALUE  changes it (no VALUE: takes the option away); `list` adds a value;
 *   add TEXT                  appends a line to it: "add config user 'printer'"
 *   any log                   warnings need no `log` line
 *   whole only, once          only the modes whole and byte by byte; only whole
 *
 *   C text                    client sends a line (CRLF added); C- text: without CRLF; C= text: as
 *                             it is, unknown to the ledger of replies; C2 ... C9: further clients
 *   C mail ... .              sends the lines up to a single dot (write \. for a line with a dot)
 *   C connect [PORT] [from=IP] [to=IP]   else the first C or S line connects to 10.0.0.1:25
 *   C hello                   S 220, EHLO client.test, S 250
 *   C tls [1.0|1.1] [fail]    TLS handshake now (believing any certificate)
 *   C eof | fin | cut | hole  end (with close_notify), FIN alone, RST, silence
 *   C pace N MS, C window N   its bytes arrive N at a time each MS; it takes in N bytes unread
 *   S pattern                 reads one whole reply; its last line matches ("250 2.1.0")
 *   S* pattern, S! pattern    some line (no line) of that reply, without its code, matches
 *   S none, S close [PATTERN] nothing came; the connection ends (after nothing, or just that); S end:
 *                             the same, and the client's own direction stays open
 *
 *   S= text, N= text          exactly these bytes come next; S until PATTERN passes lines over
 *   C hello, C login, S signed   IMAP and POP3: the greeting; that and the sign-in of user 'box'; the
 *                             OK to it
 *   C cram USER PASSWORD      reads a challenge of CRAM-MD5 and answers it
 *
 *   N pattern, R text         the same for the next hop: a line it receives, a line it says. With
 *                             such lines in a file it does nothing by itself. N2, R2: further
 *                             connections; R-, R=, N none, N close, R eof ... as above
 *   N connect                 a (further) connection comes
 *   N hello [CAP,CAP]         that, then the greeting and EHLO with these capabilities; IMAP: "CAP CAP"
 *   N login [CAPS]            IMAP and POP3: that, then the sign-in of account 'hop' and the OK to it
 *   N body ... .              message lines up to the dot; "..." stands for any number of lines
 *   N chunk ... .             the bytes that the last BDAT announced
 *   N tls [NAME] [fail]       TLS handshake with fixture NAME.pem and NAME.key (default ec)
 *
 *   hop reply PATTERN = TEXT  the automatic next hop's reply to lines with that beginning; "banner"
 *                             and "." too; TEXT may be close, cut, silent; later rules win
 *   hop caps CAP,CAP          its capabilities
 *   hop got PATTERN           it received such a line (after the last one asked for)
 *   hop count N, hop none     messages it took; no connection came
 *   hop body ... .            its last message, as N body
 *   sweep endings             plays the file once for each sequence of CR, LF and dot up to length 5
 *                             instead, for which \S stands in C= and `C bdat TEXT` (one BDAT LAST):
 *                             never more messages than real ends of message, and nothing bare leaves
 *   wait TIME                 runs the core for 250ms, 20s, 5m, 2h
 *   quiet                     runs the core until nothing moves
 *   log LEVEL PATTERN         a log line contains this; every other warning or error is a failure
 *   dns NAME TYPE VALUE, dns fault NAME KIND, route IP KIND, latency TIME, clock SECONDS [unknown]
 *   reload ... .              makes another configuration the running one
 *   stop                      asks the gateway to stop; busy N: so many pool slots are in use
 *   entropy yes|no            whether the machine has random bytes
 */
#include "conv.h"
#include "gateway/gateway.h"

/* Runs of each kind for a file: fewer where each costs more: with sanitizers, where the machine is
 * emulated, and with handshakes. */
#if defined __SANITIZE_ADDRESS__
enum { SHARE = 2 };
#else
enum { SHARE = 3 };
#endif
enum {
	SCALE = sizeof(void *) >= 8 ? 1 : 8, TLS_SCALE = 3, RANDOM_RUNS = 3,
	SPLIT_RUNS = 40 * SHARE / SCALE, CUT_RUNS = 54 * SHARE / SCALE, FAULT_RUNS = 80 * SHARE / SCALE
};

static bool verbose, quick, all;
static int runs;

static bool run(enum mode mode, uint32_t n, int how)
{
	runs++;
	if (play_run(mode, n, how))
		return true;
	printf("FAIL %s\n  [%s] %s\n  again: -m %d:%u:%d\n", script.path, mode_name[mode], play.why,
		(int)mode, (unsigned)n, how);
	if (sim_fault_hit() != NULL)
		printf("  failing call: %s\n", sim_fault_hit());
	transcript_print(stdout);
	return false;
}

/* Every `total / most`-th of 1 .. total, for each kind. */
static bool series(enum mode mode, uint32_t total, uint32_t most, int kinds)
{
	uint32_t fewer = script.tls ? TLS_SCALE : 1;
	uint32_t step = all ? 1 : total * (uint32_t)kinds * fewer / most + 1;

	for (uint32_t i = 0; i < total * (uint32_t)kinds; i += step)
		if (!run(mode, i / (uint32_t)kinds + 1, (int)(i % (uint32_t)kinds)))
			return false;
	if (verbose)
		printf("  %s: %u of %u\n", mode_name[mode], total * (uint32_t)kinds / step,
			total * (uint32_t)kinds);
	return true;
}

static bool sweep(void)
{
	for (uint32_t n = 0; n < SWEEPS; n += quick ? SWEEPS / 8 : 1)
		if (!run(MODE_SWEEP, n, 0))
			return false;
	return true;
}

/* The same again must be the same: nothing in the core may hang on more than the port. */
static bool repeats(uint64_t trace)
{
	if (!run(MODE_WHOLE, 0, 0))
		return false;
	if (play.trace == trace)
		return true;
	printf("FAIL %s\n  a second run took another course\n", script.path);
	return false;
}

static bool all_modes(void)
{
	uint32_t ops, io_ops;
	uint64_t trace;

	if (script.sweep)
		return sweep();
	if (!run(MODE_WHOLE, 0, 0))
		return false;
	ops = play.ops;
	io_ops = play.io_ops;
	trace = play.trace;
	if (quick)
		return true;
	if (!repeats(trace))
		return false;
	if (script.once)
		return true;
	if (!run(MODE_BYTES, 0, 0))
		return false;
	if (script.whole_only)
		return true;
	for (uint32_t seed = 1; seed <= RANDOM_RUNS; seed++)
		if (!run(MODE_RANDOM, seed, 0))
			return false;
	return series(MODE_SPLIT, script.longest > 1 ? (uint32_t)script.longest - 1 : 0, SPLIT_RUNS, 1) &&
		series(MODE_CUT, io_ops, CUT_RUNS, SIM_CUT_COUNT) &&
		series(MODE_FAULT, ops, FAULT_RUNS, FAULT_KINDS + 1);
}

static int one_run(const char *what)
{
	unsigned mode = 0, n = 0;
	int how = 0;
	bool good;

	if (sscanf(what, "%u:%u:%d", &mode, &n, &how) < 1 || mode >= MODE_COUNT)
		return 2;
	good = play_run((enum mode)mode, n, how);
	transcript_print(stdout);
	printf("%s\n", good ? "good" : play.why);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, arg = 1;
	const char *only = NULL;

	for (; arg < argc && argv[arg][0] == '-'; arg++) {
		verbose = verbose || strcmp(argv[arg], "-v") == 0;
		quick = quick || strcmp(argv[arg], "-q") == 0;
		all = all || strcmp(argv[arg], "-a") == 0;
		if (arg + 1 < argc && strcmp(argv[arg], "-m") == 0)
			only = argv[++arg];
		else if (arg + 1 < argc && strcmp(argv[arg], "-f") == 0)
			fixture_dir = argv[++arg];
	}
	for (; arg < argc; arg++) {
		bool good = script_read(argv[arg]);

		runs = 0;
		if (good && only != NULL)
			return one_run(only);
		good = good && all_modes();
		passed += good;
		failed += !good;
		if (good)
			printf("ok   %s (%d runs)\n", argv[arg], runs);
		fflush(stdout);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
