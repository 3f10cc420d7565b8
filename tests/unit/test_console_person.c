/*
 * test_console_person.c - a person at the console of the whole core on the simulated machine: Tab and
 * `?` from the tables, pastes, ^C, paging, `log follow`, terminals of every kind. The answers to
 * commands are test_console.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "config/candidate.h"
#include "config/settings.h"
#include "console/complete.h"
#include "console/console.h"
#include "console/pager.h"
#include "gateway/gateway.h"
#include "gateway/pools.h"
#include "sim.h"

#define PROMPT "mailwicket> "

static const char config[] =
	"config gateway 'main'\n\toption hostname 'gw.lan'\n\toption account 'office'\n\n"
	"config listener 'scan'\n\toption protocol 'smtp'\n\tlist address '127.0.0.1'\n"
	"\toption port '2525'\n\n"
	"config account 'office'\n\toption address 'a@b.example'\n\toption password 'canary1'\n"
	"\toption smtp_host 'mx.test'\n\n"
	"config account 'home'\n\toption address 'c@d.example'\n\toption smtp_host '10.0.0.77'\n\toption auth 'none'\n\n"
	"config user 'printer'\n\toption password 'canary2'\n\n"
	"config route\n\toption sender '*@x.test'\n\toption account 'office'\n";

static char out[65536];
static int console;

/* Until nothing moves; the time of a paste stays. */
static void pass(void)
{
	uint64_t moves;
	int idle = 0;

	for (int i = 0; i < 20000 && idle < 4; i++) {
		moves = sim_moves();
		assert_int_equal(gateway_pass(0), E_OK);
		idle = moves == sim_moves() ? idle + 1 : 0;
	}
	assert_int_equal(idle, 4);
}

static const char *output(void)
{
	int n = sim_console_output(console, out, sizeof out - 1);

	out[n] = '\0';
	return out;
}

static const char *type(const char *text)
{
	assert_int_equal(sim_console_type(console, text), E_OK);
	pass();
	return output();
}

static void shows(const char *keys, const char *wanted)
{
	if (strcmp(type(keys), wanted) != 0)
		fail_msg("%s\nshows  '%s'\nwanted '%s'", keys, out, wanted);
}

static void shows_part(const char *keys, const char *wanted)
{
	if (strstr(type(keys), wanted) == NULL)
		fail_msg("%s\nshows  '%s'\nwanted '%s'", keys, out, wanted);
}

static void open_console(bool interactive, uint16_t columns, uint16_t rows, bool escapes)
{
	console = sim_console_open(interactive, true);
	assert_true(console >= 0);
	sim_console_terminal(console, escapes, columns, rows);
	pass();
}

static int setup(void **state)
{
	struct settings_error err;
	char why[400];

	sim_reset(7);
	gateway_reset();
	sim_file_set("/etc/mailwicket.conf", config, sizeof config - 1);
	if (settings_load_file("/etc/mailwicket.conf", &err) != E_OK)
		fail_msg("%s", err.text);
	if (gateway_open(why, sizeof why) != E_OK)
		fail_msg("%s", why);
	open_console(true, 80, 0, true);
	assert_string_equal(output(), PROMPT);
	return 0;
}

static int teardown(void **state)
{
	gateway_stop();
	for (int i = 0; i < 100 && gateway_pass(1000) == E_OK; i++)
		continue;
	return 0;
}

/* ---- Tab and ? ---- */

static void tab_completes(void **state)
{
	static const char *const cases[][2] = {
		{ "sho\t", "show " }, { "SHO\t", "SHOw " }, { "show stat\t", "show status " },
		{ "show account h\t", "show account home " }, { "show status o\t", "\ashow status o" },
		{ "show status -\t", "show status --json " }, { "check ho\t", "check home " },
		{ "passwd \t", "passwd printer " }, { "move \t", "move @route[0] " },
		{ "add lis\t", "add listener " }, { "help smt\t", "\ahelp smt" }, { "help acc\t", "help account " },
		{ "help com\t", "help commit " }, { "export \t", "export secrets " }, { "log f\t", "log follow " },
		{ "get off\t", "get office" }, { "get office.smtp_h\t", "get office.smtp_host " },
		{ "set off\t.smtp_h\t", "set office.smtp_host=" },
		{ "set office.smtp_tls=s\t", "set office.smtp_tls=starttls " },
		{ "set main.account=h\t", "set main.account=home " }, { "set main.rsa=\t1", NULL },
		{ "set @route[0].act\t=rel\t", "\aset @route[0].action==rel" },
		{ "set @route[0].act\trel\t", "set @route[0].action=relay " },
		{ "nonsense x\t", "\anonsense x" }, { "set nobody.x\t", "\aset nobody.x" },
		{ "get 'off\t", "\aget 'off" }, { "x\t", "\ax" }, { "set office.nothing=\t", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (cases[i][1] != NULL)
			shows(cases[i][0], cases[i][1]);
		else
			(void)type(cases[i][0]);
		(void)type("\x05\x15");
	}
	/* In the middle of a line the rest stays, and no second blank is made. */
	shows("show  --json\x01\x06\x06\x06\x06\x06", "show  --json\b\b\b\b\b\b\b");
	(void)type("mem\t");
	shows_part("\x05\r", "{\"pools\":");
}

static void tab_lists_what_it_cannot_decide(void **state)
{
	shows_part("s\t", "\n" PROMPT "s");
	assert_non_null(strstr(out, "show                    what is going on\n"));
	assert_non_null(strstr(out, "\nset "));
	assert_null(strstr(out, "\nget "));
	shows("how me\t", "how memory ");
	(void)type("\x15");
	shows_part("set office.smtp_\t\t", "office.smtp_tls=");
	assert_null(strstr(out, "imap"));
	shows("tls=\t", "tls=\n"
		"implicit                default: the provider's, or implicit at port 465, else starttls; off: "
		"local servers only\nstarttls                \noff                     \n"
		PROMPT "set office.smtp_tls=");
}

static void question_marks_anywhere(void **state)
{
	shows_part("?", PROMPT);
	for (unsigned i = 0; i < commands_count; i++) {
		assert_non_null(strstr(out, commands[i].name));
		assert_non_null(strstr(out, commands[i].help));
	}
	shows_part("c?", "\ncommit");
	assert_non_null(strstr(out, PROMPT "c"));
	assert_null(strstr(out, "\nshow"));
	shows_part("heck ?", "\nhome ");
	shows_part("\x15show account ?", "\noffice ");
	shows_part("\x15quit ?", "\nusage: quit \n");
	shows_part("\x15xyzzy?", "\nno such command\n");
	shows_part("\x15set scan.port=?", "\na port from 1 to 65535: default: smtp 25");
	shows_part("\x15set main.account=?", "\nhome ");
	shows_part("\x15show mem?ory\r", "\npools: ");
	/* A letter like any other in texts, quotes and comments. */
	shows("set printer.password=what?", "set printer.password=what?");
	shows("\x15# why?", "\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b# why?"
		"                    \b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b");
	(void)type("\x15");
	shows("set printer.name='who ?'\r", "set printer.name='who ?'\n" PROMPT);
	shows_part("get printer.name\r", "who ?\n");
	/* The cursor may stand anywhere. */
	shows_part("show status\x02\x02\x02\x02\x02\x02?", "\nsessions ");
}

/* Every continuation that Tab offers is one that the command takes; none shows a secret. */
static void every_continuation_is_listed(void **state)
{
	static const char *const begins[] = { "", "show ", "get ", "set ", "set office.", "add_list scan.",
		"help ", "get office.", "set office.auth=", "delete ", "log ", "check -", "set scan.tls=" };

	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		struct slice word[COMMAND_WORDS_MAX];
		char copy[64], text[600];
		struct complete q;
		uint32_t from = 0;
		int e, lines = 0;

		assert_int_equal(complete_begin(&q, begins[i], strlen(begins[i]), copy, word), E_OK);
		do {
			struct fmt f = fmt_on(text, sizeof text);

			e = complete_list(&q, &from, &f);
			assert_false(f.over);
			lines += f.len > 0;
			assert_null(strstr(fmt_cstr(&f), "canary"));
		} while (e == E_MORE && lines < 200);
		assert_int_equal(e, E_OK);
		assert_true(lines > 0);
	}
}

/* ---- keys of the console ---- */

static void control_c_and_d(void **state)
{
	shows("set x\x03", "set x^C\n" PROMPT);
	shows("\x04", "\n");
	assert_int_equal(sim_console_status(console), 0);
	open_console(true, 80, 0, true);
	(void)output();
	shows("get nothing.x\r", "get nothing.x\nerror: there is no section 'nothing'\n" PROMPT);
	shows("\x03", "^C\n");
	assert_int_equal(sim_console_status(console), 0);
	open_console(true, 80, 0, true);
	(void)output();
	shows("set office.password\r", "set office.password\nvalue (not shown): ");
	shows("secret\x03", "^C\n" PROMPT);
	shows("passwd printer\r", "passwd printer\nnew password (not shown): ");
	shows("\x04", "\n" PROMPT);
	shows("import\r", "import\n");
	shows("config gateway\r\x03", "config gateway\n^C\n" PROMPT);
	shows("changes\r", "changes\n" PROMPT);
	assert_false(candidate_exists());
	shows("import\r", "import\n");
	shows_part("nonsense\r\x04", "error: import:1: ");
	/* The text that was asked for is free again, for others too. */
	shows("import\r", "import\n");
	shows("\x03", "^C\n" PROMPT);
	open_console(true, 80, 0, true);
	(void)output();
	shows("import\r", "import\n");
}

static void what_runs_can_be_stopped(void **state)
{
	struct port_addr silent = sim_addr("10.0.0.77", 587);

	assert_true(sim_peer_listen(&silent) >= 0);
	shows_part("check home\r", "connected");
	shows_part("\x03", "^C\n" PROMPT);
	shows_part("show memory\r", "pools: ");
	assert_int_equal(gateway_pools_busy(), 1); /* the console's own slot: the check is over */
}

static void long_output_can_be_stopped(void **state)
{
	shows_part("help account\r\x03", "^C\n");
	assert_non_null(strstr(out, "provider "));
	assert_null(strstr(out, "oauth_flow"));
}

static void clearing(void **state)
{
	shows("abc\x0c", "\x1b[H\x1b[2J" PROMPT "abc");
	(void)type("\x15quit\r");
	(void)sim_console_status(console);
	open_console(true, 80, 24, false);
	(void)output();
	shows("abc\x0c", "abc\n" PROMPT "abc");
}

/* A terminal of unknown kind is asked, and has no escapes until it answers. */
static void a_terminal_is_asked(void **state)
{
	open_console(true, 0, 0, false);
	shows("", "\x1b" "7\x1b[999;999H\x1b[6n\x1b" "8" PROMPT);
	shows("ab\x0c", "ab\n" PROMPT "ab");
	shows("\x1b[10;40Rc\x0c", "\x1b[H\x1b[2J" PROMPT "abc");
	shows_part("\x15help account\r", "--more--");
	shows_part("q", PROMPT);
}

/* ---- pastes ---- */

static const char *paste_end(void)
{
	assert_true(console_deadline_ms() != UINT64_MAX);
	sim_clock_advance(200);
	pass();
	return output();
}

static void a_paste(void **state)
{
	shows("get main.hostname\rnonsense\rget main.account\rget nobody.x\rset scan.po",
		"get main.hostname\ngw.lan\n"
		PROMPT "nonsense\nerror: line 2: unknown command 'nonsense'; `help` lists them\n"
		PROMPT "get main.account\noffice\n"
		PROMPT "get nobody.x\nerror: line 4: there is no section 'nobody'\n");
	assert_string_equal(paste_end(), "2 of 4 lines failed:\n"
		"line 2: unknown command 'nonsense'; `help` lists them\n"
		"line 4: there is no section 'nobody'\n" PROMPT "set scan.po");
	shows("rt\r", "rt\nerror: usage: set SECTION.OPTION=VALUE\n" PROMPT);
	assert_true(console_deadline_ms() == UINT64_MAX);
	(void)type("get x.y\rget main.hostname\r\r");
	assert_string_equal(paste_end(), "1 of 3 lines failed:\nline 1: there is no section 'x'\n" PROMPT);
	shows("get x.y\r", "get x.y\nerror: there is no section 'x'\n" PROMPT);
	/* Nothing in it is a question. */
	shows_part("get x.y\rwhat? sh\tow\r", "what? sh ow\nerror: line 2: unknown command 'what?'");
}

/* A paste that comes in pieces is one, as long as no piece is late. */
static void a_paste_in_pieces(void **state)
{
	unsigned lines = 0;

	(void)type("get main.hostname\rnonse");
	assert_null(strstr(out, "\n" PROMPT));
	for (int i = 0; i < 20; i++) {
		sim_clock_advance(100);
		(void)type("nse\rget x.y\rno");
		for (const char *p = out; (p = strstr(p, PROMPT)) != NULL; p++)
			lines++;
	}
	assert_int_equal(lines, 40); /* a prompt before each line, and none else */
	shows_part("", "");
	(void)paste_end();
	assert_non_null(strstr(out, "40 of 41 lines failed:\nline 2: "));
	assert_true(strlen(out) < 800); /* the first of them */
}

static void a_bracketed_paste_has_no_keys(void **state)
{
	(void)type("\x1b[200~get main.hostname\r\tget\tmain.account\rset printer.name=?\r\x1b[201~");
	assert_non_null(strstr(out, "gw.lan\n" PROMPT " get main.account\noffice\n"));
	(void)paste_end();
	shows_part("get printer.name\r", "\n?\n");
}

/* Tabs that indent are blanks, even where pastes are not marked. */
static void tabs_of_a_paste(void **state)
{
	(void)type("\tget main.hostname\r\tget main.account\r");
	assert_non_null(strstr(out, "gw.lan\n"));
	assert_non_null(strstr(out, "office\n"));
	assert_null(strstr(out, "what is going on"));
}

static void a_paste_is_not_paged(void **state)
{
	(void)type("quit\r");
	(void)sim_console_status(console);
	open_console(true, 80, 10, true);
	(void)output();
	(void)type("help account\rget main.hostname\r");
	assert_null(strstr(out, "--more--"));
	assert_non_null(strstr(out, "gw.lan\n"));
}

/* ---- paging ---- */

static unsigned rows_of(const char *text)
{
	unsigned n = 0;

	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	return n;
}

static void paging(void **state)
{
	(void)type("quit\r");
	(void)sim_console_status(console);
	open_console(true, 200, 10, false);
	(void)output();
	shows_part("help\r", "\n--more--");
	assert_int_equal(rows_of(out), 1 + 9); /* the echo's own, then a page */
	assert_null(strchr(out, '\x1b'));
	shows_part("\r", "\r        \r");
	assert_int_equal(rows_of(out), 1);
	assert_non_null(strstr(out, "--more--"));
	shows_part(" ", "quit ");
	assert_int_equal(rows_of(out), 8);
	assert_null(strstr(out, "--more--"));
	assert_non_null(strstr(out, "\n" PROMPT));
	shows_part("help account\r", "--more--");
	shows("q", "\r        \r" PROMPT);
	shows_part("help account\r", "--more--");
	shows("\x03", "\r        \r" PROMPT);
	/* What is no answer ends the paging and is typed. */
	shows_part("help account\r", "--more--");
	shows_part("show memory\r", "oauth_flow");
	assert_null(strstr(out, "--more--"));
	assert_non_null(strstr(out, PROMPT "show memory\npools: "));
	assert_string_equal(paste_end(), PROMPT);
	shows_part("?", "--more--");
	shows("q", "\r        \r" PROMPT);
	shows_part("get off?", PROMPT "get off");
}

static void rows_are_counted(void **state)
{
	struct pager p;
	size_t taken;

	pager_begin(&p, 10, 4);
	assert_int_equal(pager_room(&p, "a\nb\nc\nd\n", 8), 6);
	assert_int_equal(pager_room(&p, "0123456789", 10), 10);
	assert_int_equal(pager_room(&p, "0123456789\n\n\n\n", 14), 13);
	assert_int_equal(pager_room(&p, "0123456789012345678901234567890", 31), 30);
	assert_int_equal(pager_room(&p, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n\n\nx", 16), 15);
	pager_wrote(&p, "a\nb\n", 4);
	assert_int_equal(pager_room(&p, "c\nd\n", 4), 2);
	pager_wrote(&p, "c\n", 2);
	assert_int_equal(pager_room(&p, "d\n", 2), 0);
	assert_int_equal(pager_answer(&p, "\r\n", 2, &taken), PAGER_ON);
	assert_int_equal(taken, 2);
	assert_int_equal(pager_room(&p, "d\ne\n", 4), 2);
	assert_int_equal(pager_answer(&p, " ", 1, &taken), PAGER_ON);
	assert_int_equal(pager_room(&p, "d\ne\nf\ng\n", 8), 6);
	assert_int_equal(pager_answer(&p, "q", 1, &taken), PAGER_STOP);
	assert_int_equal(pager_answer(&p, "quit\r", 5, &taken), PAGER_ALL);
	assert_int_equal(taken, 0);
	assert_int_equal(pager_room(&p, "d\ne\nf\ng\n", 8), 8);
	pager_begin(&p, 10, 0);
	assert_int_equal(pager_room(&p, "a\nb\nc\nd\n", 8), 8);
	pager_begin(&p, 10, 1);
	assert_int_equal(pager_room(&p, "a\nb\nc\nd\n", 8), 8);
}

/* ---- the log ---- */

static void log_follow(void **state)
{
	for (int i = 0; i < 30; i++)
		log_line(PORT_LOG_INFO, "before %d", i);
	shows_part("log follow\r", "before 20\n");
	assert_null(strstr(out, "before 19\n"));
	log_line(PORT_LOG_INFO, "session 7: one");
	pass();
	assert_string_equal(output(), "session 7: one\n");
	for (int i = 0; i < 100; i++)
		log_line(PORT_LOG_ERROR, "flood %d", i);
	pass();
	assert_memory_equal(output(), "(36 lines left out)\nflood 36\n", 29);
	assert_non_null(strstr(out, "flood 99\n"));
	shows("x", PROMPT); /* a key, which is not typed */
	log_line(PORT_LOG_INFO, "unseen");
	pass();
	assert_string_equal(output(), "");
	(void)type("log follow\r");
	shows("\x1b[A", PROMPT);
	(void)type("log follow\r");
	shows("\x03", "^C\n" PROMPT);
	/* The lines of a paste are not lost. */
	shows_part("log follow\rget main.hostname\r", "gw.lan\n");
	(void)paste_end();
	log_line(PORT_LOG_INFO, "session 77: another");
	shows("log trace 77\r", "log trace 77\nsession 77: another\n" PROMPT);
	shows("log trace 78\r", "log trace 78\nnothing was logged\n" PROMPT);
	shows_part("log trace x\r", "error: usage: log [follow|trace ID]");
	shows_part("log follow 7\r", "error: usage: log [follow|trace ID]");
	(void)type("log follow\r");
	sim_console_eof(console);
	pass();
	assert_int_equal(pool_consoles.now, 0);
	log_line(PORT_LOG_INFO, "nobody follows");
	pass();
}

static void log_follow_in_a_script(void **state)
{
	open_console(false, 80, 0, false);
	log_line(PORT_LOG_INFO, "old");
	shows("log follow\n", "old\n");
	log_line(PORT_LOG_INFO, "new");
	pass();
	assert_string_equal(output(), "new\n");
	shows("get main.hostname\n", "gw.lan\n");
	shows("log follow\n", "old\nnew\n");
	sim_console_eof(console);
	pass();
	assert_int_equal(sim_console_status(console), 0);
}

static void following_is_not_paged(void **state)
{
	open_console(true, 80, 6, true);
	(void)type("log follow\r");
	for (int i = 0; i < 20; i++)
		log_line(PORT_LOG_INFO, "line %d", i);
	pass();
	assert_non_null(strstr(output(), "line 19\n"));
}

/* A console that takes nothing holds nobody up, and what it missed is counted. */
static void a_follower_that_does_not_read(void **state)
{
	(void)type("log follow\r");
	sim_console_block(console, true);
	for (int i = 0; i < 300; i++) {
		log_line(PORT_LOG_ERROR, "line %d of some length, so that the buffer is full at last", i);
		pass();
	}
	sim_console_block(console, false);
	pass();
	assert_non_null(strstr(output(), " lines left out)\n"));
	assert_non_null(strstr(out, "line 299 "));
	shows("x", PROMPT);
}

/* ---- scripts stay as they are ---- */

static void a_script_sees_no_editor(void **state)
{
	open_console(false, 80, 24, true);
	shows("get main.hostname\n\x01g\x7f\x08" "et main.account\n", "gw.lan\noffice\n");
	shows_part("?\n", "what is going on");
	shows_part("help account\n", "oauth_flow");
	assert_null(strstr(out, "--more--"));
	shows_part("set scan.?\n", "scan.port= ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(tab_completes),
		TEST(tab_lists_what_it_cannot_decide),
		TEST(question_marks_anywhere),
		TEST(every_continuation_is_listed),
		TEST(control_c_and_d),
		TEST(what_runs_can_be_stopped),
		TEST(long_output_can_be_stopped),
		TEST(clearing),
		TEST(a_terminal_is_asked),
		TEST(a_paste),
		TEST(a_paste_in_pieces),
		TEST(a_bracketed_paste_has_no_keys),
		TEST(tabs_of_a_paste),
		TEST(a_paste_is_not_paged),
		TEST(paging),
		TEST(rows_are_counted),
		TEST(log_follow),
		TEST(log_follow_in_a_script),
		TEST(following_is_not_paged),
		TEST(a_follower_that_does_not_read),
		TEST(a_script_sees_no_editor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
