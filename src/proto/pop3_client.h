/*
 * pop3_client.h - the client half of POP3 (RFC 1939, 2449, 2595, 5034) from the greeting to being
 * signed in: a dialogue of talk.h. What comes after is the session's.
 */
#ifndef PROTO_POP3_CLIENT_H
#define PROTO_POP3_CLIENT_H

#include "proto/talk.h"

#define POP3_LINES_MAX 100 /* lines of one CAPA reply */

/* X(name, text): states in the order of the dialogue. */
#define POP3_STATES(X) \
	X(POP3_UP_GREETING,  "greeting") \
	X(POP3_UP_CAPA,      "capa") \
	X(POP3_UP_STLS,      "stls") \
	X(POP3_UP_SECURING,  "securing") \
	X(POP3_UP_CAPA_TLS,  "capa-tls") \
	X(POP3_UP_AUTH,      "auth") \
	X(POP3_UP_AUTH_MORE, "auth-more") \
	X(POP3_UP_USER,      "user")      /* where the server has no mechanism that may be used */ \
	X(POP3_UP_PASS,      "pass") \
	X(POP3_UP_IDLE,      "idle")      /* signed in */ \
	X(POP3_UP_OVER,      "over")

/* Where the dialogue is. */
#define POP3_STATE_ENUM(name, text) name,
enum pop3_state { POP3_STATES(POP3_STATE_ENUM) POP3_STATE_COUNT };
#undef POP3_STATE_ENUM

/* Their texts. */
extern const char *const pop3_state_name[POP3_STATE_COUNT];

/* One dialogue. Owned by the caller, put to its start by pop3_client_start(). */
struct pop3_client {
	struct talk talk;        /* the head; reply.status is the response code ("SYS/TEMP") */
	bool listing;            /* inside a CAPA reply */
	bool has_stls, has_user; /* offered by the last CAPA */
	uint8_t lines;           /* of the CAPA reply */
};

/* Before the greeting. mechs_allowed: set of SASL_BIT() that may be used; USER and PASS count as
 * SASL_PLAIN or SASL_LOGIN. */
void pop3_client_start(struct pop3_client *c, enum talk_security security, bool sign_in,
	unsigned mechs_allowed);

#endif
