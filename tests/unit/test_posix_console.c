/*
 * test_posix_console.c - the control socket, both ends: a small server on port_console_*() in one
 * process, port_console_client() in others, with pipes or a pseudo-terminal as its input and output.
 */
#include "test_posix.h"

#include <sys/ioctl.h>
#include <termios.h>

#define OWNER_WAITING 1
#define OWNER_CONSOLE 2

/* ---- the server: one console after the other ---- */

static struct port_console *console;
static char line_buf[4096];
static size_t line_len;
static bool input_over, interactive, prompts, escapes, full_rights;
static int columns, rows;

static void pause_for(port_owner owner)
{
	CHECK(reported(owner, 15000));
}

static void say(const char *text, size_t len)
{
	while (len > 0) {
		int n = port_console_write(console, text, len);

		if (n == E_AGAIN) {
			pause_for(OWNER_CONSOLE);
			continue;
		}
		if (n < 0)
			return; /* the client went away */
		text += n;
		len -= (size_t)n;
	}
}

static void ask(enum port_console_ask what)
{
	while (port_console_ask(console, what) == E_AGAIN)
		pause_for(OWNER_CONSOLE);
}

/* The next line without its end; false at the end of input. */
static bool next_line(char *out)
{
	for (;;) {
		char *end = memchr(line_buf, '\n', line_len);
		size_t len;
		int n;

		if (end != NULL || (input_over && line_len > 0)) {
			len = end != NULL ? (size_t)(end - line_buf) : line_len;
			memcpy(out, line_buf, len);
			out[len] = '\0';
			len += end != NULL ? 1 : 0;
			line_len -= len;
			memmove(line_buf, line_buf + len, line_len);
			return true;
		}
		if (input_over)
			return false;
		n = port_console_read(console, line_buf + line_len, sizeof line_buf - line_len);
		if (n == E_AGAIN)
			pause_for(OWNER_CONSOLE);
		else if (n <= 0)
			input_over = true;
		else
			line_len += (size_t)n;
	}
}

static int run_command(const char *line)
{
	char text[4096], answer[4200];
	int n = 0;

	if (strcmp(line, "who") == 0) {
		n = snprintf(answer, sizeof answer, "%s%s%s %d %d %s\n", interactive ? "tty" : "script",
			prompts ? "+prompts" : "", escapes ? "+escapes" : "", columns, rows,
			full_rights ? "full" : "some");
		say(answer, (size_t)n);
	} else if (strcmp(line, "fail") == 0) {
		say("error: no\n", 10);
		return 1;
	} else if (strcmp(line, "secret") == 0) {
		for (int i = 0; i < 2; i++) {
			say("password: ", 10);
			ask(PORT_ASK_SECRET);
			if (!next_line(text))
				return 1;
			n = snprintf(answer, sizeof answer, "got %zu\n", strlen(text));
			say(answer, (size_t)n);
		}
	} else if (strcmp(line, "text") == 0) {
		ask(PORT_ASK_TEXT);
		while (next_line(text) && strcmp(text, ".") != 0)
			n++;
		n = snprintf(answer, sizeof answer, "%d lines\n", n);
		say(answer, (size_t)n);
	} else if (strcmp(line, "big") == 0) {
		memset(text, 'b', sizeof text);
		for (int i = 0; i < 100; i++)
			say(text, sizeof text);
	} else if (strcmp(line, "marks") == 0) {
		say("a\0b\1\4c\5d\6e\n", 12);
	} else if (strcmp(line, "slow") == 0) {
		(void)reported(99, 300);
		say("slow\n", 5);
	} else {
		n = snprintf(answer, sizeof answer, "<%s>\n", line);
		say(answer, (size_t)n);
	}
	return 0;
}

static void converse(void)
{
	struct port_console_info info;
	char line[4096];
	int status = 0;

	while (port_console_accept(OWNER_CONSOLE, &console, &info) != E_OK) {
		port_owner owners[8];

		if ((port_signals() & PORT_SIGNAL_STOP) != 0)
			exit(0);
		(void)port_wait(PORT_FOREVER, owners, 8);
	}
	interactive = info.interactive;
	full_rights = info.full_rights;
	columns = info.columns;
	rows = info.rows;
	prompts = info.prompts;
	escapes = info.escapes;
	line_len = 0;
	input_over = false;
	if (interactive)
		say("> ", 2);
	while (next_line(line) && strcmp(line, "quit") != 0) {
		status = run_command(line);
		ask(PORT_ASK_COMMAND);
		if (interactive)
			say("> ", 2);
	}
	port_console_close(console, status);
}

static pid_t server;

static void serve(void)
{
	struct port_setup setup = { .control_path = in_scratch("control") };
	const char *why;

	CHECK(port_start() == E_OK);
	CHECK(port_secure(&setup, &why) == E_OK);
	port_console_owner(OWNER_WAITING);
	for (;;)
		converse();
}

static int start_server(void **state)
{
	struct stat st;

	(void)state;
	scratch_make();
	server = fork();
	if (server == 0) {
		alarm(60);
		serve();
	}
	for (int i = 0; i < 200 && stat(in_scratch("control"), &st) != 0; i++)
		usleep(10000);
	assert_int_equal(st.st_mode & 0777, 0660);
	return 0;
}

static int stop_server(void **state)
{
	int status;

	(void)state;
	kill(server, SIGTERM);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
	assert_int_equal(access(in_scratch("control"), F_OK), -1);
	scratch_remove();
	return 0;
}

/* ---- clients ---- */

static char output[500000];
static size_t output_len;

/* Runs the client with its input; its result. `output` is what it printed. */
static int client_run(const char *input, int argc, char *const argv[])
{
	int in[2], out[2], status;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	child = fork();
	if (child == 0) {
		alarm(20);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		_exit(port_console_client(in_scratch("control"), argc, argv) & 0xff);
	}
	close(in[0]);
	close(out[1]);
	if (input != NULL) {
		assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
		close(in[1]);
	}
	output_len = 0;
	while ((n = read(out[0], output + output_len, sizeof output - 1 - output_len)) > 0)
		output_len += (size_t)n;
	output[output_len] = '\0';
	close(out[0]);
	if (input == NULL)
		close(in[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int command(const char *input, const char *word)
{
	char copy[64];
	char *argv[] = { copy, NULL };

	snprintf(copy, sizeof copy, "%s", word);
	return client_run(input, 1, argv);
}

/* Input stays open (NULL) where a command asks for nothing: the client must not wait for it. */
static void one_command(void **state)
{
	char a[] = "set", b[] = "office.password=it's a \"secret\"", c[] = "", d[] = "back\\slash";
	char *argv[] = { a, b, c, d, NULL };

	(void)state;
	assert_int_equal(command(NULL, "who"), 0);
	assert_string_equal(output, "script 80 0 full\n");
	assert_int_equal(command(NULL, "fail"), 1);
	assert_string_equal(output, "error: no\n");
	assert_int_equal(command(NULL, "slow"), 0);
	assert_string_equal(output, "slow\n");
	assert_int_equal(command(NULL, "marks"), 0);
	assert_int_equal(output_len, 12);
	assert_memory_equal(output, "a?b\1?c?d?e\n", 11);
	assert_int_equal(client_run(NULL, 4, argv), 0);
	assert_string_equal(output, "<set 'office.password=it'\\''s a \"secret\"' '' 'back\\slash'>\n");
	assert_int_equal(command(NULL, "big"), 0);
	assert_int_equal(output_len, 409600);
}

static void a_command_that_asks(void **state)
{
	(void)state;
	assert_int_equal(command("first\nsecond1\nrest is not read", "secret"), 0);
	assert_string_equal(output, "password: got 5\npassword: got 7\n");
	assert_int_equal(command("only\n", "secret"), 1);
	assert_string_equal(output, "password: got 4\npassword: ");
	assert_int_equal(command("a\nb\nc\n", "text"), 0);
	assert_string_equal(output, "3 lines\n");
	assert_int_equal(command("a\nb\n.\n", "text"), 0);
	assert_string_equal(output, "2 lines\n");
}

static void a_script(void **state)
{
	(void)state;
	assert_int_equal(client_run("who\nslow\nsecret\none\ntwo2\nx y\nfail\n", 0, NULL), 1);
	assert_string_equal(output,
		"script 80 0 full\nslow\npassword: got 3\npassword: got 4\n<x y>\nerror: no\n");
	assert_int_equal(client_run("fail\nlast", 0, NULL), 0);
	assert_string_equal(output, "error: no\n<last>\n");
	assert_int_equal(client_run("fail\nquit\nwho\n", 0, NULL), 1);
	assert_int_equal(client_run("", 0, NULL), 0);
	assert_string_equal(output, "");
}

static void bad_commands(void **state)
{
	static char longest[9000];
	char *argv[] = { longest, NULL };

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	assert_int_equal(client_run(NULL, 1, argv), 2);
	memcpy(longest, "a\nb", 4);
	assert_int_equal(client_run(NULL, 1, argv), 2);
}

static int raw_client(const char *greeting)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s", in_scratch("control"));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	(void)send(fd, greeting, strlen(greeting), MSG_NOSIGNAL); /* it may be refused before it speaks */
	return fd;
}

static void strange_clients(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\n", "mailwicket-console 2 tty 80\n", "mailwicket-console 1 root 80\n",
		"mailwicket-console 1 tty 80x\n", "\n", "mailwicket-console 1 ttyx 80\n",
		"mailwicket-console 1 tty 80 24 1\n", "mailwicket-console 1 tty 80 2x\n",
		"mailwicket-console 1 tty 0000000000000000000000000000000000000000",
	};
	int silent[2 * BOARD_CONSOLE_MAX], fd;
	char byte;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		fd = raw_client(bad[i]);
		assert_true(read(fd, &byte, 1) <= 0);
		close(fd);
	}
	/* More than there are slots: a sentence, and the end mark with a failure. */
	for (int i = 0; i < BOARD_CONSOLE_MAX; i++)
		silent[i] = raw_client("mailwicket-console 1 script 80\n");
	usleep(50000);
	fd = raw_client("mailwicket-console 1 script 80\n");
	memset(output, 0, 64);
	assert_true(recv(fd, output, 64, MSG_WAITALL) > 0);
	assert_memory_equal(output, "error: too many consoles are open\n\0001\n", 37);
	close(fd);
	for (int i = 0; i < BOARD_CONSOLE_MAX; i++)
		close(silent[i]);
	usleep(50000);
	/* Those who say nothing keep nobody out. */
	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		silent[i] = raw_client("mailwicket-");
	assert_int_equal(command(NULL, "who"), 0);
	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		close(silent[i]);
	/* One who leaves in the middle, and one who greets byte by byte. */
	fd = raw_client("mailwicket-console 1 script 80\nbig\n");
	usleep(50000);
	close(fd);
	fd = raw_client("mailwicket-con");
	usleep(20000);
	assert_int_equal(write(fd, "sole 1 command 132\nwho\n", 23), 23);
	assert_int_equal(read(fd, output, 14), 14);
	assert_memory_equal(output, "script 132 0 f", 14);
	close(fd);
}

static void no_gateway(void **state)
{
	char word[] = "who";
	char *argv[] = { word, NULL };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(port_console_client(in_scratch("nowhere"), 1, argv), E_NOENT);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", in_scratch("stale"));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	assert_int_equal(port_console_client(in_scratch("stale"), 1, argv), E_REFUSED);
}

static const char *control_name;

static void second_body(void)
{
	struct port_setup setup = { .control_path = in_scratch(control_name) };
	const char *why = NULL;
	int result;

	CHECK(port_start() == E_OK);
	result = port_secure(&setup, &why);
	exit(result == E_OK ? 0 : why == NULL ? 3 : strstr(why, "another gateway") != NULL ? 1 : 2);
}

static void living_and_dead_sockets(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	control_name = "control";
	assert_int_equal(run_child(second_body), 1);
	assert_int_equal(command(NULL, "who"), 0); /* the living one still answers */
	control_name = "dead";
	snprintf(at.sun_path, sizeof at.sun_path, "%s", in_scratch("dead"));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	assert_int_equal(run_child(second_body), 0);
	assert_int_equal(access(in_scratch("dead"), F_OK), -1);
	put_file(in_scratch("dead"), "not a socket", 0600);
	assert_int_equal(run_child(second_body), 2);
	assert_int_equal(access(in_scratch("dead"), F_OK), 0);
}

static void others_have_fewer_rights_body(void)
{
	char word[] = "who";
	char *argv[] = { word, NULL };

	CHECK(setgid(12345) == 0 && setuid(12345) == 0);
	CHECK(port_console_client(in_scratch("control"), 1, argv) == 0);
}

static void refused_body(void)
{
	char word[] = "who";
	char *argv[] = { word, NULL };

	CHECK(setgid(12345) == 0 && setuid(12345) == 0);
	CHECK(port_console_client(in_scratch("control"), 1, argv) == E_ACCESS);
}

static void rights_of_peers(void **state)
{
	int out[2], keep;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(run_child(refused_body), 0);
	assert_int_equal(chmod(in_scratch("control"), 0666), 0);
	assert_int_equal(pipe(out), 0);
	fflush(stdout);
	keep = dup(1);
	dup2(out[1], 1);
	assert_int_equal(run_child(others_have_fewer_rights_body), 0);
	dup2(keep, 1);
	close(keep);
	close(out[1]);
	output_len = (size_t)read(out[0], output, 64);
	assert_int_equal(output_len, 17);
	assert_memory_equal(output, "script 80 0 some\n", 17);
	close(out[0]);
}

/* ---- a terminal ---- */

static int master;
static size_t seen;

/* Reads from the terminal until `text` has appeared after what was looked for before. */
static void expect(const char *text)
{
	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		char *at;
		ssize_t n;

		output[output_len] = '\0';
		at = strstr(output + seen, text);
		if (at != NULL) {
			seen = (size_t)(at - output) + strlen(text);
			return;
		}
		if (poll(&p, 1, 5000) != 1)
			fail_msg("no '%s' in '%s'", text, output + seen);
		n = read(master, output + output_len, sizeof output - 1 - output_len);
		assert_true(n > 0);
		output_len += (size_t)n;
	}
}

static void type(const char *text)
{
	assert_int_equal(write(master, text, strlen(text)), strlen(text));
}

static struct termios before;

static bool has(int slave, tcflag_t flag)
{
	struct termios t;

	assert_int_equal(tcgetattr(slave, &t), 0);
	return (t.c_lflag & flag) != 0;
}

/* Waits until a flag of the terminal is as wanted. */
static void until(int slave, tcflag_t flag, bool wanted)
{
	for (int i = 0; i < 300 && has(slave, flag) != wanted; i++)
		usleep(10000);
	assert_true(has(slave, flag) == wanted);
}

static bool as_before(int slave)
{
	struct termios t;

	assert_int_equal(tcgetattr(slave, &t), 0);
	return t.c_lflag == before.c_lflag && t.c_iflag == before.c_iflag &&
		t.c_oflag == before.c_oflag && t.c_cflag == before.c_cflag &&
		memcmp(t.c_cc, before.c_cc, sizeof t.c_cc) == 0;
}

/* A client on a terminal of its own: of keys, or of one command. */
static pid_t terminal_client(int *slave, const char *term, const char *word)
{
	struct winsize size = { .ws_row = 24, .ws_col = 100 };
	char copy[64];
	char *argv[] = { copy, NULL };
	pid_t child;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	*slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*slave >= 0);
	assert_int_equal(ioctl(*slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(tcgetattr(*slave, &before), 0);
	output_len = 0;
	seen = 0;
	snprintf(copy, sizeof copy, "%s", word != NULL ? word : "");
	child = fork();
	if (child == 0) {
		alarm(20);
		setsid();
		ioctl(*slave, TIOCSCTTY, 0);
		dup2(*slave, 0);
		dup2(*slave, 1);
		(void)(term != NULL ? setenv("TERM", term, 1) : unsetenv("TERM"));
		CHECK(port_start() == E_OK); /* the program starts its port before it knows the command */
		_exit(port_console_client(in_scratch("control"), word != NULL, word != NULL ? argv : NULL) &
			0xff);
	}
	return child;
}

static void ended(pid_t child, int slave, int wanted)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, wanted);
	assert_true(as_before(slave));
	close(master);
	close(slave);
}

/* Every key goes to the gateway as it is, nothing is shown here, and the size is told. */
static void a_terminal(void **state)
{
	struct winsize size = { .ws_row = 30, .ws_col = 90 };
	int slave;
	pid_t child = terminal_client(&slave, "xterm", NULL);

	(void)state;
	expect("\x1b[?2004h");
	expect("> ");
	assert_false(has(slave, ECHO | ICANON | ISIG | IEXTEN));
	type("who\n");
	expect("tty+prompts+escapes 100 24 full\r\n");
	type("\003\001\021\022\032\xc3\xa4\r\n");
	expect("<\003\001\021\022\032\xc3\xa4\r>");
	type("secret\n");
	expect("password: ");
	type("hidden1\n");
	expect("got 7");
	expect("password: ");
	type("hidden2\n");
	expect("got 7");
	assert_null(strstr(output, "hidden"));
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	usleep(100000); /* SIGWINCH comes from the terminal */
	type("\n");
	expect("<\x1b[8;30;90t>");
	type("fail\nquit\n");
	expect("\x1b[?2004l");
	ended(child, slave, 1 << 8);
}

static void a_terminal_without_escapes(void **state)
{
	static const char *const terms[] = { NULL, "", "dumb" };
	int slave;

	(void)state;
	for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
		pid_t child = terminal_client(&slave, terms[i], NULL);

		expect("> ");
		type("who\nquit\n");
		expect("tty+prompts 100 24 full\r\n");
		assert_null(strchr(output, '\x1b'));
		ended(child, slave, 0);
	}
}

static void a_terminal_is_put_back_after_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int slave, status;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		child = terminal_client(&slave, "xterm", NULL);
		expect("> ");
		until(slave, ICANON, false);
		assert_int_equal(kill(child, signals[i]), 0);
		expect("\x1b[?2004l");
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		assert_true(as_before(slave));
		close(master);
		close(slave);
	}
	child = terminal_client(&slave, "xterm", NULL);
	expect("> ");
	assert_int_equal(kill(child, SIGTSTP), 0);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status) && as_before(slave));
	assert_int_equal(kill(child, SIGCONT), 0);
	until(slave, ICANON, false);
	usleep(100000);
	type("\n");
	expect("<\x1b[8;24;100t\014>"); /* the row is to be drawn anew */
	type("quit\n");
	ended(child, slave, 0);
}

static void a_terminal_is_put_back_when_the_gateway_goes(void **state)
{
	int slave, status;
	pid_t child = terminal_client(&slave, "xterm", NULL);

	(void)state;
	expect("> ");
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(waitpid(server, &status, 0), server);
	ended(child, slave, 1 << 8);
	unlink(in_scratch("control"));
	server = fork();
	if (server == 0) {
		alarm(60);
		serve();
	}
	for (int i = 0; i < 200 && access(in_scratch("control"), F_OK) != 0; i++)
		usleep(10000);
}

/* One command of a person: lines as ever, except that a secret is not shown. */
static void one_command_on_a_terminal(void **state)
{
	int slave, status;
	pid_t child = terminal_client(&slave, "xterm", "who");

	(void)state;
	expect("script+prompts 100 24 full");
	assert_null(strchr(output, '\x1b'));
	ended(child, slave, 0);
	child = terminal_client(&slave, "xterm", "secret");
	expect("password: ");
	until(slave, ECHO, false);
	assert_true(has(slave, ICANON));
	type("hidden1\n");
	expect("got 7");
	expect("password: ");
	until(slave, ECHO, false);
	type("hidden2\n");
	expect("got 7");
	assert_null(strstr(output, "hidden"));
	ended(child, slave, 0);
	child = terminal_client(&slave, "xterm", "secret");
	expect("password: ");
	until(slave, ECHO, false);
	type("\003"); /* ^C */
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(as_before(slave));
	close(master);
	close(slave);
}

/* ---- the log ---- */

static int log_pipe[2];

static void log_body(void)
{
	dup2(log_pipe[1], 2);
	port_log(PORT_LOG_WARN, "a\r\nFAKE \x1b[2J\x7f\xc2\x9b\xff \xc3\xa4", 19);
	for (int i = 0; i < 5000; i++) /* nobody reads: must not wait */
		port_log(PORT_LOG_INFO, "line", 4);
}

static void log_escapes_and_never_waits(void **state)
{
	static const char text[] = " WARN a\\x0d\\x0aFAKE \\x1b[2J\\x7f\\xc2\\x9b\\xff \xc3\xa4\n";
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(log_pipe), 0);
	assert_int_equal(run_child(log_body), 0);
	n = read(log_pipe[0], output, sizeof output - 1);
	assert_true(n > 100);
	output[n] = '\0';
	assert_true(output[4] == '-' && output[10] == 'T' && output[19] == 'Z');
	assert_memory_equal(output + 20, text, sizeof text - 1);
	assert_non_null(strstr(output, " INFO line\n"));
	close(log_pipe[0]);
	close(log_pipe[1]);
}

static void log_lost_body(void)
{
	char waste[8192];

	log_body();
	CHECK(read(log_pipe[0], waste, sizeof waste) > 0);
	port_log(PORT_LOG_INFO, "again", 5);
	port_log(PORT_LOG_INFO, "and again", 9);
}

static void log_says_what_was_lost(void **state)
{
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(log_pipe), 0);
	assert_int_equal(run_child(log_lost_body), 0);
	n = read(log_pipe[0], output, sizeof output - 1);
	assert_true(n > 0);
	output[n] = '\0';
	assert_non_null(strstr(output, " lines of this log were lost\n"));
	assert_null(strstr(strstr(output, " were lost\n") + 1, " were lost\n")); /* said once */
	assert_non_null(strstr(output, " INFO and again\n"));
	assert_non_null(strstr(output, " INFO again\n"));
	close(log_pipe[0]);
	close(log_pipe[1]);
}

static void log_over_udp(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char where[64];
	ssize_t n;

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(where, sizeof where, "udp://127.0.0.1:%d", ntohs(at.sin_port));
	assert_int_equal(port_log_open("udp://mail.example:514"), E_ARG);
	assert_int_equal(port_log_open("udp://127.0.0.1"), E_ARG);
	assert_int_equal(port_log_open("udp://127.0.0.1:70000"), E_ARG);
	assert_int_equal(port_log_open("udp://::1:514"), E_ARG);
	assert_int_equal(port_log_open("file"), E_ARG);
	assert_int_equal(port_log_open("udp://[::1]:514"), E_OK);
	assert_int_equal(port_log_open(where), E_OK);
	port_log(PORT_LOG_ERROR, "over udp", 8);
	assert_int_equal(port_log_open("stderr"), E_OK);
	n = recv(fd, output, sizeof output - 1, 0);
	assert_true(n > 30);
	output[n] = '\0';
	assert_memory_equal(output, "<19>1 2", 7);
	assert_non_null(strstr(output, " mailwicket "));
	assert_string_equal(output + n - 13, " - - over udp");
	close(fd);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start_server, stop_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(one_command),
		SERVED(a_command_that_asks),
		SERVED(a_script),
		SERVED(bad_commands),
		SERVED(strange_clients),
		SERVED(no_gateway),
		SERVED(living_and_dead_sockets),
		SERVED(rights_of_peers),
		SERVED(a_terminal),
		SERVED(a_terminal_without_escapes),
		SERVED(a_terminal_is_put_back_after_signals),
		SERVED(a_terminal_is_put_back_when_the_gateway_goes),
		SERVED(one_command_on_a_terminal),
		cmocka_unit_test(log_escapes_and_never_waits),
		cmocka_unit_test(log_says_what_was_lost),
		cmocka_unit_test(log_over_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
