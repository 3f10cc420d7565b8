/*
 * client.c - the program as a client of a running gateway's control socket; the protocol stands in
 * console.c. A plain poll loop. Standard input is only read while nothing waits to be sent, and the
 * far end's output is read all the time, so that neither side blocks the other.
 *
 * A person sits there when standard input and output are terminals and no command was given: the
 * terminal then sends each key, the line editor stands in the gateway, and the terminal is put back
 * when the client ends, by a signal too.
 */
#include "posix.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

enum mode { MODE_TTY, MODE_DUMB, MODE_SCRIPT, MODE_COMMAND, MODE_ASK };
enum { MARK_END = 0, MARK_COMMAND = 4, MARK_TEXT = 5, MARK_SECRET = 6 };

static struct {
	enum mode mode;
	int sock;
	int asked;          /* the last mark */
	int status;         /* -1 until the end mark came */
	bool ending;        /* the end mark came, its digits follow */
	bool input_ended;
	char out[8192];     /* to be sent */
	size_t out_at, out_len;
} client;

/* ---- the terminal ---- */

static struct termios terminal;
static volatile sig_atomic_t changed, resized;

static const char paste_marks_on[] = "\033[?2004h", paste_marks_off[] = "\033[?2004l";

static void say_terminal(const char *text)
{
	if (client.mode == MODE_TTY && write(STDOUT_FILENO, text, strlen(text)) < 0)
		return; /* nothing can be done about it */
}

/* Each key as it is pressed, nothing shown; or lines as ever, only not shown. */
static void terminal_set(bool keys)
{
	struct termios t;

	if (changed || tcgetattr(STDIN_FILENO, &terminal) != 0)
		return;
	t = terminal;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	if (keys) {
		t.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | IGNCR | INLCR | INPCK | ISTRIP | IXON);
		t.c_oflag |= OPOST | ONLCR;
		t.c_lflag &= ~(tcflag_t)(ICANON | IEXTEN | ISIG | ECHONL);
		t.c_cc[VMIN] = 1;
		t.c_cc[VTIME] = 0;
	}
	changed = 1;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
	say_terminal(paste_marks_on);
}

/* Also within a signal's handler: asks nothing but what may be asked there. */
static void terminal_restore(void)
{
	if (!changed)
		return;
	say_terminal(paste_marks_off);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
	changed = 0;
}

static bool by_keys(void)
{
	return client.mode == MODE_TTY || client.mode == MODE_DUMB;
}

static void on_signal(int number)
{
	int before = errno;

	if (number == SIGWINCH) {
		resized = 1;
	} else if (number == SIGCONT) {
		if (by_keys())
			terminal_set(true);
		resized = 2;
	} else if (number == SIGTSTP) {
		terminal_restore();
		raise(SIGSTOP);
	} else {
		terminal_restore();
		raise(number); /* the handler is gone: SA_RESETHAND */
	}
	errno = before;
}

static void watch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP };
	struct sigaction action;
	sigset_t set;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		action.sa_flags = i < 4 ? (int)SA_RESETHAND | SA_NODEFER : 0;
		sigaction(numbers[i], &action, NULL);
		sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* port_start() wants them in its own loop */
	action.sa_handler = SIG_IGN;
	action.sa_flags = 0;
	sigaction(SIGPIPE, &action, NULL);
}

/* ---- what is sent ---- */

/* Appends to what is to be sent; false when it does not fit. */
static bool add(const char *s, size_t len)
{
	if (len > sizeof client.out - client.out_len)
		return false;
	memcpy(client.out + client.out_len, s, len);
	client.out_len += len;
	return true;
}

/* One word of the command line, quoted as in UCI where it has to be. */
static bool add_word(const char *word)
{
	bool plain = word[0] != '\0' && strpbrk(word, " \t'\"\\") == NULL;

	if (strpbrk(word, "\r\n") != NULL)
		return false;
	if (plain)
		return add(word, strlen(word));
	if (!add("'", 1))
		return false;
	for (; *word != '\0'; word++) {
		if (*word == '\'' ? !add("'\\''", 4) : !add(word, 1))
			return false;
	}
	return add("'", 1);
}

static struct winsize terminal_size(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		memset(&size, 0, sizeof size);
	return size;
}

static bool compose(int argc, char *const argv[])
{
	static const char *const names[] = { "tty ", "dumb ", "script ", "command ", "ask " };
	char line[64];
	struct posix_text t = { line, sizeof line, 0 };
	struct winsize size = terminal_size();

	posix_put(&t, "mailwicket-console 1 ");
	posix_put(&t, names[client.mode]);
	posix_put_number(&t, size.ws_col > 0 ? size.ws_col : 80, 1);
	posix_put(&t, " ");
	posix_put_number(&t, size.ws_row, 1);
	posix_put(&t, "\n");
	if (!add(line, t.len))
		return false;
	for (int i = 0; i < argc; i++) {
		if ((i > 0 && !add(" ", 1)) || !add_word(argv[i]))
			return false;
	}
	return argc == 0 || add("\n", 1);
}

/* The terminal has another size, or was somebody else's for a while. */
static void tell_size(void)
{
	char text[32];
	struct posix_text t = { text, sizeof text, 0 };
	struct winsize size = terminal_size();

	if (client.out_len > 0)
		return; /* later */
	if (by_keys() && size.ws_col > 0) {
		posix_put(&t, "\033[8;");
		posix_put_number(&t, size.ws_row, 1);
		posix_put(&t, ";");
		posix_put_number(&t, size.ws_col, 1);
		posix_put(&t, "t");
		posix_put(&t, resized == 2 ? "\014" : "");
		(void)add(text, t.len);
	}
	resized = 0;
}

static int dial(const char *path)
{
	union posix_sockaddr addr;
	int result;

	memset(&addr, 0, sizeof addr);
	addr.local.sun_family = AF_UNIX;
	if (!posix_copy(addr.local.sun_path, sizeof addr.local.sun_path, path))
		return E_NOENT;
	client.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client.sock < 0)
		return E_NOSLOT;
	if (connect(client.sock, &addr.any, sizeof addr.local) == 0)
		return fcntl(client.sock, F_SETFL, O_NONBLOCK) == 0 ? E_OK : E_IO;
	result = errno == ENOENT || errno == ENOTDIR ? E_NOENT :
		errno == EACCES || errno == EPERM ? E_ACCESS : E_REFUSED;
	close(client.sock);
	return result;
}

static void take_mark(int mark)
{
	client.asked = mark;
	if (mark == MARK_END)
		client.ending = true;
	if (by_keys())
		return;
	if (mark == MARK_SECRET && isatty(STDIN_FILENO))
		terminal_set(false);
	else
		terminal_restore();
}

/* Prints text, acts on marks. False when our output is gone or the end is complete. */
static bool take(const char *s, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (client.ending) {
			if (s[i] == '\n')
				return false;
			if (s[i] >= '0' && s[i] <= '9' && client.status < 25)
				client.status = (client.status < 0 ? 0 : client.status) * 10 + (s[i] - '0');
		} else if (s[i] == MARK_END || (s[i] >= MARK_COMMAND && s[i] <= MARK_SECRET)) {
			if (!posix_write_all(STDOUT_FILENO, s + from, i - from))
				return false;
			from = i + 1;
			take_mark(s[i]);
		}
	}
	return client.ending || posix_write_all(STDOUT_FILENO, s + from, len - from);
}

static void read_input(void)
{
	ssize_t n = read(STDIN_FILENO, client.out, sizeof client.out);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		client.input_ended = true;
		(void)shutdown(client.sock, SHUT_WR);
		return;
	}
	client.out_len = (size_t)n;
	if (changed && !by_keys() && client.out[n - 1] == '\n') {
		terminal_restore();
		(void)posix_write_all(STDOUT_FILENO, "\n", 1);
	}
}

static bool send_output(void)
{
	ssize_t n = send(client.sock, client.out + client.out_at, client.out_len - client.out_at,
		MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memset(client.out + client.out_at, 0, (size_t)n); /* it may have been a secret */
	client.out_at += (size_t)n;
	if (client.out_at == client.out_len) {
		client.out_at = 0;
		client.out_len = 0;
	}
	return true;
}

static bool wants_input(void)
{
	if (client.input_ended || client.out_len > 0)
		return false;
	return client.mode < MODE_COMMAND || client.asked == MARK_TEXT || client.asked == MARK_SECRET;
}

/* One turn of the loop; false when it is over. */
static bool turn(void)
{
	static char in[4096];
	struct pollfd fds[2] = {
		{ .fd = client.sock, .events = (short)(POLLIN | (client.out_len > 0 ? POLLOUT : 0)) },
		{ .fd = wants_input() ? STDIN_FILENO : -1, .events = POLLIN },
	};
	ssize_t n;

	if (poll(fds, 2, -1) < 0)
		return errno == EINTR;
	if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
		n = recv(client.sock, in, sizeof in, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0 && !take(in, (size_t)n))
			return false;
	}
	/* A far end that takes no more may still have its last words to say: those end the loop. */
	if ((fds[0].revents & POLLOUT) != 0 && !send_output())
		client.out_len = client.out_at = 0;
	if (fds[1].revents != 0)
		read_input();
	return true;
}

static enum mode mode_of(int argc)
{
	const char *term = getenv("TERM");

	if (argc > 0)
		return isatty(STDIN_FILENO) ? MODE_ASK : MODE_COMMAND;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return MODE_SCRIPT;
	return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0 ? MODE_DUMB : MODE_TTY;
}

int port_console_client(const char *control_path, int argc, char *const argv[])
{
	int result;

	memset(&client, 0, sizeof client);
	client.status = -1;
	client.asked = MARK_COMMAND;
	client.mode = mode_of(argc);
	if (!compose(argc, argv)) {
		posix_say("the command is too long or holds a line end", "", "");
		return 2;
	}
	result = dial(control_path);
	if (result != E_OK)
		return result;
	watch_signals();
	if (by_keys())
		terminal_set(true);
	while (turn()) {
		if (resized)
			tell_size();
	}
	terminal_restore();
	close(client.sock);
	if (client.status < 0)
		posix_say("the gateway closed the console", "", "");
	return client.status < 0 ? 1 : client.status;
}
