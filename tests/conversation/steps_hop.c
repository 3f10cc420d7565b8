/*
 * steps_hop.c - the steps of the next hop where a script plays it: N and R.
 */
#include "conv.h"

static int current[PEERS];               /* connection of N, N2 ... + 1; 0: none yet */

static bool line_whole(struct peer *p) { return peer_line(p) > 0 || p->ended; }
static bool connected(struct peer *p) { return (p->end = hop_claim()) >= 0; }

void steps_hop_reset(void) { memset(current, 0, sizeof current); }
bool step_hop_known(const struct step *s) { return current[s->number] != 0; }

/* IMAP and POP3: a connection in which TLS was started before the greeting. */
static bool is_greetable(const struct step *s)
{
	const struct peer *p = &hop[current[s->number] == 0 ? 0 : current[s->number] - 1];

	return current[s->number] != 0 && script.protocol != SMTP && p->tls && p->open && !p->ended;
}

static struct peer *claim(const struct step *s)
{
	static struct peer waiting;

	if (!play_until(connected, &waiting, step_patience())) {
		if (play.strict)
			play_fail("no connection to the next hop comes");
		return NULL;
	}
	current[s->number] = waiting.end + 1;
	return &hop[waiting.end];
}

static void hop_says(struct peer *p, const char *text, size_t len)
{
	if (p->open && !p->lost && script.protocol == SMTP)
		ledger_hop_said(p, (const uint8_t *)text, len);
	step_send_line(p, text, len);
}

bool step_hop_hears(struct peer *p, char *line, size_t cap, size_t *len)
{
	if (!p->open || !play_until(line_whole, p, step_patience()) || peer_line(p) == 0) {
		step_loose(p, p->ended ? "the connection ended, a line was expected" : "no line comes");
		return false;
	}
	*len = peer_line(p);
	if (*len >= cap)
		play_fail("%s got a line of %zu bytes", p->name, *len);
	memcpy(line, p->in, *len < cap ? *len : cap - 1);
	line[*len < cap ? *len : cap - 1] = '\0';
	peer_drop(p, *len);
	if (script.protocol == SMTP)
		ledger_hop_got(p, line, *len);
	return true;
}

static void expect_line(struct peer *p, const char *pattern)
{
	static char line[70000];
	size_t len;

	if (!step_hop_hears(p, line, sizeof line, &len))
		return;
	if ((len < 2 || line[len - 2] != '\r') && script.protocol == SMTP)
		play_fail("%s got a line that ends without CRLF: %s", p->name, line);
	if (glob(pattern, line, strcspn(line, "\r\n")))
		return;
	p->lost = true;
	if (play.strict)
		play_fail("%s expected \"%s\", got \"%s\"", p->name, pattern, line);
}

/* The lines of DATA up to the dot, unstuffed. */
static void expect_body(const struct step *s, struct peer *p)
{
	static char body[1 << 20], line[70000];
	size_t used = 0, len;
	char why[300];

	while (step_hop_hears(p, line, sizeof line, &len)) {
		size_t skip = line[0] == '.';

		if (p->last_waits)
			break;
		if (used + len > sizeof body)
			play_fail("too long a body");
		else
			memcpy(body + used, line + skip, len - skip);
		used += used + len > sizeof body ? 0 : len - skip;
		if (play.failed)
			return;
	}
	if (play.strict && !play.failed && !body_matches(s->text, body, used, why, sizeof why))
		play_fail("%s: body: %s", p->name, why);
}

static bool chunk_whole(struct peer *p) { return p->in_len >= p->chunk_left || p->ended; }

/* The bytes that the last BDAT announced. */
static void expect_chunk(const struct step *s, struct peer *p)
{
	char why[300];
	size_t n = p->chunk_left;

	if (!p->open || !play_until(chunk_whole, p, step_patience()) || p->in_len < n) {
		step_loose(p, "a chunk does not come whole");
		return;
	}
	if (play.strict && !body_matches(s->text, (const char *)p->in, n, why, sizeof why))
		play_fail("%s: chunk: %s", p->name, why);
	peer_drop(p, n);
	p->chunk_left = 0;
}

/* The greeting and EHLO with the capabilities of the step. */
static void hop_hello(const struct step *s, struct peer *p)
{
	char line[300];
	const char *at = s->text;

	hop_says(p, "220 hop.test ESMTP\r\n", 20);
	expect_line(p, "EHLO gateway.test$");
	snprintf(line, sizeof line, "250%chop.test\r\n", *at == '\0' ? ' ' : '-');
	hop_says(p, line, strlen(line));
	while (*at != '\0') {
		size_t n = strcspn(at, ",");

		snprintf(line, sizeof line, "250%c%.*s\r\n", at[n] == '\0' ? ' ' : '-', (int)n, at);
		hop_says(p, line, strlen(line));
		at += n + (at[n] == ',');
	}
}

void step_hop(const struct step *s)
{
	struct peer *p = NULL;
	bool greets = s->act == ACT_HELLO || s->act == ACT_LOGIN;
	bool fresh = s->act == ACT_CONNECT || (greets && !is_greetable(s));

	if (!fresh && current[s->number] == 0 && s->act != ACT_NONE)
		fresh = true;
	if (s->act == ACT_NONE && current[s->number] == 0)
		p = &hop[PEERS - 1];
	else
		p = fresh ? claim(s) : &hop[current[s->number] - 1];
	if (p == NULL)
		return;
	switch (s->act) {
	case ACT_CONNECT: break;
	case ACT_HELLO:
	case ACT_LOGIN:
		if (script.protocol != SMTP)
			mailbox_hop_step(s, p);
		else
			hop_hello(s, p);
		break;
	case ACT_BYTES: step_bytes(s, p); break;
	case ACT_SEND: hop_says(p, s->text, s->len); break;
	case ACT_RAW: step_send_line(p, s->text, s->len); break;
	case ACT_EXPECT: expect_line(p, s->text); break;
	case ACT_BODY: expect_body(s, p); break;
	case ACT_CHUNK: expect_chunk(s, p); break;
	case ACT_NONE: step_silence(s, p); break;
	case ACT_END:
	case ACT_CLOSED: step_ended(s, p); break;
	case ACT_TLS: step_start_tls(s, p); break;
	case ACT_PACE:
	case ACT_WINDOW: step_shape(s, p); break;
	default: step_end_peer(s, p);
	}
}
