/*
 * signin.h - a client signs in: the SASL exchange, or name and password as they come (IMAP's LOGIN,
 * POP3's USER and PASS), then the local user, or the provider for accounts with `login client`.
 * Common to all kinds of sessions; what they say to each outcome is theirs. Every wrong password
 * is counted against the client.
 */
#ifndef GATEWAY_SIGNIN_H
#define GATEWAY_SIGNIN_H

#include "base/pool.h"
#include "config/settings.h"
#include "gateway/session.h"
#include "proto/sasl.h"

/* Bytes of the name of a section with its NUL; wrong passwords that end a session. */
enum { SIGNIN_NAME_MAX = 33, SIGNIN_TRIES = 3 };

/* X(name, text): what a step came to. */
#define SIGNIN_OUTCOMES(X) \
	X(SIGNIN_CHALLENGE, "challenge")       /* say it and give the answer to signin_line() */ \
	X(SIGNIN_USER,      "local user")      /* signed in: in->user */ \
	X(SIGNIN_PROVIDER,  "provider")        /* ask in->account, then signin_judged() */ \
	X(SIGNIN_DENIED,    "denied")          /* wrong name or password */ \
	X(SIGNIN_LATER,     "later")           /* too many wrong passwords before: not even tried */ \
	X(SIGNIN_CANCELLED, "cancelled")       /* the client said "*" */ \
	X(SIGNIN_LONG,      "too long") \
	X(SIGNIN_MALFORMED, "malformed")       /* no base64, or not what the mechanism wants */ \
	X(SIGNIN_NO_SLOT,   "no memory")

/* What a step came to. */
#define SIGNIN_ENUM(name, text) name,
enum signin_outcome { SIGNIN_OUTCOMES(SIGNIN_ENUM) SIGNIN_OUTCOME_COUNT };
#undef SIGNIN_ENUM

/* Their texts. */
extern const char *const signin_outcome_name[SIGNIN_OUTCOME_COUNT];

/* One client's sign-in, and what came of it. Zeroed: nobody. */
struct signin {
	struct sasl_server *sasl;      /* lent until the outcome is known */
	uint8_t failures;              /* wrong passwords of this connection */
	char user[SIGNIN_NAME_MAX];    /* section of the local user, or "" */
	char account[SIGNIN_NAME_MAX]; /* account of a `login client` sign-in, or "" */
};

POOL_DECLARE(sasl);

/* Mechanisms that are offered: set of SASL_BIT(). */
unsigned signin_mechs(void);

/* Whether passwords may be taken on the session's connection as it is now. */
bool signin_allowed(const struct session *s);

/* Whether somebody is signed in. */
bool signin_done(const struct signin *in);

/* AUTH, AUTHENTICATE: begins an exchange. `initial` as in sasl_server_start(); `text` is room for a
 * challenge (SASL_CHALLENGE_TEXT bytes), which *challenge shows then. */
enum signin_outcome signin_begin(struct session *s, struct signin *in, enum sasl_mech mech,
	struct slice initial, struct slice *challenge, char *text);

/* The client's answer to a challenge, without its line end. */
enum signin_outcome signin_line(struct session *s, struct signin *in, struct slice line,
	struct slice *challenge, char *text);

/* USER: keeps the login until signin_given(). SIGNIN_CHALLENGE, SIGNIN_LONG or SIGNIN_NO_SLOT. */
enum signin_outcome signin_name(struct signin *in, struct slice login);

/* LOGIN; PASS with the login of signin_login(). */
enum signin_outcome signin_given(struct session *s, struct signin *in, struct slice login,
	struct slice password);

/* After SIGNIN_PROVIDER: the client's login and password, until signin_judged(). */
struct slice signin_login(const struct signin *in);
struct slice signin_password(const struct signin *in);

/* What the provider said: SIGNIN_PROVIDER (in->account is signed in) or SIGNIN_DENIED; `good` false
 * with `temporary`: nothing was decided, SIGNIN_NO_SLOT. */
enum signin_outcome signin_judged(struct session *s, struct signin *in, bool good,
	bool temporary);

/* Ends an exchange and forgets who is signed in. */
void signin_forget(struct signin *in);

/* Ends an exchange under way: everything lent is wiped and given back. */
void signin_end(struct signin *in);

#endif
