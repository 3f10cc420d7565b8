/*
 * show.h - what the console's `show` asks of the sessions and the loop.
 */
#ifndef GATEWAY_SHOW_H
#define GATEWAY_SHOW_H

#include <stdint.h>

#include "base/addr.h"

/* One session, for a person. Texts are NUL-terminated and printable; never credentials. */
struct show_session {
	uint64_t id;
	const char *type, *state;    /* static */
	char client[ADDR_TEXT_MAX];  /* address and port */
	char listener[33];           /* section name */
	char user[33];               /* section name of the user who signed in; "" */
	char account[33];            /* that carries its mail; "" while none is chosen */
	char tls[48];                /* downstream: version and suite; "" in clear */
	char upstream_tls[48];       /* upstream: the same; "" when there is no connection */
	uint32_t age_s;
	uint64_t bytes_in, bytes_out; /* plaintext, downstream */
};

/* Facts of the session in slot `from` or a later one. The slot's number, or E_NOENT behind the
 * last. */
int show_session(unsigned from, struct show_session *out);

/* Connections that an account has at its provider now. */
unsigned show_account_connections(const char *account);

/* Milliseconds since the core was started. */
uint64_t show_uptime_ms(void);

#endif
