/*
 * imap_client.c - the dialogue of IMAP's client half: rows in reading order, talk.c's interpreter.
 *
 * Every command has a tag of its own, "a1", "a2" ..., which counts from when the command is said
 * until the tagged reply; nothing else ends a state but a "+" where the row waits for one, and
 * BYE.
 */
#include "proto/imap_client.h"

#include <string.h>

#include "error.h"
#include "proto/imap_client_hear.h"
#include "proto/imap_client_say.h"

#define STATE_NAME(name, text) text,
const char *const imap_state_name[IMAP_STATE_COUNT] = { IMAP_STATES(STATE_NAME) };
#undef STATE_NAME

/* The dialogue that a head belongs to. */
static struct imap_client *imap(struct talk *t)
{
	return (struct imap_client *)(void *)t;
}

/* ---- what a good reply does ---- */

/* The state that signs in; IMAP_UP_OVER: the server offers none that is allowed. */
static enum imap_state way_in(const struct imap_client *c)
{
	const struct talk *t = &c->talk;
	unsigned clear = SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN);

	if (!t->sign_in)
		return IMAP_UP_IDLE;
	if (sasl_client_choose(t->mechs, t->mechs_allowed, t->secure) >= 0)
		return IMAP_UP_AUTH;
	return !c->no_login && (t->mechs_allowed & clear) != 0 ? IMAP_UP_LOGIN : IMAP_UP_OVER;
}

/* A greeting inside TLS may have told enough (A-26: in clear nothing is taken from it). */
static void after_greeting(struct talk *t)
{
	bool enough = imap(t)->has_caps && way_in(imap(t)) != IMAP_UP_OVER;

	talk_go(t, (uint8_t)(enough ? way_in(imap(t)) : IMAP_UP_CAPS));
}

static void sign_in(struct talk *t)
{
	if (!imap(t)->has_caps)
		talk_fail(t, TALK_CAPABILITIES);
	else if (way_in(imap(t)) == IMAP_UP_OVER)
		talk_fail(t, TALK_NO_MECH);
	else
		talk_go(t, (uint8_t)way_in(imap(t)));
}

static void after_caps(struct talk *t)
{
	if (t->security != TALK_BY_STARTTLS)
		sign_in(t);
	else if (!imap(t)->has_starttls)
		talk_fail(t, TALK_NO_STARTTLS);
	else
		talk_go(t, IMAP_UP_STARTTLS);
}

static void after_starttls(struct talk *t)
{
	talk_go(t, IMAP_UP_SECURING);
}

/* A server that takes us in before anything was proved has answered something else. */
static void after_auth(struct talk *t)
{
	if (t->sasl.step == 0)
		talk_fail(t, TALK_DESYNC);
	else
		talk_go(t, IMAP_UP_IDLE);
}

static void after_login(struct talk *t)
{
	if (t->state != IMAP_UP_LOGIN_PASSWORD && imap(t)->literals)
		talk_fail(t, TALK_DESYNC);
	else
		talk_go(t, IMAP_UP_IDLE);
}

/* The server has 2 minutes where it has nothing to look up, else 5. */
static const struct talk_row rows[IMAP_STATE_COUNT] = {
	[IMAP_UP_GREETING]   = { NULL,                TALK_GREETING,     2, 0, after_greeting },
	[IMAP_UP_CAPS]       = { imap_say_capability, TALK_CAPABILITIES, 2, 0, after_caps },
	[IMAP_UP_STARTTLS]   = { imap_say_starttls,   TALK_TLS_REFUSED,  2, 0, after_starttls },
	[IMAP_UP_SECURING]   = { NULL,                TALK_DESYNC,       1, 0, NULL },
	[IMAP_UP_CAPS_TLS]   = { imap_say_capability, TALK_CAPABILITIES, 2, 0, sign_in },
	[IMAP_UP_AUTH]       = { imap_say_auth,       TALK_AUTH_REFUSED, 5,
		IMAP_UP_AUTH_MORE, after_auth },
	[IMAP_UP_AUTH_MORE]  = { talk_say_more,       TALK_AUTH_REFUSED, 5,
		IMAP_UP_AUTH_MORE, after_auth },
	[IMAP_UP_LOGIN]      = { imap_say_login,      TALK_AUTH_REFUSED, 5,
		IMAP_UP_LOGIN_NAME, after_login },
	[IMAP_UP_LOGIN_NAME] = { imap_say_login_name, TALK_AUTH_REFUSED, 2,
		IMAP_UP_LOGIN_PASSWORD, after_login },
	[IMAP_UP_LOGIN_PASSWORD] = { imap_say_login_password, TALK_AUTH_REFUSED, 5, 0, after_login },
	[IMAP_UP_IDLE]       = { NULL,                TALK_DESYNC,       5, 0, NULL },
	[IMAP_UP_OVER]       = { NULL,                TALK_DESYNC,       1, 0, NULL },
};

static int hear(struct talk *t, struct slice line);

static const struct talk_type type = {
	.name = "IMAP", .rows = rows, .states = imap_state_name, .securing = IMAP_UP_SECURING,
	.secured = IMAP_UP_CAPS_TLS, .idle = IMAP_UP_IDLE, .over = IMAP_UP_OVER, .hear = hear,
};

void imap_client_start(struct imap_client *c, enum talk_security security, bool wants_sign_in,
	unsigned mechs_allowed)
{
	memset(c, 0, sizeof *c);
	talk_start(&c->talk, &type, IMAP_UP_GREETING, security, wants_sign_in, mechs_allowed);
}

/* ---- replies ---- */

/* Whether the sign-in is under way: its command, or the first part of it, has been said. */
static bool signing_in(const struct talk *t)
{
	return t->said && rows[t->state].failure == TALK_AUTH_REFUSED;
}

static int hear_bye(struct talk *t, const struct imap_line *l)
{
	bool told;
	enum talk_class class = imap_class(l, &told);

	imap_reply_set(&t->reply, l);
	if (t->state == IMAP_UP_STARTTLS)
		return talk_fail(t, TALK_TLS_REFUSED);
	if (class == TALK_IN_USE)
		return talk_fail(t, TALK_BUSY);
	if (told && class == TALK_REFUSED && (t->state == IMAP_UP_GREETING || signing_in(t)))
		return talk_fail(t, (enum talk_failure)rows[t->state].failure);
	return talk_fail(t, TALK_CLOSING);
}

static int hear_greeting(struct imap_client *c, const struct imap_line *l)
{
	struct talk *t = &c->talk;

	imap_reply_set(&t->reply, l);
	if (l->kind == IMAP_UNTAGGED && slice_is(l->word, "PREAUTH"))
		return talk_fail(t, TALK_PREAUTH);
	if (l->kind != IMAP_UNTAGGED || !slice_is(l->word, "OK"))
		return talk_fail(t, TALK_GREETING);
	if (t->secure && slice_is(l->code, "CAPABILITY"))
		imap_client_learn(c, l->args);
	return talk_answer(t, TALK_GOOD);
}

/* Nothing untagged is heeded before the sign-in but what was asked for (A-25, IM-22). */
static int hear_untagged(struct imap_client *c, const struct imap_line *l)
{
	struct talk *t = &c->talk;

	if (slice_is(l->word, "CAPABILITY")) {
		if (t->state == IMAP_UP_CAPS || t->state == IMAP_UP_CAPS_TLS)
			imap_client_learn(c, l->text);
		else if (signing_in(t))
			imap_client_keep(c, l->text);
	}
	return E_AGAIN;
}

static int hear_continue(struct imap_client *c, const struct imap_line *l)
{
	struct talk *t = &c->talk;

	if (t->state == IMAP_UP_STARTTLS)
		return talk_fail(t, TALK_TLS_REFUSED);
	if (!talk_owed(t) || rows[t->state].more == 0 || (t->state == IMAP_UP_LOGIN && !c->literals))
		return talk_fail(t, TALK_DESYNC);
	imap_reply_set(&t->reply, l);
	return talk_answer(t, TALK_MORE);
}

static int hear_tagged(struct imap_client *c, const struct imap_line *l)
{
	struct talk *t = &c->talk;
	char tag[8];
	struct fmt f = fmt_on(tag, sizeof tag);
	bool ok = slice_is(l->word, "OK");

	fmt_printf(&f, "a%u", (unsigned)c->tag);
	if (!talk_owed(t) || !slice_eq(l->tag, fmt_result(&f)))
		return talk_fail(t, TALK_DESYNC);
	imap_reply_set(&t->reply, l);
	if (ok && signing_in(t) && slice_is(l->code, "CAPABILITY"))
		imap_client_keep(c, l->args);
	if (!ok && t->state == IMAP_UP_STARTTLS)
		return talk_fail(t, TALK_TLS_REFUSED);
	return talk_answer(t, ok ? TALK_GOOD : imap_class(l, NULL));
}

/* A line that is none. Before TLS stands, the failure is the row's own. */
static int unfit(struct talk *t)
{
	if (t->state == IMAP_UP_GREETING || t->state == IMAP_UP_STARTTLS)
		return talk_fail(t, (enum talk_failure)rows[t->state].failure);
	return talk_fail(t, TALK_MALFORMED);
}

static int hear(struct talk *t, struct slice line)
{
	struct imap_client *c = imap(t);
	struct imap_line l;

	if (t->state == IMAP_UP_OVER)
		return E_PROTO;
	if (t->state == IMAP_UP_SECURING)
		return talk_fail(t, TALK_DESYNC);
	if (imap_line_read(line, &l) != E_OK)
		return unfit(t);
	if (l.kind == IMAP_UNTAGGED && slice_is(l.word, "BYE"))
		return hear_bye(t, &l);
	if (t->state == IMAP_UP_GREETING)
		return hear_greeting(c, &l);
	if (t->state == IMAP_UP_IDLE)
		return talk_fail(t, TALK_DESYNC);
	if (l.kind == IMAP_TAGGED)
		return hear_tagged(c, &l);
	if (++c->lines > IMAP_LINES_MAX)
		return talk_fail(t, TALK_MALFORMED);
	return l.kind == IMAP_CONTINUE ? hear_continue(c, &l) : hear_untagged(c, &l);
}
