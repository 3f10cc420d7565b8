/*
 * relay_auth.c - AUTH (RFC 4954): what SMTP says to each outcome of a sign-in. For accounts with
 * `login client` the provider decides, and the line is run again until it has.
 */
#include <string.h>

#include "board.h"
#include "gateway/relay.h"

bool relay_auth_offered(const struct session *s)
{
	return s->policy.auth != CFG_LISTENER_AUTH_NONE && signin_allowed(s);
}

static void phase_back(struct session *s)
{
	struct relay *r = relay_of(s);

	if (r->phase == SMTP_SASL)
		relay_phase(s, r->helo[0] != '\0' || r->esmtp ? SMTP_READY : SMTP_HELLO);
}

static void challenge_say(struct session *s, struct slice challenge)
{
	char text[SASL_CHALLENGE_TEXT + 8];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_str(&f, "334 ");
	fmt_slice(&f, challenge);
	fmt_str(&f, "\r\n");
	relay_put(s, &f);
	relay_phase(s, SMTP_SASL);
}

/* Three wrong passwords end the session, so that guessing costs a connection. */
static void denied(struct session *s)
{
	relay_say(s, SAY_AUTH_FAILED);
	if (relay_of(s)->in.failures < SIGNIN_TRIES)
		return;
	relay_say(s, SAY_TOO_MANY_ERRORS);
	relay_phase(s, SMTP_QUIT);
}

/* Says what a sign-in came to. E_OK. */
static int said(struct session *s, enum signin_outcome o, struct slice challenge)
{
	static const uint8_t refusals[SIGNIN_OUTCOME_COUNT] = {
		[SIGNIN_LATER] = SAY_AUTH_LATER, [SIGNIN_CANCELLED] = SAY_AUTH_CANCEL,
		[SIGNIN_LONG] = SAY_SASL_LONG, [SIGNIN_MALFORMED] = SAY_BASE64,
		[SIGNIN_NO_SLOT] = SAY_UP_AUTH_TEMP,
	};

	if (o == SIGNIN_CHALLENGE) {
		challenge_say(s, challenge);
		return E_OK;
	}
	phase_back(s);
	if (o == SIGNIN_USER || o == SIGNIN_PROVIDER)
		relay_say(s, SAY_AUTH_OK);
	else if (o == SIGNIN_DENIED)
		denied(s);
	else
		return relay_refuse(s, (enum smtp_say)refusals[o]);
	return E_OK;
}

/* The provider decides; until it has, the exchange stays open. */
static int ask_provider(struct session *s)
{
	struct relay *r = relay_of(s);
	struct slice login = signin_login(&r->in);
	int e = relay_upstream_need(s, r->in.account, login, signin_password(&r->in));
	bool refused;

	if (e == E_AGAIN)
		return E_AGAIN;
	if (e == E_OK) {
		memcpy(r->login, login.p, login.len);
		r->login[login.len] = '\0';
		return said(s, signin_judged(s, &r->in, true, false), login);
	}
	refused = r->up != NULL && r->up->talk.failure == TALK_AUTH_REFUSED;
	relay_drop_upstream(s);
	return said(s, signin_judged(s, &r->in, false, !refused), login);
}

/* What a step of the client's came to. */
static int outcome(struct session *s, enum signin_outcome o, struct slice challenge)
{
	if (o != SIGNIN_PROVIDER)
		return said(s, o, challenge);
	relay_phase(s, SMTP_SASL);
	return ask_provider(s);
}

static enum smtp_say may_begin(const struct session *s, const struct relay *r, int mech)
{
	if (s->policy.auth == CFG_LISTENER_AUTH_NONE)
		return SAY_NOT_HERE;
	if (!signin_allowed(s))
		return SAY_AUTH_PLAIN;
	if (signin_done(&r->in))
		return SAY_AUTH_DONE;
	if (mech < 0 || (signin_mechs() & SASL_BIT(mech)) == 0)
		return SAY_AUTH_MECH;
	return SAY_NOTHING;
}

int relay_auth(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);
	char text[SASL_CHALLENGE_TEXT];
	struct slice rest = arg, challenge = { NULL, 0 };
	struct slice name = slice_word(&rest);
	int mech = sasl_mech_find(name);
	enum smtp_say no = may_begin(s, r, mech);

	if (no != SAY_NOTHING)
		return relay_refuse(s, no);
	rest = slice_trim(rest);
	if (rest.len == 0)
		rest.p = NULL;
	return outcome(s, signin_begin(s, &r->in, (enum sasl_mech)mech, rest, &challenge, text),
		challenge);
}

void relay_auth_too_long(struct session *s)
{
	signin_end(&relay_of(s)->in);
	outcome(s, SIGNIN_LONG, (struct slice){ NULL, 0 });
}

int relay_auth_line(struct session *s, struct slice line)
{
	struct relay *r = relay_of(s);
	char text[SASL_CHALLENGE_TEXT];
	struct slice challenge = { NULL, 0 };

	if (r->in.account[0] != '\0')
		return ask_provider(s);
	return outcome(s, signin_line(s, &r->in, line, &challenge, text), challenge);
}
