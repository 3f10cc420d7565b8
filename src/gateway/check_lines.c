/*
 * check_lines.c - a line is written as each stage of the way to a server ends: what was found, or
 * why it failed and what to do next.
 */
#include "gateway/check_lines.h"

#include <string.h>

#include "base/addr.h"
#include "gateway/explain.h"

#define STEP_TEXT(name, text) text,
const char *const check_step_name[CHECK_STEP_COUNT] = { CHECK_STEPS(STEP_TEXT) };
#undef STEP_TEXT

/* Opens the next finding; line_close() ends its text. */
static struct fmt line_open(struct check *c, enum check_step step, bool good)
{
	unsigned at = c->found < CHECK_STEP_COUNT ? c->found : CHECK_STEP_COUNT - 1;
	struct check_finding *n = &c->finding[at];
	struct fmt name = fmt_on(n->account, sizeof n->account - 1);
	uint64_t now = port_clock_ms();

	memset(n, 0, sizeof *n);
	fmt_str(&name, c->up->account);
	n->service = up_service_name[c->up->service];
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

static void extensions_put(struct fmt *f, const struct smtp_client *smtp)
{
	static const struct {
		unsigned cap;
		const char *name;
	} caps[] = {
		{ SMTP_HAS_8BITMIME, "8BITMIME" }, { SMTP_HAS_SMTPUTF8, "SMTPUTF8" },
		{ SMTP_HAS_PIPELINING, "PIPELINING" }, { SMTP_HAS_DSN, "DSN" },
		{ SMTP_HAS_CHUNKING, "CHUNKING" }, { SMTP_HAS_AUTH, "AUTH" },
	};

	if ((smtp->caps & SMTP_HAS_SIZE) != 0)
		fmt_printf(f, " SIZE %llu", (unsigned long long)smtp->size_max);
	for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++)
		if ((smtp->caps & caps[i].cap) != 0)
			fmt_printf(f, " %s", caps[i].name);
}

static void capabilities_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_CAPABILITIES, true);

	fmt_str(&f, "offers");
	if (c->up->service == UP_SMTP)
		extensions_put(&f, &c->up->smtp);
	else
		fmt_str(&f, c->up->talk.mechs != 0 ? " AUTH" : " no mechanism of ours");
	for (int m = 0; m < SASL_MECHS; m++)
		if ((c->up->talk.mechs & SASL_BIT(m)) != 0)
			fmt_printf(&f, " %s", sasl_mech_name[m]);
	line_close(c, &f);
}

static void login_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_LOGIN, true);

	if (c->up->sign_in && c->up->talk.mechs == 0)
		fmt_str(&f, "accepted in clear text inside TLS");
	else if (c->up->sign_in)
		fmt_printf(&f, "accepted by %s", sasl_mech_name[c->up->talk.sasl.mech]);
	else
		fmt_str(&f, c->up->client_login ? "left to the clients: the account has none of its own" :
			"none wanted by the configuration");
	line_close(c, &f);
}

static void greeting_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_GREETING, true);

	fmt_printf(&f, "the server speaks %s", c->up->talk.type->name);
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

/* What to do where the server gave no code that says it; '*' stands for the service. */
static const char *advice(const struct upstream *u)
{
	static const char *const by_tls[TLS_FAILURE_COUNT] = {
		[TLS_UNKNOWN_CA] = "set trust to the bundle that has its authority, or pin its key",
		[TLS_NO_TRUST] = "install ca-certificates, or set trust",
		[TLS_PLAINTEXT] = "try *_tls 'starttls', or the port for implicit TLS",
		[TLS_WRONG_NAME] = "use the host name that the provider documents",
	};
	static const char *const by_talk[TALK_FAILURE_COUNT] = {
		[TALK_NO_STARTTLS] = "try *_tls 'implicit' and its port",
		[TALK_NO_MECH] = "the provider wants another way to sign in, perhaps OAuth2",
		[TALK_AUTH_REFUSED] = "check username and password; many providers want an app password, or"
			" have this service switched off in the mailbox's settings",
		[TALK_BUSY] = "another program holds the mailbox, or too many connections are open: wait",
	};

	if (by_tls[u->tls_why] != NULL)
		return by_tls[u->tls_why];
	if (u->failed_stage == UP_RESOLVE)
		return u->error == E_NOENT ? "check *_host" : "check the network and its name servers";
	if (u->failed_stage == UP_CONNECT)
		return "check *_host, *_port and any firewall";
	if (u->failed_stage == UP_TALK && u->talk.failure == TALK_FINE)
		return "a port for implicit TLS needs *_tls 'implicit'";
	return by_talk[u->talk.failure];
}

static void hint_put(struct fmt *f, const char *hint, const char *service)
{
	for (; hint != NULL && *hint != '\0'; hint++)
		if (*hint == '*')
			fmt_str(f, service);
		else
			fmt_char(f, *hint);
}

static void failure_line(struct check *c)
{
	const struct upstream *u = c->up;
	const struct talk_reply *r = &u->talk.reply;
	const char *hint = u->talk.failure != TALK_FINE && r->code >= 400 ?
		explain_reply(r->code, r->status, slice_of(r->text, r->text_len)) : advice(u);
	struct fmt f;

	if (c->stage < UP_CONNECT && u->failed_stage >= UP_CONNECT)
		dns_line(c);
	if (c->stage < UP_HANDSHAKE && u->failed_stage >= UP_HANDSHAKE)
		tcp_line(c);
	f = line_open(c, failed_step(u), false);
	upstream_explain(u, &f);
	line_close(c, &f);
	f = fmt_on(c->finding[c->found - 1].advice, sizeof c->finding[0].advice - 1);
	hint_put(&f, hint, up_service_name[u->service]);
}

void check_lines_report(struct check *c)
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
	}
}

void check_finding_put(struct fmt *out, const struct check_finding *n)
{
	bool smtp = strcmp(n->service, up_service_name[UP_SMTP]) == 0;

	fmt_printf(out, "%s: %s%s%s: %s: %s", n->account, smtp ? "" : n->service, smtp ? "" : " ",
		check_step_name[n->step], n->good ? "ok" : "FAULT", n->text);
	if (n->advice[0] != '\0')
		fmt_printf(out, "; %s", n->advice);
	fmt_char(out, '\n');
}
