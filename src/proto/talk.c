/*
 * talk.c - the interpreter of dialogue tables, and what signing in is in every protocol.
 */
#include "proto/talk.h"

#include <string.h>

#include "error.h"

enum { MINUTE_MS = 60000 };

#define FAILURE_ROW(name, temporary, text) { temporary, text },
static const struct {
	bool temporary;
	const char *text;
} failures[TALK_FAILURE_COUNT] = { TALK_FAILURES(FAILURE_ROW) };
#undef FAILURE_ROW

const char *const talk_class_name[TALK_CLASSES] = {
	[TALK_GOOD] = "good", [TALK_MORE] = "more", [TALK_TEMPORARY] = "temporary",
	[TALK_IN_USE] = "in-use", [TALK_REFUSED] = "refused",
};

const char *talk_failure_text(enum talk_failure why)
{
	return failures[why].text;
}

bool talk_failure_temporary(enum talk_failure why)
{
	return failures[why].temporary;
}

static const struct talk_row *row(const struct talk *t)
{
	return &t->type->rows[t->state];
}

void talk_start(struct talk *t, const struct talk_type *type, uint8_t first,
	enum talk_security security, bool sign_in, unsigned mechs_allowed)
{
	memset(t, 0, sizeof *t);
	t->type = type;
	t->state = first;
	t->said = true;
	t->security = (uint8_t)security;
	t->secure = security == TALK_BY_TLS;
	t->sign_in = sign_in;
	t->mechs_allowed = mechs_allowed;
}

int talk_fail(struct talk *t, enum talk_failure why)
{
	t->failure = (uint8_t)why;
	t->state = t->type->over;
	return E_PROTO;
}

void talk_go(struct talk *t, uint8_t next)
{
	t->state = next;
	t->said = false;
}

int talk_say(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	if (t->said || row(t)->say == NULL)
		return E_AGAIN;
	if (row(t)->say(t, hostname, who, out) != E_OK)
		return E_ARG;
	t->said = true;
	return E_OK;
}

int talk_hear(struct talk *t, struct slice line)
{
	return t->type->hear(t, line);
}

void talk_secured(struct talk *t)
{
	t->secure = true;
	t->mechs = 0;
	memset(&t->reply, 0, sizeof t->reply);
	talk_go(t, t->type->secured);
}

bool talk_securing(const struct talk *t)
{
	return t->state == t->type->securing;
}

bool talk_idle(const struct talk *t)
{
	return t->state == t->type->idle;
}

uint32_t talk_patience_ms(const struct talk *t)
{
	return row(t)->patience_min * (uint32_t)MINUTE_MS;
}

const char *talk_state(const struct talk *t)
{
	return t->type->states[t->state];
}

bool talk_owed(const struct talk *t)
{
	return t->said && row(t)->good != NULL;
}

enum talk_class talk_refusal(struct slice text)
{
	static const struct {
		const char *pattern;
		uint8_t class;
	} hints[] = {
		{ "*maildrop*lock*", TALK_IN_USE }, { "*lock*maildrop*", TALK_IN_USE },
		{ "*mailbox*lock*", TALK_IN_USE }, { "*lock*mailbox*", TALK_IN_USE },
		{ "*too many*connections*", TALK_IN_USE },
		{ "*maximum number of connections*", TALK_IN_USE },
		{ "*too many*", TALK_TEMPORARY }, { "*temporar*", TALK_TEMPORARY },
		{ "*unavailable*", TALK_TEMPORARY },
	};

	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
		if (slice_match(slice_str(hints[i].pattern), text))
			return (enum talk_class)hints[i].class;
	return TALK_REFUSED;
}

int talk_answer(struct talk *t, enum talk_class class)
{
	const struct talk_row *r = row(t);

	if (t->gave_up && (class == TALK_GOOD || class == TALK_MORE))
		return talk_fail(t, TALK_DESYNC);
	if (class == TALK_MORE && r->more != 0) {
		talk_go(t, r->more);
		return E_OK;
	}
	if (class == TALK_IN_USE)
		return talk_fail(t, TALK_BUSY);
	if (class == TALK_TEMPORARY && r->failure == TALK_AUTH_REFUSED)
		return talk_fail(t, TALK_AUTH_TEMP);
	if (class != TALK_GOOD)
		return talk_fail(t, (enum talk_failure)r->failure);
	r->good(t);
	return t->state == t->type->over ? E_PROTO : E_OK;
}

int talk_say_auth(struct talk *t, const char *command, const struct sasl_credentials *who,
	size_t line_max, struct fmt *out)
{
	char response[SASL_LINE_MAX];
	int mech = sasl_client_choose(t->mechs, t->mechs_allowed, t->secure), n;

	if (mech < 0)
		return talk_fail(t, TALK_NO_MECH);
	sasl_client_start(&t->sasl, (enum sasl_mech)mech);
	fmt_printf(out, "%s %s", command, sasl_mech_name[mech]);
	n = sasl_client_initial(&t->sasl, who, response, sizeof response);
	if (n > 0 && out->len + 1 + (size_t)n <= line_max) {
		fmt_char(out, ' ');
		fmt_bytes(out, response, (size_t)n);
	} else if (n > 0) {
		sasl_client_start(&t->sasl, (enum sasl_mech)mech);
	}
	mem_wipe(response, sizeof response);
	if (n < 0 && n != E_NOENT)
		return talk_fail(t, TALK_CREDENTIALS);
	fmt_str(out, "\r\n");
	return E_OK;
}

int talk_say_more(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out)
{
	char response[SASL_LINE_MAX];
	struct slice challenge = slice_of(t->reply.text, t->reply.text_len);
	int n = sasl_client_respond(&t->sasl, who, challenge, response, sizeof response);

	(void)hostname;
	if (n >= 0)
		fmt_bytes(out, response, (size_t)n);
	else
		fmt_char(out, '*');
	t->gave_up = n < 0;
	mem_wipe(response, sizeof response);
	fmt_str(out, "\r\n");
	return E_OK;
}

void talk_keep(struct talk_reply *r, struct slice text)
{
	struct fmt f = fmt_on(r->text + r->text_len, sizeof r->text - r->text_len);
	size_t room;

	if (r->text_len > 0 && f.cap > 1)
		fmt_char(&f, ' ');
	room = f.cap - f.len;
	fmt_clean(&f, text, room);
	r->text_len = (uint16_t)(r->text_len + f.len);
}
