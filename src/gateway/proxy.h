/*
 * proxy.h - what IMAP and POP3 sessions have in common: from accept to signed in at the provider,
 * then a pipe. What is read and said before that is the protocol's own: imapproxy.c, popproxy.c.
 *
 * The client signs in here; the account's credentials, or the client's own where the account has
 * `login client`, sign in at the provider; only then is the client told. Bytes that it sent behind
 * its sign-in stay in its channel and go to the provider once, in order (IM-18, PO-14).
 */
#ifndef GATEWAY_PROXY_H
#define GATEWAY_PROXY_H

#include "gateway/pipe.h"
#include "gateway/session.h"
#include "gateway/signin.h"
#include "gateway/upstream.h"
#include "proto/imap_server.h"

/* X(name, text): phases in order. */
#define PROXY_PHASES(X) \
	X(PROXY_HEADER,  "proxy-header") \
	X(PROXY_DETECT,  "detect") \
	X(PROXY_GREET,   "greeting") \
	X(PROXY_COMMAND, "command") \
	X(PROXY_LITERAL, "literal")    /* IMAP: inside a command */ \
	X(PROXY_SASL,    "authenticating") \
	X(PROXY_TLS,     "handshake") \
	X(PROXY_SIGNIN,  "signing in") /* at the provider */ \
	X(PROXY_PIPE,    "signed in") \
	X(PROXY_END,     "closing")

/* Where a session is. */
#define PROXY_PHASE_ENUM(name, text) name,
enum proxy_phase { PROXY_PHASES(PROXY_PHASE_ENUM) PROXY_PHASE_COUNT };
#undef PROXY_PHASE_ENUM

/* Their texts. */
extern const char *const proxy_phase_name[PROXY_PHASE_COUNT];

/* X(name): what both protocols have to say, each in its own words; the rows of imap_reply.h and
 * pop3_reply.h that carry these names. */
#define PROXY_WORDS(X) \
	X(AUTH_FAILED) X(AUTH_EXPIRED) X(AUTH_ADMIN) X(AUTH_LATER) X(AUTH_CANCELLED) X(AUTH_SYNTAX) \
	X(AUTH_LONG) X(NO_SLOT) X(NO_ACCOUNT) X(NEED_TLS) X(AUTH_MECH) \
	X(UP_DOWN) X(UP_LOST) X(UP_TLS) X(UP_AUTH) X(UP_AUTH_TEMP) X(UP_BUSY) X(UP_LIMIT) \
	X(STOPPING) X(TIMEOUT) X(TOO_MANY_ERRORS) X(TOO_LONG) X(JUNK)

/* One of these. */
#define PROXY_WORD_ENUM(name) PROXY_SAY_##name,
enum proxy_word { PROXY_WORDS(PROXY_WORD_ENUM) PROXY_WORD_COUNT };
#undef PROXY_WORD_ENUM

/* One protocol. */
struct proxy_kind {
	enum up_service service;
	uint32_t idle_ms;      /* without a byte, once signed in */
	void (*greet)(struct session *s);
	/* A line in PROXY_COMMAND. E_OK: done; E_PROTO: close without a word. */
	int (*line)(struct session *s, struct slice line);
	void (*say)(struct session *s, enum proxy_word what);
	/* The provider has signed us in, proxy->up still stands: tells the client. */
	void (*signed_in)(struct session *s);
};

/* What a proxy keeps while its client is connected. */
struct proxy {
	const struct proxy_kind *kind;
	uint8_t phase;                 /* enum proxy_phase */
	uint8_t errors;
	bool closing;                  /* no more can be said */
	bool has_place;                /* at the account, without `up` */
	uint64_t deadline_ms;
	char account[SIGNIN_NAME_MAX]; /* serves the client, or "" */
	struct signin in;
	struct upstream *up;           /* until signed in there */
	struct imap_command *command;  /* IMAP: from its first line to its answer */
	struct pipe pipe;
};

POOL_DECLARE(proxy);
POOL_DECLARE(imap_command);

/* The proxy of a session. */
struct proxy *proxy_of(struct session *s);

/* The functions of a session type. */
int proxy_start(struct session *s, const struct proxy_kind *kind);
int proxy_step(struct session *s);
void proxy_stop(struct session *s, bool hard);
void proxy_end(struct session *s);
const char *proxy_state(const struct session *s);
void proxy_who(const struct session *s, const char **user, const char **account);

/* Queues `f` for the client; closes the session where that cannot be done. */
void proxy_put(struct session *s, const struct fmt *f);

/* Changes the phase and starts its deadline. */
void proxy_phase(struct session *s, enum proxy_phase phase);

/* Counts an error of the client; ends the session in words when there were too many. */
void proxy_error(struct session *s);

/* STARTTLS, STLS once the go-ahead is said: PROXY_TLS. E_OK, or E_PROTO: commands came along with
 * it. To be called before the go-ahead is said. */
int proxy_starttls(struct session *s);

/* AUTH, AUTHENTICATE with the mechanism's name and the initial response (p NULL: none). */
void proxy_auth(struct session *s, struct slice mech, struct slice initial);

/* What a step of signing in came to: says it, or asks the provider. */
void proxy_outcome(struct session *s, enum signin_outcome outcome, struct slice challenge);

#endif
