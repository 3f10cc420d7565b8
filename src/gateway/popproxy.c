/*
 * popproxy.c - the POP3 session: commands before sign-in (RFC 1939, 2449, 2595, 5034; PO-*), then a
 * pipe.
 */
#include "gateway/popproxy.h"

#include "gateway/host.h"
#include "gateway/opening.h"
#include "gateway/proxy.h"
#include "proto/pop3_reply.h"
#include "proto/pop3_server.h"

enum { IDLE_MS = 30 * 60 * 1000 };

#define WORD_ROW(name) [PROXY_SAY_##name] = POP3_SAY_##name,
static const uint8_t words[PROXY_WORD_COUNT] = { PROXY_WORDS(WORD_ROW) };
#undef WORD_ROW

static void say(struct session *s, enum pop3_say what)
{
	char text[160];
	struct fmt f = fmt_on(text, sizeof text);

	pop3_say_put(&f, what);
	proxy_put(s, &f);
}

static void pop3_say(struct session *s, enum proxy_word what)
{
	say(s, (enum pop3_say)words[what]);
}

static void pop3_greet(struct session *s)
{
	char text[320];
	struct fmt f = fmt_on(text, sizeof text);

	fmt_printf(&f, "+OK %s Mailwicket\r\n", host_name());
	proxy_put(s, &f);
}

static int refused(struct session *s, enum pop3_say what)
{
	say(s, what);
	proxy_error(s);
	return E_OK;
}

/* ---- verbs ---- */

static int do_capa(struct session *s, struct slice arg)
{
	char text[400];
	struct fmt f = fmt_on(text, sizeof text);

	(void)arg;
	pop3_say_put(&f, POP3_SAY_CAPA);
	pop3_capability_put(&f, opening_starttls_offered(s), signin_allowed(s), signin_mechs());
	fmt_str(&f, ".\r\n");
	proxy_put(s, &f);
	return E_OK;
}

static int do_user(struct session *s, struct slice arg)
{
	enum signin_outcome kept;

	if (!signin_allowed(s))
		return refused(s, POP3_SAY_NEED_TLS);
	kept = signin_name(&proxy_of(s)->in, arg);
	if (kept == SIGNIN_CHALLENGE)
		say(s, POP3_SAY_USER_OK);
	else
		proxy_outcome(s, kept, arg);
	return E_OK;
}

static int do_pass(struct session *s, struct slice arg)
{
	struct signin *in = &proxy_of(s)->in;

	if (!signin_allowed(s))
		return refused(s, POP3_SAY_NEED_TLS);
	if (in->sasl == NULL)
		return refused(s, POP3_SAY_USER_FIRST);
	proxy_outcome(s, signin_given(s, in, signin_login(in), arg), arg);
	return E_OK;
}

/* AUTH alone asks for the list (old Outlook; RFC 1734's servers told it so). */
static int mechs_list(struct session *s)
{
	char text[160];
	struct fmt f = fmt_on(text, sizeof text);
	unsigned mechs = signin_allowed(s) ? signin_mechs() : 0;

	pop3_say_put(&f, POP3_SAY_CAPA);
	for (int i = 0; i < SASL_MECHS; i++)
		if ((mechs & SASL_BIT(i)) != 0)
			fmt_printf(&f, "%s\r\n", sasl_mech_name[i]);
	fmt_str(&f, ".\r\n");
	proxy_put(s, &f);
	return E_OK;
}

static int do_auth(struct session *s, struct slice arg)
{
	struct slice rest = arg, mech = slice_word(&rest);

	if (mech.len == 0)
		return mechs_list(s);
	rest = slice_trim(rest);
	if (rest.len == 0)
		rest.p = NULL;
	proxy_auth(s, mech, rest);
	return E_OK;
}

static int do_stls(struct session *s, struct slice arg)
{
	int e;

	(void)arg;
	if (chan_secure(&s->down))
		return refused(s, POP3_SAY_STLS_ON_ALREADY);
	if (!opening_starttls_offered(s))
		return refused(s, POP3_SAY_STLS_NOT_HERE);
	e = proxy_starttls(s);
	if (e == E_OK)
		say(s, POP3_SAY_STLS_GO);
	return e;
}

static int do_noop(struct session *s, struct slice arg)
{
	(void)arg;
	say(s, POP3_SAY_OK);
	return E_OK;
}

static int do_quit(struct session *s, struct slice arg)
{
	(void)arg;
	say(s, POP3_SAY_BYE);
	proxy_phase(s, PROXY_END);
	return E_OK;
}

static int (*const verbs[POP3_VERBS])(struct session *, struct slice) = {
	[POP3_CAPA] = do_capa, [POP3_USER] = do_user, [POP3_PASS] = do_pass, [POP3_AUTH] = do_auth,
	[POP3_STLS] = do_stls, [POP3_NOOP] = do_noop, [POP3_QUIT] = do_quit,
};

static int pop3_line(struct session *s, struct slice line)
{
	struct pop3_command c;
	enum pop3_say no = pop3_command_parse(line, &c);

	return no != POP3_SAY_NOTHING ? refused(s, no) : verbs[c.verb](s, c.arg);
}

static void pop3_signed_in(struct session *s)
{
	say(s, POP3_SAY_LOGGED_IN);
}

static const struct proxy_kind kind = {
	.service = UP_POP3, .idle_ms = IDLE_MS, .greet = pop3_greet, .line = pop3_line,
	.say = pop3_say, .signed_in = pop3_signed_in,
};

static int pop3_start(struct session *s)
{
	return proxy_start(s, &kind);
}

const struct session_type pop3_session_type = {
	.name = "pop3", .start = pop3_start, .step = proxy_step, .stop = proxy_stop,
	.end = proxy_end, .state = proxy_state, .who = proxy_who, .alpn = "pop3",
	.full = "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
	.full_client = "-ERR [SYS/TEMP] Too many connections from your address\r\n",
	.denied = "-ERR [SYS/PERM] Your address may not use this gateway\r\n",
};
