/*
 * pop3_server.c - the command table of the POP3 server half: name, what it is before sign-in,
 * whether it takes an argument.
 */
#include "proto/pop3_server.h"

#include "proto/sasl.h"

const char *const pop3_verb_name[POP3_VERBS] = {
	[POP3_CAPA] = "CAPA", [POP3_USER] = "USER", [POP3_PASS] = "PASS", [POP3_AUTH] = "AUTH",
	[POP3_STLS] = "STLS", [POP3_QUIT] = "QUIT", [POP3_NOOP] = "NOOP", [POP3_LATER] = "later",
	[POP3_UNKNOWN] = "unknown",
};

enum argument { NONE, OPTIONAL, REQUIRED };

/* Commands for after sign-in (RFC 1939, 2449, 6856) are known by name alone. */
static const struct command {
	const char *name;
	enum pop3_verb verb;
	enum argument argument;
	enum pop3_say refusal;
} commands[] = {
	{ "CAPA", POP3_CAPA, NONE, POP3_SAY_NOTHING },
	{ "USER", POP3_USER, REQUIRED, POP3_SAY_NOTHING },
	{ "PASS", POP3_PASS, REQUIRED, POP3_SAY_NOTHING },
	{ "AUTH", POP3_AUTH, OPTIONAL, POP3_SAY_NOTHING },
	{ "STLS", POP3_STLS, NONE, POP3_SAY_NOTHING },
	{ "QUIT", POP3_QUIT, NONE, POP3_SAY_NOTHING },
	{ "NOOP", POP3_NOOP, NONE, POP3_SAY_NOTHING },
	{ "APOP", POP3_LATER, OPTIONAL, POP3_SAY_NO_APOP },
	{ "STAT", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "LIST", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "RETR", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "DELE", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "RSET", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "TOP", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "UIDL", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "LAST", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "LANG", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "UTF8", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
	{ "XTND", POP3_LATER, OPTIONAL, POP3_SAY_NOT_SIGNED_IN },
};

static const struct command *command_find(struct slice name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (slice_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static enum pop3_say argument_take(const struct command *known, struct slice rest,
	struct slice *arg)
{
	if (known->verb != POP3_PASS)
		rest = slice_trim(rest);
	if (known->argument == NONE && rest.len > 0)
		return POP3_SAY_NO_ARGUMENT;
	if (known->argument == REQUIRED && rest.len == 0)
		return POP3_SAY_ARGUMENT;
	*arg = rest;
	return POP3_SAY_NOTHING;
}

enum pop3_say pop3_command_parse(struct slice line, struct pop3_command *out)
{
	struct slice name = slice_head(line, slice_find(line, ' '));
	const struct command *known = command_find(name);

	out->verb = known != NULL ? known->verb : POP3_UNKNOWN;
	out->arg = slice_head(line, 0);
	if (slice_find(line, 0) < line.len)
		return POP3_SAY_SYNTAX;
	if (out->verb != POP3_PASS && out->verb != POP3_AUTH && line.len + 2 > POP3_COMMAND_MAX)
		return POP3_SAY_COMMAND_LONG;
	if (known == NULL)
		return POP3_SAY_UNKNOWN;
	if (known->refusal != POP3_SAY_NOTHING)
		return known->refusal;
	return argument_take(known, slice_from(line, name.len + 1), &out->arg);
}

void pop3_capability_put(struct fmt *f, bool stls, bool user, unsigned mechs)
{
	if (!user)
		mechs &= ~(SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_LOGIN));
	fmt_str(f, "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n");
	if (stls)
		fmt_str(f, "STLS\r\n");
	if (user)
		fmt_str(f, "USER\r\n");
	if ((mechs & (SASL_BIT(SASL_MECHS) - 1)) == 0)
		return;
	fmt_str(f, "SASL");
	for (int i = 0; i < SASL_MECHS; i++)
		if ((mechs & SASL_BIT(i)) != 0)
			fmt_printf(f, " %s", sasl_mech_name[i]);
	fmt_str(f, "\r\n");
}
