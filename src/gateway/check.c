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
	bool used, over, bad, quitting;
	uint8_t lines, stage;
	port_owner asker;
	uint64_t begun_ms, quit_ms;
	struct upstream *up;
	struct chan ch;
	struct {
		uint8_t step;
		bool good;
		char text[CHECK_TEXT_MAX];
	} line[CHECK_STEP_COUNT];
};

static struct check checks[CHECKS_MAX];

#define STEP_TEXT(name, text) text,
static const char *const step_name[CHECK_STEP_COUNT] = { CHECK_STEPS(STEP_TEXT) };
#undef STEP_TEXT

static port_owner own(const struct check *c)
{
	return owner_of(OWNER_SERVICE, (uint16_t)(SERVICE_CHECKS + (c - checks)));
}

/* Opens the next line of the report; line_close() ends its text. */
static struct fmt line_open(struct check *c, enum check_step_kind step, bool good)
{
	uint8_t i = c->lines < CHECK_STEP_COUNT ? c->lines : CHECK_STEP_COUNT - 1;

	c->line[i].step = (uint8_t)step;
	c->line[i].good = good;
	c->bad = c->bad || !good;
	return fmt_on(c->line[i].text, sizeof c->line[i].text - 1);
}

static void line_close(struct check *c, struct fmt *f)
{
	fmt_cstr(f);
	if (c->lines < CHECK_STEP_COUNT)
		c->lines++;
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

	fmt_printf(&f, "port %u answered after %llu ms", (unsigned)c->up->port,
		(unsigned long long)(port_clock_ms() - c->begun_ms));
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

static void hello_line(struct check *c)
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
	struct fmt f = line_open(c, CHECK_HELLO, true);

	fmt_str(&f, "offers");
	if ((smtp->caps & SMTP_HAS_SIZE) != 0)
		fmt_printf(&f, " SIZE %llu", (unsigned long long)smtp->size_max);
	for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++)
		if ((smtp->caps & caps[i].cap) != 0)
			fmt_printf(&f, " %s", caps[i].name);
	if ((smtp->caps & SMTP_HAS_AUTH) != 0)
		fmt_str(&f, " AUTH");
	for (int m = 0; m < SASL_MECHS; m++)
		if ((smtp->mechs & SASL_BIT(m)) != 0)
			fmt_printf(&f, " %s", sasl_mech_name[m]);
	line_close(c, &f);
}

static void login_line(struct check *c)
{
	struct fmt f = line_open(c, CHECK_LOGIN, true);

	if (c->up->sign_in)
		fmt_printf(&f, "accepted by %s", sasl_mech_name[c->up->smtp.sasl.mech]);
	else
		fmt_str(&f, c->up->client_login ? "left to the clients: the account has none of its own" :
			"none wanted by the configuration");
	line_close(c, &f);
}

/* Which step a failed stage belongs to. */
static enum check_step_kind failed_step(const struct upstream *u)
{
	if (u->error == E_TLS || u->tls_why != TLS_FINE || u->smtp.failure == SMTP_NO_STARTTLS ||
			u->smtp.failure == SMTP_TLS_REFUSED || u->failed_stage == UP_HANDSHAKE)
		return CHECK_TLS;
	if (u->failed_stage <= UP_RESOLVE)
		return CHECK_DNS;
	if (u->failed_stage == UP_CONNECT)
		return CHECK_TCP;
	return u->smtp.failure >= SMTP_NO_MECH && u->smtp.failure <= SMTP_CREDENTIALS ? CHECK_LOGIN :
		CHECK_HELLO;
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
	if (u->failed_stage == UP_TALK && u->smtp.failure == SMTP_FINE)
		return "a port for implicit TLS needs smtp_tls 'implicit'";
	return NULL;
}

static void failure_line(struct check *c)
{
	const struct upstream *u = c->up;
	const struct smtp_client *smtp = &u->smtp;
	enum check_step_kind step = failed_step(u);
	const char *hint = smtp->failure != SMTP_FINE && smtp->reply.code >= 400 ?
		explain_reply(smtp->reply.code, smtp->reply.enhanced, smtp_client_excerpt(smtp)) : advice(u);
	struct fmt f;

	if (step > CHECK_TLS && c->stage < UP_TALK && c->lines == 0)
		dns_line(c);
	f = line_open(c, step, false);
	upstream_explain(u, &f);
	if (hint != NULL)
		fmt_printf(&f, ": %s", hint);
	line_close(c, &f);
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
	if (seen == UP_HANDSHAKE && now >= UP_TALK)
		tls_line(c);
	c->stage = now;
	if (now == UP_READY) {
		hello_line(c);
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

void check_step(unsigned i)
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

int check_start(const char *account, port_owner owner)
{
	for (int i = 0; i < CHECKS_MAX; i++) {
		struct check *c = &checks[i];

		if (c->used)
			continue;
		memset(c, 0, sizeof *c);
		c->up = pool_get(&pool_upstream);
		if (c->up == NULL)
			return E_NOSLOT;
		if (upstream_start(c->up, account, (struct slice){ NULL, 0 }, (struct slice){ NULL, 0 })) {
			pool_put(&pool_upstream, c->up);
			c->up = NULL;
			return E_NOENT;
		}
		if (c->up->client_login)
			c->up->sign_in = c->up->smtp.sign_in = false;
		c->used = true;
		c->asker = owner;
		c->begun_ms = port_clock_ms();
		due_mark(own(c));
		return i;
	}
	return E_NOSLOT;
}

int check_result(int handle)
{
	const struct check *c = &checks[handle];

	if (!c->over)
		return E_AGAIN;
	return c->bad ? E_PROTO : E_OK;
}

int check_line(int handle, unsigned i, struct check_line *out)
{
	const struct check *c = &checks[handle];

	if (i >= c->lines)
		return E_NOENT;
	*out = (struct check_line){ step_name[c->line[i].step], c->line[i].good, c->line[i].text };
	return E_OK;
}

void check_end(int handle)
{
	let_go(&checks[handle]);
	checks[handle].used = false;
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
