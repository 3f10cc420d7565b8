/*
 * check.c - one check: an upstream and a channel of its own for each server in turn, farewell, the
 * next account.
 */
#include "gateway/check.h"

#include <string.h>

#include "gateway/check_lines.h"
#include "gateway/host.h"
#include "gateway/listeners.h"

enum { QUIT_MS = 2000 };

static struct check checks[CHECKS_MAX];

static port_owner own(const struct check *c)
{
	return owner_of(OWNER_SERVICE, (uint16_t)(SERVICE_CHECKS + (c - checks)));
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
static void quit_begin(struct check *c)
{
	c->quit_ms = port_clock_ms() + QUIT_MS;
	if (c->up->service == UP_SMTP)
		upstream_ask(c->up, &c->ch, SMTP_ASK_QUIT, slice_str("QUIT\r\n"));
	else if (c->up->service == UP_IMAP)
		chan_put(&c->ch, "bye LOGOUT\r\n", 12);
	else
		chan_put(&c->ch, "QUIT\r\n", 6);
}

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
		check_lines_report(c);
		if (c->quitting)
			quit_begin(c);
	}
	if (c->used && c->over)
		let_go(c);
}

/* Whether the gateway uses this server of an account: mail always, mailboxes where a listener leads
 * there. */
static bool wanted(const struct settings *s, const struct cfg_account *a, unsigned service)
{
	if (service == UP_SMTP)
		return a->smtp_host != 0;
	for (unsigned i = 0; i < s->listener_count; i++)
		if (s->listener[i].protocol == (service == UP_IMAP ? CFG_PROTOCOL_IMAP : CFG_PROTOCOL_POP3))
			return (service == UP_IMAP ? a->imap_host : a->pop3_host) != 0;
	return a->smtp_host == 0;
}

/* Begins with one server. E_OK, E_NOENT, E_NOSLOT. */
static int begin(struct check *c, enum up_service service)
{
	static const struct slice none;

	c->over = c->quitting = false;
	c->found = c->taken = c->stage = 0;
	c->step_ms = port_clock_ms();
	c->up = pool_get(&pool_upstream);
	if (c->up == NULL)
		return E_NOSLOT;
	if (upstream_start(c->up, c->account, service, none, none) != E_OK) {
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

/* Begins with the account's next server. E_NOENT behind the last. */
static int begin_service(struct check *c)
{
	const struct settings *s = settings_running();
	const struct cfg_account *a = settings_account(s, c->account);
	int e = E_NOENT;

	while (a != NULL && e == E_NOENT && c->next_service < UP_SERVICE_COUNT) {
		unsigned service = c->next_service++;

		if (wanted(s, a, service))
			e = begin(c, (enum up_service)service);
	}
	return e;
}

static void account_set(struct check *c, const char *account)
{
	struct fmt name = fmt_on(c->account, sizeof c->account - 1);

	fmt_str(&name, account);
	fmt_cstr(&name);
	c->next_service = 0;
}

/* Begins with what comes next. E_NOENT behind the last server of the last account. */
static int begin_next(struct check *c)
{
	const struct settings *s = settings_running();
	int e = begin_service(c);

	while (e == E_NOENT && c->all && c->next_account < s->account_count) {
		account_set(c, settings_text(s, s->account[c->next_account++].head.name));
		e = begin_service(c);
	}
	return e;
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
		account_set(c, account);
		e = begin_next(c);
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

PORT_IDLE uint64_t check_deadline_ms(void)
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

PORT_IDLE void check_tick(uint64_t now_ms)
{
	for (int i = 0; i < CHECKS_MAX; i++)
		if (checks[i].used && !checks[i].over && check_deadline_ms() <= now_ms)
			due_mark(own(&checks[i]));
}

void check_reset(void)
{
	memset(checks, 0, sizeof checks);
}
