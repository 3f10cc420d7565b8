/*
 * route.h - which account carries a recipient's mail (DECISIONS 12).
 */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "base/slice.h"
#include "config/settings.h"

/* What is known when a recipient is named. */
struct route_query {
	const char *user;          /* section name of the signed-in local user, or "" */
	const char *login_account; /* account of a `login client` sign-in, or "" */
	struct slice sender;       /* reverse-path without brackets, empty for <> */
	struct slice recipient;
	const struct port_addr *client;
};

/* The account: the user's own; that of the client's login; else the first route whose every given
 * field matches; else the gateway's. E_OK with *out; E_ACCESS: a route rejects it; E_NOENT:
 * nothing matches. */
int route_select(const struct settings *s, const struct route_query *q,
	const struct cfg_account **out);

#endif
