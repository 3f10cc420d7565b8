/*
 * imap_client.h - the client half of IMAP (RFC 3501, 9051) from the greeting to being signed in: a
 * dialogue of talk.h. What comes after is the session's.
 *
 * A tag is taken only while its command is outstanding; untagged data is never kept nor
 * passed on, except the capabilities that the server tells once it has signed us in.
 */
#ifndef PROTO_IMAP_CLIENT_H
#define PROTO_IMAP_CLIENT_H

#include "proto/talk.h"

#define IMAP_CAPABILITY_MAX 1024 /* bytes of a capability list that is kept */
#define IMAP_LINES_MAX 200       /* untagged lines between a command and its tagged reply */

/* X(name, text): states in the order of the dialogue. */
#define IMAP_STATES(X) \
	X(IMAP_UP_GREETING,       "greeting") \
	X(IMAP_UP_CAPS,           "capability") \
	X(IMAP_UP_STARTTLS,       "starttls") \
	X(IMAP_UP_SECURING,       "securing") \
	X(IMAP_UP_CAPS_TLS,       "capability-tls") \
	X(IMAP_UP_AUTH,           "authenticate") \
	X(IMAP_UP_AUTH_MORE,      "authenticate-more") \
	X(IMAP_UP_LOGIN,          "login")      /* where no mechanism may be used */ \
	X(IMAP_UP_LOGIN_NAME,     "login-name") /* as a literal, where it is no quoted string */ \
	X(IMAP_UP_LOGIN_PASSWORD, "login-password") \
	X(IMAP_UP_IDLE,           "idle")        /* signed in */ \
	X(IMAP_UP_OVER,           "over")

/* Where the dialogue is. */
#define IMAP_STATE_ENUM(name, text) name,
enum imap_state { IMAP_STATES(IMAP_STATE_ENUM) IMAP_STATE_COUNT };
#undef IMAP_STATE_ENUM

/* Their texts. */
extern const char *const imap_state_name[IMAP_STATE_COUNT];

/* One dialogue. Owned by the caller, put to its start by imap_client_start(). */
struct imap_client {
	struct talk talk;          /* the head; reply.status is the response code ("UNAVAILABLE") */
	uint16_t tag;              /* number of the outstanding command's tag */
	uint8_t lines;             /* untagged lines since it was sent */
	bool has_starttls, has_sasl_ir, no_login, has_caps; /* told by the last CAPABILITY */
	bool literals;             /* LOGIN was said with literals */
	uint16_t literal_len;      /* octets of the literal that the server has been told of */
	uint16_t capability_len;   /* of the list told with the sign-in; 0: none was told */
	char capability[IMAP_CAPABILITY_MAX]; /* "IMAP4rev1 IDLE ..." in printable ASCII */
};

/* Before the greeting. mechs_allowed: set of SASL_BIT() that may be used; the LOGIN command counts
 * as SASL_LOGIN or SASL_PLAIN. */
void imap_client_start(struct imap_client *c, enum talk_security security, bool sign_in,
	unsigned mechs_allowed);

#endif
