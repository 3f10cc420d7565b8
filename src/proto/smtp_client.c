/*
 * smtp_client.c - the dialogue of the client half: rows in reading order, one interpreter.
 *
 * A row names the state, how to say its command, the first digit of the good reply, what to do
 * then. `good` may choose the next state; else the next row follows. A reply with another first
 * digit ends the dialogue with the row's failure, except in transaction states, whose verdict is
 * the driver's.
 */
#include "proto/smtp_client.h"

#include <string.h>

#include "error.h"
#include "proto/smtp_client_hear.h"

#define STATE_NAME(name, text) text,
const char *const smtp_state_name[SMTP_STATE_COUNT] = { SMTP_STATES(STATE_NAME) };
#undef STATE_NAME

#define FAILURE_ROW(name, temporary, text) { temporary, text },
static const struct {
	bool temporary;
	const char *text;
} failures[SMTP_FAILURE_COUNT] = { SMTP_FAILURES(FAILURE_ROW) };
#undef FAILURE_ROW

enum { MINUTE_MS = 60000 };

struct row {
	int (*say)(struct smtp_client *c, const char *hostname,
		const struct sasl_credentials *who, struct fmt *out);
	uint8_t want;               /* first digit of the good reply */
	uint8_t failure;
	uint8_t patience_min;
	void (*good)(struct smtp_client *c);
};

static const struct row rows[SMTP_STATE_COUNT];

static int fail(struct smtp_client *c, enum smtp_failure why)
{
	c->failure = (uint8_t)why;
	c->state = SMTP_OVER;
	return E_PROTO;
}

static void go(struct smtp_client *c, enum smtp_state next)
{
	c->state = (uint8_t)next;
	c->said = false;
}

/* ---- what to say ---- */

static int say_ehlo(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)who;
	c->caps = c->mechs = 0;
	c->size_max = 0;
	fmt_printf(out, "EHLO %s\r\n", hostname);
	return E_OK;
}

static int say_helo(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)c, (void)who;
	fmt_printf(out, "HELO %s\r\n", hostname);
	return E_OK;
}

static int say_starttls(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)c, (void)hostname, (void)who;
	fmt_str(out, "STARTTLS\r\n");
	return E_OK;
}

enum { AUTH_LINE_MAX = 510 };

/* The initial response goes with the command where the line stays within RFC 5321's 512 octets
 * (interop 2.3); else the name alone, and the response after 334. */
static int say_auth(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	char response[SASL_LINE_MAX];
	int mech = sasl_client_choose(c->mechs, c->mechs_allowed, c->secure), n;

	(void)hostname;
	if (mech < 0)
		return fail(c, SMTP_NO_MECH);
	sasl_client_start(&c->sasl, (enum sasl_mech)mech);
	fmt_printf(out, "AUTH %s", sasl_mech_name[mech]);
	n = sasl_client_initial(&c->sasl, who, response, sizeof response);
	if (n > 0 && out->len + 1 + (size_t)n <= AUTH_LINE_MAX) {
		fmt_char(out, ' ');
		fmt_bytes(out, response, (size_t)n);
	} else if (n > 0) {
		sasl_client_start(&c->sasl, (enum sasl_mech)mech);
	}
	mem_wipe(response, sizeof response);
	if (n < 0 && n != E_NOENT)
		return fail(c, SMTP_CREDENTIALS);
	fmt_str(out, "\r\n");
	return E_OK;
}

/* The answer to the challenge that stands as the text of the last reply. */
static int say_auth_more(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	char response[SASL_LINE_MAX];
	struct slice challenge = slice_of(c->reply.text, c->reply.text_len);
	int n = sasl_client_respond(&c->sasl, who, challenge, response, sizeof response);

	(void)hostname;
	if (n >= 0)
		fmt_bytes(out, response, (size_t)n);
	else
		fmt_char(out, '*');
	mem_wipe(response, sizeof response);
	fmt_str(out, "\r\n");
	return E_OK;
}

/* ---- what a good reply does ---- */

static void sign_in(struct smtp_client *c)
{
	go(c, c->sign_in ? SMTP_AUTH : SMTP_IDLE);
}

static void after_banner(struct smtp_client *c)
{
	go(c, SMTP_EHLO);
}

static void after_ehlo(struct smtp_client *c)
{
	if (c->security != SMTP_BY_STARTTLS) {
		sign_in(c);
	} else if ((c->caps & SMTP_HAS_STARTTLS) == 0) {
		fail(c, SMTP_NO_STARTTLS);
	} else {
		go(c, SMTP_STARTTLS);
	}
}

static void after_starttls(struct smtp_client *c)
{
	c->caps = c->mechs = 0;
	go(c, SMTP_SECURING);
}

static void after_auth(struct smtp_client *c)
{
	go(c, SMTP_IDLE);
}

static const struct row rows[SMTP_STATE_COUNT] = {
	[SMTP_BANNER]    = { NULL,          2, SMTP_GREETING,      5, after_banner },
	[SMTP_EHLO]      = { say_ehlo,      2, SMTP_EHLO_REFUSED,  5, after_ehlo },
	[SMTP_HELO]      = { say_helo,      2, SMTP_EHLO_REFUSED,  5, sign_in },
	[SMTP_STARTTLS]  = { say_starttls,  2, SMTP_TLS_REFUSED,   2, after_starttls },
	[SMTP_SECURING]  = { NULL,          0, SMTP_DESYNC,        1, NULL },
	[SMTP_EHLO_TLS]  = { say_ehlo,      2, SMTP_EHLO_REFUSED,  5, sign_in },
	[SMTP_AUTH]      = { say_auth,      2, SMTP_AUTH_REFUSED,  5, after_auth },
	[SMTP_AUTH_MORE] = { say_auth_more, 2, SMTP_AUTH_REFUSED,  5, after_auth },
	[SMTP_IDLE]      = { NULL,          0, SMTP_DESYNC,        5, NULL },
	[SMTP_ASK_MAIL]  = { NULL,          0, SMTP_DESYNC,        5, NULL },
	[SMTP_ASK_RCPT]  = { NULL,          0, SMTP_DESYNC,        5, NULL },
	[SMTP_ASK_DATA]  = { NULL,          0, SMTP_DESYNC,        2, NULL },
	[SMTP_ASK_DOT]   = { NULL,          0, SMTP_DESYNC,       10, NULL },
	[SMTP_ASK_RSET]  = { NULL,          0, SMTP_DESYNC,        1, NULL },
	[SMTP_ASK_QUIT]  = { NULL,          0, SMTP_DESYNC,        1, NULL },
	[SMTP_OVER]      = { NULL,          0, SMTP_DESYNC,        1, NULL },
};

const char *smtp_failure_text(enum smtp_failure why)
{
	return failures[why].text;
}

bool smtp_failure_temporary(enum smtp_failure why)
{
	return failures[why].temporary;
}

void smtp_client_start(struct smtp_client *c, enum smtp_security security, bool wants_sign_in,
	unsigned mechs_allowed)
{
	memset(c, 0, sizeof *c);
	c->state = SMTP_BANNER;
	c->said = true;
	c->security = (uint8_t)security;
	c->secure = security == SMTP_BY_TLS;
	c->sign_in = wants_sign_in;
	c->mechs_allowed = mechs_allowed;
}

int smtp_client_say(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	const struct row *r = &rows[c->state];
	int e;

	if (c->said || r->say == NULL)
		return E_AGAIN;
	e = r->say(c, hostname, who, out);
	if (e != E_OK)
		return E_ARG;
	c->said = true;
	return E_OK;
}

void smtp_client_secured(struct smtp_client *c)
{
	c->secure = true;
	go(c, SMTP_EHLO_TLS);
}

int smtp_client_ask(struct smtp_client *c, enum smtp_state step)
{
	if (c->pending_len >= SMTP_PENDING_MAX)
		return E_LIMIT;
	c->pending[c->pending_len++] = (uint8_t)step;
	c->state = c->pending[0];
	c->said = true;
	return E_OK;
}

bool smtp_client_idle(const struct smtp_client *c)
{
	return c->state == SMTP_IDLE;
}

uint32_t smtp_client_patience_ms(const struct smtp_client *c)
{
	return rows[c->state].patience_min * (uint32_t)MINUTE_MS;
}

/* ---- replies ---- */

/* The whole reply is in: the step of a transaction is answered. 3xx is DATA's alone and 2xx is
 * never DATA's: such a reply answers another question than ours (SC-05). */
static int step_answered(struct smtp_client *c)
{
	if (c->reply.code / 100 == (c->pending[0] == SMTP_ASK_DATA ? 2 : 3))
		return fail(c, SMTP_DESYNC);
	c->answered = c->pending[0];
	memmove(c->pending, c->pending + 1, --c->pending_len);
	c->state = c->pending_len > 0 ? c->pending[0] : SMTP_IDLE;
	if (c->reply.code == 421)
		return fail(c, SMTP_CLOSING);
	return E_OK;
}

/* EHLO may be unknown to an old server; never when TLS or a sign-in is needed (SC-02, A-23). */
static bool falls_back(const struct smtp_client *c)
{
	return c->state == SMTP_EHLO && c->reply.code / 100 == 5 && c->security == SMTP_CLEAR &&
		!c->sign_in;
}

static int dialogue_answered(struct smtp_client *c)
{
	const struct row *r = &rows[c->state];
	unsigned digit = c->reply.code / 100;

	c->answered = c->state;
	if (c->reply.code == 421)
		return fail(c, SMTP_CLOSING);
	if (falls_back(c)) {
		go(c, SMTP_HELO);
		return E_OK;
	}
	if (digit == 3 && (c->state == SMTP_AUTH || c->state == SMTP_AUTH_MORE)) {
		go(c, SMTP_AUTH_MORE);
		return E_OK;
	}
	if (digit == 4 && r->failure == SMTP_AUTH_REFUSED)
		return fail(c, SMTP_AUTH_TEMP);
	if (digit != r->want)
		return fail(c, (enum smtp_failure)r->failure);
	r->good(c);
	return c->state == SMTP_OVER ? E_PROTO : E_OK;
}

int smtp_client_hear(struct smtp_client *c, struct slice line)
{
	struct slice text = { NULL, 0 };
	bool last = false, owed = c->pending_len > 0 || (c->said && rows[c->state].good != NULL);
	int code = smtp_reply_line(line, &last, &text);

	if (c->state == SMTP_OVER)
		return E_PROTO;
	if (code < 0 || c->reply_lines >= SMTP_REPLY_LINES_MAX ||
			c->reply_bytes + line.len > SMTP_REPLY_BYTES_MAX)
		return fail(c, SMTP_MALFORMED);
	if (c->reply_lines == 0)
		memset(&c->reply, 0, sizeof c->reply);
	c->reply.code = (uint16_t)code;
	smtp_client_keep(c, code, text);
	if (!owed)
		return fail(c, code == 421 ? SMTP_CLOSING : SMTP_DESYNC);
	if (c->state == SMTP_EHLO || c->state == SMTP_EHLO_TLS)
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

struct slice smtp_client_excerpt(const struct smtp_client *c)
{
	return slice_of(c->reply.text, c->reply.text_len);
}
