/*
 * mailbox.c - IMAP and POP3 in short: the provider that answers by itself, and the steps that sign
 * in.
 */
#include <bearssl.h>

#include "conv.h"

/* Of account 'hop', as the gateway sends them. */
#define PROVIDER_PLAIN "AG9mZmljZUBob3AudGVzdABwcjB2aWRlci13MHJk"

static const struct {
	const char *greeting, *caps;
} words[PROTOCOLS] = {
	[IMAP] = { "* OK hop.test ready", "SASL-IR AUTH=PLAIN IDLE" },
	[POP3] = { "+OK hop.test ready", "SASL PLAIN,UIDL,TOP" },
};

static const char *caps_now(void)
{
	return hop_caps_set() != NULL ? hop_caps_set() : words[script.protocol].caps;
}

/* ---- saying ---- */

static void say(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct peer *p, const char *format, ...)
{
	static char line[4000];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line - 2, format, args);
	va_end(args);
	if (n < 0 || n > (int)sizeof line - 3)
		n = (int)sizeof line - 3;
	memcpy(line + n, "\r\n", 2);
	step_send_line(p, line, (size_t)n + 2);
}

static void say_pop3_caps(struct peer *p, const char *caps)
{
	say(p, "+OK hop.test can");
	for (const char *at = caps; *at != '\0'; ) {
		size_t n = strcspn(at, ",");

		say(p, "%.*s", (int)n, at);
		at += n + (at[n] == ',');
	}
	say(p, ".");
}

/* ---- the automatic provider ---- */

void mailbox_greet(struct peer *p) { say(p, "%s", words[script.protocol].greeting); }

static void leave(struct peer *p)
{
	sim_peer_close(p->end);
	peer_forget(p);
}

static void secure(struct peer *p)
{
	peer_tls_serve(p->slot, "ec");
	p->tls = true;
}

/* A tagged reply: to the tag of the line, or of the exchange under way. */
static void answer_imap(struct peer *p, const char *line, size_t len)
{
	size_t n = strcspn(line, " ");
	const char *verb = line + n + 1, *reply;

	if (p->content) {
		p->content = false;
		say(p, "%s OK hop.test welcomes", p->line);
		return;
	}
	snprintf(p->line, sizeof p->line, "%.*s", (int)n, line);
	reply = hop_rule_for(verb, len > n ? len - n - 1 : 0);
	if (reply != NULL && (strncmp(reply, "OK", 2) == 0 || strncmp(reply, "NO", 2) == 0 ||
	    strncmp(reply, "BAD", 3) == 0)) {
		say(p, "%s %s", p->line, reply);
		return;
	}
	if (reply != NULL) {
		hop_say_rule(p, reply);
		return;
	}
	if (strncmp(verb, "AUTHENTICATE ", 13) == 0 && strchr(verb + 13, ' ') == NULL) {
		p->content = true;
		say(p, "+ ");
		return;
	}
	if (strncmp(verb, "CAPABILITY", 10) == 0)
		say(p, "* CAPABILITY IMAP4rev1 %s", caps_now());
	if (strncmp(verb, "LOGOUT", 6) == 0)
		say(p, "* BYE hop.test leaves");
	say(p, "%s OK done", p->line);
	if (strncmp(verb, "LOGOUT", 6) == 0)
		leave(p);
	else if (strncmp(verb, "STARTTLS", 8) == 0)
		secure(p);
}

static void answer_pop3(struct peer *p, const char *line, size_t len)
{
	const char *reply = hop_rule_for(line, len);
	bool exchange = strncmp(line, "AUTH ", 5) == 0 && strchr(line + 5, ' ') == NULL && !p->content;

	if (reply != NULL) {
		hop_say_rule(p, reply);
		return;
	}
	p->content = exchange;
	if (exchange)
		say(p, "+ ");
	else if (strncmp(line, "CAPA", 4) == 0)
		say_pop3_caps(p, caps_now());
	else
		say(p, "+OK done");
	if (strncmp(line, "QUIT", 4) == 0)
		leave(p);
	else if (strncmp(line, "STLS", 4) == 0)
		secure(p);
}

void mailbox_answer(struct peer *p, const char *line, size_t len)
{
	char text[4000];

	snprintf(text, sizeof text, "%.*s", (int)len, line);
	(script.protocol == IMAP ? answer_imap : answer_pop3)(p, text, strlen(text));
}

/* ---- the client's steps ---- */

static void client_hears(struct peer *p, const char *pattern)
{
	if (step_client_hears(p) && play.strict &&
	    !glob(pattern, p->reply, strcspn(p->reply, "\r\n")))
		play_fail("%s expected \"%s\", got \"%s\"", p->name, pattern, p->reply);
}

static int value_of(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 :
		c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The bytes of a base64 text up to its padding; how many. */
static size_t decode(const char *text, uint8_t *out, size_t cap)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (int have = 0; value_of(*text) >= 0 && n < cap; text++) {
		bits = bits << 6 | (uint32_t)value_of(*text);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

/* `C cram USER PASSWORD`: the response to the challenge of CRAM-MD5 (RFC 2195). */
static void client_responds(const struct step *s, struct peer *p)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char user[60] = "", secret[60] = "", text[200], coded[300];
	uint8_t challenge[300], digest[16];
	br_hmac_key_context key;
	br_hmac_context hmac;
	size_t n = 0, len;

	sscanf(s->text, "%59s %59s", user, secret);
	client_hears(p, "+ *");
	br_hmac_key_init(&key, &br_md5_vtable, secret, strlen(secret));
	br_hmac_init(&hmac, &key, 0);
	br_hmac_update(&hmac, challenge, decode(p->reply + 2, challenge, sizeof challenge));
	br_hmac_out(&hmac, digest);
	len = (size_t)snprintf(text, sizeof text, "%s ", user);
	for (int i = 0; i < 16; i++)
		len += (size_t)snprintf(text + len, 3, "%02x", digest[i]);
	for (size_t i = 0; i < len; i += 3)
		for (size_t k = 0; k < 4; k++) {
			uint32_t bits = (uint32_t)(unsigned char)text[i] << 16 |
				(uint32_t)(unsigned char)(i + 1 < len ? text[i + 1] : 0) << 8 |
				(uint32_t)(unsigned char)(i + 2 < len ? text[i + 2] : 0);

			coded[n++] = (char)(i + k > len ? '=' : digits[bits >> (18 - 6 * k) & 63]);
		}
	coded[n] = '\0';
	say(p, "%s", coded);
}

/* `C hello`: the greeting. `C login`: that, then the sign-in of user 'box', not its answer. */
void mailbox_client_step(const struct step *s, struct peer *p)
{
	bool imap = script.protocol == IMAP;

	if (s->act == ACT_CRAM) {
		client_responds(s, p);
		return;
	}
	if (s->act == ACT_SIGNED) {
		client_hears(p, imap ? "t0 OK *Signed in$" : "+OK Signed in$");
		return;
	}
	client_hears(p, imap ? "* OK [CAPABILITY IMAP4rev1 *] gateway.test Mailwicket$" :
		"+OK gateway.test Mailwicket$");
	if (s->act == ACT_HELLO)
		return;
	if (imap) {
		say(p, "t0 LOGIN box %s", LOCAL_PASSWORD);
		return;
	}
	say(p, "USER box");
	client_hears(p, "+OK Now the password$");
	say(p, "PASS %s", LOCAL_PASSWORD);
}

/* ---- the provider's steps ---- */

static void hop_hears(struct peer *p, const char *want)
{
	static char line[8000];
	size_t len;

	if (!step_hop_hears(p, line, sizeof line, &len))
		return;
	if (strlen(want) + 2 == len && memcmp(line, want, len - 2) == 0)
		return;
	p->lost = true;
	if (play.strict)
		play_fail("%s expected \"%s\", got \"%s\"", p->name, want, line);
}

/* `N hello [CAPS]`: greeting and capabilities. `N login`: that, then PLAIN, and the OK to it. */
void mailbox_hop_step(const struct step *s, struct peer *p)
{
	bool imap = script.protocol == IMAP;
	const char *caps = s->len > 0 ? s->text : words[script.protocol].caps;

	mailbox_greet(p);
	hop_hears(p, imap ? "a1 CAPABILITY" : "CAPA");
	if (imap) {
		say(p, "* CAPABILITY IMAP4rev1 %s", caps);
		say(p, "a1 OK hop.test can");
	} else {
		say_pop3_caps(p, caps);
	}
	if (s->act == ACT_HELLO)
		return;
	hop_hears(p, imap ? "a2 AUTHENTICATE PLAIN " PROVIDER_PLAIN : "AUTH PLAIN " PROVIDER_PLAIN);
	say(p, imap ? "a2 OK hop.test welcomes" : "+OK hop.test welcomes");
}
