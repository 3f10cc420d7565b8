/*
 * hop.c - the next hop: it listens, and where a script has no N and R lines it answers by itself as
 * a provider would, except where a rule of the script says otherwise.
 */
#include "conv.h"

enum { RULES = 32, SEEN = 1 << 18, MESSAGE = 1 << 20, LISTENERS = 8 };

static struct { char pattern[200]; const char *reply; } rule[RULES];
static int rules, listeners[LISTENERS], claimed, connections, messages;
static bool caps_set;
static char caps[1000], seen[SEEN], message[MESSAGE];
static size_t seen_len, seen_at, message_len;

void hop_reset(void)
{
	rules = claimed = connections = messages = 0;
	seen_len = seen_at = message_len = 0;
	caps_set = false;
	snprintf(caps, sizeof caps, "PIPELINING,SIZE 20000000,8BITMIME,ENHANCEDSTATUSCODES,DSN,SMTPUTF8");
}

void hop_listen(void)
{
	static const uint16_t port[LISTENERS] = { 25, 465, 587, 2525, 143, 993, 110, 995 };

	for (int i = 0; i < LISTENERS; i++) {
		struct port_addr at = sim_addr("10.0.0.9", port[i]);

		listeners[i] = sim_peer_listen(&at);
	}
}

int hop_messages(void) { return messages; }
int hop_connections(void) { return connections; }
const char *hop_caps_set(void) { return caps_set ? caps : NULL; }

void hop_caps(const char *text)
{
	snprintf(caps, sizeof caps, "%s", text);
	caps_set = true;
}

const char *hop_message(size_t *len)
{
	*len = message_len;
	return message;
}

/* "PATTERN = REPLY"; later rules win. */
void hop_rule(const char *text)
{
	const char *at = strstr(text, " = ");

	if (at == NULL || rules == RULES) {
		play_fail("not a rule: %s", text);
		return;
	}
	snprintf(rule[rules].pattern, sizeof rule[0].pattern, "%.*s", (int)(at - text), text);
	rule[rules++].reply = at + 3;
}

const char *hop_rule_for(const char *line, size_t len)
{
	for (int i = rules - 1; i >= 0; i--)
		if (glob(rule[i].pattern, line, len))
			return rule[i].reply;
	return NULL;
}

bool hop_got(const char *pattern)
{
	while (seen_at < seen_len) {
		const char *line = seen + seen_at, *end = memchr(line, '\n', seen_len - seen_at);
		size_t len = end == NULL ? seen_len - seen_at : (size_t)(end - line);

		seen_at += len + 1;
		if (glob(pattern, line, len))
			return true;
	}
	return false;
}

static void say(struct peer *p, const char *text)
{
	size_t len = strlen(text);

	if (script.protocol == SMTP) {
		ledger_hop_said(p, (const uint8_t *)text, len);
		ledger_hop_said(p, (const uint8_t *)"\r\n", 2);
	}
	peer_send(p, text, len);
	peer_send(p, "\r\n", 2);
}

/* A rule's reply: also `close`, `silent`, `cut`. */
void hop_say_rule(struct peer *p, const char *reply)
{
	if (strcmp(reply, "silent") == 0)
		return;
	if (strcmp(reply, "close") == 0 || strcmp(reply, "cut") == 0) {
		(*reply == 'l' || reply[1] == 'l' ? sim_peer_close : sim_peer_abort)(p->end);
		peer_forget(p);
		return;
	}
	say(p, reply);
	if (strncmp(reply, "421", 3) == 0) {
		sim_peer_close(p->end);
		peer_forget(p);
	}
}

static void say_caps(struct peer *p)
{
	char line[300];
	const char *at = caps;

	say(p, *at == '\0' ? "250 hop.test" : "250-hop.test");
	while (*at != '\0') {
		size_t n = strcspn(at, ",");

		snprintf(line, sizeof line, "250%c%.*s", at[n] == '\0' ? ' ' : '-', (int)n, at);
		say(p, line);
		at += n + (at[n] == ',');
	}
}

static void answer_command(struct peer *p, const char *line, size_t len)
{
	static const struct { const char *pattern, *reply; } usual[] = {
		{ "HELO", "250 hop.test" }, { "MAIL FROM:", "250 2.1.0 ok" },
		{ "RCPT TO:", "250 2.1.5 ok" }, { "DATA", "354 go on" }, { "RSET", "250 2.0.0 ok" },
		{ "NOOP", "250 2.0.0 ok" }, { "AUTH PLAIN *", "235 2.7.0 welcome" },
		{ "AUTH LOGIN", "334 VXNlcm5hbWU6" }, { "QUIT", "221 2.0.0 bye" },
		{ "STARTTLS", "220 2.0.0 go on" }, { "", "500 5.5.2 what" }
	};
	size_t i = 0;

	if (glob("EHLO", line, len)) {
		say_caps(p);
		return;
	}
	while (!glob(usual[i].pattern, line, len))
		i++;
	if (glob("DATA", line, len))
		message_len = 0;
	say(p, usual[i].reply);
	if (glob("STARTTLS", line, len)) {
		peer_tls_serve(p->slot, "ec");
		p->tls = true;
	}
	if (glob("QUIT", line, len)) {
		sim_peer_close(p->end);
		peer_forget(p);
	}
}

static void keep(const char *bytes, size_t len)
{
	if (len > sizeof message - message_len)
		len = sizeof message - message_len;
	memcpy(message + message_len, bytes, len);
	message_len += len;
}

static void verdict(struct peer *p)
{
	const char *reply = hop_rule_for(".", 1);

	messages += reply == NULL || *reply == '2';
	hop_say_rule(p, reply == NULL ? "250 2.0.0 queued as 1" : reply);
}

static void answer_line(struct peer *p, const char *line, size_t len)
{
	size_t text = len - 1 - (len > 1 && line[len - 2] == '\r');
	const char *reply;
	bool content = p->content;

	if (seen_len + text + 1 < sizeof seen) {
		memcpy(seen + seen_len, line, text);
		seen_len += text;
		seen[seen_len++] = '\n';
	}
	if (script.protocol != SMTP) {
		mailbox_answer(p, line, text);
		return;
	}
	ledger_hop_got(p, line, len);
	if (content && !p->last_waits) {
		keep(line + (line[0] == '.'), len - (line[0] == '.'));
		return;
	}
	if (content) {
		verdict(p);
		return;
	}
	reply = hop_rule_for(line, text);
	if (reply != NULL)
		hop_say_rule(p, reply);
	else if (p->chunk_left == 0)
		answer_command(p, line, text);
}

/* Bytes of BDAT; true when there was something to do. */
static bool answer_chunk(struct peer *p)
{
	size_t n = p->chunk_left < p->in_len ? p->chunk_left : p->in_len;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((p->before == '\r') != (p->in[i] == '\n'))
			play_fail("%s got a bare CR or LF in a chunk", p->name);
		p->before = (char)p->in[i];
	}
	keep((const char *)p->in, n);
	peer_drop(p, n);
	p->chunk_left -= n;
	if (p->chunk_left == 0 && p->last_waits)
		verdict(p);
	else if (p->chunk_left == 0)
		say(p, "250 2.0.0 chunk taken");
	return true;
}

static bool answer(struct peer *p)
{
	static char line[PEER_IN];
	bool moved = false;
	size_t len;

	while (p->open && (!p->tls || peer_tls_state(p->slot) == 1)) {
		if (p->chunk_left > 0) {
			if (!answer_chunk(p))
				break;
			moved = true;
			continue;
		}
		if ((len = peer_line(p)) == 0)
			break;
		memcpy(line, p->in, len);
		peer_drop(p, len);
		answer_line(p, line, len);
		moved = true;
	}
	if (p->open && p->ended) {
		sim_peer_close(p->end);
		peer_forget(p);
	}
	return moved;
}

/* Scripts name connections in their order; the automatic next hop takes any free place. */
static int free_place(void)
{
	int i = script.scripted_hop ? connections : 0;

	while (i < PEERS && hop[i].open)
		i++;
	return i < PEERS ? i : -1;
}

static bool take_connection(int listener)
{
	int place = free_place(), end = place < 0 ? E_AGAIN : sim_peer_accept(listener);
	struct peer *p = &hop[place < 0 ? 0 : place];
	const char *banner = hop_rule_for("banner", 6);

	if (end < 0)
		return false;
	transcript_say("           %s (connected)", p->name);
	peer_open(p, end);
	connections++;
	if (script.scripted_hop)
		return true;
	if (banner != NULL)
		hop_say_rule(p, banner);
	else if (script.protocol != SMTP)
		mailbox_greet(p);
	else
		say(p, "220 hop.test ESMTP");
	return true;
}

int hop_claim(void) { return claimed < connections ? claimed++ : -1; }

bool hop_run(void)
{
	bool moved = false;

	for (int i = 0; i < LISTENERS; i++)
		while (take_connection(listeners[i]))
			moved = true;
	for (int i = 0; i < PEERS && !script.scripted_hop; i++)
		if (hop[i].open && answer(&hop[i]))
			moved = true;
	return moved;
}
