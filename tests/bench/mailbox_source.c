/*
 * mailbox_source.c - the near end of the mailbox bench: clients that sign in and out, fetch the big
 * message, or sign in and wait.
 *
 * Each slot runs one session, then says "warm" and waits for a line; then it runs one session after
 * another until the time is up, and the last ones end. Prints one JSON line: sessions, resumed, octets of the big message (each compared), elapsed_s, faults and the
 * first of them in words. `idle` prints "idle N" when N are signed in, and opens the next lot when it
 * reads a line, or ends.
 */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOTS = 2048, EVENTS = 256, MOST_FAULTS = 20, IN_FLIGHT = 20, IDLE_LIMIT_S = 60 };
enum { LOAD_WORDS = 8 };

/* One step of a dialogue: what is said ($: "full" or "resumed", which picks the far end), and how the
 * line begins that is waited for. */
struct step {
	const char *say, *want;
	bool bulk;                /* the big message follows that line */
};

static const struct step imap_login[] = {
	{ NULL, "* OK", false }, { "a LOGIN $@example.test secret\r\n", "a OK", false },
	{ "z LOGOUT\r\n", "z OK", false }, { NULL, NULL, false },
};
static const struct step imap_bulk[] = {
	{ NULL, "* OK", false }, { "a LOGIN $@example.test secret\r\n", "a OK", false },
	{ "b FETCH 1 BODY[]\r\n", "* 1 FETCH", true }, { NULL, ")", false }, { NULL, "b OK", false },
	{ "z LOGOUT\r\n", "z OK", false }, { NULL, NULL, false },
};
static const struct step imap_idle[] = {
	{ NULL, "* OK", false }, { "a LOGIN $@example.test secret\r\n", "a OK", false },
	{ "b SELECT INBOX\r\n", "b OK", false }, { "c IDLE\r\n", "+ ", false }, { NULL, NULL, false },
};
static const struct step pop3_login[] = {
	{ NULL, "+OK", false }, { "USER $@example.test\r\n", "+OK", false },
	{ "PASS secret\r\n", "+OK", false }, { "QUIT\r\n", "+OK", false }, { NULL, NULL, false },
};
static const struct step pop3_bulk[] = {
	{ NULL, "+OK", false }, { "USER $@example.test\r\n", "+OK", false },
	{ "PASS secret\r\n", "+OK", false }, { "RETR 1\r\n", "+OK", true }, { NULL, ".", false },
	{ "QUIT\r\n", "+OK", false }, { NULL, NULL, false },
};

static const struct dialogue {
	const char *protocol, *name;
	const struct step *steps;
} dialogues[] = {
	{ "imap", "login", imap_login }, { "imap", "bulk", imap_bulk }, { "imap", "idle", imap_idle },
	{ "pop3", "login", pop3_login }, { "pop3", "bulk", pop3_bulk },
};

struct slot {
	struct wire wire;         /* wire.fd < 0: between two sessions */
	const struct step *step;
	size_t bulk_left;
	bool connected, done;     /* done: idle and signed in */
	SSL_SESSION *session;
};

static struct slot slots[SLOTS];
static const struct step *steps;
static SSL_CTX *context;
static bool resumes;
static uint16_t port;
static int poller;
static unsigned long sessions, resumed, octets, faults, running, waiting;
static char first_fault[200];

static bool fault(const char *what, const char *heard)
{
	if (faults++ == 0) {
		snprintf(first_fault, sizeof first_fault, "%s%.120s", what, heard);
		for (char *c = first_fault; *c != '\0'; c++)
			if (*c == '"' || *c == '\\' || *c < ' ' || *c > '~')
				*c = '_';
	}
	return false;
}

/* Compares what arrives of the big message; 1 when it is whole, else as wire_read. */
static long bulk_take(struct slot *s)
{
	static char piece[WIRE_CHUNK];

	while (s->bulk_left > 0) {
		size_t size, here = s->wire.in_len;
		const char *right = bulk_at(BULK_OCTETS - s->bulk_left, &size);
		long got = 0;

		if (here > 0) {
			got = (long)(here < size ? here : size);
			memcpy(piece, s->wire.in, (size_t)got);
			s->wire.in_len -= (size_t)got;
			memmove(s->wire.in, s->wire.in + got, s->wire.in_len);
		} else {
			got = wire_read(&s->wire, piece, size);
		}
		if (got <= 0)
			return got;
		if (memcmp(piece, right, (size_t)got) != 0) {
			fault("the big message differs", "");
			return WIRE_FAULT;
		}
		s->bulk_left -= (size_t)got;
		octets += (size_t)got;
	}
	return 1;
}

static bool step_say(struct slot *s)
{
	const char *text = s->step->say, *name = text == NULL ? NULL : strchr(text, '$');
	char head[32];

	if (name == NULL)
		return text == NULL || wire_say(&s->wire, text);
	snprintf(head, sizeof head, "%.*s", (int)(name - text), text);
	return wire_say(&s->wire, head) && wire_say(&s->wire, resumes ? "resumed" : "full") &&
		wire_say(&s->wire, name + 1);
}

/* A line of the server's; false for one that ends the session. */
static bool line_heard(struct slot *s, const char *line)
{
	const char *want = s->step->want;

	if (want == NULL)
		return true;
	if (strncmp(line, want, strlen(want)) != 0)
		return line[0] == '*' && line[1] == ' ' ? true : fault(want, line);
	s->bulk_left = s->step->bulk ? BULK_OCTETS : 0;
	s->step++;
	if (!step_say(s))
		return fault("no room for a command", "");
	if (s->step->want == NULL && steps == imap_idle) {
		s->done = true;
		waiting++;
	}
	return true;
}

/* Everything that can happen now. 1 goes on, 0 ended well, < 0 broken. */
static int slot_step(struct slot *s)
{
	long got = 1;
	char *line;

	if (!s->wire.ready) {
		int done = wire_handshake(&s->wire);

		if (done == WIRE_AGAIN)
			return 1;
		if (done != 1)
			return fault("TLS handshake", ""), -1;
		resumed += SSL_session_reused(s->wire.ssl) == 1;
	}
	while (got > 0) {
		if (!wire_flush(&s->wire))
			return fault("write", ""), -1;
		if (s->bulk_left > 0) {
			got = bulk_take(s);
			continue;
		}
		line = wire_line(&s->wire);
		if (line == NULL)
			got = wire_fill(&s->wire);
		else if (!line_heard(s, line))
			return -1;
	}
	if (got == WIRE_AGAIN)
		return 1;
	/* The session may end without close_notify: some of the measured do not relay it. */
	if (s->step->want == NULL && !s->done)
		return 0;
	return fault("closed in the middle, waiting for ", s->step->want != NULL ? s->step->want : ""), -1;
}

static bool slot_open(struct slot *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	SSL *ssl = NULL;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&at, sizeof at) < 0 && errno != EINPROGRESS))
		return fault("connect: ", strerror(errno));
	if (context != NULL) {
		ssl = SSL_new(context);
		SSL_set_connect_state(ssl);
		SSL_set_tlsext_host_name(ssl, "localhost");
		if (resumes && s->session != NULL)
			SSL_set_session(ssl, s->session);
	}
	s->step = steps;
	s->bulk_left = 0;
	s->connected = s->done = false;
	running++;
	return wire_open(&s->wire, poller, fd, ssl, s) || fault("epoll", "");
}

static void slot_close(struct slot *s, bool good)
{
	if (good && resumes && s->wire.ssl != NULL) {
		SSL_SESSION_free(s->session);
		s->session = SSL_get1_session(s->wire.ssl);
		SSL_set_shutdown(s->wire.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	}
	wire_close(&s->wire);
	sessions += good;
	running--;
	waiting -= s->done;
}

/* One event; true when the slot's session is over. */
static bool slot_event(struct slot *s)
{
	int result, error = 0;
	socklen_t size = sizeof error;

	if (s->wire.fd < 0)
		return false;
	if (!s->connected) {
		getsockopt(s->wire.fd, SOL_SOCKET, SO_ERROR, &error, &size);
		s->connected = true;
		if (error != 0) {
			fault("connect: ", strerror(error));
			slot_close(s, false);
			return true;
		}
	}
	result = slot_step(s);
	if (result <= 0)
		slot_close(s, result == 0);
	return result <= 0;
}

/* Waits a little and handles what comes; sessions that end are followed by new ones while `more`. */
static void turn(bool more)
{
	struct epoll_event events[EVENTS];
	int ready = epoll_wait(poller, events, EVENTS, 100);

	for (int i = 0; i < ready; i++)
		if (slot_event(events[i].data.ptr) && more && faults < MOST_FAULTS)
			slot_open(events[i].data.ptr);
}

static void report(double elapsed_s)
{
	printf("{\"sessions\": %lu, \"resumed\": %lu, \"bytes\": %lu, \"elapsed_s\": %.6f, \"faults\": %lu, "
		"\"first_fault\": \"%s\"}\n", sessions, resumed, octets, elapsed_s, faults, first_fault);
}

/* One session in each slot, so that processes, caches and sessions to resume are there; then waits for
 * a line. */
static void warm_up(unsigned long count, double limit_s)
{
	double began = now_s();

	for (unsigned long i = 0; i < count; i++)
		slot_open(&slots[i]);
	while (running > 0 && now_s() - began < limit_s && faults < MOST_FAULTS)
		turn(false);
	puts("warm");
	fflush(stdout);
	getchar();
	sessions = resumed = octets = 0;
}

static int load(unsigned long count, double seconds, double limit_s)
{
	double began;

	warm_up(count, limit_s);
	began = now_s();
	for (unsigned long i = 0; i < count && faults == 0; i++)
		slot_open(&slots[i]);
	while (running > 0 && now_s() - began < limit_s && faults < MOST_FAULTS)
		turn(now_s() - began < seconds);
	if (running > 0 && faults == 0)
		fault("not done in time", "");
	report(now_s() - began);
	return 0;
}

static int idle(int count, char **words)
{
	unsigned long open = 0;

	for (int i = 0; i < count; i++) {
		unsigned long wanted = strtoul(words[i], NULL, 10);
		double began = now_s();

		while (waiting < wanted && wanted <= SLOTS && faults == 0 && now_s() - began < IDLE_LIMIT_S) {
			while (open < wanted && open - waiting < IN_FLIGHT && faults == 0)
				slot_open(&slots[open++]);
			turn(false);
		}
		if (waiting < wanted) {
			printf("fault %lu of %lu: %s\n", waiting, wanted, first_fault);
			return 1;
		}
		printf("idle %lu\n", waiting);
		fflush(stdout);
		if (getchar() == EOF)
			break;
	}
	return 0;
}

int source_main(int count, char **words)
{
	if (count < 6)
		return 2;
	port = (uint16_t)strtoul(words[0], NULL, 10);
	for (size_t i = 0; i < sizeof dialogues / sizeof *dialogues; i++)
		if (strcmp(words[1], dialogues[i].protocol) == 0 && strcmp(words[4], dialogues[i].name) == 0)
			steps = dialogues[i].steps;
	resumes = strcmp(words[3], "resumed") == 0;
	if (steps == NULL)
		return 2;
	if (strcmp(words[2], "tls") == 0) {
		context = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
		SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
		SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	}
	poller = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < SLOTS; i++)
		slots[i].wire.fd = -1;
	if (steps == imap_idle)
		return idle(count - 5, words + 5);
	if (count < LOAD_WORDS || strtoul(words[5], NULL, 10) > SLOTS)
		return 2;
	return load(strtoul(words[5], NULL, 10), strtod(words[6], NULL), strtod(words[7], NULL));
}
