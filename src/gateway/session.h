/*
 * session.h - a connection of a device or client, and what the gateway does for it.
 *
 * A session has a type with one function, step(). The loop runs pump, pump, step until nothing
 * moves or the budget is spent, and is the only one that frees a session. A session copies what
 * it needs of the configuration: any number of reloads may happen under it.
 */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include "base/pool.h"
#include "config/settings.h"
#include "io/chan.h"

struct session;

/* What a kind of session does; one constant table for each kind, kept by session->type. */
struct session_type {
	const char *name;
	/* Prepares the type's own state, with the downstream connection open. E_OK or E_NOSLOT. */
	int (*start)(struct session *s);
	/* Does what can be done. > 0: moved, 0: idle, < 0: over (E_EOF in order, else why). */
	int (*step)(struct session *s);
	/* The gateway stops: says the last words if there is room and ends soon; `hard`: also when
	 * inside a transaction. */
	void (*stop)(struct session *s, bool hard);
	/* Gives back what the type took; the channels are closed by the loop. */
	void (*end)(struct session *s);
	/* Name of the state it is in, for logs and `show sessions`. */
	const char *(*state)(const struct session *s);
	/* Section of the signed-in local user, and the account that serves it; "" where there is none.
	 */
	void (*who)(const struct session *s, const char **user, const char **account);
	/* Constant refusals in clear: no slot free, too many of one client, address not allowed. */
	const char *full, *full_client, *denied;
	const char *alpn;
};

/* What a session keeps of its listener. */
struct session_policy {
	uint8_t tls;             /* enum of setting listener.tls */
	uint8_t auth;            /* of listener.auth */
	bool plain_auth, eol_reject, proxy;
	uint16_t tls_min;        /* enum tls_version */
	uint8_t identity;        /* of io/cert.h, held */
	uint16_t listener;       /* number of the listener, scope of resumption */
	char name[33];           /* section name of the listener */
};

/* One client's connection and, where its kind has one, the connection to a provider. */
struct session {
	const struct session_type *type;
	struct chan down, up;
	void *state;             /* of the type */
	struct port_addr peer;   /* the client, after a PROXY header its real address */
	struct session_policy policy;
	uint64_t opened_ms;
	uint64_t id;             /* counts from the start; printed in logs and Received */
	bool counted;            /* in the table of clients */
	bool reset;              /* end it with RST */
};

POOL_DECLARE(session);

/* Takes a slot for a connection that is about to be accepted; NULL: all in use. */
struct session *session_new(void);

/* The connection has come: gives the session its number. */
void session_begin(struct session *s);

/* Gives back the slot of a session that was never begun; its channels hold nothing. */
void session_drop(struct session *s);

/* Runs a session until it is idle, spent (then it is due again) or over (then it is freed). */
void session_run(uint16_t index);

/* Sets the moment at which the session runs even if nothing happens; UINT64_MAX: none. The step
 * itself holds its deadlines. */
void session_wake_at(struct session *s, uint64_t at_ms);

/* The owner of a session's channels. */
port_owner session_owner(const struct session *s);

/* The nearest wake-up of all sessions, or UINT64_MAX. */
uint64_t session_nearest_ms(void);

/* Makes those due whose moment has come. */
void session_wake_due(uint64_t now_ms);

/* Asks sessions to end because the gateway stops; see stop() of the type. */
void session_stop_all(bool hard);

/* Number of sessions. */
unsigned session_count(void);

/* The first session with an index of at least `from`, or NULL; for iteration with pool_index(). */
struct session *session_next(unsigned from);

/* Ends sessions whose lent record buffers made no progress for too long: sooner where others wait
 * for one. */
void session_check_lent(uint64_t now_ms);

/* Back to the start state; the pools are emptied by gateway_reset(). */
void session_reset(void);

#endif
