/*
 * smtp_server.c - the verb table of the SMTP server half: name, phases in which a verb is legal,
 * whether it takes an argument.
 */
#include "proto/smtp_server.h"

#include "error.h"

#define SMTP_PHASE_TEXT(name, text) text,
const char *const smtp_phase_name[SMTP_PHASE_COUNT] = { SMTP_PHASES(SMTP_PHASE_TEXT) };
#undef SMTP_PHASE_TEXT

#define IN(phase) (1u << (phase))
enum {
	ANYWHERE = IN(SMTP_HELLO) | IN(SMTP_READY) | IN(SMTP_MAIL) | IN(SMTP_RCPT) | IN(SMTP_CHUNKS),
	OUTSIDE = IN(SMTP_HELLO) | IN(SMTP_READY),
};

enum argument { NONE, OPTIONAL, REQUIRED };

/* Devices that skip HELO may say MAIL at once (interop 2.6), so HELLO is among the phases of
 * MAIL. */
static const struct verb {
	const char *name;
	unsigned phases;
	enum argument argument;
} verbs[VERB_COUNT] = {
	[VERB_HELO]     = { "HELO",     ANYWHERE, OPTIONAL },
	[VERB_EHLO]     = { "EHLO",     ANYWHERE, OPTIONAL },
	[VERB_STARTTLS] = { "STARTTLS", OUTSIDE, NONE },
	[VERB_AUTH]     = { "AUTH",     OUTSIDE, REQUIRED },
	[VERB_MAIL]     = { "MAIL",     OUTSIDE, REQUIRED },
	[VERB_RCPT]     = { "RCPT",     IN(SMTP_MAIL) | IN(SMTP_RCPT), REQUIRED },
	[VERB_DATA]     = { "DATA",     IN(SMTP_RCPT), NONE },
	[VERB_BDAT]     = { "BDAT",     ANYWHERE, REQUIRED },
	[VERB_RSET]     = { "RSET",     ANYWHERE, OPTIONAL },
	[VERB_NOOP]     = { "NOOP",     ANYWHERE, OPTIONAL },
	[VERB_VRFY]     = { "VRFY",     ANYWHERE, REQUIRED },
	[VERB_EXPN]     = { "EXPN",     0, OPTIONAL },
	[VERB_HELP]     = { "HELP",     ANYWHERE, OPTIONAL },
	[VERB_QUIT]     = { "QUIT",     ANYWHERE, OPTIONAL },
};

static int verb_find(struct slice name)
{
	for (int i = 0; i < VERB_COUNT; i++)
		if (slice_is(name, verbs[i].name))
			return i;
	return E_NOENT;
}

enum smtp_say smtp_command_parse(struct slice line, enum smtp_phase phase,
	struct smtp_command *out)
{
	struct slice rest = line;
	struct slice name = slice_word(&rest);
	int verb = verb_find(name);
	const struct verb *v;

	if (verb < 0)
		return SAY_UNKNOWN;
	v = &verbs[verb];
	out->verb = (enum smtp_verb)verb;
	out->arg = slice_trim(rest);
	if (v->phases == 0)
		return SAY_NOT_HERE;
	if ((v->phases & IN(phase)) == 0)
		return verb == VERB_DATA && phase == SMTP_MAIL ? SAY_NO_RCPT : SAY_SEQUENCE;
	if (v->argument == NONE && out->arg.len > 0)
		return SAY_NO_ARGUMENT;
	if (v->argument == REQUIRED && out->arg.len == 0)
		return SAY_ARGUMENT;
	return SAY_NOTHING;
}

int smtp_bdat_parse(struct slice arg, uint64_t *octets, bool *last)
{
	struct slice rest = arg;
	struct slice size = slice_word(&rest);
	struct slice word = slice_trim(rest);

	*last = slice_is(word, "LAST");
	if (word.len > 0 && !*last)
		return E_ARG;
	return slice_u64(size, (uint64_t)INT64_MAX, octets);
}
