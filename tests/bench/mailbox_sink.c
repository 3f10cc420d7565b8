/*
 * mailbox_sink.c - the far end of the mailbox bench: IMAP and POP3 servers that take any password and
 * have one message, whose octets are made when they are asked for.
 *
 * mailbox sink CERT KEY COUNTERS [NAME:PORT ...]    NAME is a row of `kinds`
 *
 * COUNTERS is a file of four 64-bit numbers: connections, handshakes, handshakes that resumed a
 * session, and logins. TLS is 1.2 with session ids; the `full` ports resume nothing.
 */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, BACKLOG = 1024, EVENTS = 256, TLS_CACHE = 20000 };

enum wait { FOR_COMMAND, FOR_LITERAL, FOR_ANSWER, FOR_DONE };

struct kind {
	const char *name;
	bool imap, tls, resumes;
};

static const struct kind kinds[] = {
	{ "imap-resumed", true, true, true }, { "imap-full", true, true, false },
	{ "imap-plain", true, false, false }, { "pop3-resumed", false, true, true },
	{ "pop3-full", false, true, false }, { "pop3-plain", false, false, false },
};

struct connection {
	struct wire wire;         /* wire.fd < 0: free */
	const struct kind *kind;
	enum wait wait;
	char tag[80], verb[16];   /* of the IMAP command under way */
	size_t bulk_left;
	bool ending, finished;
};

struct listener {
	int fd;
	const struct kind *kind;
};

static struct connection connections[CONNECTIONS];
static int free_list[CONNECTIONS], free_count;
static struct listener listeners[sizeof kinds / sizeof *kinds];
static int listener_count, poller;
static SSL_CTX *contexts[2]; /* full, resumed */
static struct { uint64_t connections, handshakes, resumed, logins; } *counters;

#define FEATURES "IMAP4rev1 LITERAL- SASL-IR ID IDLE NAMESPACE AUTH=PLAIN"

/* What an IMAP command is answered with: untagged lines, then the tagged one's text. */
static const struct answer {
	const char *verb, *untagged, *tagged;
} answers[] = {
	{ "CAPABILITY", "* CAPABILITY " FEATURES "\r\n", "OK done" },
	{ "LOGIN", "", "OK [CAPABILITY " FEATURES "] in" },
	{ "AUTHENTICATE", "", "OK [CAPABILITY " FEATURES "] in" },
	{ "ID", "* ID NIL\r\n", "OK done" },
	{ "NOOP", "", "OK done" },
	{ "SELECT", "* FLAGS (\\Seen)\r\n* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1]\r\n"
		"* OK [UIDNEXT 2]\r\n", "OK [READ-WRITE] done" },
	{ "FETCH", ")\r\n", "OK done" },
	{ "IDLE", "", "OK done" },
	{ "LOGOUT", "* BYE\r\n", "OK done" },
};

static void imap_answer(struct connection *c)
{
	const struct answer *a = NULL;

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (strcasecmp(answers[i].verb, c->verb) == 0)
			a = &answers[i];
	wire_say(&c->wire, a != NULL ? a->untagged : "");
	wire_say(&c->wire, c->tag);
	wire_say(&c->wire, " ");
	wire_say(&c->wire, a != NULL ? a->tagged : "BAD what?");
	wire_say(&c->wire, "\r\n");
	c->wait = FOR_COMMAND;
	counters->logins += strcasecmp(c->verb, "LOGIN") == 0 || strcasecmp(c->verb, "AUTHENTICATE") == 0;
	c->ending = strcasecmp(c->verb, "LOGOUT") == 0;
}

/* A line that ends in {n} is continued by one whose literal has no line end in it. */
static bool imap_literal(struct connection *c, const char *line)
{
	size_t size = strlen(line);

	if (size == 0 || line[size - 1] != '}')
		return false;
	if (size < 2 || line[size - 2] != '+')
		wire_say(&c->wire, "+ OK\r\n");
	c->wait = FOR_LITERAL;
	return true;
}

static void imap_line(struct connection *c, const char *line)
{
	char first[16] = "", second[16] = "", head[64];

	if (c->wait == FOR_ANSWER || c->wait == FOR_DONE) {
		imap_answer(c);
		return;
	}
	if (c->wait == FOR_COMMAND)
		sscanf(line, "%79s %15s %15s %15s", c->tag, c->verb, first, second);
	if (imap_literal(c, line))
		return;
	if (strcasecmp(c->verb, "AUTHENTICATE") == 0 && second[0] == '\0' && c->wait == FOR_COMMAND) {
		wire_say(&c->wire, "+ \r\n");
		c->wait = FOR_ANSWER;
	} else if (strcasecmp(c->verb, "IDLE") == 0) {
		wire_say(&c->wire, "+ idling\r\n");
		c->wait = FOR_DONE;
	} else if (strcasecmp(c->verb, "FETCH") == 0) {
		snprintf(head, sizeof head, "* 1 FETCH (BODY[] {%d}\r\n", BULK_OCTETS);
		wire_say(&c->wire, head);
		c->bulk_left = BULK_OCTETS;
	} else {
		imap_answer(c);
	}
}

static void pop3_line(struct connection *c, const char *line)
{
	char verb[16] = "", first[16] = "", second[16] = "", text[64];
	bool answer = c->wait == FOR_ANSWER;

	sscanf(line, "%15s %15s %15s", verb, first, second);
	c->wait = FOR_COMMAND;
	if (answer || strcasecmp(verb, "PASS") == 0 || (strcasecmp(verb, "AUTH") == 0 && second[0])) {
		counters->logins++;
		wire_say(&c->wire, "+OK in\r\n");
	} else if (strcasecmp(verb, "AUTH") == 0) {
		wire_say(&c->wire, "+ \r\n");
		c->wait = FOR_ANSWER;
	} else if (strcasecmp(verb, "CAPA") == 0) {
		wire_say(&c->wire, "+OK\r\nTOP\r\nUIDL\r\nUSER\r\nRESP-CODES\r\nSASL PLAIN\r\n.\r\n");
	} else if (strcasecmp(verb, "RETR") == 0) {
		wire_say(&c->wire, "+OK it follows\r\n");
		c->bulk_left = BULK_OCTETS;
	} else {
		snprintf(text, sizeof text, "+OK 1 %d\r\n", BULK_OCTETS);
		wire_say(&c->wire, strcasecmp(verb, "STAT") == 0 ? text : "+OK\r\n");
		c->ending = strcasecmp(verb, "QUIT") == 0;
	}
}

/* Writes as much of the big message as goes; false when broken. */
static bool bulk_move(struct connection *c)
{
	while (c->bulk_left > 0) {
		size_t size;
		const char *from = bulk_at(BULK_OCTETS - c->bulk_left, &size);
		long put = wire_write(&c->wire, from, size);

		if (put <= 0)
			return put == 0;
		c->bulk_left -= (size_t)put;
		if (c->bulk_left == 0 && c->kind->imap)
			imap_answer(c);
		else if (c->bulk_left == 0)
			wire_say(&c->wire, ".\r\n");
	}
	return true;
}

static void connection_free(struct connection *c)
{
	wire_close(&c->wire);
	free_list[free_count++] = (int)(c - connections);
}

/* Whatever can happen now; false when the connection is over. */
static bool connection_step(struct connection *c)
{
	char *line;
	long got = 1;

	if (!c->wire.ready) {
		int done = wire_handshake(&c->wire);

		if (done != 1)
			return done == WIRE_AGAIN;
		counters->handshakes++;
		counters->resumed += SSL_session_reused(c->wire.ssl) == 1;
	}
	while (got > 0) {
		if (!wire_flush(&c->wire))
			return false;
		if (c->wire.out_len == 0 && c->bulk_left > 0) {
			if (!bulk_move(c) || !wire_flush(&c->wire))
				return false;
		}
		if (c->bulk_left > 0 || c->wire.out_len > 0)
			return true;
		if (c->ending && !c->finished) {
			c->finished = true;
			wire_finish(&c->wire);
		}
		line = c->ending ? NULL : wire_line(&c->wire);
		if (c->ending)
			c->wire.in_len = 0;
		if (line == NULL)
			got = wire_fill(&c->wire);
		else if (c->kind->imap)
			imap_line(c, line);
		else
			pop3_line(c, line);
	}
	return got == WIRE_AGAIN;
}

static void listener_take(const struct listener *l)
{
	struct connection *c;
	SSL *ssl = NULL;
	int fd;

	while ((fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (free_count == 0) {
			close(fd);
			continue;
		}
		c = &connections[free_list[--free_count]];
		if (l->kind->tls) {
			ssl = SSL_new(contexts[l->kind->resumes]);
			SSL_set_accept_state(ssl);
		}
		c->kind = l->kind;
		c->wait = FOR_COMMAND;
		c->bulk_left = 0;
		c->ending = c->finished = false;
		counters->connections++;
		if (!wire_open(&c->wire, poller, fd, ssl, c) || !wire_say(&c->wire, l->kind->imap ?
			"* OK [CAPABILITY " FEATURES "] sink\r\n" : "+OK sink\r\n") || !connection_step(c))
			connection_free(c);
	}
}

static bool listener_open(const char *text)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct listener *l = &listeners[listener_count];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = l };
	const char *colon = strchr(text, ':');
	int on = 1;

	for (size_t i = 0; colon != NULL && i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].name) == (size_t)(colon - text) &&
			strncmp(text, kinds[i].name, (size_t)(colon - text)) == 0)
			l->kind = &kinds[i];
	if (l->kind == NULL || listener_count == (int)(sizeof kinds / sizeof *kinds))
		return false;
	at.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	listener_count++;
	return bind(l->fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(l->fd, BACKLOG) == 0 &&
		epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &event) == 0;
}

static bool contexts_make(const char *cert, const char *key)
{
	for (int i = 0; i < 2; i++) {
		SSL_CTX *made = contexts[i] = SSL_CTX_new(TLS_server_method());

		SSL_CTX_set_max_proto_version(made, TLS1_2_VERSION);
		SSL_CTX_set_options(made, SSL_OP_NO_TICKET);
		SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_session_cache_mode(made, i == 1 ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
		SSL_CTX_sess_set_cache_size(made, TLS_CACHE);
		SSL_CTX_set_session_id_context(made, (const unsigned char *)"sink", 4);
		if (SSL_CTX_use_certificate_chain_file(made, cert) != 1 ||
			SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) != 1)
			return false;
	}
	return true;
}

static bool counters_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	void *at = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof *counters) == 0)
		at = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	counters = at;
	return at != MAP_FAILED;
}

int sink_main(int count, char **words)
{
	struct epoll_event events[EVENTS];

	poller = epoll_create1(EPOLL_CLOEXEC);
	for (int i = CONNECTIONS; i-- > 0; connections[i].wire.fd = -1)
		free_list[free_count++] = i;
	if (count < 4 || !contexts_make(words[0], words[1]) || !counters_open(words[2]))
		return 2;
	for (int i = 3; i < count; i++) {
		if (!listener_open(words[i])) {
			fprintf(stderr, "mailbox: cannot listen: %s\n", words[i]);
			return 1;
		}
	}
	for (;;) {
		int ready = epoll_wait(poller, events, EVENTS, -1);

		for (int i = 0; i < ready; i++) {
			struct listener *l = events[i].data.ptr;
			struct connection *c = events[i].data.ptr;

			if (l >= listeners && l < listeners + listener_count)
				listener_take(l);
			else if (c->wire.fd >= 0 && !connection_step(c))
				connection_free(c);
		}
	}
}
