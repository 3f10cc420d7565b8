/*
 * smtp_client.c - the dialogue of the client half: rows in reading order, one interpreter.
 *
 * The verdict in transaction states is the driver's; until then the dialogue walks by itself.
 */
#include "proto/smtp_client.h"

#include <string.h>

#include "error.h"
#include "proto/smtp_client_hear.h"

#define STATE_NAME(name, text) text,
const char *const smtp_state_name[SMTP_STATE_COUNT] = { SMTP_STATES(STATE_NAME) };
#undef STATE_NAME

/* The dialogue that a head belongs to. */
static struct smtp_client *smtp(struct talk *t)
{
	return (struct smtp_client *)(void *)t;
}

/* ---- what to say ---- */

static int say_ehlo(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)who;
	smtp(t)->caps = t->mechs = 0;
	smtp(t)->size_max = 0;
	fmt_printf(out, "EHLO %s\r\n", hostname);
	return E_OK;
}

static int say_helo(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)t, (void)who;
	fmt_printf(out, "HELO %s\r\n", hostname);
	return E_OK;
}

static int say_starttls(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)t, (void)hostname, (void)who;
	fmt_str(out, "STARTTLS\r\n");
	return E_OK;
}

enum { AUTH_LINE_MAX = 510 };

/* The initial response goes with the command where the line stays within RFC 5321's 512 octets
 * (interop 2.3). */
static int say_auth(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)hostname;
	return talk_say_auth(t, "AUTH", who, AUTH_LINE_MAX, out);
}

/* ---- what a good reply does ---- */

static void sign_in(struct talk *t)
{
	talk_go(t, t->sign_in ? SMTP_AUTH : SMTP_IDLE);
}

static void after_banner(struct talk *t)
{
	talk_go(t, SMTP_EHLO);
}

static void after_ehlo(struct talk *t)
{
	if (t->security != TALK_BY_STARTTLS)
		sign_in(t);
	else if ((smtp(t)->caps & SMTP_HAS_STARTTLS) == 0)
		talk_fail(t, TALK_NO_STARTTLS);
	else
		talk_go(t, SMTP_STARTTLS);
}

static void after_starttls(struct talk *t)
{
	smtp(t)->caps = t->mechs = 0;
	talk_go(t, SMTP_SECURING);
}

static void after_auth(struct talk *t)
{
	talk_go(t, SMTP_IDLE);
}

static const struct talk_row rows[SMTP_STATE_COUNT] = {
	[SMTP_BANNER]    = { NULL,          TALK_GREETING,     5, 0, after_banner },
	[SMTP_EHLO]      = { say_ehlo,      TALK_CAPABILITIES, 5, 0, after_ehlo },
	[SMTP_HELO]      = { say_helo,      TALK_CAPABILITIES, 5, 0, sign_in },
	[SMTP_STARTTLS]  = { say_starttls,  TALK_TLS_REFUSED,  2, 0, after_starttls },
	[SMTP_SECURING]  = { NULL,          TALK_DESYNC,       1, 0, NULL },
	[SMTP_EHLO_TLS]  = { say_ehlo,      TALK_CAPABILITIES, 5, 0, sign_in },
	[SMTP_AUTH]      = { say_auth,      TALK_AUTH_REFUSED, 5, SMTP_AUTH_MORE, after_auth },
	[SMTP_AUTH_MORE] = { talk_say_more, TALK_AUTH_REFUSED, 5, SMTP_AUTH_MORE, after_auth },
	[SMTP_IDLE]      = { NULL,          TALK_DESYNC,       5, 0, NULL },
	[SMTP_ASK_MAIL]  = { NULL,          TALK_DESYNC,       5, 0, NULL },
	[SMTP_ASK_RCPT]  = { NULL,          TALK_DESYNC,       5, 0, NULL },
	[SMTP_ASK_DATA]  = { NULL,          TALK_DESYNC,       2, 0, NULL },
	[SMTP_ASK_DOT]   = { NULL,          TALK_DESYNC,      10, 0, NULL },
	[SMTP_ASK_RSET]  = { NULL,          TALK_DESYNC,       1, 0, NULL },
	[SMTP_ASK_QUIT]  = { NULL,          TALK_DESYNC,       1, 0, NULL },
	[SMTP_OVER]      = { NULL,          TALK_DESYNC,       1, 0, NULL },
};

static int hear(struct talk *t, struct slice line);

static const struct talk_type type = {
	.name = "SMTP", .rows = rows, .states = smtp_state_name, .securing = SMTP_SECURING,
	.secured = SMTP_EHLO_TLS, .idle = SMTP_IDLE, .over = SMTP_OVER, .hear = hear,
};

void smtp_client_start(struct smtp_client *c, enum talk_security security, bool wants_sign_in,
	unsigned mechs_allowed)
{
	memset(c, 0, sizeof *c);
	talk_start(&c->talk, &type, SMTP_BANNER, security, wants_sign_in, mechs_allowed);
}

int smtp_client_ask(struct smtp_client *c, enum smtp_state step)
{
	if (c->pending_len >= SMTP_PENDING_MAX)
		return E_LIMIT;
	c->pending[c->pending_len++] = (uint8_t)step;
	c->talk.state = c->pending[0];
	c->talk.said = true;
	return E_OK;
}

/* ---- replies ---- */

/* The whole reply is in: the step of a transaction is answered. 3xx is DATA's alone and 2xx is
 * never DATA's: such a reply answers another question than ours (SC-05). */
static int step_answered(struct smtp_client *c)
{
	struct talk *t = &c->talk;

	if (t->reply.code / 100 == (c->pending[0] == SMTP_ASK_DATA ? 2 : 3))
		return talk_fail(t, TALK_DESYNC);
	c->answered = c->pending[0];
	memmove(c->pending, c->pending + 1, --c->pending_len);
	t->state = c->pending_len > 0 ? c->pending[0] : SMTP_IDLE;
	if (t->reply.code == 421)
		return talk_fail(t, TALK_CLOSING);
	return E_OK;
}

/* EHLO may be unknown to an old server; never when TLS or a sign-in is needed (SC-02, A-23). */
static bool falls_back(const struct talk *t)
{
	return t->state == SMTP_EHLO && t->reply.code / 100 == 5 && t->security == TALK_CLEAR &&
		!t->sign_in;
}

static int dialogue_answered(struct smtp_client *c)
{
	static const uint8_t classes[6] = { TALK_REFUSED, TALK_REFUSED, TALK_GOOD, TALK_MORE,
		TALK_TEMPORARY, TALK_REFUSED };
	struct talk *t = &c->talk;

	c->answered = t->state;
	if (t->reply.code == 421)
		return talk_fail(t, TALK_CLOSING);
	if (falls_back(t)) {
		talk_go(t, SMTP_HELO);
		return E_OK;
	}
	return talk_answer(t, (enum talk_class)classes[t->reply.code / 100]);
}

static int hear(struct talk *t, struct slice line)
{
	struct smtp_client *c = smtp(t);
	struct slice text = { NULL, 0 };
	bool last = false, owed = c->pending_len > 0 || talk_owed(t);
	int code = smtp_reply_line(line, &last, &text);

	if (t->state == SMTP_OVER)
		return E_PROTO;
	if (code < 0 || c->reply_lines >= SMTP_REPLY_LINES_MAX ||
			c->reply_bytes + line.len > SMTP_REPLY_BYTES_MAX)
		return talk_fail(t, TALK_MALFORMED);
	if (c->reply_lines == 0)
		memset(&t->reply, 0, sizeof t->reply);
	t->reply.code = (uint16_t)code;
	smtp_client_keep(c, code, text);
	if (!owed)
		return talk_fail(t, code == 421 ? TALK_CLOSING : TALK_DESYNC);
	if (t->state == SMTP_EHLO || t->state == SMTP_EHLO_TLS)
		if (c->reply_lines > 0 && code == 250)
			smtp_client_learn(c, text);
	c->reply_lines++;
	c->reply_bytes = (uint16_t)(c->reply_bytes + line.len);
	if (!last)
		return E_AGAIN;
	c->reply_lines = 0;
	c->reply_bytes = 0;
	return c->pending_len > 0 ? step_answered(c) : dialogue_answered(c);
}
