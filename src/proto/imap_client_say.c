/*
 * imap_client_say.c - the commands of IMAP's client half.
 *
 * Name and password never become part of a line unless as quoted strings of printable ASCII; what
 * is more than that goes as synchronising literals.
 */
#include "proto/imap_client_say.h"

#include "error.h"
#include "proto/imap_client_hear.h"

/* The dialogue that a head belongs to. */
static struct imap_client *imap(struct talk *t)
{
	return (struct imap_client *)(void *)t;
}

/* Begins a command: the next tag, and none of its untagged lines seen. */
static void put_tag(struct imap_client *c, struct fmt *out)
{
	c->tag++;
	c->lines = 0;
	fmt_printf(out, "a%u ", (unsigned)c->tag);
}

int imap_say_capability(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)hostname, (void)who;
	imap_client_learn(imap(t), (struct slice){ NULL, 0 });
	put_tag(imap(t), out);
	fmt_str(out, "CAPABILITY\r\n");
	return E_OK;
}

int imap_say_starttls(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)hostname, (void)who;
	put_tag(imap(t), out);
	fmt_str(out, "STARTTLS\r\n");
	return E_OK;
}

enum { AUTH_LINE_MAX = TALK_LINE_MAX - 2 };

int imap_say_auth(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	char command[32];
	struct fmt f = fmt_on(command, sizeof command);

	(void)hostname;
	put_tag(imap(t), &f);
	fmt_str(&f, "AUTHENTICATE");
	return talk_say_auth(t, fmt_cstr(&f), who, imap(t)->has_sasl_ir ? AUTH_LINE_MAX : 0, out);
}

/* Whether a name or password can be sent at all. */
static bool sendable(struct slice s, size_t max)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == 0 || s.p[i] == '\r' || s.p[i] == '\n')
			return false;
	return s.len <= max;
}

static bool quotable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

static void put_quoted(struct fmt *out, struct slice s)
{
	fmt_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			fmt_char(out, '\\');
		fmt_char(out, (char)s.p[i]);
	}
	fmt_char(out, '"');
}

/* Announces a literal: the server asks for it with "+". */
static void put_literal(struct imap_client *c, struct slice s, struct fmt *out)
{
	c->literal_len = (uint16_t)s.len;
	fmt_printf(out, "{%u}\r\n", (unsigned)s.len);
}

int imap_say_login(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	struct imap_client *c = imap(t);

	(void)hostname;
	if (!sendable(who->authcid, SASL_LOGIN_MAX) || !sendable(who->secret, SASL_PASSWORD_MAX))
		return talk_fail(t, TALK_CREDENTIALS);
	c->literals = !quotable(who->authcid) || !quotable(who->secret);
	put_tag(c, out);
	fmt_str(out, "LOGIN ");
	if (c->literals) {
		put_literal(c, who->authcid, out);
		return E_OK;
	}
	put_quoted(out, who->authcid);
	fmt_char(out, ' ');
	put_quoted(out, who->secret);
	fmt_str(out, "\r\n");
	return E_OK;
}

/* Says the octets that were announced: as many, whatever has become of the credentials since. */
static int say_octets(struct talk *t, struct slice s, struct fmt *out)
{
	if (s.len != imap(t)->literal_len || !sendable(s, s.len))
		return talk_fail(t, TALK_AUTH_TEMP);
	fmt_slice(out, s);
	return E_OK;
}

int imap_say_login_name(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)hostname;
	if (!sendable(who->secret, SASL_PASSWORD_MAX))
		return talk_fail(t, TALK_CREDENTIALS);
	if (say_octets(t, who->authcid, out) != E_OK)
		return E_PROTO;
	fmt_char(out, ' ');
	put_literal(imap(t), who->secret, out);
	return E_OK;
}

int imap_say_login_password(struct talk *t, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out)
{
	(void)hostname;
	if (say_octets(t, who->secret, out) != E_OK)
		return E_PROTO;
	fmt_str(out, "\r\n");
	return E_OK;
}
