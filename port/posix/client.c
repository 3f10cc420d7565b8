/*
 * client.c - the program as a client of a running gateway's control socket; the protocol stands in
 * console.c. A plain poll loop: the terminal keeps its own line editing. Standard input is only
 * read while nothing waits to be sent, and the far end's output is read all the time, so that
 * neither side blocks the other.
 */
#include "posix.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

enum mode { MODE_TTY, MODE_SCRIPT, MODE_COMMAND };
enum { MARK_END = 0, MARK_COMMAND = 4, MARK_TEXT = 5, MARK_SECRET = 6 };

static struct {
	enum mode mode;
	int sock;
	int asked;          /* the last mark */
	int status;         /* -1 until the end mark came */
	bool ending;        /* the end mark came, its digits follow */
	bool input_ended;
	char last;          /* byte that standard input gave last */
	char out[8192];     /* to be sent */
	size_t out_at, out_len;
} client;

static struct termios terminal;
static volatile sig_atomic_t echo_is_off;

static void echo_off(void)
{
	struct termios quiet;

	if (echo_is_off || tcgetattr(STDIN_FILENO, &terminal) != 0)
		return;
	quiet = terminal;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	echo_is_off = 1;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
}

static void echo_on(void)
{
	if (!echo_is_off)
		return;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
	echo_is_off = 0;
}

static void on_signal(int number)
{
	echo_on();
	raise(number); /* the handler is gone: SA_RESETHAND */
}

static void watch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action;
	sigset_t set;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	action.sa_flags = (int)SA_RESETHAND | SA_NODEFER;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* port_start() wants them in its own loop */
	action.sa_handler = SIG_IGN;
	action.sa_flags = 0;
	sigaction(SIGPIPE, &action, NULL);
}

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

static bool compose(int argc, char *const argv[])
{
	static const char *const names[] = { "tty ", "script ", "command " };
	char line[64];
	struct posix_text t = { line, sizeof line, 0 };
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		size.ws_col = 80;
	posix_put(&t, "mailwicket-console 1 ");
	posix_put(&t, names[client.mode]);
	posix_put_number(&t, size.ws_col, 1);
	posix_put(&t, "\n");
	if (!add(line, t.len))
		return false;
	for (int i = 0; i < argc; i++) {
		if ((i > 0 && !add(" ", 1)) || !add_word(argv[i]))
			return false;
	}
	return argc == 0 || add("\n", 1);
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
	if (echo_is_off && mark != MARK_SECRET)
		echo_on();
	client.asked = mark;
	if (mark == MARK_END)
		client.ending = true;
	else if (mark == MARK_SECRET && isatty(STDIN_FILENO))
		echo_off();
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

/* Standard input is at its end: of the text in a conversation, else of everything. */
static void end_input(void)
{
	if (client.mode == MODE_TTY && client.asked == MARK_TEXT) {
		(void)add(client.last == '\n' ? ".\n" : "\n.\n", client.last == '\n' ? 2 : 3);
		client.asked = MARK_COMMAND;
		return;
	}
	client.input_ended = true;
	(void)shutdown(client.sock, SHUT_WR);
}

static void read_input(void)
{
	ssize_t n = read(STDIN_FILENO, client.out, sizeof client.out - 4);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input();
		return;
	}
	client.out_len = (size_t)n;
	client.last = client.out[n - 1];
	if (echo_is_off && client.last == '\n') {
		echo_on();
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
	return client.mode != MODE_COMMAND || client.asked == MARK_TEXT || client.asked == MARK_SECRET;
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

int port_console_client(const char *control_path, int argc, char *const argv[])
{
	int result;

	memset(&client, 0, sizeof client);
	client.status = -1;
	client.asked = MARK_COMMAND;
	client.last = '\n';
	client.mode = argc > 0 ? MODE_COMMAND :
		isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? MODE_TTY : MODE_SCRIPT;
	if (!compose(argc, argv)) {
		posix_say("the command is too long or holds a line end", "", "");
		return 2;
	}
	result = dial(control_path);
	if (result != E_OK)
		return result;
	watch_signals();
	while (turn())
		;
	echo_on();
	close(client.sock);
	if (client.status < 0)
		posix_say("the gateway closed the console", "", "");
	return client.status < 0 ? 1 : client.status;
}
