/*
 * upstream.c - from an account's name to a signed-in connection, stage by stage.
 */
#include "gateway/upstream.h"

#include <string.h>

#include "base/base64.h"
#include "base/log.h"
#include "board.h"
#include "gateway/host.h"
#include "gateway/places.h"
#include "gateway/upstream_stages.h"

enum { RESOLVE_MS = 15000, PLACE_MS = 30000 };

POOL_DEFINE(upstream, struct upstream, BOARD_TRANSACTIONS);

#define STAGE_NAME(name, text) text,
const char *const up_stage_name[UP_STAGE_COUNT] = { UP_STAGES(STAGE_NAME) };
#undef STAGE_NAME

#define SERVICE_NAME(name, text) text,
const char *const up_service_name[UP_SERVICE_COUNT] = { UP_SERVICES(SERVICE_NAME) };
#undef SERVICE_NAME

static const uint8_t securities[CFG_tls_COUNT] = {
	[CFG_TLS_OFF] = TALK_CLEAR, [CFG_TLS_STARTTLS] = TALK_BY_STARTTLS,
	[CFG_TLS_IMPLICIT] = TALK_BY_TLS,
};

static unsigned mechs_allowed(uint8_t auth)
{
	static const unsigned sets[CFG_auth_COUNT] = {
		[CFG_AUTH_AUTO] = SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_CRAM_MD5),
		[CFG_AUTH_PLAIN] = SASL_BIT(SASL_PLAIN), [CFG_AUTH_LOGIN] = SASL_BIT(SASL_LOGIN),
		[CFG_AUTH_CRAM_MD5] = SASL_BIT(SASL_CRAM_MD5),
	};

	return sets[auth];
}

void upstream_stage_set(struct upstream *u, enum up_stage stage, uint32_t within_ms)
{
	u->stage = (uint8_t)stage;
	u->deadline_ms = port_clock_ms() + within_ms;
}

void upstream_fail(struct upstream *u, struct chan *ch, int error)
{
	char text[256];
	struct fmt f = fmt_on(text, sizeof text);

	if (u->stage == UP_FAILED)
		return;
	u->failed_stage = u->stage;
	u->stage = UP_FAILED;
	u->error = error;
	u->tls_why = ch->why;
	chan_abort(ch);
	upstream_end(u);
	upstream_explain(u, &f);
	log_line(PORT_LOG_WARN, "account %s: %.*s", u->account, (int)f.len, f.p);
}

/* Where a service of an account is. */
struct server {
	text_ref host;
	uint16_t port;
	uint8_t tls;
};

static struct server server_of(const struct cfg_account *a, uint8_t service)
{
	const struct server servers[UP_SERVICE_COUNT] = {
		[UP_SMTP] = { a->smtp_host, a->smtp_port, a->smtp_tls },
		[UP_IMAP] = { a->imap_host, a->imap_port, a->imap_tls },
		[UP_POP3] = { a->pop3_host, a->pop3_port, a->pop3_tls },
	};

	return servers[service];
}

/* Host, port and security of the wanted service. E_OK or E_NOENT. */
static int server_find(struct upstream *u, const struct settings *s, const struct cfg_account *a)
{
	struct server server = server_of(a, u->service);
	struct fmt host = fmt_on(u->host, sizeof u->host);

	if (server.host == 0)
		return E_NOENT;
	fmt_str(&host, settings_text(s, server.host));
	fmt_cstr(&host);
	u->port = server.port;
	u->security = securities[server.tls];
	return E_OK;
}

/* Whether the account still leads to where this one went: after a reload its credentials may be
 * another server's. */
static bool is_still_meant(const struct upstream *u)
{
	const struct settings *s = settings_running();
	const struct cfg_account *a = settings_account(s, u->account);
	struct server server;

	if (a == NULL)
		return false;
	server = server_of(a, u->service);
	return server.host != 0 && strcmp(settings_text(s, server.host), u->host) == 0 &&
		server.port == u->port && securities[server.tls] == u->security;
}

static void talk_begin(struct upstream *u, unsigned mechs)
{
	enum talk_security security = (enum talk_security)u->security;

	switch (u->service) {
	case UP_IMAP:
		imap_client_start(&u->imap, security, u->sign_in, mechs);
		break;
	case UP_POP3:
		pop3_client_start(&u->pop3, security, u->sign_in, mechs);
		break;
	default:
		smtp_client_start(&u->smtp, security, u->sign_in, mechs);
		break;
	}
}

int upstream_start(struct upstream *u, const char *account, enum up_service service,
	struct slice login, struct slice secret)
{
	const struct settings *s = settings_running();
	const struct cfg_account *a = settings_account(s, account);
	struct fmt name = fmt_on(u->account, sizeof u->account);

	if (a == NULL || login.len > sizeof u->login || secret.len > sizeof u->secret)
		return E_NOENT;
	fmt_str(&name, account);
	fmt_cstr(&name);
	u->service = (uint8_t)service;
	if (server_find(u, s, a) != E_OK)
		return E_NOENT;
	u->client_login = a->login == CFG_LOGIN_CLIENT;
	u->sign_in = a->auth != CFG_AUTH_NONE;
	memcpy(u->login, login.p != NULL ? login.p : (const uint8_t *)"", login.len);
	memcpy(u->secret, secret.p != NULL ? secret.p : (const uint8_t *)"", secret.len);
	u->login_len = (uint16_t)login.len;
	u->secret_len = (uint16_t)secret.len;
	talk_begin(u, mechs_allowed(a->auth));
	upstream_stage_set(u, UP_PLACE, PLACE_MS);
	return E_OK;
}

/* ---- stages ---- */

static int place_step(struct upstream *u, struct chan *ch, port_owner owner)
{
	int e = places_take(u->account, &u->waits_place, owner);

	(void)ch;
	if (e == E_AGAIN)
		return 0;
	u->has_place = true;
	upstream_stage_set(u, UP_RESOLVE, RESOLVE_MS);
	return 1;
}

static void pins_fill(const struct settings *s, const struct cfg_account *a,
	struct tls_client_want *want)
{
	for (unsigned i = 0; i < a->pin.count && want->pin_count < TLS_PINS_MAX; i++) {
		struct slice pin = settings_slice(s, settings_item(s, a->pin, i)->text);
		uint8_t *key = want->pins[want->pin_count];

		if (base64_decode(slice_from(pin, strlen("sha256/")), key, 32) == 32)
			want->pin_count++;
	}
}

static int tls_begin(struct upstream *u, struct chan *ch)
{
	const struct settings *s = settings_running();
	const struct cfg_account *a = settings_account(s, u->account);
	struct tls_client_want want = { .name = u->host, .scope = u->account, .port = u->port,
		.fresh = u->fresh };

	if (a == NULL)
		return E_NOENT;
	want.trust = settings_text(s, a->trust != 0 ? a->trust : s->gateway[0].trust);
	pins_fill(s, a, &want);
	return chan_tls_client(ch, &want);
}

static int handshake_step(struct upstream *u, struct chan *ch, port_owner owner)
{
	int e;

	(void)owner;
	if (ch->tls == NULL) {
		if (!chan_flushed(ch))
			return 0;
		e = tls_begin(u, ch);
		if (e != E_OK)
			upstream_fail(u, ch, e);
		upstream_stage_set(u, (enum up_stage)u->stage, UP_HANDSHAKE_MS);
		return 1;
	}
	if (!chan_secure(ch))
		return 0;
	if (u->security == TALK_BY_STARTTLS)
		talk_secured(&u->talk);
	upstream_stage_set(u, UP_TALK, talk_patience_ms(&u->talk));
	return 1;
}

/* ---- the dialogue ---- */

static struct sasl_credentials credentials(const struct upstream *u)
{
	const struct settings *s = settings_running();
	const struct cfg_account *a = settings_account(s, u->account);
	struct sasl_credentials who = { { NULL, 0 }, slice_of(u->login, u->login_len),
		slice_of(u->secret, u->secret_len) };

	if (!u->client_login && a != NULL) {
		who.authcid = settings_slice(s, a->username != 0 ? a->username : a->address);
		who.secret = settings_slice(s, a->password);
	}
	return who;
}

/* Says what the dialogue has to say. > 0, 0, or an error. */
static int dialogue_say(struct upstream *u, struct chan *ch)
{
	char line[TALK_LINE_MAX];
	struct fmt f = fmt_on(line, sizeof line);
	struct sasl_credentials who = credentials(u);
	int e;

	if (chan_room(ch) < CHAN_PUT_MAX)
		return 0;
	if (u->stage == UP_TALK && !is_still_meant(u))
		return talk_fail(&u->talk, TALK_AUTH_TEMP);
	e = talk_say(&u->talk, host_name(), &who, &f);
	if (e == E_OK)
		e = f.over || f.len > CHAN_PUT_MAX ? talk_fail(&u->talk, TALK_CREDENTIALS) :
			chan_put(ch, line, f.len);
	mem_wipe(line, sizeof line);
	return e == E_OK ? 1 : e == E_AGAIN ? 0 : E_PROTO;
}

/* Hears one line. > 0, 0, or an error. */
static int dialogue_hear(struct upstream *u, struct chan *ch)
{
	struct slice line;
	int e = chan_line(ch, &line, NULL);

	if (e == E_AGAIN || (e == E_EOF && u->stage == UP_READY && talk_idle(&u->talk)))
		return 0;
	if (e != E_OK)
		return e == E_LIMIT || e == E_EXIST ? E_PROTO : e;
	e = talk_hear(&u->talk, line);
	chan_line_done(ch);
	u->deadline_ms = port_clock_ms() + talk_patience_ms(&u->talk);
	return e == E_PROTO ? E_PROTO : 1;
}

static int dialogue_step(struct upstream *u, struct chan *ch, port_owner owner)
{
	int heard, said = 0;

	(void)owner;
	if (talk_securing(&u->talk)) {
		upstream_stage_set(u, UP_HANDSHAKE, UP_HANDSHAKE_MS);
		return 1;
	}
	heard = dialogue_hear(u, ch); /* what is here already answers no command of later */
	if (heard == 0)
		said = dialogue_say(u, ch);
	if (said < 0 || heard < 0) {
		upstream_fail(u, ch, said < 0 ? said : ch->error != E_OK ? ch->error : heard);
		return 1;
	}
	if (u->stage == UP_TALK && talk_idle(&u->talk)) {
		mem_wipe(u->secret, sizeof u->secret);
		u->secret_len = 0;
		u->stage = UP_READY;
	}
	return said + heard;
}

/* A channel that broke ends it, once what it still brought has been read. */
static int broken(struct upstream *u, struct chan *ch)
{
	if (u->stage < UP_HANDSHAKE || u->stage == UP_FAILED || ch->error == E_OK)
		return 0;
	upstream_fail(u, ch, ch->error);
	return 1;
}

int upstream_step(struct upstream *u, struct chan *ch, port_owner owner)
{
	static int (*const steps[UP_STAGE_COUNT])(struct upstream *, struct chan *, port_owner) = {
		[UP_PLACE] = place_step, [UP_RESOLVE] = upstream_resolve_step,
		[UP_CONNECT] = upstream_connect_step, [UP_HANDSHAKE] = handshake_step,
		[UP_TALK] = dialogue_step, [UP_READY] = dialogue_step,
	};
	int moved;

	if (u->stage == UP_FAILED)
		return 0;
	if (port_clock_ms() >= upstream_deadline_ms(u) && port_clock_ms() >= u->deadline_ms) {
		upstream_fail(u, ch, u->stage == UP_PLACE ? E_NOSLOT : E_TIMEOUT);
		return 1;
	}
	moved = steps[u->stage](u, ch, owner);
	return moved > 0 ? moved : broken(u, ch);
}

int upstream_ask(struct upstream *u, struct chan *ch, enum smtp_state step, struct slice line)
{
	int e;

	if (u->smtp.pending_len == 0 && chan_has_input(ch)) {
		u->talk.failure = TALK_DESYNC;
		upstream_fail(u, ch, E_PROTO);
		return E_AGAIN;
	}
	e = chan_put(ch, line.p, line.len);
	if (e != E_OK)
		return e;
	e = smtp_client_ask(&u->smtp, step);
	u->deadline_ms = port_clock_ms() + talk_patience_ms(&u->talk);
	return e;
}

uint64_t upstream_deadline_ms(const struct upstream *u)
{
	bool racing = u->stage == UP_CONNECT && u->addr_next < u->addr_count;

	if (u->stage == UP_FAILED || (u->stage == UP_READY && talk_idle(&u->talk)))
		return UINT64_MAX;
	return racing && u->try_ms < u->deadline_ms ? u->try_ms : u->deadline_ms;
}

void upstream_hand_over(struct upstream *u)
{
	u->has_place = false;
	upstream_end(u);
}

void upstream_end(struct upstream *u)
{
	upstream_tries_drop(u);
	waiter_leave(&u->waits_v6);
	waiter_leave(&u->waits_v4);
	places_leave(u->account, &u->waits_place);
	if (u->has_place)
		places_give(u->account);
	u->has_place = false;
	mem_wipe(u->secret, sizeof u->secret);
	u->secret_len = 0;
}

void upstream_reset(void)
{
	places_reset();
}
