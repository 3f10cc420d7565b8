/*
 * pop3_server.h - the server half of POP3 before sign-in without I/O: which command a line is, and
 * the reply when it is none that may be said now (RFC 1939, 2449, 2595, 5034). After sign-in the
 * provider speaks.
 */
#ifndef PROTO_POP3_SERVER_H
#define PROTO_POP3_SERVER_H

#include <stdbool.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "proto/pop3_reply.h"

#define POP3_COMMAND_MAX 255 /* octets of a command with CRLF, save AUTH and PASS (RFC 2449 4) */

/* The commands as far as they matter before sign-in. */
enum pop3_verb {
	POP3_CAPA,
	POP3_USER,
	POP3_PASS,
	POP3_AUTH,
	POP3_STLS,
	POP3_QUIT,
	POP3_NOOP,
	POP3_LATER,    /* known, only after sign-in; and APOP, which is never offered */
	POP3_UNKNOWN,
	POP3_VERBS
};

/* Their names. */
extern const char *const pop3_verb_name[POP3_VERBS];

/* A command line, taken apart; `arg` points into the line.
 * USER: the login, blanks at both ends removed. PASS: everything behind the one blank, with
 * blanks at its end (PO-13). AUTH: `mechanism [initial response]`, or empty: the client asks for
 * the list. Empty for the others. */
struct pop3_command {
	enum pop3_verb verb;
	struct slice arg;
};

/* Takes a line without its line end apart. POP3_SAY_NOTHING: it may be run; else the reply that
 * refuses it: UNKNOWN, NOT_SIGNED_IN (verb POP3_LATER), NO_APOP, ARGUMENT (USER or PASS without
 * one), NO_ARGUMENT, COMMAND_LONG, SYNTAX (NUL in the line). out->verb is set always. */
enum pop3_say pop3_command_parse(struct slice line, struct pop3_command *out);

/* Writes the lines of CAPA with CRLF each, without the first line and the dot: a fixed set that
 * each provider has too (PO-17, DECISIONS 18). `user`: clear passwords are taken now; without it
 * USER, PLAIN and LOGIN are left out (PO-03). `mechs`: set of SASL_BIT. */
void pop3_capability_put(struct fmt *f, bool stls, bool user, unsigned mechs);

#endif
