/*
 * relay_verbs.c - what each SMTP verb does. A handler runs with a whole line in and room for its
 * longest reply; one that returns E_AGAIN has said nothing and is called again with the same
 * line.
 */
#include "gateway/relay.h"

#include "base/log.h"
#include "gateway/host.h"
#include "gateway/opening.h"
#include "proto/foreign.h"

enum { EHLO_MAX = 640 };

bool relay_secure(const struct session *s)
{
	return chan_secure(&s->down);
}

/* HELO names are garbage on devices: always taken, kept in a form that may stand in Received
 * (A-12). */
static void helo_keep(struct relay *r, struct slice arg)
{
	size_t n = 0;

	for (size_t i = 0; i < arg.len && n < sizeof r->helo - 1; i++) {
		uint8_t c = arg.p[i];
		bool fine = (c >= '0' && c <= '9') || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') ||
			c == '.' || c == '-' || c == '_' || c == ':';

		r->helo[n++] = fine ? (char)c : '_';
	}
	r->helo[n] = '\0';
}

static void greet(struct session *s, struct slice arg, bool esmtp)
{
	struct relay *r = relay_of(s);

	relay_drop_transaction(s);
	helo_keep(r, arg);
	r->esmtp = esmtp;
	relay_phase(s, SMTP_READY);
}

static int do_helo(struct session *s, struct slice arg)
{
	char text[300];
	struct fmt f = fmt_on(text, sizeof text);

	greet(s, arg, false);
	fmt_printf(&f, "250 %s\r\n", host_name());
	relay_put(s, &f);
	return E_OK;
}

/* The mechanisms twice: as RFC 4954 has it, and in the form that old Outlook looks for. */
static void auth_lines(struct fmt *f)
{
	unsigned mechs = signin_mechs();

	for (int form = 0; form < 2; form++) {
		fmt_str(f, form == 0 ? "250-AUTH" : "250-AUTH=LOGIN PLAIN");
		for (int m = 0; form == 0 && m < SASL_MECHS; m++)
			if ((mechs & SASL_BIT(m)) != 0)
				fmt_printf(f, " %s", sasl_mech_name[m]);
		fmt_str(f, "\r\n");
	}
}

static int do_ehlo(struct session *s, struct slice arg)
{
	char text[EHLO_MAX];
	struct fmt f = fmt_on(text, sizeof text);
	uint64_t max = settings_running()->gateway[0].max_message;

	greet(s, arg, true);
	fmt_printf(&f, "250-%s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n", host_name(),
		(unsigned long long)max);
	if (opening_starttls_offered(s))
		fmt_str(&f, "250-STARTTLS\r\n");
	if (relay_auth_offered(s))
		auth_lines(&f);
	fmt_str(&f, "250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n"
		"250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n");
	relay_put(s, &f);
	return E_OK;
}

/* A barrier: bytes that are already behind the line end the session without an answer. */
static int do_starttls(struct session *s, struct slice arg)
{
	(void)arg;
	if (relay_secure(s)) {
		relay_say(s, SAY_TLS_ON);
	} else if (signin_done(&relay_of(s)->in)) {
		relay_say(s, SAY_SEQUENCE);
	} else if (!opening_starttls_offered(s)) {
		relay_say(s, SAY_NOT_HERE);
	} else if (opening_barrier(s) != E_OK) {
		return E_PROTO;
	} else {
		relay_drop_transaction(s);
		relay_say(s, SAY_START_TLS);
		relay_phase(s, SMTP_TLS);
	}
	return E_OK;
}

static int do_data(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);
	int e = relay_data_open(s);

	(void)arg;
	if (e != E_OK)
		return e == E_AGAIN ? E_AGAIN : E_OK;
	if (r->phase == SMTP_BODY)
		relay_say(s, SAY_GO_AHEAD);
	return E_OK;
}

static int skip_chunk(struct session *s, enum smtp_say what)
{
	relay_of(s)->skip_say = (uint8_t)what;
	relay_phase(s, SMTP_SKIP);
	return E_OK;
}

/* The octets of a refused chunk are consumed all the same: never read as commands (SS-28, SS-29).
 */
static int do_bdat(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);
	uint64_t max = settings_running()->gateway[0].max_message;
	uint64_t octets;
	bool last;
	int e;

	if (smtp_bdat_parse(arg, &octets, &last) != E_OK) {
		relay_say(s, SAY_ARGUMENT);
		relay_phase(s, SMTP_QUIT);
		return E_OK;
	}
	r->chunk_left = octets;
	r->chunk_last = last;
	if (r->phase != SMTP_RCPT && r->phase != SMTP_CHUNKS)
		return skip_chunk(s, r->phase == SMTP_MAIL ? SAY_NO_RCPT : SAY_SEQUENCE);
	if (octets > max || r->txn->chunks.content > max - octets)
		r->txn->trouble = SAY_TOO_BIG;
	if (r->phase == SMTP_RCPT) {
		e = relay_data_open(s);
		if (e == E_AGAIN)
			return E_AGAIN;
		if (e != E_OK)
			return relay_of(s)->phase == SMTP_QUIT ? E_OK : skip_chunk(s, SAY_NOTHING);
	}
	relay_phase(s, SMTP_CHUNK);
	return E_OK;
}

static int do_rset(struct session *s, struct slice arg)
{
	struct relay *r = relay_of(s);

	(void)arg;
	relay_drop_transaction(s);
	if (r->phase != SMTP_HELLO)
		relay_phase(s, SMTP_READY);
	relay_say(s, SAY_OK);
	return E_OK;
}

static int do_noop(struct session *s, struct slice arg)
{
	(void)arg;
	relay_say(s, SAY_OK);
	return E_OK;
}

static int do_vrfy(struct session *s, struct slice arg)
{
	(void)arg;
	relay_say(s, SAY_VRFY);
	relay_error(s);
	return E_OK;
}

static int do_help(struct session *s, struct slice arg)
{
	(void)arg;
	relay_say(s, SAY_HELP);
	return E_OK;
}

static int do_quit(struct session *s, struct slice arg)
{
	(void)arg;
	relay_drop_transaction(s);
	relay_say(s, SAY_BYE);
	relay_phase(s, SMTP_QUIT);
	return E_OK;
}

static int (*const handlers[VERB_COUNT])(struct session *s, struct slice arg) = {
	[VERB_HELO] = do_helo, [VERB_EHLO] = do_ehlo, [VERB_STARTTLS] = do_starttls,
	[VERB_AUTH] = relay_auth, [VERB_MAIL] = relay_mail, [VERB_RCPT] = relay_rcpt,
	[VERB_DATA] = do_data, [VERB_BDAT] = do_bdat, [VERB_RSET] = do_rset,
	[VERB_NOOP] = do_noop, [VERB_VRFY] = do_vrfy, [VERB_HELP] = do_help, [VERB_QUIT] = do_quit,
};

/* Verbs that may come before TLS on a listener that requires it (RFC 3207 4). */
static bool needs_no_tls(enum smtp_verb v)
{
	return v == VERB_EHLO || v == VERB_HELO || v == VERB_STARTTLS || v == VERB_NOOP ||
		v == VERB_QUIT || v == VERB_HELP || v == VERB_RSET;
}

int relay_command(struct session *s, struct slice line)
{
	struct relay *r = relay_of(s);
	struct smtp_command c;
	enum smtp_say no = smtp_command_parse(line, (enum smtp_phase)r->phase, &c);

	if (no == SAY_UNKNOWN && !r->foreign_checked && line_is_foreign(line)) {
		log_line(PORT_LOG_WARN, "session %llu: not SMTP, closed", (unsigned long long)s->id);
		return E_PROTO;
	}
	if (r->phase != SMTP_HELLO)
		r->foreign_checked = true;
	if (no == SAY_NOTHING && s->policy.tls == CFG_LISTENER_TLS_REQUIRED && !relay_secure(s) &&
			!needs_no_tls(c.verb))
		no = SAY_NEED_TLS;
	if (no == SAY_NEED_TLS && c.verb == VERB_BDAT)
		return E_PROTO;
	if (no == SAY_NOTHING)
		return handlers[c.verb](s, c.arg);
	relay_say(s, no);
	relay_error(s);
	return E_OK;
}
