/*
 * relay_auth.c - AUTH (RFC 4954): the exchange, then the local user, or the provider for accounts
 * with `login client`. Every refusal sounds alike and is counted.
 */
#include <string.h>

#include "base/log.h"
#include "board.h"
#include "gateway/host.h"
#include "gateway/limits.h"
#include "gateway/relay.h"
#include "gateway/users.h"

enum { TRIES = 3 };

POOL_DEFINE(sasl, struct sasl_server, BOARD_SESSIONS);

unsigned relay_auth_mechs(void)
{
	return users_mechs(settings_running());
}

bool relay_auth_offered(const struct session *s)
{
	return s->policy.auth != CFG_LISTENER_AUTH_NONE && (relay_secure(s) || s->policy.plain_auth);
}

static void exchange_end(struct session *s)
{
	struct relay *r = relay_of(s);

	if (r->sasl != NULL) {
		sasl_wipe(r->sasl);
		pool_put(&pool_sasl, r->sasl);
	}
	r->sasl = NULL;
	if (r->phase == SMTP_SASL)
		relay_phase(s, r->helo[0] != '\0' || r->esmtp ? SMTP_READY : SMTP_HELLO);
}

static int refuse(struct session *s, enum smtp_say what)
{
	exchange_end(s);
	relay_say(s, what);
	relay_error(s);
	return E_OK;
}

/* A wrong password. Three of them end the session, so that guessing costs a connection. */
static int denied(struct session *s)
{
	struct relay *r = relay_of(s);
	char login[64];
	struct fmt f = fmt_on(login, sizeof login - 1);

	limits_auth_result(&s->peer, sasl_authcid(r->sasl), false);
	fmt_clean(&f, sasl_authcid(r->sasl), 48);
	log_line(PORT_LOG_WARN, "session %llu: sign-in of '%s' refused", (unsigned long long)s->id,
		fmt_cstr(&f));
	exchange_end(s);
	relay_say(s, SAY_AUTH_FAILED);
	if (++r->auth_failures >= TRIES) {
		relay_say(s, SAY_TOO_MANY_ERRORS);
		relay_phase(s, SMTP_QUIT);
	}
	return E_OK;
}

static int granted(struct session *s)
{
	struct relay *r = relay_of(s);

	limits_auth_result(&s->peer, sasl_authcid(r->sasl), true);
	exchange_end(s);
	relay_say(s, SAY_AUTH_OK);
	return E_OK;
}

static void name_keep(char *out, size_t cap, struct slice name)
{
	struct fmt f = fmt_on(out, cap - 1);

	fmt_slice(&f, name);
	fmt_cstr(&f);
}

/* The provider decides; until it has, the exchange stays open. */
static int ask_provider(struct session *s, const struct cfg_account *a)
{
	struct relay *r = relay_of(s);
	const char *name = settings_text(settings_running(), a->head.name);
	struct slice login = sasl_authcid(r->sasl);
	int e = relay_upstream_need(s, name, login, sasl_password(r->sasl));

	if (e == E_AGAIN)
		return E_AGAIN;
	if (e == E_OK) {
		name_keep(r->login_account, sizeof r->login_account, slice_str(name));
		name_keep(r->login, sizeof r->login, login);
		return granted(s);
	}
	e = r->up != NULL && r->up->talk.failure == TALK_AUTH_REFUSED ? E_ACCESS : E_TIMEOUT;
	relay_drop_upstream(s);
	return e == E_ACCESS ? denied(s) : refuse(s, SAY_UP_AUTH_TEMP);
}

/* The exchange has its result. E_AGAIN while a provider is asked. */
static int decide(struct session *s)
{
	const struct settings *set = settings_running();
	struct relay *r = relay_of(s);
	struct slice login = sasl_authcid(r->sasl);
	const struct cfg_account *a;
	const struct cfg_user *u;
	unsigned wait_s;

	if (r->up == NULL && limits_auth_allowed(&s->peer, login, &wait_s) != E_OK)
		return refuse(s, SAY_AUTH_LATER);
	a = settings_user(set, login) == NULL ? settings_account_of_domain(set, login) : NULL;
	if (a != NULL && r->sasl->mech != SASL_CRAM_MD5)
		return ask_provider(s, a);
	u = users_check(set, r->sasl);
	if (u == NULL)
		return denied(s);
	name_keep(r->user, sizeof r->user, settings_slice(set, u->head.name));
	return granted(s);
}

static void challenge_say(struct session *s, struct slice challenge)
{
	char text[SASL_CHALLENGE_TEXT + 8];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_str(&f, "334 ");
	fmt_slice(&f, challenge);
	fmt_str(&f, "\r\n");
	relay_put(s, &f);
}

/* What a step of the exchange came to. */
static int go_on(struct session *s, int e, struct slice challenge)
{
	switch (e) {
	case E_MORE:
		challenge_say(s, challenge);
		relay_phase(s, SMTP_SASL);
		return E_OK;
	case E_OK:
		relay_phase(s, SMTP_SASL);
		return decide(s);
	case E_ACCESS:
		return refuse(s, SAY_AUTH_CANCEL);
	case E_LIMIT:
		return refuse(s, SAY_SASL_LONG);
	default:
		return refuse(s, SAY_BASE64);
	}
}

static enum smtp_say may_begin(const struct session *s, const struct relay *r, int mech)
{
	if (s->policy.auth == CFG_LISTENER_AUTH_NONE)
		return SAY_NOT_HERE;
	if (!relay_auth_offered(s))
		return SAY_AUTH_PLAIN;
	if (r->user[0] != '\0' || r->login_account[0] != '\0')
		return SAY_AUTH_DONE;
	if (mech < 0 || (relay_auth_mechs() & SASL_BIT(mech)) == 0)
		return SAY_AUTH_MECH;
	return SAY_NOTHING;
}

static int challenge_make(struct session *s)
{
	uint8_t random[8];
	int64_t now_s = 0;

	port_time(&now_s);
	if (port_entropy(random, sizeof random) != E_OK)
		return E_AGAIN;
	sasl_cram_challenge(relay_of(s)->sasl, random, now_s, slice_str(host_name()));
	return E_OK;
}

int relay_auth(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);
	char text[SASL_CHALLENGE_TEXT];
	struct slice rest = arg, challenge = { NULL, 0 };
	struct slice name = slice_word(&rest);
	int mech = sasl_mech_find(name);
	enum smtp_say no = may_begin(s, r, mech);

	if (no != SAY_NOTHING) {
		relay_say(s, no);
		relay_error(s);
		return E_OK;
	}
	r->sasl = pool_get(&pool_sasl);
	if (r->sasl == NULL || (mech == SASL_CRAM_MD5 && challenge_make(s) != E_OK))
		return refuse(s, SAY_UP_AUTH_TEMP);
	rest = slice_trim(rest);
	if (rest.len == 0)
		rest.p = NULL;
	return go_on(s, sasl_server_start(r->sasl, (enum sasl_mech)mech, rest, &challenge, text,
		sizeof text), challenge);
}

void relay_auth_too_long(struct session *s)
{
	refuse(s, SAY_SASL_LONG);
}

int relay_auth_line(struct session *s, struct slice line)
{
	struct relay *r = relay_of(s);
	char text[SASL_CHALLENGE_TEXT];
	struct slice challenge = { NULL, 0 };

	if (r->sasl->state == SASL_DONE)
		return decide(s);
	return go_on(s, sasl_server_line(r->sasl, line, &challenge, text, sizeof text), challenge);
}
