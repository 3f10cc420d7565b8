/*
 * check.c - one check: an upstream and a channel of its own; a line is written as each stage ends.
 */
#include "gateway/check.h"

#include <string.h>

#include "base/addr.h"
#include "gateway/explain.h"
#include "gateway/host.h"
#include "gateway/upstream.h"

enum { QUIT_MS = 2000 };

struct check {
	bool used, over, bad, quitting, all;
	uint8_t found, taken, stage;
	uint16_t next_account;       /* of the running configuration, with `all` */
	port_owner asker;
	uint64_t step_ms, quit_ms;
	struct upstream *up;
	struct chan ch;
	struct check_finding finding[CHECK_STEP_COUNT];
};

static struct check checks[CHECKS_MAX];

#define STEP_TEXT(name, text) text,
const char *const check_step_name[CHECK_STEP_COUNT] = { CHECK_STEPS(STEP_TEXT) };
#undef STEP_TEXT

static port_owner own(const struct check *c)
{
	return owner_of(OWNER_SERVICE, (uint16_t)(SERVICE_CHECKS + (c - checks)));
}

/* Opens the next finding; line_close() ends its text. */
static struct fmt line_open(struct check *c, enum check_step step, bool good)
{
	unsigned at = c->found < CHECK_STEP_COUNT ? c->found : CHECK_STEP_COUNT - 1;
	struct check_finding *n = &c->finding[at];
	struct fmt name = fmt_on(n->account, sizeof n->account - 1);
	uint64_t now = port_clock_ms();

	memset(n, 0, sizeof *n);
	fmt_str(&name, c->up->account);
	n->step = (uint8_t)step;
	n->good = good;
	n->ms = (uint32_t)(now - c->step_ms);
	c->step_ms = now;
	c->bad = c->bad || !good;
	return fmt_on(n->text, sizeof n->text - 1);
}

static void line_close(struct check *c, struct fmt *f)
{
	fmt_cstr(f);
	if (c->found < CHECK_STEP_COUNT)
		c->found++;
	due_mark(c->asker);
}

static void dns_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_DNS, true);

	fmt_printf(&f, "%s is ", c->up->host);
	for (unsigned i = 0; i < c->up->addr_count; i++) {
		fmt_str(&f, i > 0 ? ", " : "");
		addr_put(&f, &c->up->addr[i]);
	}
	line_close(c, &f);
}

static void tcp_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_TCP, true);

	fmt_str(&f, "connected to ");
	addr_put_port(&f, &c->up->at);
	line_close(c, &f);
}

static void tls_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_TLS, true);
	struct tls_facts t;

	chan_facts(&c->ch, &t);
	fmt_printf(&f, "%s, %s", tls_version_name(t.version), tls_suite_name(t.suite));
	if (t.resumed)
		fmt_str(&f, ", session resumed");
	else
		fmt_printf(&f, ", certificate from %s, %d days left", t.issuer, (int)t.days_left);
	line_close(c, &f);
}

static void capabilities_line(struct check *c)
{
	static const struct {
		unsigned cap;
		const char *name;
	} caps[] = {
		{ SMTP_HAS_8BITMIME, "8BITMIME" }, { SMTP_HAS_SMTPUTF8, "SMTPUTF8" },
		{ SMTP_HAS_PIPELINING, "PIPELINING" }, { SMTP_HAS_DSN, "DSN" },
		{ SMTP_HAS_CHUNKING, "CHUNKING" },
	};
	const struct smtp_client *smtp = &c->up->smtp;
	struct fmt f = line_open(c, CHECK_CAPABILITIES, true);

	fmt_str(&f, "offers");
	if ((smtp->caps & SMTP_HAS_SIZE) != 0)
		fmt_printf(&f, " SIZE %llu", (unsigned long long)smtp->size_max);
	for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++)
		if ((smtp->caps & caps[i].cap) != 0)
			fmt_printf(&f, " %s", caps[i].name);
	if ((smtp->caps & SMTP_HAS_AUTH) != 0)
		fmt_str(&f, " AUTH");
	for (int m = 0; m < SASL_MECHS; m++)
		if ((smtp->talk.mechs & SASL_BIT(m)) != 0)
			fmt_printf(&f, " %s", sasl_mech_name[m]);
	line_close(c, &f);
}

static void login_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_LOGIN, true);

	if (c->up->sign_in)
		fmt_printf(&f, "accepted by %s", sasl_mech_name[c->up->talk.sasl.mech]);
	else
		fmt_str(&f, c->up->client_login ? "left to the clients: the account has none of its own" :
			"none wanted by the configuration");
	line_close(c, &f);
}

static void greeting_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_GREETING, true);

	fmt_printf(&f, "the server speaks SMTP");
	line_close(c, &f);
}

/* Which step a failed stage belongs to. */
static enum check_step failed_step(const struct upstream *u)
{
	static const uint8_t by_failure[TALK_FAILURE_COUNT] = {
		[TALK_GREETING] = CHECK_GREETING, [TALK_CAPABILITIES] = CHECK_CAPABILITIES,
		[TALK_NO_STARTTLS] = CHECK_TLS, [TALK_TLS_REFUSED] = CHECK_TLS,
		[TALK_NO_MECH] = CHECK_LOGIN, [TALK_AUTH_REFUSED] = CHECK_LOGIN,
		[TALK_AUTH_TEMP] = CHECK_LOGIN, [TALK_CREDENTIALS] = CHECK_LOGIN,
		[TALK_CLOSING] = CHECK_GREETING, [TALK_DESYNC] = CHECK_GREETING,
		[TALK_MALFORMED] = CHECK_GREETING,
	};

	if (u->failed_stage <= UP_RESOLVE)
		return CHECK_DNS;
	if (u->failed_stage == UP_CONNECT)
		return CHECK_TCP;
	if (u->error == E_TLS || u->tls_why != TLS_FINE || u->failed_stage == UP_HANDSHAKE)
		return CHECK_TLS;
	return u->talk.failure != TALK_FINE ? (enum check_step)by_failure[u->talk.failure] :
		CHECK_GREETING;
}

/* What to do where the server did not even get to speak. */
static const char *advice(const struct upstream *u)
{
	if (u->tls_why == TLS_UNKNOWN_CA)
		return "set trust to the bundle that has its authority, or pin its key";
	if (u->tls_why == TLS_NO_TRUST)
		return "install ca-certificates, or set trust";
	if (u->tls_why == TLS_PLAINTEXT)
		return "try smtp_tls 'starttls', or the port for implicit TLS";
	if (u->tls_why == TLS_WRONG_NAME)
		return "use the host name that the provider documents";
	if (u->failed_stage == UP_RESOLVE)
		return u->error == E_NOENT ? "check smtp_host" : "check the network and its name servers";
	if (u->failed_stage == UP_CONNECT)
		return "check smtp_host, smtp_port and any firewall";
	if (u->failed_stage == UP_TALK && u->talk.failure == TALK_FINE)
		return "a port for implicit TLS needs smtp_tls 'implicit'";
	return NULL;
}

static void failure_line(struct check *c)
{
	const struct upstream *u = c->up;
	const struct talk *t = &u->talk;
	const char *hint = t->failure != TALK_FINE && t->reply.code >= 400 ?
		explain_reply(t->reply.code, t->reply.status, slice_of(t->reply.text, t->reply.text_len)) :
		advice(u);
	struct fmt f;

	if (c->stage < UP_CONNECT && u->failed_stage >= UP_CONNECT)
		dns_line(c);
	if (c->stage < UP_HANDSHAKE && u->failed_stage >= UP_HANDSHAKE)
		tcp_line(c);
	f = line_open(c, failed_step(u), false);
	upstream_explain(u, &f);
	line_close(c, &f);
	f = fmt_on(c->finding[c->found - 1].advice, sizeof c->finding[0].advice - 1);
	fmt_str(&f, hint != NULL ? hint : "");
}

/* Writes the lines of the stages that ended since the last look. */
static void report(struct check *c)
{
	uint8_t now = c->up->stage, seen = c->stage;

	if (now == UP_FAILED) {
		failure_line(c);
		c->over = true;
		return;
	}
	if (seen < UP_CONNECT && now >= UP_CONNECT)
		dns_line(c);
	if (seen < UP_HANDSHAKE && now >= UP_HANDSHAKE)
		tcp_line(c);
	if (c->up->security == TALK_BY_STARTTLS && seen == UP_TALK && now == UP_HANDSHAKE)
		greeting_line(c);
	if (seen == UP_HANDSHAKE && now >= UP_TALK)
		tls_line(c);
	c->stage = now;
	if (now == UP_READY) {
		if (c->up->security != TALK_BY_STARTTLS)
			greeting_line(c);
		capabilities_line(c);
		login_line(c);
		c->quitting = true;
		c->quit_ms = port_clock_ms() + QUIT_MS;
		upstream_ask(c->up, &c->ch, SMTP_ASK_QUIT, slice_str("QUIT\r\n"));
	}
}

static void let_go(struct check *c)
{
	if (c->up == NULL)
		return;
	upstream_end(c->up);
	pool_put(&pool_upstream, c->up);
	c->up = NULL;
	chan_close(&c->ch);
	due_mark(c->asker);
}

/* QUIT goes out, then the connection ends; nobody waits long for that. */
static void quit(struct check *c)
{
	if (chan_finish(&c->ch) != E_AGAIN || port_clock_ms() >= c->quit_ms)
		c->over = true;
}

void check_run(unsigned i)
{
	struct check *c = &checks[i];
	int moved = 1;

	while (c->used && !c->over && moved > 0) {
		moved = chan_is_open(&c->ch) && chan_pump(&c->ch) > 0;
		if (c->quitting) {
			quit(c);
			continue;
		}
		moved += upstream_step(c->up, &c->ch, own(c));
		c->up->smtp.answered = 0;
		report(c);
	}
	if (c->used && c->over)
		let_go(c);
}

/* Begins with one account. E_OK, E_NOENT, E_NOSLOT. */
static int begin(struct check *c, const char *account)
{
	static const struct slice none;

	c->over = c->quitting = false;
	c->found = c->taken = c->stage = 0;
	c->step_ms = port_clock_ms();
	c->up = pool_get(&pool_upstream);
	if (c->up == NULL)
		return E_NOSLOT;
	if (upstream_start(c->up, account, UP_SMTP, none, none) != E_OK) {
		pool_put(&pool_upstream, c->up);
		c->up = NULL;
		return E_NOENT;
	}
	c->up->fresh = true;
	if (c->up->client_login)
		c->up->sign_in = c->up->talk.sign_in = false;
	due_mark(own(c));
	return E_OK;
}

/* Begins with the next account of the configuration. E_NOENT behind the last. */
static int begin_next(struct check *c)
{
	const struct settings *s = settings_running();

	if (!c->all || c->next_account >= s->account_count)
		return E_NOENT;
	return begin(c, settings_text(s, s->account[c->next_account++].head.name));
}

int check_start(const char *account, port_owner owner)
{
	for (int i = 0; i < CHECKS_MAX; i++) {
		struct check *c = &checks[i];
		int e;

		if (c->used)
			continue;
		memset(c, 0, sizeof *c);
		c->asker = owner;
		c->all = account[0] == '\0';
		e = c->all ? begin_next(c) : begin(c, account);
		c->used = e == E_OK;
		return e == E_OK ? i : e;
	}
	return E_NOSLOT;
}

int check_poll(int number, struct check_finding *out)
{
	struct check *c = &checks[number];

	if (c->taken < c->found) {
		*out = c->finding[c->taken++];
		return E_MORE;
	}
	if (!c->over || begin_next(c) == E_OK)
		return E_AGAIN;
	c->used = false;
	return c->bad ? E_PROTO : E_OK;
}

void check_stop(int number)
{
	let_go(&checks[number]);
	checks[number].used = false;
}

uint64_t check_deadline_ms(void)
{
	uint64_t at = UINT64_MAX;

	for (int i = 0; i < CHECKS_MAX; i++) {
		const struct check *c = &checks[i];
		uint64_t own_ms;

		if (!c->used || c->over || c->up == NULL)
			continue;
		own_ms = c->quitting ? c->quit_ms : upstream_deadline_ms(c->up);
		at = own_ms < at ? own_ms : at;
	}
	return at;
}

void check_tick(uint64_t now_ms)
{
	for (int i = 0; i < CHECKS_MAX; i++)
		if (checks[i].used && !checks[i].over && check_deadline_ms() <= now_ms)
			due_mark(own(&checks[i]));
}

void check_reset(void)
{
	memset(checks, 0, sizeof checks);
}
