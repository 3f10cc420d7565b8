/*
 * imap_server.h - the server half of IMAP before sign-in without I/O: a command is gathered from
 * lines and literals (RFC 9051 4.3, RFC 7888, RFC 2971, RFC 4959) within fixed bounds (IM-15..17,
 * After sign-in nothing is parsed.
 */
#ifndef PROTO_IMAP_SERVER_H
#define PROTO_IMAP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/slice.h"
#include "proto/imap_reply.h"

#define IMAP_TAG_MAX 64        /* octets of a tag */
#define IMAP_LITERAL_MAX 1024  /* octets of one literal before sign-in */
#define IMAP_LITERALS_MAX 64   /* literals in one command: the 30 pairs that ID may have */
#define IMAP_DROP_MAX 16384    /* octets of literals of one command that are read and thrown away */
#define IMAP_ARGS_MAX 2        /* arguments of a command */
#define IMAP_TEXT_MAX 2304     /* octets of all arguments of a command */

/* The commands as far as they matter before sign-in. */
enum imap_verb {
	IMAP_CAPABILITY,
	IMAP_NOOP,
	IMAP_LOGOUT,
	IMAP_ID,             /* its list is read and thrown away: no arguments */
	IMAP_STARTTLS,
	IMAP_LOGIN,          /* two arguments, decoded: login and password; any octet but NUL, may be
	                      * empty */
	IMAP_AUTHENTICATE,   /* mechanism, and the initial response as it came ("=" or base64) if any */
	IMAP_LATER,          /* known, only after sign-in: trouble NOT_SIGNED_IN */
	IMAP_UNKNOWN,        /* trouble UNKNOWN, SYNTAX (no command at all) or BAD_TAG */
	IMAP_VERBS
};

/* Their names. */
extern const char *const imap_verb_name[IMAP_VERBS];

/* One command under way. Holds secrets: imap_command_start() wipes it. */
struct imap_command {
	char tag[IMAP_TAG_MAX + 1];   /* as it came, NUL-terminated; empty with BAD_TAG */
	uint8_t verb;                 /* enum imap_verb */
	uint8_t args;                 /* how many are there; 0 when there is trouble */
	uint8_t trouble;              /* enum imap_say that refuses it; IMAP_SAY_NOTHING: it is good */
	uint8_t refuse_login;         /* enum imap_say, set by the caller behind imap_command_start():
	                               * LOGIN gets this trouble before its password is asked for by
	                               * "+" (NEED_TLS); IMAP_SAY_NOTHING: it is taken */
	bool ask;                     /* "+ OK" has to be said before the literal comes */
	uint16_t arg_len[IMAP_ARGS_MAX];
	uint32_t literal_left;        /* octets of the literal that are still to come */
	/* private */
	uint8_t step;                 /* what the grammar awaits */
	bool drop;                    /* the literal under way is thrown away */
	uint8_t literals;             /* how many there were */
	uint16_t dropped;             /* octets thrown away */
	uint16_t used;                /* octets of text */
	uint8_t text[IMAP_TEXT_MAX];
};

/* Wipes it; the next line begins a command. */
void imap_command_start(struct imap_command *c);

/* The next line of the command without its line end; what follows a literal up to the line end is
 * a line too, and may be empty.
 *
 * E_OK:    the command is whole: look at c->trouble first, then at c->verb. It stands until
 *          imap_command_start(), which has to be called before the next line. A synchronising
 *          literal that is not wanted ends the command so: answer, and nothing of it follows.
 * E_MORE:  a literal of c->literal_left octets (may be 0) follows: where c->ask is set say "+ OK"
 *          first; give it to imap_command_literal(), then the rest of the line to this again.
 * E_PROTO: a non-synchronising literal beyond every budget: say BYE_TOO_LONG (c->trouble) and
 *          close, for what follows can't be told from commands. Also when it is called against
 *          the rules above. */
int imap_command_line(struct imap_command *c, struct slice line);

/* The next octets of a literal, in pieces of any size: takes at most c->literal_left and says how
 * many it took. */
size_t imap_command_literal(struct imap_command *c, struct slice bytes);

/* The tag, for imap_say_put(). */
struct slice imap_command_tag(const struct imap_command *c);

/* Argument `i`, in c->text; empty where there is none. */
struct slice imap_command_arg(const struct imap_command *c, unsigned i);

/* Writes the capabilities before sign-in without "* CAPABILITY " and line end: the fixed set of
 * what is parsed here (DECISIONS 18, interop.md 2.2). `login_disabled`: no clear passwords now;
 * LOGINDISABLED is in it, PLAIN and LOGIN are left out (IM-03, A-29d). `mechs`: set of SASL_BIT. */
void imap_capability_put(struct fmt *f, bool starttls, bool login_disabled, unsigned mechs);

#endif
