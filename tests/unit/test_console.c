/*
 * test_console.c - the console of the whole core on the simulated machine: every command of the table,
 * unique and ambiguous prefixes, `?`, secrets, the candidate from its first change to commit, and what a
 * failed commit leaves behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/log.h"
#include "config/candidate.h"
#include "config/settings.h"
#include "console/command.h"
#include "console/console.h"
#include "console/dispatch.h"
#include "gateway/gateway.h"
#include "gateway/pools.h"
#include "sim.h"

#define FILE_PATH "/etc/mailwicket.conf"

static const char base_config[] =
	"# a comment\n"
	"config gateway 'main'\n\toption hostname 'gw.lan'\n\toption account 'office'\n\n"
	"config listener 'scan'\n\toption protocol 'smtp'\n\tlist address '127.0.0.1'\n"
	"\toption port '2525'\n\n"
	"config account 'office'\n\toption address 'a@b.example'\n\toption password 'canary1'\n"
	"\toption smtp_host 'mx.test'\n\n"
	"config user 'printer'\n\toption password 'canary2'\n";

static char out[65536], file[65536];
static int console;
static bool interactive_console;

/* Passes until nothing moves; then once more when the time of a paste is over. */
static void pass_now(void)
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

static void pass(void)
{
	pass_now();
	if (console_deadline_ms() != UINT64_MAX) {
		sim_clock_advance(200);
		pass_now();
	}
}

static void open_console(bool interactive, bool full)
{
	interactive_console = interactive;
	console = sim_console_open(interactive, full);
	assert_true(console >= 0);
	pass();
	(void)sim_console_output(console, out, sizeof out);
}

static const char *output(void)
{
	int n = sim_console_output(console, out, sizeof out - 1);

	out[n] = '\0';
	if (interactive_console) {
		size_t len = strlen(out), prompt = strlen("mailwicket> ");

		if (len >= prompt && strcmp(out + len - prompt, "mailwicket> ") == 0)
			out[len - prompt] = '\0';
	}
	return out;
}

/* What is answered, without the echo of one line, or of the end of one that is not shown. */
static const char *type(const char *text)
{
	bool secret = sim_console_asked(console) == PORT_ASK_SECRET;
	size_t echo = secret ? 1 : strlen(text);

	assert_int_equal(sim_console_type(console, text), E_OK);
	pass();
	(void)output();
	if (interactive_console && strncmp(out, secret ? "\n" : text, echo) == 0)
		memmove(out, out + echo, strlen(out + echo) + 1);
	return out;
}

static void says(const char *line, const char *wanted)
{
	char typed[CONSOLE_LINE_MAX + 2];

	snprintf(typed, sizeof typed, "%s\n", line);
	(void)type(typed);
	if (strcmp(out, wanted) != 0)
		fail_msg("%s\nsays   %s\nwanted %s", line, out, wanted);
}

static void says_part(const char *line, const char *part)
{
	char typed[CONSOLE_LINE_MAX + 2];

	snprintf(typed, sizeof typed, "%s\n", line);
	(void)type(typed);
	if (strstr(out, part) == NULL)
		fail_msg("%s\nsays   %s\nwanted %s", line, out, part);
}

static const char *file_now(void)
{
	int n = sim_file_get(FILE_PATH, file, sizeof file - 1);

	assert_true(n >= 0);
	file[n] = '\0';
	return file;
}

static int setup(void **state)
{
	struct settings_error err;
	char why[400];

	sim_reset(7);
	gateway_reset();
	sim_file_set(FILE_PATH, base_config, sizeof base_config - 1);
	if (settings_load_file(FILE_PATH, &err) != E_OK)
		fail_msg("%s", err.text);
	if (gateway_open(why, sizeof why) != E_OK)
		fail_msg("%s", why);
	open_console(true, true);
	return 0;
}

static int teardown(void **state)
{
	gateway_stop();
	for (int i = 0; i < 100 && gateway_pass(1000) == E_OK; i++)
		continue;
	return 0;
}

/* ---- dispatch ---- */

static void every_command_has_a_row_that_is_whole(void **state)
{
	static const char *const wanted[] = { "help", "show", "get", "set", "add", "delete", "add_list",
		"del_list", "move", "changes", "revert", "commit", "check", "passwd", "export", "import", "log",
		"quit" };

	assert_int_equal(commands_count, sizeof wanted / sizeof wanted[0]);
	for (unsigned i = 0; i < commands_count; i++) {
		bool found = false;

		for (size_t j = 0; j < sizeof wanted / sizeof wanted[0]; j++)
			found = found || strcmp(wanted[j], commands[i].name) == 0;
		assert_true(found);
		assert_true(strlen(commands[i].help) > 5);
		assert_non_null(commands[i].arguments);
		assert_true(commands[i].least <= commands[i].most && commands[i].most < COMMAND_WORDS_MAX);
		assert_non_null(commands[i].run);
		assert_true((commands[i].takes[0] == TAKES_WORD) == (commands[i].offer != NULL));
		assert_true(commands[i].takes[1] != TAKES_WORD);
	}
}

static void words_are_split_like_uci(void **state)
{
	static const struct {
		const char *line;
		int words;
		const char *word[4];
	} cases[] = {
		{ "", 0, { NULL } }, { "   ", 0, { NULL } }, { "# comment", 0, { NULL } },
		{ " a  b\tc ", 3, { "a", "b", "c" } }, { "a 'b c'", 2, { "a", "b c" } },
		{ "a='b c'd", 1, { "a=b cd" } }, { "a 'it'\\''s' \"x 'y'\"", 3, { "a", "it's", "x 'y'" } },
		{ "dns=1.1.1.1#53 # c", 1, { "dns=1.1.1.1#53" } }, { "a ''", 2, { "a", "" } },
		{ "a 'b", E_ARG, { NULL } }, { "a \"b", E_ARG, { NULL } },
		{ "1 2 3 4 5 6 7 8 9 a b c d e f g h", E_LIMIT, { NULL } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct slice word[COMMAND_WORDS_MAX];
		char line[100];

		snprintf(line, sizeof line, "%s", cases[i].line);
		assert_int_equal(dispatch_split(line, strlen(line), word), cases[i].words);
		for (int w = 0; w < cases[i].words && w < 4; w++) {
			assert_int_equal(word[w].len, strlen(cases[i].word[w]));
			assert_memory_equal(word[w].p, cases[i].word[w], word[w].len);
		}
	}
}

static void prefixes(void **state)
{
	says("ch", "error: 'ch' could be several commands; try ch ?\n");
	says("e", "config gateway 'main'\n\toption hostname 'gw.lan'\n\toption account 'office'\n\n"
		"config listener 'scan'\n\toption protocol 'smtp'\n\tlist address '127.0.0.1'\n"
		"\toption port '2525'\n\n"
		"config account 'office'\n\toption address 'a@b.example'\n\toption password '<hidden>'\n"
		"\toption smtp_host 'mx.test'\n\n"
		"config user 'printer'\n\toption password '<hidden>'\n");
	says("add", "error: usage: add TYPE [NAME]\n");
	says("GET main.hostname", "gw.lan\n");
	says("g main.hostname", "gw.lan\n");
	says("frobnicate", "error: unknown command 'frobnicate'; `help` lists them\n");
	says("get", "error: usage: get SECTION[.OPTION]\n");
	says("get a b c", "error: usage: get SECTION[.OPTION]\n");
	says("get 'a", "error: a quote is not closed\n");
	says("   ", "");
	says("# nothing", "");
	says_part("sh po", "consoles");
}

static void question_marks(void **state)
{
	(void)type("?\n");
	for (unsigned i = 0; i < commands_count; i++) {
		assert_non_null(strstr(out, commands[i].name));
		assert_non_null(strstr(out, commands[i].help));
	}
	says_part("ch?", "changes");
	says_part("ch?", "check");
	assert_null(strstr(out, "\ncommit"));
	says_part("show ?", "certificates");
	says_part("show se?", "sessions");
	assert_null(strstr(out, "pools"));
	says_part("add ?", "listener");
	/* In a value it is a letter. */
	says("set printer.password=what?", "");
	says("set printer.name='who ?'", "");
	says("get printer.name", "who ?\n");
	says("revert", "");
}

static void help(void **state)
{
	(void)type("help\n");
	for (unsigned i = 0; i < commands_count; i++)
		assert_non_null(strstr(out, commands[i].help));
	says_part("help commit", "comments in it are lost");
	says_part("help account", "smtp_port");
	says_part("help nothing", "error: ");
}

/* ---- reading ---- */

static void get(void **state)
{
	says("get office.smtp_host", "mx.test\n");
	says("get office.smtp_port", "587\n");
	says("get gateway.hostname", "gw.lan\n");
	says("get office.password", "<hidden>\n");
	says("get office.pasword",
		"error: unknown option 'pasword' in account 'office'; did you mean 'password'?\n");
	says("get ofice.password", "error: there is no section 'ofice'; did you mean 'office'?\n");
	says("get @route[0].sender", "error: there is no section '@route[0]'\n");
	says("get scan", "protocol=smtp\naddress=127.0.0.1\nport=2525\n");
	says_part("get office", "password=<hidden>\n");
}

static void show(void **state)
{
	static const char *const topics[] = { "status", "config", "accounts", "account office", "sessions",
		"pools", "memory", "network", "certificates", "log" };
	char line[64];

	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		snprintf(line, sizeof line, "show %s\n", topics[i]);
		(void)type(line);
		assert_true(strlen(out) > 0);
		assert_null(strstr(out, "error"));
		assert_null(strstr(out, "canary"));
		snprintf(line, sizeof line, "show %s --json\n", topics[i]);
		(void)type(line);
		assert_true(out[0] == '{' || out[0] == '[');
		assert_true(strlen(out) > 1 && strchr("}]", out[strlen(out) - 2]) != NULL);
		assert_null(strstr(out, "canary"));
	}
	says_part("show", "mailwicket ");
	says_part("show nothing", "error: ");
	says_part("show account nobody", "error: ");
	says_part("show network", "127.0.0.1:2525");
}

/* ---- editing ---- */

static void the_candidate_lives_until_revert(void **state)
{
	says("changes", "");
	says("set scan.port=2526", "");
	says("get scan.port", "2526\n");
	assert_int_equal(settings_running()->listener[0].port, 2525);
	says("changes", "set scan.port='2526'\n");
	says("set scan.port=70000", "error: port wants a port from 1 to 65535, not '70000'\n");
	says("set scan.prot=1",
		"error: unknown option 'prot' in listener 'scan'; did you mean 'port'?\n");
	says("set main.state=/var/lib/mw", "state takes effect at the next start\n");
	says("delete main.state", "");
	says("set scan=1", "error: that is a section; name an option as SECTION.OPTION\n");
	says("get scan.port", "2526\n");
	says("delete scan.port", "");
	says("get scan.port", "25\n");
	says("changes", "delete scan.port\n");
	says("revert", "");
	says("changes", "");
	says("get scan.port", "2525\n");
	says("set scan.prot=1",
		"error: unknown option 'prot' in listener 'scan'; did you mean 'port'?\n");
	assert_false(candidate_exists());
}

static void lists(void **state)
{
	says("add_list scan.allow=10.0.0.0/8", "");
	says("add_list scan.allow=192.168.0.0/16", "");
	says("add_list scan.allow=10.0.0.0/8", "");
	says("get scan.allow", "10.0.0.0/8 192.168.0.0/16\n");
	says("changes", "add_list scan.allow='10.0.0.0/8'\nadd_list scan.allow='192.168.0.0/16'\n");
	says("del_list scan.allow=10.0.0.0/8", "");
	says("del_list scan.allow=10.0.0.0/8", "error: allow has no such element\n");
	says("get scan.allow", "192.168.0.0/16\n");
	says("set scan.allow=all",
		"error: allow wants an address or a network like 192.168.1.0/24, not 'all'\n");
	says("get scan.allow", "192.168.0.0/16\n");
	says("add_list scan.port=25", "error: port has one value; use set\n");
	says("add_list scan.address=127.0.0.2", "");
	says("del_list scan.address=127.0.0.1", "");
	says("changes", "del_list scan.address='127.0.0.1'\nadd_list scan.address='127.0.0.2'\n"
		"add_list scan.allow='192.168.0.0/16'\n");
}

static void sections(void **state)
{
	says("add user phone", "");
	says("add user phone", "error: the name is that of a user already\n");
	says("add user", "error: a user needs a name\n");
	says("add usr x", "error: unknown section type 'usr'; did you mean 'user'?\n");
	says("add user Phone", "error: a section's name has at most 32 of a-z, 0-9 and _\n");
	says("add gateway", "error: the name is that of a gateway already\n");
	says("set phone.password=secret", "");
	says("changes", "add user phone\nset phone.password='<hidden>'\n");
	says("delete phone", "");
	says("delete phone", "error: there is no section 'phone'\n");
	says("changes", "");
	says("delete printer", "");
	says("changes", "delete printer\n");
}

static void routes(void **state)
{
	says("add route", "");
	says("add route", "");
	says("add route first",
		"error: routes have no names; they are @route[0], @route[1] in their order\n");
	says("set @route[0].account=office", "");
	says("set @route[-1].action=reject", "");
	says("set @route[2].action=reject", "error: there is no section '@route[2]'\n");
	says("move @route[1] 0", "");
	says("get @route[0]", "action=reject\n");
	says("get @route[1]", "account=office\n");
	says("move @route[0] 2", "error: there are 2 routes, so the last place is 1\n");
	says("move scan 0", "error: only routes have an order; name one as @route[N]\n");
	says("commit", "");
	assert_int_equal(settings_running()->route_count, 2);
	says("delete @route[0]", "");
	says("get @route[0]", "account=office\n");
}

/* ---- secrets ---- */

static void secrets_are_asked_for_and_never_shown_A32(void **state)
{
	says("set office.password", "value (not shown): ");
	assert_int_equal(sim_console_asked(console), PORT_ASK_SECRET);
	says("canary 3'\"#", "");
	assert_int_equal(sim_console_asked(console), PORT_ASK_COMMAND);
	says("set scan.port", "error: usage: set SECTION.OPTION=VALUE\n");
	says("changes", "set office.password='<hidden>'\n");
	says("commit", "");
	assert_string_equal(settings_text(settings_running(), settings_running()->account[0].password),
		"canary 3'\"#");
	assert_non_null(strstr(file_now(), "option password 'canary 3'\\''\"#'\n"));
	says_part("show config", "option password '<hidden>'");
	assert_null(strstr(out, "canary"));
	says_part("export secrets", "canary2");
	for (int i = 0; i < sim_log_count(); i++)
		assert_null(strstr(sim_log_line(i, NULL), "canary"));
}

static void passwd_asks_twice_and_stores_a_verifier(void **state)
{
	const struct settings *s;

	says("passwd printer", "new password (not shown): ");
	says("new one", "once more: ");
	says("new two", "error: the two are not the same\n");
	says("passwd nobody", "error: there is no section 'nobody'\n");
	says("passwd scan", "error: that is not a user section\n");
	says("passwd printer", "new password (not shown): ");
	says("", "once more: ");
	says("", "error: an empty password is not taken\n");
	says("passwd printer", "new password (not shown): ");
	says("new one", "once more: ");
	says("new one", "set; `commit` makes it real\n");
	says("commit", "");
	s = settings_running();
	assert_true(settings_user_hashed(s, &s->user[0]));
	assert_true(crypto_verifier_check(settings_text(s, s->user[0].password),
		strlen(settings_text(s, s->user[0].password)), "new one", 7));
	assert_null(strstr(file_now(), "new one"));
	says("set printer.clear=1", "");
	says("commit", "error: user 'printer': clear '1' needs the password itself, not its RFC 5803 string\n");
	says("passwd printer", "new password (not shown): ");
	says("clear one", "once more: ");
	says("clear one", "set; `commit` makes it real\n");
	says("commit", "");
	assert_string_equal(settings_text(settings_running(), settings_running()->user[0].password),
		"clear one");
}

static void a_secret_replaces_one_in_a_file(void **state)
{
	sim_file_set("/run/pw", "from file\n", 10);
	says("set office.password_file=/run/pw", "");
	says("changes", "delete office.password\nset office.password_file='/run/pw'\n");
	says("commit", "");
	assert_string_equal(settings_text(settings_running(), settings_running()->account[0].password),
		"from file");
	assert_null(strstr(file_now(), "from file"));
	says("set office.password=x", "");
	says("commit", "");
	assert_null(strstr(file_now(), "password_file"));
}

/* ---- commit ---- */

static void commit_writes_applies_and_ends_the_candidate(void **state)
{
	struct port_addr at = sim_addr("127.0.0.1", 2526), from = sim_addr("127.0.0.1", 9);

	assert_true(sim_peer_connect(&from, &at) < 0);
	says("set scan.port=2526", "");
	says("commit", "");
	assert_false(candidate_exists());
	assert_true(sim_peer_connect(&from, &at) >= 0);
	assert_non_null(strstr(file_now(), "\toption port '2526'\n"));
	assert_null(strstr(file, "# a comment"));
	says("commit", "error: nothing has changed\n");
	/* The file that was written is a configuration, the same one. */
	{
		struct settings_error err;

		assert_int_equal(settings_load_file(FILE_PATH, &err), E_OK);
		assert_int_equal(settings_running()->listener[0].port, 2526);
	}
}

static void nothing_has_happened(void)
{
	assert_string_equal(file_now(), base_config);
	assert_int_equal(settings_running()->listener[0].port, 2525);
	assert_string_equal(settings_text(settings_running(), settings_running()->account[0].password),
		"canary1");
	assert_true(candidate_exists());
}

static void a_commit_that_is_not_valid_changes_nothing(void **state)
{
	says("set scan.port=2526", "");
	says("add_list scan.allow=0.0.0.0/0", "");
	says("commit", "error: listener 'scan': allow '0.0.0.0/0' reaches beyond private networks, so auth must "
		"be 'required'\n");
	nothing_has_happened();
	says("del_list scan.allow=0.0.0.0/0", "");
	says("commit", "");
	says("get scan.port", "2526\n");
}

static void a_commit_that_cannot_be_written_changes_nothing(void **state)
{
	uint32_t ops = sim_ops();

	says("set scan.port=2526", "");
	ops = sim_ops() - ops;
	for (uint32_t n = 1; n < 40; n++) {
		sim_fault_at(sim_ops() + n, -1, false);
		(void)type("commit\n");
		sim_fault_at(0, -1, false);
		if (!candidate_exists())
			break;
		if (strncmp(out, "error: ", 7) == 0)
			nothing_has_happened();
	}
	pass();
	(void)ops;
}

static void a_commit_that_cannot_be_applied_is_taken_back(void **state)
{
	struct port_addr now = sim_addr("127.0.0.1", 2526), old = sim_addr("127.0.0.1", 2525),
		from = sim_addr("127.0.0.1", 9);

	says("set scan.port=2526", "");
	says("set scan.tls=implicit", "");
	says("set scan.certificate=/none.pem", "");
	says("set scan.key=/none.pem", "");
	says("set main.log_level=debug", "");
	says_part("commit", "error: listener 'scan': /none.pem: ");
	nothing_has_happened();
	assert_true(sim_peer_connect(&from, &old) >= 0);
	assert_true(sim_peer_connect(&from, &now) < 0);
	assert_false(log_enabled(PORT_LOG_DEBUG));
	says("delete main.log_level", "");
	says("delete scan.certificate", "");
	says("delete scan.key", "");
	says("set scan.tls=off", "");
	says("set scan.port=2527", "");
	says("commit", "");
	assert_int_equal(settings_running()->listener[0].port, 2527);
}

static void a_reload_under_the_candidate_is_told(void **state)
{
	struct settings_error err;

	says("set scan.port=2526", "");
	assert_int_equal(settings_load_file(FILE_PATH, &err), E_OK);
	says("commit", "error: the configuration was reloaded after these changes began; revert, then make them "
		"again\n");
	says("revert", "");
	says("set scan.port=2526", "");
	sim_file_set(FILE_PATH, "# by hand\n", 10);
	says("commit", "error: somebody else has changed the file since it was loaded; reload it, then make the "
		"changes again\n");
	assert_string_equal(file_now(), "# by hand\n");
}

/* The arena fills with texts that nothing refers to; edits go on all the same. */
static void thousands_of_edits_fit(void **state)
{
	char line[300];

	for (int i = 0; i < 2000; i++) {
		struct fmt why = fmt_on(line, sizeof line);
		char value[200];

		snprintf(value, sizeof value, "%0150d.example", i);
		memset(value, 'a', 20);
		value[40] = value[100] = '.';
		value[39] = value[99] = 'x';
		assert_int_equal(candidate_set(slice_str("main.hostname"), slice_str(value), &why), E_OK);
	}
	says("commit", "");
}

/* ---- import, export ---- */

static void export_and_import_round_trip(void **state)
{
	char text[4096];

	snprintf(text, sizeof text, "%s", type("export\n"));
	assert_null(strstr(text, "canary"));
	says("set scan.port=2526", "");
	says("import", "");
	assert_int_equal(sim_console_asked(console), PORT_ASK_TEXT);
	(void)type(text);
	says(".", "");
	says("changes", "");
	says("set printer.name=x", "");
	says("commit", "");
	assert_string_equal(settings_text(settings_running(), settings_running()->account[0].password),
		"canary1");
	assert_string_equal(settings_text(settings_running(), settings_running()->user[0].password),
		"canary2");
}

static void a_wrong_import_changes_nothing(void **state)
{
	says("set scan.port=2526", "");
	says("import", "");
	(void)type("config gateway 'main'\n\toption hostnam 'x'\n");
	says(".", "error: import:2: unknown option 'hostnam' in gateway 'main'; did you mean 'hostname'?\n");
	says("import", "");
	(void)type("config user 'other'\n\toption password '<hidden>'\n");
	says(".", "error: import:2: user 'other': password is hidden, and there is none to keep\n");
	says("changes", "set scan.port='2526'\n");
}

/* ---- rights, scripts, the end ---- */

static void rights_A37(void **state)
{
	open_console(true, false);
	says("export secrets", "error: secrets are shown to root only\n");
	says_part("export", "<hidden>");
	assert_null(strstr(out, "canary"));
	says_part("show status", "mailwicket");
}

static void a_script_ends_with_its_first_error(void **state)
{
	open_console(false, true);
	(void)type("get main.hostname\nset scan.port=2526\n\nchanges\n");
	assert_string_equal(out, "gw.lan\nset scan.port='2526'\n");
	assert_int_equal(sim_console_status(console), E_AGAIN);
	(void)type("get nothing.x\ncommit\n");
	assert_string_equal(out, "error: there is no section 'nothing'\n");
	assert_int_equal(sim_console_status(console), 1);
	assert_int_equal(settings_running()->listener[0].port, 2525);
	open_console(false, true);
	(void)type("get main.hostname");
	sim_console_eof(console);
	pass();
	assert_string_equal(output(), "gw.lan\n");
	assert_int_equal(sim_console_status(console), 0);
}

static void line_ends_and_noise(void **state)
{
	assert_string_equal(type("get main.hostname\r\nget main.account\rget scan.port\n\x01"),
		"get main.hostname\ngw.lan\nmailwicket> get main.account\noffice\n"
		"mailwicket> get scan.port\n2525\n");
	assert_string_equal(type("\x07\x02get main.hostname\n"), "get main.hostname\ngw.lan\n");
}

static void too_long_lines(void **state)
{
	static char line[CONSOLE_LINE_MAX + 100];

	memset(line, 'x', sizeof line - 2);
	line[sizeof line - 2] = '\n';
	assert_non_null(strstr(type(line), "xx\nerror: the line is too long\n"));
	says("set printer.password", "value (not shown): ");
	assert_string_equal(type(line), "error: the line is too long\n");
	says("get main.hostname", "gw.lan\n");
	assert_false(candidate_exists());
}

static void quit_gives_the_slot_back(void **state)
{
	int first = console;

	(void)type("quit\n");
	assert_int_equal(sim_console_status(first), 0);
	for (int i = 0; i < 3 * BOARD_CONSOLES; i++) {
		open_console(true, true);
		says("quit", "");
		assert_int_equal(sim_console_status(console), 0);
	}
	assert_int_equal(pool_consoles.now, 0);
}

static void consoles_beyond_the_slots_wait_their_turn(void **state)
{
	int opened[BOARD_CONSOLES + 1];

	for (int i = 0; i <= BOARD_CONSOLES - 1; i++)
		opened[i] = sim_console_open(false, true);
	pass();
	assert_int_equal(pool_consoles.now, BOARD_CONSOLES);
	(void)type("quit\n");
	pass();
	console = opened[BOARD_CONSOLES - 1];
	says("get main.hostname", "gw.lan\n");
}

static void a_console_that_goes_in_the_middle_leaves_nothing(void **state)
{
	(void)type("import\nconfig gateway\n");
	sim_console_eof(console);
	pass();
	(void)sim_console_output(console, out, sizeof out);
	open_console(true, true);
	says("import", "");
	says(".", "");
	(void)type("revert\npasswd printer\n");
	sim_console_eof(console);
	pass();
	assert_int_equal(pool_consoles.now, 0);
}

/* Output that is longer than any buffer comes whole. */
static void long_output_comes_whole(void **state)
{
	static char wanted[32768];
	struct fmt f = fmt_on(wanted, sizeof wanted), why = fmt_on(file, sizeof file);

	for (int i = 0; i < 200; i++)
		assert_int_equal(candidate_add(slice_str("route"), slice_str(""), &why), E_OK);
	for (int i = 0; i < 200; i++) {
		char path[64];

		snprintf(path, sizeof path, "@route[%d].sender", i);
		assert_int_equal(candidate_set(slice_str(path), slice_str(path), &why), E_OK);
		fmt_printf(&f, "add route \nset %s='%s'\n", path, path);
	}
	says("changes", fmt_cstr(&f));
}

static void check_tells_findings(void **state)
{
	says_part("check nobody", "error: there is no such account\n");
	(void)sim_console_type(console, "check office\n");
	for (int i = 0; i < 300; i++)
		assert_int_equal(gateway_pass(1000), E_OK);
	(void)output();
	assert_non_null(strstr(out, "office: dns: FAULT: "));
	assert_non_null(strstr(out, "error: at least one account has a fault\n"));
}

static void log_shows_kept_lines(void **state)
{
	log_line(PORT_LOG_INFO, "the one line");
	says_part("log", "the one line\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(every_command_has_a_row_that_is_whole),
		TEST(words_are_split_like_uci),
		TEST(prefixes),
		TEST(question_marks),
		TEST(help),
		TEST(get),
		TEST(show),
		TEST(the_candidate_lives_until_revert),
		TEST(lists),
		TEST(sections),
		TEST(routes),
		TEST(secrets_are_asked_for_and_never_shown_A32),
		TEST(passwd_asks_twice_and_stores_a_verifier),
		TEST(a_secret_replaces_one_in_a_file),
		TEST(commit_writes_applies_and_ends_the_candidate),
		TEST(a_commit_that_is_not_valid_changes_nothing),
		TEST(a_commit_that_cannot_be_written_changes_nothing),
		TEST(a_commit_that_cannot_be_applied_is_taken_back),
		TEST(a_reload_under_the_candidate_is_told),
		TEST(thousands_of_edits_fit),
		TEST(export_and_import_round_trip),
		TEST(a_wrong_import_changes_nothing),
		TEST(rights_A37),
		TEST(a_script_ends_with_its_first_error),
		TEST(line_ends_and_noise),
		TEST(too_long_lines),
		TEST(quit_gives_the_slot_back),
		TEST(consoles_beyond_the_slots_wait_their_turn),
		TEST(a_console_that_goes_in_the_middle_leaves_nothing),
		TEST(long_output_comes_whole),
		TEST(check_tells_findings),
		TEST(log_shows_kept_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
