/*
 * pop3_client.c - the dialogue of POP3's client half: rows in reading order, talk.c's interpreter.
 */
#include "proto/pop3_client.h"

#include <string.h>

#include "error.h"
#include "proto/pop3_client_hear.h"

#define STATE_NAME(name, text) text,
const char *const pop3_state_name[POP3_STATE_COUNT] = { POP3_STATES(STATE_NAME) };
#undef STATE_NAME

/* The dialogue that a head belongs to. */
static struct pop3_client *pop3(struct talk *t)
{
	return (struct pop3_client *)(void *)t;
}

/* ---- what to say ---- */

static int say_capa(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	struct pop3_client *c = pop3(t);

	(void)hostname, (void)who;
	c->has_stls = c->has_user = c->listing = false;
	c->lines = 0;
	fmt_str(out, "CAPA\r\n");
	return E_OK;
}

static int say_stls(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)t, (void)hostname, (void)who;
	fmt_str(out, "STLS\r\n");
	return E_OK;
}

enum { AUTH_LINE_MAX = 253 };

/* The initial response goes with the command where the line stays within RFC 2449's 255 octets. */
static int say_auth(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)hostname;
	return talk_say_auth(t, "AUTH", who, AUTH_LINE_MAX, out);
}

/* One command with the rest of its line as the argument, blanks and all (A-10, PO-13). */
static int say_argument(struct talk *t, const char *command, struct slice argument, size_t max,
	struct fmt *out)
{
	if (argument.len == 0 || argument.len > max)
		return talk_fail(t, TALK_CREDENTIALS);
	for (size_t i = 0; i < argument.len; i++)
		if (argument.p[i] == 0 || argument.p[i] == '\r' || argument.p[i] == '\n')
			return talk_fail(t, TALK_CREDENTIALS);
	fmt_printf(out, "%s ", command);
	fmt_slice(out, argument);
	fmt_str(out, "\r\n");
	return E_OK;
}

static int say_user(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)hostname;
	return say_argument(t, "USER", who->authcid, SASL_LOGIN_MAX, out);
}

static int say_pass(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	(void)hostname;
	return say_argument(t, "PASS", who->secret, SASL_PASSWORD_MAX, out);
}

/* ---- what a good reply does ---- */

static void sign_in(struct talk *t)
{
	unsigned clear = SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN);

	if (!t->sign_in)
		talk_go(t, POP3_UP_IDLE);
	else if (sasl_client_choose(t->mechs, t->mechs_allowed, t->secure) >= 0)
		talk_go(t, POP3_UP_AUTH);
	else if (pop3(t)->has_user && (t->mechs_allowed & clear) != 0)
		talk_go(t, POP3_UP_USER);
	else
		talk_fail(t, TALK_NO_MECH);
}

static void after_greeting(struct talk *t)
{
	talk_go(t, POP3_UP_CAPA);
}

static void after_capa(struct talk *t)
{
	if (t->security != TALK_BY_STARTTLS)
		sign_in(t);
	else if (!pop3(t)->has_stls)
		talk_fail(t, TALK_NO_STARTTLS);
	else
		talk_go(t, POP3_UP_STLS);
}

static void after_stls(struct talk *t)
{
	talk_go(t, POP3_UP_SECURING);
}

/* A server that takes us in before anything was proved has answered something else. */
static void after_auth(struct talk *t)
{
	if (t->sasl.step == 0)
		talk_fail(t, TALK_DESYNC);
	else
		talk_go(t, POP3_UP_IDLE);
}

static void after_user(struct talk *t)
{
	talk_go(t, POP3_UP_PASS);
}

static void after_pass(struct talk *t)
{
	talk_go(t, POP3_UP_IDLE);
}

static const struct talk_row rows[POP3_STATE_COUNT] = {
	[POP3_UP_GREETING]  = { NULL,          TALK_GREETING,     2, 0, after_greeting },
	[POP3_UP_CAPA]      = { say_capa,      TALK_CAPABILITIES, 2, 0, after_capa },
	[POP3_UP_STLS]      = { say_stls,      TALK_TLS_REFUSED,  2, 0, after_stls },
	[POP3_UP_SECURING]  = { NULL,          TALK_DESYNC,       1, 0, NULL },
	[POP3_UP_CAPA_TLS]  = { say_capa,      TALK_CAPABILITIES, 2, 0, sign_in },
	[POP3_UP_AUTH]      = { say_auth,      TALK_AUTH_REFUSED, 5, POP3_UP_AUTH_MORE, after_auth },
	[POP3_UP_AUTH_MORE] = { talk_say_more, TALK_AUTH_REFUSED, 5, POP3_UP_AUTH_MORE, after_auth },
	[POP3_UP_USER]      = { say_user,      TALK_AUTH_REFUSED, 2, 0, after_user },
	[POP3_UP_PASS]      = { say_pass,      TALK_AUTH_REFUSED, 5, 0, after_pass },
	[POP3_UP_IDLE]      = { NULL,          TALK_DESYNC,       5, 0, NULL },
	[POP3_UP_OVER]      = { NULL,          TALK_DESYNC,       1, 0, NULL },
};

static int hear(struct talk *t, struct slice line);

static const struct talk_type type = {
	.name = "POP3", .rows = rows, .states = pop3_state_name, .securing = POP3_UP_SECURING,
	.secured = POP3_UP_CAPA_TLS, .idle = POP3_UP_IDLE, .over = POP3_UP_OVER, .hear = hear,
};

void pop3_client_start(struct pop3_client *c, enum talk_security security, bool wants_sign_in,
	unsigned mechs_allowed)
{
	memset(c, 0, sizeof *c);
	talk_start(&c->talk, &type, POP3_UP_GREETING, security, wants_sign_in, mechs_allowed);
}

/* ---- replies ---- */

static bool asks_capa(const struct talk *t)
{
	return t->state == POP3_UP_CAPA || t->state == POP3_UP_CAPA_TLS;
}

/* A line that is no reply to what was said. Before TLS stands, the failure is the row's own. */
static int unfit(struct talk *t, enum talk_failure why)
{
	if (t->state == POP3_UP_GREETING || t->state == POP3_UP_STLS)
		why = (enum talk_failure)rows[t->state].failure;
	return talk_fail(t, why);
}

static int hear_capability(struct pop3_client *c, struct slice line)
{
	if (slice_is(line, ".")) {
		c->listing = false;
		return talk_answer(&c->talk, TALK_GOOD);
	}
	if (++c->lines > POP3_LINES_MAX)
		return talk_fail(&c->talk, TALK_MALFORMED);
	pop3_client_learn(c, line);
	return E_AGAIN;
}

static int answered(struct pop3_client *c, enum talk_class class)
{
	struct talk *t = &c->talk;

	if (class == TALK_MORE && rows[t->state].more == 0)
		return unfit(t, TALK_DESYNC);
	if (asks_capa(t) && class == TALK_GOOD) {
		c->listing = true;
		return E_AGAIN;
	}
	/* An old server knows no CAPA: it has USER and PASS, and no STLS. */
	if (asks_capa(t)) {
		c->has_user = true;
		class = TALK_GOOD;
	}
	if (t->state == POP3_UP_STLS && class != TALK_GOOD)
		class = TALK_REFUSED;
	return talk_answer(t, class);
}

static int hear(struct talk *t, struct slice line)
{
	struct pop3_client *c = pop3(t);
	enum talk_class class;

	if (t->state == POP3_UP_OVER)
		return E_PROTO;
	if (c->listing)
		return hear_capability(c, line);
	if (pop3_reply_read(line, &t->reply, &class) != E_OK)
		return unfit(t, talk_owed(t) ? TALK_MALFORMED : TALK_DESYNC);
	if (!talk_owed(t))
		return talk_fail(t, TALK_DESYNC);
	return answered(c, class);
}
