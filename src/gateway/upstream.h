/*
 * upstream.h - the way to an account's server: a place among the account's connections,
 * addresses, connection, TLS, sign-in. Common to relay, proxies, fetch and check; what is spoken
 * behind it is the session's.
 */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include "base/pool.h"
#include "config/settings.h"
#include "io/chan.h"
#include "io/dns.h"
#include "proto/imap_client.h"
#include "proto/pop3_client.h"
#include "proto/smtp_client.h"

/* X(name, text): the stages in order. */
#define UP_STAGES(X) \
	X(UP_PLACE,     "waiting for the account") /* all its connections are in use */ \
	X(UP_RESOLVE,   "resolving") \
	X(UP_CONNECT,   "connecting") \
	X(UP_HANDSHAKE, "handshake") \
	X(UP_TALK,      "signing in") \
	X(UP_READY,     "ready") \
	X(UP_FAILED,    "failed")

/* A stage of the way to the server. */
#define UP_STAGE_ENUM(name, text) name,
enum up_stage { UP_STAGES(UP_STAGE_ENUM) UP_STAGE_COUNT };
#undef UP_STAGE_ENUM

/* Their texts. */
extern const char *const up_stage_name[UP_STAGE_COUNT];

/* X(name, text): what is spoken with a server, in the order of an account's settings. */
#define UP_SERVICES(X) \
	X(UP_SMTP, "smtp") \
	X(UP_IMAP, "imap") \
	X(UP_POP3, "pop3")

/* One of an account's servers. */
#define UP_SERVICE_ENUM(name, text) name,
enum up_service { UP_SERVICES(UP_SERVICE_ENUM) UP_SERVICE_COUNT };
#undef UP_SERVICE_ENUM

/* Their texts, which begin the settings' names. */
extern const char *const up_service_name[UP_SERVICE_COUNT];

/* Addresses tried at most; bytes of an account's and a host's name with the NUL. */
enum { UP_ADDRS = 8, UP_ACCOUNT_MAX = 33, UP_HOST_MAX = 254 };

/* The way to one account's server, from waiting for a place until the connection is over. */
struct upstream {
	uint8_t stage;                 /* enum up_stage */
	uint8_t failed_stage;          /* where it failed, with UP_FAILED */
	uint8_t service;               /* enum up_service */
	int error;                     /* why; E_TLS: see tls_why; E_PROTO: see talk.failure */
	enum tls_failure tls_why;
	char account[UP_ACCOUNT_MAX];  /* section name */
	char host[UP_HOST_MAX];
	uint16_t port;
	uint8_t security;              /* enum talk_security */
	bool sign_in, client_login;
	bool fresh;                    /* wants a full handshake, with its facts (a check) */
	bool has_place, second, refused_public, refused_own;
	struct waiter waits_v6, waits_v4, waits_place;
	struct port_addr addr[UP_ADDRS];
	uint8_t addr_count, addr_next;
	struct port_tcp *first_try, *second_try; /* under way; the winner goes to the channel */
	uint8_t first_addr, second_addr;         /* which addresses they go to */
	struct port_addr at;           /* where the connection goes */
	uint64_t try_ms, deadline_ms;
	union {                        /* by `service`; `talk` is the head of each */
		struct talk talk;
		struct smtp_client smtp;
		struct imap_client imap;
		struct pop3_client pop3;
	};
	uint16_t login_len, secret_len; /* credentials of a client's own, wiped once used */
	char login[SASL_LOGIN_MAX];
	uint8_t secret[SASL_PASSWORD_MAX];
};

POOL_DECLARE(upstream);

/* Prepares the way to one of an account's servers. login and secret are a client's own credentials
 * for `login client` accounts, else empty. E_OK, or E_NOENT (no such account any more, or it has no
 * such server). */
int upstream_start(struct upstream *u, const char *account, enum up_service service,
	struct slice login, struct slice secret);

/* Goes on with the channel, which it opens. > 0: something moved, 0: waits, E_OK never; u->stage
 * tells. A failure closes the channel. Never fails by itself. */
int upstream_step(struct upstream *u, struct chan *ch, port_owner owner);

/* A transaction command of the driver's: sends `line` (with CRLF) and awaits its reply as `step`.
 * E_OK, E_AGAIN (no room now; or the server has said something that nobody asked for: it has
 * failed then, SC-05). */
int upstream_ask(struct upstream *u, struct chan *ch, enum smtp_state step, struct slice line);

/* When it runs out of patience, in milliseconds of port_clock_ms(). */
uint64_t upstream_deadline_ms(const struct upstream *u);

/* Says that the connection, once ready, failed: closes the channel and notes why. */
void upstream_fail(struct upstream *u, struct chan *ch, int error);

/* The session takes over the connection that is UP_READY, and the place at the account, which it
 * gives back with places_give(); all else is given back here. */
void upstream_hand_over(struct upstream *u);

/* Gives back what it holds: place, lookups, connections under way, credentials. The channel is the
 * caller's. */
void upstream_end(struct upstream *u);

/* A sentence on why it failed, for the owner: stage, cause, the server's own words. */
void upstream_explain(const struct upstream *u, struct fmt *out);

/* Whether trying again later can help without the owner doing anything. */
bool upstream_temporary(const struct upstream *u);

/* Forgets the counts of accounts. */
void upstream_reset(void);

#endif
