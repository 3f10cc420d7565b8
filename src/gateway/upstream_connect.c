/*
 * upstream_connect.c - from an account's host name to a connection.
 *
 * Addresses of both families are asked for at once and tried in turn, the next one 250 ms after
 * the last while that is still connecting (RFC 8305 in its simplest form); the first that stands
 * wins. An account without TLS may lead to private addresses only, and nothing may lead back to
 * ourselves.
 */
#include "base/addr.h"
#include "gateway/listeners.h"
#include "gateway/upstream_stages.h"

enum { HEAD_START_MS = 250, CONNECT_MS = 30000 };

void upstream_tries_drop(struct upstream *u)
{
	if (u->first_try != NULL)
		port_abort(u->first_try);
	if (u->second_try != NULL)
		port_abort(u->second_try);
	u->first_try = u->second_try = NULL;
}

/* Addresses that may be used: not ours, and private ones only where TLS is off. */
static void addresses_add(struct upstream *u, const struct dns_answer *a)
{
	struct port_addr at = { { 0 }, u->port, 0 };

	for (unsigned i = 0; i < a->count && u->addr_count < UP_ADDRS; i++) {
		if (dns_answer_ip(a, i, at.ip) != E_OK)
			continue;
		if (u->security == TALK_CLEAR && !addr_is_private(&at))
			u->refused_public = true;
		else if (listeners_is_own(&at))
			u->refused_own = true;
		else
			u->addr[u->addr_count++] = at;
	}
}

int upstream_resolve_step(struct upstream *u, struct chan *ch, port_owner owner)
{
	struct dns_answer v6, v4;
	int e6 = dns_lookup(u->host, DNS_AAAA, &u->waits_v6, owner, &v6);
	int e4 = dns_lookup(u->host, DNS_A, &u->waits_v4, owner, &v4);

	if (e6 == E_AGAIN || e4 == E_AGAIN)
		return 0;
	u->addr_count = 0;
	if (e6 == E_OK)
		addresses_add(u, &v6);
	if (e4 == E_OK)
		addresses_add(u, &v4);
	if (u->addr_count == 0) {
		upstream_fail(u, ch, u->refused_public || u->refused_own ? E_ACCESS :
			e4 != E_OK && e4 != E_NOENT ? e4 : e6 != E_OK && e6 != E_NOENT ? e6 : E_NOENT);
		return 1;
	}
	upstream_stage_set(u, UP_CONNECT, CONNECT_MS);
	return 1;
}

/* Starts the next try where one is wanted. The result of the start, E_AGAIN when none is wanted
 * now. */
static int try_next(struct upstream *u, port_owner owner)
{
	bool first = u->first_try == NULL;
	struct port_tcp **free_try = first ? &u->first_try : &u->second_try;
	bool busy = u->first_try != NULL || u->second_try != NULL;
	uint64_t now = port_clock_ms();

	if (*free_try != NULL || u->addr_next >= u->addr_count || (busy && now < u->try_ms))
		return E_AGAIN;
	u->try_ms = now + HEAD_START_MS;
	*(first ? &u->first_addr : &u->second_addr) = u->addr_next;
	return port_connect(&u->addr[u->addr_next++], owner, free_try);
}

/* Looks at one try: E_OK when it stands; else it is given back when it failed. */
static int try_look(struct upstream *u, struct port_tcp **t)
{
	int e = *t != NULL ? port_connected(*t) : E_AGAIN;

	if (e < 0 && e != E_AGAIN) {
		u->error = e;
		port_abort(*t);
		*t = NULL;
	}
	return e;
}

static void connected(struct upstream *u, struct chan *ch, struct port_tcp **winner,
	port_owner owner)
{
	struct port_tcp *net = *winner;

	u->at = u->addr[winner == &u->first_try ? u->first_addr : u->second_addr];
	*winner = NULL;
	upstream_tries_drop(u);
	chan_open(ch, net, owner);
	upstream_stage_set(u, u->security == TALK_BY_TLS ? UP_HANDSHAKE : UP_TALK, UP_HANDSHAKE_MS);
}

int upstream_connect_step(struct upstream *u, struct chan *ch, port_owner owner)
{
	int e = try_next(u, owner), moved = e != E_AGAIN;

	if (e < 0 && e != E_AGAIN)
		u->error = e;
	if (try_look(u, &u->first_try) == E_OK) {
		connected(u, ch, &u->first_try, owner);
		return 1;
	}
	if (try_look(u, &u->second_try) == E_OK) {
		connected(u, ch, &u->second_try, owner);
		return 1;
	}
	if (u->first_try == NULL && u->second_try == NULL && u->addr_next >= u->addr_count) {
		upstream_fail(u, ch, u->error);
		return 1;
	}
	return moved;
}
