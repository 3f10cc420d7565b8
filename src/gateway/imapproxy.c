/*
 * imapproxy.c - the IMAP session: commands before sign-in (RFC 9051 6.1, 6.2; IM-*), then a pipe.
 */
#include "gateway/imapproxy.h"

#include "board.h"
#include "gateway/host.h"
#include "gateway/opening.h"
#include "gateway/proxy.h"
#include "proto/imap_reply.h"

enum { IDLE_MS = 12 * 3600 * 1000 };

POOL_DEFINE(imap_command, struct imap_command, BOARD_SESSIONS);

#define IMAP_SAY_STOPPING IMAP_SAY_BYE_STOPPING
#define IMAP_SAY_TIMEOUT IMAP_SAY_BYE_TIMEOUT
#define IMAP_SAY_TOO_MANY_ERRORS IMAP_SAY_BYE_TOO_MANY_ERRORS
#define IMAP_SAY_TOO_LONG IMAP_SAY_BYE_TOO_LONG
#define IMAP_SAY_JUNK IMAP_SAY_BYE_JUNK
#define WORD_ROW(name) [PROXY_SAY_##name] = IMAP_SAY_##name,
static const uint8_t words[PROXY_WORD_COUNT] = { PROXY_WORDS(WORD_ROW) };
#undef WORD_ROW

/* The tag of the command under way, or "*". */
static struct slice tag(struct session *s)
{
	struct proxy *p = proxy_of(s);

	return p->command != NULL ? imap_command_tag(p->command) : slice_str("*");
}

static void say(struct session *s, enum imap_say what)
{
	char text[IMAP_TAG_MAX + 200];
	struct fmt f = fmt_on(text, sizeof text);

	imap_say_put(&f, tag(s), what);
	proxy_put(s, &f);
}

static void imap_say(struct session *s, enum proxy_word what)
{
	say(s, (enum imap_say)words[what]);
}

static void capability_put(struct session *s, struct fmt *f)
{
	imap_capability_put(f, opening_starttls_offered(s), !signin_allowed(s), signin_mechs());
}

static void imap_greet(struct session *s)
{
	char text[512];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_str(&f, "* OK [CAPABILITY ");
	capability_put(s, &f);
	fmt_printf(&f, "] %s Mailwicket\r\n", host_name());
	proxy_put(s, &f);
}

/* ---- verbs ---- */

static int do_capability(struct session *s)
{
	char text[400];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_str(&f, "* CAPABILITY ");
	capability_put(s, &f);
	fmt_str(&f, "\r\n");
	proxy_put(s, &f);
	say(s, IMAP_SAY_CAPABILITY_DONE);
	return E_OK;
}

static int do_noop(struct session *s)
{
	say(s, IMAP_SAY_NOOP_DONE);
	return E_OK;
}

static int do_id(struct session *s)
{
	struct fmt f;
	char text[64];

	f = fmt_on(text, sizeof text);
	fmt_str(&f, "* ID (\"name\" \"Mailwicket\")\r\n");
	proxy_put(s, &f);
	say(s, IMAP_SAY_ID_DONE);
	return E_OK;
}

static int do_logout(struct session *s)
{
	say(s, IMAP_SAY_BYE_LOGOUT);
	say(s, IMAP_SAY_LOGOUT_DONE);
	proxy_phase(s, PROXY_END);
	return E_OK;
}

static int do_starttls(struct session *s)
{
	int e;

	if (chan_secure(&s->down)) {
		say(s, IMAP_SAY_STARTTLS_ON_ALREADY);
	} else if (!opening_starttls_offered(s)) {
		say(s, IMAP_SAY_STARTTLS_NOT_HERE);
	} else {
		e = proxy_starttls(s);
		if (e != E_OK)
			return e;
		say(s, IMAP_SAY_STARTTLS_GO);
	}
	return E_OK;
}

static int do_login(struct session *s)
{
	struct proxy *p = proxy_of(s);
	struct slice none = { NULL, 0 };

	proxy_outcome(s, signin_given(s, &p->in, imap_command_arg(p->command, 0),
		imap_command_arg(p->command, 1)), none);
	return E_OK;
}

static int do_authenticate(struct session *s)
{
	struct proxy *p = proxy_of(s);
	struct slice initial = imap_command_arg(p->command, 1);

	if (p->command->args < 2)
		initial.p = NULL;
	proxy_auth(s, imap_command_arg(p->command, 0), initial);
	return E_OK;
}

static int (*const verbs[IMAP_VERBS])(struct session *) = {
	[IMAP_CAPABILITY] = do_capability, [IMAP_NOOP] = do_noop, [IMAP_LOGOUT] = do_logout,
	[IMAP_ID] = do_id, [IMAP_STARTTLS] = do_starttls, [IMAP_LOGIN] = do_login,
	[IMAP_AUTHENTICATE] = do_authenticate,
};

/* ---- lines ---- */

static bool command_lend(struct session *s)
{
	struct proxy *p = proxy_of(s);

	if (p->command != NULL)
		return true;
	p->command = pool_get(&pool_imap_command);
	if (p->command == NULL)
		return false;
	imap_command_start(p->command);
	p->command->refuse_login = signin_allowed(s) ? IMAP_SAY_NOTHING : IMAP_SAY_NEED_TLS;
	return true;
}

/* The command is answered, unless a sign-in still goes on. */
static void command_give(struct session *s)
{
	struct proxy *p = proxy_of(s);

	if (p->command == NULL || p->phase == PROXY_SASL || p->phase == PROXY_SIGNIN)
		return;
	imap_command_start(p->command);
	pool_put(&pool_imap_command, p->command);
	p->command = NULL;
}

static int literal_begin(struct session *s)
{
	char text[16];
	struct fmt f = fmt_on(text, sizeof text);

	if (proxy_of(s)->command->ask) {
		fmt_str(&f, "+ OK\r\n");
		proxy_put(s, &f);
	}
	proxy_of(s)->phase = PROXY_LITERAL; /* within the command's own time */
	return E_OK;
}

static int whole(struct session *s)
{
	struct proxy *p = proxy_of(s);
	int e = E_OK;

	if (p->command->trouble != IMAP_SAY_NOTHING) {
		say(s, (enum imap_say)p->command->trouble);
		proxy_error(s);
	} else {
		e = verbs[p->command->verb](s);
	}
	command_give(s);
	return e;
}

static int imap_line(struct session *s, struct slice line)
{
	struct proxy *p = proxy_of(s);
	int e;

	if (!command_lend(s)) {
		say(s, IMAP_SAY_BYE_FULL);
		proxy_phase(s, PROXY_END);
		return E_OK;
	}
	e = imap_command_line(p->command, line);
	if (e == E_MORE)
		return literal_begin(s);
	if (e == E_OK)
		return whole(s);
	say(s, IMAP_SAY_BYE_TOO_LONG);
	proxy_phase(s, PROXY_END);
	command_give(s);
	return E_OK;
}

/* ---- signed in ---- */

/* The client's own tag, and the provider's capabilities, for ours are over (IM-20). A list that is
 * too long is asked for by the client itself. */
static void imap_signed_in(struct session *s)
{
	char text[CHAN_PUT_MAX];
	struct fmt f = fmt_on(text, sizeof text);
	const struct imap_client *up = &proxy_of(s)->up->imap;

	fmt_slice(&f, tag(s));
	fmt_str(&f, " OK [CAPABILITY ");
	fmt_bytes(&f, up->capability, up->capability_len);
	fmt_str(&f, "] Signed in\r\n");
	if (up->capability_len > 0 && !f.over)
		proxy_put(s, &f);
	else
		say(s, IMAP_SAY_LOGGED_IN);
}

static const struct proxy_kind kind = {
	.service = UP_IMAP, .idle_ms = IDLE_MS, .greet = imap_greet, .line = imap_line,
	.say = imap_say, .signed_in = imap_signed_in,
};

static int imap_start(struct session *s)
{
	return proxy_start(s, &kind);
}

const struct session_type imap_session_type = {
	.name = "imap", .start = imap_start, .step = proxy_step, .stop = proxy_stop,
	.end = proxy_end, .state = proxy_state, .who = proxy_who, .alpn = "imap",
	.full = "* BYE [UNAVAILABLE] Too many connections, try again later\r\n",
	.full_client = "* BYE [LIMIT] Too many connections from your address\r\n",
	.denied = "* BYE [NOPERM] Your address may not use this gateway\r\n",
};
