/*
 * imap_client_hear.c - what an IMAP server says, line by line: tags, response codes, capabilities.
 *
 * A line is looked at alone; what it means at this point of the dialogue is imap_client.c's affair.
 */
#include "proto/imap_client_hear.h"

#include <string.h>

#include "error.h"

/* ---- the parts of a line ---- */

/* Whether a literal's octets follow: "{5}", "{5+}" or the like at the end. */
static bool ends_in_literal(struct slice line)
{
	size_t n = line.len;

	if (n == 0 || line.p[--n] != '}')
		return false;
	if (n > 0 && line.p[n - 1] == '+')
		n--;
	for (size_t end = n; n > 0; n--)
		if (line.p[n - 1] < '0' || line.p[n - 1] > '9')
			return n < end && line.p[n - 1] == '{';
	return false;
}

/* Octets up to the first blank, which is passed over. */
static struct slice take_word(struct slice *rest)
{
	size_t n = slice_find(*rest, ' ');
	struct slice word = slice_head(*rest, n);

	*rest = slice_from(*rest, n + 1);
	return word;
}

static bool is_any(struct slice word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(word, words[i]))
			return true;
	return false;
}

static const char *const conditions[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };
enum { CONDITIONS = 5, OUTCOMES = 3 }; /* the first three end a command */

static void take_code(struct imap_line *l)
{
	size_t end = slice_find(l->text, ']');
	struct slice rest;

	if (l->text.len == 0 || l->text.p[0] != '[' || end == l->text.len)
		return;
	rest = slice_trim(slice_of(l->text.p + 1, end - 1));
	l->code = take_word(&rest);
	l->args = slice_trim(rest);
	l->text = slice_trim(slice_from(l->text, end + 1));
}

int imap_line_read(struct slice line, struct imap_line *l)
{
	struct slice rest = line, first = take_word(&rest);

	memset(l, 0, sizeof *l);
	l->text = slice_trim(rest);
	if (slice_is(first, "+")) {
		l->kind = IMAP_CONTINUE;
		return E_OK;
	}
	if (first.len == 0 || ends_in_literal(line))
		return E_PROTO;
	l->kind = slice_is(first, "*") ? IMAP_UNTAGGED : IMAP_TAGGED;
	l->tag = l->kind == IMAP_TAGGED ? first : l->tag;
	l->word = take_word(&rest);
	l->text = slice_trim(rest);
	if (is_any(l->word, conditions, CONDITIONS))
		take_code(l);
	if (l->word.len == 0)
		return E_PROTO;
	if (l->kind == IMAP_TAGGED && !is_any(l->word, conditions, OUTCOMES))
		return E_PROTO;
	return E_OK;
}

/* ---- what a refusal means ---- */

static const struct {
	const char *code;
	uint8_t class;
} codes[] = {
	{ "UNAVAILABLE", TALK_TEMPORARY }, { "SERVERBUG", TALK_TEMPORARY },
	{ "INUSE", TALK_IN_USE }, { "LIMIT", TALK_IN_USE },
	{ "OVERQUOTA", TALK_IN_USE }, /* at a sign-in: of connections or of traffic */
	{ "AUTHENTICATIONFAILED", TALK_REFUSED }, { "AUTHORIZATIONFAILED", TALK_REFUSED },
	{ "EXPIRED", TALK_REFUSED }, { "PRIVACYREQUIRED", TALK_REFUSED },
	{ "CONTACTADMIN", TALK_REFUSED }, { "REFERRAL", TALK_REFUSED },
};

enum talk_class imap_class(const struct imap_line *l, bool *told)
{
	enum talk_class class = talk_refusal(l->text);
	bool known = class != TALK_REFUSED;

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (slice_is(l->code, codes[i].code)) {
			class = (enum talk_class)codes[i].class;
			known = true;
		}
	if (told != NULL)
		*told = known;
	return class;
}

void imap_reply_set(struct talk_reply *r, const struct imap_line *l)
{
	struct fmt status = fmt_on(r->status, sizeof r->status);

	memset(r, 0, sizeof *r);
	fmt_clean(&status, l->code, sizeof r->status - 1);
	fmt_cstr(&status);
	talk_keep(r, l->text);
}

/* ---- capabilities ---- */

void imap_client_learn(struct imap_client *c, struct slice list)
{
	struct slice rest = list, word;
	int mech;

	c->has_caps = c->has_starttls = c->has_sasl_ir = c->no_login = false;
	c->talk.mechs = 0;
	while ((word = slice_word(&rest)).len > 0) {
		c->has_caps |= slice_starts(word, "IMAP4");
		c->has_starttls |= slice_is(word, "STARTTLS");
		c->has_sasl_ir |= slice_is(word, "SASL-IR");
		c->no_login |= slice_is(word, "LOGINDISABLED");
		mech = slice_starts(word, "AUTH=") ? sasl_mech_find(slice_from(word, 5)) : E_NOENT;
		if (mech >= 0)
			c->talk.mechs |= SASL_BIT(mech);
	}
}

void imap_client_keep(struct imap_client *c, struct slice list)
{
	struct fmt f = fmt_on(c->capability, sizeof c->capability);

	c->capability_len = 0;
	if (list.len > sizeof c->capability || slice_find(list, ']') < list.len)
		return;
	fmt_clean(&f, list, list.len);
	c->capability_len = (uint16_t)f.len;
}
