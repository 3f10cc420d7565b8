/*
 * proxy_signin.c - who the client is, and the provider's word on it.
 *
 * A wrong password is said to be one only when it is the client's own: whatever is wrong between
 * gateway and provider is temporary to the client, so that it keeps its password (IM-19, PO-11).
 */
#include "gateway/proxy_signin.h"

#include "base/log.h"

void proxy_signin_end(struct session *s)
{
	struct proxy *p = proxy_of(s);

	signin_end(&p->in);
	if (p->command != NULL) {
		imap_command_start(p->command);
		pool_put(&pool_imap_command, p->command);
		p->command = NULL;
	}
	if (p->up != NULL) {
		upstream_end(p->up);
		pool_put(&pool_upstream, p->up);
		p->up = NULL;
	}
}

/* Says why not, and waits for the next command. */
static void refuse(struct session *s, enum proxy_word what)
{
	struct proxy *p = proxy_of(s);

	p->kind->say(s, what);
	chan_abort(&s->up);
	proxy_signin_end(s);
	p->account[0] = '\0';
	proxy_phase(s, PROXY_COMMAND);
	if (p->in.failures >= SIGNIN_TRIES) {
		p->kind->say(s, PROXY_SAY_TOO_MANY_ERRORS);
		proxy_phase(s, PROXY_END);
	} else {
		proxy_error(s);
	}
}

/* The account that serves a local user: its own, else the gateway's. "" when there is none. */
static struct slice account_of_user(const char *user)
{
	const struct settings *set = settings_running();

	for (unsigned i = 0; i < set->user_count; i++) {
		const struct cfg_user *u = &set->user[i];

		if (slice_is(settings_slice(set, u->head.name), user))
			return settings_slice(set, u->account != 0 ? u->account : set->gateway[0].account);
	}
	return slice_str("");
}

static void provider_ask(struct session *s, struct slice account, struct slice login,
	struct slice password)
{
	struct proxy *p = proxy_of(s);
	const struct cfg_account *a;
	struct fmt name = fmt_on(p->account, sizeof p->account - 1);
	int e;

	fmt_slice(&name, account);
	fmt_cstr(&name);
	a = settings_account(settings_running(), p->account);
	/* Where nobody signs in there is no mailbox of anybody. */
	if (a == NULL || a->auth == CFG_AUTH_NONE || (a->login == CFG_LOGIN_CLIENT && login.len == 0)) {
		refuse(s, PROXY_SAY_NO_ACCOUNT);
		return;
	}
	p->up = pool_get(&pool_upstream);
	e = p->up == NULL ? E_NOSLOT :
		upstream_start(p->up, p->account, p->kind->service, login, password);
	if (e != E_OK)
		refuse(s, e == E_NOSLOT ? PROXY_SAY_NO_SLOT : PROXY_SAY_NO_ACCOUNT);
	else
		proxy_phase(s, PROXY_SIGNIN);
}

static void challenge_say(struct session *s, struct slice challenge)
{
	char text[SASL_CHALLENGE_TEXT + 8];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_str(&f, "+ ");
	fmt_slice(&f, challenge);
	fmt_str(&f, "\r\n");
	proxy_put(s, &f);
	proxy_phase(s, PROXY_SASL);
}

void proxy_outcome(struct session *s, enum signin_outcome outcome, struct slice challenge)
{
	static const uint8_t refusals[SIGNIN_OUTCOME_COUNT] = {
		[SIGNIN_DENIED] = PROXY_SAY_AUTH_FAILED, [SIGNIN_LATER] = PROXY_SAY_AUTH_LATER,
		[SIGNIN_CANCELLED] = PROXY_SAY_AUTH_CANCELLED, [SIGNIN_LONG] = PROXY_SAY_AUTH_LONG,
		[SIGNIN_MALFORMED] = PROXY_SAY_AUTH_SYNTAX, [SIGNIN_NO_SLOT] = PROXY_SAY_NO_SLOT,
	};
	const struct slice none = { NULL, 0 };
	struct signin *in = &proxy_of(s)->in;

	if (outcome == SIGNIN_CHALLENGE)
		challenge_say(s, challenge);
	else if (outcome == SIGNIN_USER)
		provider_ask(s, account_of_user(in->user), none, none);
	else if (outcome == SIGNIN_PROVIDER)
		provider_ask(s, slice_str(in->account), signin_login(in), signin_password(in));
	else
		refuse(s, (enum proxy_word)refusals[outcome]);
}

void proxy_auth(struct session *s, struct slice mech, struct slice initial)
{
	char text[SASL_CHALLENGE_TEXT];
	struct slice challenge = { NULL, 0 };
	int found = sasl_mech_find(mech);

	if (!signin_allowed(s)) {
		refuse(s, PROXY_SAY_NEED_TLS);
		return;
	}
	if (found < 0 || (signin_mechs() & SASL_BIT(found)) == 0) {
		refuse(s, PROXY_SAY_AUTH_MECH);
		return;
	}
	proxy_outcome(s, signin_begin(s, &proxy_of(s)->in, (enum sasl_mech)found, initial, &challenge,
		text), challenge);
}

int proxy_signin_line(struct session *s, struct slice line)
{
	char text[SASL_CHALLENGE_TEXT];
	struct slice challenge = { NULL, 0 };

	proxy_outcome(s, signin_line(s, &proxy_of(s)->in, line, &challenge, text), challenge);
	return E_OK;
}

/* ---- the provider's word ---- */

static enum proxy_word failure_word(const struct upstream *u)
{
	static const uint8_t words[TALK_FAILURE_COUNT] = {
		[TALK_FINE] = PROXY_SAY_UP_DOWN, [TALK_GREETING] = PROXY_SAY_UP_DOWN,
		[TALK_CAPABILITIES] = PROXY_SAY_UP_DOWN, [TALK_NO_STARTTLS] = PROXY_SAY_UP_TLS,
		[TALK_TLS_REFUSED] = PROXY_SAY_UP_TLS, [TALK_PREAUTH] = PROXY_SAY_UP_TLS,
		[TALK_NO_MECH] = PROXY_SAY_UP_AUTH, [TALK_AUTH_REFUSED] = PROXY_SAY_UP_AUTH,
		[TALK_AUTH_TEMP] = PROXY_SAY_UP_AUTH_TEMP, [TALK_BUSY] = PROXY_SAY_UP_BUSY,
		[TALK_CREDENTIALS] = PROXY_SAY_UP_AUTH, [TALK_CLOSING] = PROXY_SAY_UP_DOWN,
		[TALK_DESYNC] = PROXY_SAY_UP_LOST, [TALK_MALFORMED] = PROXY_SAY_UP_LOST,
	};

	if (u->failed_stage == UP_PLACE)
		return PROXY_SAY_UP_LIMIT;
	if (u->tls_why == TLS_NO_SLOT)
		return PROXY_SAY_NO_SLOT;
	if (u->error == E_TLS || u->tls_why != TLS_FINE)
		return PROXY_SAY_UP_TLS;
	return (enum proxy_word)words[u->talk.failure];
}

/* What the provider says of the client's own password. */
static enum proxy_word refusal_word(const struct upstream *u)
{
	struct slice code = slice_str(u->talk.reply.status);

	return slice_is(code, "EXPIRED") ? PROXY_SAY_AUTH_EXPIRED :
		slice_is(code, "CONTACTADMIN") ? PROXY_SAY_AUTH_ADMIN : PROXY_SAY_AUTH_FAILED;
}

/* The client's own password, which the provider refused: a guess like any other. */
static int provider_refused(struct session *s)
{
	struct proxy *p = proxy_of(s);
	bool judged = p->in.account[0] != '\0' && p->up->talk.failure == TALK_AUTH_REFUSED;
	enum proxy_word what = judged ? refusal_word(p->up) : failure_word(p->up);

	if (p->in.account[0] != '\0')
		signin_judged(s, &p->in, false, !judged);
	refuse(s, what);
	return 1;
}

static int provider_ready(struct session *s)
{
	struct proxy *p = proxy_of(s);

	if (p->in.account[0] != '\0')
		signin_judged(s, &p->in, true, false);
	log_line(PORT_LOG_INFO, "session %llu: %s mailbox of account %s opened",
		(unsigned long long)s->id, s->type->name, p->account);
	p->kind->signed_in(s);
	upstream_hand_over(p->up);
	p->has_place = true;
	proxy_signin_end(s);
	pipe_start(&p->pipe);
	proxy_phase(s, PROXY_PIPE);
	return 1;
}

int proxy_signin_step(struct session *s)
{
	struct proxy *p = proxy_of(s);
	int moved = upstream_step(p->up, &s->up, session_owner(s));

	if (p->up->stage != UP_FAILED && p->up->stage != UP_READY)
		return moved;
	if (chan_room(&s->down) < CHAN_PUT_MAX)
		return 0;
	return p->up->stage == UP_FAILED ? provider_refused(s) : provider_ready(s);
}

int proxy_signin_late(struct session *s)
{
	struct proxy *p = proxy_of(s);

	if (chan_room(&s->down) < CHAN_PUT_MAX)
		return E_TIMEOUT;
	upstream_fail(p->up, &s->up, E_TIMEOUT);
	return provider_refused(s);
}
