/*
 * signin.c - one path for every way to sign in: the exchange ends in a login and a password, and
 * decide() says whose they are.
 */
#include "gateway/signin.h"

#include <string.h>

#include "base/log.h"
#include "board.h"
#include "gateway/host.h"
#include "gateway/limits.h"
#include "gateway/users.h"

POOL_DEFINE(sasl, struct sasl_server, BOARD_SESSIONS);

#define OUTCOME_NAME(name, text) text,
const char *const signin_outcome_name[SIGNIN_OUTCOME_COUNT] = { SIGNIN_OUTCOMES(OUTCOME_NAME) };
#undef OUTCOME_NAME

unsigned signin_mechs(void)
{
	return users_mechs(settings_running());
}

bool signin_allowed(const struct session *s)
{
	return chan_secure(&s->down) ||
		(s->policy.plain_auth && s->policy.tls != CFG_LISTENER_TLS_REQUIRED);
}

bool signin_done(const struct signin *in)
{
	return in->user[0] != '\0' || (in->account[0] != '\0' && in->sasl == NULL);
}

void signin_end(struct signin *in)
{
	if (in->sasl == NULL)
		return;
	sasl_wipe(in->sasl);
	pool_put(&pool_sasl, in->sasl);
	in->sasl = NULL;
}

void signin_forget(struct signin *in)
{
	signin_end(in);
	in->user[0] = in->account[0] = '\0';
}

static void name_keep(char *out, struct slice name)
{
	struct fmt f = fmt_on(out, SIGNIN_NAME_MAX - 1);

	fmt_slice(&f, name);
	fmt_cstr(&f);
}

static enum signin_outcome denied(struct session *s, struct signin *in)
{
	char login[64];
	struct fmt f = fmt_on(login, sizeof login - 1);

	limits_auth_result(&s->peer, sasl_authcid(in->sasl), false);
	fmt_clean(&f, sasl_authcid(in->sasl), 48);
	log_line(PORT_LOG_WARN, "session %llu: sign-in of '%s' refused", (unsigned long long)s->id,
		fmt_cstr(&f));
	signin_forget(in);
	in->failures++;
	return SIGNIN_DENIED;
}

/* The exchange has its result: whose is it? */
static enum signin_outcome decide(struct session *s, struct signin *in)
{
	const struct settings *set = settings_running();
	struct slice login = sasl_authcid(in->sasl);
	const struct cfg_account *a;
	const struct cfg_user *u;
	unsigned wait_s;

	if (limits_auth_allowed(&s->peer, login, &wait_s) != E_OK) {
		signin_end(in);
		return SIGNIN_LATER;
	}
	a = settings_user(set, login) == NULL ? settings_account_of_domain(set, login) : NULL;
	if (a != NULL && in->sasl->mech != SASL_CRAM_MD5) {
		name_keep(in->account, settings_slice(set, a->head.name));
		return SIGNIN_PROVIDER;
	}
	u = users_check(set, in->sasl);
	if (u == NULL)
		return denied(s, in);
	name_keep(in->user, settings_slice(set, u->head.name));
	limits_auth_result(&s->peer, login, true);
	signin_end(in);
	return SIGNIN_USER;
}

/* What a step of the exchange came to. */
static enum signin_outcome go_on(struct session *s, struct signin *in, int e)
{
	if (e == E_MORE)
		return SIGNIN_CHALLENGE;
	if (e == E_OK)
		return decide(s, in);
	signin_end(in);
	return e == E_ACCESS ? SIGNIN_CANCELLED : e == E_LIMIT ? SIGNIN_LONG : SIGNIN_MALFORMED;
}

static int challenge_make(struct signin *in)
{
	uint8_t random[8];
	int64_t now_s = 0;

	port_time(&now_s);
	if (port_entropy(random, sizeof random) != E_OK)
		return E_AGAIN;
	sasl_cram_challenge(in->sasl, random, now_s, slice_str(host_name()));
	return E_OK;
}

enum signin_outcome signin_begin(struct session *s, struct signin *in, enum sasl_mech mech,
	struct slice initial, struct slice *challenge, char *text)
{
	signin_forget(in);
	in->sasl = pool_get(&pool_sasl);
	if (in->sasl == NULL || (mech == SASL_CRAM_MD5 && challenge_make(in) != E_OK)) {
		signin_end(in);
		return SIGNIN_NO_SLOT;
	}
	return go_on(s, in, sasl_server_start(in->sasl, mech, initial, challenge, text,
		SASL_CHALLENGE_TEXT));
}

enum signin_outcome signin_line(struct session *s, struct signin *in, struct slice line,
	struct slice *challenge, char *text)
{
	return go_on(s, in, sasl_server_line(in->sasl, line, challenge, text, SASL_CHALLENGE_TEXT));
}

enum signin_outcome signin_name(struct signin *in, struct slice login)
{
	signin_forget(in);
	if (login.len > SASL_LOGIN_MAX)
		return SIGNIN_LONG;
	in->sasl = pool_get(&pool_sasl);
	if (in->sasl == NULL)
		return SIGNIN_NO_SLOT;
	if (login.len > 0)
		memcpy(in->sasl->authcid, login.p, login.len);
	in->sasl->authcid_len = (uint16_t)login.len;
	return SIGNIN_CHALLENGE;
}

enum signin_outcome signin_given(struct session *s, struct signin *in, struct slice login,
	struct slice password)
{
	uint8_t name[SASL_LOGIN_MAX]; /* signin_login() shows what is wiped here */
	enum signin_outcome kept;

	if (login.len > sizeof name)
		return SIGNIN_LONG;
	if (login.len > 0)
		memcpy(name, login.p, login.len);
	login.p = name;
	kept = signin_name(in, login);
	if (kept != SIGNIN_CHALLENGE)
		return kept;
	return go_on(s, in, sasl_server_given(in->sasl, login, password));
}

struct slice signin_login(const struct signin *in)
{
	return sasl_authcid(in->sasl);
}

struct slice signin_password(const struct signin *in)
{
	return sasl_password(in->sasl);
}

enum signin_outcome signin_judged(struct session *s, struct signin *in, bool good, bool temporary)
{
	if (!good && !temporary)
		return denied(s, in);
	if (good)
		limits_auth_result(&s->peer, sasl_authcid(in->sasl), true);
	else
		in->account[0] = '\0';
	signin_end(in);
	return good ? SIGNIN_PROVIDER : SIGNIN_NO_SLOT;
}
