/*
 * smtp_client.h - the client half of SMTP without I/O: a dialogue table in reading order.
 *
 * The driver alternates two calls: smtp_client_say() builds what has to be sent now,
 * smtp_client_hear() takes one line of the server. From the banner to SMTP_IDLE the dialogue
 * walks by itself; then the driver asks for one transaction step at a time with
 * smtp_client_ask(). MAIL and RCPT may be asked together where the server offered PIPELINING.
 * Every reply belongs to exactly one command (SC-05).
 */
#ifndef PROTO_SMTP_CLIENT_H
#define PROTO_SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "proto/sasl.h"

#define SMTP_TEXT_MAX 400        /* bytes kept of a reply's text */
#define SMTP_REPLY_LINES_MAX 100 /* lines of one reply (SC-06) */
#define SMTP_REPLY_BYTES_MAX 8192
#define SMTP_PENDING_MAX 4       /* replies awaited at once */
#define SMTP_COMMAND_MAX 1024    /* bytes of a command that the driver builds */

/* X(name, text): states in the order of the dialogue. */
#define SMTP_STATES(X) \
	X(SMTP_BANNER,   "banner") \
	X(SMTP_EHLO,     "ehlo") \
	X(SMTP_HELO,     "helo") \
	X(SMTP_STARTTLS, "starttls") \
	X(SMTP_SECURING, "securing")   /* the driver starts TLS, then calls smtp_client_secured() */ \
	X(SMTP_EHLO_TLS, "ehlo-tls") \
	X(SMTP_AUTH,     "auth") \
	X(SMTP_AUTH_MORE, "auth-more") \
	X(SMTP_IDLE,     "idle")       /* signed in; nothing asked */ \
	X(SMTP_ASK_MAIL, "mail") \
	X(SMTP_ASK_RCPT, "rcpt") \
	X(SMTP_ASK_DATA, "data") \
	X(SMTP_ASK_DOT,  "dot")        /* content passes, then its verdict is awaited */ \
	X(SMTP_ASK_RSET, "rset") \
	X(SMTP_ASK_QUIT, "quit-sent") \
	X(SMTP_OVER,     "over")       /* in order or by failure */

/* Where the dialogue is: the command that is to be said or is awaiting its reply. */
#define SMTP_STATE_ENUM(name, text) name,
enum smtp_state { SMTP_STATES(SMTP_STATE_ENUM) SMTP_STATE_COUNT };
#undef SMTP_STATE_ENUM

/* Their texts. */
extern const char *const smtp_state_name[SMTP_STATE_COUNT];

/* Why the dialogue ended before SMTP_IDLE, or broke later. X(name, temporary, text) */
#define SMTP_FAILURES(X) \
	X(SMTP_FINE,        true,  "no failure") \
	X(SMTP_GREETING,    true,  "the server's greeting refuses us") \
	X(SMTP_EHLO_REFUSED, true, "the server refused EHLO") \
	X(SMTP_NO_STARTTLS, true,  "the server does not offer STARTTLS") \
	X(SMTP_TLS_REFUSED, true,  "the server refused STARTTLS") \
	X(SMTP_NO_MECH,     false, "the server offers no way to sign in that is allowed here") \
	X(SMTP_AUTH_REFUSED, false, "the server refused the user name or password") \
	X(SMTP_AUTH_TEMP,   true,  "the server cannot check the sign-in now") \
	X(SMTP_CREDENTIALS, false, "the stored user name or password cannot be sent") \
	X(SMTP_CLOSING,     true,  "the server is closing the connection") \
	X(SMTP_DESYNC,      true,  "the server sent a reply that nobody asked for") \
	X(SMTP_MALFORMED,   true,  "the server sent something that is not a reply")

/* Why the dialogue is over. */
#define SMTP_FAILURE_ENUM(name, temporary, text) name,
enum smtp_failure { SMTP_FAILURES(SMTP_FAILURE_ENUM) SMTP_FAILURE_COUNT };
#undef SMTP_FAILURE_ENUM

/* The sentence of a failure, static; and whether trying again later can help. */
const char *smtp_failure_text(enum smtp_failure why);
bool smtp_failure_temporary(enum smtp_failure why);

/* What protects the connection, and when: nothing, TLS by command, TLS from the start. */
enum smtp_security { SMTP_CLEAR, SMTP_BY_STARTTLS, SMTP_BY_TLS };

/* Extensions that the server offered after its last EHLO. */
#define SMTP_HAS_SIZE       0x001u
#define SMTP_HAS_8BITMIME   0x002u
#define SMTP_HAS_SMTPUTF8   0x004u
#define SMTP_HAS_PIPELINING 0x008u
#define SMTP_HAS_DSN        0x010u
#define SMTP_HAS_STARTTLS   0x020u
#define SMTP_HAS_AUTH       0x040u
#define SMTP_HAS_CHUNKING   0x080u
#define SMTP_HAS_ENHANCED   0x100u

/* One reply of the server. */
struct smtp_reply {
	uint16_t code;
	uint16_t text_len;
	char enhanced[12];        /* "5.7.1" or "" */
	char text[SMTP_TEXT_MAX]; /* printable ASCII, lines joined by a space, without codes */
};

/* One dialogue. Owned by the caller, put to its start by smtp_client_start(). */
struct smtp_client {
	uint8_t state;            /* enum smtp_state */
	uint8_t security;         /* enum smtp_security */
	uint8_t failure;          /* enum smtp_failure */
	uint8_t answered;         /* enum smtp_state: the command that `reply` answers */
	bool said, sign_in, secure;
	uint8_t pending[SMTP_PENDING_MAX], pending_len;
	uint8_t reply_lines;
	uint16_t reply_bytes;
	unsigned caps, mechs, mechs_allowed;
	uint64_t size_max;        /* of SIZE; 0: not said */
	struct sasl_client sasl;
	struct smtp_reply reply;  /* the last whole reply */
};

/* Before the banner. mechs_allowed: set of SASL_BIT() that may be used; sign_in: whether to sign
 * in. */
void smtp_client_start(struct smtp_client *c, enum smtp_security security, bool sign_in,
	unsigned mechs_allowed);

/* Builds what has to be said now, `hostname` being our name. E_OK: send `out` whole; E_AGAIN:
 * nothing to say at present; E_ARG: the credentials cannot be sent (the dialogue is over then). */
int smtp_client_say(struct smtp_client *c, const char *hostname,
	const struct sasl_credentials *who, struct fmt *out);

/* Takes one line of the server, without its line end. E_OK: a reply is whole and the dialogue
 * went on (c->answered, c->reply); E_AGAIN: more lines follow; E_PROTO: over (c->failure). */
int smtp_client_hear(struct smtp_client *c, struct slice line);

/* TLS has been started and verified: the dialogue begins again with EHLO. */
void smtp_client_secured(struct smtp_client *c);

/* Notes that the driver sent the command of a transaction step (SMTP_ASK_MAIL to SMTP_ASK_QUIT),
 * whose reply is now awaited. E_OK, or E_LIMIT when too many are awaited. */
int smtp_client_ask(struct smtp_client *c, enum smtp_state step);

/* Whether it has signed in and awaits nothing. */
bool smtp_client_idle(const struct smtp_client *c);

/* Milliseconds that the server has for what it owes now (RFC 5321 4.5.3.2). */
uint32_t smtp_client_patience_ms(const struct smtp_client *c);

/* What the last reply says of the failure, for logs: code and text. */
struct slice smtp_client_excerpt(const struct smtp_client *c);

#endif
