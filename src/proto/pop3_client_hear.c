/*
 * pop3_client_hear.c - what a POP3 server says, line by line: status, response code, capability.
 *
 * A line is looked at alone; what it means at this point of the dialogue is pop3_client.c's affair.
 */
#include "proto/pop3_client_hear.h"

#include <string.h>

#include "error.h"

void pop3_client_learn(struct pop3_client *c, struct slice line)
{
	struct slice rest = line;
	struct slice word = slice_word(&rest);

	if (slice_is(word, "STLS"))
		c->has_stls = true;
	else if (slice_is(word, "USER"))
		c->has_user = true;
	else if (slice_is(word, "SASL"))
		c->talk.mechs |= sasl_mechs_parse(rest);
}

/* Response codes (RFC 2449 8, RFC 3206 4); any other means no more than the text. */
static const struct {
	const char *code;
	uint8_t class;
} codes[] = {
	{ "SYS/TEMP", TALK_TEMPORARY }, { "IN-USE", TALK_IN_USE }, { "LOGIN-DELAY", TALK_IN_USE },
	{ "AUTH", TALK_REFUSED }, { "SYS/PERM", TALK_REFUSED },
};

static enum talk_class class_of(struct slice code, struct slice text)
{
	/* A code may have more levels than are known: what is known of it counts. */
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		struct slice more = slice_from(code, strlen(codes[i].code));

		if (slice_starts(code, codes[i].code) && (more.len == 0 || more.p[0] == '/'))
			return (enum talk_class)codes[i].class;
	}
	return talk_refusal(text);
}

/* Takes "[CODE]" off the front of *text. */
static struct slice take_code(struct slice *text)
{
	struct slice code = { NULL, 0 };
	size_t end = slice_find(*text, ']');

	if (text->len == 0 || text->p[0] != '[' || end == text->len)
		return code;
	code = slice_trim(slice_of(text->p + 1, end - 1));
	*text = slice_trim(slice_from(*text, end + 1));
	return code;
}

int pop3_reply_read(struct slice line, struct talk_reply *r, enum talk_class *class)
{
	static const struct {
		const char *status;
		uint8_t class;
	} kinds[] = { { "+OK", TALK_GOOD }, { "-ERR", TALK_REFUSED }, { "+", TALK_MORE } };
	struct fmt status = fmt_on(r->status, sizeof r->status);
	struct slice word = slice_head(line, slice_find(line, ' ')), text, code = { NULL, 0 };

	memset(r, 0, sizeof *r);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (!slice_eq(word, slice_str(kinds[i].status)))
			continue;
		*class = (enum talk_class)kinds[i].class;
		text = slice_trim(slice_from(line, word.len));
		if (*class != TALK_MORE)
			code = take_code(&text);
		if (*class == TALK_REFUSED)
			*class = class_of(code, text);
		fmt_clean(&status, code, sizeof r->status - 1);
		fmt_cstr(&status);
		talk_keep(r, text);
		return E_OK;
	}
	return E_PROTO;
}
