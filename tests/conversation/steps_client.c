/*
 * steps_client.c - the steps of clients: C and S.
 */
#include "conv.h"

/* ---- looking at replies ---- */

static bool reply_whole(struct peer *p)
{
	size_t at = 0;

	while (at < p->in_len) {
		const uint8_t *end = memchr(p->in + at, '\n', p->in_len - at);
		size_t next = end == NULL ? 0 : (size_t)(end - p->in) + 1;

		if (next == 0)
			return p->ended;
		if (next - at < 5 || p->in[at + 3] != '-' || script.protocol != SMTP)
			return true;
		at = next;
	}
	return p->ended;
}

/* Any line of the last reply, without SMTP's code, with this beginning. */
static bool reply_has(const struct peer *p, const char *pattern)
{
	for (const char *at = p->reply; *at != '\0'; ) {
		size_t n = strcspn(at, "\n");

		size_t from = script.protocol == SMTP ? 4 : 0;

		if (n > from && glob(pattern, at + from, n - from - (at[n - 1] == '\r')))
			return true;
		at += n + (at[n] == '\n');
	}
	return false;
}

static const char *last_line(const struct peer *p)
{
	const char *at = p->reply, *next;

	while ((next = strchr(at, '\n')) != NULL && next[1] != '\0')
		at = next + 1;
	return at;
}

bool step_client_hears(struct peer *p)
{
	if (p->open && play_until(reply_whole, p, step_patience()) && peer_take_reply(p))
		return true;
	step_loose(p, p->open && p->ended ? "the connection ended, a reply was expected" :
		"no reply comes");
	return false;
}

static void expect_reply(const struct step *s, struct peer *p)
{
	const char *line;

	if (!step_client_hears(p) || !play.strict)
		return;
	line = last_line(p);
	if (!glob(s->text, line, strcspn(line, "\r\n")))
		play_fail("%s expected \"%s\", got \"%.*s\"", p->name, s->text,
			(int)strcspn(line, "\r\n"), line);
}

/* Lines that nobody looks at up to one that matches. */
static void expect_until(const struct step *s, struct peer *p)
{
	bool heard;

	do {
		heard = step_client_hears(p);
	} while (heard && !glob(s->text, p->reply, strcspn(p->reply, "\r\n")));
}

/* ---- clients ---- */

static void open_client(const struct step *s, struct peer *p)
{
	char word[3][60] = { "", "", "" }, from[40] = "10.0.0.7", to[40] = "10.0.0.1";
	static const unsigned usual[PROTOCOLS] = { 25, 143, 110 };
	unsigned port = usual[script.protocol];
	struct port_addr a, b;
	int n = s == NULL ? 0 : sscanf(s->text, "%59s %59s %59s", word[0], word[1], word[2]), end;

	for (int i = 0; i < n; i++)
		if (strncmp(word[i], "from=", 5) == 0)
			snprintf(from, sizeof from, "%.39s", word[i] + 5);
		else if (strncmp(word[i], "to=", 3) == 0)
			snprintf(to, sizeof to, "%.39s", word[i] + 3);
		else
			port = (unsigned)strtoul(word[i], NULL, 10);
	if (p->open)
		sim_peer_close(p->end);
	p->open = false;
	a = sim_addr(from, (uint16_t)(40000 + (p - client)));
	b = sim_addr(to, (uint16_t)port);
	end = sim_peer_connect(&a, &b);
	if (end >= 0)
		peer_open(p, end);
	else
		step_loose(p, "cannot connect");
}

static void hello(struct peer *p)
{
	static const char line[] = "EHLO client.test\r\n";

	if (!step_client_hears(p))
		return;
	if (play.strict && memcmp(p->reply, "220", 3) != 0)
		play_fail("%s expected a greeting, got %s", p->name, p->reply);
	ledger_client_sent(p, (const uint8_t *)line, sizeof line - 1);
	step_send_line(p, line, sizeof line - 1);
	if (step_client_hears(p) && play.strict && memcmp(p->reply, "250", 3) != 0)
		play_fail("%s expected 250 to EHLO, got %s", p->name, p->reply);
}

/* Each line of a block as a line of its own. */
static void send_mail(const struct step *s, struct peer *p)
{
	for (size_t at = 0; at < s->len; ) {
		const char *end = memchr(s->text + at, '\n', s->len - at);
		size_t n = (size_t)(end - (s->text + at)) + 1;

		ledger_client_sent(p, (const uint8_t *)s->text + at, n);
		step_send_line(p, s->text + at, n);
		at += n;
	}
}

/* A text as it is; in MODE_SWEEP the ends of message in it are counted. */
static void send_raw(const struct step *s, struct peer *p)
{
	char text[2000];
	size_t len;

	if (play.mode != MODE_SWEEP) {
		step_send_line(p, s->text, s->len);
		return;
	}
	len = step_expand(s->text, s->len, text, sizeof text);
	play.most += step_dots(text, len);
	step_send_line(p, text, len);
}

/* A text as one chunk of BDAT, the last. */
static void send_chunk(const struct step *s, struct peer *p)
{
	char text[2000], head[40];
	size_t len = step_expand(s->text, s->len, text, sizeof text);

	snprintf(head, sizeof head, "BDAT %zu LAST\r\n", len);
	play.most++;
	ledger_client_sent(p, (const uint8_t *)head, strlen(head));
	ledger_client_sent(p, (const uint8_t *)text, len);
	step_send_line(p, head, strlen(head));
	step_send_line(p, text, len);
}

void step_client(const struct step *s)
{
	struct peer *p = &client[s->number];

	if (s->act == ACT_CONNECT) {
		open_client(s, p);
		return;
	}
	if (!p->open && !p->ended && !p->lost)
		open_client(NULL, p);
	switch (s->act) {
	case ACT_SEND:
		if (script.protocol == SMTP)
			ledger_client_sent(p, (const uint8_t *)s->text, s->len);
		step_send_line(p, s->text, s->len);
		break;
	case ACT_RAW: send_raw(s, p); break;
	case ACT_BDAT: send_chunk(s, p); break;
	case ACT_MAIL: send_mail(s, p); break;
	case ACT_HELLO:
	case ACT_LOGIN:
	case ACT_SIGNED:
	case ACT_CRAM:
		if (script.protocol != SMTP)
			mailbox_client_step(s, p);
		else
			hello(p);
		break;
	case ACT_EXPECT: expect_reply(s, p); break;
	case ACT_UNTIL: expect_until(s, p); break;
	case ACT_BYTES: step_bytes(s, p); break;
	case ACT_HAS:
	case ACT_HAS_NOT:
		if (play.strict && reply_has(p, s->text) != (s->act == ACT_HAS))
			play_fail("%s %s \"%s\" in the reply", p->name,
				s->act == ACT_HAS ? "misses" : "does not want", s->text);
		break;
	case ACT_NONE: step_silence(s, p); break;
	case ACT_END:
	case ACT_CLOSED: step_ended(s, p); break;
	case ACT_TLS: step_start_tls(s, p); break;
	case ACT_PACE:
	case ACT_WINDOW: step_shape(s, p); break;
	default: step_end_peer(s, p);
	}
}
