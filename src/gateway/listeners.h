/*
 * listeners.h - the bound addresses, who is admitted, and the constant refusal of everybody else.
 */
#ifndef GATEWAY_LISTENERS_H
#define GATEWAY_LISTENERS_H

#include <stdbool.h>

#include "base/fmt.h"
#include "gateway/session.h"

/* Binds what the running configuration wants; addresses and ports that stay keep their handles,
 * those that are gone are closed, sessions live on. E_OK; else the error of the first that could
 * not be bound or whose certificate could not be loaded, with a sentence in `why` (nothing is
 * closed then). */
int listeners_open(struct fmt *why);

/* A listener's edge: accepts until there is nothing more. */
void listeners_accept(uint16_t index);

/* Takes back what a session held of its listener: its place and its certificate. */
void listeners_release(const struct session_policy *policy);

/* Whether an address may use the listener, by the running configuration. */
bool listeners_admit(const struct session_policy *policy, const struct port_addr *client);

/* Counts a session's client against the listener's cap a client. False: it has its share already.
 */
bool listeners_count_client(struct session *s);

/* Whether an address and port is one of ours: a relay to it would loop (SC-21). */
bool listeners_is_own(const struct port_addr *a);

/* Stops listening. */
void listeners_close(void);

/* What listener slot `from` or a later one listens at, as `protocol address:port name`, appended
 * to `out`. The slot's number, or E_NOENT behind the last. */
int listeners_show(unsigned from, struct fmt *out);

/* Forgets everything, handles too. */
void listeners_reset(void);

#endif
