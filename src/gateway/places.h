/*
 * places.h - how many connections each account has at its provider, and who waits for one
 * (DECISIONS 5, max_connections of an account). First come, first served.
 */
#ifndef GATEWAY_PLACES_H
#define GATEWAY_PLACES_H

#include "base/waiter.h"

/* Takes a place at an account. E_OK, or E_AGAIN: `w` waits and marks `owner` due when it is its
 * turn. */
int places_take(const char *account, struct waiter *w, port_owner owner);

/* Stops waiting for a place; nothing when `w` does not wait. The next in turn is woken. */
void places_leave(const char *account, struct waiter *w);

/* Gives one back. */
void places_give(const char *account);

/* Connections of an account now. */
unsigned places_used(const char *account);

/* Forgets all counts. */
void places_reset(void);

#endif
