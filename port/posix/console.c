/*
 * console.c - consoles on the control socket. A client greets with one line
 *
 *     mailwicket-console 1 MODE COLUMNS [ROWS]
 *
 * and then sends lines, or keys. MODE says who sits there: `tty` a person, whose terminal sends
 * each key and shows nothing by itself; `dumb` the same without escape sequences; `script` lines
 * from a file or pipe; `command` one command, then its end; `ask` the same of a person. Nothing but
 * the form of the conversation depends on it: rights come from the credentials of the peer. A
 * change of size is told as a terminal tells it, CSI 8 ; ROWS ; COLUMNS t. What comes
 * back is text, with four bytes of their own meaning, which text never holds: 04 a command is
 * awaited, 05 text is, 06 a secret is; 00 the end, followed by the status in decimal and a line
 * feed.
 *
 * A console is the core's only once its greeting is complete: until then, and while the end mark
 * waits for room after port_console_close(), the slot is the port's own. A client that has not
 * greeted makes room for a new one.
 */
#include "posix.h"

#define GREETING_MAX 48

static const struct {
	const char *name;
	bool interactive, prompts, escapes, once;
} modes[] = {
	{ "tty", true, true, true, false },
	{ "dumb", true, true, false, false },
	{ "script", false, false, false, false },
	{ "command", false, false, false, true },
	{ "ask", false, true, false, true },
};
enum { MODES = sizeof modes / sizeof modes[0] };

static port_owner waiting_owner;
static struct port_console *first_waiting, *last_waiting;

static struct port_console *console_of(struct posix_handle *h)
{
	return &posix_console_table[h->index];
}

void port_console_owner(port_owner owner)
{
	waiting_owner = owner;
}

static bool take_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0 || ((*at)[len] != ' ' && (*at)[len] != '\0'))
		return false;
	*at += len + ((*at)[len] == ' ' ? 1 : 0);
	return true;
}

static uint16_t take_number(const char **at)
{
	uint16_t n = 0;

	for (; **at >= '0' && **at <= '9' && n < 1000; ++*at)
		n = (uint16_t)(n * 10 + (**at - '0'));
	return n;
}

/* Reads the greeting's parts; false when it is none of ours. */
static bool understand(struct port_console *c, const char *line)
{
	if (!take_word(&line, "mailwicket-console") || !take_word(&line, "1"))
		return false;
	c->mode = 0;
	while (c->mode < MODES && !take_word(&line, modes[c->mode].name))
		c->mode++;
	if (c->mode == MODES)
		return false;
	c->once = modes[c->mode].once;
	c->columns = take_number(&line);
	if (c->columns < 20 || c->columns > 1000)
		c->columns = 80;
	c->rows = 0;
	if (*line == ' ') {
		line++;
		c->rows = take_number(&line);
	}
	return *line == '\0';
}

static void drop(struct port_console *c)
{
	posix_handle_close(&c->h);
}

/* Looks for the whole greeting and takes nothing beyond it. True: the console waits now. */
static bool greet(struct port_console *c)
{
	char line[GREETING_MAX + 1];
	ssize_t n = recv(c->h.fd, line, GREETING_MAX, MSG_PEEK);
	char *end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0 || (end == NULL && n == GREETING_MAX)) {
		drop(c);
		return false;
	}
	if (end == NULL)
		return false;
	n = recv(c->h.fd, line, (size_t)(end - line) + 1, 0);
	*end = '\0';
	if (n <= 0 || !understand(c, line)) {
		drop(c);
		return false;
	}
	c->state = POSIX_WAITING;
	c->next = NULL;
	if (last_waiting != NULL)
		last_waiting->next = c;
	else
		first_waiting = c;
	last_waiting = c;
	return true;
}

/* The client that has waited longest with its greeting, to make room. */
static void drop_silent(void)
{
	struct port_console *oldest = NULL;

	for (size_t i = 0; i < BOARD_CONSOLE_MAX; i++) {
		struct port_console *c = &posix_console_table[i];

		if (c->h.used && (c->state == POSIX_GREETING || c->state == POSIX_CLOSING) &&
				(oldest == NULL || c->since_ms < oldest->since_ms))
			oldest = c;
	}
	if (oldest != NULL)
		drop(oldest);
}

bool posix_control_event(struct posix_handle *h, port_owner *owner)
{
	bool full_rights, told = false;
	int fd;

	(void)h;
	while ((fd = posix_control_accept(&full_rights)) >= 0) {
		struct posix_handle *slot = posix_handle_take(POSIX_CONSOLE, fd, PORT_OWNER_NONE);
		struct port_console *c;

		if (slot == NULL) {
			drop_silent();
			slot = posix_handle_take(POSIX_CONSOLE, fd, PORT_OWNER_NONE);
		}
		if (slot == NULL) {
			(void)send(fd, "error: too many consoles are open\n\0001\n", 37, MSG_NOSIGNAL);
			close(fd);
			continue;
		}
		c = console_of(slot);
		c->state = POSIX_GREETING;
		c->since_ms = port_clock_ms();
		c->full_rights = full_rights;
		c->asked = PORT_ASK_COMMAND;
		c->spent = c->over = false;
		if (posix_handle_watch(slot, fd, false) != E_OK)
			drop(c);
		else
			told = greet(c) || told;
	}
	*owner = waiting_owner;
	return told;
}

/* Sends what is left of the end mark, then closes. */
static void finish(struct port_console *c)
{
	ssize_t n = send(c->h.fd, c->tail, c->tail_len, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && (size_t)n < c->tail_len) {
		c->tail_len = (uint8_t)(c->tail_len - n);
		memmove(c->tail, c->tail + n, c->tail_len);
		return;
	}
	drop(c);
}

bool posix_console_event(struct posix_handle *h, port_owner *owner)
{
	struct port_console *c = console_of(h);

	if (c->state == POSIX_OPEN)
		return true;
	*owner = waiting_owner;
	if (c->state == POSIX_GREETING)
		return greet(c);
	if (c->state == POSIX_CLOSING)
		finish(c);
	return c->state == POSIX_WAITING;
}

int port_console_accept(port_owner owner, struct port_console **out,
	struct port_console_info *info)
{
	struct port_console *c = first_waiting;

	if (c == NULL)
		return E_AGAIN;
	first_waiting = c->next;
	if (first_waiting == NULL)
		last_waiting = NULL;
	c->state = POSIX_OPEN;
	c->h.owner = owner;
	posix_handle_due(&c->h);
	*info = (struct port_console_info){ modes[c->mode].interactive, modes[c->mode].prompts,
		modes[c->mode].escapes, c->full_rights, c->columns, c->rows };
	*out = c;
	return E_OK;
}

/* A console of one command gives one line for each question, the command's own first. Its input
 * ends when the client goes, or when the command is done. */
static int read_once(struct port_console *c, void *buf, size_t len)
{
	ssize_t n;
	char *end;

	if (c->over)
		return E_EOF;
	n = recv(c->h.fd, buf, c->spent ? 1 : len, MSG_PEEK);
	if (n > 0 && c->spent)
		return E_AGAIN;
	if (n <= 0)
		return n == 0 ? E_EOF : errno == EAGAIN || errno == EINTR ? E_AGAIN : E_RESET;
	end = memchr(buf, '\n', (size_t)n);
	if (end != NULL) {
		n = end - (char *)buf + 1;
		c->spent = true;
	}
	return (int)recv(c->h.fd, buf, (size_t)n, 0);
}

int port_console_read(struct port_console *c, void *buf, size_t len)
{
	ssize_t n;

	if (c->once && c->asked != PORT_ASK_TEXT)
		return read_once(c, buf, len);
	do {
		n = recv(c->h.fd, buf, len > INT32_MAX ? INT32_MAX : len, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return (int)n;
	return n == 0 ? E_EOF : errno == EAGAIN ? E_AGAIN : E_RESET;
}

int port_console_write(struct port_console *c, const void *buf, size_t len)
{
	char text[512];
	ssize_t n;

	if (len > sizeof text)
		len = sizeof text;
	memcpy(text, buf, len);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == 0 || (text[i] >= 4 && text[i] <= 6))
			text[i] = '?';
	}
	do {
		n = send(c->h.fd, text, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN ? E_AGAIN : E_RESET;
}

int port_console_ask(struct port_console *c, enum port_console_ask what)
{
	static const char marks[] = {
		[PORT_ASK_COMMAND] = 4, [PORT_ASK_TEXT] = 5, [PORT_ASK_SECRET] = 6
	};

	if (send(c->h.fd, &marks[what], 1, MSG_NOSIGNAL) != 1 && (errno == EAGAIN || errno == EINTR))
		return E_AGAIN;
	c->asked = (uint8_t)what;
	c->over = c->spent && what == PORT_ASK_COMMAND;
	if (c->spent && what != PORT_ASK_COMMAND)
		posix_handle_due(&c->h); /* what was left of the input is wanted now */
	c->spent = c->spent && what == PORT_ASK_COMMAND;
	return E_OK;
}

void port_console_close(struct port_console *c, int status)
{
	struct posix_text t = { c->tail + 1, sizeof c->tail - 1, 0 };

	c->tail[0] = '\0';
	posix_put_number(&t, status >= 0 && status < 256 ? (uint64_t)status : 1, 1);
	posix_put(&t, "\n");
	c->tail_len = (uint8_t)(t.len + 1);
	c->state = POSIX_CLOSING;
	c->since_ms = port_clock_ms();
	c->h.owner = PORT_OWNER_NONE;
	finish(c);
}
