/*
 * smtp_client.h - the client half of SMTP without I/O: a dialogue table in reading order.
 *
 * From the banner to SMTP_IDLE the dialogue walks by itself (talk.h); then the driver asks for
 * one transaction step at a time with smtp_client_ask(). MAIL and RCPT may be asked together
 * where the server offered PIPELINING. Every reply belongs to exactly one command (SC-05).
 */
#ifndef PROTO_SMTP_CLIENT_H
#define PROTO_SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/talk.h"

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
	X(SMTP_SECURING, "securing")   /* the driver starts TLS */ \
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

/* One dialogue. Owned by the caller, put to its start by smtp_client_start(). */
struct smtp_client {
	struct talk talk;         /* the head; talk.reply is the last whole reply */
	uint8_t answered;         /* enum smtp_state: the command that the last reply answers */
	uint8_t pending[SMTP_PENDING_MAX], pending_len;
	uint8_t reply_lines;
	uint16_t reply_bytes;
	unsigned caps;
	uint64_t size_max;        /* of SIZE; 0: not said */
};

/* Before the banner. mechs_allowed: set of SASL_BIT() that may be used; sign_in: whether to sign
 * in. */
void smtp_client_start(struct smtp_client *c, enum talk_security security, bool sign_in,
	unsigned mechs_allowed);

/* Notes that the driver sent the command of a transaction step (SMTP_ASK_MAIL to SMTP_ASK_QUIT),
 * whose reply is now awaited. E_OK, or E_LIMIT when too many are awaited. */
int smtp_client_ask(struct smtp_client *c, enum smtp_state step);

#endif
