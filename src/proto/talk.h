/*
 * talk.h - what the client halves of SMTP, POP3 and IMAP have in common: a dialogue table in
 * reading order and its interpreter, from the greeting to being signed in.
 *
 * A client half is a struct that begins with `struct talk`; its talk_type holds one row a state.
 * The driver alternates talk_say(), which builds what has to be sent now, and talk_hear(), which
 * takes one line of the server. At the state `securing` the driver starts TLS and calls
 * talk_secured(); nothing learnt before is kept then.
 */
#ifndef PROTO_TALK_H
#define PROTO_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "proto/sasl.h"

#define TALK_TEXT_MAX 400       /* bytes kept of a reply's text */
#define TALK_COMMAND_MAX 1024   /* bytes of a command without its SASL response */
#define TALK_LINE_MAX (TALK_COMMAND_MAX + SASL_LINE_MAX) /* bytes that talk_say() builds at most */

/* Why a dialogue ended before it was signed in, or broke later. X(name, temporary, text) */
#define TALK_FAILURES(X) \
	X(TALK_FINE,        true,  "no failure") \
	X(TALK_GREETING,    true,  "the server's greeting refuses us") \
	X(TALK_CAPABILITIES, true, "the server refused EHLO, CAPABILITY or CAPA") \
	X(TALK_NO_STARTTLS, true,  "the server does not offer STARTTLS") \
	X(TALK_TLS_REFUSED, true,  "the server refused STARTTLS") \
	X(TALK_PREAUTH,     true,  "the server takes us for signed in before we are") \
	X(TALK_NO_MECH,     false, "the server offers no way to sign in that is allowed here") \
	X(TALK_AUTH_REFUSED, false, "the server refused the user name or password") \
	X(TALK_AUTH_TEMP,   true,  "the server cannot check the sign-in now") \
	X(TALK_BUSY,        true,  "the mailbox is in use, or has too many connections") \
	X(TALK_CREDENTIALS, false, "the stored user name or password cannot be sent") \
	X(TALK_CLOSING,     true,  "the server is closing the connection") \
	X(TALK_DESYNC,      true,  "the server sent a reply that nobody asked for") \
	X(TALK_MALFORMED,   true,  "the server sent something that is not a reply")

/* Why a dialogue is over. */
#define TALK_FAILURE_ENUM(name, temporary, text) name,
enum talk_failure { TALK_FAILURES(TALK_FAILURE_ENUM) TALK_FAILURE_COUNT };
#undef TALK_FAILURE_ENUM

/* The sentence of a failure, static; and whether trying again later can help. */
const char *talk_failure_text(enum talk_failure why);
bool talk_failure_temporary(enum talk_failure why);

/* What protects the connection, and when: nothing, TLS by command, TLS from the start. */
enum talk_security { TALK_CLEAR, TALK_BY_STARTTLS, TALK_BY_TLS };

/* What a whole reply means to the dialogue. Named in talk_class_name[]. */
enum talk_class {
	TALK_GOOD,      /* 2xx, OK, +OK */
	TALK_MORE,      /* 3xx, "+": the server waits for the next line of the exchange */
	TALK_TEMPORARY, /* 4xx, NO [UNAVAILABLE], -ERR [SYS/TEMP] */
	TALK_IN_USE,    /* NO [INUSE] or [LIMIT], -ERR [IN-USE] or [LOGIN-DELAY] */
	TALK_REFUSED,   /* 5xx, NO, BAD, -ERR */
	TALK_CLASSES
};
/* Their names. */
extern const char *const talk_class_name[TALK_CLASSES];

/* One reply of the server. */
struct talk_reply {
	uint16_t code;            /* of SMTP; else 0 */
	uint16_t text_len;
	char status[24];          /* "5.7.1" (RFC 2034), "AUTHENTICATIONFAILED", "SYS/TEMP", or "" */
	char text[TALK_TEXT_MAX]; /* printable ASCII, lines joined by a blank, without the codes */
};

struct talk;

/* One state of a dialogue. */
struct talk_row {
	/* Builds the command, NULL where nothing is to be said. E_OK, or what talk_fail() returned. */
	int (*say)(struct talk *t, const char *hostname, const struct sasl_credentials *who,
		struct fmt *out);
	uint8_t failure;          /* enum talk_failure: a refusal means this */
	uint8_t patience_min;     /* minutes that the server has for its reply */
	uint8_t more;             /* state after TALK_MORE; 0: that is no reply to this command */
	void (*good)(struct talk *t); /* what a good reply does, mostly talk_go(); NULL: none is owed */
};

/* One protocol. */
struct talk_type {
	const char *name;         /* "SMTP" */
	const struct talk_row *rows;
	const char *const *states; /* names of the rows */
	uint8_t securing;         /* the state in which the driver starts TLS */
	uint8_t secured;          /* the state after that */
	uint8_t idle;             /* signed in, nothing asked */
	uint8_t over;             /* in order or by failure */
	/* Takes one line without its end; see talk_hear(). */
	int (*hear)(struct talk *t, struct slice line);
};

/* The common head of every dialogue. */
struct talk {
	const struct talk_type *type;
	uint8_t state;            /* a row */
	uint8_t security;         /* enum talk_security */
	uint8_t failure;          /* enum talk_failure */
	bool said;                /* the command of this state has been sent */
	bool sign_in;
	bool secure;              /* TLS stands */
	bool gave_up;             /* "*" was said to the last challenge: only a refusal fits */
	unsigned mechs;           /* offered: set of SASL_BIT() */
	unsigned mechs_allowed;
	struct sasl_client sasl;
	struct talk_reply reply;  /* the last whole reply */
};

/* Puts the head to its start: state `first`, in which the server speaks first. */
void talk_start(struct talk *t, const struct talk_type *type, uint8_t first,
	enum talk_security security, bool sign_in, unsigned mechs_allowed);

/* Builds what has to be said now into `out` (TALK_LINE_MAX bytes), `hostname` being our name. E_OK:
 * send it whole; E_AGAIN: nothing to say at present; E_ARG: the dialogue is over (t->failure). */
int talk_say(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out);

/* Takes one line of the server, without its line end. E_OK: a reply is whole and the dialogue went
 * on; E_AGAIN: more lines follow; E_PROTO: over (t->failure). */
int talk_hear(struct talk *t, struct slice line);

/* TLS has been started and verified: the dialogue begins again. */
void talk_secured(struct talk *t);

/* Whether the driver has to start TLS; whether it is signed in and awaits nothing. */
bool talk_securing(const struct talk *t);
bool talk_idle(const struct talk *t);

/* Milliseconds that the server has for what it owes now. */
uint32_t talk_patience_ms(const struct talk *t);

/* The name of the state, static. */
const char *talk_state(const struct talk *t);

/* ---- for the client halves ---- */

/* Ends the dialogue. E_PROTO. */
int talk_fail(struct talk *t, enum talk_failure why);

/* Enters a state whose command has not been said. */
void talk_go(struct talk *t, uint8_t next);

/* Whether a reply is owed to the command of the present state. */
bool talk_owed(const struct talk *t);

/* What a refusal without a code means by its text: old servers tell in words alone that the mailbox
 * is in use or that they cannot look now. TALK_REFUSED: it says nothing of the kind. */
enum talk_class talk_refusal(struct slice text);

/* What the dialogue makes of a whole reply. E_OK or E_PROTO. */
int talk_answer(struct talk *t, enum talk_class class);

/* Chooses the mechanism and builds `command`, its name and, where the line stays within `line_max`
 * bytes without its end, the initial response; else the name alone (RFC 4954 4, RFC 5034 4, RFC
 * 4959; line_max 0: never an initial response). E_OK, or E_PROTO: no mechanism in common, or
 * credentials that cannot be sent. */
int talk_say_auth(struct talk *t, const char *command, const struct sasl_credentials *who,
	size_t line_max, struct fmt *out);

/* A row's say(): the response to the challenge that stands as text of the last reply, or "*". */
int talk_say_more(struct talk *t, const char *hostname, const struct sasl_credentials *who,
	struct fmt *out);

/* Adds a line's text to the reply, cleaned; what has no room is left out. */
void talk_keep(struct talk_reply *r, struct slice text);

#endif
