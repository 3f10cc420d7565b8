/*
 * fuzz_smtp_reply.c - replies of a hostile server against the client half's dialogue. The first byte
 * chooses security and sign-in; each line of the rest is one line of the server. Transaction steps are
 * asked whenever the dialogue is idle.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "error.h"
#include "proto/smtp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void speak(struct smtp_client *c)
{
	static const struct sasl_credentials who = { { NULL, 0 }, { (const uint8_t *)"me", 2 },
		{ (const uint8_t *)"pw", 2 } };
	char text[4096];
	struct fmt f = fmt_on(text, sizeof text);

	if (c->talk.state == SMTP_SECURING)
		talk_secured(&c->talk);
	if (talk_say(&c->talk, "gw.test", &who, &f) == E_OK && f.over)
		abort();
	if (talk_idle(&c->talk)) {
		smtp_client_ask(c, SMTP_ASK_MAIL);
		smtp_client_ask(c, SMTP_ASK_RCPT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_client c;
	struct slice rest = { data, size };

	if (size < 1)
		return 0;
	smtp_client_start(&c, (enum talk_security)(data[0] % 3), (data[0] & 4) != 0,
		SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_CRAM_MD5));
	rest = slice_from(rest, 1);
	while (rest.len > 0) {
		size_t n = slice_find(rest, '\n');

		speak(&c);
		if (talk_hear(&c.talk, slice_head(rest, n)) == E_PROTO && c.talk.failure == TALK_FINE)
			abort();
		if (c.talk.reply.text_len > TALK_TEXT_MAX || c.talk.state >= SMTP_STATE_COUNT)
			abort();
		rest = slice_from(rest, n + 1);
	}
	return 0;
}
