/*
 * limits.h - how much one client may take: connections at once, and wrong passwords.
 *
 * Two tables of fixed size, least recently used entries give way: clients by address (IPv4 whole,
 * IPv6 by /64), and sign-ins by address and login name. While a client is in its penalty time,
 * sign-ins are refused unheard, except those of a name that has signed in from there before. A
 * penalty never holds a slot.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "port.h"

/* Counts a connection of a client. E_OK, or E_LIMIT when it has `max` already (not counted then).
 */
int limits_client_enter(const struct port_addr *client, unsigned max);

/* Takes back one connection that limits_client_enter() counted. */
void limits_client_leave(const struct port_addr *client);

/* Whether a sign-in may be tried now. E_OK, or E_LIMIT with the seconds still to wait in *wait_s.
 */
int limits_auth_allowed(const struct port_addr *client, struct slice login, unsigned *wait_s);

/* Notes how a sign-in ended. */
void limits_auth_result(const struct port_addr *client, struct slice login, bool good);

/* Forgets everything. */
void limits_reset(void);

#endif
