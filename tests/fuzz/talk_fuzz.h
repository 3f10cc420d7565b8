/*
 * talk_fuzz.h - a hostile server against a client half of talk.h, common to IMAP and POP3. The first byte
 * chooses security, sign-in, mechanisms and credentials; each line of the rest is one line of the server.
 * A line behind a byte 1 comes before we have said what there was to say.
 *
 * Whatever the server says: nothing but the fixed commands is said before the connection is as secure as
 * wanted; nobody is signed in but by a good reply to the last part of the sign-in; texts stay clean.
 */
#ifndef TESTS_FUZZ_TALK_FUZZ_H
#define TESTS_FUZZ_TALK_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "proto/talk.h"

static inline void fuzz_check(bool holds)
{
	if (!holds)
		abort();
}

/* One run. */
struct fuzz {
	struct talk *t;
	uint8_t choice;
	bool asked_tls;            /* the last command said is the one for TLS */
	uint8_t first_secret;      /* the first state in which credentials are said */
	bool (*harmless)(struct slice said); /* whether a command before that is one of the fixed ones */
	bool (*success)(const struct talk *t, struct slice line); /* whether a line is our command's OK */
	bool (*last_part)(const struct talk *t); /* whether it is in the last part of a sign-in */
};

static inline unsigned fuzz_mechs(uint8_t choice)
{
	unsigned mechs = choice >> 5;

	return mechs != 0 ? mechs : SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN) | SASL_BIT(SASL_CRAM_MD5);
}

static inline enum talk_security fuzz_security(uint8_t choice)
{
	return (enum talk_security)((choice & 3) % 3);
}

static inline bool fuzz_sign_in(uint8_t choice)
{
	return (choice & 4) != 0;
}

static inline struct sasl_credentials fuzz_who(uint8_t choice)
{
	static const char *const logins[] = { "canary-name", "n\xc3\xa4me", "a\"b\\{3}", "bad\nname" };
	static const char *const secrets[] = { "canary-secret", "s\303\251cret ", "\\\"", "secret" };
	unsigned i = (choice >> 3) & 3;

	return (struct sasl_credentials){ { NULL, 0 }, slice_str(logins[i]), slice_str(secrets[i]) };
}

static inline void fuzz_speak(struct fuzz *f)
{
	struct talk *t = f->t;
	struct sasl_credentials who = fuzz_who(f->choice);
	char text[TALK_LINE_MAX];
	struct fmt out = fmt_on(text, sizeof text);
	uint8_t state = t->state;

	if (talk_securing(t)) {
		fuzz_check(fuzz_security(f->choice) == TALK_BY_STARTTLS && !t->secure);
		talk_secured(t);
		state = t->state;
	}
	if (talk_say(t, "gw.test", &who, &out) != E_OK)
		return;
	fuzz_check(!out.over && out.len > 2 && out.p[out.len - 2] == '\r' && out.p[out.len - 1] == '\n');
	fuzz_check(slice_find(fmt_result(&out), '\r') == out.len - 2);
	fuzz_check(slice_find(fmt_result(&out), '\n') == out.len - 1);
	f->asked_tls = slice_match(slice_str("* STARTTLS\r\n"), fmt_result(&out)) ||
		slice_match(slice_str("STLS\r\n"), fmt_result(&out));
	if (state >= f->first_secret)
		fuzz_check(t->sign_in && (t->secure || fuzz_security(f->choice) == TALK_CLEAR));
	else
		fuzz_check(f->harmless(slice_head(fmt_result(&out), out.len - 2)));
}

static inline void fuzz_hear(struct fuzz *f, struct slice line)
{
	struct talk *t = f->t;
	bool was_idle = talk_idle(t), was_securing = talk_securing(t);
	bool due = f->last_part(t) && t->said, ok = f->success(t, line);
	int e = talk_hear(t, line);

	fuzz_check(e == E_OK || e == E_AGAIN || e == E_PROTO);
	fuzz_check((e == E_PROTO) == (t->state == t->type->over));
	fuzz_check((t->failure != TALK_FINE) == (t->state == t->type->over));
	if (talk_idle(t) && !was_idle) {
		fuzz_check(fuzz_security(f->choice) == TALK_CLEAR || t->secure);
		fuzz_check(!t->sign_in || (due && ok));
	}
	if (talk_securing(t) && !was_securing)
		fuzz_check(f->asked_tls && ok);
	fuzz_check(t->reply.text_len <= TALK_TEXT_MAX);
	fuzz_check(memchr(t->reply.status, '\0', sizeof t->reply.status) != NULL);
	for (size_t i = 0; i < t->reply.text_len; i++)
		fuzz_check(t->reply.text[i] >= 0x20 && t->reply.text[i] < 0x7f);
}

/* Plays the input on a dialogue that has been started. */
static inline void fuzz_play(struct fuzz *f, const uint8_t *data, size_t size)
{
	struct slice rest = { data, size };

	while (rest.len > 0) {
		size_t n = slice_find(rest, '\n');
		struct slice line = slice_head(rest, n);

		if (line.len > 0 && line.p[0] == 1)
			line = slice_from(line, 1);
		else
			fuzz_speak(f);
		fuzz_hear(f, line);
		rest = slice_from(rest, n + 1);
	}
	fuzz_speak(f);
}

#endif
